"""The models: one file, one paper.  Read `gan`, `mlp_gan`; `dcgan`, `wgan_gp`; then any of the others."""

from minigan.models.aegan import AEGAN
from minigan.models.capsgan import CapsGAN
from minigan.models.capsnet import CapsNet
from minigan.models.conditional_gan import ConditionalGAN
from minigan.models.cycle_gan import CycleGAN
from minigan.models.dcgan import DCGAN
from minigan.models.gan import GAN
from minigan.models.gan3d import GAN3D
from minigan.models.image_to_image import ImageToImage
from minigan.models.mlp_gan import MLPGAN
from minigan.models.model import Model
from minigan.models.transforming_autoencoder import TransformingAutoencoder
from minigan.models.vae import VAE
from minigan.models.wgan_gp import WGANGP

__all__ = ["AEGAN", "DCGAN", "GAN", "GAN3D", "MLPGAN", "VAE", "WGANGP", "CapsGAN", "CapsNet", "ConditionalGAN",
           "CycleGAN", "ImageToImage", "Model", "TransformingAutoencoder"]  # fmt: skip
