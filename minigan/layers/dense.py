"""Dense and Embedding: a matrix product, and the choice of rows.

Chapter 5.3; read `base` and `initializers` before it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigan.autograd import Tensor
from minigan.backend import normal, to_device, zeros
from minigan.layers.base import Layer, expect
from minigan.layers.initializers import Initializer, glorot_uniform
from minigan.ops import getitem, matmul
from minigan.ops.elementwise import value


class Dense(Layer):
    """y = x W + b.

    x (..., in_features), W (in_features, units), b (units,), y (..., units).
    Raises ValueError if the last axis of x is not in_features.
    """

    def __init__(
        self,
        in_features: int,
        units: int,
        use_bias: bool = True,
        kernel_initializer: Initializer = glorot_uniform,
    ) -> None:
        if in_features < 1 or units < 1:
            raise ValueError(f"Dense({in_features}, {units}): expected at least one feature and one unit")
        self.in_features, self.units, self.use_bias = in_features, units, use_bias
        self.kernel = Tensor(kernel_initializer((in_features, units), in_features, units))
        if use_bias:
            self.bias = Tensor(zeros((units,)))

    def __repr__(self) -> str:
        return f"Dense({self.in_features}, {self.units})"

    def __call__(self, x: Any, training: bool = False) -> Any:
        expect(self, x, -1, self.in_features, f"(..., {self.in_features})")
        y = matmul(x, self.kernel)
        return y + self.bias if self.use_bias else y


class Embedding(Layer):
    """y = table[x]: row x of a table of `count` rows, each with `features` trained numbers.

    x (...) of integers in [0, count), y (..., features).
    Raises TypeError if x is not made of integers, IndexError if one is out of range.
    """

    def __init__(self, count: int, features: int) -> None:
        self.count, self.features = count, features
        self.table = Tensor(normal((count, features)) * 0.05)

    def __repr__(self) -> str:
        return f"Embedding({self.count}, {self.features})"

    def __call__(self, x: Any, training: bool = False) -> Any:
        x = np.asarray(x) if isinstance(x, int | list | tuple) else value(x)
        if x.dtype.kind not in "iu":
            raise TypeError(f"{self!r} got numbers of dtype {x.dtype}, expected integers")
        on_host = isinstance(x, np.ndarray | np.generic)  # asking a GPU would wait for the answer
        if on_host and x.size and not 0 <= x.min() <= x.max() < self.count:
            raise IndexError(
                f"{self!r} got indices from {x.min()} to {x.max()}, expected 0 to {self.count - 1}"
            )
        return getitem(self.table, to_device(x, self.table.data))
