"""Elementwise functions, each with its derivative directly below it.

Part I; read `broadcasting` before it.

In a vjp, g is the incoming gradient, y the result, and then come the op's own arguments.  Where an
operand was broadcast, `unbroadcast` sums its gradient back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigan.autograd import Tensor, primitive
from minigan.backend import Array
from minigan.ops.broadcasting import unbroadcast


def value(x: Any) -> Any:
    """The bare numbers of x: a constant for every derivative."""
    return x.data if isinstance(x, Tensor) else x


# --- Arithmetic ------------------------------------------------------------------------------------


@primitive
def add(a: Array, b: Array) -> Array:
    """y = a + b,  dy/da = 1,  dy/db = 1."""
    return a + b


add.defvjp(lambda g, y, a, b: unbroadcast(g, a), lambda g, y, a, b: unbroadcast(g, b))


@primitive
def subtract(a: Array, b: Array) -> Array:
    """y = a - b,  dy/da = 1,  dy/db = -1."""
    return a - b


subtract.defvjp(lambda g, y, a, b: unbroadcast(g, a), lambda g, y, a, b: unbroadcast(-g, b))


@primitive
def multiply(a: Array, b: Array) -> Array:
    """y = a b,  dy/da = b,  dy/db = a."""
    return a * b


multiply.defvjp(lambda g, y, a, b: unbroadcast(g * b, a), lambda g, y, a, b: unbroadcast(g * a, b))


@primitive
def divide(a: Array, b: Array) -> Array:
    """y = a / b,  dy/da = 1/b,  dy/db = -y/b."""
    return a / b


divide.defvjp(lambda g, y, a, b: unbroadcast(g / b, a), lambda g, y, a, b: unbroadcast(-g * y / b, b))


@primitive
def negative(x: Array) -> Array:
    """y = -x,  dy/dx = -1."""
    return -x


negative.defvjp(lambda g, y, x: -g)


# --- Exponentials and roots ------------------------------------------------------------------------


@primitive
def exp(x: Array) -> Array:
    """y = eˣ,  dy/dx = y."""
    return np.exp(x)


exp.defvjp(lambda g, y, x: g * y)


@primitive
def log(x: Array) -> Array:
    """y = log x,  dy/dx = 1/x."""
    return np.log(x)


log.defvjp(lambda g, y, x: g / x)


@primitive
def sqrt(x: Array) -> Array:
    """y = √x,  dy/dx = 1/(2y)."""
    return np.sqrt(x)


sqrt.defvjp(lambda g, y, x: g * 0.5 / y)


@primitive
def tanh(x: Array) -> Array:
    """y = tanh x,  dy/dx = 1 - y²."""
    return np.tanh(x)


tanh.defvjp(lambda g, y, x: g * (1 - y * y))


@primitive
def sigmoid(x: Array) -> Array:
    """y = 1/(1 + e⁻ˣ),  dy/dx = y (1 - y)."""
    with np.errstate(over="ignore"):  # e⁻ˣ = ∞ is the right answer far on the left: y = 0
        return 1 / (1 + np.exp(-x))


sigmoid.defvjp(lambda g, y, x: g * (y * (1 - y)))


@primitive
def softplus(x: Array) -> Array:
    """y = log(1 + eˣ),  dy/dx = sigmoid(x).  Finite for every finite x."""
    return np.logaddexp(x, 0)


softplus.defvjp(lambda g, y, x: g * sigmoid(x))


# --- Rectifiers ------------------------------------------------------------------------------------
#
# Their slope is piecewise constant: it is taken from the numbers (`value`), and is a constant in every
# further derivative.  At 0, where there is no derivative, the one that is used is stated.


@primitive
def relu(x: Array) -> Array:
    """y = max(x, 0),  dy/dx = 1 for x > 0, else 0."""
    return np.maximum(x, 0)


relu.defvjp(lambda g, y, x: g * (value(x) > 0))


@primitive
def leaky_relu(x: Array, slope: float = 0.2) -> Array:
    """y = max(x, slope·x) for a slope in [0, 1],  dy/dx = 1 for x > 0, the slope for x < 0  (1 at 0)."""
    if not 0 <= slope <= 1:
        raise ValueError(f"the slope must lie between 0 and 1, not {slope}")
    return np.maximum(x, slope * x)


def _leaky_relu_vjp(g: Any, y: Any, x: Any, slope: float = 0.2) -> Any:
    dtype = value(x).dtype.type
    return g * np.where(value(x) >= 0, dtype(1), dtype(slope))


leaky_relu.defvjp(_leaky_relu_vjp)
