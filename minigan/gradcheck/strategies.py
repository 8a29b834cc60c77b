"""Hypothesis strategies for a property test of an operation: shapes, layouts, broadcasting, axes, indices.

    @given(arrays())
    def test_softsign(x):
        check_grad(softsign, x)

All arrays are float64, as `check_grad` needs them.  Hypothesis chooses the shape, the memory layout and a seed;
the numbers then come from NumPy.  So a failure shrinks to the smallest shape and the plainest layout, and
drawing stays quick.  This is the only module of the package that needs Hypothesis: `pip install hypothesis`.
"""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

__all__ = [
    "arrays", "arrays_and_axes", "axes", "distinct", "indices", "integers", "layouts", "layouts_with_repeats",
    "nonzero", "normal", "pairs", "positive", "recast", "repeated", "reversed_", "seeds", "shapes", "strided",
    "transposed",
]  # fmt: skip

seeds = st.integers(0, 2**16)


def shapes(min_dims=0, max_dims=3, min_side=0, max_side=3):
    """Shapes with this many axes, of these sizes: scalars, axes of size 1 and empty axes included.

    min_side=1 leaves out the empty ones, for an operation that needs a number, such as max.
    """
    return hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)


def normal(seed, shape):
    """Numbers of a standard normal distribution.  This and those below are kinds of numbers, for `arrays`."""
    return np.random.default_rng(seed).normal(size=shape)


def positive(seed, shape):
    """Numbers from 0.5 to 2: the domain of log, of a square root, of a divisor, of a base."""
    return np.random.default_rng(seed).uniform(0.5, 2, shape)


def nonzero(seed, shape):
    """Numbers of both signs, at least 0.2 away from 0."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.2, 2, shape) * rng.choice([-1, 1], shape)


def distinct(seed, shape):
    """Numbers of both signs, at least 0.05 away from each other and from 0, 0.5 and -0.5."""
    n = int(np.prod(shape))
    return (np.random.default_rng(seed).permutation(n).reshape(shape) - n // 2) * 0.1 + 0.05


def integers(seed, shape):
    """Whole numbers from -3 to 3, of dtype int64."""
    return np.random.default_rng(seed).integers(-3, 4, shape)


# --- Memory layouts: the same numbers, differently strewn --------------------------------------------


def transposed(x):
    """The axes lie in memory in the opposite order."""
    return np.array(x.T, order="C").T


def reversed_(x):
    """Negative strides on every axis."""
    return np.array(np.flip(x), order="C")[(..., *[slice(None, None, -1)] * x.ndim)]


def strided(x):
    """Every other element of a larger array, the first of which is left out."""
    larger = np.full([2 * n + 1 for n in x.shape], np.nan)
    view = larger[(..., *[slice(1, None, 2)] * x.ndim)]
    view[...] = x
    return view


def repeated(x):
    """The first slice again and again along the first axis, by a stride of zero."""
    return np.broadcast_to(x[:1], x.shape) if x.ndim else x


def recast(x, dtype):
    """The same numbers in another precision, in the same layout."""
    if x.size == 0:
        return x.astype(dtype)
    dtype = np.dtype(dtype)
    steps = [stride // x.itemsize for stride in x.strides]  # in elements
    reach = [step * (n - 1) for step, n in zip(steps, x.shape, strict=True)]
    memory = np.zeros(sum(abs(r) for r in reach) + 1, dtype)
    first = memory[-sum(min(r, 0) for r in reach) :]
    y = np.lib.stride_tricks.as_strided(first, x.shape, [step * dtype.itemsize for step in steps])
    y[...] = x.astype(dtype)
    return y


#: functions that take an array to the same numbers in another layout; and one that also repeats numbers
layouts = st.sampled_from([np.array, transposed, reversed_, strided])
layouts_with_repeats = st.sampled_from([np.array, transposed, reversed_, strided, repeated])


@st.composite
def arrays(draw, shape=None, kind=normal, layout=layouts):
    """An array of numbers of one kind; the layout keeps the numbers, and so keeps them distinct.

    shape   a tuple, or a strategy of such (default: `shapes()`)
    kind    `normal`, `positive`, `nonzero`, `distinct` or `integers`: the domain, or away from kinks
    layout  `layouts`, `layouts_with_repeats`, or another strategy of functions of an array
    """
    shape = (
        draw(shapes()) if shape is None else draw(shape) if isinstance(shape, st.SearchStrategy) else shape
    )
    return draw(layout)(kind(draw(seeds), shape))


@st.composite
def pairs(draw, kind=normal, second=None, layout=layouts_with_repeats):
    """Two arrays whose shapes broadcast: missing axes, size-1 axes and empty ones on either side.

    kind, second  the kind of the numbers of both, and of the second if it is another one: a divisor, say
    """
    both = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=0, max_side=3))
    a, b = both.input_shapes
    return draw(arrays(a, kind, layout)), draw(arrays(b, second or kind, layout))


# --- Axes and indices --------------------------------------------------------------------------------


def axes(ndim, tuples=True):
    """None, one axis counted from the front or from behind, or a tuple of different ones."""
    if ndim == 0:
        return st.sampled_from([None, ()]) if tuples else st.none()
    one = st.integers(-ndim, ndim - 1)
    return st.none() | one | hnp.valid_tuple_axes(ndim) if tuples else st.none() | one


@st.composite
def arrays_and_axes(draw, kind=normal, min_side=0, layout=layouts):
    """An array, and axes of it as a reduction takes them."""
    x = draw(arrays(shapes(min_side=min_side), kind, layout))
    return x, draw(axes(x.ndim))


@st.composite
def indices(draw, shape):
    """Numbers, slices with any step, None and Ellipsis; or integer arrays, with repeats and from both
    ends; or lists; or a boolean mask of the first axes; or a mixture."""
    kinds = ["basic", "mask"] + ["integers", "mixed", "list", "tuple"] * bool(shape and 0 not in shape)
    kind = draw(st.sampled_from(kinds))
    if kind == "basic":
        return draw(hnp.basic_indices(shape, allow_newaxis=True, max_dims=5))
    if kind == "integers":
        return draw(hnp.integer_array_indices(shape, result_shape=shapes(min_dims=1, max_dims=2)))
    if kind == "mask":
        axes = draw(st.integers(0, len(shape)))
        return np.random.default_rng(draw(seeds)).random(shape[:axes]) < 0.5
    rows = st.lists(st.integers(-shape[0], shape[0] - 1), min_size=1, max_size=5)
    if kind == "mixed":
        return (
            np.array(draw(rows)),
            ...,
            *[slice(None, None, draw(st.sampled_from([1, -1])))] * (len(shape) > 1),
        )
    return draw(rows) if kind == "list" else (tuple(draw(rows)),)
