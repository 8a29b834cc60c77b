"""A convolution and its bias as one operation: the bias is added where the result is, and no second array is made.

The result of the convolution alone would be kept until the step back, which has no use for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigan.autograd import Primitive, primitive
from minigan.backend import Array
from minigan.checks import expect
from minigan.fast.threads import add_to_rows
from minigan.layers.convolution import Conv2D, Conv2DTranspose
from minigan.ops.broadcasting import sum
from minigan.ops.convolution import convolution, convolution_transpose
from minigan.ops.window import transposed_size, window


@primitive
def with_bias(x: Array, w: Array, b: Array, of: Primitive, **keywords: Any) -> Array:
    """y = of(x, w) + b,  dL/dx and dL/dw as those of `of`,  dL/db = Σ g.

    of  a primitive that is linear in x and in w, with its keywords; its last axis is that of b (F,)
    """
    y = of.forward(x, w, **keywords)
    if np.result_type(y, b) != y.dtype:
        return y + b
    add_to_rows(y, b)
    return y


with_bias.defvjp(
    lambda g, y, x, w, b, of, **keywords: of.vjp(0)(g, None, x, w, **keywords),
    lambda g, y, x, w, b, of, **keywords: of.vjp(1)(g, None, x, w, **keywords),
    lambda g, y, x, w, b, of, **keywords: sum(g, tuple(range(g.ndim - 1))),
)


def has_bias(layer: Any) -> bool:
    """True for a plain Conv2D or Conv2DTranspose with a bias (F,)."""
    plain = type(layer) in (Conv2D, Conv2DTranspose)  # not a subclass, which may compute something else
    return plain and layer.use_bias and layer.bias.shape == (layer.filters,)


def convolution_with_bias(layer: Any, x: Any) -> Any:
    """layer(x) for a layer that `has_bias`, and images x (N, H, W, C)."""
    expect(layer, x, 3, layer.in_channels, f"(N, H, W, {layer.in_channels})")
    image, kernel = x.shape[1:3], layer.kernel.shape[:2]
    name, of, how = "conv2d", convolution, (layer.strides, layer.padding, layer.dilation_rate)
    if layer.transposed:
        name, of = "conv2d_transpose", convolution_transpose
        image = transposed_size(name, image, kernel, *how)
    at = window(name, image, kernel, *how)
    return with_bias(x, layer.kernel, layer.bias, of=of, at=at)
