"""The 3-D GAN: solids grow in G and shrink in D by strided convolutions in space.

Part III; read `gan`, `dcgan` and `layers.volume` before it.

After Wu, Zhang, Xue, Freeman and Tenenbaum 2016, "Learning a Probabilistic Latent Space of Object Shapes via 3D
Generative-Adversarial Modeling".  A solid is made of voxels that are full or empty.  G turns z into one by transposed
convolutions 4x4x4 of stride 2, with batch normalization and ReLU in between; D mirrors G, with leaky ReLU.

    D minimises  -log D(x) - log(1 - D(G(z)))             (their equation 1), and G is trained against it, as in `gan`.

What differs from the paper, and why:

* Solids of 16x16x16 voxels instead of 64x64x64, so two doublings behind 4x4x4 instead of four, with 32 and 16 channels
  instead of 512 to 64: it learns in minutes on a CPU.
* A voxel is 1 if it is full and -1 if it is empty, and G ends in tanh instead of sigmoid: tanh(a) = 2 σ(2a) - 1 says the
  same in the numbers that all examples x here have.
* The paper skips D's step after a batch of which D got more than 80 % right, so that D does not run away from G.  Here
  the penalty on D's slope does that, and the learning rates, which fall, are those of `DCGAN`.  So D has no batch
  normalization, and sees the batch by `MinibatchStdDev`.
* z is normal, of 32 numbers instead of 200 uniform ones, and begins with a one-hot code, as in `DCGAN`, because digits
  are of ten kinds.  The paper trains a network for each kind of object.
"""

from dataclasses import dataclass

from minigan import layers as L
from minigan.checks import whole
from minigan.models.categorical import CategoricalCode
from minigan.models.gan import GAN


@dataclass(kw_only=True, eq=False)
class GAN3D(GAN):
    """G: z (N, latent_size) -> x (N, size, size, size, 1);  D: x -> one logit (N, 1)."""

    size: int = 16  # voxels of a side, a multiple of 4
    latent_size: int = 32
    width: int = 16  # channels of the layers next to the solid; those further inside have twice as many
    categories: int = 20  # of the one-hot code that z begins with; 0 for none
    learning_rates: tuple[float, float] = (5e-3, 2.5e-3)
    decay_steps: int | None = 4368
    r1_every: int = 8

    name = "gan3d"
    image_shape = property(lambda self: (self.size, self.size, self.size, 1))

    def build(self) -> tuple[L.Layer, L.Layer]:
        size, _ = whole("GAN3D", size=self.size, width=self.width)
        if size % 4:
            raise ValueError(f"GAN3D: size is {size}, expected a multiple of 4")
        if not 0 <= whole("GAN3D", least=0, categories=self.categories) <= self.latent_size:
            expected = f"0 to latent_size, {self.latent_size}"
            raise ValueError(f"GAN3D: categories is {self.categories}, expected {expected}")
        G = generator(self.latent_size, size // 4, self.width, self.categories)
        return G, discriminator(size // 4, self.width)


def generator(latent_size: int, quarter: int, width: int, categories: int) -> L.Layer:
    deep = 2 * width
    return L.Sequential(
        *([CategoricalCode(categories)] if categories else []),
        L.Dense(latent_size, quarter**3 * deep, use_bias=False), L.Reshape((quarter, quarter, quarter, deep)),
        L.BatchNormalization(deep), L.ReLU(),  # (N, D/4, H/4, W/4, 2 · width)
        L.Conv3DTranspose(deep, width, 4, strides=2, padding="same", use_bias=False),
        L.BatchNormalization(width), L.ReLU(),  # (N, D/2, H/2, W/2, width)
        L.Conv3DTranspose(width, 1, 4, strides=2, padding="same"), L.Tanh(),  # (N, D, H, W, 1)
    )  # fmt: skip


def discriminator(quarter: int, width: int) -> L.Layer:
    return L.Sequential(
        L.Conv3D(1, width, 4, strides=2, padding="same"), L.LeakyReLU(0.2),  # (N, D/2, H/2, W/2, width)
        L.Conv3D(width, 2 * width, 4, strides=2, padding="same"), L.LeakyReLU(0.2),
        L.MinibatchStdDev(), L.Flatten(), L.Dense(quarter**3 * (2 * width + 1), 1),
    )  # fmt: skip
