"""The deep convolutional GAN: images grow in G and shrink in D by strided convolutions.

Part II; read `gan` before it, where the training step is.

After Radford, Metz and Chintala 2015: no pooling and no hidden dense layers, strides in D, batch
normalization and ReLU in G, leaky ReLU in D, tanh at the end.  What is added here:

* D has no batch normalization, because a penalty on its slope at single images must not depend on the rest
  of the batch; `MinibatchStdDev` shows it the batch on purpose (Karras et al. 2018).
* Some of the numbers of z choose between categories before G begins: `CategoricalCode` (ClusterGAN).
* G may grow in another way than the paper's:

    "transpose"  Conv2DTranspose 4x4, stride 2: every pixel is spread over 4x4 pixels.  The kernel is a
                 multiple of the stride, so that every pixel receives equally many contributions
    "nearest"    UpSampling2D and Conv2D 3x3: every pixel is repeated, then smoothed (Odena, Dumoulin and
                 Olah 2016), which has no checkerboard patterns to begin with
"""

from __future__ import annotations

from dataclasses import dataclass

from minigan.checks import choice, whole
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
from minigan.models.categorical import CategoricalCode
from minigan.models.gan import GAN
from minigan.models.old_names import renamed


@renamed(colours="channels", sorts="categories")
@dataclass(kw_only=True, eq=False)
class DCGAN(GAN):
    """G: z (N, latent_size) -> x (N, image_size, image_size, channels);  D: x -> one logit (N, 1).

    image_size  a multiple of 4
    width       channels of the layers next to the image; those further inside have twice as many
    upsampling  "transpose" or "nearest"
    kernel_size of the transposed convolutions
    categories  of the one-hot code that z begins with; 0 for none
    The other settings are those of `GAN`.
    """

    image_size: int = 28
    channels: int = 1
    latent_size: int = 32
    width: int = 32
    upsampling: str = "transpose"
    kernel_size: int = 4
    categories: int = 20
    learning_rates: tuple[float, float] = (5e-3, 2.5e-3)
    decay_steps: int | None = 4368
    r1_every: int = 8

    name = "dcgan"
    image_shape = property(lambda self: (self.image_size, self.image_size, self.channels))

    def build(self) -> tuple[Layer, Layer]:
        whole("DCGAN", channels=self.channels, width=self.width, kernel_size=self.kernel_size)
        choice("DCGAN", ("transpose", "nearest"), upsampling=self.upsampling)
        return (
            generator(
                self.latent_size,
                self.image_shape,
                self.width,
                self.categories,
                self.upsampling,
                self.kernel_size,
            ),
            discriminator(self.image_shape, self.width),
        )


def generator(
    latent_size: int,
    image_shape: tuple[int, int, int],
    width: int,
    categories: int = 0,
    upsampling: str = "transpose",
    kernel_size: int = 4,
) -> Layer:
    image_size, _, channels = image_shape
    if whole("generator", image_size=image_size) % 4:
        raise ValueError(f"image_size is {image_size}, expected a multiple of 4")
    if not 0 <= whole("generator", least=0, categories=categories) <= latent_size:
        raise ValueError(f"categories is {categories}, expected 0 to latent_size, {latent_size}")
    quarter, deep = image_size // 4, 2 * width
    if upsampling == "transpose":
        up = [
            Conv2DTranspose(deep, width, kernel_size, strides=2, padding="same", use_bias=False),
            BatchNormalization(width),
            ReLU(),
            Conv2DTranspose(width, channels, kernel_size, strides=2, padding="same"),
        ]
    else:
        up = [
            UpSampling2D(2),
            Conv2D(deep, deep, 3, padding="same", use_bias=False),
            BatchNormalization(deep),
            ReLU(),
            UpSampling2D(2),
            Conv2D(deep, width, 3, padding="same", use_bias=False),
            BatchNormalization(width),
            ReLU(),
            Conv2D(width, channels, 3, padding="same"),
        ]
    return Sequential(
        *([CategoricalCode(categories)] if categories else []),
        Dense(latent_size, quarter * quarter * deep, use_bias=False),
        Reshape((quarter, quarter, deep)),
        BatchNormalization(deep),
        ReLU(),
        *up,
        Tanh(),
    )


def discriminator(image_shape: tuple[int, int, int], width: int) -> Layer:
    image_size, _, channels = image_shape
    return Sequential(
        Conv2D(channels, width, 4, strides=2, padding="same"),
        LeakyReLU(0.2),
        Conv2D(width, 2 * width, 4, strides=2, padding="same"),
        LeakyReLU(0.2),
        MinibatchStdDev(),
        Flatten(),
        Dense((image_size // 4) ** 2 * (2 * width + 1), 1),
    )
