"""Activations as layers; the functions and their derivatives are in `ops`.

Part I; read `base` before it.
"""

from __future__ import annotations

from typing import Any

from minigan import ops
from minigan.checks import real
from minigan.layers.base import Function, Layer


class ReLU(Function):
    """y = max(x, 0)."""

    f = staticmethod(ops.relu)


class Tanh(Function):
    """y = tanh x."""

    f = staticmethod(ops.tanh)


class Sigmoid(Function):
    """y = 1/(1 + e⁻ˣ)."""

    f = staticmethod(ops.sigmoid)


class Softmax(Function):
    """y = eˣ / Σ eˣ over the last axis."""

    f = staticmethod(ops.softmax)


class LeakyReLU(Layer):
    """y = max(x, negative_slope · x)."""

    def __init__(self, negative_slope: float = 0.2) -> None:
        self.negative_slope = real("LeakyReLU", least=0, most=1, negative_slope=negative_slope)

    def __call__(self, x: Any, training: bool = False) -> Any:
        return ops.leaky_relu(x, slope=self.negative_slope)


class ELU(Layer):
    """y = x for x > 0, else α(eˣ - 1)."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = real("ELU", least=0, alpha=alpha)

    def __call__(self, x: Any, training: bool = False) -> Any:
        return ops.elu(x, alpha=self.alpha)
