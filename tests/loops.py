"""Convolution, pooling and upsampling as loops over pixels: slow, and plain enough to be believed.

Everything hangs on `hits`: which pixel of the image lies under which tap of the kernel for which pixel
of the result.  The three operations of the convolution family then say what is multiplied with what; these
are for any number of spatial axes.
"""

from collections import defaultdict
from itertools import product

import numpy as np


def outputs(n, k, s, d):
    """How many windows fit: the number of o >= 0 for which the last tap s·o + d·(k - 1) is inside n."""
    return len(range(0, n - d * (k - 1), s))


def sides(padding, axis, n, k, s, d):
    """(before, after) along one axis, by trying."""
    if padding == "valid":
        return 0, 0
    if padding == "same":  # as little as gives ⌈n/s⌉ pixels; an odd one goes behind
        total = 0
        while outputs(n + total, k, s, d) < -(-n // s):
            total += 1
        return total // 2, total - total // 2
    return (padding, padding) if isinstance(padding, int) else padding[axis]


def hits(image, kernel, strides, padding, dilation):
    """Size of the result, and every (pixel of the image, pixel of the result, tap) that meet."""
    along, size = [], []
    for axis, (n, k, s, d) in enumerate(zip(image, kernel, strides, dilation, strict=True)):
        before, after = sides(padding, axis, n, k, s, d)
        size.append(outputs(before + n + after, k, s, d))
        meet = [(s * o + d * t - before, o, t) for o in range(size[-1]) for t in range(k)]
        along.append([(i, o, t) for i, o, t in meet if 0 <= i < n])
    return tuple(size), [tuple(zip(*axes, strict=True)) for axes in product(*along)]


def convolution(x, w, strides, padding, dilation):
    """x (N, ..., C), w (..., C, F), and as many strides and dilations as there are axes between."""
    size, meet = hits(x.shape[1:-1], w.shape[:-2], strides, padding, dilation)
    y = np.zeros((len(x), *size, w.shape[-1]))
    for i, o, k in meet:
        y[(slice(None), *o)] += x[(slice(None), *i)] @ w[k]
    return y


def convolution_transpose(y, w, image, strides, padding, dilation):
    _, meet = hits(image, w.shape[:-2], strides, padding, dilation)
    x = np.zeros((len(y), *image, w.shape[-2]))
    for i, o, k in meet:
        x[(slice(None), *i)] += y[(slice(None), *o)] @ w[k].T
    return x


def convolution_kernel_gradient(x, y, kernel, strides, padding, dilation):
    _, meet = hits(x.shape[1:-1], kernel, strides, padding, dilation)
    w = np.zeros((*kernel, x.shape[-1], y.shape[-1]))
    for i, o, k in meet:
        w[k] += x[(slice(None), *i)].T @ y[(slice(None), *o)]
    return w


def windows(image, size, strides, padding):
    """Size of the result, and pixel of the result -> the pixels of the image in its window."""
    result, meet = hits(image, size, strides, padding, (1, 1))
    inside = defaultdict(list)
    for pixel, output, _ in meet:
        inside[output].append(pixel)
    return result, inside


def pool2d(reduce, x, size, strides, padding):
    """reduce is np.max or np.mean."""
    result, inside = windows(x.shape[1:3], size, strides, padding)
    y = np.zeros((len(x), *result, x.shape[3]))
    for (p, q), pixels in inside.items():
        y[:, p, q] = reduce([x[:, i, j] for i, j in pixels], axis=0)
    return y


def max_pool2d_gradient(g, x, size, strides, padding):
    """The winners of each window share its gradient; the same pixel may win in several windows."""
    _, inside = windows(x.shape[1:3], size, strides, padding)
    dx = np.zeros(x.shape)
    for (p, q), pixels in inside.items():
        best = np.max([x[:, i, j] for i, j in pixels], axis=0)
        winners = sum((x[:, i, j] == best).astype(float) for i, j in pixels)
        for i, j in pixels:
            dx[:, i, j] += g[:, p, q] * (x[:, i, j] == best) / winners
    return dx


def average_pool2d_gradient(g, x, size, strides, padding):
    """Every pixel of a window gets the same share of its gradient."""
    _, inside = windows(x.shape[1:3], size, strides, padding)
    dx = np.zeros(x.shape)
    for (p, q), pixels in inside.items():
        for i, j in pixels:
            dx[:, i, j] += g[:, p, q] / len(pixels)
    return dx


def upsample2d(x, size):
    (n, h, w, c), (sh, sw) = x.shape, size
    y = np.zeros((n, h * sh, w * sw, c))
    for i, j in np.ndindex(y.shape[1:3]):
        y[:, i, j] = x[:, i // sh, j // sw]
    return y


def block_sum(g, size):
    """The transpose of repeating pixels: all gradients of a block arrive at its one pixel."""
    (n, h, w, c), (sh, sw) = g.shape, size
    dx = np.zeros((n, h // sh, w // sw, c))
    for i, j in np.ndindex(g.shape[1:3]):
        dx[:, i // sh, j // sw] += g[:, i, j]
    return dx


def upsample2d_bilinear(x, size):
    (n, h, w, c), (sh, sw) = x.shape, size
    y = np.zeros((n, h * sh, w * sw, c))
    for i, j in np.ndindex(y.shape[1:3]):
        (top, below), (left, right) = neighbours(i, h, sh), neighbours(j, w, sw)
        for (row, a), (column, b) in product((top, below), (left, right)):
            y[:, i, j] += a * b * x[:, row, column]
    return y


def neighbours(i, n, s):
    """The two pixels of the original next to the centre of pixel i of the larger image, with weights."""
    centre = (i + 0.5) / s - 0.5
    first = int(np.floor(centre))
    share = centre - first
    return (max(first, 0), 1 - share), (min(first + 1, n - 1), share)
