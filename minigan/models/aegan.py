"""AEGAN: a generator and an encoder, each the inverse of the other, each with a discriminator of its own.

Chapter 9.6; read `gan` before it.

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

while to D_x and D_z, when they learn, all four are constants.  With some of the terms left out the same
step trains four older models; see KINDS.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from minigan.autograd import Tensor, grad
from minigan.backend import normal, to_device
from minigan.layers import (
    Conv2D,
    Conv2DTranspose,
    Dense,
    Flatten,
    GaussianDropout,
    GaussianNoise,
    Layer,
    LayerNormalization,
    LeakyReLU,
    ReLU,
    Reshape,
    Sequential,
    Tanh,
)
from minigan.losses import binary_cross_entropy, generator_loss, mean_absolute_error, mean_squared_error
from minigan.models.sampling import in_parts, sample_images
from minigan.ops import concatenate
from minigan.optimizers import Adam, Optimizer, move_average

#: what D_x and what D_z is shown beside the real thing
IMAGES = {"generated image": lambda four: four.x_hat, "reconstructed image": lambda four: four.x_tilde}
LATENTS = {"encoded latent": lambda four: four.z_hat, "recovered latent": lambda four: four.z_tilde}

#: the six terms of the loss of G and E, and the place of their weight in `weights`
TERMS = {
    "generated image": 0,  # D_x(x̂)
    "reconstructed image": 0,  # D_x(x̃)
    "encoded latent": 1,  # D_z(ẑ)
    "recovered latent": 1,  # D_z(z̃)
    "image error": 2,  # |x - x̃|
    "latent error": 3,  # (z - z̃)²
}

#: kind of model -> the terms that are switched on
KINDS = {
    "AE": ("image error",),  # an autoencoder
    "GAN": ("generated image",),
    "AAE": ("encoded latent", "image error"),  # an adversarial autoencoder (Makhzani et al. 2015)
    "EGAN": ("generated image", "latent error"),  # a GAN and an encoder that reads its noise off the image
    "AEGAN": tuple(TERMS),
}


class Four:
    """x̂, ẑ, x̃ and z̃ of a batch, each computed when it is first asked for."""

    def __init__(self, G: Layer, E: Layer, x: Any, z: Any) -> None:
        self.G, self.E, self.x, self.z = G, E, x, z

    x_hat = cached_property(lambda self: self.G(self.z, training=True))
    z_hat = cached_property(lambda self: self.E(self.x, training=True))
    x_tilde = cached_property(lambda self: self.G(self.z_hat, training=True))
    z_tilde = cached_property(lambda self: self.E(self.x_hat, training=True))


def term(name: str, four: Four, D_x: Layer, D_z: Layer) -> Any:
    """One of the six terms of the loss of G and E, without its weight."""
    if name in IMAGES:
        return generator_loss(D_x(IMAGES[name](four), training=True))
    if name in LATENTS:
        return generator_loss(D_z(LATENTS[name](four), training=True))
    if name == "image error":
        return mean_absolute_error(four.x_tilde, four.x)
    return mean_squared_error(four.z_tilde, four.z)


class FourNetworks:
    """The training step of AEGAN, for networks of any shape.

    G, E, D_x, D_z  z (N, latent_size) -> x,  x -> z,  x -> one logit (N, 1),  z -> one logit (N, 1)
    kind            the terms that are on: one of KINDS.  What a kind does not need is not trained
    weights         λ_x, λ_z, λ_|x| and λ_|z|
    learning_rates  of G and E, which share an optimizer, and of D_x and D_z, at the start
    decay_steps     steps over which they fall to FLOOR times that; they stay there afterwards
    smoothing       s: the targets of D_x and D_z are 1 - s and s instead of 1 and 0
    average_decay   of the moving averages of G and E: the share of the old weights at each step

    Raises ValueError for another kind.
    """

    FLOOR = 0.05

    def __init__(
        self,
        G: Layer,
        E: Layer,
        D_x: Layer,
        D_z: Layer,
        latent_size: int,
        kind: str = "AEGAN",
        weights: tuple[float, float, float, float] = (1.0, 1.0, 10.0, 5.0),
        learning_rates: tuple[float, float] = (2e-4, 5e-4),
        decay_steps: int = 3000,
        smoothing: float = 0.05,
        average_decay: float = 0.995,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"AEGAN: kind is {kind!r}, expected one of {', '.join(KINDS)}")
        self.G, self.E, self.D_x, self.D_z = G, E, D_x, D_z
        self.latent_size, self.kind = latent_size, kind
        self.weights = {name: weights[TERMS[name]] for name in KINDS[kind]}
        self.image_fakes = [fake for name, fake in IMAGES.items() if name in self.weights]
        self.latent_fakes = [fake for name, fake in LATENTS.items() if name in self.weights]
        self.learning_rates, self.decay_steps = learning_rates, decay_steps
        self.smoothing, self.average_decay = smoothing, average_decay

        self.learners: dict[str, Layer] = (
            {"generator": G} if kind == "GAN" else {"generator": G, "encoder": E}
        )
        self.parameters = [p for network in self.learners.values() for p in network.parameters()]
        self.averages = {name: copy.deepcopy(network) for name, network in self.learners.items()}
        self.networks = self.learners | {f"average {name}": part for name, part in self.averages.items()}
        self.optimizers: dict[str, Optimizer] = {"generator": adam(self.parameters, learning_rates[0])}
        for name, D, fakes in (
            ("image discriminator", D_x, self.image_fakes),
            ("latent discriminator", D_z, self.latent_fakes),
        ):
            if fakes:
                self.networks[name] = D
                self.optimizers[name] = adam(D.parameters(), learning_rates[1])

    def train_step(self, images: np.ndarray) -> dict[str, Any]:
        """One step of D_x, one of D_z, and one of G and E together, on a batch of real images x."""
        self._decay_learning_rates()
        x = to_device(images)
        z = normal((len(x), self.latent_size))
        four = Four(self.G, self.E, x, z)
        metrics: dict[str, Any] = {}

        # D_x and D_z learn to tell real from fake.
        if self.image_fakes:
            metrics |= self._judge("image discriminator", x, [fake(four) for fake in self.image_fakes])
        if self.latent_fakes:
            metrics |= self._judge("latent discriminator", z, [fake(four) for fake in self.latent_fakes])

        # G and E learn from the terms that are on.  Only the gradient of G and E is asked for.
        terms = {name: term(name, four, self.D_x, self.D_z) for name in self.weights}
        loss: Any = sum(weight * terms[name] for name, weight in self.weights.items())
        self.optimizers["generator"].step(grad(loss, self.parameters))

        # Early on, the averages forget faster: their first weights are noise.
        step = self.optimizers["generator"].steps
        for name, average in self.averages.items():
            move_average(average, self.learners[name], min(self.average_decay, step / (9 + step)))
        return metrics | {name: value.data for name, value in terms.items()}

    def _judge(self, name: str, real: Any, fakes: Sequence[Tensor]) -> dict[str, Any]:
        """One step of a discriminator.  `fake.data` is an array, a constant: the step stops there."""
        D = self.networks[name]
        loss = binary_cross_entropy(D(real, training=True), 1 - self.smoothing)
        for fake in fakes:
            logits = D(fake.data, training=True)
            loss = loss + binary_cross_entropy(logits, self.smoothing) * (1 / len(fakes))
        self.optimizers[name].step(grad(loss, D.parameters()))
        return {name: loss.data}

    def _decay_learning_rates(self) -> None:
        for name, optimizer in self.optimizers.items():
            start = self.learning_rates[0 if name == "generator" else 1]
            optimizer.learning_rate = start * max(1 - optimizer.steps / self.decay_steps, self.FLOOR)

    def sample(self, n: int, noise: np.ndarray | None = None) -> np.ndarray:
        """n images (n, H, W, C) in [-1, 1], on the host; from `noise` (n, latent_size) if it is given."""
        return sample_images(self.averages["generator"], self.latent_size, n, noise)

    def encode(self, images: np.ndarray) -> np.ndarray:
        """E(x) (n, latent_size) of images x (n, H, W, C), on the host."""
        return in_parts(self.averages["encoder"], images)

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """G(E(x)) of images x (n, H, W, C), on the host."""
        return self.sample(len(images), self.encode(images))


def adam(parameters: Sequence[Tensor], learning_rate: float) -> Adam:
    """With the settings of the paper's code."""
    return Adam(parameters, learning_rate, beta_1=0.5, clip_norm=1.0)


class AEGAN(FourNetworks):
    """G, E: z (N, latent_size) <-> x (N, image_size, image_size, colours), convolutional.

    image_size  28, 32, 64 or another number that can be halved until at most 7 pixels are left
    width       channels of the layers next to the image; each layer further inside has twice as many,
                up to four times
    noise       standard deviation of the noise that E and D_x see on an image, and D_z on a latent
    dropout     rate of the GaussianDropout after each layer of E, D_x and D_z
    The other arguments are those of `FourNetworks`.
    """

    name = "aegan"

    def __init__(
        self,
        image_size: int = 28,
        colours: int = 1,
        latent_size: int = 16,
        width: int = 32,
        kind: str = "AEGAN",
        weights: tuple[float, float, float, float] = (1.0, 1.0, 10.0, 5.0),
        learning_rates: tuple[float, float] = (1e-3, 1e-3),
        decay_steps: int = 3120,
        smoothing: float = 0.05,
        noise: float = 0.01,
        dropout: float = 0.005,
        average_decay: float = 0.995,
    ) -> None:
        self.settings = {
            "image_size": image_size,
            "colours": colours,
            "latent_size": latent_size,
            "width": width,
            "kind": kind,
            "weights": weights,
            "learning_rates": learning_rates,
            "decay_steps": decay_steps,
            "smoothing": smoothing,
            "noise": noise,
            "dropout": dropout,
            "average_decay": average_decay,
        }
        super().__init__(
            generator(latent_size, image_size, colours, width),
            image_reader(image_size, colours, width, latent_size, noise, dropout),
            image_reader(image_size, colours, width, 1, noise, dropout),
            latent_discriminator(latent_size, noise, dropout),
            latent_size,
            kind,
            weights,
            learning_rates,
            decay_steps,
            smoothing,
            average_decay,
        )
        self.curves = {
            "errors": tuple(t for t in self.weights if TERMS[t] > 1),
            "adversarial terms": tuple(t for t in self.weights if TERMS[t] < 2),
            "discriminators": tuple(name for name in self.optimizers if name != "generator"),
        }


def sizes_and_channels(image_size: int, colours: int, width: int) -> tuple[list[int], list[int]]:
    """28, 1, 32 -> [28, 14, 7], [1, 32, 64]: from the image to the innermost layer."""
    sizes, channels = [image_size], [colours]
    while len(sizes) == 1 or sizes[-1] > 7:
        if sizes[-1] % 2 or sizes[-1] < 2:
            raise ValueError(
                f"image_size is {image_size}, expected a number that can be halved until at most 7 are left"
            )
        channels.append(width * min(2 ** (len(sizes) - 1), 4))
        sizes.append(sizes[-1] // 2)
    return sizes, channels


def generator(latent_size: int, image_size: int, colours: int, width: int) -> Layer:
    sizes, channels = sizes_and_channels(image_size, colours, width)
    layers: list[Layer] = [
        Dense(latent_size, sizes[-1] ** 2 * channels[-1]),
        Reshape((sizes[-1], sizes[-1], channels[-1])),
    ]
    for n_in, n_out in pairwise(reversed(channels)):
        layers += [
            LayerNormalization(n_in),
            ReLU(),
            Conv2DTranspose(n_in, n_out, 4, strides=2, padding="same"),
        ]
    return Sequential(*layers, Tanh())


def image_reader(
    image_size: int, colours: int, width: int, answers: int, noise: float, dropout: float
) -> Layer:
    """E answers latent_size numbers, D_x one; otherwise they have the same layers."""
    sizes, channels = sizes_and_channels(image_size, colours, width)
    layers: list[Layer] = [GaussianNoise(noise)]
    for n_in, n_out in pairwise(channels):
        layers += [
            Conv2D(n_in, n_out, 4, strides=2, padding="same"),
            LayerNormalization(n_out),
            LeakyReLU(0.02),
            GaussianDropout(dropout),
        ]
    return Sequential(*layers, Flatten(), Dense(sizes[-1] ** 2 * channels[-1], answers))


class Grow(Layer):
    """y = [x, LeakyReLU(x W + b)]: `units` more features beside those that came (Huang et al. 2017)."""

    def __init__(self, in_features: int, units: int, dropout: float) -> None:
        self.dense = Dense(in_features, units)
        self.activation, self.dropout = LeakyReLU(0.02), GaussianDropout(dropout)

    def __call__(self, x: Any, training: bool = False) -> Any:
        new = self.dropout(self.activation(self.dense(x)), training)
        return concatenate([x, new], axis=-1)  # (N, in_features + units)


def latent_discriminator(
    latent_size: int, noise: float, dropout: float, depth: int = 4, units: int = 32
) -> Layer:
    layers: list[Layer] = [Grow(latent_size + i * units, units, dropout) for i in range(depth)]
    return Sequential(GaussianNoise(noise), *layers, Dense(latent_size + depth * units, 1))
