"""Batch normalization as one operation, which reads x once where its parts read it several times.

Over the n elements of a channel, with the mean μ and the (biased) variance v of x,

    y = γ x̂ + β,        x̂ = (x - μ)/s,        s = √(v + ε).

μ and v depend on every x.  With  dμ = mean(dx)  and  ds = mean(x̂ dx),  the chain rule gives

    dL/dβ = Σ g,        dL/dγ = Σ g x̂,        dL/dx = γ/s · (g - mean(g) - x̂ mean(g x̂)).

Channel by channel, the last one is a line through g and x,  dL/dx = a (b (x - μ) + c + g),  which is why one
operation is several times as fast as the composition of its parts.  Each step of it is made in place: what takes
time is to read and write the memory, not to compute.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigan.autograd import Tensor, grad, primitive
from minigan.backend import Array
from minigan.fast.registry import faster
from minigan.fast.threads import chunked, column_sums_of
from minigan.layers.batch import normalize_batch
from minigan.ops.broadcasting import mean, sum
from minigan.ops.elementwise import value


@faster(normalize_batch)
def fast_normalize_batch(x: Any, gamma: Any, beta: Any, epsilon: float) -> tuple[Any, Array, Array]:
    numbers = [value(a) for a in (x, gamma, beta)]
    if not isinstance(numbers[0], np.ndarray) or len({a.dtype for a in numbers}) > 1:
        return normalize_batch.plain(x, gamma, beta, epsilon)
    mu, variance = batch_statistics(numbers[0])
    return batch_normalize(x, gamma, beta, mu, variance, epsilon=epsilon), mu, variance


def all_but_last(x: Any) -> tuple[int, ...]:
    return tuple(range(x.ndim - 1))


def batch_statistics(x: Array) -> tuple[Array, Array]:
    """The mean and the biased variance of each channel, over all axes but the last."""
    mu = mean(x, all_but_last(x))  # (C,)

    def squares(x: Array, mu: Array) -> Array:
        y = x - mu
        y *= y
        return y

    return mu, column_sums_of(squares, x, mu) * (len(mu) / x.size)


@primitive
def batch_normalize(
    x: Array, gamma: Array, beta: Array, mu: Array, variance: Array, epsilon: float = 1e-3
) -> Array:
    """y = γ x̂ + β,  dL/dx = γ/s · (g - mean(g) - x̂ mean(g x̂)),  dL/dγ = Σ g x̂,  dL/dβ = Σ g.

    x (..., C), the others (C,).  mu and variance are `batch_statistics(x)`: they are handed over because who
    calls needs them as well; for the derivatives they are functions of x.
    """
    scale = gamma / np.sqrt(variance + epsilon)

    def line(x: Array, mu: Array, scale: Array, beta: Array, out: Array | None = None) -> Array:
        y = np.subtract(x, mu, out=out)
        y *= scale
        y += beta
        return y

    return chunked(line, x, mu, scale, beta)


def _vjp_x(
    g: Any, y: Any, x: Any, gamma: Any, beta: Any, mu: Array, variance: Array, epsilon: float = 1e-3
) -> Any:
    if isinstance(y, Tensor):
        return _again(0, g, x, gamma, beta, epsilon)
    n = x.size // x.shape[-1]
    a = gamma / np.sqrt(variance + epsilon)
    b = -_sum_of_products(g, x, mu) / ((variance + epsilon) * n)
    c = -sum(g, all_but_last(g)) / n

    def line(x: Array, g: Array, mu: Array, a: Array, b: Array, c: Array, out: Array | None = None) -> Array:
        y = np.subtract(x, mu, out=out)
        y *= b
        y += c
        y += g
        y *= a
        return y

    return chunked(line, x, g, mu, a, b, c)


def _vjp_gamma(
    g: Any, y: Any, x: Any, gamma: Any, beta: Any, mu: Array, variance: Array, epsilon: float = 1e-3
) -> Any:
    if isinstance(y, Tensor):
        return _again(1, g, x, gamma, beta, epsilon)
    return _sum_of_products(g, x, mu) / np.sqrt(variance + epsilon)


def _vjp_beta(g: Any, *_: Any, **__: Any) -> Any:
    return sum(g, all_but_last(g))


batch_normalize.defvjp(_vjp_x, _vjp_gamma, _vjp_beta)


def _sum_of_products(g: Array, x: Array, mu: Array) -> Array:
    """Σ g (x - μ) for each channel."""

    def products(x: Array, g: Array, mu: Array) -> Array:
        y = x - mu
        y *= g
        return y

    return column_sums_of(products, x, g, mu)


def _again(i: int, g: Any, x: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    """The gradient with respect to argument i, by the plain body, so that it can be differentiated again."""
    args = [a if isinstance(a, Tensor) else Tensor(a) for a in (x, gamma, beta)]
    y, _, _ = normalize_batch.plain(*args, epsilon)
    return grad(y, args[i], g, create_graph=True)
