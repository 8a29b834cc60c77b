"""Convolution, its two transposes, and why there are exactly three of them.  Read `contraction` before it.

With stride S, padding P and dilation D, written for one spatial axis (there may be any number, all the same):

    y[n, o, f] = Σ_k Σ_c  x[n, S·o + D·k - P, c] · w[k, c, f]                       (convolution)

The number  ⟨y, conv(x, w)⟩ = Σ y[n, o, f] · x[n, S·o + D·k - P, c] · w[k, c, f]  is linear in each of x,
w and y.  Hold two of them fixed, and what the third one is multiplied with is an operation:

    in y:   convolution(x, w)                     the convolution itself
    in x:   convolution_transpose(y, w)           its transpose in x, which the layer Conv2DTranspose is
    in w:   convolution_kernel_gradient(x, y)     its transpose in w

So the two vjps of each of the three are the other two: six vjps, closed under differentiation, and
right to every order if the three forwards are each other's transposes, which the tests check.

Images are (N, H, W, C), kernels (KH, KW, C, F), results (N, OH, OW, F).
"""

from itertools import product

import numpy as np

from minigan.autograd import primitive
from minigan.backend import Array, shaped
from minigan.checks import per_axis
from minigan.ops.window import Padding, Size, Window, transposed_size, window


@primitive
def convolution(x: Array, w: Array, at: Window) -> Array:
    """y[o] = Σ x[S·o + D·k - P] w[k],  dL/dx = convolution_transpose(g, w),  dL/dw = ..._kernel_gradient(x, g)."""
    y = im2col(x, at) @ w.reshape(-1, w.shape[-1])  # (N·OH·OW, F)
    return y.reshape(len(x), *at.result, w.shape[-1])


@primitive
def convolution_transpose(y: Array, w: Array, at: Window) -> Array:
    """x[S·o + D·k - P] += y[o] w[k],  dL/dy = convolution(g, w),  dL/dw = ..._kernel_gradient(g, y)."""
    rows = y.reshape(-1, y.shape[-1]) @ w.reshape(-1, w.shape[-1]).T  # (N·OH·OW, KH·KW·C)
    rows = rows.reshape(*y.shape[:-1], *w.shape[:-1])  # (N, OH, OW, KH, KW, C)
    x = np.zeros_like(rows, shape=(len(y), *at.framed, w.shape[-2]))
    for k in product(*map(range, at.kernel)):
        x[at.seen_by(k)] += rows[(..., *k, slice(None))]
    return x[at.inside]


@primitive
def convolution_kernel_gradient(x: Array, y: Array, at: Window) -> Array:
    """w[k] = Σ x[S·o + D·k - P] y[o],  dL/dx = convolution_transpose(y, g),  dL/dy = convolution(x, g)."""
    w = im2col(x, at).T @ y.reshape(-1, y.shape[-1])  # (KH·KW·C, F)
    return w.reshape(*at.kernel, x.shape[-1], y.shape[-1])


def im2col(x: Array, at: Window) -> Array:
    """The pixels under the kernel, a row for each pixel of the result: (N·OH·OW, KH·KW·C)."""
    framed = np.zeros_like(x, shape=(len(x), *at.framed, x.shape[-1]))
    framed[at.inside] = x
    taps = [framed[at.seen_by(k)] for k in product(*map(range, at.kernel))]  # (N, OH, OW, C) each
    return np.concatenate(taps, axis=-1).reshape(-1, len(taps) * x.shape[-1])


convolution.defvjp(
    lambda g, y, x, w, at: convolution_transpose(g, w, at=at),
    lambda g, y, x, w, at: convolution_kernel_gradient(x, g, at=at),
)
convolution_transpose.defvjp(
    lambda g, x, y, w, at: convolution(g, w, at=at),
    lambda g, x, y, w, at: convolution_kernel_gradient(g, y, at=at),
)
convolution_kernel_gradient.defvjp(
    lambda g, w, x, y, at: convolution_transpose(y, g, at=at),
    lambda g, w, x, y, at: convolution(x, g, at=at),
)


def conv2d(x, kernel, strides: Size = 1, padding: Padding = "valid", dilation_rate: Size = 1):
    """Cross-correlation, which deep learning calls convolution: y[o] = Σ x[S·o + D·k - P] w[k].

    x (N, H, W, C), kernel (KH, KW, C, F), y (N, OH, OW, F).
    strides, dilation_rate  one number, or (rows, columns)
    padding  "valid": none; "same": so that OH = ⌈H / S⌉, an odd row or column going to the bottom or right;
             a number of pixels on every side; or ((top, bottom), (left, right))
    OH = ⌊(H + top + bottom - D·(KH - 1) - 1) / S⌋ + 1, which must be at least 1.
    """
    x, kernel = shaped(x, "conv2d"), shaped(kernel, "conv2d", "kernel")
    check_channels("conv2d", "x", x, 2, kernel)
    at = window("conv2d", x.shape[1:3], kernel.shape[:2], strides, padding, dilation_rate)
    return convolution(x, kernel, at=at)


def conv2d_transpose(
    y, kernel, strides: Size = 1, padding: Padding = "valid", output_size=None, dilation_rate: Size = 1
):
    """The transpose of conv2d in its image: x[S·o + D·k - P] += y[o] w[k].

    y (N, OH, OW, F), kernel (KH, KW, C, F) of the convolution that is transposed, x (N, H, W, C).
    output_size  (H, W); by default that of Keras: OH·S for "same", OH·S + max(D·(KH - 1) + 1 - S, 0) for
                 "valid"; and S·(OH - 1) + D·(KH - 1) + 1 - top - bottom for a padding in numbers
    """
    name = "conv2d_transpose"
    y, kernel = shaped(y, name, "y"), shaped(kernel, name, "kernel")
    check_channels(name, "y", y, 3, kernel)
    if output_size is None:
        size = transposed_size(name, y.shape[1:3], kernel.shape[:2], strides, padding, dilation_rate)
    else:
        size = per_axis(name, "output_size", output_size)
    at = window(name, size, kernel.shape[:2], strides, padding, dilation_rate)
    if at.result != y.shape[1:3]:
        came = f"{name}: an image of output_size {size} has a convolution of {at.result} pixels"
        raise ValueError(f"{came}, but y has {y.shape[1:3]}")
    return convolution_transpose(y, kernel, at=at)


def check_channels(name: str, argument: str, images, axis: int, kernel) -> None:
    came = f"{name}: {argument} has shape {images.shape} and the kernel {kernel.shape}"
    if len(images.shape) != 4 or len(kernel.shape) != 4:
        raise ValueError(f"{came}, expected (N, H, W, channels) and (KH, KW, C, F)")
    if images.shape[3] != kernel.shape[axis]:
        raise ValueError(f"{came}: {images.shape[3]} channels, but the kernel expects {kernel.shape[axis]}")
    if min(kernel.shape[2:]) < 1:
        raise ValueError(f"{name}: a kernel of shape {kernel.shape} has no channels")
