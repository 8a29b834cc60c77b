"""The variational autoencoder: an encoder that answers a distribution, a decoder, and a bound on log p(x).

Chapter 9.8; read `losses` and `optimizers` before it.

Images are thought to come about in two steps: z is drawn from N(0, I), then x from p(x|z), which the
decoder G computes.  How likely an image is, log p(x), is an integral over all z, which nobody can do.  But for
every distribution q(z|x), here N(μ(x), diag σ²(x)) from the encoder E (Kingma and Welling 2014, equation 3),

    log p(x) >= ELBO(x) = E_q log p(x|z) - KL(q(z|x) || N(0, I)),

the evidence lower bound, and both networks maximise it.  The KL divergence is known in closed form (their
appendix B),

    KL = ½ Σ (μ² + σ² - 1 - log σ²)            over the dimensions of z,

and the expectation is taken at one z = μ + σ ε with ε from N(0, I), through which the gradient flows to μ and
σ: the reparameterisation.  p(x|z) is one of

    "bernoulli"  a pixel p in [0, 1] is the probability of white:  Σ p log σ(a) + (1 - p) log(1 - σ(a)),
                 with the logits a = G(z) and σ(a) the sigmoid
    "gaussian"   Σ -½ (x - m)²/s² - log s - ½ log 2π  with the means m = tanh(a) and the deviation s, a setting

summed over the pixels, in nats.  The numbers of the two cannot be compared: one is a probability, the other
a density.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from minigan.autograd import grad, no_grad
from minigan.backend import normal, to_device
from minigan.layers import (
    Conv2D,
    Conv2DTranspose,
    Dense,
    Flatten,
    Layer,
    ReLU,
    Reshape,
    Sequential,
)
from minigan.models.sampling import AT_ONCE, in_parts, sample_images
from minigan.ops import exp, mean, sigmoid, softplus, sum, tanh
from minigan.optimizers import Adam, Optimizer

LIKELIHOODS = ("bernoulli", "gaussian")


def kl_divergence(mu: Any, log_variance: Any) -> Any:
    """KL(N(μ, diag σ²) || N(0, I)) = ½ Σ (μ² + σ² - 1 - log σ²), in nats; (N, latent_size) -> (N,)."""
    return 0.5 * sum(mu * mu + exp(log_variance) - 1 - log_variance, axis=-1)


def reparameterise(mu: Any, log_variance: Any, epsilon: Any) -> Any:
    """z = μ + σ ε: a draw from N(μ, diag σ²) that can be differentiated in μ and σ."""
    return mu + exp(0.5 * log_variance) * epsilon


def log_likelihood(x: Any, logits: Any, likelihood: str, deviation: float) -> Any:
    """log p(x|z) in nats, summed over the pixels; x in [-1, 1] and logits a (N, H, W, C) -> (N,)."""
    if likelihood == "bernoulli":
        pixels = (x + 1) / 2
        pixelwise = pixels * logits - softplus(logits)  # p log σ(a) + (1 - p) log(1 - σ(a))
    else:
        error = (x - tanh(logits)) * (1 / deviation)
        pixelwise = -0.5 * error * error - (math.log(deviation) + 0.5 * math.log(2 * math.pi))
    return sum(pixelwise, axis=tuple(range(1, len(x.shape))))


class VAE:
    """E: x (N, image_size, image_size, colours) -> μ, log σ² (N, latent_size);  G: z -> logits of x.

    image_size  a multiple of 4
    width       channels of the layers next to the image; those further inside have twice as many
    likelihood  "bernoulli" or "gaussian", with `deviation` s
    Raises ValueError for another image_size or likelihood.
    """

    name = "vae"
    curves: ClassVar = {"ELBO, nats": ("elbo",), "its parts, nats": ("log_likelihood", "kl")}

    def __init__(
        self,
        image_size: int = 28,
        colours: int = 1,
        latent_size: int = 16,
        width: int = 32,
        likelihood: str = "bernoulli",
        deviation: float = 0.3,
        learning_rate: float = 1e-3,
    ) -> None:
        self.settings = {
            "image_size": image_size,
            "colours": colours,
            "latent_size": latent_size,
            "width": width,
            "likelihood": likelihood,
            "deviation": deviation,
            "learning_rate": learning_rate,
        }
        if likelihood not in LIKELIHOODS:
            raise ValueError(f"VAE: likelihood is {likelihood!r}, expected one of {', '.join(LIKELIHOODS)}")
        if latent_size < 1 or not deviation > 0:
            raise ValueError(
                f"VAE: latent_size is {latent_size} and deviation {deviation}, expected at least 1 and more than 0"
            )
        self.latent_size, self.likelihood, self.deviation = latent_size, likelihood, deviation
        self.E = encoder(image_size, colours, width, 2 * latent_size)
        self.G = decoder(latent_size, image_size, colours, width)
        self.parameters = self.E.parameters() + self.G.parameters()
        self.networks: dict[str, Layer] = {"encoder": self.E, "decoder": self.G}
        self.optimizers: dict[str, Optimizer] = {"both": Adam(self.parameters, learning_rate)}

    def train_step(self, images: np.ndarray) -> dict[str, Any]:
        """One step of both networks on a batch of images x (N, H, W, C)."""
        x = to_device(images)
        likelihood, kl = self.elbo_parts(x, normal((len(x), self.latent_size)))
        elbo = mean(likelihood - kl)
        self.optimizers["both"].step(grad(-elbo, self.parameters))
        return {"elbo": elbo.data, "log_likelihood": likelihood.data.mean(), "kl": kl.data.mean()}

    def elbo_parts(self, x: Any, epsilon: Any) -> tuple[Any, Any]:
        """log p(x|z) at z = μ + σ ε, and the KL divergence, of each image: (N,), (N,)."""
        mu, log_variance = self.posterior(x)
        logits = self.G(reparameterise(mu, log_variance, epsilon))  # (N, H, W, C)
        return log_likelihood(x, logits, self.likelihood, self.deviation), kl_divergence(mu, log_variance)

    def posterior(self, x: Any) -> tuple[Any, Any]:
        """μ and log σ² of q(z|x), (N, latent_size) each."""
        h = self.E(x)  # (N, 2 * latent_size)
        return h[:, : self.latent_size], h[:, self.latent_size :]

    def elbo(self, images: np.ndarray, seed: int = 0) -> float:
        """The mean ELBO of images (n, H, W, C) in nats, with one fixed ε for each of them."""
        size, colours = self.settings["image_size"], self.settings["colours"]
        if images.shape != (len(images), size, size, colours) or not len(images):
            raise ValueError(
                f"VAE.elbo: images have shape {images.shape}, expected (n, {size}, {size}, {colours}), n at least 1"
            )
        epsilon = np.random.default_rng(seed).standard_normal((len(images), self.latent_size), np.float32)
        total = 0.0
        with no_grad():
            for i in range(0, len(images), AT_ONCE):
                x, noise = to_device(images[i : i + AT_ONCE]), to_device(epsilon[i : i + AT_ONCE])
                likelihood, kl = self.elbo_parts(x, noise)
                total += float((likelihood - kl).sum())
        return total / len(images)

    def sample(self, n: int, noise: np.ndarray | None = None) -> np.ndarray:
        """n images (n, H, W, C) in [-1, 1], on the host; from `noise` (n, latent_size) if it is given.

        They are the means of p(x|z): drawing every pixel by itself would only add grain.
        """
        return sample_images(self._mean_image, self.latent_size, n, noise)

    def _mean_image(self, z: Any) -> Any:
        logits = self.G(z)
        return 2 * sigmoid(logits) - 1 if self.likelihood == "bernoulli" else tanh(logits)

    def encode(self, images: np.ndarray) -> np.ndarray:
        """μ(x) (n, latent_size) of images x (n, H, W, C), on the host."""
        return in_parts(lambda x: self.posterior(x)[0], images)

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """The mean image of p(x|z) at z = μ(x), for images x (n, H, W, C), on the host."""
        return self.sample(len(images), self.encode(images))


def encoder(image_size: int, colours: int, width: int, answers: int) -> Layer:
    if image_size < 4 or image_size % 4:
        raise ValueError(f"image_size is {image_size}, expected a multiple of 4")
    quarter, deep = image_size // 4, 2 * width
    return Sequential(
        Conv2D(colours, width, 4, strides=2, padding="same"),
        ReLU(),
        Conv2D(width, deep, 4, strides=2, padding="same"),
        ReLU(),
        Flatten(),
        Dense(quarter * quarter * deep, 256),
        ReLU(),
        Dense(256, answers),
    )


def decoder(latent_size: int, image_size: int, colours: int, width: int) -> Layer:
    quarter, deep = image_size // 4, 2 * width
    return Sequential(
        Dense(latent_size, 256),
        ReLU(),
        Dense(256, quarter * quarter * deep),
        ReLU(),
        Reshape((quarter, quarter, deep)),
        Conv2DTranspose(deep, width, 4, strides=2, padding="same"),
        ReLU(),
        Conv2DTranspose(width, colours, 4, strides=2, padding="same"),
    )
