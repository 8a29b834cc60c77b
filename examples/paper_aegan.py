"""AEGAN with the settings and the networks of its paper, to compare with: for `aegan_claim.py`.

What differs from `minigan/models/aegan.py`, after the paper (Lazarou 2020) and the code of its author: z is normal,
λ = 1, 1, 10, 5, s = ½, targets of 0.95 and 0.05, no penalty on D's slope, layer normalization, noise and dropout in
E, D_x and D_z, a D_z that grows, and Adam with β = 0.5, 0.999 whose gradients are clipped.

What still differs from there, to fit into minutes on a CPU: two convolutions of 32 and 64 channels instead of six of
64 to 256, a D_z of 4 layers instead of 16, no second path for z in G, one step of each network in turn instead of
four, rates of 1e-3 that fall instead of 2e-4 and 5e-4, and a moving average.
"""

from dataclasses import dataclass
from typing import Any

from minigan import layers as L
from minigan.checks import real
from minigan.models import AEGAN
from minigan.models.dcgan import quarter_of
from minigan.ops import concatenate
from minigan.optimizers import Adam, linear_decay


@dataclass(kw_only=True, eq=False)
class PaperAEGAN(AEGAN):
    """As AEGAN, with other defaults, networks and optimizers."""

    latent_size: int = 16
    categories: int = 0
    weights: tuple[float, float, float, float] = (1.0, 1.0, 10.0, 5.0)
    reconstructed_share: float = 0.5
    learning_rates: tuple[float, float, float, float] = (1e-3, 1e-3, 1e-3, 1e-3)
    r1_weights: tuple[float, float] = (0.0, 0.0)
    smoothing: float = 0.05
    noise: float = 0.01  # standard deviation of the noise that E and D_x see on an image, D_z on a latent
    dropout: float = 0.005  # rate of the GaussianDropout after each hidden layer of E, D_x and D_z

    name = "paper_aegan"

    def adam(self, network: L.Layer | None, rate: float, beta_1: float = 0.5) -> Any:
        schedule = linear_decay(rate, self.decay_steps, final=0.05)
        return Adam(network.parameters(), schedule, beta_1=0.5, clip_norm=1.0) if network else None

    def build(self) -> tuple[L.Layer, L.Layer, L.Layer, L.Layer]:
        real("PaperAEGAN", least=0, noise=self.noise, dropout=self.dropout)
        image = self.image_size, self.image_size, self.channels
        quarter, deep = quarter_of("PaperAEGAN", image), 2 * self.width
        noise, activation = L.GaussianNoise(self.noise), [L.LeakyReLU(0.02), L.GaussianDropout(self.dropout)]

        def larger(n_in: int, n_out: int) -> list[L.Layer]:
            grow = L.Conv2DTranspose(n_in, n_out, 4, strides=2, padding="same")
            return [L.LayerNormalization(n_in), L.ReLU(), grow]

        def smaller(n_in: int, n_out: int) -> list[L.Layer]:
            shrink = L.Conv2D(n_in, n_out, 4, strides=2, padding="same")
            return [shrink, L.LayerNormalization(n_out), *activation]

        def image_reader(out_features: int) -> L.Layer:
            """E returns latent_size numbers, D_x one; otherwise they have the same layers."""
            layers = [noise, *smaller(self.channels, self.width), *smaller(self.width, deep), L.Flatten()]
            return L.Sequential(*layers, L.Dense(quarter * quarter * deep, out_features))

        first = [L.Dense(self.latent_size, quarter * quarter * deep), L.Reshape((quarter, quarter, deep))]
        G = L.Sequential(*first, *larger(deep, self.width), *larger(self.width, self.channels), L.Tanh())
        grow = [Grow(self.latent_size + 32 * i, 32, self.dropout) for i in range(4)]
        D_z = L.Sequential(noise, *grow, L.Dense(self.latent_size + 4 * 32, 1))
        return G, image_reader(self.latent_size), image_reader(1), D_z


class Grow(L.Layer):
    """y = [x, LeakyReLU(x W + b)]: `units` more features beside those that came (Huang et al. 2017)."""

    def __init__(self, in_features: int, units: int, dropout: float):
        self.dense = L.Dense(in_features, units)
        self.activation, self.dropout = L.LeakyReLU(0.02), L.GaussianDropout(dropout)

    def __call__(self, x: Any, training: bool = False) -> Any:
        new = self.dropout(self.activation(self.dense(x)), training)
        return concatenate([x, new], axis=-1)  # (N, in_features + units)
