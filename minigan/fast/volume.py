"""Convolutions in space, as sums of convolutions in the plane: one for each plane of the kernel.

    y[o, ·] = Σ_k conv2d(x[S·o + D·k - P, ·], w[k, ·]),        k over the depth of the kernel,

and so for the two transposes.  All planes of a batch are one batch of images for the bodies of `fast.convolution`.
"""

from __future__ import annotations

import numpy as np

from minigan.backend import Array
from minigan.fast.convolution import (
    fast_convolution,
    fast_convolution_kernel_gradient,
    fast_convolution_transpose,
)
from minigan.fast.registry import faster
from minigan.ops.convolution import convolution, convolution_kernel_gradient, convolution_transpose
from minigan.ops.window import Window


@faster(convolution)
def convolution_in_space(x: Array, w: Array, at: Window) -> Array:
    if not _in_space(x, at):
        return fast_convolution(x, w, at)
    plane, x = _plane(at), _framed(x, at)
    y = sum(fast_convolution(_images(x[_seen_by(k, at)]), w[k], plane) for k in range(len(w)))
    return y.reshape(len(x), *at.result, w.shape[-1])


@faster(convolution_transpose)
def convolution_transpose_in_space(y: Array, w: Array, at: Window) -> Array:
    if not _in_space(y, at):
        return fast_convolution_transpose(y, w, at)
    plane, images = _plane(at), _images(y)
    size = (len(y), at.framed[0], *at.image[1:], w.shape[-2])
    x = np.zeros_like(y, shape=size, dtype=np.result_type(y, w))
    for k in range(len(w)):
        part = fast_convolution_transpose(images, w[k], plane)  # (N·OD, H, W, C)
        x[_seen_by(k, at)] += part.reshape(*y.shape[:2], *part.shape[1:])
    return x[:, at.inside[1]]


@faster(convolution_kernel_gradient)
def convolution_kernel_gradient_in_space(x: Array, y: Array, at: Window) -> Array:
    if not _in_space(x, at):
        return fast_convolution_kernel_gradient(x, y, at)
    plane, x, images = _plane(at), _framed(x, at), _images(y)
    seen = (_images(x[_seen_by(k, at)]) for k in range(at.kernel[0]))
    return np.stack([fast_convolution_kernel_gradient(part, images, plane) for part in seen])


def _in_space(x: Array, at: Window) -> bool:
    """True for what the bodies here are made for: arrays on the host with three spatial axes."""
    return isinstance(x, np.ndarray) and len(at.image) == 3


def _plane(at: Window) -> Window:
    """Where the taps fall in the height and the width."""
    return Window(*(sizes[1:] for sizes in at))


def _seen_by(k: int, at: Window) -> tuple[slice, ...]:
    """What plane k of the kernel sees of the framed planes, one for each plane of the result."""
    return at.seen_by((k, 0, 0))[:2]


def _framed(x: Array, at: Window) -> Array:
    """x with planes of zeros before and behind it, as many as a tap can reach: (N, D', H, W, C)."""
    framed = np.zeros_like(x, shape=(len(x), at.framed[0], *x.shape[2:]))
    framed[:, at.inside[1]] = x
    return framed


def _images(x: Array) -> Array:
    """The planes of a batch (N, D, H, W, C) as images (N·D, H, W, C)."""
    return x.reshape(-1, *x.shape[2:])
