"""Embedding: the choice of rows of a table.

Part III; read `base` before it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigan.autograd import Tensor
from minigan.backend import normal, to_device
from minigan.checks import renamed, whole
from minigan.layers.base import Layer
from minigan.ops import getitem
from minigan.ops.elementwise import value


@renamed(count="input_dim", features="output_dim")
class Embedding(Layer):
    """y = table[x]: row x of a table of `input_dim` rows, each with `output_dim` trained numbers.

    x (...) of integers in [0, input_dim), y (..., output_dim).  Names as in Keras.
    Raises TypeError if x is not made of integers, IndexError if one is out of range.
    """

    def __init__(self, input_dim: int, output_dim: int) -> None:
        self.input_dim, self.output_dim = whole("Embedding", input_dim=input_dim, output_dim=output_dim)
        self.table = Tensor(normal((self.input_dim, self.output_dim)) * 0.05)

    def __call__(self, x: Any, training: bool = False) -> Any:
        x = np.asarray(x) if isinstance(x, int | list | tuple) else value(x)
        if x.dtype.kind not in "iu":
            raise TypeError(f"{self!r} got numbers of dtype {x.dtype}, expected integers")
        on_host = isinstance(x, np.ndarray | np.generic)  # asking a GPU would wait for the answer
        if on_host and x.size and not 0 <= x.min() <= x.max() < self.input_dim:
            raise IndexError(
                f"{self!r} got indices from {x.min()} to {x.max()}, expected 0 to {self.input_dim - 1}"
            )
        return getitem(self.table, to_device(x, self.table.data))
