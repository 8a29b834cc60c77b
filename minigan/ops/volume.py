"""conv3d and conv3d_transpose: the three convolutions, in space.  Read `convolution` before it.

The bodies and the six vjps are those of `convolution`, which know no number of axes: a video, or an object made of
voxels, is (N, D, H, W, C), a kernel (KD, KH, KW, C, F), a result (N, OD, OH, OW, F).
"""

from minigan.backend import shaped
from minigan.checks import per_axis
from minigan.ops.convolution import convolution, convolution_transpose
from minigan.ops.window import Padding, Size, transposed_size, window


def conv3d(x, kernel, strides: Size = 1, padding: Padding = "valid", dilation_rate: Size = 1):
    """y[o] = Σ x[S·o + D·k - P] w[k], with o and k in three dimensions.

    x (N, D, H, W, C), kernel (KD, KH, KW, C, F), y (N, OD, OH, OW, F); the rest as for `conv2d`, with three numbers,
    or three pairs of them, where that has two.
    """
    x, kernel = shaped(x, "conv3d"), shaped(kernel, "conv3d", "kernel")
    _check_channels("conv3d", "x", x, 3, kernel)
    at = window("conv3d", x.shape[1:4], kernel.shape[:3], strides, padding, dilation_rate)
    return convolution(x, kernel, at=at)


def conv3d_transpose(
    y, kernel, strides: Size = 1, padding: Padding = "valid", output_size=None, dilation_rate: Size = 1
):
    """The transpose of conv3d in its first argument: x[S·o + D·k - P] += y[o] w[k].

    y (N, OD, OH, OW, F), kernel (KD, KH, KW, C, F) of the convolution that is transposed, x (N, D, H, W, C); the rest,
    and the default of output_size (D, H, W), as for `conv2d_transpose`.
    """
    name = "conv3d_transpose"
    y, kernel = shaped(y, name, "y"), shaped(kernel, name, "kernel")
    _check_channels(name, "y", y, 4, kernel)
    size = output_size
    if size is None:
        size = transposed_size(name, y.shape[1:4], kernel.shape[:3], strides, padding, dilation_rate)
    at = window(
        name, per_axis(name, "output_size", size, 3), kernel.shape[:3], strides, padding, dilation_rate
    )
    if at.result != y.shape[1:4]:
        came = f"{name}: an image of output_size {at.image} has a convolution of {at.result} voxels"
        raise ValueError(f"{came}, but y has {y.shape[1:4]}")
    return convolution_transpose(y, kernel, at=at)


def _check_channels(name: str, argument: str, x, axis: int, kernel) -> None:
    came = f"{name}: {argument} has shape {x.shape} and the kernel {kernel.shape}"
    if len(x.shape) != 5 or len(kernel.shape) != 5 or min(kernel.shape[3:]) < 1:
        raise ValueError(f"{came}, expected (N, D, H, W, channels) and (KD, KH, KW, C, F)")
    if x.shape[4] != kernel.shape[axis]:
        raise ValueError(f"{came}: {x.shape[4]} channels, but the kernel expects {kernel.shape[axis]}")
