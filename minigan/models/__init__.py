"""The models: one file, one paper.

Chapter 9.  Each has `networks` and `optimizers` (by name), `train_step(batch)`, `sample(n, noise=None)`,
and `settings`, the arguments that it was made with.
"""

from minigan.models.aegan import AEGAN
from minigan.models.capsgan import CapsGAN
from minigan.models.capsnet import CapsNet
from minigan.models.dcgan import DCGAN
from minigan.models.mlp_gan import MLPGAN
from minigan.models.transforming_autoencoder import TransformingAutoencoder
from minigan.models.vae import VAE
from minigan.models.wgan_gp import WGANGP

__all__ = ["AEGAN", "DCGAN", "MLPGAN", "VAE", "WGANGP", "CapsGAN", "CapsNet", "TransformingAutoencoder"]
