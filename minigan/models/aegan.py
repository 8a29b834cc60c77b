"""AEGAN: a generator and an encoder, each the inverse of the other, each with a discriminator of its own.

Part III; read `gan` and `dcgan` before it.

Four networks (Lazarou 2020, "Autoencoding Generative Adversarial Networks"):

    G    latent -> image          D_x  image  -> logit: is it real?
    E    image  -> latent         D_z  latent -> logit: is it drawn from the prior p(z)?

From real images x and latents z from the prior come four things that are not real,

    x̂ = G(z),    ẑ = E(x),    x̃ = G(E(x)),    z̃ = E(G(z)),

and with  BCE(a, t) = -t log σ(a) - (1 - t) log(1 - σ(a))  the four networks minimise

    D_x    BCE(D_x(x), 1) + (1 - s) BCE(D_x(x̂), 0) + s BCE(D_x(x̃), 0)
    D_z    BCE(D_z(z), 1) +       ½ BCE(D_z(ẑ), 0) + ½ BCE(D_z(z̃), 0)
    G, E   λ_x (BCE(D_x(x̂), 1) + BCE(D_x(x̃), 1)) + λ_z (BCE(D_z(ẑ), 1) + BCE(D_z(z̃), 1))
           + λ_|x| mean |x - x̃| + λ_|z| mean (z - z̃)²

The last two lines are six terms, and their gradients flow

    D_x(x̂) -> G      D_z(ẑ) -> E      D_x(x̃), D_z(z̃), |x - x̃|, (z - z̃)² -> G and E

while to D_x and D_z, when they learn, all four are constants.  With some of the terms only it is an older model:
KINDS.  It departs from the paper (docs/aegan.md says why, examples/paper_aegan.py is the paper's form):

* The prior begins with a choice between categories (ClusterGAN), and E ends with the soft form of one.
* G draws x̂ and x̃ in one call, so that batch normalization has one set of statistics for both.
* λ = 1, 1, 3, 1 and s = 0.2 instead of 1, 1, 10, 5 and ½.
* G, D_x, the penalty on the slopes of both D and Adam are as in the DCGAN; E and D_z have lower rates.
"""

import copy
from collections.abc import Callable
from dataclasses import InitVar, dataclass
from functools import cached_property
from typing import Any

from minigan import layers as L
from minigan.autograd import Tensor, grad
from minigan.backend import Array, normal, to_device
from minigan.checks import choice, instances, real, reals, renamed, whole
from minigan.losses import (
    binary_cross_entropy,
    generator_loss,
    mean_absolute_error,
    mean_squared_error,
    r1_penalty,
)
from minigan.models.categorical import CategoricalCode, SoftCategoricalCode
from minigan.models.dcgan import discriminator, generator, quarter_of
from minigan.models.model import Model, in_chunks
from minigan.ops import concatenate
from minigan.optimizers import Adam, linear_decay, update_ema, warm_up

#: the six terms of the loss of G and E, in the order of the equation
TERMS = (
    "generated image", "reconstructed image", "encoded latent", "recovered latent",
    "image error", "latent error",
)  # fmt: skip

#: kind of model -> the terms that are switched on
KINDS = {
    "AE": ("image error",),  # an autoencoder
    "GAN": ("generated image",),
    "AAE": ("encoded latent", "image error"),  # an adversarial autoencoder (Makhzani et al. 2015)
    "EGAN": ("generated image", "latent error"),  # a GAN and an encoder that reads its noise off the image
    "AEGAN": TERMS,
}

Networks = tuple[L.Layer, L.Layer, L.Layer, L.Layer]


class Cycle:
    """x̂, ẑ, x̃ and z̃ of a batch, each computed when it is first asked for; x̂ and x̃ together if `both`."""

    def __init__(self, G, E, x, z, both=True):
        self.G, self.E, self.x, self.z, self.both = G, E, x, z, both

    z_hat = cached_property(lambda c: c.E(c.x, training=True))
    z_tilde = cached_property(lambda c: c.E(c.x_hat, training=True))
    drawn = cached_property(lambda c: c.G(concatenate([c.z, c.z_hat]), training=True))
    x_hat = cached_property(lambda c: c.drawn[: len(c.x)] if c.both else c.G(c.z, training=True))
    x_tilde = cached_property(lambda c: c.drawn[len(c.x) :] if c.both else c.G(c.z_hat, training=True))


def six_terms(c: Cycle, D_x, D_z) -> dict[str, Callable]:
    """The terms of the loss of G and E without their weights, each computed when it is called."""
    return {
        "generated image": lambda: generator_loss(D_x(c.x_hat, training=True)),
        "reconstructed image": lambda: generator_loss(D_x(c.x_tilde, training=True)),
        "encoded latent": lambda: generator_loss(D_z(c.z_hat, training=True)),
        "recovered latent": lambda: generator_loss(D_z(c.z_tilde, training=True)),
        "image error": lambda: mean_absolute_error(c.x_tilde, c.x),
        "latent error": lambda: mean_squared_error(c.z_tilde, c.z),
    }


@renamed(colours="channels")
@dataclass(kw_only=True, eq=False)
class AEGAN(Model):
    """G, E: z (N, latent_size) <-> x (N, image_size, image_size, channels);  D_x, D_z -> one logit (N, 1)."""

    image_size: int = 28  # a multiple of 4
    channels: int = 1
    latent_size: int = 32
    categories: int = 20  # of the one-hot code that z begins with; 0 for none
    width: int = 32  # channels of the layers next to the image; those further inside have twice as many
    kind: str = "AEGAN"  # one of KINDS; what its terms do not need is None
    weights: tuple[float, float, float, float] = (1.0, 1.0, 3.0, 1.0)  # λ_x, λ_z, λ_|x|, λ_|z|
    reconstructed_share: float = 0.2  # s
    learning_rates: tuple[float, float, float, float] = (5e-3, 1e-3, 2.5e-3, 1e-3)  # of G, E, D_x, D_z
    decay_steps: int = 2808  # steps in which they fall to a twentieth
    r1_weights: tuple[float, float] = (0.5, 0.1)  # γ of D_x and of D_z, as in `gan`
    r1_every: int = 8
    smoothing: float = 0.0  # the targets of D_x and D_z are 1 - smoothing and smoothing, not 1 and 0
    average_decay: float = 0.995  # of the moving averages: the share of the old weights at each step
    four: InitVar[Networks | None] = None  # G, E, D_x and D_z, instead of those that `build` makes

    name = "aegan"
    G = property(lambda self: self.generator)
    E = property(lambda self: self.encoder)
    D_x = property(lambda self: self.image_discriminator)
    D_z = property(lambda self: self.latent_discriminator)

    def __post_init__(self, four: Networks | None) -> None:
        self.check_settings()
        self.image_shape = None if four is not None else (self.image_size, self.image_size, self.channels)
        w_x, w_z, w_image, w_latent = self.weights
        weights = dict(zip(TERMS, (w_x, w_x, w_z, w_z, w_image, w_latent), strict=True))
        self.term_weights = {name: weights[name] for name in KINDS[self.kind]}

        four = self.build() if four is None else four
        self.generator, E, D_x, D_z = instances("AEGAN", L.Layer, 4, four=four)
        self.encoder = None if self.kind == "GAN" else E
        self.image_discriminator = D_x if "generated image" in self.term_weights else None
        self.latent_discriminator = D_z if "encoded latent" in self.term_weights else None
        self.average_generator = copy.deepcopy(self.generator)
        self.average_encoder: Any = copy.deepcopy(self.encoder)
        g_rate, e_rate, d_x_rate, d_z_rate = self.learning_rates
        self.g_optimizer = self.adam(self.G, g_rate)
        self.e_optimizer = self.adam(self.E, e_rate, beta_1=0.5)
        self.d_x_optimizer = self.adam(self.D_x, d_x_rate)
        self.d_z_optimizer = self.adam(self.D_z, d_z_rate)

    def check_settings(self) -> None:
        whole("AEGAN", image_size=self.image_size, channels=self.channels, width=self.width)
        whole("AEGAN", latent_size=self.latent_size, decay_steps=self.decay_steps, r1_every=self.r1_every)
        real("AEGAN", most=self.latent_size, categories=whole("AEGAN", least=0, categories=self.categories))
        choice("AEGAN", KINDS, kind=self.kind)
        reals("AEGAN", length=4, least=0, weights=self.weights)
        reals("AEGAN", length=2, least=0, r1_weights=self.r1_weights)
        reals("AEGAN", length=4, above=0, learning_rates=self.learning_rates)
        real("AEGAN", least=0, below=0.5, smoothing=self.smoothing)
        real("AEGAN", least=0, most=1, reconstructed_share=self.reconstructed_share)
        real("AEGAN", least=0, below=1, average_decay=self.average_decay)

    def adam(self, network: L.Layer | None, rate: float, beta_1: float = 0.0) -> Any:
        schedule = linear_decay(rate, self.decay_steps, final=0.05)
        return Adam(network.parameters(), schedule, beta_1, 0.99) if network else None

    def prior(self, z):
        """Normal noise (N, latent_size) whose first numbers have become a choice between the categories."""
        return CategoricalCode(self.categories)(z) if self.categories else z

    def train_step(self, images: Array) -> dict[str, Any]:
        """One step of D_x, one of D_z, and one of G and E together, on a batch of real images x."""
        x = to_device(self.checked(images))
        z = self.prior(normal((len(x), self.latent_size)))
        both, s, numbers = self.kind == "AEGAN", self.reconstructed_share, {}
        c = Cycle(self.G, self.E, x, z, both)

        # D_x and D_z learn to tell real from fake.
        if self.D_x:
            fakes = [(1 - s, c.x_hat), (s, c.x_tilde)] if both else [(1.0, c.x_hat)]
            numbers["image discriminator"] = self.discriminate(self.D_x, self.d_x_optimizer, x, fakes)
        if self.D_z:
            fakes = [(0.5, c.z_hat), (0.5, c.z_tilde)] if both else [(1.0, c.z_hat)]
            numbers["latent discriminator"] = self.discriminate(self.D_z, self.d_z_optimizer, z, fakes)

        # G and E learn from the terms that are on.  Only the gradient of G and E is asked for.
        losses = six_terms(c, self.D_x, self.D_z)
        terms = {name: losses[name]() for name in self.term_weights}
        loss: Any = sum(weight * terms[name] for name, weight in self.term_weights.items())
        of_g, of_e = (network.parameters() if network else [] for network in (self.G, self.E))
        gradients = grad(loss, of_g + of_e)
        self.g_optimizer.step(gradients[: len(of_g)])
        decay = warm_up(self.average_decay, self.g_optimizer.steps)
        update_ema(self.average_generator, self.G, decay)
        if self.encoder:
            self.e_optimizer.step(gradients[len(of_g) :])
            update_ema(self.average_encoder, self.encoder, decay)
        return numbers | {name: value.data for name, value in terms.items()}

    def discriminate(self, D, optimizer, real: Array, fakes: list[tuple[float, Tensor]]) -> Array:
        """One step of a discriminator, and its loss.  `fake.data` is an array, a constant: it stops there."""
        loss = binary_cross_entropy(D(real, training=True), 1 - self.smoothing)
        for share, fake in fakes:
            loss = loss + share * binary_cross_entropy(D(fake.data, training=True), self.smoothing)
        r1_weight, value = self.r1_weights[0 if D is self.D_x else 1], loss.data
        if r1_weight and optimizer.steps % self.r1_every == 0:
            loss = loss + self.r1_every * r1_weight / 2 * r1_penalty(D, real)
        optimizer.step(grad(loss, D.parameters()))
        return value

    @property
    def curves(self) -> dict[str, tuple[str, ...]]:  # type: ignore[override]
        errors = tuple(name for name in self.term_weights if name.endswith("error"))
        others = tuple(name for name in self.term_weights if name not in errors)
        networks = (("image discriminator", self.D_x), ("latent discriminator", self.D_z))
        discriminators = tuple(name for name, network in networks if network)
        return {"errors": errors, "adversarial terms": others, "discriminators": discriminators}

    def generate(self, z: Array):
        return self.average_generator(self.prior(z))

    def encode(self, images: Array) -> Array:
        """E(x) (n, latent_size) of images x (n, H, W, C), on the host."""
        if self.average_encoder is None:
            raise ValueError("AEGAN: kind 'GAN' has no encoder")
        return in_chunks(self.average_encoder, self.checked(images))

    def decode(self, latents: Array) -> Array:
        """G(z) of latents z (n, latent_size) as E returns them, on the host."""
        return in_chunks(self.average_generator, latents)

    def reconstruct(self, images: Array) -> Array:
        """G(E(x)) of images x (n, H, W, C), on the host."""
        return self.decode(self.encode(images))

    def build(self) -> Networks:
        """G and D_x are those of the DCGAN; E is D_x with batch normalization and a wider hidden layer."""
        image = self.image_size, self.image_size, self.channels
        width, size, hidden = self.width, self.latent_size, 4 * self.width
        features = quarter_of("AEGAN", image) ** 2 * 2 * width
        leaky = L.LeakyReLU(0.2)
        E = L.Sequential(
            L.Conv2D(self.channels, width, 4, strides=2, padding="same"), leaky,
            L.Conv2D(width, 2 * width, 4, strides=2, padding="same", use_bias=False),
            L.BatchNormalization(2 * width), leaky, L.Flatten(), L.Dense(features, hidden, use_bias=False),
            L.BatchNormalization(hidden), leaky, L.Dense(hidden, size),
            *([SoftCategoricalCode(self.categories)] if self.categories else []),
        )  # fmt: skip
        D_z = L.Sequential(L.Dense(size, 64), leaky, L.Dense(64, 64), leaky, L.Dense(64, 1))
        return generator("AEGAN", size, image, width), E, discriminator(image, width), D_z
