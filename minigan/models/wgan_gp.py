"""The Wasserstein GAN with gradient penalty: D estimates a distance instead of a probability.

Part II; read `gan` and `dcgan` before it.

D, called a critic, returns a number without bounds and minimises  E D(G(z)) - E D(x).  Of the best D whose
slope is at most one everywhere, the negative of that is the Wasserstein distance between generated and real
images (Arjovsky, Chintala and Bottou 2017), and falls as images get better.  The slope is held near one
by a penalty at points between generated and real images (Gulrajani et al. 2017, algorithm 1):

    D minimises  E D(G(z)) - E D(x) + λ E (‖∇D(x̂)‖ - 1)²,       G minimises  -E D(G(z)).

The penalty contains a gradient, that of D at the image: training D needs the gradient of a gradient.  It is
about single images, so D, otherwise that of the DCGAN, does not see the batch.  In the paper D takes five steps
for each of G; here it takes one and has twice G's rate instead (Heusel et al. 2017), so G learns five times as
often, and the rates fall.  Then D is behind the best one, and its estimate of the distance does not fall as it
does in the paper.  z begins with the DCGAN's categorical code.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from minigan import layers as L
from minigan.autograd import grad
from minigan.backend import Array, normal, to_device
from minigan.checks import real, renamed, whole
from minigan.losses import discriminator_loss, generator_loss, gradient_penalty
from minigan.models.dcgan import discriminator, generator
from minigan.models.gan import GAN
from minigan.optimizers import update_ema


@renamed(colours="channels", learning_rate=("learning_rates", lambda rate: (rate, rate)))
@dataclass(kw_only=True, eq=False)
class WGANGP(GAN):
    """G: z (N, latent_size) -> x (N, image_size, image_size, channels);  D: x -> one number (N, 1)."""

    image_size: int = 28
    channels: int = 1
    latent_size: int = 32
    width: int = 32  # channels of the layers next to the image, as in `DCGAN`
    categories: int = 20  # of the one-hot code that z begins with; 0 for none
    learning_rates: tuple[float, float] = (2e-3, 4e-3)
    r1_weight: float = 0.0
    penalty_weight: float = 10.0  # λ
    critic_steps: int = 1  # steps of D from one step of G to the next; for `decay_steps` each counts its own

    name = "wgan_gp"
    curves: ClassVar = {"estimated Wasserstein distance": ("distance",), "slope penalty": ("penalty",)}
    image_shape = property(lambda self: (self.image_size, self.image_size, self.channels))

    def build(self) -> tuple[L.Layer, L.Layer]:
        whole("WGANGP", channels=self.channels, width=self.width, critic_steps=self.critic_steps)
        real("WGANGP", least=0, penalty_weight=self.penalty_weight)
        G = generator("WGANGP", self.latent_size, self.image_shape, self.width, self.categories)
        return G, discriminator(self.image_shape, self.width, sees_batch=False)

    def train_step(self, images: Array) -> dict[str, Any]:
        """One step of D on a batch of real images (N, H, W, C), and one of G after every `critic_steps`."""
        x = to_device(self.checked(images))
        fake = self.G(normal((len(x), self.latent_size)), training=True)

        d_loss = discriminator_loss(self.D(x), self.D(fake.data), "wasserstein")
        penalty = gradient_penalty(self.D, x, fake)
        objective = d_loss + self.penalty_weight * penalty + self.penalty(x)
        self.d_optimizer.step(grad(objective, self.D.parameters()))

        if self.d_optimizer.steps % self.critic_steps == 0:
            g_loss = generator_loss(self.D(fake), "wasserstein")
            self.g_optimizer.step(grad(g_loss, self.G.parameters()))
            update_ema(self.average, self.G, self.average_decay)
        return {"distance": -d_loss.data, "penalty": penalty.data}
