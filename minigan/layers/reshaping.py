"""Layers without weights that change the shape: Flatten and Reshape, UpSampling2D and pooling.

The batch axis stays; what UpSampling2D and pooling compute is in `ops.resampling`.
"""

import math
from collections.abc import Callable

from minigan import ops
from minigan.backend import shaped
from minigan.checks import choice, per_axis, wholes
from minigan.layers.base import Layer
from minigan.ops.resampling import INTERPOLATIONS
from minigan.ops.window import Padding, Size, sides


class Flatten(Layer):
    """(N, ...) -> (N, product of the rest)."""

    def __call__(self, x, training: bool = False):
        x = shaped(x, self)
        if not x.shape:
            raise ValueError(f"{self!r} got an input of shape (), expected (N, ...)")
        return ops.reshape(x, (x.shape[0], math.prod(x.shape[1:])))


class Reshape(Layer):
    """(N, ...) -> (N, *shape); one size may be -1.  Raises ValueError if the sizes do not fit."""

    def __init__(self, shape: tuple[int, ...]):
        self.shape = wholes("Reshape", least=-1, shape=shape)
        if self.shape.count(-1) > 1 or 0 in self.shape:
            raise ValueError(
                f"Reshape: shape is {self.shape}, expected positive sizes, one of which may be -1"
            )

    def __call__(self, x, training: bool = False):
        x = shaped(x, self)
        size, known = math.prod(x.shape[1:]), math.prod(n for n in self.shape if n != -1)
        if not x.shape or (size % known if -1 in self.shape else size != known):
            raise ValueError(f"{self!r} got an input of shape {x.shape}, whose examples have other sizes")
        shape = tuple(size // known if n == -1 else n for n in self.shape)
        return ops.reshape(x, (x.shape[0], *shape))


class UpSampling2D(Layer):
    """(N, H, W, C) -> (N, H·size, W·size, C), "nearest" or "bilinear", as `ops.upsample2d`."""

    def __init__(self, size: Size = 2, interpolation: str = "nearest"):
        self.size = per_axis("UpSampling2D", "size", size)
        self.interpolation = choice("UpSampling2D", INTERPOLATIONS, interpolation=interpolation)

    def __call__(self, x, training: bool = False):
        return ops.upsample2d(x, self.size, self.interpolation)


class _Pooling(Layer):
    """The arguments that the two kinds of pooling have in common."""

    pool: Callable

    def __init__(self, size: Size = 2, strides: Size | None = None, padding: Padding = "valid"):
        name = type(self).__name__
        self.size = per_axis(name, "size", size)
        self.strides = self.size if strides is None else per_axis(name, "strides", strides)
        sides(name, padding, (1, 1), (1, 1), (1, 1))  # raises if it is none
        self.padding = padding

    def __call__(self, x, training: bool = False):
        return self.pool(x, self.size, self.strides, self.padding)


class MaxPooling2D(_Pooling):
    """The largest pixel of each window, as `ops.max_pool2d`."""

    pool = staticmethod(ops.max_pool2d)


class AveragePooling2D(_Pooling):
    """The mean of each window, as `ops.average_pool2d`."""

    pool = staticmethod(ops.average_pool2d)


class GlobalAveragePooling2D(Layer):
    """(N, H, W, C) -> (N, C), the mean of each channel."""

    def __call__(self, x, training: bool = False):
        x = shaped(x, self)
        if len(x.shape) != 4:
            raise ValueError(f"{self!r} got an input of shape {x.shape}, expected (N, H, W, C)")
        return ops.mean(x, axis=(1, 2))
