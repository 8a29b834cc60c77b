"""AEGAN: a generator and an encoder, each the inverse of the other, each with a discriminator of its own.

Part III; read `gan` before it.

Four networks (Lazarou 2020, "Autoencoding Generative Adversarial Networks"):

    G    latent -> image          D_x  image  -> logit: is it real?
    E    image  -> latent         D_z  latent -> logit: is it normal noise?

From real images x and normal noise z come four things that are not real,

    x̂ = G(z),    ẑ = E(x),    x̃ = G(E(x)),    z̃ = E(G(z)),

and with  BCE(a, t) = -t log σ(a) - (1 - t) log(1 - σ(a))  the four networks minimise

    D_x    BCE(D_x(x), 0.95) + ½ BCE(D_x(x̂), 0.05) + ½ BCE(D_x(x̃), 0.05)
    D_z    BCE(D_z(z), 0.95) + ½ BCE(D_z(ẑ), 0.05) + ½ BCE(D_z(z̃), 0.05)
    G, E   λ_x (BCE(D_x(x̂), 1) + BCE(D_x(x̃), 1)) + λ_z (BCE(D_z(ẑ), 1) + BCE(D_z(z̃), 1))
           + λ_|x| mean |x - x̃| + λ_|z| mean (z - z̃)²

The last two lines are six terms, and their gradients flow

    D_x(x̂) -> G      D_z(ẑ) -> E      D_x(x̃), D_z(z̃), |x - x̃|, (z - z̃)² -> G and E

while to D_x and D_z, when they learn, all four are constants.  Without some of the terms the same step trains
four older models: KINDS.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from minigan import layers as L
from minigan.autograd import Tensor, grad
from minigan.backend import Array, normal, to_device
from minigan.checks import choice, instances, real, reals, renamed, whole
from minigan.losses import binary_cross_entropy, generator_loss, mean_absolute_error, mean_squared_error
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

#: what D_x and what D_z are shown beside the real thing, when these terms are on
IMAGES = {"generated image": "x_hat", "reconstructed image": "x_tilde"}
LATENTS = {"encoded latent": "z_hat", "recovered latent": "z_tilde"}

Networks = tuple[L.Layer, L.Layer, L.Layer, L.Layer]


class Cycle:
    """x̂, ẑ, x̃ and z̃ of a batch, each computed when it is first asked for."""

    def __init__(self, G, E, x, z):
        self.G, self.E, self.x, self.z = G, E, x, z

    x_hat = cached_property(lambda self: self.G(self.z, training=True))
    z_hat = cached_property(lambda self: self.E(self.x, training=True))
    x_tilde = cached_property(lambda self: self.G(self.z_hat, training=True))
    z_tilde = cached_property(lambda self: self.E(self.x_hat, training=True))


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

    image_size: int = 28  # a number that can be halved until at most 7 pixels are left
    channels: int = 1
    latent_size: int = 16
    width: int = 32  # channels next to the image; further inside there are twice and four times as many
    kind: str = "AEGAN"  # one of KINDS; what its terms do not need is None
    weights: tuple[float, float, float, float] = (1.0, 1.0, 10.0, 5.0)  # λ_x, λ_z, λ_|x|, λ_|z|
    learning_rates: tuple[float, float] = (1e-3, 1e-3)  # of G and E, of D_x and D_z, at the start
    decay_steps: int = 3120  # steps in which they fall to a twentieth
    smoothing: float = 0.05  # s: the targets of D_x and D_z are 1 - s and s instead of 1 and 0
    noise: float = 0.01  # standard deviation of the noise that E and D_x see on an image, D_z on a latent
    dropout: float = 0.005  # rate of the GaussianDropout after each layer of E, D_x and D_z
    average_decay: float = 0.995  # of the moving averages: the share of the old weights at each step
    four: InitVar[Networks | None] = None  # G, E, D_x and D_z, instead of those that `build` makes

    name = "aegan"
    G = property(lambda self: self.generator)
    E = property(lambda self: self.encoder)
    D_x = property(lambda self: self.image_discriminator)
    D_z = property(lambda self: self.latent_discriminator)

    def __post_init__(self, four: Networks | None) -> None:
        whole("AEGAN", image_size=self.image_size, channels=self.channels, width=self.width)
        whole("AEGAN", latent_size=self.latent_size, decay_steps=self.decay_steps)
        choice("AEGAN", KINDS, kind=self.kind)
        w_x, w_z, w_image, w_latent = reals("AEGAN", length=4, least=0, weights=self.weights)
        reals("AEGAN", length=2, above=0, learning_rates=self.learning_rates)
        real("AEGAN", least=0, below=0.5, smoothing=self.smoothing)
        real("AEGAN", least=0, below=1, average_decay=self.average_decay)
        real("AEGAN", least=0, noise=self.noise)
        real("AEGAN", least=0, below=1, dropout=self.dropout)
        self.image_shape = None if four is not None else (self.image_size, self.image_size, self.channels)
        weights = dict(zip(TERMS, (w_x, w_x, w_z, w_z, w_image, w_latent), strict=True))
        self.term_weights = {name: weights[name] for name in KINDS[self.kind]}

        four = self.build() if four is None else four
        self.generator, E, D_x, D_z = instances("AEGAN", L.Layer, 4, four=four)
        self.encoder = None if self.kind == "GAN" else E
        self.image_discriminator = D_x if self.term_weights.keys() & IMAGES.keys() else None
        self.latent_discriminator = D_z if self.term_weights.keys() & LATENTS.keys() else None
        self.average_generator = copy.deepcopy(self.generator)
        self.average_encoder = copy.deepcopy(self.encoder)
        g_rate, d_rate = self.learning_rates
        self.g_optimizer = self.adam(g_rate, self.generator, self.encoder)
        self.d_x_optimizer = self.adam(d_rate, self.image_discriminator)
        self.d_z_optimizer = self.adam(d_rate, self.latent_discriminator)

    def build(self) -> Networks:
        sizes, widths = sizes_and_widths(self.image_size, self.channels, self.width)
        return (
            generator(self.latent_size, sizes, widths),
            image_reader(sizes, widths, self.latent_size, self.noise, self.dropout),
            image_reader(sizes, widths, 1, self.noise, self.dropout),
            latent_discriminator(self.latent_size, self.noise, self.dropout),
        )

    def adam(self, rate: float, *networks: L.Layer | None):
        """With the settings of the paper's code; None if there is nothing to train."""
        parameters = [p for network in networks if network for p in network.parameters()]
        schedule = linear_decay(rate, self.decay_steps, final=0.05)
        return Adam(parameters, schedule, beta_1=0.5, clip_norm=1.0) if parameters else None

    def train_step(self, images: Array) -> dict[str, Any]:
        """One step of D_x, one of D_z, and one of G and E together, on a batch of real images x."""
        x = to_device(self.checked(images))
        z = normal((len(x), self.latent_size))
        cycle = Cycle(self.G, self.E, x, z)
        numbers: dict[str, Any] = {}

        # D_x and D_z learn to tell real from fake.
        if self.D_x:
            fakes = [getattr(cycle, IMAGES[name]) for name in self.term_weights if name in IMAGES]
            numbers["image discriminator"] = self.discriminate(self.D_x, self.d_x_optimizer, x, fakes)
        if self.D_z:
            fakes = [getattr(cycle, LATENTS[name]) for name in self.term_weights if name in LATENTS]
            numbers["latent discriminator"] = self.discriminate(self.D_z, self.d_z_optimizer, z, fakes)

        # G and E learn from the terms that are on.  Only the gradient of G and E is asked for.
        losses = six_terms(cycle, self.D_x, self.D_z)
        terms = {name: losses[name]() for name in self.term_weights}
        loss: Any = sum(weight * terms[name] for name, weight in self.term_weights.items())
        self.g_optimizer.step(grad(loss, self.g_optimizer.parameters))

        decay = warm_up(self.average_decay, self.g_optimizer.steps)
        update_ema(self.average_generator, self.G, decay)
        if self.average_encoder:
            update_ema(self.average_encoder, self.E, decay)
        return numbers | {name: value.data for name, value in terms.items()}

    def discriminate(self, D: L.Layer, optimizer: Adam, real: Array, fakes: Sequence[Tensor]) -> Array:
        """One step of a discriminator, and its loss.  `fake.data` is an array, a constant: it stops there."""
        loss = binary_cross_entropy(D(real, training=True), 1 - self.smoothing)
        for fake in fakes:
            logits = D(fake.data, training=True)
            loss = loss + binary_cross_entropy(logits, self.smoothing) * (1 / len(fakes))
        optimizer.step(grad(loss, D.parameters()))
        return loss.data

    @property
    def curves(self) -> dict[str, tuple[str, ...]]:  # type: ignore[override]
        errors = tuple(name for name in self.term_weights if name.endswith("error"))
        adversarial = tuple(name for name in self.term_weights if not name.endswith("error"))
        both = {"image discriminator": self.D_x, "latent discriminator": self.D_z}
        discriminators = tuple(name for name, D in both.items() if D)
        return {"errors": errors, "adversarial terms": adversarial, "discriminators": discriminators}

    def generate(self, z: Array):
        return self.average_generator(z)

    def encode(self, images: Array) -> Array:
        """E(x) (n, latent_size) of images x (n, H, W, C), on the host."""
        if self.average_encoder is None:
            raise ValueError("AEGAN: kind 'GAN' has no encoder")
        return in_chunks(self.average_encoder, self.checked(images))

    def reconstruct(self, images: Array) -> Array:
        """G(E(x)) of images x (n, H, W, C), on the host."""
        z = self.encode(images)
        return self.sample(len(z), z)


# --- The networks: convolutions, and a D_z that grows ----------------------------------------------------


def sizes_and_widths(image_size: int, channels: int, width: int) -> tuple[list[int], list[int]]:
    """28, 1, 32 -> [28, 14, 7], [1, 32, 64]: from the image to the innermost layer."""
    sizes, widths = [image_size], [channels]
    while len(sizes) == 1 or sizes[-1] > 7:
        if sizes[-1] % 2 or sizes[-1] < 2:
            expected = "a number to be halved until at most 7 remain"
            raise ValueError(f"AEGAN: image_size is {image_size}, expected {expected}")
        widths.append(width * min(2 ** (len(sizes) - 1), 4))
        sizes.append(sizes[-1] // 2)
    return sizes, widths


def generator(latent_size: int, sizes: list[int], widths: list[int]) -> L.Layer:
    size, width = sizes[-1], widths[-1]
    layers: list[L.Layer] = [L.Dense(latent_size, size**2 * width), L.Reshape((size, size, width))]
    for n_in, n_out in pairwise(reversed(widths)):
        larger = L.Conv2DTranspose(n_in, n_out, 4, strides=2, padding="same")
        layers += [L.LayerNormalization(n_in), L.ReLU(), larger]
    return L.Sequential(*layers, L.Tanh())


def image_reader(
    sizes: list[int], widths: list[int], out_features: int, noise: float, dropout: float
) -> L.Layer:
    """E returns latent_size numbers, D_x one; otherwise they have the same layers."""
    layers: list[L.Layer] = [L.GaussianNoise(noise)]
    for n_in, n_out in pairwise(widths):
        smaller = L.Conv2D(n_in, n_out, 4, strides=2, padding="same")
        layers += [smaller, L.LayerNormalization(n_out), L.LeakyReLU(0.02), L.GaussianDropout(dropout)]
    return L.Sequential(*layers, L.Flatten(), L.Dense(sizes[-1] ** 2 * widths[-1], out_features))


class Grow(L.Layer):
    """y = [x, LeakyReLU(x W + b)]: `units` more features beside those that came (Huang et al. 2017)."""

    def __init__(self, in_features: int, units: int, dropout: float):
        self.dense = L.Dense(in_features, units)
        self.activation, self.dropout = L.LeakyReLU(0.02), L.GaussianDropout(dropout)

    def __call__(self, x, training: bool = False):
        new = self.dropout(self.activation(self.dense(x)), training)
        return concatenate([x, new], axis=-1)  # (N, in_features + units)


def latent_discriminator(latent_size: int, noise: float, dropout: float) -> L.Layer:
    layers = [Grow(latent_size + 32 * i, 32, dropout) for i in range(4)]
    return L.Sequential(L.GaussianNoise(noise), *layers, L.Dense(latent_size + 4 * 32, 1))
