"""reshape, broadcast_to and sum: the linear bookkeeping behind every broadcast.  Read `autograd` before it.

NumPy repeats an array along its missing or size-1 axes when it meets a larger one.  Repeating and summing are each
other's transpose,  <broadcast(x), g> = <x, sum(g)>:  the vjp of the one is the other.
"""

import math

import numpy as np

from minigan.autograd import primitive
from minigan.backend import Array, shaped
from minigan.checks import axes_of

Axis = int | tuple[int, ...] | None


@primitive
def reshape(x: Array, shape: tuple[int, ...]) -> Array:
    """y = x in another shape (one size may be -1),  dy/dx = 1."""
    if shape is None or isinstance(shape, tuple) and min(shape, default=0) < -1:  # NumPy takes it for -1
        raise ValueError("there is no such shape")
    return x.reshape(shape)


@primitive
def broadcast_to(x: Array, shape: tuple[int, ...]) -> Array:
    """y = x repeated to `shape`;  the gradient is the sum over the repetitions."""
    return np.broadcast_to(x, shape)


@primitive
def sum(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = Σ x over `axis`,  dy/dx = 1:  every summand receives the gradient of the sum."""
    return x.sum(axis=axis, keepdims=keepdims)


reshape.defvjp(lambda g, y, x, shape: reshape(g, x.shape))
broadcast_to.defvjp(lambda g, y, x, shape: unbroadcast(g, x))
sum.defvjp(lambda g, y, x, axis=None, keepdims=False: spread(g, x, axis))


def mean(x, axis: Axis = None, keepdims: bool = False):
    """y = (1/n) Σ x over the n elements along `axis`."""
    x = shaped(x, "mean")
    n = math.prod([x.shape[a] for a in axes_of("mean", axis, x.ndim)])
    if n == 0:
        raise ValueError(f"mean: no elements along axis {axis} of an array of shape {x.shape}, expected some")
    return sum(x, axis=axis, keepdims=keepdims) * (1 / n)


def unbroadcast(g, x):
    """Sum g over the axes along which x was broadcast, so that it has the shape of x again."""
    if g.shape == x.shape:
        return g
    new = g.ndim - x.ndim  # axes that x did not have at all
    repeated = [new + i for i, size in enumerate(x.shape) if size == 1]
    return reshape(sum(g, axis=(*range(new), *repeated)), x.shape)


def spread(g, x, axis: Axis):
    """Repeat g, the gradient of a reduction of x over `axis`, to the shape of x."""
    return broadcast_to(reshape(g, reduced_shape(x.shape, axis)), x.shape)


# --- To be read later: axes that are reduced ----------------------------------------------------------


def reduced_shape(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """`shape` with size 1 on the axes that are reduced: the shape of a reduction with keepdims=True."""
    axes = axes_of("sum", axis, len(shape))
    return tuple([1 if i in axes else size for i, size in enumerate(shape)])
