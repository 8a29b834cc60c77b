"""Flatten and Reshape: the same numbers in another shape; the batch axis stays.

Chapter 5.7; read `base` before it.
"""

from __future__ import annotations

import math
from typing import Any

from minigan import ops
from minigan.layers.base import Layer


class Flatten(Layer):
    """(N, ...) -> (N, product of the rest)."""

    def __call__(self, x: Any, training: bool = False) -> Any:
        if not x.shape:
            raise ValueError(f"{self!r} got an input of shape (), expected (N, ...)")
        return ops.reshape(x, (x.shape[0], math.prod(x.shape[1:])))


class Reshape(Layer):
    """(N, ...) -> (N, *shape).  Raises ValueError if the number of elements differs."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def __repr__(self) -> str:
        return f"Reshape({self.shape})"

    def __call__(self, x: Any, training: bool = False) -> Any:
        if not x.shape or math.prod(x.shape[1:]) != math.prod(self.shape):
            raise ValueError(f"{self!r} got an input of shape {x.shape}, whose examples have other sizes")
        return ops.reshape(x, (x.shape[0], *self.shape))
