"""Reductions over axes: mean, var, max, min, logsumexp, softmax, norm.

Chapter 4.3; read `elementwise` before it (`sum` itself is in `broadcasting`).

Only `max`, `logsumexp` and `norm` are primitives; the others are compositions and need no derivative
of their own.  `axis` is an int, a tuple of ints, or None for all axes, as in NumPy.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigan.autograd import primitive
from minigan.backend import Array
from minigan.ops.broadcasting import Axis, axes_of, reduced_shape, spread, sum
from minigan.ops.elementwise import exp, value, where


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """y = (1/n) Σ x over the n elements along `axis`."""
    n = math.prod([x.shape[a] for a in axes_of(axis, len(x.shape))])
    if n == 0:
        raise ValueError(f"mean: no elements along axis {axis} of an array of shape {x.shape}")
    return sum(x, axis=axis, keepdims=keepdims) * (1 / n)


def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """y = mean of (x - mean)²: the biased variance, as batch normalization uses it."""
    centred = x - mean(x, axis, keepdims=True)
    return mean(centred * centred, axis, keepdims)


@primitive
def max(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = max x over `axis`:  the largest receives the gradient; ties share it equally."""
    return x.max(axis=axis, keepdims=keepdims)


def _max_vjp(g: Any, y: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    largest = value(x) == value(y).reshape(reduced_shape(x.shape, axis))
    share = largest.astype(g.dtype) / largest.sum(axis=axis, keepdims=True).astype(g.dtype)
    return spread(g, x, axis) * share


max.defvjp(_max_vjp)


def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """y = min x = -max(-x)."""
    return -max(-x, axis=axis, keepdims=keepdims)


@primitive
def logsumexp(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = log Σ eˣ over `axis`,  dy/dx = eˣ⁻ʸ = softmax x.  Finite for every finite x."""
    largest = x.max(axis=axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0)  # a row of -∞ has y = -∞, not ∞ - ∞
    with np.errstate(divide="ignore"):
        y = np.log(np.exp(x - largest).sum(axis=axis, keepdims=True)) + largest
    return y if keepdims else y.reshape(x.sum(axis=axis).shape)


logsumexp.defvjp(
    lambda g, y, x, axis=None, keepdims=False: spread(g, x, axis) * exp(x - spread(y, x, axis)),
)


def log_softmax(x: Any, axis: Axis = -1) -> Any:
    """y = x - log Σ eˣ over `axis`: the logarithms of probabilities that sum to one."""
    return x - logsumexp(x, axis=axis, keepdims=True)


def softmax(x: Any, axis: Axis = -1) -> Any:
    """y = eˣ / Σ eˣ over `axis`: probabilities that sum to one."""
    return exp(log_softmax(x, axis))


@primitive
def norm(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = √(Σ x²) over `axis`,  dy/dx = x/y  (0 where y = 0, so that a zero vector is harmless)."""
    return np.sqrt((x * x).sum(axis=axis, keepdims=keepdims))


def _norm_vjp(g: Any, y: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return spread(g / where(value(y) == 0, 1.0, y), x, axis) * x


norm.defvjp(_norm_vjp)
