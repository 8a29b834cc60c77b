"""Elementwise functions that want care at a point: powers at 0, choices, kinks.

Part II; read `elementwise` before it.

At a kink (|x| at 0, max(a, b) at a = b, ...) there is no derivative.  The value used is a subgradient and
stated with the function.  A factor that is piecewise constant, such as the sign of x, is taken from the
numbers (`value`) and is a constant in every further derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigan.autograd import primitive
from minigan.backend import Array
from minigan.ops.broadcasting import unbroadcast
from minigan.ops.elementwise import log, value


@primitive
def where(condition: Array, a: Array, b: Array) -> Array:
    """y = a where the condition holds, else b:  the one that was chosen receives the gradient."""
    return np.where(condition, a, b)


where.defvjp(
    None,
    lambda g, y, condition, a, b: unbroadcast(where(condition, g, 0.0), a),
    lambda g, y, condition, a, b: unbroadcast(where(condition, 0.0, g), b),
)


@primitive
def power(a: Array, b: Array) -> Array:
    """y = aᵇ,  dy/da = b aᵇ⁻¹,  dy/db = y log a  (0 where a = 0)."""
    return a**b


def _power_vjp_base(g: Any, y: Any, a: Any, b: Any) -> Any:
    if isinstance(b, int | float):  # the usual case, x ** 2, needs no care and no broadcasting
        return g * (b * a ** (b - 1)) if b != 0 else g * 0.0
    # b aᵇ⁻¹ is 0 · ∞ at a = b = 0, where the function a⁰ = 1 is constant: write it as 0 · a⁰.
    exponent = where(value(b) == 0, 0.0, b - 1)
    return unbroadcast(g * b * a**exponent, a)


def _power_vjp_exponent(g: Any, y: Any, a: Any, b: Any) -> Any:
    if isinstance(a, int | float):  # 2 ** x: a plain number stays one, so that float32 stays float32
        return g * (y * (float(np.log(a)) if a != 0 else 0.0))
    return unbroadcast(g * y * log(where(value(a) == 0, 1.0, a)), b)


power.defvjp(
    _power_vjp_base,
    _power_vjp_exponent,
)


@primitive
def abs(x: Array) -> Array:
    """y = |x|,  dy/dx = sign x  (0 at 0)."""
    return np.abs(x)


abs.defvjp(lambda g, y, x: g * np.sign(value(x)))


@primitive
def elu(x: Array, alpha: float = 1.0) -> Array:
    """y = x for x > 0, else α(eˣ - 1);  dy/dx = 1 for x > 0, else y + α."""
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0))


elu.defvjp(lambda g, y, x, alpha=1.0: g * where(value(x) > 0, 1.0, y + alpha))


@primitive
def maximum(a: Array, b: Array) -> Array:
    """y = max(a, b):  the larger one receives the gradient; a tie shares it equally."""
    return np.maximum(a, b)


@primitive
def minimum(a: Array, b: Array) -> Array:
    """y = min(a, b):  the smaller one receives the gradient; a tie shares it equally."""
    return np.minimum(a, b)


def _wins(a: Any, b: Any, dtype: Any) -> Any:
    """1 where a > b, ½ where they are equal, 0 elsewhere."""
    a, b = value(a), value(b)
    return ((a > b).astype(dtype) + (a >= b).astype(dtype)) / 2


maximum.defvjp(
    lambda g, y, a, b: unbroadcast(g * _wins(a, b, g.dtype), a),
    lambda g, y, a, b: unbroadcast(g * _wins(b, a, g.dtype), b),
)
minimum.defvjp(
    lambda g, y, a, b: unbroadcast(g * _wins(b, a, g.dtype), a),
    lambda g, y, a, b: unbroadcast(g * _wins(a, b, g.dtype), b),
)


@primitive
def clip(x: Array, low: float, high: float) -> Array:
    """y = min(max(x, low), high),  dy/dx = 1 for low ≤ x ≤ high, else 0."""
    return np.clip(x, low, high)


clip.defvjp(lambda g, y, x, low, high: g * ((x >= low) & (x <= high)))
