"""The four networks of AEGAN for images: convolutions, and a D_z that grows.

Read `aegan` before it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from minigan.layers import (
    Conv2D,
    Conv2DTranspose,
    Dense,
    Flatten,
    GaussianDropout,
    GaussianNoise,
    Layer,
    LayerNormalization,
    LeakyReLU,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
)
from minigan.ops import concatenate


def sizes_and_widths(image_size: int, channels: int, width: int) -> tuple[list[int], list[int]]:
    """28, 1, 32 -> [28, 14, 7], [1, 32, 64]: from the image to the innermost layer."""
    sizes, widths = [image_size], [channels]
    while len(sizes) == 1 or sizes[-1] > 7:
        if sizes[-1] % 2 or sizes[-1] < 2:
            raise ValueError(
                f"AEGAN: image_size is {image_size}, expected a number that can be halved until at most 7 are left"
            )
        widths.append(width * min(2 ** (len(sizes) - 1), 4))
        sizes.append(sizes[-1] // 2)
    return sizes, widths


def generator(latent_size: int, image_size: int, channels: int, width: int) -> Layer:
    sizes, widths = sizes_and_widths(image_size, channels, width)
    layers: list[Layer] = [
        Dense(latent_size, sizes[-1] ** 2 * widths[-1]),
        Reshape((sizes[-1], sizes[-1], widths[-1])),
    ]
    for n_in, n_out in pairwise(reversed(widths)):
        layers += [
            LayerNormalization(n_in),
            ReLU(),
            Conv2DTranspose(n_in, n_out, 4, strides=2, padding="same"),
        ]
    return Sequential(*layers, Tanh())


def image_reader(
    image_size: int, channels: int, width: int, out_features: int, noise: float, dropout: float
) -> Layer:
    """E returns latent_size numbers, D_x one; otherwise they have the same layers."""
    sizes, widths = sizes_and_widths(image_size, channels, width)
    layers: list[Layer] = [GaussianNoise(noise)]
    for n_in, n_out in pairwise(widths):
        layers += [
            Conv2D(n_in, n_out, 4, strides=2, padding="same"),
            LayerNormalization(n_out),
            LeakyReLU(0.02),
            GaussianDropout(dropout),
        ]
    return Sequential(*layers, Flatten(), Dense(sizes[-1] ** 2 * widths[-1], out_features))


class Grow(Layer):
    """y = [x, LeakyReLU(x W + b)]: `units` more features beside those that came (Huang et al. 2017)."""

    def __init__(self, in_features: int, units: int, dropout: float) -> None:
        self.dense = Dense(in_features, units)
        self.activation, self.dropout = LeakyReLU(0.02), GaussianDropout(dropout)

    def __call__(self, x: Any, training: bool = False) -> Any:
        new = self.dropout(self.activation(self.dense(x)), training)
        return concatenate([x, new], axis=-1)  # (N, in_features + units)


def latent_discriminator(
    latent_size: int, noise: float, dropout: float, depth: int = 4, units: int = 32
) -> Layer:
    layers: list[Layer] = [Grow(latent_size + i * units, units, dropout) for i in range(depth)]
    return Sequential(GaussianNoise(noise), *layers, Dense(latent_size + depth * units, 1))
