"""Activations as layers; the functions and their derivatives are in `ops.elementwise`.

Chapter 5.4; read `base` before it.
"""

from __future__ import annotations

from typing import Any

from minigan import ops
from minigan.layers.base import Layer


class ReLU(Layer):
    """y = max(x, 0)."""

    def __call__(self, x: Any, training: bool = False) -> Any:
        return ops.relu(x)


class LeakyReLU(Layer):
    """y = max(x, negative_slope · x)."""

    def __init__(self, negative_slope: float = 0.2) -> None:
        self.negative_slope = negative_slope

    def __repr__(self) -> str:
        return f"LeakyReLU({self.negative_slope})"

    def __call__(self, x: Any, training: bool = False) -> Any:
        return ops.leaky_relu(x, slope=self.negative_slope)


class ELU(Layer):
    """y = x for x > 0, else α(eˣ - 1)."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def __repr__(self) -> str:
        return f"ELU({self.alpha})"

    def __call__(self, x: Any, training: bool = False) -> Any:
        return ops.elu(x, alpha=self.alpha)


class Tanh(Layer):
    """y = tanh x."""

    def __call__(self, x: Any, training: bool = False) -> Any:
        return ops.tanh(x)


class Sigmoid(Layer):
    """y = 1/(1 + e⁻ˣ)."""

    def __call__(self, x: Any, training: bool = False) -> Any:
        return ops.sigmoid(x)


class Softmax(Layer):
    """y = eˣ / Σ eˣ over the last axis."""

    def __call__(self, x: Any, training: bool = False) -> Any:
        return ops.softmax(x, axis=-1)
