"""The generative adversarial network: two networks, and one training step for each.

Chapter 9.1; read `layers`, `losses` and `optimizers` before it.

A generator G turns noise z into an image, a discriminator D says how real an image looks, and each is
trained against the other (Goodfellow et al. 2014, "Generative Adversarial Nets"):

    D minimises  -log D(x) - log(1 - D(G(z)))            (their equation 1, negated)
    G minimises  -log D(G(z))                            (the non-saturating form of their section 3)

Three later habits make it dependable:

* D also minimises  γ/2 · ‖∇D(x)‖²  at real images, which keeps the two from circling around each other
  (Mescheder, Geiger and Nowozin 2018).  Every few steps are enough, with as many times the weight
  (Karras et al. 2020).
* The learning rates fall linearly, because a game between two has no loss that settles by itself.
* Images are drawn from a moving average of G's weights (Yazıcı et al. 2019).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from minigan.autograd import grad
from minigan.backend import normal, to_device
from minigan.layers import Layer
from minigan.losses import discriminator_loss, generator_loss, r1_penalty
from minigan.models.sampling import mean_probability, sample_images, signals
from minigan.optimizers import Adam, Optimizer, move_average


class GAN:
    """Trains G: z (N, latent_size) -> x (N, H, W, C) in [-1, 1]  against  D: x -> one logit (N, 1).

    generator, average  two networks of the same structure; the second one becomes the moving average
    learning_rates      of G and of D at the start
    decay_steps         steps over which they fall to FLOOR times that; they stay there afterwards
    r1_weight, r1_every γ, and the number of steps from one penalty to the next
    average_decay       of the moving average: the share of the old weights at each step

    A model of this family is a subclass that builds the networks and keeps its arguments in `settings`.  One
    whose D answers something else than a logit also says what that means: the methods below the step.
    """

    curves: ClassVar = {"loss": ("d_loss", "g_loss"), "probability of being real": ("D(x)", "D(G(z))")}
    FLOOR = 0.05

    def __init__(
        self,
        generator: Layer,
        average: Layer,
        discriminator: Layer,
        latent_size: int,
        learning_rates: tuple[float, float],
        betas: tuple[float, float],
        decay_steps: int,
        r1_weight: float,
        r1_every: int,
        average_decay: float,
    ) -> None:
        if decay_steps < 1:
            raise ValueError(f"{type(self).__name__}: decay_steps is {decay_steps}, expected at least 1")
        self.G, self.average, self.D = generator, average, discriminator
        self.average.load_state(self.G.state())
        self.latent_size, self.learning_rates, self.decay_steps = latent_size, learning_rates, decay_steps
        self.r1_weight, self.r1_every, self.average_decay = r1_weight, r1_every, average_decay
        self.g_optimizer = Adam(self.G.parameters(), learning_rates[0], *betas)
        self.d_optimizer = Adam(self.D.parameters(), learning_rates[1], *betas)
        self.networks: dict[str, Layer] = {
            "generator": self.G,
            "discriminator": self.D,
            "average": self.average,
        }
        self.optimizers: dict[str, Optimizer] = {
            "generator": self.g_optimizer,
            "discriminator": self.d_optimizer,
        }

    def train_step(self, images: np.ndarray) -> dict[str, Any]:
        """One step of D and one of G on a batch of real images (N, H, W, C)."""
        step = self.g_optimizer.steps
        fraction = max(1 - step / self.decay_steps, self.FLOOR)
        self.g_optimizer.learning_rate, self.d_optimizer.learning_rate = (
            r * fraction for r in self.learning_rates
        )

        real = to_device(images)
        fake = self.G(normal((len(real), self.latent_size)), training=True)

        # D learns to tell them apart.  `fake.data` is an array, a constant: D's step stops there.
        d_real, d_fake = self.D(real, training=True), self.D(fake.data, training=True)
        d_loss = objective = self.d_loss(d_real, d_fake)
        if self.r1_weight and step % self.r1_every == 0:
            objective = d_loss + self.r1_every * self.r1_weight / 2 * r1_penalty(self.D, real)
        self.d_optimizer.step(grad(objective, self.D.parameters()))

        # G learns to fool the D that has just learned.  Only G's gradient is asked for, and what reaches G.
        g_loss = self.g_loss(self.D(fake, training=True))
        *g_gradients, at_fake = grad(g_loss, [*self.G.parameters(), fake])
        self.g_optimizer.step(g_gradients)

        # Early on, the average forgets faster: its first weights are noise.
        move_average(self.average, self.G, min(self.average_decay, (1 + step) / (10 + step)))
        return {
            "d_loss": d_loss.data,
            "g_loss": g_loss.data,
            "D(x)": self.mean_probability(d_real),
            "D(G(z))": self.mean_probability(d_fake),
            **signals(real, fake, d_real - self.UNDECIDED, d_fake - self.UNDECIDED, at_fake),
        }

    # --- What D's answers (N, 1) mean: here they are logits -----------------------------------------

    UNDECIDED: ClassVar = 0.0  # says neither real nor generated

    def d_loss(self, real: Any, fake: Any) -> Any:
        return discriminator_loss(real, fake)

    def g_loss(self, fake: Any) -> Any:
        return generator_loss(fake)

    def mean_probability(self, answers: Any) -> Any:
        return mean_probability(answers)

    def sample(self, n: int, noise: np.ndarray | None = None) -> np.ndarray:
        """n images (n, H, W, C) in [-1, 1], on the host; from `noise` (n, latent_size) if it is given."""
        return sample_images(self.average, self.latent_size, n, noise)
