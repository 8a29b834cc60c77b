"""UpSampling2D and pooling as layers; the functions are in `ops.resampling`."""

from collections.abc import Callable

from minigan import ops
from minigan.backend import shaped
from minigan.checks import choice
from minigan.layers.base import Layer
from minigan.ops.resampling import INTERPOLATIONS
from minigan.ops.window import Padding, Size, per_axis, sides


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
        x = shaped(x)
        if len(x.shape) != 4:
            raise ValueError(f"{self!r} got an input of shape {x.shape}, expected (N, H, W, C)")
        return ops.mean(x, axis=(1, 2))
