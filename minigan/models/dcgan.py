"""The deep convolutional GAN: images grow in G and shrink in D by strided convolutions.

Part II; read `gan` before it, where the training step is.

After Radford, Metz and Chintala 2015: no pooling, strides in D, batch normalization and ReLU in G, leaky
ReLU in D, tanh at the end.  What differs here:

* D has a hidden dense layer, because its convolutions see 10x10 pixels at a time.  And it has no batch
  normalization: a penalty on its slope at single images must not depend on the others.  `MinibatchStdDev`
  shows it the batch on purpose (Karras et al. 2018).
* Some of the numbers of z choose between categories before G begins: `CategoricalCode` (ClusterGAN).
* G may grow in another way than the paper's:

    "transpose"  Conv2DTranspose 4x4, stride 2.  The kernel is a multiple of the stride, so that every pixel
                 receives equally many contributions
    "nearest"    UpSampling2D and Conv2D 3x3: every pixel is repeated, then smoothed (Odena, Dumoulin and
                 Olah 2016), which has no checkerboard patterns to begin with
"""

from dataclasses import dataclass

from minigan import layers as L
from minigan.checks import choice, real, renamed, whole
from minigan.models.categorical import CategoricalCode
from minigan.models.gan import GAN

Shape = tuple[int, int, int]


@renamed(colours="channels", sorts="categories")
@dataclass(kw_only=True, eq=False)
class DCGAN(GAN):
    """G: z (N, latent_size) -> x (N, image_size, image_size, channels);  D: x -> one logit (N, 1)."""

    image_size: int = 28  # a multiple of 4
    channels: int = 1
    latent_size: int = 32
    width: int = 32  # channels of the layers next to the image; those further inside have twice as many
    upsampling: str = "transpose"  # or "nearest"
    kernel_size: int = 4  # of the transposed convolutions
    categories: int = 20  # of the one-hot code that z begins with; 0 for none
    learning_rates: tuple[float, float] = (5e-3, 2.5e-3)
    decay_steps: int | None = 3744
    r1_every: int = 8

    name = "dcgan"
    image_shape = property(lambda self: (self.image_size, self.image_size, self.channels))

    def build(self) -> tuple[L.Layer, L.Layer]:
        whole("DCGAN", channels=self.channels, width=self.width, kernel_size=self.kernel_size)
        choice("DCGAN", ("transpose", "nearest"), upsampling=self.upsampling)
        image, width, kernel_size = self.image_shape, self.width, self.kernel_size
        G = generator("DCGAN", self.latent_size, image, width, self.categories, self.upsampling, kernel_size)
        return G, discriminator(image, width)


def generator(
    who, latent_size: int, image_shape: Shape, width: int, categories=0, upsampling="transpose", kernel_size=4
) -> L.Layer:
    channels, deep, quarter = image_shape[2], 2 * width, quarter_of(who, image_shape)
    real(who, most=latent_size, categories=whole(who, least=0, categories=categories))
    return L.Sequential(
        *([CategoricalCode(categories)] if categories else []),
        L.Dense(latent_size, quarter * quarter * deep, use_bias=False), L.Reshape((quarter, quarter, deep)),
        L.BatchNormalization(deep), L.ReLU(),
        *(resized(channels, width) if upsampling == "nearest" else transposed(channels, width, kernel_size)),
        L.Tanh(),
    )  # fmt: skip


def discriminator(image_shape: Shape, width: int, sees_batch: bool = True) -> L.Layer:
    pixels, deep, leaky = (image_shape[0] // 4) ** 2, 2 * width, L.LeakyReLU(0.2)
    return L.Sequential(
        *downsampling(image_shape[2], width, leaky), *([L.MinibatchStdDev()] if sees_batch else []),
        L.Flatten(), L.Dense(pixels * (deep + sees_batch), deep), leaky, L.Dense(deep, 1),
    )  # fmt: skip


def quarter_of(who: str, image_shape: Shape) -> int:
    if whole(who, image_size=image_shape[0]) % 4:
        raise ValueError(f"{who}: image_size is {image_shape[0]}, expected a multiple of 4")
    return image_shape[0] // 4


def transposed(channels: int, width: int, kernel_size: int) -> list[L.Layer]:
    """(N, H, W, 2 · width) -> (N, 4 H, 4 W, channels) by transposed convolutions."""
    return [
        L.Conv2DTranspose(2 * width, width, kernel_size, strides=2, padding="same", use_bias=False),
        L.BatchNormalization(width), L.ReLU(),
        L.Conv2DTranspose(width, channels, kernel_size, strides=2, padding="same"),
    ]  # fmt: skip


def resized(channels: int, width: int) -> list[L.Layer]:
    """The same by repeating pixels, with convolutions behind."""
    return [
        L.UpSampling2D(2), L.Conv2D(2 * width, 2 * width, 3, padding="same", use_bias=False),
        L.BatchNormalization(2 * width), L.ReLU(),
        L.UpSampling2D(2), L.Conv2D(2 * width, width, 3, padding="same", use_bias=False),
        L.BatchNormalization(width), L.ReLU(),
        L.Conv2D(width, channels, 3, padding="same"),
    ]  # fmt: skip


def downsampling(channels: int, width: int, activation: L.Layer) -> list[L.Layer]:
    """(N, H, W, channels) -> (N, H/4, W/4, 2 · width) by strided convolutions."""
    return [
        L.Conv2D(channels, width, 4, strides=2, padding="same"), activation,
        L.Conv2D(width, 2 * width, 4, strides=2, padding="same"), activation,
    ]  # fmt: skip
