"""Dropout and noise: randomness in training, nothing in use.

Chapter 5.6; read `base` before it.

The masks are arrays, so to the gradient they are constants.
"""

from __future__ import annotations

import math
from typing import Any

from minigan.backend import normal, uniform
from minigan.layers.base import Layer


class Dropout(Layer):
    """In training, y = x/(1 - rate) with probability 1 - rate and 0 otherwise; in use, y = x.

    Raises ValueError unless 0 <= rate < 1.  Source: Srivastava et al. 2014.
    """

    def __init__(self, rate: float) -> None:
        self.rate = checked_rate(self, rate)

    def __repr__(self) -> str:
        return f"Dropout({self.rate})"

    def __call__(self, x: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return x
        kept = uniform(x.shape) >= self.rate
        return x * (kept.astype(x.dtype) * (1 / (1 - self.rate)))


class GaussianNoise(Layer):
    """In training, y = x + stddev · n with n standard normal; in use, y = x."""

    def __init__(self, stddev: float) -> None:
        self.stddev = stddev

    def __repr__(self) -> str:
        return f"GaussianNoise({self.stddev})"

    def __call__(self, x: Any, training: bool = False) -> Any:
        if not training or self.stddev == 0:
            return x
        return x + normal(x.shape).astype(x.dtype) * self.stddev


class GaussianDropout(Layer):
    """In training, y = x · (1 + n √(rate/(1 - rate))) with n standard normal; in use, y = x.

    The mean and the variance are those of Dropout.  Raises ValueError unless 0 <= rate < 1.
    """

    def __init__(self, rate: float) -> None:
        self.rate = checked_rate(self, rate)

    def __repr__(self) -> str:
        return f"GaussianDropout({self.rate})"

    def __call__(self, x: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return x
        return x * (1 + normal(x.shape).astype(x.dtype) * math.sqrt(self.rate / (1 - self.rate)))


def checked_rate(layer: Layer, rate: float) -> float:
    if not 0 <= rate < 1:
        raise ValueError(f"{type(layer).__name__}: rate is {rate}, expected 0 <= rate < 1")
    return rate
