"""Flatten and Reshape: the same numbers in another shape; the batch axis stays."""

import math

from minigan import ops
from minigan.backend import shaped
from minigan.checks import wholes
from minigan.layers.base import Layer


class Flatten(Layer):
    """(N, ...) -> (N, product of the rest)."""

    def __call__(self, x, training: bool = False):
        x = shaped(x)
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
        x = shaped(x)
        size, known = math.prod(x.shape[1:]), math.prod(n for n in self.shape if n != -1)
        if not x.shape or (size % known if -1 in self.shape else size != known):
            raise ValueError(f"{self!r} got an input of shape {x.shape}, whose examples have other sizes")
        shape = tuple(size // known if n == -1 else n for n in self.shape)
        return ops.reshape(x, (x.shape[0], *shape))
