"""Reductions over axes: var, max, min, logsumexp, softmax, norm.  Read `elementwise` before it.

Only `max`, `logsumexp` and `norm` are primitives; the others are compositions and need no derivative
of their own.  `axis` is an int, a tuple of ints, or None for all axes, as in NumPy.
"""

import numpy as np

from minigan.autograd import primitive
from minigan.backend import Array, shaped
from minigan.checks import axes_of, flag
from minigan.ops.broadcasting import Axis, mean, reduced_shape, spread, sum
from minigan.ops.elementwise import exp, log, value, where


def var(x, axis: Axis = None, keepdims: bool = False):
    """y = mean of (x - mean)²: the biased variance, as batch normalization uses it."""
    x = shaped(x, "var")
    centred = x - mean(x, axis, keepdims=True)
    return mean(centred * centred, axis, keepdims)


@primitive
def max(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = max x over `axis`:  the largest receives the gradient; ties share it equally."""
    return x.max(axis=axis, keepdims=keepdims)


def _max_vjp(g, y, x, axis=None, keepdims=False):
    largest = value(x) == value(y).reshape(reduced_shape(x.shape, axis))
    share = largest.astype(g.dtype) / largest.sum(axis=axis, keepdims=True).astype(g.dtype)
    return spread(g, x, axis) * share


max.defvjp(_max_vjp)


def min(x, axis: Axis = None, keepdims: bool = False):
    """y = min x = -max(-x)."""
    return -max(-shaped(x, "min"), axis=axis, keepdims=keepdims)


@primitive
def logsumexp(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = log Σ eˣ over `axis`,  dy/dx = eˣ⁻ʸ = softmax x.  Finite for every finite x."""
    largest = _finite_max(x, axis)
    with np.errstate(divide="ignore"):
        y = np.log(np.exp(x - largest).sum(axis=axis, keepdims=True)) + largest
    return y if flag("logsumexp", keepdims=keepdims) else y.reshape(x.sum(axis=axis).shape)


def _logsumexp_vjp(g, y, x, axis=None, keepdims=False):
    y = where(np.isneginf(value(y)), 0.0, y)  # a row of -∞ has no softmax; its gradient is zero
    return spread(g, x, axis) * exp(x - spread(y, x, axis))


logsumexp.defvjp(_logsumexp_vjp)


def _finite_max(x: Array, axis: Axis) -> Array:
    """The largest x over `axis`, kept; 0 where that is not finite, so that -∞ - (-∞) does not occur."""
    largest = x.max(axis=axis, keepdims=True)
    return np.where(np.isfinite(largest), largest, x.dtype.type(0))


def softmax(x, axis: Axis = -1):
    """y = eˣ / Σ eˣ over `axis`: probabilities that sum to one."""
    x = shaped(x, "softmax")
    e = exp(x - _finite_max(value(x), axes_of("softmax", axis, x.ndim)))
    return e / sum(e, axis=axis, keepdims=True)


def log_softmax(x, axis: Axis = -1):
    """y = x - log Σ eˣ over `axis`: the logarithms of probabilities that sum to one."""
    x = shaped(x, "log_softmax")
    largest = _finite_max(value(x), axes_of("log_softmax", axis, x.ndim))
    shifted = x - largest  # before the logarithm: log Σ alone would lose digits
    return shifted - log(sum(exp(shifted), axis=axis, keepdims=True))


@primitive
def norm(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = √(Σ x²) over `axis`,  dy/dx = x/y  (0 where y = 0, so that a zero vector is harmless)."""
    return np.sqrt((x * x).sum(axis=axis, keepdims=keepdims))


def _norm_vjp(g, y, x, axis=None, keepdims=False):
    return spread(g / where(value(y) == 0, 1.0, y), x, axis) * x


norm.defvjp(_norm_vjp)
