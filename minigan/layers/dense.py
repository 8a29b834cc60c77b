"""Dense: a matrix product and a bias.

Part I; read `base` before it (`initializers` says how large the first weights are).
"""

from __future__ import annotations

from typing import Any

from minigan.checks import expect, whole
from minigan.layers.base import Layer
from minigan.layers.initializers import Initializer, glorot_uniform, make_weights
from minigan.ops import matmul


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
        kernel_initializer: Initializer | str = glorot_uniform,
    ) -> None:
        self.in_features, self.units = whole("Dense", in_features=in_features, units=units)
        self.use_bias, shape = use_bias, (self.in_features, self.units)
        self.kernel, self.bias = make_weights(
            "Dense", kernel_initializer, shape, *shape, self.units, use_bias
        )

    def __call__(self, x: Any, training: bool = False) -> Any:
        return self.apply(x, self.kernel)

    def apply(self, x: Any, kernel: Any) -> Any:
        """y with another kernel in the place of W, as spectral normalization has one."""
        expect(self, x, -1, self.in_features, f"(..., {self.in_features})")
        y = matmul(x, kernel)
        return y + self.bias if self.use_bias else y
