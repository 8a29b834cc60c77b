"""Conv3D and Conv3DTranspose: the convolution of `ops.volume` with a trained kernel and a bias.

Part III; read `layers.convolution` before it.
"""

from minigan.layers.convolution import _Convolution
from minigan.ops.volume import conv3d, conv3d_transpose


class Conv3D(_Convolution):
    """y[o] = Σ x[S·o + D·k - P] w[k] + b.

    x (N, D, H, W, in_channels), w (KD, KH, KW, in_channels, filters), b (filters,), y (N, OD, OH, OW, filters);
    strides, padding and dilation_rate as for `ops.conv3d`.
    """

    axes, operation = 3, staticmethod(conv3d)


class Conv3DTranspose(_Convolution):
    """x[S·o + D·k - P] += y[o] w[k], and + b: the transpose of a Conv3D that leads from x to y.

    y (N, OD, OH, OW, in_channels), w (KD, KH, KW, filters, in_channels), b (filters,), x (N, D, H, W, filters), with the
    sizes of `Conv2DTranspose`.
    """

    transposed, axes, operation = True, 3, staticmethod(conv3d_transpose)
