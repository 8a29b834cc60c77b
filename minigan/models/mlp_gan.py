"""A GAN of fully connected layers: the simplest networks that draw digits.

Chapter 9.2; read `gan` before it, where the training step is.

The layers of Goodfellow et al. 2014 in today's form: ReLU and batch normalization in G; leaky ReLU
instead of maxout and dropout in D, which also sees how much a batch varies.  The other defaults were
chosen on 10,000 digits for about a minute of training on two cores; the README says what they reach.
"""

from __future__ import annotations

import math

from minigan.layers import (
    BatchNormalization,
    Dense,
    Flatten,
    Layer,
    LeakyReLU,
    MinibatchStdDev,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
)
from minigan.models.gan import GAN

Shape = tuple[int, int, int]


class MLPGAN(GAN):
    """G: z (N, latent_size) -> x (N, *image_shape);  D: x -> one logit (N, 1).

    g_hidden, d_hidden  units of the hidden layers; the other arguments are those of `GAN`
    """

    name = "mlp_gan"

    def __init__(
        self,
        image_shape: Shape = (28, 28, 1),
        latent_size: int = 32,
        g_hidden: tuple[int, ...] = (256, 256),
        d_hidden: tuple[int, ...] = (256, 256),
        learning_rates: tuple[float, float] = (5e-3, 2.5e-3),
        betas: tuple[float, float] = (0.0, 0.99),
        decay_steps: int = 5460,
        r1_weight: float = 2.0,
        r1_every: int = 4,
        average_decay: float = 0.995,
    ) -> None:
        self.settings = {
            "image_shape": image_shape,
            "latent_size": latent_size,
            "g_hidden": g_hidden,
            "d_hidden": d_hidden,
            "learning_rates": learning_rates,
            "betas": betas,
            "decay_steps": decay_steps,
            "r1_weight": r1_weight,
            "r1_every": r1_every,
            "average_decay": average_decay,
        }
        super().__init__(
            generator(latent_size, g_hidden, image_shape),
            generator(latent_size, g_hidden, image_shape),
            discriminator(image_shape, d_hidden),
            latent_size,
            learning_rates,
            betas,
            decay_steps,
            r1_weight,
            r1_every,
            average_decay,
        )


def generator(latent_size: int, hidden: tuple[int, ...], image_shape: Shape) -> Layer:
    layers: list[Layer] = []
    for n_in, n_out in zip((latent_size, *hidden), hidden, strict=False):
        # Batch normalization would subtract any bias again.
        layers += [Dense(n_in, n_out, use_bias=False), BatchNormalization(n_out), ReLU()]
    return Sequential(*layers, Dense(hidden[-1], math.prod(image_shape)), Tanh(), Reshape(image_shape))


def discriminator(image_shape: Shape, hidden: tuple[int, ...]) -> Layer:
    layers: list[Layer] = [Flatten()]
    for n_in, n_out in zip((math.prod(image_shape), *hidden), hidden, strict=False):
        layers += [Dense(n_in, n_out), LeakyReLU(0.2)]
    # The last layer answers a logit: the probability of "real" is its sigmoid.
    return Sequential(*layers, MinibatchStdDev(), Dense(hidden[-1] + 1, 1))
