"""The generative adversarial network: two networks, and one training step for each.

Part I; read `layers`, `losses` and `models.model` before it.

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

import copy
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar

import numpy as np

from minigan.autograd import grad
from minigan.backend import Array, normal, to_device
from minigan.checks import instance, real, reals, whole
from minigan.layers import Layer
from minigan.losses import discriminator_loss, generator_loss, r1_penalty
from minigan.models.model import Model
from minigan.ops import sigmoid
from minigan.ops.elementwise import value
from minigan.optimizers import Adam, LearningRate, linear_decay, update_ema, warm_up


@dataclass(eq=False)
class GAN(Model):
    """Trains G: z (N, latent_size) -> x (N, ...)  against  D: x -> one logit (N, 1).

    A model of this family is a subclass with fields for its networks and a `build`.  One whose D returns
    something else than a logit also says what that means: d_loss, g_loss, probability, UNDECIDED.
    """

    generator: Layer | None = field(default=None, repr=False)  # without G and D: those that `build` makes
    discriminator: Layer | None = field(default=None, repr=False)
    latent_size: int = 0
    _: KW_ONLY
    learning_rates: tuple[float, float] = (2e-3, 1e-3)  # of G and of D, at the start
    betas: tuple[float, float] = (0.0, 0.99)  # of Adam
    decay_steps: int | None = None  # steps in which the rates fall to FINAL times that; None if they stay
    r1_weight: float = 0.5  # γ
    r1_every: int = 4  # steps from one penalty to the next
    average_decay: float = 0.995  # of the moving average: the share of the old weights at each step

    name = "gan"
    curves: ClassVar = {"loss": ("d_loss", "g_loss"), "probability of being real": ("D(x)", "D(G(z))")}
    FINAL = 0.05  # the final fraction of the learning rates
    UNDECIDED = 0.0  # the output of a D that cannot tell
    G = property(lambda self: self.generator)
    D = property(lambda self: self.discriminator)

    def __post_init__(self) -> None:
        self.check_settings()
        if self.generator is None and self.discriminator is None:
            self.generator, self.discriminator = self.build()
        instance(type(self).__name__, Layer, generator=self.generator, discriminator=self.discriminator)
        self.average = copy.deepcopy(self.G)
        g_rate, d_rate = self.learning_rates
        self.g_optimizer = Adam(self.G.parameters(), self.schedule(g_rate), *self.betas)
        self.d_optimizer = Adam(self.D.parameters(), self.schedule(d_rate), *self.betas)

    def build(self) -> tuple[Layer, Layer]:
        """G and D, from the settings."""
        raise TypeError(f"{type(self).__name__}: give it a generator and a discriminator, or define build")

    def d_loss(self, real, fake):
        return discriminator_loss(real, fake)

    def g_loss(self, fake):
        return generator_loss(fake)

    def penalty(self, real: Array):
        """r1_every · γ/2 · ‖∇D(x)‖² at every r1_every-th step; 0 in between."""
        if not self.r1_weight or self.d_optimizer.steps % self.r1_every:
            return 0.0
        return self.r1_every * self.r1_weight / 2 * r1_penalty(self.D, real)

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
        numbers = diagnostics(real, fake, d_real, d_fake, at_fake, self.probability, self.UNDECIDED)
        return {"d_loss": d_loss.data, "g_loss": g_loss.data} | numbers

    def generate(self, z: Array):
        return self.average(z)

    # --- To be read later: the settings, what D's outputs mean, and the numbers by which one sees a GAN fail

    def check_settings(self) -> None:
        who = type(self).__name__
        whole(who, latent_size=self.latent_size, r1_every=self.r1_every)
        if self.decay_steps is not None:
            whole(who, decay_steps=self.decay_steps)
        reals(who, length=2, above=0, learning_rates=self.learning_rates)
        reals(who, length=2, least=0, below=1, betas=self.betas)
        real(who, least=0, r1_weight=self.r1_weight)
        real(who, least=0, below=1, average_decay=self.average_decay)

    def schedule(self, rate: float) -> LearningRate:
        return rate if self.decay_steps is None else linear_decay(rate, self.decay_steps, self.FINAL)

    def probability(self, outputs: Array) -> Array:
        """What the outputs of D (N, 1) say about "real": here they are logits."""
        return sigmoid(outputs)


def diagnostics(real, fake, d_real, d_fake, g_gradient, probability=sigmoid, undecided=0.0) -> dict[str, Any]:
    """Five numbers of a step, which stay on the device; nothing is trained with them.

    real, fake      a batch each of images x and G(z) (N, ...); d_real, d_fake: D's outputs before its step
    g_gradient      dL/dG(z) (N, ...), the gradient of G's loss L, a mean over the batch, at its images
    probability     what D's output means, and `undecided` the output that says neither real nor generated

    D(x), D(G(z))   the mean probability of "real"
    d_accuracy      the share of both batches that D gets right: 1 when D wins, ½ when it cannot tell
    g_gradient      √(mean of ‖N g_i‖²): how strongly D pushes one image, so how much G is told
    diversity       √(variance of G(z) / variance of x) over the batch: 0 when G draws one image only
    """
    real, fake, d_real, d_fake = map(value, (real, fake, d_real, d_fake))
    right = (d_real > undecided).mean(dtype=np.float32) + (d_fake < undecided).mean(dtype=np.float32)
    return {
        "D(x)": probability(d_real).mean(),
        "D(G(z))": probability(d_fake).mean(),
        "d_accuracy": right / 2,
        "g_gradient": np.sqrt((g_gradient * g_gradient).sum() * len(g_gradient)),
        "diversity": np.sqrt(fake.var(axis=0).mean() / (real.var(axis=0).mean() + 1e-12)),
    }
