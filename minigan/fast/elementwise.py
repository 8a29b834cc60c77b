"""Elementwise functions, sums and the matrix product: several threads and BLAS for large arrays, a short way for small.

For small arrays the way to NumPy is what takes time: two or three calls of Python functions cost as much as NumPy's
addition of 64 numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigan.autograd import Tensor
from minigan.fast import threads
from minigan.fast.registry import bodies, faster
from minigan.fast.threads import chunked, column_sums, multiply_matrices, row_sums
from minigan.ops.broadcasting import Axis, sum
from minigan.ops.contraction import matrix_product
from minigan.ops.elementwise import add, leaky_relu, relu, value


@faster(add)
def fast_add(a: Any, b: Any) -> Any:
    return chunked(np.add, a, b) if getattr(a, "size", 1) >= threads.LARGE_ARRAY else a + b


@faster(add, argument=1)
def add_vjp_b(g: Any, y: Any, a: Any, b: Any) -> Any:
    if type(g) is np.ndarray and b.ndim == 1 < g.ndim and len(b) == g.shape[-1]:  # a bias
        return fast_sum(g, tuple(range(g.ndim - 1)))
    return bodies["add", 1].plain(g, y, a, b)


@faster(relu)
def fast_relu(x: Any) -> Any:
    if x.size < threads.LARGE_ARRAY:
        return np.maximum(x, 0)
    return chunked(lambda x, out=None: np.maximum(x, 0, out=out), x)


@faster(relu, argument=0)
def relu_vjp(g: Any, y: Any, x: Any) -> Any:
    if isinstance(g, Tensor):
        return g * (value(x) > 0)
    if g.size < threads.LARGE_ARRAY:
        return g * (x > 0)
    return chunked(lambda g, x, out=None: np.multiply(g, x > 0, out=out), g, value(x))


@faster(leaky_relu)
def fast_leaky_relu(x: Any, slope: float = 0.2) -> Any:
    if not 0 <= slope <= 1:
        return leaky_relu.plain(x, slope)  # says what is wrong

    def larger(x: Any, out: Any = None) -> Any:
        y = np.multiply(x, slope, out=out)
        return np.maximum(x, y, out=out)

    return chunked(larger, x)


@faster(leaky_relu, argument=0)
def leaky_relu_vjp(g: Any, y: Any, x: Any, slope: float = 0.2) -> Any:
    def derivative(x: Any, out: Any = None) -> Any:  # without a branch: choosing by random signs is slow
        d = np.multiply(x >= 0, x.dtype.type(1 - slope), out=out)
        d += x.dtype.type(slope)
        return d

    def times_derivative(g: Any, x: Any, out: Any = None) -> Any:
        y = derivative(x, out)
        y *= g
        return y

    if isinstance(g, Tensor):
        return g * derivative(value(x))
    return chunked(times_derivative, g, value(x))


@faster(sum)
def fast_sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    if x.size < threads.LARGE_SUM:
        return x.sum(axis=axis, keepdims=keepdims)
    if axis == tuple(range(x.ndim - 1)) and not keepdims:
        return column_sums(x)
    if axis in (-1, x.ndim - 1, (x.ndim - 1,)) and x.ndim > 1:
        y = row_sums(x)
        return y[..., None] if keepdims else y
    return sum.plain(x, axis, keepdims)


@faster(matrix_product)
def fast_matrix_product(a: Any, b: Any) -> Any:
    return multiply_matrices(a, b)


@faster(matrix_product, argument=0)
def matrix_product_vjp_a(g: Any, y: Any, a: Any, b: Any) -> Any:
    if not _matrices(g, a, b):
        return bodies["matrix_product", 0].plain(g, y, a, b)
    return multiply_matrices(g, b.T)


@faster(matrix_product, argument=1)
def matrix_product_vjp_b(g: Any, y: Any, a: Any, b: Any) -> Any:
    if not _matrices(g, a, b):
        return bodies["matrix_product", 1].plain(g, y, a, b)
    return multiply_matrices(a.T, g)


def _matrices(*arrays: Any) -> bool:
    """True for arrays with two axes on the host: nothing to record, and nothing was broadcast."""
    return {np.ndarray} == {*map(type, arrays)} and {2} == {x.ndim for x in arrays}
