"""Nearest upsampling and the "same" convolution after it as one operation, with fewer multiplications.

Chapter 4.9; read `contraction` and `convolution` before it.

Along one axis, pixel i of x becomes the pixels S·i + r, 0 <= r < S, of the upsampled image, and the
convolution multiplies pixel S·i + r + k - P of that with tap k = 0 ... K-1, where P = ⌊(K-1)/2⌋.  The
upsampled image is a staircase: it changes only between the pixels of x.  Where no step lies under the kernel,
y = x[i] Σ w.  A step from pixel `near` to pixel `far` of x, seen from i, changes what all taps on its far side
see, so that it adds (x[i + far] - x[i + near]) times the sum of those taps.  Before each tap k >= 1 a step
can lie, and does so for one r only, as S·i + r + k - P must be a multiple of S:

    y[S·i + r] = x[i] v[0] + Σ_{k: r_k = r} (x[i + far_k] - x[i + near_k]) v[k]

    v[0] = Σ w,     v[k] = the sum of the taps k' >= k if far_k > 0, otherwise of the taps k' < k.

So K products for each pixel of x give all S pixels of y, which the convolution takes S·K products for.  In
two dimensions, with K = 3 and S = 2, these are 9 products in place of 36; one transposed convolution of the
same numbers, as y also is, takes 16.

y is linear in x and in v.  Turn the sum ⟨g, y⟩ around, so that x[i] v[k] stands in front:

    ⟨g, y⟩ = Σ_i Σ_k x[i] v[k] z[i, k]     z[i, 0] = Σ_r g[S·i + r],     z[i, k] = g_r[i - far_k] - g_r[i - near_k],

with g_r[i] = g[S·i + r] for r = r_k, zero outside.  Then, as for every convolution, there are three
operations, each linear in two of x, v and y, and the two vjps of each are the other two:

    in y:   y = zᵀ(x v)        in x:   Σ_k z(y)[k] v[k]        in v:   Σ_i x[i] z(y)[i]

Images x are (N, H, W, C), kernels v (KH, KW, C, F), results y (N, H·S, W·S, F).
"""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from minigan.autograd import primitive
from minigan.backend import Array, to_device
from minigan.ops.contraction import einsum
from minigan.ops.convolution import check, few_images, frame, shared
from minigan.ops.elementwise import value
from minigan.ops.window import Pair, geometry
from minigan.fast.threads import write_product


def upsample_conv2d(x: Any, kernel: Any, size: int = 2) -> Any:
    """conv2d(upsample2d(x, size), kernel, padding="same") in one operation: the same y, less work.

    x (N, H, W, C), kernel (KH, KW, C, F), y (N, H·size, W·size, F); y is rounded differently.
    Raises ValueError if the channels do not fit, there is no pixel, or size is no positive integer.
    """
    if not isinstance(size, Integral) or size < 1:
        raise ValueError(f"upsample_conv2d: size is {size!r}, expected a positive integer")
    check("upsample_conv2d", "x", x, 2, kernel)
    upsampled = (size * x.shape[1], size * x.shape[2])
    geometry("upsample_conv2d", upsampled, kernel.shape[:2], 1, "same", 1)  # raises if there is no pixel
    rows, columns = (to_device(_far_sides(k, size, value(kernel).dtype), value(x)) for k in kernel.shape[:2])
    return _upsample_conv2d(x, einsum("ak,bl,klcf->abcf", rows, columns, kernel), size=size)


class Step(NamedTuple):
    """Where the staircase steps before tap k: for the pixels r of y, from pixel near to pixel far of x."""

    r: int
    far: int
    near: int


def steps(taps: int, size: int) -> list[Step]:
    """The step before each of the taps k = 1 ... K-1."""
    found = []
    for k in range(1, taps):
        before = k - (taps - 1) // 2  # where tap k lies, counted from the pixel of y
        r = -before % size
        behind = (r + before) // size  # the pixel of x that tap k sees is the first one behind the step
        found.append(Step(r, behind, behind - 1) if behind > 0 else Step(r, behind - 1, behind))
    return found


def _far_sides(taps: int, size: int, dtype: Any) -> np.ndarray:
    """The matrix that makes v of w along an axis: ones in row 0, and in row k at the taps on the far side of step k."""
    matrix = np.ones((taps, taps), dtype)
    for k, step in enumerate(steps(taps, size), 1):
        matrix[k] = (np.arange(taps) >= k) == (step.far > 0)
    return matrix


# --- The family ------------------------------------------------------------------------------------


@primitive
def _upsample_conv2d(x: Array, v: Array, size: int) -> Array:
    """y = zᵀ(x v),  dL/dx = Σ_k z(g)[k] v[k],  dL/dv = Σ_i x[i] z(g)[i]."""
    (n, h, width, channels), (*kernel, _, filters) = x.shape, v.shape
    shape = (n, h, size, width, size, filters)
    y = np.empty_like(x, shape=shape, dtype=np.result_type(x, v), order="C")
    matrices = v.reshape(-1, channels, filters)  # (KH·KW, C, F)

    def work(share: slice) -> None:
        for images in few_images(share, _bytes_of_z(y, kernel, size)):
            products = x[images].reshape(1, -1, channels) @ matrices  # (KH·KW, images·H·W, F)
            _put(products.reshape(*kernel, -1, h, width, filters), y[images])

    shared(work, x, math.prod(x.shape[1:]) * math.prod(kernel))
    return y.reshape(n, h * size, width * size, filters)


@primitive
def _upsample_conv2d_input_gradient(y: Array, v: Array, size: int) -> Array:
    """x = Σ_k z(y)[k] v[k],  dL/dy = zᵀ(g v),  dL/dv = Σ_i g[i] z(y)[i]."""
    (n, h, width, _), (*kernel, channels, _) = y.shape, v.shape
    shape = (n, h // size, width // size, channels)
    x = np.empty_like(y, shape=shape, dtype=np.result_type(y, v), order="C")
    rows = v.transpose(0, 1, 3, 2).reshape(-1, channels)  # (KH·KW·F, C)

    def work(share: slice) -> None:
        for images in few_images(share, _bytes_of_z(y, kernel, size)):
            z = _taken(y[images], kernel, size)  # (images·H·W, KH·KW·F)
            write_product(z, rows, x[images].reshape(-1, channels))

    shared(work, y, math.prod(x.shape[1:]) * math.prod(kernel))
    return x


@primitive
def _upsample_conv2d_kernel_gradient(x: Array, y: Array, kernel: Pair, size: int) -> Array:
    """v = Σ_i x[i] z(y)[i],  dL/dx = Σ_k z(y)[k] g[k],  dL/dy = zᵀ(x g)."""
    channels, filters = x.shape[3], y.shape[3]

    def work(share: slice) -> Array:
        shape = (math.prod(kernel) * filters, channels)
        v = np.zeros_like(x, shape=shape, dtype=np.result_type(x, y))
        for images in few_images(share, _bytes_of_z(y, kernel, size)):
            v += _taken(y[images], kernel, size).T @ x[images].reshape(-1, channels)
        return v

    v = sum(shared(work, x, math.prod(x.shape[1:]) * math.prod(kernel)))
    return v.reshape(*kernel, filters, channels).transpose(0, 1, 3, 2)


_upsample_conv2d.defvjp(
    lambda g, y, x, v, size: _upsample_conv2d_input_gradient(g, v, size=size),
    lambda g, y, x, v, size: _upsample_conv2d_kernel_gradient(x, g, kernel=v.shape[:2], size=size),
)
_upsample_conv2d_input_gradient.defvjp(
    lambda g, x, y, v, size: _upsample_conv2d(g, v, size=size),
    lambda g, x, y, v, size: _upsample_conv2d_kernel_gradient(g, y, kernel=v.shape[:2], size=size),
)
_upsample_conv2d_kernel_gradient.defvjp(
    lambda g, v, x, y, kernel, size: _upsample_conv2d_input_gradient(y, g, size=size),
    lambda g, v, x, y, kernel, size: _upsample_conv2d(x, g, size=size),
)


def _bytes_of_z(y: Array, kernel: Any, size: int) -> int:
    """Of z of one of the images y."""
    return math.prod(kernel) * math.prod(y.shape[1:]) // size**2 * y.itemsize


# --- z and its transpose ---------------------------------------------------------------------------


def _taken(y: Array, kernel: Any, size: int) -> Array:
    """z of y (N, H·S, W·S, F), for each pixel of x a row: (N·H·W, KH·KW·F)."""
    (n, height, width, filters), (above, left) = y.shape, (steps(k, size) for k in kernel)
    h, w, top, beside = height // size, width // size, _reach(above), _reach(left)
    framed = frame(y, (-size * top, -size * beside), (height + 2 * size * top, width + 2 * size * beside))
    y = framed.reshape(n, h + 2 * top, size, w + 2 * beside, size, filters)

    def row(offset: int) -> slice:
        return slice(top - offset, top - offset + h)

    def column(offset: int) -> slice:
        return slice(beside - offset, beside - offset + w)

    rows = np.empty_like(y, shape=(n, h, kernel[0], w + 2 * beside, size, filters))
    rows[:, :, 0] = y[:, row(0)].sum(2)
    for k, (r, far, near) in enumerate(above, 1):
        np.subtract(y[:, row(far), r], y[:, row(near), r], out=rows[:, :, k])
    rows = rows.transpose(0, 1, 3, 2, 4, 5)  # (N, H, W and the frame, KH, S, F)
    z = np.empty_like(y, shape=(n, h, w, *kernel, filters))
    z[..., 0, :] = rows[:, :, column(0)].sum(4)
    for k, (r, far, near) in enumerate(left, 1):
        np.subtract(rows[:, :, column(far), :, r], rows[:, :, column(near), :, r], out=z[..., k, :])
    return z.reshape(n * h * w, -1)


def _put(z: Array, y: Array) -> None:
    """The transpose of `_taken`, tap by tap: z (KH, KW, N, H, W, F), written into y (N, H, S, W, S, F)."""
    kh, kw, *image = z.shape
    rows = np.empty_like(z, shape=(y.shape[2], kw, *image))  # (S, KW, N, H, W, F)
    _add_steps(z, steps(kh, y.shape[2]), rows, axis=3)
    _add_steps(rows.swapaxes(0, 1), steps(kw, y.shape[4]), y.transpose(4, 2, 0, 1, 3, 5), axis=4)


def _add_steps(z: Array, found: list[Step], y: Array, axis: int) -> None:
    """y[r][i] = z[0][i] + Σ_{k: r_k = r} z[k][i + far_k] - z[k][i + near_k]  along an axis of z and y."""
    y[:] = z[0]
    n, before = z.shape[axis], (slice(None),) * (axis - 1)
    for k, (r, far, near) in enumerate(found, 1):
        y[(r, *before, _inside(n, -far))] += z[(k, *before, _inside(n, far))]
        y[(r, *before, _inside(n, -near))] -= z[(k, *before, _inside(n, near))]


def _reach(found: list[Step]) -> int:
    """How many pixels of x beside its own a pixel of y can see at most."""
    return max([abs(step.far) for step in found], default=0)


def _inside(n: int, offset: int) -> slice:
    """The i of 0 <= i < n for which i - offset is one of them, too."""
    return slice(min(max(offset, 0), n), max(n + min(offset, 0), 0))
