"""Dense: a matrix product and a bias.  Read `base` before it (`initializers` says how large first weights are)."""

import numpy as np

from minigan.autograd import Tensor
from minigan.backend import normal, shaped, to_device
from minigan.checks import expect, flag, renamed, whole
from minigan.layers.base import Layer
from minigan.layers.initializers import glorot_uniform, make_weights
from minigan.ops import getitem, matmul, value


class Dense(Layer):
    """y = x W + b;  x (..., in_features), W (in_features, units), b (units,), y (..., units)."""

    def __init__(self, in_features: int, units: int, use_bias=True, kernel_initializer=glorot_uniform):
        self.in_features, self.units = whole("Dense", in_features=in_features, units=units)
        self.use_bias, sizes = flag("Dense", use_bias=use_bias), (self.in_features, self.units)
        self.kernel, self.bias = make_weights("Dense", kernel_initializer, sizes, *sizes, use_bias)

    def __call__(self, x, training: bool = False):
        return self.apply(x, self.kernel)

    def apply(self, x, kernel):
        """y with another kernel in the place of W, as spectral normalization has one."""
        expect(self, x, -1, self.in_features, f"(..., {self.in_features})")
        y = matmul(x, kernel)
        return y + self.bias if self.use_bias else y


# --- To be read later: the choice of rows of a table -------------------------------------------------


@renamed(count="input_dim", features="output_dim")
class Embedding(Layer):
    """y = table[x]: row x of a table of `input_dim` rows, each with `output_dim` trained numbers.

    x (...) of integers in [0, input_dim), y (..., output_dim).  Names as in Keras.
    """

    def __init__(self, input_dim: int, output_dim: int):
        self.input_dim, self.output_dim = whole("Embedding", input_dim=input_dim, output_dim=output_dim)
        self.table = Tensor(normal((self.input_dim, self.output_dim)) * 0.05)

    def __call__(self, x, training: bool = False):
        x = value(shaped(x, self))
        if x.dtype.kind not in "iu":
            raise TypeError(f"{self!r} got numbers of dtype {x.dtype}, expected integers")
        on_host = isinstance(x, np.ndarray | np.generic)  # asking a GPU would wait for the answer
        if on_host and x.size and not 0 <= x.min() <= x.max() < self.input_dim:
            came = f"{self!r} got indices from {x.min()} to {x.max()}"
            raise IndexError(f"{came}, expected 0 to {self.input_dim - 1}")
        return getitem(self.table, to_device(x, self.table.data))
