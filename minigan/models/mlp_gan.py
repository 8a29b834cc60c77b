"""A GAN of fully connected layers: the simplest networks that draw digits.

Part I; read `gan` before it, where the training step is.

The layers of Goodfellow et al. 2014 in today's form: ReLU and batch normalization in G; leaky ReLU
instead of maxout and dropout in D, which also sees how much a batch varies.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

from minigan import layers as L
from minigan.checks import real, whole, wholes
from minigan.models.categorical import CategoricalCode
from minigan.models.gan import GAN


@dataclass(kw_only=True, eq=False)
class MLPGAN(GAN):
    """G: z (N, latent_size) -> x (N, *image_shape);  D: x -> one logit (N, 1)."""

    image_shape: tuple[int, int, int] = (28, 28, 1)
    latent_size: int = 32
    g_hidden: tuple[int, ...] = (256, 256)  # units of the hidden layers
    d_hidden: tuple[int, ...] = (256, 256)
    categories: int = 0  # of a choice that z begins with (`categorical`); 0 for none
    learning_rates: tuple[float, float] = (5e-3, 2.5e-3)
    decay_steps: int | None = 5460
    r1_weight: float = 2.0

    name = "mlp_gan"

    def build(self) -> tuple[L.Layer, L.Layer]:
        wholes("MLPGAN", length=3, image_shape=self.image_shape)
        wholes("MLPGAN", g_hidden=self.g_hidden, d_hidden=self.d_hidden)
        real("MLPGAN", most=self.latent_size, categories=whole("MLPGAN", least=0, categories=self.categories))
        G = generator(self.latent_size, self.g_hidden, self.image_shape, self.categories)
        return G, discriminator(self.image_shape, self.d_hidden)


def generator(latent_size: int, hidden, image_shape: tuple[int, ...], categories: int = 0) -> L.Layer:
    layers: list[L.Layer] = [CategoricalCode(categories)] if categories else []
    for n_in, n_out in pairwise((latent_size, *hidden)):
        # Batch normalization would subtract any bias again.
        layers += [L.Dense(n_in, n_out, use_bias=False), L.BatchNormalization(n_out), L.ReLU()]
    layers += [L.Dense((latent_size, *hidden)[-1], math.prod(image_shape)), L.Tanh(), L.Reshape(image_shape)]
    return L.Sequential(*layers)


def discriminator(image_shape: tuple[int, ...], hidden: tuple[int, ...]) -> L.Layer:
    layers: list[L.Layer] = [L.Flatten()]
    for n_in, n_out in pairwise((math.prod(image_shape), *hidden)):
        layers += [L.Dense(n_in, n_out), L.LeakyReLU(0.2)]
    # The last layer returns a logit: the probability of "real" is its sigmoid.
    return L.Sequential(*layers, L.MinibatchStdDev(), L.Dense((math.prod(image_shape), *hidden)[-1] + 1, 1))
