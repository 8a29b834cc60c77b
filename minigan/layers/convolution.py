"""Conv2D and Conv2DTranspose: the convolution of `ops.convolution` with a trained kernel and a bias.

Chapter 5.8; read `base`, `initializers` and `ops.convolution` before it.

The two share their arguments, not a class: a transposed convolution is the gradient of a convolution
with respect to its image, not a kind of convolution.
"""

from __future__ import annotations

from typing import Any

from minigan.autograd import Tensor
from minigan.backend import zeros
from minigan.layers.base import Layer, expect
from minigan.layers.initializers import Initializer, glorot_uniform
from minigan.ops import conv2d, conv2d_transpose
from minigan.ops.window import Padding, Size, pair


class Conv2D(Layer):
    """y[o] = Σ x[S·o + D·k - P] w[k] + b.

    x (N, H, W, in_channels), w (KH, KW, in_channels, filters), b (filters,), y (N, OH, OW, filters);
    strides, padding and dilation_rate as for `ops.conv2d`.
    Raises ValueError if the channels do not fit or no output pixel is left.
    """

    def __init__(
        self,
        in_channels: int,
        filters: int,
        kernel_size: Size,
        strides: Size = 1,
        padding: Padding = "valid",
        dilation_rate: Size = 1,
        use_bias: bool = True,
        kernel_initializer: Initializer = glorot_uniform,
    ) -> None:
        self.in_channels, self.filters, self.use_bias = in_channels, filters, use_bias
        self.strides, self.padding, self.dilation_rate = strides, padding, dilation_rate
        kh, kw = pair("Conv2D", "kernel_size", kernel_size)
        self.kernel = Tensor(
            kernel_initializer((kh, kw, in_channels, filters), kh * kw * in_channels, kh * kw * filters)
        )
        if use_bias:
            self.bias = Tensor(zeros((filters,)))

    def __repr__(self) -> str:
        kh, kw = self.kernel.shape[:2]
        return f"Conv2D({self.in_channels}, {self.filters}, ({kh}, {kw}), {self.strides}, {self.padding!r})"

    def __call__(self, x: Any, training: bool = False) -> Any:
        expect(self, x, 3, self.in_channels, f"(N, H, W, {self.in_channels})")
        y = conv2d(x, self.kernel, self.strides, self.padding, self.dilation_rate)
        return y + self.bias if self.use_bias else y


class Conv2DTranspose(Layer):
    """x[S·o + D·k - P] += y[o] w[k], and + b: the transpose of a Conv2D that leads from x to y.

    y (N, OH, OW, in_channels), w (KH, KW, filters, in_channels), b (filters,), x (N, H, W, filters), with
    H = OH·S for padding="same" and OH·S + max(KH - S, 0) for "valid"; else as for `ops.conv2d_transpose`.
    Raises ValueError if the channels do not fit.
    """

    def __init__(
        self,
        in_channels: int,
        filters: int,
        kernel_size: Size,
        strides: Size = 1,
        padding: Padding = "valid",
        dilation_rate: Size = 1,
        use_bias: bool = True,
        kernel_initializer: Initializer = glorot_uniform,
    ) -> None:
        self.in_channels, self.filters, self.use_bias = in_channels, filters, use_bias
        self.strides, self.padding, self.dilation_rate = strides, padding, dilation_rate
        kh, kw = pair("Conv2DTranspose", "kernel_size", kernel_size)
        self.kernel = Tensor(
            kernel_initializer((kh, kw, filters, in_channels), kh * kw * in_channels, kh * kw * filters)
        )
        if use_bias:
            self.bias = Tensor(zeros((filters,)))

    def __repr__(self) -> str:
        kh, kw = self.kernel.shape[:2]
        return f"Conv2DTranspose({self.in_channels}, {self.filters}, ({kh}, {kw}), {self.strides}, {self.padding!r})"

    def __call__(self, x: Any, training: bool = False) -> Any:
        expect(self, x, 3, self.in_channels, f"(N, H, W, {self.in_channels})")
        y = conv2d_transpose(x, self.kernel, self.strides, self.padding, dilation_rate=self.dilation_rate)
        return y + self.bias if self.use_bias else y
