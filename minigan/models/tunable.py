"""A GAN with every knob in the open, to see what turning one does.

Chapter 9.9; read `gan` and `wgan_gp` before it.

The same two networks, trained as

    a plain GAN        kind "non_saturating" or, as it was first written down, "minimax"
    a packed GAN       D judges m examples side by side and answers once: were they all real?  If G draws the
                       same again and again, a pair shows it (Lin, Khetan, Fanti and Oh 2018, "PacGAN")
    a Wasserstein GAN  kind "wasserstein" and slope_weight λ = 10 (`wgan_gp`)

with more steps for one of them than for the other.  It has neither a moving average nor falling learning
rates, which hide what goes wrong; `examples/failure_modes.py` wants to show it.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from minigan.autograd import grad
from minigan.backend import normal, to_device
from minigan.layers import Layer
from minigan.losses import discriminator_loss, generator_loss, gradient_penalty
from minigan.models.sampling import sample_images, signals
from minigan.optimizers import Adam, Optimizer


class TunableGAN:
    """Trains G: z (N, latent_size) -> x (N, ...)  against  D: m examples x, flat, (N / m, m F) -> (N / m, 1).

    kind               of the losses, as in `losses.generator_loss`
    learning_rates     of G and of D
    packing            m, a divisor of the batch size
    d_steps, g_steps   so many steps of D, each on its part of the batch, then so many of G
    slope_weight       λ, of (‖∇D(x̂)‖ - 1)² between real and generated examples
    Raises ValueError for a number of steps or examples that is less than 1.
    """

    curves: ClassVar = {"loss": ("d_loss", "g_loss"), "signals": ("d_accuracy", "g_gradient", "diversity")}

    def __init__(
        self,
        generator: Layer,
        discriminator: Layer,
        latent_size: int,
        kind: str = "non_saturating",
        learning_rates: tuple[float, float] = (1e-3, 1e-3),
        betas: tuple[float, float] = (0.5, 0.999),
        packing: int = 1,
        d_steps: int = 1,
        g_steps: int = 1,
        slope_weight: float = 0.0,
    ) -> None:
        for name, number in (("packing", packing), ("d_steps", d_steps), ("g_steps", g_steps)):
            if number < 1:
                raise ValueError(f"TunableGAN: {name} is {number}, expected at least 1")
        self.G, self.D, self.latent_size, self.kind = generator, discriminator, latent_size, kind
        self.packing, self.d_steps, self.g_steps = packing, d_steps, g_steps
        self.slope_weight = slope_weight
        self.g_optimizer = Adam(self.G.parameters(), learning_rates[0], *betas)
        self.d_optimizer = Adam(self.D.parameters(), learning_rates[1], *betas)
        self.networks: dict[str, Layer] = {"generator": self.G, "discriminator": self.D}
        self.optimizers: dict[str, Optimizer] = {
            "generator": self.g_optimizer,
            "discriminator": self.d_optimizer,
        }

    def train_step(self, batch: np.ndarray) -> dict[str, Any]:
        """d_steps steps of D and g_steps steps of G, on a batch of real examples (d_steps · N, ...).

        Raises ValueError if N is no multiple of m, or the batch cannot be divided by d_steps.
        """
        if len(batch) % (self.d_steps * self.packing):
            raise ValueError(
                f"TunableGAN: a batch of {len(batch)} cannot be divided among {self.d_steps} steps of D on "
                f"packs of {self.packing}"
            )
        for real in np.split(to_device(batch), self.d_steps):
            fake = self.G(normal((len(real), self.latent_size)), training=True).data  # a constant to D
            real_logits, fake_logits = self.D(self.shown(real)), self.D(self.shown(fake))
            objective = d_loss = discriminator_loss(real_logits, fake_logits, self.kind)
            if self.slope_weight:
                penalty = gradient_penalty(self.D, self.shown(real), self.shown(fake))
                objective = objective + self.slope_weight * penalty
            self.d_optimizer.step(grad(objective, self.D.parameters()))

        for _ in range(self.g_steps):
            made = self.G(normal((len(real), self.latent_size)), training=True)
            g_loss = generator_loss(self.D(self.shown(made)), self.kind)
            *g_gradients, at_made = grad(g_loss, [*self.G.parameters(), made])
            self.g_optimizer.step(g_gradients)
        return {
            "d_loss": d_loss.data,
            "g_loss": g_loss.data,
            **signals(real, fake, real_logits, fake_logits, at_made),
        }

    def shown(self, x: Any) -> Any:
        """What D is shown of examples x (N, ...): flat, m of them side by side: (N / m, m F)."""
        return x.reshape((len(x) // self.packing, -1))

    def sample(self, n: int, noise: np.ndarray | None = None) -> np.ndarray:
        """n examples (n, ...) on the host; from `noise` (n, latent_size) if it is given."""
        return sample_images(self.G, self.latent_size, n, noise)
