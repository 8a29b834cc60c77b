"""Moving numbers around: indexing, concatenate, stack, pad, flip, repeat.  Read `broadcasting` before it.

All of these are linear with coefficients 0 and 1, so each vjp is the transposed movement: what was
copied from a place sends its gradient back there, and what was copied twice adds up.
"""

from collections.abc import Sequence

import numpy as np

from minigan.autograd import primitive
from minigan.backend import Array, scatter_add, shaped
from minigan.checks import axes_of, instance, whole
from minigan.ops.broadcasting import Axis, broadcast_to, reshape


@primitive
def getitem(x: Array, index) -> Array:
    """y = x[index];  the gradient is scattered back to where the numbers came from."""
    return x[index]


@primitive
def scatter(x: Array, index, shape: tuple[int, ...]) -> Array:
    """y = zeros of `shape` with y[index] += x, repeated indices adding up:  the transpose of getitem."""
    y = np.zeros_like(x, shape=shape)
    if _may_repeat(index):
        scatter_add(y, index, x)
    else:
        y[index] = x
    return y


getitem.defvjp(lambda g, y, x, index: scatter(g, index, x.shape))
scatter.defvjp(lambda g, y, x, index, shape: getitem(g, index))


def _may_repeat(index) -> bool:
    """True unless `index` consists of numbers and slices: lists and arrays can name one place twice."""
    parts = index if isinstance(index, tuple) else (index,)
    return not all(part is None or part is ... or isinstance(part, int | slice) for part in parts)


@primitive
def _concatenate(*arrays: Array, axis: int = 0) -> Array:
    """y = the arrays one after the other along `axis`;  each receives its own piece of the gradient."""
    return np.concatenate(arrays, axis=axis)


def _concatenate_vjp(i, g, y, *arrays, axis=0):
    start = int(np.sum([a.shape[axis] for a in arrays[:i]], dtype=int))
    piece = slice(start, start + arrays[i].shape[axis])
    return getitem(g, (slice(None),) * (axis % g.ndim) + (piece,))


_concatenate.defvjp(each=_concatenate_vjp)


def concatenate(arrays: Sequence, axis: int = 0):
    """y = the arrays one after the other along an existing `axis`."""
    arrays = _arrays("concatenate", arrays)
    (axis,) = axes_of("concatenate", (axis,), arrays[0].ndim)
    return _concatenate(*arrays, axis=axis)


def _arrays(who: str, arrays) -> list:
    if not instance(who, (list, tuple), arrays=arrays):
        raise ValueError(f"{who}: arrays is empty, expected at least one")
    return [shaped(a, who, f"arrays[{i}]") for i, a in enumerate(arrays)]


def stack(arrays: Sequence, axis: int = 0):
    """y = the arrays, all of one shape, side by side along a new `axis`."""
    arrays = _arrays("stack", arrays)
    shapes = {a.shape for a in arrays}
    if len(shapes) != 1:
        raise ValueError(f"stack: arrays of shapes {sorted(shapes)}, expected all of one shape")
    (axis,) = axes_of("stack", (axis,), arrays[0].ndim + 1)
    shape = (*arrays[0].shape[:axis], 1, *arrays[0].shape[axis:])
    return concatenate([reshape(a, shape) for a in arrays], axis)


@primitive
def pad(x: Array, pad_width: Sequence[tuple[int, int]], constant: float = 0.0) -> Array:
    """y = x with (before, after) constants added on every axis;  the gradient is cropped."""
    if len(pad_width) != x.ndim:
        raise ValueError("pad_width must hold one pair (before, after) for each axis")
    return np.pad(x, tuple(pad_width) or 0, constant_values=float(constant))  # a number has no axes to pad


def _pad_vjp(g, y, x, pad_width, constant=0.0):
    index = [slice(before, before + n) for (before, _), n in zip(pad_width, x.shape, strict=True)]
    return getitem(g, tuple(index))


pad.defvjp(_pad_vjp)


def flip(x, axis: Axis = None):
    """y = x in reverse order along `axis`: one axis, several, or all."""
    x = shaped(x, "flip")
    axes = axes_of("flip", axis, x.ndim)
    return getitem(x, tuple([slice(None, None, -1 if i in axes else 1) for i in range(x.ndim)]))


def repeat(x, repeats: int, axis: int):
    """y = x with every slice along `axis` repeated `repeats` times:  a b c -> a a b b c c."""
    x, repeats = shaped(x, "repeat"), whole("repeat", least=0, repeats=repeats)
    (axis,) = axes_of("repeat", (axis,), x.ndim)
    before, n, after = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    y = broadcast_to(reshape(x, (*before, n, 1, *after)), (*before, n, repeats, *after))
    return reshape(y, (*before, n * repeats, *after))
