"""Convolutions in the plane with fewer multiplications: their results in pairs, along both axes.

Two neighbouring results of a kernel with two taps,

    y[0] = x[0] w[0] + x[1] w[1]        y[1] = x[1] w[0] + x[2] w[1],

are four products, where three are enough:

    m[0] = (x[0] - x[1]) w[0]        m[1] = x[1] (w[0] + w[1])        m[2] = (x[2] - x[1]) w[1]
    y[0] = m[0] + m[1]               y[1] = m[1] + m[2]

With three taps, four products do the work of six.  Each of the two ways has three matrices, y = Aᵀ ((G w) · (Bᵀ x)),
which are in `WAYS`.  In the plane both axes do this, one after the other: with 2x2 taps 9 products do the work of 16,
and with 3x3 taps 16 that of 36.  Each x[i] is a row of numbers, one for each channel, each tap is a matrix, and
all pairs of the images together make a product of two matrices of each of the 9 or 16.

With stride S, blocks of S·S pixels are taken as one pixel with S·S times as many channels, and ⌈K/S⌉ blocks lie under
the kernel, at stride 1.  The number  Σ (Bᵀ x) (G w) (A y)  is linear in x, in w and in y, so the three operations of
the convolution (see `minigan.ops.convolution`) are

    y = Aᵀ ((Bᵀ x) (G w))        x = B ((A y) (G w)ᵀ)        w = Gᵀ ((Bᵀ x)ᵀ (A y)).

Source: Winograd 1980, "Arithmetic Complexity of Computations"; Lavin and Gray 2016, "Fast Algorithms for Convolutional
Neural Networks".
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from minigan.backend import Array
from minigan.fast.images import few_images, shared
from minigan.fast.openblas import one_thread
from minigan.ops.window import Sizes, Window

Terms = list[tuple[int, int]]  # (place, sign): x[place], added or subtracted; the first one is added


class Way(NamedTuple):
    """How a pair of results is made of products; each of the three matrices has a row for each product."""

    inputs: list[Terms]  # Bᵀ, where the places are those of the inputs of the pair
    kernel: list[list[float]]  # G, with a factor for each tap
    results: list[Terms]  # A, where the places are those of the two results


WAYS = {  # for two and for three taps
    2: Way(
        [[(0, 1), (1, -1)], [(1, 1)], [(2, 1), (1, -1)]],
        [[1, 0], [1, 1], [0, 1]],
        [[(0, 1)], [(0, 1), (1, 1)], [(1, 1)]],
    ),
    3: Way(
        [[(0, 1), (2, -1)], [(1, 1), (2, 1)], [(2, 1), (1, -1)], [(3, 1), (1, -1)]],
        [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]],
        [[(0, 1)], [(0, 1), (1, 1)], [(0, 1), (1, -1)], [(1, 1)]],
    ),
}

#: Multiplications that take as long as to make one element of Bᵀ x or A y, and one of G w, which is made alone.
MADE, MADE_ALONE = 24, 100

#: Multiplications saved from which on this is worth the many small operations.
ENOUGH = 2**26


class Plan(NamedTuple):
    """The sizes of a convolution, along both axes."""

    taps: Sizes
    ways: tuple[Way, Way]
    blocks: Sizes  # of S·S pixels, from which the results are computed: (BH, BW)
    pairs: tuple[list[int], list[int]]  # of results that need a product, for each product

    @property
    def products(self) -> tuple[int, int]:
        """Of the way, and for one image."""
        return math.prod(map(len, self.pairs)), math.prod(map(sum, self.pairs))


def pays(a: Array, b: Array, kernel: Sizes, at: Window) -> bool:
    """True if two of x, w and y, with a kernel (KH, KW, C, F), are convolved in less time here."""
    few_taps = at.dilation == (1, 1) and WAYS.keys() >= {*_taps(at)}
    if not few_taps or a.dtype != b.dtype or a.dtype.char not in "fd":
        return False
    n, channels, filters = len(a), kernel[2] * math.prod(at.strides), kernel[3]
    of_the_way, of_an_image = _plan(at).products
    saved = n * (math.prod(at.result + kernel) - of_an_image * channels * filters)
    made = MADE * n * of_an_image * (channels + filters) + MADE_ALONE * of_the_way * channels * filters
    return saved >= max(made, ENOUGH)


def convolution(x: Array, w: Array, at: Window) -> Array:
    """y = Aᵀ ((Bᵀ x) (G w))."""
    plan, filters = _plan(at), w.shape[3]
    factors = _factors(w, at, plan)
    y = np.empty((len(x), *at.result, filters), x.dtype)

    def work(share: slice) -> None:
        for images in few_images(share, _bytes(x, w.shape, at)):
            inputs, results, rows = _inputs(x[images], at, plan), _pixels_first(y[images]), []
            for i, p in enumerate(plan.pairs[0]):
                parts = [
                    (next(inputs) @ factors[i, j]).reshape(p, q, results.shape[2], filters)
                    for j, q in enumerate(plan.pairs[1])
                ]
                rows.append(np.empty((p, *results.shape[1:]), y.dtype))
                _gather(parts, plan.ways[1].results, 1, rows[-1])
            _gather(rows, plan.ways[0].results, 0, results)

    shared(work, x, _bytes(x, w.shape, at))
    return y


def transposed(y: Array, w: Array, at: Window) -> Array:
    """x = B ((A y) (G w)ᵀ)."""
    plan, channels = _plan(at), w.shape[2]
    factors = _factors(w, at, plan)
    reached = all(
        b * s - p >= n for b, s, p, n in zip(plan.blocks, at.strides, at.padding, at.image, strict=True)
    )
    x = (np.empty if reached else np.zeros)((len(y), *at.image, channels), y.dtype)

    def work(share: slice) -> None:
        for images in few_images(share, _bytes(y, w.shape, at)):
            results, part = _results(y[images], plan), _pixels_first(x[images])
            blocks = np.zeros((*plan.blocks, part.shape[2], *at.strides, channels), x.dtype)
            for i, p in enumerate(plan.pairs[0]):
                row = np.zeros((p, *blocks.shape[1:]), x.dtype)
                for j, q in enumerate(plan.pairs[1]):
                    products = (next(results) @ factors[i, j].T).reshape(p, q, *blocks.shape[2:])
                    _spread(products, plan.ways[1].inputs[j], 1, row)
                _spread(row, plan.ways[0].inputs[i], 0, blocks)
            for inside, pixels in _phases(at, plan):
                part[pixels] = blocks[inside]

    shared(work, y, _bytes(y, w.shape, at))
    return x


def kernel_gradient(x: Array, y: Array, at: Window) -> Array:
    """w = Gᵀ ((Bᵀ x)ᵀ (A y))."""
    plan, shape = _plan(at), (*at.kernel, x.shape[3], y.shape[3])

    def work(share: slice) -> Array:
        factors = np.zeros((plan.products[0], x.shape[3] * math.prod(at.strides), y.shape[3]), x.dtype)
        for images in few_images(share, _bytes(x, shape, at)):
            pairs = zip(_inputs(x[images], at, plan), _results(y[images], plan), strict=True)
            for factor, (inputs, results) in zip(factors, pairs, strict=True):
                factor += inputs.T @ results
        return factors

    factors = sum(shared(work, x, _bytes(x, shape, at)))
    with one_thread():
        taps = _matrix(plan, x.dtype).T @ factors.reshape(len(factors), -1)
    (th, tw), (sh, sw), (kh, kw, channels, filters) = plan.taps, at.strides, shape
    taps = taps.reshape(th, tw, sh, sw, channels, filters).swapaxes(1, 2)
    return taps.reshape(th * sh, tw * sw, channels, filters)[:kh, :kw]


# --- The sizes ---------------------------------------------------------------------------------------


def _taps(at: Window) -> Sizes:
    return tuple([-(-k // s) for k, s in zip(at.kernel, at.strides, strict=True)])


def _plan(at: Window) -> Plan:
    taps = _taps(at)
    ways = WAYS[taps[0]], WAYS[taps[1]]
    pairs = [  # the second result of the last pair may be missing
        [(n + 1 - terms[0][0]) // 2 for terms in way.results] for way, n in zip(ways, at.result, strict=True)
    ]
    blocks = tuple([n + t - 1 for n, t in zip(at.result, taps, strict=True)])
    return Plan(taps, ways, blocks, (pairs[0], pairs[1]))


def _bytes(images: Array, kernel: Sizes, at: Window) -> int:
    """Of what is made on the way for one image; half of it, as not all of it is there at the same time."""
    channels, filters = kernel[2] * math.prod(at.strides), kernel[3]
    return _plan(at).products[1] * (channels + filters) * images.itemsize // 2


# --- The three matrices and their transposes ---------------------------------------------------------


def _matrix(plan: Plan, dtype: np.dtype) -> Array:
    """G along both axes, (products, taps)."""
    return np.kron(*[np.array(way.kernel, dtype) for way in plan.ways])


def _factors(w: Array, at: Window, plan: Plan) -> Array:
    """G w: (products, products, S·S·C, F)."""
    (th, tw), (sh, sw), (kh, kw, channels, filters) = plan.taps, at.strides, w.shape
    taps = np.zeros((th * sh, tw * sw, channels, filters), w.dtype)
    taps[:kh, :kw] = w
    taps = taps.reshape(th, sh, tw, sw, channels, filters).swapaxes(1, 2).reshape(th * tw, -1)
    with one_thread():
        factors = _matrix(plan, w.dtype) @ taps
    return factors.reshape(*map(len, plan.pairs), sh * sw * channels, filters)


def _inputs(x: Array, at: Window, plan: Plan) -> Iterator[Array]:
    """Bᵀ x: a matrix for each product, with a row of S·S·C numbers for each pair of pairs of results."""
    x = _pixels_first(x)
    blocks = np.zeros((*plan.blocks, x.shape[2], *at.strides, x.shape[3]), x.dtype)
    for inside, pixels in _phases(at, plan):
        blocks[inside] = x[pixels]
    return _transformed(blocks, [way.inputs for way in plan.ways], plan)


def _results(y: Array, plan: Plan) -> Iterator[Array]:
    """A y: the same with a row of F numbers."""
    y = _pixels_first(y)
    height, width, n, filters = y.shape
    even = np.zeros((height + height % 2, width + width % 2, n, filters), y.dtype)
    even[:height, :width] = y
    return _transformed(even, [way.results for way in plan.ways], plan)


def _transformed(x: Array, terms: list[list[Terms]], plan: Plan) -> Iterator[Array]:
    """The sums of x along both axes, for the products one after the other."""
    length = math.prod(x.shape[3:])
    for above, p in zip(terms[0], plan.pairs[0], strict=True):
        row = _pick(x, above, 0, p)
        for beside, q in zip(terms[1], plan.pairs[1], strict=True):
            yield _pick(row, beside, 1, q).reshape(-1, length)


def _pixels_first(x: Array) -> Array:
    """Images (N, H, W, C) as (H, W, N, C): what is computed along H and W then has long runs."""
    return x.transpose(1, 2, 0, 3)


def _phases(at: Window, plan: Plan) -> Iterator[tuple[tuple, tuple]]:
    """For each of the S·S pixels of a block: where it is in the blocks (BH, BW, N, S, S, C), and where in the image."""
    each = zip(at.image, at.strides, at.padding, plan.blocks, strict=True)
    rows, columns = ([_phase(i, *sizes) for i in range(sizes[1])] for sizes in each)
    for (i, (inside_h, h)), (j, (inside_w, w)) in product(enumerate(rows), enumerate(columns)):
        yield (inside_h, inside_w, slice(None), i, j), (h, w)


def _phase(i: int, image: int, stride: int, padding: int, blocks: int) -> tuple[slice, slice]:
    """Pixel i of the blocks along one axis, without those that lie outside of the image."""
    first = max(-(-(padding - i) // stride), 0)
    start = stride * first + i - padding
    count = max(min(blocks - first, -(-(image - start) // stride)), 0)
    return slice(first, first + count), slice(start, start + stride * count, stride)


def _pick(x: Array, terms: Terms, axis: int, count: int) -> Array:
    """y[i] = x[2 i + place] ± x[2 i + place of the second term, if any], for i < count along an axis."""
    first, *second = [x[_along(axis, _every_other(place, count))] for place, _ in terms]
    return _operation(terms[1][1])(first, *second) if second else first


def _spread(y: Array, terms: Terms, axis: int, out: Array) -> None:
    """The transpose of `_pick`, added up: out[2 i + place] ±= y[i] for each of the terms."""
    for place, sign in terms:
        part = out[_along(axis, _every_other(place, y.shape[axis]))]
        _operation(sign)(part, y, out=part)


def _gather(parts: list[Array], terms: list[Terms], axis: int, out: Array) -> None:
    """The transpose of all `_pick`s of results: out[2 i + place] = Σ ± part[i], over the parts that have the place."""
    for place in (0, 1):
        count = (out.shape[axis] + 1 - place) // 2
        signs = [dict(of_part).get(place) for of_part in terms]
        some = [
            (part[_along(axis, slice(count))], sign) for part, sign in zip(parts, signs, strict=True) if sign
        ]
        (total, _), *others, (last, last_sign) = some
        for other, sign in others:
            total = _operation(sign)(total, other)
        _operation(last_sign)(total, last, out=out[_along(axis, _every_other(place, count))])


def _operation(sign: int) -> np.ufunc:
    return np.add if sign > 0 else np.subtract


def _along(axis: int, where: slice) -> tuple[slice, ...]:
    return (*[slice(None)] * axis, where)


def _every_other(start: int, count: int) -> slice:
    return slice(start, start + 2 * count, 2)
