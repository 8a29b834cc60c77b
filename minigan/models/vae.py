"""The variational autoencoder: an encoder that returns a distribution, a decoder, and a bound on log p(x).

Part III; read `losses`, `optimizers` and `dcgan` before it.

Images are thought to come about in two steps: z is drawn from N(0, I), then x from p(x|z), which the
decoder G computes.  How likely an image is, log p(x), is an integral over all z, which nobody can do.  But
for every q(z|x), here N(μ(x), diag σ²(x)) from the encoder E (Kingma and Welling 2014, equation 3),

    log p(x) >= ELBO(x) = E_q log p(x|z) - KL(q(z|x) || N(0, I)),

the evidence lower bound, and both networks maximise it.  The KL divergence is (their appendix B)

    KL = ½ Σ (μ² + σ² - 1 - log σ²)            over the dimensions of z,

and the expectation is taken at one z = μ + σ ε with ε from N(0, I), through which the gradient flows to μ and
σ: the reparameterisation.  p(x|z) is one of

    "bernoulli"  Σ p log σ(a) + (1 - p) log(1 - σ(a)): a pixel p in [0, 1] is the probability of white, a = G(z)
    "gaussian"   Σ -½ (x - m)²/s² - log s - ½ log 2π  with the means m = tanh(a) and the std s, a setting

summed over the pixels, in nats.  The two cannot be compared: one is a probability, the other a density.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from minigan import layers as L
from minigan.autograd import grad
from minigan.backend import Array, normal, to_device
from minigan.checks import choice, real, renamed, whole
from minigan.models.dcgan import downsampling, quarter_of
from minigan.models.model import Model, in_chunks
from minigan.ops import exp, mean, sigmoid, softplus, sum, tanh
from minigan.optimizers import Adam

LIKELIHOODS = ("bernoulli", "gaussian")


def kl_divergence(mu, log_variance):
    """KL(N(μ, diag σ²) || N(0, I)) in nats; (N, latent_size) -> (N,)."""
    return 0.5 * sum(mu * mu + exp(log_variance) - 1 - log_variance, axis=-1)


def reparameterise(mu, log_variance, epsilon):
    """z = μ + σ ε: a draw from N(μ, diag σ²)."""
    return mu + exp(0.5 * log_variance) * epsilon


def log_likelihood(x, logits, likelihood: str, std: float):
    """log p(x|z) in nats, summed over the pixels; x in [-1, 1] and logits a (N, H, W, C) -> (N,)."""
    if likelihood == "bernoulli":
        pixels = (x + 1) / 2
        pixelwise = pixels * logits - softplus(logits)  # p log σ(a) + (1 - p) log(1 - σ(a))
    else:
        error = (x - tanh(logits)) * (1 / std)
        pixelwise = -0.5 * error * error - (math.log(std) + 0.5 * math.log(2 * math.pi))
    return sum(pixelwise, axis=tuple(range(1, len(x.shape))))


@renamed(colours="channels", deviation="std")
@dataclass(kw_only=True, eq=False)
class VAE(Model):
    """E: x (N, image_size, image_size, channels) -> μ, log σ² (N, latent_size);  G: z -> logits of x."""

    image_size: int = 28  # a multiple of 4
    channels: int = 1
    latent_size: int = 16
    width: int = 32  # channels of the layers next to the image; those further inside have twice as many
    likelihood: str = "bernoulli"  # or "gaussian"
    std: float = 0.3  # s of the latter
    learning_rate: float = 1e-3

    name = "vae"
    curves: ClassVar = {"ELBO, nats": ("elbo",), "its parts, nats": ("log_likelihood", "kl")}
    image_shape = property(lambda self: (self.image_size, self.image_size, self.channels))
    E = property(lambda self: self.encoder)
    G = property(lambda self: self.decoder)

    def __post_init__(self) -> None:
        whole("VAE", channels=self.channels, width=self.width, latent_size=self.latent_size)
        choice("VAE", LIKELIHOODS, likelihood=self.likelihood)
        real("VAE", above=0, std=self.std, learning_rate=self.learning_rate)
        quarter, deep = quarter_of("VAE", self.image_shape), 2 * self.width
        self.encoder = L.Sequential(
            *downsampling(self.channels, self.width, L.ReLU()),  # (N, H/4, W/4, deep)
            L.Flatten(), L.Dense(quarter * quarter * deep, 256), L.ReLU(),
            L.Dense(256, 2 * self.latent_size),
        )  # fmt: skip
        self.decoder = L.Sequential(
            L.Dense(self.latent_size, 256), L.ReLU(),
            L.Dense(256, quarter * quarter * deep), L.ReLU(), L.Reshape((quarter, quarter, deep)),
            L.Conv2DTranspose(deep, self.width, 4, strides=2, padding="same"), L.ReLU(),
            L.Conv2DTranspose(self.width, self.channels, 4, strides=2, padding="same"),
        )  # fmt: skip
        self.optimizer = Adam(self.encoder.parameters() + self.decoder.parameters(), self.learning_rate)

    def train_step(self, images: np.ndarray) -> dict[str, Any]:
        """One step of both networks on a batch of images x (N, H, W, C)."""
        x = to_device(self.checked(images))
        likelihood, kl = self.elbo_parts(x, normal((len(x), self.latent_size)))
        elbo = mean(likelihood - kl)
        self.optimizer.step(grad(-elbo, self.optimizer.parameters))
        return {"elbo": elbo.data, "log_likelihood": likelihood.data.mean(), "kl": kl.data.mean()}

    def elbo_parts(self, x, epsilon):
        """log p(x|z) at z = μ + σ ε, and the KL divergence, of each image: (N,), (N,)."""
        mu, log_variance = self.posterior(x)
        logits = self.G(reparameterise(mu, log_variance, epsilon))  # (N, H, W, C)
        return log_likelihood(x, logits, self.likelihood, self.std), kl_divergence(mu, log_variance)

    def posterior(self, x):
        """μ and log σ² of q(z|x), (N, latent_size) each."""
        h = self.E(x)  # (N, 2 * latent_size)
        return h[:, : self.latent_size], h[:, self.latent_size :]

    def elbo(self, images: np.ndarray, seed: int = 0) -> float:
        """The mean ELBO of images (n, H, W, C) in nats, with one fixed ε for each of them."""
        images = self.checked(images)
        rng = np.random.default_rng(whole("VAE", least=0, seed=seed))
        epsilon = rng.standard_normal((len(images), self.latent_size), np.float32)

        def bound(x, epsilon):
            likelihood, kl = self.elbo_parts(x, epsilon)
            return likelihood - kl

        return float(in_chunks(bound, images, epsilon).sum()) / len(images)

    def generate(self, z: Array):
        """The means of p(x|z): drawing every pixel by itself would only add grain."""
        logits = self.G(z)
        return 2 * sigmoid(logits) - 1 if self.likelihood == "bernoulli" else tanh(logits)

    def encode(self, images: np.ndarray) -> np.ndarray:
        """μ(x) (n, latent_size) of images x (n, H, W, C), on the host."""
        return in_chunks(lambda x: self.posterior(x)[0], self.checked(images))

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """The mean image of p(x|z) at z = μ(x), for images x (n, H, W, C), on the host."""
        z = self.encode(images)
        return self.sample(len(z), z)
