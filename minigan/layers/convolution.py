"""Conv2D and Conv2DTranspose: the convolution of `ops.convolution` with a trained kernel and a bias."""

from typing import Any

from minigan.checks import expect, flag, per_axis, whole
from minigan.layers.base import Layer
from minigan.layers.initializers import glorot_uniform, make_weights
from minigan.ops import conv2d, conv2d_transpose
from minigan.ops.window import Padding, Size, sides


class _Convolution(Layer):
    """The arguments, the kernel and the bias that all convolutions have in common."""

    transposed, axes = False, 2  # of a Conv2D; the others name their own
    operation: Any = staticmethod(conv2d)

    def __init__(
        self,
        in_channels: int,
        filters: int,
        kernel_size: Size,
        strides: Size = 1,
        padding: Padding = "valid",
        dilation_rate: Size = 1,
        use_bias: bool = True,
        kernel_initializer=glorot_uniform,
    ):
        name = type(self).__name__
        self.in_channels, self.filters = whole(name, in_channels=in_channels, filters=filters)
        self.kernel_size = per_axis(name, "kernel_size", kernel_size, self.axes)
        self.strides = per_axis(name, "strides", strides, self.axes)
        self.dilation_rate = per_axis(name, "dilation_rate", dilation_rate, self.axes)
        sides(name, padding, *[(1,) * self.axes] * 3)  # raises if it is none
        self.padding, self.use_bias = padding, flag(name, use_bias=use_bias)
        channels = (self.filters, self.in_channels) if self.transposed else (self.in_channels, self.filters)
        self.kernel, self.bias = make_weights(
            name, kernel_initializer, (*self.kernel_size, *channels), self.in_channels, self.filters, use_bias
        )

    def __call__(self, x, training: bool = False):
        return self.apply(x, self.kernel)

    def apply(self, x, kernel):
        """y with another kernel in the place of w, as spectral normalization has one."""
        image = ("H, W", "D, H, W")[self.axes - 2]
        expect(self, x, self.axes + 1, self.in_channels, f"(N, {image}, {self.in_channels})")
        y = self.operation(x, kernel, self.strides, self.padding, dilation_rate=self.dilation_rate)
        return y + self.bias if self.use_bias else y


class Conv2D(_Convolution):
    """y[o] = Σ x[S·o + D·k - P] w[k] + b.

    x (N, H, W, in_channels), w (KH, KW, in_channels, filters), b (filters,), y (N, OH, OW, filters);
    strides, padding and dilation_rate as for `ops.conv2d`.
    """


class Conv2DTranspose(_Convolution):
    """x[S·o + D·k - P] += y[o] w[k], and + b: the transpose of a Conv2D that leads from x to y.

    y (N, OH, OW, in_channels), w (KH, KW, filters, in_channels), b (filters,), x (N, H, W, filters), with
    H = OH·S for padding="same" and OH·S + max(KH - S, 0) for "valid"; else as for `ops.conv2d_transpose`.
    """

    transposed, operation = True, staticmethod(conv2d_transpose)
