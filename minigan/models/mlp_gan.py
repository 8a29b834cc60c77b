"""The generative adversarial network, with fully connected layers.

Chapter 9.1; read `layers`, `losses` and `optimizers` before it.

A generator G turns noise z into an image, a discriminator D says how real an image looks, and each is
trained against the other (Goodfellow et al. 2014, "Generative Adversarial Nets"):

    D minimises  -log D(x) - log(1 - D(G(z)))            (their equation 1, negated)
    G minimises  -log D(G(z))                            (the non-saturating form of their section 3)

The common modern form of it: batch normalization in G, leaky ReLU in D, Adam; a penalty on the slope of
D at real images (Mescheder, Geiger and Nowozin 2018); and pictures from a moving average of G's weights.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from minigan.autograd import grad
from minigan.backend import normal, to_device
from minigan.layers import (
    BatchNormalization,
    Dense,
    Flatten,
    Layer,
    LeakyReLU,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
)
from minigan.losses import discriminator_loss, generator_loss, r1_penalty
from minigan.models.sampling import mean_probability, sample_images
from minigan.optimizers import Adam, move_average


class MLPGAN:
    """G: z (N, latent_size) -> x (N, *image_shape) in [-1, 1];  D: x -> one logit (N, 1).

    latent_size     numbers in z, standard normal
    learning_rates  of G and of D
    r1_weight       γ: D also minimises γ/2 · ‖∇D(x)‖², every r1_every steps with r1_every times the weight
    average_decay   of the moving average of G, from which `sample` draws
    """

    name = "mlp_gan"
    curves: ClassVar = {"loss": ("d_loss", "g_loss"), "probability of being real": ("D(x)", "D(G(z))")}

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (28, 28, 1),
        latent_size: int = 64,
        learning_rates: tuple[float, float] = (5e-4, 5e-4),
        r1_weight: float = 1.0,
        r1_every: int = 4,
        average_decay: float = 0.995,
    ) -> None:
        self.settings = {
            "image_shape": image_shape,
            "latent_size": latent_size,
            "learning_rates": learning_rates,
            "r1_weight": r1_weight,
            "r1_every": r1_every,
            "average_decay": average_decay,
        }
        self.latent_size = latent_size
        self.r1_weight, self.r1_every, self.average_decay = r1_weight, r1_every, average_decay
        self.G, self.D = generator(latent_size, image_shape), discriminator(image_shape)
        self.average = generator(latent_size, image_shape)
        self.average.load_state(self.G.state())
        self.g_optimizer = Adam(self.G.parameters(), learning_rates[0], beta_1=0.5)
        self.d_optimizer = Adam(self.D.parameters(), learning_rates[1], beta_1=0.5)
        self.networks: dict[str, Layer] = {
            "generator": self.G,
            "discriminator": self.D,
            "average": self.average,
        }
        self.optimizers = {"generator": self.g_optimizer, "discriminator": self.d_optimizer}

    def train_step(self, images: np.ndarray) -> dict[str, Any]:
        """One step of D and one of G on a batch of real images (N, H, W, C)."""
        real = to_device(images)
        fake = self.G(normal((len(real), self.latent_size)), training=True)

        # D learns to tell them apart.  `fake.data` is an array, a constant: D's step stops there.
        real_logits, fake_logits = self.D(real, training=True), self.D(fake.data, training=True)
        d_loss = discriminator_loss(real_logits, fake_logits)
        objective = d_loss
        if self.d_optimizer.steps % self.r1_every == 0:
            objective = d_loss + self.r1_every * self.r1_weight / 2 * r1_penalty(self.D, real)
        self.d_optimizer.step(grad(objective, self.D.parameters()))

        # G learns to fool the D that has just learned.  Only G's gradient is asked for.
        g_loss = generator_loss(self.D(fake, training=True))
        self.g_optimizer.step(grad(g_loss, self.G.parameters()))

        t = self.g_optimizer.steps  # early on, the average forgets faster: its first weights are noise
        move_average(self.average, self.G, min(self.average_decay, (1 + t) / (10 + t)))
        return {
            "d_loss": d_loss.data,
            "g_loss": g_loss.data,
            "D(x)": mean_probability(real_logits),
            "D(G(z))": mean_probability(fake_logits),
        }

    def sample(self, n: int, noise: np.ndarray | None = None) -> np.ndarray:
        """n images (n, H, W, C) in [-1, 1], on the host; from `noise` (n, latent_size) if it is given."""
        return sample_images(self.average, self.latent_size, n, noise)


def generator(latent_size: int, image_shape: tuple[int, int, int]) -> Layer:
    return Sequential(
        Dense(latent_size, 256, use_bias=False),  # batch normalization subtracts any bias again
        BatchNormalization(256),
        ReLU(),
        Dense(256, 512, use_bias=False),
        BatchNormalization(512),
        ReLU(),
        Dense(512, int(np.prod(image_shape))),
        Tanh(),
        Reshape(image_shape),
    )


def discriminator(image_shape: tuple[int, int, int]) -> Layer:
    return Sequential(
        Flatten(),
        Dense(int(np.prod(image_shape)), 512),
        LeakyReLU(0.2),
        Dense(512, 256),
        LeakyReLU(0.2),
        Dense(256, 1),  # a logit: the probability of "real" is its sigmoid
    )
