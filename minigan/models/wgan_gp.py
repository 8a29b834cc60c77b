"""The Wasserstein GAN with gradient penalty: D estimates a distance instead of a probability.

Chapter 9.4; read `gan` and `dcgan` before it.

D, called a critic, answers a number without bounds and minimises  E D(G(z)) - E D(x).  If its slope is
at most one everywhere, the negative of that is the Wasserstein distance between generated and real
images (Arjovsky, Chintala and Bottou 2017), and falls as images get better.  The slope is held near one
by a penalty at points between generated and real images (Gulrajani et al. 2017, algorithm 1):

    D minimises  E D(G(z)) - E D(x) + λ E (‖∇D(x̂)‖ - 1)²,       G minimises  -E D(G(z)).

The penalty contains a gradient, so training D needs the gradient of a gradient.  The inner one is taken
with respect to the image only: no gradient of a weight is computed on the way to it.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from minigan.autograd import grad
from minigan.backend import normal, to_device
from minigan.layers import Conv2D, Dense, Flatten, Layer, LeakyReLU, Sequential
from minigan.losses import discriminator_loss, generator_loss, gradient_penalty
from minigan.models.dcgan import generator
from minigan.models.sampling import sample_images
from minigan.optimizers import Adam, move_average


class WGANGP:
    """G: z (N, latent_size) -> x (N, image_size, image_size, colours);  D: x -> one number (N, 1).

    width           channels of the layers next to the image, as in `DCGAN`
    penalty_weight  λ
    critic_steps    steps of D from one step of G to the next
    The other defaults are those of the paper.
    """

    name = "wgan_gp"
    curves: ClassVar = {"estimated Wasserstein distance": ("distance",), "slope penalty": ("penalty",)}

    def __init__(
        self,
        image_size: int = 28,
        colours: int = 1,
        latent_size: int = 64,
        width: int = 32,
        learning_rate: float = 5e-4,
        penalty_weight: float = 10.0,
        critic_steps: int = 5,
        average_decay: float = 0.99,
    ) -> None:
        self.settings = {
            "image_size": image_size,
            "colours": colours,
            "latent_size": latent_size,
            "width": width,
            "learning_rate": learning_rate,
            "penalty_weight": penalty_weight,
            "critic_steps": critic_steps,
            "average_decay": average_decay,
        }
        self.latent_size, self.average_decay = latent_size, average_decay
        self.penalty_weight, self.critic_steps = penalty_weight, critic_steps
        self.G = generator(latent_size, image_size, colours, width, "transpose")
        self.average = generator(latent_size, image_size, colours, width, "transpose")
        self.average.load_state(self.G.state())
        self.D = critic(image_size, colours, width)
        self.g_optimizer = Adam(self.G.parameters(), learning_rate, beta_1=0.0, beta_2=0.9)
        self.d_optimizer = Adam(self.D.parameters(), learning_rate, beta_1=0.0, beta_2=0.9)
        self.networks: dict[str, Layer] = {
            "generator": self.G,
            "discriminator": self.D,
            "average": self.average,
        }
        self.optimizers = {"generator": self.g_optimizer, "discriminator": self.d_optimizer}

    def train_step(self, images: np.ndarray) -> dict[str, Any]:
        """One step of D on a batch of real images (N, H, W, C), and one of G after every `critic_steps`."""
        real = to_device(images)
        fake = self.G(normal((len(real), self.latent_size)), training=True)
        d_loss = discriminator_loss(self.D(real), self.D(fake.data), "wasserstein")
        penalty = gradient_penalty(self.D, real, fake)
        self.d_optimizer.step(grad(d_loss + self.penalty_weight * penalty, self.D.parameters()))
        if self.d_optimizer.steps % self.critic_steps == 0:
            g_loss = generator_loss(self.D(fake), "wasserstein")
            self.g_optimizer.step(grad(g_loss, self.G.parameters()))
            move_average(self.average, self.G, self.average_decay)
        return {"distance": -d_loss.data, "penalty": penalty.data}

    def sample(self, n: int, noise: np.ndarray | None = None) -> np.ndarray:
        """n images (n, H, W, C) in [-1, 1], on the host; from `noise` (n, latent_size) if it is given."""
        return sample_images(self.average, self.latent_size, n, noise)


def critic(image_size: int, colours: int, width: int) -> Layer:
    """Without any normalization over the batch: the penalty is about single images."""
    return Sequential(
        Conv2D(colours, width, 4, strides=2, padding="same"),
        LeakyReLU(0.2),
        Conv2D(width, 2 * width, 4, strides=2, padding="same"),
        LeakyReLU(0.2),
        Flatten(),
        Dense((image_size // 4) ** 2 * 2 * width, 1),
    )
