"""The deep convolutional GAN: images grow in G and shrink in D by strided convolutions.

Chapter 9.3; read `gan` before it, where the training step is.

After Radford, Metz and Chintala 2015: no pooling and no hidden dense layers, strides in D, batch
normalization and ReLU in G, leaky ReLU in D, tanh at the end.  G goes up in one of two ways:

    "transpose"  Conv2DTranspose 4x4, stride 2: every pixel is spread over 4x4 pixels.  The kernel is a
                 multiple of the stride, so that every pixel receives equally many contributions
    "nearest"    UpSampling2D and Conv2D 3x3: every pixel is repeated, then smoothed (Odena, Dumoulin and
                 Olah 2016), which has no checkerboard patterns to begin with

D has no batch normalization here, because a penalty on its slope at single images must not depend on
the rest of the batch; `MinibatchStdDev` shows it the batch on purpose.

The paper's z is one cloud of noise, which a continuous G turns into one connected set of images.  Digits are
not connected: between a 1 and an 8 there are images, but no digits.  So here some of the numbers of z choose
between `sorts` of images before G begins (see `Sorts`).
"""

from __future__ import annotations

from typing import Any

from minigan.layers import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Flatten,
    Layer,
    LeakyReLU,
    MinibatchStdDev,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
    UpSampling2D,
)
from minigan.models.gan import GAN
from minigan.ops import concatenate
from minigan.ops.elementwise import value


class DCGAN(GAN):
    """G: z (N, latent_size) -> x (N, image_size, image_size, colours);  D: x -> one logit (N, 1).

    image_size  a multiple of 4
    width       channels of the layers next to the image; those further inside have twice as many
    upsampling  "transpose" or "nearest"
    kernel_size of the transposed convolutions
    sorts       of images, between which as many numbers of z choose; 0 for none
    The other arguments are those of `GAN`.
    Raises ValueError for another image_size or upsampling, and for more sorts than latent_size.
    """

    name = "dcgan"

    def __init__(
        self,
        image_size: int = 28,
        colours: int = 1,
        latent_size: int = 32,
        width: int = 32,
        upsampling: str = "transpose",
        kernel_size: int = 4,
        sorts: int = 20,
        learning_rates: tuple[float, float] = (5e-3, 2.5e-3),
        betas: tuple[float, float] = (0.0, 0.99),
        decay_steps: int = 4368,
        r1_weight: float = 0.5,
        r1_every: int = 8,
        average_decay: float = 0.995,
    ) -> None:
        self.settings = {
            "image_size": image_size,
            "colours": colours,
            "latent_size": latent_size,
            "width": width,
            "upsampling": upsampling,
            "kernel_size": kernel_size,
            "sorts": sorts,
            "learning_rates": learning_rates,
            "betas": betas,
            "decay_steps": decay_steps,
            "r1_weight": r1_weight,
            "r1_every": r1_every,
            "average_decay": average_decay,
        }
        super().__init__(
            generator(latent_size, image_size, colours, width, upsampling, kernel_size, sorts),
            generator(latent_size, image_size, colours, width, upsampling, kernel_size, sorts),
            discriminator(image_size, colours, width),
            latent_size,
            learning_rates,
            betas,
            decay_steps,
            r1_weight,
            r1_every,
            average_decay,
        )


class Sorts(Layer):
    """z (N, latent_size) -> the same shape, where the first `count` numbers have made a choice:

        the largest of z_1 ... z_count becomes 3, the others 0, and the rest stays.

    So G is told one of `count` sorts, each as likely as the others.  A walk through z jumps where the largest
    changes.  The choice is piecewise constant, so it passes no gradient on to z_1 ... z_count.
    Source: Mukherjee et al. 2019, "ClusterGAN", whose z consists of such a choice and of noise.
    Raises ValueError for a count below 1, and for a z with fewer numbers than that.
    """

    def __init__(self, count: int) -> None:
        if count < 1:
            raise ValueError(f"Sorts: count is {count}, expected at least 1")
        self.count = count

    def __repr__(self) -> str:
        return f"Sorts({self.count})"

    def __call__(self, x: Any, training: bool = False) -> Any:
        if x.ndim != 2 or x.shape[1] < self.count:
            raise ValueError(f"{self!r} got an input of shape {x.shape}, expected (N, {self.count} or more)")
        candidates = value(x)[:, : self.count]  # (N, count)
        choice = 3 * (candidates == candidates.max(axis=1, keepdims=True)).astype(x.dtype)  # (N, count)
        return concatenate([choice, x[:, self.count :]], axis=-1)  # (N, latent_size)


def generator(
    latent_size: int,
    image_size: int,
    colours: int,
    width: int,
    upsampling: str,
    kernel_size: int = 4,
    sorts: int = 0,
) -> Layer:
    if image_size < 4 or image_size % 4:
        raise ValueError(f"image_size is {image_size}, expected a multiple of 4")
    if not 0 <= sorts <= latent_size:
        raise ValueError(f"sorts is {sorts}, expected 0 to latent_size, {latent_size}")
    quarter, deep = image_size // 4, 2 * width
    if upsampling == "transpose":
        up = [
            Conv2DTranspose(deep, width, kernel_size, strides=2, padding="same", use_bias=False),
            BatchNormalization(width),
            ReLU(),
            Conv2DTranspose(width, colours, kernel_size, strides=2, padding="same"),
        ]
    elif upsampling == "nearest":
        up = [
            UpSampling2D(2),
            Conv2D(deep, deep, 3, padding="same", use_bias=False),
            BatchNormalization(deep),
            ReLU(),
            UpSampling2D(2),
            Conv2D(deep, width, 3, padding="same", use_bias=False),
            BatchNormalization(width),
            ReLU(),
            Conv2D(width, colours, 3, padding="same"),
        ]
    else:
        raise ValueError(f"DCGAN: upsampling is {upsampling!r}, expected 'transpose' or 'nearest'")
    return Sequential(
        *([Sorts(sorts)] if sorts else []),
        Dense(latent_size, quarter * quarter * deep, use_bias=False),
        Reshape((quarter, quarter, deep)),
        BatchNormalization(deep),
        ReLU(),
        *up,
        Tanh(),
    )


def discriminator(image_size: int, colours: int, width: int) -> Layer:
    return Sequential(
        Conv2D(colours, width, 4, strides=2, padding="same"),
        LeakyReLU(0.2),
        Conv2D(width, 2 * width, 4, strides=2, padding="same"),
        LeakyReLU(0.2),
        MinibatchStdDev(),
        Flatten(),
        Dense((image_size // 4) ** 2 * (2 * width + 1), 1),
    )
