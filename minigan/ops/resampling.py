"""Making images larger and smaller: upsample2d, max_pool2d, average_pool2d.  Read `window` before it.

All are compositions, so that none needs a derivative of its own.  The transpose of repeating pixels is
summing over the repeated block, which is where peers go wrong by picking one pixel of the block.
"""

from itertools import product

import numpy as np

from minigan.backend import shaped, to_device
from minigan.checks import choice, per_axis
from minigan.ops.broadcasting import broadcast_to, reshape
from minigan.ops.contraction import matmul
from minigan.ops.elementwise import value
from minigan.ops.reduction import max
from minigan.ops.shape import getitem, pad, stack
from minigan.ops.window import Padding, Size, window

INTERPOLATIONS = ("nearest", "bilinear")


def upsample2d(x, size: Size = 2, interpolation: str = "nearest"):
    """Images `size` times as high and wide: (N, H, W, C) -> (N, H·SH, W·SW, C).

    size           one number, or (rows, columns)
    interpolation  "nearest": every pixel is repeated; "bilinear": weighted means of the nearest pixels,
                   whose centres lie at half-integers; beyond the outermost centres the edge is continued
    """
    x, (sh, sw) = _images("upsample2d", x), per_axis("upsample2d", "size", size)
    n, h, w, c = x.shape
    if choice("upsample2d", INTERPOLATIONS, interpolation=interpolation) == "nearest":
        y = broadcast_to(reshape(x, (n, h, 1, w, 1, c)), (n, h, sh, w, sw, c))
        return reshape(y, (n, h * sh, w * sw, c))
    y = matmul(_bilinear(h, sh, x), reshape(x, (n, h, w * c)))  # (N, H·SH, W·C)
    y = matmul(_bilinear(w, sw, x), reshape(y, (n * h * sh, w, c)))  # (N·H·SH, W·SW, C)
    return reshape(y, (n, h * sh, w * sw, c))


def _bilinear(n: int, scale: int, like):
    """The (n·scale, n) matrix of linear interpolation along one axis; every row sums to one."""
    centre = np.clip((np.arange(n * scale) + 0.5) / scale - 0.5, 0, n - 1)  # in pixels of the original
    weights = np.maximum(1 - np.abs(centre[:, None] - np.arange(n)), 0)
    dtype = value(like).dtype
    return to_device(weights.astype(dtype if dtype.kind == "f" else np.float32), value(like))


def max_pool2d(x, size: Size = 2, strides: Size | None = None, padding: Padding = "valid"):
    """The largest pixel of each window, channel by channel: (N, H, W, C) -> (N, OH, OW, C).

    Windows may overlap; strides are the size by default.  Padding never wins.  The largest pixel receives
    the gradient, and pixels that tie share it equally.  No window may see nothing but padding.
    """
    x = _images("max_pool2d", x)
    dtype = value(x).dtype
    lowest = -np.inf if dtype.kind == "f" else np.iinfo(dtype).min
    return max(_windows("max_pool2d", x, size, strides, padding, outside=lowest), axis=0)


def average_pool2d(x, size: Size = 2, strides: Size | None = None, padding: Padding = "valid"):
    """The mean of each window, channel by channel: (N, H, W, C) -> (N, OH, OW, C).

    Strides are the size by default.  Pixels of the padding are not counted.
    """
    x = _images("average_pool2d", x)
    windows = _windows("average_pool2d", x, size, strides, padding, outside=0.0)
    ones = np.ones_like(value(x), shape=(1, *x.shape[1:3], 1))
    inside = _windows("average_pool2d", ones, size, strides, padding, outside=0.0)
    return windows.sum(axis=0) * (1 / inside.sum(axis=0))


def _windows(name: str, x, size: Size, strides: Size | None, padding: Padding, outside: float):
    """Each pixel of each window, (pixels of a window, N, OH, OW, C): one strided slice for each."""
    kernel = per_axis(name, "size", size)
    at = window(name, x.shape[1:3], kernel, kernel if strides is None else strides, padding, 1)
    around = [(p, f - p - n) for p, f, n in zip(at.padding, at.framed, at.image, strict=True)]
    if any(before >= k or after >= k for (before, after), k in zip(around, kernel, strict=True)):
        came = f"{name}: with padding {padding!r}, a window of {kernel} pixels"
        raise ValueError(f"{came} would see nothing but padding")
    x = pad(x, ((0, 0), *around, (0, 0)), outside)
    return stack([getitem(x, at.seen_by(k)) for k in product(*map(range, kernel))])


def _images(name: str, x):
    x = shaped(x, name)
    if x.ndim != 4:
        raise ValueError(f"{name}: x has shape {x.shape}, expected (N, H, W, C)")
    return x
