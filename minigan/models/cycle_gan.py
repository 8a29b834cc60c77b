"""CycleGAN: images of one kind become images of another, learned from two sets without any pairs.

Part III; read `image_to_image` before it.

G turns images a of the first set into images like those of the second, F turns images b of the second into images
like those of the first, and a D for each set tells the results from its images.  That alone would let G draw any image
of the second set, whatever a is.  So what comes back has to be what went in: the cycle consistency loss
(Zhu, Park, Isola and Efros 2017, equations 1 to 3, with the least squares of their section 4)

    D_B      minimises  ½ (D_B(b) - 1)² + ½ D_B(G(a))²,     D_A likewise with a and F(b)
    G and F  minimise   ½ (D_B(G(a)) - 1)² + ½ (D_A(F(b)) - 1)²
                        + λ (mean |F(G(a)) - a| + mean |G(F(b)) - b|)              λ = 10
                        + μ (mean |G(b) - b| + mean |F(a) - a|)                    μ = 5

The last line, from their section 5.2, says that an image that is of the right kind already is to stay.  The gradients
flow

    D_B(G(a)), |G(b) - b| -> G        D_A(F(b)), |F(a) - a| -> F        |F(G(a)) - a|, |G(F(b)) - b| -> G and F

It departs from the paper: the networks are those of `image_to_image`, D without its condition; batches, higher rates,
which fall all along, and moving averages of G and F; no store of older images for D.
"""

import copy
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from minigan.autograd import grad
from minigan.backend import Array, to_device
from minigan.checks import pair, real, reals, whole
from minigan.losses import discriminator_loss, generator_loss, mean_absolute_error
from minigan.models.dcgan import quarter_of
from minigan.models.image_to_image import UNet, patch_discriminator
from minigan.models.model import Model, in_chunks
from minigan.optimizers import Adam, linear_decay, update_ema, warm_up

#: the terms of the loss of G and F, in the order of the equation
TERMS = ("looks like b", "looks like a", "cycle of a", "cycle of b", "b stays", "a stays")


def six_terms(G, F, D_A, D_B, a, b, to_b, to_a) -> dict[str, Any]:
    """The terms of the loss of G and F without their weights; to_b = G(a) and to_a = F(b) (N, H, W, C)."""
    losses = (
        generator_loss(D_B(to_b, training=True), "least_squares"),
        generator_loss(D_A(to_a, training=True), "least_squares"),
        mean_absolute_error(F(to_b, training=True), a),
        mean_absolute_error(G(to_a, training=True), b),
        mean_absolute_error(G(b, training=True), b),
        mean_absolute_error(F(a, training=True), a),
    )
    return dict(zip(TERMS, losses, strict=True))


@dataclass(kw_only=True, eq=False)
class CycleGAN(Model):
    """G, F: a <-> b (N, image_size, image_size, channels);  D_A, D_B -> a logit for each patch."""

    image_size: int = 28  # a multiple of 4
    channels: int = 1
    width: int = 24  # channels of the layers next to the image, as in `ImageToImage`
    cycle_weight: float = 10.0  # λ
    identity_weight: float = 5.0  # μ
    learning_rates: tuple[float, float] = (2e-3, 1e-3)  # of G and F, and of D_A and D_B, at the start
    decay_steps: int = 1800  # steps in which they fall to a twentieth
    average_decay: float = 0.995  # of the moving averages: the share of the old weights at each step

    name = "cycle_gan"
    curves: ClassVar = {"adversarial": ("d_loss", *TERMS[:2]), "mean error": TERMS[2:]}
    BETAS = (0.5, 0.999)  # of Adam, as in the paper
    image_shape = property(lambda self: (self.image_size, self.image_size, self.channels))
    input_shape = image_shape
    latent_size = property(lambda self: self.image_size**2 * self.channels)

    def __post_init__(self) -> None:
        self.check_settings()
        self.G, self.F = (UNet(self.channels, self.channels, self.width) for _ in "GF")
        self.D_A, self.D_B = (patch_discriminator(self.channels, self.width) for _ in "AB")
        self.average_G, self.average_F = copy.deepcopy(self.G), copy.deepcopy(self.F)
        g_rate, d_rate = (linear_decay(rate, self.decay_steps, final=0.05) for rate in self.learning_rates)
        self.optimizer = Adam(self.G.parameters() + self.F.parameters(), g_rate, *self.BETAS)
        self.d_optimizer = Adam(self.D_A.parameters() + self.D_B.parameters(), d_rate, *self.BETAS)

    def check_settings(self) -> None:
        who = "CycleGAN"
        whole(who, channels=self.channels, width=self.width, decay_steps=self.decay_steps)
        quarter_of(who, self.image_shape)
        real(who, least=0, cycle_weight=self.cycle_weight, identity_weight=self.identity_weight)
        reals(who, length=2, above=0, learning_rates=self.learning_rates)
        real(who, least=0, below=1, average_decay=self.average_decay)

    def train_step(self, batch) -> dict[str, Any]:
        """One step of D_A and D_B, and one of G and F, on images a and b of the two sets, which are no pairs."""
        a, b = (to_device(self.checked(images)) for images in pair("CycleGAN", batch))
        to_b, to_a = self.G(a, training=True), self.F(b, training=True)

        # Each D learns to tell images of its set from those that were made; `data` is a constant.
        d_loss = self.d_loss(self.D_A, a, to_a.data) + self.d_loss(self.D_B, b, to_b.data)
        self.d_optimizer.step(grad(d_loss, self.d_optimizer.parameters))

        # G and F learn from all terms together.  Only their own gradient is asked for.
        terms = six_terms(self.G, self.F, self.D_A, self.D_B, a, b, to_b, to_a)
        weights = (1, 1, self.cycle_weight, self.cycle_weight, self.identity_weight, self.identity_weight)
        loss: Any = sum(weight * term for weight, term in zip(weights, terms.values(), strict=True))
        self.optimizer.step(grad(loss, self.optimizer.parameters))
        decay = warm_up(self.average_decay, self.optimizer.steps)
        update_ema(self.average_G, self.G, decay)
        update_ema(self.average_F, self.F, decay)
        return {"d_loss": d_loss.data} | {name: term.data for name, term in terms.items()}

    def d_loss(self, D, real: Array, fake: Array):
        return discriminator_loss(D(real, training=True), D(fake, training=True), "least_squares")

    def translate(self, a: np.ndarray) -> np.ndarray:
        """G(a) of images a (n, H, W, C), on the host."""
        return in_chunks(self.average_G, self.checked(a))

    def translate_back(self, b: np.ndarray) -> np.ndarray:
        """F(b) of images b (n, H, W, C), on the host."""
        return in_chunks(self.average_F, self.checked(b))

    def generate(self, z: Array) -> Array:
        """What G makes of noise in the place of a, of which it has never learned to make anything."""
        return self.average_G(np.tanh(z).reshape(-1, *self.image_shape))
