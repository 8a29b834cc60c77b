"""UpSampling2D and pooling as layers; the functions are in `ops.resampling`.

Chapter 5.9; read `base` before it.
"""

from __future__ import annotations

from typing import Any

from minigan import ops
from minigan.layers.base import Layer
from minigan.ops.window import Padding, Size


class UpSampling2D(Layer):
    """(N, H, W, C) -> (N, H·size, W·size, C), "nearest" or "bilinear", as `ops.upsample2d`."""

    def __init__(self, size: Size = 2, interpolation: str = "nearest") -> None:
        self.size, self.interpolation = size, interpolation

    def __repr__(self) -> str:
        return f"UpSampling2D({self.size}, {self.interpolation!r})"

    def __call__(self, x: Any, training: bool = False) -> Any:
        return ops.upsample2d(x, self.size, self.interpolation)


class MaxPooling2D(Layer):
    """The largest pixel of each window, as `ops.max_pool2d`."""

    def __init__(self, size: Size = 2, strides: Size | None = None, padding: Padding = "valid") -> None:
        self.size, self.strides, self.padding = size, strides, padding

    def __repr__(self) -> str:
        return f"MaxPooling2D({self.size}, {self.strides}, {self.padding!r})"

    def __call__(self, x: Any, training: bool = False) -> Any:
        return ops.max_pool2d(x, self.size, self.strides, self.padding)


class AveragePooling2D(Layer):
    """The mean of each window, as `ops.average_pool2d`."""

    def __init__(self, size: Size = 2, strides: Size | None = None, padding: Padding = "valid") -> None:
        self.size, self.strides, self.padding = size, strides, padding

    def __repr__(self) -> str:
        return f"AveragePooling2D({self.size}, {self.strides}, {self.padding!r})"

    def __call__(self, x: Any, training: bool = False) -> Any:
        return ops.average_pool2d(x, self.size, self.strides, self.padding)


class GlobalAveragePooling2D(Layer):
    """(N, H, W, C) -> (N, C), the mean of each channel."""

    def __call__(self, x: Any, training: bool = False) -> Any:
        if len(x.shape) != 4:
            raise ValueError(f"{self!r} got an input of shape {x.shape}, expected (N, H, W, C)")
        return ops.mean(x, axis=(1, 2))
