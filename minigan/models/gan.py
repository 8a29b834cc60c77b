"""The generative adversarial network: two networks, and one training step for each.

Part I; read `layers`, `losses.adversarial`, `losses.penalties` and `models.model` before it.

A generator G turns noise z into an image, a discriminator D says how real an image looks, and each is
trained against the other (Goodfellow et al. 2014, "Generative Adversarial Nets"):

    D minimises  -log D(x) - log(1 - D(G(z)))            (their equation 1, negated)
    G minimises  -log D(G(z))                            (the non-saturating form of their section 3)

Three later techniques make it dependable:

* D also minimises  γ/2 · ‖∇D(x)‖²  at real images, which keeps the two from circling around each other
  (Mescheder, Geiger and Nowozin 2018).  Every few steps are enough, with as many times the weight
  (Karras et al. 2020).
* The learning rates fall linearly, because a game between two has no loss that settles by itself.
* Images are drawn from a moving average of G's weights (Yazıcı et al. 2019).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import KW_ONLY, InitVar, dataclass
from typing import Any, ClassVar

import numpy as np

from minigan.autograd import grad
from minigan.backend import Array, normal, to_device
from minigan.checks import instance, real, reals, whole
from minigan.layers import Layer
from minigan.losses import discriminator_loss, generator_loss, r1_penalty
from minigan.models.diagnostics import diagnostics
from minigan.models.model import Model
from minigan.ops import sigmoid
from minigan.optimizers import Adam, linear_decay, update_ema, warm_up


@dataclass(eq=False)
class GAN(Model):
    """Trains G: z (N, latent_size) -> x (N, ...)  against  D: x -> one logit (N, 1).

    generator, discriminator  G and D; without them, those that `build` makes
    learning_rates, betas     of Adam: the rates of G and of D at the start
    decay_steps               steps over which the rates fall to FINAL times that; None if they stay
    r1_weight, r1_every       γ, and the number of steps from one penalty to the next
    average_decay             of the moving average: the share of the old weights at each step

    A model of this family is a subclass with fields for its networks and a `build`.  One whose D returns something
    else than a logit also says what that means: the methods above the step.
    """

    generator: InitVar[Layer | None] = None
    discriminator: InitVar[Layer | None] = None
    latent_size: int = 0
    _: KW_ONLY
    learning_rates: tuple[float, float] = (2e-3, 1e-3)
    betas: tuple[float, float] = (0.0, 0.99)
    decay_steps: int | None = None
    r1_weight: float = 0.5
    r1_every: int = 4
    average_decay: float = 0.995

    name = "gan"
    curves: ClassVar = {"loss": ("d_loss", "g_loss"), "probability of being real": ("D(x)", "D(G(z))")}
    FINAL: ClassVar = 0.05  # the final fraction of the learning rates
    UNDECIDED: ClassVar = 0.0  # the output of a D that cannot tell

    def __post_init__(self, generator: Layer | None, discriminator: Layer | None) -> None:
        who = type(self).__name__
        whole(who, latent_size=self.latent_size, r1_every=self.r1_every)
        if self.decay_steps is not None:
            whole(who, decay_steps=self.decay_steps)
        reals(who, length=2, above=0, learning_rates=self.learning_rates)
        reals(who, length=2, least=0, below=1, betas=self.betas)
        real(who, least=0, r1_weight=self.r1_weight)
        real(who, least=0, below=1, average_decay=self.average_decay)
        if generator is None and discriminator is None:
            generator, discriminator = self.build()
        G, D = instance(who, Layer, generator=generator, discriminator=discriminator)
        self.generator, self.discriminator, self.average = G, D, copy.deepcopy(G)
        g_rate, d_rate = self.learning_rates
        self.g_optimizer = Adam(G.parameters(), self.schedule(g_rate), *self.betas)
        self.d_optimizer = Adam(D.parameters(), self.schedule(d_rate), *self.betas)

    def build(self) -> tuple[Layer, Layer]:
        """G and D, from the settings."""
        raise TypeError(f"{type(self).__name__}: give it a generator and a discriminator, or define build")

    G = property(lambda self: self.generator)
    D = property(lambda self: self.discriminator)

    def schedule(self, rate: float) -> float | Callable[[int], float]:
        return rate if self.decay_steps is None else linear_decay(rate, self.decay_steps, self.FINAL)

    # --- What the two play for, and what D's outputs (N, 1) mean: here they are logits -----------------

    def d_loss(self, real: Any, fake: Any) -> Any:
        return discriminator_loss(real, fake)

    def g_loss(self, fake: Any) -> Any:
        return generator_loss(fake)

    def penalty(self, real: Array) -> Any:
        """r1_every · γ/2 · ‖∇D(x)‖² at every r1_every-th step; 0 in between."""
        if not self.r1_weight or self.d_optimizer.steps % self.r1_every:
            return 0.0
        return self.r1_every * self.r1_weight / 2 * r1_penalty(self.D, real)

    def probability(self, outputs: Array) -> Array:
        return sigmoid(outputs)

    # --- The game -------------------------------------------------------------------------------------

    def train_step(self, images: np.ndarray) -> dict[str, Any]:
        """One step of D and one of G on a batch of real images x (N, ...)."""
        real = to_device(self.checked(images))
        fake = self.G(normal((len(real), self.latent_size)), training=True)

        # D learns to tell them apart.  `fake.data` is an array, a constant: D's step stops there.
        d_real, d_fake = self.D(real, training=True), self.D(fake.data, training=True)
        d_loss = self.d_loss(d_real, d_fake)
        self.d_optimizer.step(grad(d_loss + self.penalty(real), self.D.parameters()))

        # G learns to fool the D that has just learned.  Only G's gradient is asked for, and what reaches G.
        g_loss = self.g_loss(self.D(fake, training=True))
        *g_gradients, at_fake = grad(g_loss, [*self.G.parameters(), fake])
        self.g_optimizer.step(g_gradients)

        update_ema(self.average, self.G, warm_up(self.average_decay, self.g_optimizer.steps))
        return {"d_loss": d_loss.data, "g_loss": g_loss.data} | diagnostics(
            real, fake, d_real, d_fake, at_fake, self.probability, self.UNDECIDED
        )

    def generate(self, z: Array) -> Any:
        return self.average(z)
