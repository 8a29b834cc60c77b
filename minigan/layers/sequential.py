"""Sequential: layers one after the other.

Chapter 5.11; read `base` before it.
"""

from __future__ import annotations

from typing import Any

from minigan.layers.base import Layer, expect
from minigan.layers.convolution import Conv2D
from minigan.layers.resampling import UpSampling2D
from minigan.fast.resize_convolution import upsample_conv2d


class Sequential(Layer):
    """y = last(... second(first(x))).

    An UpSampling2D followed by a Conv2D runs as one operation with the same numbers (`joined`).
    Raises TypeError for what is not a Layer; errors of a layer name the layer themselves.
    """

    def __init__(self, *layers: Layer) -> None:
        for i, layer in enumerate(layers):
            if not isinstance(layer, Layer):
                raise TypeError(f"Sequential: argument {i} is {layer!r}, expected a Layer")
        self.layers = layers

    def __repr__(self) -> str:
        return "Sequential(\n" + "".join(f"    {layer!r},\n" for layer in self.layers) + ")"

    def __call__(self, x: Any, training: bool = False) -> Any:
        i = 0
        while i < len(self.layers):
            pair = self.layers[i : i + 2]
            if len(pair) == 2 and can_join(*pair):
                x, i = joined(*pair, x), i + 2
            else:
                x, i = self.layers[i](x, training), i + 1
        return x


def can_join(first: Layer, second: Layer) -> bool:
    """True for a nearest UpSampling2D followed by a plain "same" Conv2D."""
    return (
        type(first) is UpSampling2D  # not a subclass, which may compute something else
        and type(second) is Conv2D
        and (first.interpolation, second.padding) == ("nearest", "same")
        and isinstance(first.size, int)
        and second.strides == second.dilation_rate == 1
    )


def joined(upsampling: Any, convolution: Any, x: Any) -> Any:
    """Both at once, with fewer multiplications; `ops.upsampled_convolution` says how."""
    expect(convolution, x, 3, convolution.in_channels, f"(N, H, W, {convolution.in_channels})")
    y = upsample_conv2d(x, convolution.kernel, upsampling.size)
    return y + convolution.bias if convolution.use_bias else y
