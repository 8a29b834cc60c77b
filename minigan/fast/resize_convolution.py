"""Resize-convolution in one operation: nearest upsampling and the "same" convolution after it, with fewer products.

Along one axis, pixel i of x becomes the pixels S·i + r of the upsampled image, with the phase 0 <= r < S, and the
convolution multiplies pixel S·i + r + k - P of that with tap k = 0 ... K-1, where P = ⌊(K-1)/2⌋.  The upsampled
image is piecewise constant: it changes only between the pixels of x.  Where no such jump lies under the kernel,
y = x[i] Σ w.  A jump from pixel i + a to pixel i + b of x, seen from pixel i, changes what all taps on its other side
see, and so adds (x[i + b] - x[i + a]) times the sum of those taps.  Before each tap k >= 1 a jump can lie, and does
so for one phase only, as S·i + r + k - P must be a multiple of S:

    y[S·i + r] = x[i] v[0] + Σ_{k: r_k = r} (x[i + b_k] - x[i + a_k]) v[k]

    v[0] = Σ w,     v[k] = the sum of the taps k' >= k if b_k > 0, otherwise of the taps k' < k.

So K products for each pixel of x give all S pixels of y, which the convolution takes S·K products for.  In
two dimensions, with K = 3 and S = 2, these are 9 products in place of 36; one transposed convolution of the
same numbers, as y also is, takes 16.

y is linear in x and in v.  Turn the sum ⟨g, y⟩ around, so that x[i] v[k] stands in front:

    ⟨g, y⟩ = Σ_i Σ_k x[i] v[k] z[i, k]     z[i, 0] = Σ_r g[S·i + r],     z[i, k] = g_r[i - b_k] - g_r[i - a_k],

with g_r[i] = g[S·i + r] for r = r_k, zero outside.  Then, as for every convolution, there are three
operations, each linear in two of x, v and y, and the two vjps of each are the other two:

    in y:   y = zᵀ(x v)        in x:   Σ_k z(y)[k] v[k]        in v:   Σ_i x[i] z(y)[i]

Images x are (N, H, W, C), kernels v (KH, KW, C, F), results y (N, H·S, W·S, F).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from minigan.autograd import primitive
from minigan.backend import Array, to_device
from minigan.checks import expect, whole
from minigan.fast.bias import convolution_with_bias, has_bias, with_bias
from minigan.fast.images import few_images, frame, shared
from minigan.fast.registry import faster
from minigan.fast.threads import write_product
from minigan.layers.base import Layer
from minigan.layers.convolution import Conv2D
from minigan.layers.reshaping import UpSampling2D
from minigan.layers.sequential import in_order
from minigan.ops.contraction import einsum
from minigan.ops.convolution import check_channels
from minigan.ops.elementwise import value
from minigan.ops.window import Sizes, window


@faster(in_order)
def fast_in_order(layers: tuple[Layer, ...], x: Any, training: bool) -> Any:
    """An UpSampling2D followed by a Conv2D runs as one operation, with the same result up to rounding.

    So does a convolution and its bias.
    """
    i = 0
    while i < len(layers):
        pair = layers[i : i + 2]
        if len(pair) == 2 and can_join(*pair) and _on_host(x):
            x, i = joined(*pair, x), i + 2
        elif has_bias(layers[i]) and _on_host(x):
            x, i = convolution_with_bias(layers[i], x), i + 1
        else:
            x, i = layers[i](x, training), i + 1
    return x


def _on_host(x: Any) -> bool:
    return isinstance(value(x), np.ndarray)


def can_join(first: Layer, second: Layer) -> bool:
    """True for a nearest UpSampling2D followed by a plain "same" Conv2D."""
    return (
        type(first) is UpSampling2D  # not a subclass, which may compute something else
        and type(second) is Conv2D
        and (first.interpolation, second.padding) == ("nearest", "same")
        and first.size[0] == first.size[1]
        and second.strides == second.dilation_rate == (1, 1)
    )


def joined(upsampling: Any, convolution: Any, x: Any) -> Any:
    expect(convolution, x, 3, convolution.in_channels, f"(N, H, W, {convolution.in_channels})")
    if has_bias(convolution):
        return resize_conv2d(x, convolution.kernel, upsampling.size[0], convolution.bias)
    y = resize_conv2d(x, convolution.kernel, upsampling.size[0])
    return y + convolution.bias if convolution.use_bias else y


def resize_conv2d(x: Any, kernel: Any, size: int = 2, bias: Any = None) -> Any:
    """bias + conv2d(upsample2d(x, size), kernel, padding="same") in one operation: the same y, less work.

    x (N, H, W, C), kernel (KH, KW, C, F), bias (F,) or none, y (N, H·size, W·size, F), rounded differently.
    Raises ValueError if the channels do not fit, there is no pixel, or size is no positive integer.
    """
    size = whole("resize_conv2d", size=size)
    check_channels("resize_conv2d", "x", x, 2, kernel)
    upsampled = (size * x.shape[1], size * x.shape[2])
    window("resize_conv2d", upsampled, kernel.shape[:2], 1, "same", 1)  # raises if there is no pixel
    rows, columns = (
        to_device(_other_sides(k, size, value(kernel).dtype), value(x)) for k in kernel.shape[:2]
    )
    v = einsum("ak,bl,klcf->abcf", rows, columns, kernel)
    if bias is None:
        return resize_convolution(x, v, size=size)
    return with_bias(x, v, bias, of=resize_convolution, size=size)


class Jump(NamedTuple):
    """Where the upsampled image jumps before tap k: for the pixels of phase r, from pixel a to pixel b of x."""

    r: int
    b: int
    a: int


def jumps(taps: int, size: int) -> list[Jump]:
    """The jump before each of the taps k = 1 ... K-1."""
    found = []
    for k in range(1, taps):
        place = k - (taps - 1) // 2  # of tap k, counted from the pixel of y
        r = -place % size
        behind = (r + place) // size  # the pixel of x that tap k sees is the first one behind the jump
        found.append(Jump(r, behind, behind - 1) if behind > 0 else Jump(r, behind - 1, behind))
    return found


def _other_sides(taps: int, size: int, dtype: Any) -> np.ndarray:
    """The matrix that makes v of w along an axis: ones in row 0, and in row k for the taps behind jump k."""
    matrix = np.ones((taps, taps), dtype)
    for k, jump in enumerate(jumps(taps, size), 1):
        matrix[k] = (np.arange(taps) >= k) == (jump.b > 0)
    return matrix


# --- The family ------------------------------------------------------------------------------------


@primitive
def resize_convolution(x: Array, v: Array, size: int) -> Array:
    """y = zᵀ(x v),  dL/dx = Σ_k z(g)[k] v[k],  dL/dv = Σ_i x[i] z(g)[i]."""
    (n, h, width, channels), (*kernel, _, filters) = x.shape, v.shape
    shape = (n, h, size, width, size, filters)
    y = np.empty_like(x, shape=shape, dtype=np.result_type(x, v), order="C")
    matrices = v.reshape(-1, channels, filters)  # (KH·KW, C, F)

    def work(share: slice) -> None:
        for images in few_images(share, _bytes_of_z(y, kernel, size)):
            products = x[images].reshape(1, -1, channels) @ matrices  # (KH·KW, images·H·W, F)
            _add_up(products.reshape(*kernel, -1, h, width, filters), y[images])

    shared(work, x, math.prod(x.shape[1:]) * math.prod(kernel))
    return y.reshape(n, h * size, width * size, filters)


@primitive
def resize_convolution_input_gradient(y: Array, v: Array, size: int) -> Array:
    """x = Σ_k z(y)[k] v[k],  dL/dy = zᵀ(g v),  dL/dv = Σ_i g[i] z(y)[i]."""
    (n, h, width, _), (*kernel, channels, _) = y.shape, v.shape
    shape = (n, h // size, width // size, channels)
    x = np.empty_like(y, shape=shape, dtype=np.result_type(y, v), order="C")
    rows = v.transpose(0, 1, 3, 2).reshape(-1, channels)  # (KH·KW·F, C)

    def work(share: slice) -> None:
        for images in few_images(share, _bytes_of_z(y, kernel, size)):
            z = _differences(y[images], kernel, size)  # (images·H·W, KH·KW·F)
            write_product(z, rows, x[images].reshape(-1, channels))

    shared(work, y, math.prod(x.shape[1:]) * math.prod(kernel))
    return x


@primitive
def resize_convolution_kernel_gradient(x: Array, y: Array, kernel: Sizes, size: int) -> Array:
    """v = Σ_i x[i] z(y)[i],  dL/dx = Σ_k z(y)[k] g[k],  dL/dy = zᵀ(x g)."""
    channels, filters = x.shape[3], y.shape[3]

    def work(share: slice) -> Array:
        shape = (math.prod(kernel) * filters, channels)
        v = np.zeros_like(x, shape=shape, dtype=np.result_type(x, y))
        for images in few_images(share, _bytes_of_z(y, kernel, size)):
            v += _differences(y[images], kernel, size).T @ x[images].reshape(-1, channels)
        return v

    v = sum(shared(work, x, math.prod(x.shape[1:]) * math.prod(kernel)))
    return v.reshape(*kernel, filters, channels).transpose(0, 1, 3, 2)


resize_convolution.defvjp(
    lambda g, y, x, v, size: resize_convolution_input_gradient(g, v, size=size),
    lambda g, y, x, v, size: resize_convolution_kernel_gradient(x, g, kernel=v.shape[:2], size=size),
)
resize_convolution_input_gradient.defvjp(
    lambda g, x, y, v, size: resize_convolution(g, v, size=size),
    lambda g, x, y, v, size: resize_convolution_kernel_gradient(g, y, kernel=v.shape[:2], size=size),
)
resize_convolution_kernel_gradient.defvjp(
    lambda g, v, x, y, kernel, size: resize_convolution_input_gradient(y, g, size=size),
    lambda g, v, x, y, kernel, size: resize_convolution(x, g, size=size),
)


def _bytes_of_z(y: Array, kernel: Any, size: int) -> int:
    """The number of bytes of z of one image."""
    return math.prod(kernel) * math.prod(y.shape[1:]) // size**2 * y.itemsize


# --- z and its transpose ---------------------------------------------------------------------------


def _differences(y: Array, kernel: Any, size: int) -> Array:
    """z of y (N, H·S, W·S, F), a row for each pixel of x: (N·H·W, KH·KW·F)."""
    (n, height, width, filters), (above, left) = y.shape, (jumps(k, size) for k in kernel)
    h, w, top, beside = height // size, width // size, _reach(above), _reach(left)
    framed = frame(y, (-size * top, -size * beside), (height + 2 * size * top, width + 2 * size * beside))
    y = framed.reshape(n, h + 2 * top, size, w + 2 * beside, size, filters)

    def row(offset: int) -> slice:
        return slice(top - offset, top - offset + h)

    def column(offset: int) -> slice:
        return slice(beside - offset, beside - offset + w)

    rows = np.empty_like(y, shape=(n, h, kernel[0], w + 2 * beside, size, filters))
    rows[:, :, 0] = y[:, row(0)].sum(2)
    for k, (r, b, a) in enumerate(above, 1):
        np.subtract(y[:, row(b), r], y[:, row(a), r], out=rows[:, :, k])
    rows = rows.transpose(0, 1, 3, 2, 4, 5)  # (N, H, W and the frame, KH, S, F)
    z = np.empty_like(y, shape=(n, h, w, *kernel, filters))
    z[..., 0, :] = rows[:, :, column(0)].sum(4)
    for k, (r, b, a) in enumerate(left, 1):
        np.subtract(rows[:, :, column(b), :, r], rows[:, :, column(a), :, r], out=z[..., k, :])
    return z.reshape(n * h * w, -1)


def _add_up(z: Array, y: Array) -> None:
    """The transpose of `_differences`, tap by tap: z (KH, KW, N, H, W, F), written into y (N, H, S, W, S, F)."""
    kh, kw, *image = z.shape
    rows = np.empty_like(z, shape=(y.shape[2], kw, *image))  # (S, KW, N, H, W, F)
    _add_jumps(z, jumps(kh, y.shape[2]), rows, axis=3)
    _add_jumps(rows.swapaxes(0, 1), jumps(kw, y.shape[4]), y.transpose(4, 2, 0, 1, 3, 5), axis=4)


def _add_jumps(z: Array, found: list[Jump], y: Array, axis: int) -> None:
    """y[r][i] = z[0][i] + Σ_{k: r_k = r} z[k][i + b_k] - z[k][i + a_k]  along an axis of z and y."""
    y[:] = z[0]
    n, before = z.shape[axis], (slice(None),) * (axis - 1)
    for k, (r, b, a) in enumerate(found, 1):
        y[(r, *before, _inside(n, -b))] += z[(k, *before, _inside(n, b))]
        y[(r, *before, _inside(n, -a))] -= z[(k, *before, _inside(n, a))]


def _reach(found: list[Jump]) -> int:
    """How many pixels of x beside its own a pixel of y can see at most."""
    return max([abs(jump.b) for jump in found], default=0)


def _inside(n: int, offset: int) -> slice:
    """The i of 0 <= i < n for which i - offset is one of them, too."""
    return slice(min(max(offset, 0), n), max(n + min(offset, 0), 0))
