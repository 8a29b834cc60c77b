"""Convolutions in the plane: a few images at a time, by few and large matrix products, in several threads.

im2col: for every output pixel, copy the pixels under the kernel into a row; all rows times the kernel is one
matrix product.  col2im: multiply every input pixel with the kernel, and add the results where they belong.

At stride 1, col2im with a kernel is im2col with the same kernel turned by half a turn, and the rows are the
shorter the fewer channels are copied.  So there the side with fewer channels decides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import numpy as np

from minigan.backend import Array
from minigan.fast import winograd
from minigan.fast.images import few_images, frame, shared
from minigan.fast.registry import faster
from minigan.fast.threads import write_product
from minigan.ops.convolution import convolution, convolution_kernel_gradient, convolution_transpose
from minigan.ops.window import Sizes, Window


@faster(convolution)
def fast_convolution(x: Array, w: Array, at: Window) -> Array:
    if not _in_the_plane(x, at):
        return convolution.plain(x, w, at)
    if winograd.pays(x, w, w.shape, at):
        return winograd.convolution(x, w, at)
    if at.strides == (1, 1) and w.shape[3] < w.shape[2]:
        return _by_col2im(x, _turned(w), _turned_at(at))
    return _by_im2col(x, w, at)


@faster(convolution_transpose)
def fast_convolution_transpose(y: Array, w: Array, at: Window) -> Array:
    if not _in_the_plane(y, at):
        return convolution_transpose.plain(y, w, at)
    if winograd.pays(y, w, w.shape, at):
        return winograd.transposed(y, w, at)
    if at.strides == (1, 1) and w.shape[3] <= w.shape[2]:
        return _by_im2col(y, _turned(w), _turned_at(at))
    return _by_col2im(y, w, at)


@faster(convolution_kernel_gradient)
def fast_convolution_kernel_gradient(x: Array, y: Array, at: Window) -> Array:
    if not _in_the_plane(x, at):
        return convolution_kernel_gradient.plain(x, y, at)
    if winograd.pays(x, y, (*at.kernel, x.shape[3], y.shape[3]), at):
        return winograd.kernel_gradient(x, y, at)
    if at.strides == (1, 1) and y.shape[3] < x.shape[3]:
        return _turned(_im2col_products(y, x, _turned_at(at)))
    return _im2col_products(x, y, at)


def _in_the_plane(x: Array, at: Window) -> bool:
    """True for what the bodies here are made for: arrays on the host with two spatial axes."""
    return isinstance(x, np.ndarray) and len(at.image) == 2


def windows(x: Array, size: Sizes, strides: Sizes, dilation: Sizes) -> Array:
    """Every window of `size` pixels of the images x: (N, H, W, C) -> a view (N, OH, OW, KH, KW, C).

    A view of the same memory, in which pixels appear many times: read it, never write to it.
    """
    (n, height, width, c), (bn, bh, bw, bc) = x.shape, x.strides
    (kh, kw), (sh, sw), (dh, dw) = size, strides, dilation
    oh = (height - dh * (kh - 1) - 1) // sh + 1
    ow = (width - dw * (kw - 1) - 1) // sw + 1
    shape, steps = (n, oh, ow, kh, kw, c), (bn, sh * bh, sw * bw, dh * bh, dw * bw, bc)
    return np.lib.stride_tricks.as_strided(x, shape, steps)


def _by_im2col(x: Array, w: Array, at: Window) -> Array:
    """y[o] = Σ x[S·o + D·k - P] w[k], by a matrix product."""
    n, filters = len(x), w.shape[3]
    y = np.empty_like(x, shape=(n, *at.result, filters), dtype=np.result_type(x, w), order="C")
    rows = w.reshape(-1, filters)  # (KH·KW·C, F)

    def work(share: slice) -> None:
        for images, patches in _patches(x, at, share):  # patches (images·OH·OW, KH·KW·C)
            write_product(patches, rows, y[images].reshape(-1, filters))

    shared(work, x, _elements(at, x.shape[3]))
    return y


def _im2col_products(x: Array, y: Array, at: Window) -> Array:
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


def _elements(at: Window, channels: int) -> int:
    """The number of elements of the im2col matrix of one image."""
    return math.prod(at.result + at.kernel) * channels


def _patches(x: Array, at: Window, share: slice) -> Iterator[tuple[slice, Array]]:
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


def _by_col2im(y: Array, w: Array, at: Window) -> Array:
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
    few = sw * channels < FEW

    def work(share: slice) -> None:
        for images in few_images(share, _elements(at, channels) * y.itemsize):
            part = y[images]
            blocks = _blocks_by_planes(part, taps) if few else _blocks(part, taps, (height, width))
            m, bh, _, bw, _, _ = blocks.shape
            x[images] = frame(blocks.reshape(m, bh * sh, bw * sw, channels), at.padding, at.image)

    shared(work, y, _elements(at, channels))
    return x


#: Channels of neighbouring pixels; below this, adding them pixel by pixel is too fine-grained.
FEW = 16


def _blocks(y: Array, taps: Array, size: Sizes) -> Array:
    """blocks[o + t] += y[o] taps[t]:  y (N, OH, OW, F), taps (TH, TW, F, SH, SW, C) -> (N, BH, SH, BW, SW, C).

    size  of the kernel: in the last pieces, what lies beyond it is left out
    """
    (n, oh, ow, filters), (th, tw, _, sh, sw, channels) = y.shape, taps.shape
    rows = y.reshape(-1, filters)  # (N·OH·OW, F)
    shape = (n, oh + th - 1, sh, ow + tw - 1, sw, channels)
    blocks = np.zeros_like(y, shape=shape, dtype=np.result_type(y, taps))
    for i, j in product(range(th), range(tw)):
        piece = taps[i, j, :, : size[0] - sh * i, : size[1] - sw * j]
        part = (rows @ piece.reshape(filters, -1)).reshape(n, oh, ow, *piece.shape[1:])
        h, w = piece.shape[1:3]
        blocks[:, i : i + oh, :h, j : j + ow, :w] += part.transpose(0, 1, 3, 2, 4, 5)
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


def _turned_at(at: Window) -> Window:
    """Where the taps of the turned kernel fall, seen from the other side (at stride 1)."""
    top, left = (d * (k - 1) - p for k, p, d in zip(at.kernel, at.padding, at.dilation, strict=True))
    return at._replace(image=at.result, result=at.image, padding=(top, left))
