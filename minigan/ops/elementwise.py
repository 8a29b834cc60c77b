"""Elementwise functions, each with its derivative directly below it.  Read `broadcasting` before it.

In a vjp, g is the incoming gradient, y the result, and then come the op's own arguments.  At a kink,
where there is no derivative, the one that is used is stated.
"""

import numpy as np

from minigan.autograd import Tensor, primitive
from minigan.backend import Array, is_numeric
from minigan.ops.broadcasting import unbroadcast


def value(x):
    """The bare numbers of x: a constant in every derivative, as the slope of a rectifier is."""
    return x.data if isinstance(x, Tensor) else x


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


@primitive
def exp(x: Array) -> Array:
    """y = eˣ,  dy/dx = y."""
    return np.exp(x)


exp.defvjp(lambda g, y, x: g * y)


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


leaky_relu.defvjp(lambda g, y, x, slope=0.2: g * np.where(value(x) >= 0, 1.0, slope).astype(g.dtype))


# --- To be read later: choices, powers and further kinks ---------------------------------------------


@primitive
def where(condition: Array, a: Array, b: Array) -> Array:
    """y = a where the condition holds, else b:  the one that was chosen receives the gradient."""
    if not is_numeric(condition):
        raise TypeError("the condition is none")
    return np.where(condition, a, b)


where.defvjp(
    None,
    lambda g, y, condition, a, b: unbroadcast(where(condition, g, 0.0), a),
    lambda g, y, condition, a, b: unbroadcast(where(condition, 0.0, g), b),
)


@primitive
def log(x: Array) -> Array:
    """y = log x,  dy/dx = 1/x."""
    return np.log(x)


log.defvjp(lambda g, y, x: g / x)


@primitive
def power(a: Array, b: Array) -> Array:
    """y = aᵇ,  dy/da = b aᵇ⁻¹,  dy/db = y log a  (0 where a = 0)."""
    return a**b


def _power_vjp_base(g, y, a, b):
    if isinstance(b, int | float):  # the usual case, x ** 2, needs no care and no broadcasting
        return g * (b * a ** (b - 1)) if b != 0 else g * 0.0
    # b aᵇ⁻¹ is 0 · ∞ at a = b = 0, where the function a⁰ = 1 is constant: write it as 0 · a⁰.
    exponent = where(value(b) == 0, 0.0, b - 1)
    return unbroadcast(g * b * a**exponent, a)


def _power_vjp_exponent(g, y, a, b):
    if isinstance(a, int | float):  # 2 ** x: a plain number stays one, so that float32 stays float32
        return g * (y * (float(np.log(a)) if a != 0 else 0.0))
    return unbroadcast(g * y * log(where(value(a) == 0, 1.0, a)), b)


power.defvjp(_power_vjp_base, _power_vjp_exponent)


@primitive
def abs(x: Array) -> Array:
    """y = |x|,  dy/dx = sign x  (0 at 0)."""
    return np.abs(x)


abs.defvjp(lambda g, y, x: g * np.sign(value(x)))


@primitive
def elu(x: Array, alpha: float = 1.0) -> Array:
    """y = x for x > 0, else α(eˣ - 1);  dy/dx = 1 for x > 0, else y + α."""
    if not alpha >= 0:
        raise ValueError(f"alpha must be at least 0, not {alpha}")
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


def _where_larger(g, a, b):
    """g where a > b, half of it where they are equal, 0 elsewhere."""
    a, b = value(a), value(b)
    return g * (((a > b).astype(g.dtype) + (a >= b).astype(g.dtype)) / 2)


maximum.defvjp(
    lambda g, y, a, b: unbroadcast(_where_larger(g, a, b), a),
    lambda g, y, a, b: unbroadcast(_where_larger(g, b, a), b),
)
minimum.defvjp(
    lambda g, y, a, b: unbroadcast(_where_larger(g, b, a), a),
    lambda g, y, a, b: unbroadcast(_where_larger(g, a, b), b),
)


@primitive
def clip(x: Array, low: float, high: float) -> Array:
    """y = min(max(x, low), high),  dy/dx = 1 for low ≤ x ≤ high, else 0."""
    if not low <= high:
        raise ValueError(f"low must not be above high, {low} and {high}")
    return np.clip(x, low, high)


clip.defvjp(lambda g, y, x, low, high: g * ((x >= low) & (x <= high)))
