"""Batch normalization as one operation.

Chapter 4.10; read `reduction` before it.

Over the n elements of a channel, with the mean μ and the (biased) variance v of x,

    y = γ x̂ + β,        x̂ = (x - μ)/s,        s = √(v + ε).

μ and v depend on every x.  With  dμ = mean(dx)  and  ds = mean(x̂ dx),  the chain rule gives

    dL/dβ = Σ g,        dL/dγ = Σ g x̂,        dL/dx = γ/s · (g - mean(g) - x̂ mean(g x̂)).

Channel by channel, the last one is a line through g and x,  dL/dx = a g + b (x - μ) + c,  which is why one
operation is several times as fast as the composition of its parts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigan.autograd import Tensor, grad, primitive
from minigan.backend import Array
from minigan.ops.broadcasting import sum
from minigan.ops.elementwise import sqrt
from minigan.ops.reduction import mean
from minigan.threads import piecewise


def batch_statistics(x: Array) -> tuple[Array, Array]:
    """The mean and the biased variance of each channel, over all axes but the last."""
    axes = tuple(range(x.ndim - 1))
    mu = mean(x, axes)  # (C,)
    return mu, mean(piecewise(_square, x, mu), axes)


def _square(x: Array, mu: Array) -> Array:
    centred = x - mu
    return centred * centred


@primitive
def batch_normalize(
    x: Array, gamma: Array, beta: Array, mu: Array, variance: Array, epsilon: float = 1e-3
) -> Array:
    """y = γ (x - μ)/√(v + ε) + β, where mu and variance are `batch_statistics(x)`.

    They are handed over because who calls needs them as well; for the derivatives they are functions of x.
    """
    scale = gamma / np.sqrt(variance + epsilon)
    return piecewise(lambda x: (x - mu) * scale + beta, x)


def composition(x: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    """The same from parts that can be differentiated again."""
    axes = tuple(range(x.ndim - 1))
    centred = x - mean(x, axes)
    return centred * (gamma / sqrt(mean(centred * centred, axes) + epsilon)) + beta


def _again(i: int, g: Any, x: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    """The gradient with respect to argument i as something that can be differentiated again."""
    x, gamma, beta = args = [a if isinstance(a, Tensor) else Tensor(a) for a in (x, gamma, beta)]
    return grad(composition(x, gamma, beta, epsilon), args[i], g, create_graph=True)


def _vjp_x(
    g: Any, y: Any, x: Any, gamma: Any, beta: Any, mu: Array, variance: Array, epsilon: float = 1e-3
) -> Any:
    if isinstance(y, Tensor):
        return _again(0, g, x, gamma, beta, epsilon)
    axes, n = tuple(range(x.ndim - 1)), x.size // x.shape[-1]
    a = gamma / np.sqrt(variance + epsilon)
    b = -a * sum(_product(g, x, mu), axes) / ((variance + epsilon) * n)
    c = -a * sum(g, axes) / n
    return piecewise(lambda g, x: a * g + (b * (x - mu) + c), g, x)


def _vjp_gamma(
    g: Any, y: Any, x: Any, gamma: Any, beta: Any, mu: Array, variance: Array, epsilon: float = 1e-3
) -> Any:
    if isinstance(y, Tensor):
        return _again(1, g, x, gamma, beta, epsilon)
    axes = tuple(range(x.ndim - 1))
    return sum(_product(g, x, mu), axes) / np.sqrt(variance + epsilon)


def _product(g: Array, x: Array, mu: Array) -> Array:
    return piecewise(lambda g, x: g * (x - mu), g, x)


batch_normalize.defvjp(
    _vjp_x,
    _vjp_gamma,
    lambda g, y, x, gamma, beta, mu, variance, epsilon=1e-3: sum(g, tuple(range(x.ndim - 1))),
)
