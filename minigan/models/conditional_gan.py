"""The conditional GAN: G draws what a label asks for, and D asks whether an image is real and fits the label.

Part III; read `gan` and `dcgan` before it.

Both networks are told a condition c beside their input (Mirza and Osindero 2014, equation 2, here negated):

    D minimises  -log D(x, c) - log(1 - D(G(z, c), c)),        G minimises  -log D(G(z, c), c)

with x and c from the data.  c (conditions,) is the one-hot code of a label, or a number for each of several
attributes that can come together, 1 for those that an image has.  G gets c behind z.  D gets it by projection: with
features φ(x) of the image (Miyato and Koyama 2018, equation 4),

    logit D(x, c) = cᵀ V φ(x) + ψ(φ(x)),        ψ linear.

The reason is what the best D is, log p(x|c)/q(x|c) = (log p(c|x) - log q(c|x)) + (log p(x) - log q(x)) for the densities
p of the data and q of G, if the labels are equally frequent in both.  If the classifiers p(c|x) and q(c|x) are
softmaxes of linear functions of φ(x), the first difference is linear in c and in φ(x), up to what c does not touch.

The networks are the DCGAN's, without its categorical code, for which c is there, and without D's hidden layer: so
φ(x) are the pixels of the last convolution.  In the paper φ(x) is their sum over the image, behind more layers.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from minigan import layers as L
from minigan.autograd import grad
from minigan.backend import Array, module_of, normal, to_device
from minigan.checks import pair, whole
from minigan.losses import r1_penalty
from minigan.models.dcgan import Shape, downsampling, generator
from minigan.models.gan import GAN, diagnostics
from minigan.models.model import in_chunks, latents
from minigan.ops import sum
from minigan.optimizers import update_ema, warm_up


@dataclass(kw_only=True, eq=False)
class ConditionalGAN(GAN):
    """G: z (N, latent_size), c (N, conditions) -> x (N, image_size, image_size, channels);  D: x, c -> logit (N, 1)."""

    conditions: int = 10
    image_size: int = 28  # a multiple of 4
    channels: int = 1
    latent_size: int = 32
    width: int = 32  # channels of the layers next to the image, as in `DCGAN`
    learning_rates: tuple[float, float] = (5e-3, 2.5e-3)
    decay_steps: int | None = 4368
    r1_every: int = 8

    name = "conditional"
    image_shape = property(lambda self: (self.image_size, self.image_size, self.channels))
    CODE = 3  # times c is what G gets, so that c counts for as much as z does

    def build(self) -> tuple[L.Layer, L.Layer]:
        whole("ConditionalGAN", conditions=self.conditions, channels=self.channels, width=self.width)
        G = generator("ConditionalGAN", self.latent_size + self.conditions, self.image_shape, self.width)
        return G, ProjectionDiscriminator(self.image_shape, self.width, self.conditions)

    def train_step(self, batch) -> dict[str, Any]:
        """One step of D and one of G on a pair: images x (N, H, W, C) and their labels, as `codes` takes them."""
        images, labels = pair("ConditionalGAN", batch)
        real, c = to_device(self.checked(images)), to_device(self.codes(labels, len(images)))
        fake = self.G(self.joined(normal((len(real), self.latent_size)), c), training=True)

        # D learns to tell pairs (x, c) from pairs (G(z, c), c): neither an image that is not real will do, nor one
        # that does not fit.
        d_real, d_fake = self.D((real, c), training=True), self.D((fake.data, c), training=True)
        d_loss = self.d_loss(d_real, d_fake)
        self.d_optimizer.step(grad(d_loss + self.slope_penalty(real, c), self.D.parameters()))

        g_loss = self.g_loss(self.D((fake, c), training=True))
        *g_gradients, at_fake = grad(g_loss, [*self.G.parameters(), fake])
        self.g_optimizer.step(g_gradients)

        update_ema(self.average, self.G, warm_up(self.average_decay, self.g_optimizer.steps))
        numbers = diagnostics(real, fake, d_real, d_fake, at_fake)
        return {"d_loss": d_loss.data, "g_loss": g_loss.data} | numbers

    def slope_penalty(self, real: Array, c: Array):
        """The penalty of `GAN`: the slope ∇D(x, c) is the one in x."""
        if not self.r1_weight or self.d_optimizer.steps % self.r1_every:
            return 0.0
        slope = r1_penalty(lambda x: self.D((x, c)), real)
        return self.r1_every * self.r1_weight / 2 * slope

    def joined(self, z: Array, c: Array) -> Array:
        """What G gets: z and CODE · c, (N, latent_size + conditions)."""
        return module_of(z).concatenate([z, self.CODE * c], axis=1)

    def codes(self, labels: np.ndarray | None, n: int) -> np.ndarray:
        """The conditions c (n, conditions) of integer labels (n,), or of attributes (n, conditions) from 0 to 1.

        None takes the labels 0, 1, 2 ... in turn, beginning again after the last one.
        """
        k = self.conditions
        labels = np.arange(n) % k if labels is None else np.asarray(labels)
        if labels.shape == (n,) and labels.dtype.kind in "iu" and labels.min() >= 0 and labels.max() < k:
            return np.eye(k, dtype=np.float32)[labels]
        if labels.shape == (n, k) and labels.dtype.kind in "biuf" and labels.min() >= 0 and labels.max() <= 1:
            return labels.astype(np.float32)
        expected = f"integers ({n},) from 0 to {k - 1}, or numbers ({n}, {k}) from 0 to 1"
        raise ValueError(
            f"{type(self).__name__}: labels of {labels.dtype} {labels.shape}, expected {expected}"
        )

    def generate(self, z: Array, c: Array | None = None):
        c = to_device(self.codes(None, len(z))) if c is None else c
        return self.average(self.joined(z, c))

    def sample(self, n: int, noise: np.ndarray | None = None, labels: np.ndarray | None = None) -> np.ndarray:
        """n images on the host, of `labels`, from `noise` (n, latent_size); see `codes` and `Model.sample`."""
        shape = (whole("sample", n=n), self.latent_size)
        return in_chunks(self.generate, latents(noise, shape), self.codes(labels, n))


class ProjectionDiscriminator(L.Layer):
    """(x, c), images (N, H, W, C) and conditions (N, conditions) -> logit (N, 1)."""

    def __init__(self, image_shape: Shape, width: int, conditions: int):
        pixels, activation = (image_shape[0] // 4) ** 2, L.LeakyReLU(0.2)
        halved = downsampling(image_shape[2], width, activation)  # (N, H/4, W/4, 2 · width)
        self.phi = L.Sequential(*halved, L.MinibatchStdDev(), L.Flatten())
        features = pixels * (2 * width + 1)
        self.psi = L.Dense(features, 1)
        self.V = L.Dense(conditions, features, use_bias=False)

    def __call__(self, x, training: bool = False):
        x, c = x
        phi = self.phi(x, training)  # (N, features)
        return sum(self.V(c) * phi, axis=1, keepdims=True) + self.psi(phi)  # (N, 1)
