"""A GAN with every setting in the open, to see what changing one does: for `failure_modes.py`.

The same two networks, trained as

    a plain GAN        kind "non_saturating" or, as it was first written down, "minimax"
    a packed GAN       D sees m examples side by side and returns once: were they all real?  If G draws the
                       same again and again, a pair shows it (Lin, Khetan, Fanti and Oh 2018, "PacGAN")
    a Wasserstein GAN  kind "wasserstein" and slope_weight λ = 10 (`minigan/models/wgan_gp.py`)

with more steps for one of them than for the other.  It has no moving average, and the learning rates stay
unless decay_steps is given: both hide what goes wrong.
"""

from dataclasses import KW_ONLY, InitVar, dataclass
from typing import Any, ClassVar

import numpy as np

from minigan.autograd import grad
from minigan.backend import normal, to_device
from minigan.checks import choice, whole
from minigan.layers import Layer
from minigan.losses import KINDS, discriminator_loss, generator_loss, gradient_penalty
from minigan.models import Model
from minigan.models.gan import diagnostics
from minigan.optimizers import Adam, linear_decay


@dataclass(eq=False)
class TunableGAN(Model):
    """Trains G: z (N, latent_size) -> x (N, ...)  against  D: m examples x, flat, (N / m, m F) -> (N / m, 1).

    kind               of the losses, as in `losses.generator_loss`
    learning_rates     of G and of D; with decay_steps they fall to a twentieth over so many steps of G
    packing            m, a divisor of the batch size
    d_steps, g_steps   so many steps of D, each on its part of the batch, then so many of G
    slope_weight       λ, of (‖∇D(x̂)‖ - 1)² between real and generated examples
    """

    generator: InitVar[Layer]
    discriminator: InitVar[Layer]
    latent_size: int
    _: KW_ONLY
    kind: str = "non_saturating"
    learning_rates: tuple[float, float] = (1e-3, 1e-3)
    betas: tuple[float, float] = (0.5, 0.999)
    decay_steps: int | None = None
    packing: int = 1
    d_steps: int = 1
    g_steps: int = 1
    slope_weight: float = 0.0

    name = "tunable_gan"
    curves: ClassVar = {
        "loss": ("d_loss", "g_loss"),
        "diagnostics": ("d_accuracy", "g_gradient", "diversity"),
    }

    def __post_init__(self, generator: Layer, discriminator: Layer) -> None:
        whole("TunableGAN", packing=self.packing, d_steps=self.d_steps, g_steps=self.g_steps)
        choice("TunableGAN", KINDS, kind=self.kind)
        self.G, self.D = generator, discriminator
        self.g_optimizer, self.d_optimizer = (
            Adam(network.parameters(), self.schedule(rate, steps), *self.betas)
            for network, rate, steps in zip(
                (self.G, self.D), self.learning_rates, (self.g_steps, self.d_steps), strict=True
            )
        )

    def schedule(self, rate: float, steps: int) -> Any:
        """The learning rate of a network that takes so many steps in one step of training."""
        return rate if self.decay_steps is None else linear_decay(rate, steps * self.decay_steps, final=0.05)

    def train_step(self, batch: np.ndarray) -> dict[str, Any]:
        """d_steps steps of D and g_steps steps of G, on a batch of real examples (d_steps · N, ...).

        Raises ValueError if N is no multiple of m, or the batch cannot be divided by d_steps.
        """
        if len(batch) % (self.d_steps * self.packing):
            raise ValueError(
                f"TunableGAN: a batch of {len(batch)} cannot be divided among {self.d_steps} steps of D on "
                f"packs of {self.packing}"
            )
        for real in np.split(to_device(self.checked(batch)), self.d_steps):
            fake = self.G(normal((len(real), self.latent_size)), training=True).data  # a constant to D
            d_real, d_fake = self.D(self.packs(real)), self.D(self.packs(fake))
            objective = d_loss = discriminator_loss(d_real, d_fake, self.kind)
            if self.slope_weight:
                penalty = gradient_penalty(self.D, self.packs(real), self.packs(fake))
                objective = objective + self.slope_weight * penalty
            self.d_optimizer.step(grad(objective, self.D.parameters()))

        for _ in range(self.g_steps):
            made = self.G(normal((len(real), self.latent_size)), training=True)
            g_loss = generator_loss(self.D(self.packs(made)), self.kind)
            *g_gradients, at_made = grad(g_loss, [*self.G.parameters(), made])
            self.g_optimizer.step(g_gradients)
        numbers = diagnostics(real, fake, d_real, d_fake, at_made)
        return {"d_loss": d_loss.data, "g_loss": g_loss.data} | numbers

    def packs(self, x: Any) -> Any:
        """What D sees of examples x (N, ...): flat, m of them side by side: (N / m, m F)."""
        return x.reshape((len(x) // self.packing, -1))

    def generate(self, z: Any) -> Any:
        return self.G(z)
