"""Convolution, its two transposes, and why there are exactly three of them.

Chapter 4.7; read `contraction` and `geometry` before it.

With stride S, padding P and dilation D, written for one spatial axis (the other one is the same):

    y[n, o, f] = Σ_k Σ_c  x[n, S·o + D·k - P, c] · w[k, c, f]                       (conv2d)

The number  ⟨y, conv(x, w)⟩ = Σ y[n, o, f] · x[n, S·o + D·k - P, c] · w[k, c, f]  is linear in each of x,
w and y.  Hold two of them fixed, and what the third one is multiplied with is an operation:

    in y:   conv2d(x, w)                       the convolution itself
    in x:   conv2d_transpose(y, w)             its transpose in x, which the layer Conv2DTranspose is
    in w:   conv2d_kernel_gradient(x, y)       its transpose in w

So the two vjps of each of the three are the other two: six vjps, closed under differentiation, and
right to every order if the three forwards are each other's transposes, which the tests check.

Images are (N, H, W, C), kernels (KH, KW, C, F), results (N, OH, OW, F).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, TypeVar

import numpy as np

from minigan.autograd import primitive
from minigan.backend import Array, windows
from minigan.ops.window import Geometry, Padding, Pair, Size, geometry, pair, transposed_size
from minigan.fast.threads import in_threads, pieces, write_product

T = TypeVar("T")

# --- What is called -------------------------------------------------------------------------------


def conv2d(
    x: Any, kernel: Any, strides: Size = 1, padding: Padding = "valid", dilation_rate: Size = 1
) -> Any:
    """Cross-correlation, which deep learning calls convolution: y[o] = Σ x[S·o + D·k - P] w[k].

    x (N, H, W, C), kernel (KH, KW, C, F), y (N, OH, OW, F).
    strides, dilation_rate  one number, or (rows, columns)
    padding  "valid": none; "same": so that OH = ⌈H / S⌉, an odd row or column going to the bottom or right;
             a number of pixels on every side; or ((top, bottom), (left, right))
    OH = ⌊(H + top + bottom - D·(KH - 1) - 1) / S⌋ + 1.  Raises ValueError if that is less than 1, or if
    the channels do not fit.
    """
    check("conv2d", "x", x, 2, kernel)
    at = geometry("conv2d", x.shape[1:3], kernel.shape[:2], strides, padding, dilation_rate)
    return _conv2d(x, kernel, at=at)


def conv2d_transpose(
    y: Any,
    kernel: Any,
    strides: Size = 1,
    padding: Padding = "valid",
    output_size: Size | None = None,
    dilation_rate: Size = 1,
) -> Any:
    """The transpose of conv2d in its image: x[S·o + D·k - P] += y[o] w[k].

    y (N, OH, OW, F), kernel (KH, KW, C, F) of the convolution that is transposed, x (N, H, W, C).
    output_size  (H, W); by default that of Keras: OH·S for "same", OH·S + max(D·(KH - 1) + 1 - S, 0) for
                 "valid"; and S·(OH - 1) + D·(KH - 1) + 1 - top - bottom for a padding in numbers
    Raises ValueError if a conv2d of an image of output_size would not have the shape of y.
    """
    check("conv2d_transpose", "y", y, 3, kernel)
    if output_size is None:
        output_size = transposed_size(y.shape[1:3], kernel.shape[:2], strides, padding, dilation_rate)
    else:
        output_size = pair("conv2d_transpose", "output_size", output_size)
    at = geometry("conv2d_transpose", output_size, kernel.shape[:2], strides, padding, dilation_rate)
    if at.result != y.shape[1:3]:
        raise ValueError(
            f"conv2d_transpose: an image of output_size {output_size} has a convolution of {at.result} pixels, "
            f"but y has {y.shape[1:3]}"
        )
    return _conv2d_transpose(y, kernel, at=at)


def check(name: str, argument: str, images: Any, axis: int, kernel: Any) -> None:
    if len(images.shape) != 4 or len(kernel.shape) != 4:
        raise ValueError(
            f"{name}: {argument} has shape {images.shape} and the kernel {kernel.shape}, expected (N, H, W, "
            "channels) and (KH, KW, C, F)"
        )
    if images.shape[3] != kernel.shape[axis]:
        raise ValueError(
            f"{name}: {argument} has {images.shape[3]} channels, but the kernel of shape {kernel.shape} expects "
            f"{kernel.shape[axis]}"
        )
    if min(kernel.shape[2:]) < 1:
        raise ValueError(f"{name}: a kernel of shape {kernel.shape} has no channels")


# --- The family -------------------------------------------------------------------------------------


@primitive
def _conv2d(x: Array, w: Array, at: Geometry) -> Array:
    """y[o] = Σ x[S·o + D·k - P] w[k],  dL/dx = conv2d_transpose(g, w),  dL/dw = conv2d_kernel_gradient(x, g)."""
    if at.strides == (1, 1) and w.shape[3] < w.shape[2]:
        return _scatter(x, _turned(w), _turned_at(at))
    return _gather(x, w, at)


@primitive
def _conv2d_transpose(y: Array, w: Array, at: Geometry) -> Array:
    """x[S·o + D·k - P] += y[o] w[k],  dL/dy = conv2d(g, w),  dL/dw = conv2d_kernel_gradient(g, y)."""
    if at.strides == (1, 1) and w.shape[3] <= w.shape[2]:
        return _gather(y, _turned(w), _turned_at(at))
    return _scatter(y, w, at)


@primitive
def _conv2d_kernel_gradient(x: Array, y: Array, at: Geometry) -> Array:
    """w[k] = Σ x[S·o + D·k - P] y[o],  dL/dx = conv2d_transpose(y, g),  dL/dy = conv2d(x, g)."""
    if at.strides == (1, 1) and y.shape[3] < x.shape[3]:
        return _turned(_gather_products(y, x, _turned_at(at)))
    return _gather_products(x, y, at)


_conv2d.defvjp(
    lambda g, y, x, w, at: _conv2d_transpose(g, w, at=at),
    lambda g, y, x, w, at: _conv2d_kernel_gradient(x, g, at=at),
)
_conv2d_transpose.defvjp(
    lambda g, x, y, w, at: _conv2d(g, w, at=at),
    lambda g, x, y, w, at: _conv2d_kernel_gradient(g, y, at=at),
)
_conv2d_kernel_gradient.defvjp(
    lambda g, w, x, y, at: _conv2d_transpose(y, g, at=at),
    lambda g, w, x, y, at: _conv2d(x, g, at=at),
)


# --- How it is computed: two loops turned into matrix products ---------------------------------------
#
# Gathering: for every output pixel, copy the pixels under the kernel into a row ("im2col"); all rows
# times the kernel is one matrix product.  Scattering: multiply every input pixel with the kernel, and
# add the results where they belong ("col2im").
#
# At stride 1, scattering with a kernel is gathering with the same kernel turned by half a turn, and the
# rows are the shorter the fewer channels are gathered.  So there the side with fewer channels decides.


def _gather(x: Array, w: Array, at: Geometry) -> Array:
    """y[o] = Σ x[S·o + D·k - P] w[k], by a matrix product."""
    n, filters = len(x), w.shape[3]
    y = np.empty_like(x, shape=(n, *at.result, filters), dtype=np.result_type(x, w), order="C")
    rows = w.reshape(-1, filters)  # (KH·KW·C, F)

    def work(share: slice) -> None:
        for images, patches in _patches(x, at, share):  # patches (images·OH·OW, KH·KW·C)
            write_product(patches, rows, y[images].reshape(-1, filters))

    shared(work, x, _elements(at, x.shape[3]))
    return y


def _gather_products(x: Array, y: Array, at: Geometry) -> Array:
    """w[k] = Σ x[S·o + D·k - P] y[o], by a matrix product."""
    channels, filters = x.shape[3], y.shape[3]
    shape = (math.prod(at.kernel) * channels, filters)

    def work(share: slice) -> Array:
        w = np.zeros_like(x, shape=shape, dtype=np.result_type(x, y))
        for images, patches in _patches(x, at, share):  # patches (images·OH·OW, KH·KW·C)
            w += patches.T @ y[images].reshape(-1, filters)
        return w

    first, *others = shared(work, x, _elements(at, channels))
    for w in others:
        first += w
    return first.reshape(*at.kernel, channels, filters)


def shared(work: Callable[[slice], T], images: Array, elements: int) -> list[T]:
    """work(share), for shares of the images that together are all of them, in several threads on a CPU.

    elements  that are read for one of the images
    """
    if not isinstance(images, np.ndarray):
        return [work(slice(0, len(images)))]
    return in_threads(work, len(images), len(images) * elements)


def _elements(at: Geometry, channels: int) -> int:
    """Of an image, under the kernel at all of its output pixels."""
    return math.prod(at.result + at.kernel) * channels


#: Each share is worked on a few images at a time, so that what is copied and added stays in the cache.
CHUNK_BYTES = 2**22


def few_images(share: slice, bytes_per_image: int) -> Iterator[slice]:
    """The images of a share in portions that fill CHUNK_BYTES."""
    return pieces(share, CHUNK_BYTES // max(bytes_per_image, 1))


def _patches(x: Array, at: Geometry, share: slice) -> Iterator[tuple[slice, Array]]:
    """(images, the pixels under the kernel at each of their output pixels), a few images at a time."""
    length = math.prod(at.kernel) * x.shape[3]
    geometry = zip(at.kernel, at.result, at.strides, at.dilation, strict=True)
    height, width = (s * (o - 1) + d * (k - 1) + 1 for k, o, s, d in geometry)  # that any tap reaches
    for images in few_images(share, _elements(at, x.shape[3]) * x.itemsize):
        framed = frame(x[images], (-at.padding[0], -at.padding[1]), (height, width))
        view = windows(framed, at.kernel, at.strides, at.dilation)  # (images, OH, OW, KH, KW, C)
        if x.shape[3] > 1:
            yield images, view.reshape(-1, length)
        else:  # one channel: tap by tap, which copies longer runs
            yield images, view.transpose(3, 4, 5, 0, 1, 2).reshape(length, -1).T


def _scatter(y: Array, w: Array, at: Geometry) -> Array:
    """x[S·o + D·k - P] += y[o] w[k], by a few matrix products.

    Write D·k = S·t + r with 0 <= r < S.  Then y[o] lands on pixel r of block o + t, a block being S
    neighbouring pixels.  So the loop runs over t only, and whole blocks are added at once.
    """
    (sh, sw), (dh, dw), n, (_, _, channels, filters) = at.strides, at.dilation, len(y), w.shape
    height, width = (d * (k - 1) + 1 for k, d in zip(at.kernel, at.dilation, strict=True))  # of the kernel
    th, tw = math.ceil(height / sh), math.ceil(width / sw)
    taps = np.zeros_like(w, shape=(th * sh, tw * sw, channels, filters))
    taps[:height:dh, :width:dw] = w
    taps = taps.reshape(th, sh, tw, sw, channels, filters).transpose(0, 2, 5, 1, 3, 4)
    taps = taps.copy()  # in this order, once, and not again for each of the products
    x = np.empty_like(y, shape=(n, *at.image, channels), dtype=np.result_type(y, w))
    add = _blocks_by_planes if sw * channels < FEW else _blocks

    def work(share: slice) -> None:
        for images in few_images(share, _elements(at, channels) * y.itemsize):
            blocks = add(y[images], taps)  # (images, BH, SH, BW, SW, C)
            m, bh, _, bw, _, _ = blocks.shape
            x[images] = frame(blocks.reshape(m, bh * sh, bw * sw, channels), at.padding, at.image)

    shared(work, y, _elements(at, channels))
    return x


#: Channels of neighbouring pixels: fewer than these are not worth to be added in runs of their own.
FEW = 16


def _blocks(y: Array, taps: Array) -> Array:
    """blocks[o + t] += y[o] taps[t]:  y (N, OH, OW, F), taps (TH, TW, F, SH, SW, C) -> (N, BH, SH, BW, SW, C)."""
    (n, oh, ow, filters), (th, tw, _, *block) = y.shape, taps.shape
    sh, sw, channels = block
    rows = y.reshape(-1, filters)  # (N·OH·OW, F)
    shape = (n, oh + th - 1, sh, ow + tw - 1, sw, channels)
    blocks = np.zeros_like(y, shape=shape, dtype=np.result_type(y, taps))
    for i, j in product(range(th), range(tw)):
        part = (rows @ taps[i, j].reshape(filters, -1)).reshape(n, oh, ow, *block)
        blocks[:, i : i + oh, :, j : j + ow] += part.transpose(0, 1, 3, 2, 4, 5)
    return blocks


def _blocks_by_planes(y: Array, taps: Array) -> Array:
    """The same, with pixels and not channels in memory side by side: long runs, where channels are few."""
    (n, oh, ow, filters), (th, tw, _, *block) = y.shape, taps.shape
    kernel = taps.transpose(0, 1, 3, 4, 5, 2).reshape(-1, filters)  # (TH·TW·SH·SW·C, F)
    parts = (kernel @ y.reshape(-1, filters).T).reshape(th, tw, *block, n, oh, ow)
    planes = np.zeros_like(y, shape=(*block, n, oh + th - 1, ow + tw - 1), dtype=parts.dtype)
    for i, j in product(range(th), range(tw)):
        planes[..., i : i + oh, j : j + ow] += parts[i, j]
    return planes.transpose(3, 4, 0, 5, 1, 2)


def _turned(w: Array) -> Array:
    """The kernel turned by half a turn, with the roles of its channels exchanged."""
    return w[::-1, ::-1].transpose(0, 1, 3, 2)


def _turned_at(at: Geometry) -> Geometry:
    """Where the taps of the turned kernel fall, seen from the other side (at stride 1)."""
    top, left = (d * (k - 1) - p for k, p, d in zip(at.kernel, at.padding, at.dilation, strict=True))
    return at._replace(image=at.result, result=at.image, padding=(top, left))


def frame(x: Array, start: Pair, size: Pair) -> Array:
    """`size` pixels of the images x from `start` on, which may lie outside, where the pixels are zero."""
    if start == (0, 0) and size == x.shape[1:3]:
        return x
    inside = [slice(max(s, 0), max(s + m, 0)) for s, m in zip(start, size, strict=True)]
    x = x[:, inside[0], inside[1]]
    (height, width), (top, left) = x.shape[1:3], (max(-s, 0) for s in start)
    y = np.zeros_like(x, shape=(len(x), *size, x.shape[3]))
    y[:, top : top + height, left : left + width] = x
    return y
