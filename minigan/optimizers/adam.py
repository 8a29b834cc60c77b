"""Adam: step along a running mean of the gradient, divided by a running root mean square of it.

Part I; read `base` before it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import ClassVar

import numpy as np

from minigan.autograd import Tensor
from minigan.backend import Array
from minigan.checks import real
from minigan.optimizers.base import Optimizer


class Adam(Optimizer):
    """m ← β₁ m + (1 - β₁) g          v ← β₂ v + (1 - β₂) g²
    p ← p - η̂ m/(√v + ε)           η̂ = η √(1 - β₂ᵗ)/(1 - β₁ᵗ)   at step t

    clip_norm  if given, the gradient of each parameter is first scaled down to at most this norm
               (Keras calls it clipnorm)
    Source: Kingma and Ba 2015, in the form at the end of their section 2, as in Keras; ε is their ε̂.
    """

    squares: ClassVar = ("v",)

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float | Callable[[int], float] = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(parameters, learning_rate, ["m", "v"])
        self.beta_1, self.beta_2 = real("Adam", least=0, below=1, beta_1=beta_1, beta_2=beta_2)
        self.epsilon = real("Adam", least=0, epsilon=epsilon)
        self.clip_norm = None if clip_norm is None else real("Adam", above=0, clip_norm=clip_norm)

    def update(self, p: Array, g: Array, *slots: Array) -> None:
        (m, v), t = slots, self.steps
        g = clipped(g, self.clip_norm)
        m[...] = self.beta_1 * m + (1 - self.beta_1) * g
        v[...] = self.beta_2 * v + (1 - self.beta_2) * (g * g)
        rate = self.rate * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        p -= rate * (m / (np.sqrt(v) + self.epsilon))


def clipped(g: Array, norm: float | None) -> Array:
    """g, or g scaled down to this norm if it is longer."""
    if norm is None:
        return g
    length = np.sqrt((g * g).sum())
    return g * np.minimum(norm / np.maximum(length, 1e-30), 1).astype(g.dtype)
