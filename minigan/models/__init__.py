"""The models: one file, one paper.

Each is a dataclass of its settings (`model`).  Read `gan` and `mlp_gan`; then `dcgan` and `wgan_gp`, which
draw with convolutions; then any of the others.
"""

from minigan.models.aegan import AEGAN
from minigan.models.capsgan import CapsGAN
from minigan.models.capsnet import CapsNet
from minigan.models.dcgan import DCGAN
from minigan.models.gan import GAN
from minigan.models.mlp_gan import MLPGAN
from minigan.models.model import Model
from minigan.models.transforming_autoencoder import TransformingAutoencoder
from minigan.models.vae import VAE
from minigan.models.wgan_gp import WGANGP

__all__ = [
    "AEGAN", "DCGAN", "GAN", "MLPGAN", "VAE", "WGANGP", "CapsGAN", "CapsNet", "Model", "TransformingAutoencoder",
]  # fmt: skip
