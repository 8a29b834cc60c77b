"""The capsule GAN: a discriminator that returns a vector, and means its length.

Part III; read `gan`, `dcgan` and `layers.capsule` before it.

G is the DCGAN's.  D ends in a single capsule v of 16 dimensions, whose length is the probability that the
image is real, D(x) = ‖v‖ in [0, 1), and both are trained with the margin loss of capsules (`losses`)

    L_M(v, T) = T max(0, 0.9 - ‖v‖)² + ½ (1 - T) max(0, ‖v‖ - 0.1)²

    D minimises  L_M(D(x), 1) + L_M(D(G(z)), 0),        G minimises  L_M(D(G(z)), 1)

(Jaiswal, AbdAlmageed, Wu and Natarajan 2018, "CapsuleGAN"; Saqur and Vivona 2018, "CapsGAN", have the same
D).  ‖v‖ = ‖s‖²/(1 + ‖s‖²) is flat at s = 0, so an image that D rejects completely would tell G nothing.  The
margins prevent that: D stops pushing at 0.1, where the slope is still 0.54.

A D that cannot tell returns the d that makes L_M(d, 1) + L_M(d, 0) least: 2 (0.9 - d) = d - 0.1, d = 19/30.
So "real" is what gets more than that, not what gets more than ½.

With a single upper capsule there is no routing: c_ij = exp b_ij / Σ_k exp b_ik = 1 whatever b is.  Any number
of iterations computes the same v = squash(Σ_i W_i u_i), so D asks for one.

The three techniques of `gan` are kept; `MinibatchStdDev` shows D the batch, before the lower capsules.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from minigan import layers as L
from minigan.backend import Array
from minigan.checks import renamed, whole
from minigan.losses import margin_loss
from minigan.models.dcgan import Shape, generator
from minigan.models.gan import GAN
from minigan.ops import norm
from minigan.ops.elementwise import value


@renamed(colours="channels", sorts="categories")
@dataclass(kw_only=True, eq=False)
class CapsGAN(GAN):
    """G: z (N, latent_size) -> x (N, image_size, image_size, channels);  D: x -> ‖v‖ (N, 1)."""

    image_size: int = 28  # a multiple of 4, at least 8
    channels: int = 1
    latent_size: int = 32
    width: int = 32  # and categories: as in `DCGAN`
    categories: int = 20
    capsules: int = 16  # lower capsules at every pixel
    dimensions: int = 8  # of each
    learning_rates: tuple[float, float] = (5e-3, 2.5e-3)
    decay_steps: int | None = 4368
    r1_weight: float = 0.2
    r1_every: int = 8

    name = "capsgan"
    curves: ClassVar = {"loss": ("d_loss", "g_loss"), "length of the capsule": ("D(x)", "D(G(z))")}
    image_shape = property(lambda self: (self.image_size, self.image_size, self.channels))
    UNDECIDED = 19 / 30  # see above

    def build(self) -> tuple[L.Layer, L.Layer]:
        whole("CapsGAN", channels=self.channels, width=self.width)
        whole("CapsGAN", capsules=self.capsules, dimensions=self.dimensions)
        G = generator("CapsGAN", self.latent_size, self.image_shape, self.width, self.categories)
        return G, CapsuleDiscriminator(self.image_shape, self.width, self.capsules, self.dimensions)

    def d_loss(self, real, fake):
        return margin_loss(real, np.ones_like(value(real))) + margin_loss(fake, np.zeros_like(value(fake)))

    def g_loss(self, fake):
        return margin_loss(fake, np.ones_like(value(fake)))

    def probability(self, outputs: Array) -> Array:
        return outputs


class CapsuleDiscriminator(L.Layer):
    """x (N, H, W, C) -> ‖v‖ (N, 1), the length of one capsule of 16 dimensions."""

    def __init__(self, image_shape: Shape, width: int, capsules: int, dimensions: int):
        image_size, _, channels = image_shape
        halved = L.Conv2D(channels, width, 4, strides=2, padding="same")  # (N, H/2, W/2, width)
        self.features = L.Sequential(halved, L.LeakyReLU(0.2), L.MinibatchStdDev())  # width + 1 channels
        pixels = (image_size // 2 - 4) // 2 + 1
        self.lower = L.PrimaryCapsules(width + 1, capsules, dimensions, 4, strides=2)
        self.upper = L.Capsules(pixels * pixels * capsules, dimensions, 1, 16, routings=1)

    def __call__(self, x, training: bool = False):
        u = self.lower(self.features(x, training), training)  # (N, pixels·pixels·capsules, dimensions)
        v = self.upper(u, training)  # (N, 1, 16)
        return norm(v, axis=-1)  # (N, 1)
