"""The strategies draw what they promise: empty axes, axes of size 1, scalars, strange layouts, every broadcast."""

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from minigan.gradcheck.strategies import (
    arrays,
    arrays_and_axes,
    distinct,
    indices,
    integers,
    layouts,
    layouts_with_repeats,
    nonzero,
    normal,
    pairs,
    positive,
    recast,
    repeated,
    reversed_,
    seeds,
    shapes,
    strided,
    transposed,
)

#: what a property test must have seen, and a strategy that is to draw it
DRAWN = {
    "a scalar": (shapes(), lambda shape: shape == ()),
    "an empty axis": (shapes(), lambda shape: 0 in shape),
    "an axis of size 1 beside a longer one": (shapes(), lambda shape: 1 in shape and max(shape) > 1),
    "three axes": (shapes(), lambda shape: len(shape) == 3),
    "an empty array": (arrays(), lambda x: x.size == 0),
    "an array in Fortran's order": (arrays(), lambda x: x.flags.f_contiguous and not x.flags.c_contiguous),
    "neither order": (arrays(), lambda x: not (x.flags.f_contiguous or x.flags.c_contiguous)),
    "a negative stride": (arrays(), lambda x: x.size > 1 and min(x.strides) < 0),
    "a gap between elements": (
        arrays(),
        lambda x: x.size > 1 and x.ndim == 1 and abs(x.strides[0]) > x.itemsize,
    ),
    "a stride of zero": (
        arrays(layout=layouts_with_repeats),
        lambda x: x.ndim and x.shape[0] > 1 and x.size and x.strides[0] == 0,
    ),
    "a missing axis": (pairs(), lambda p: p[0].ndim != p[1].ndim),
    "an axis of size 1 against a longer one": (
        pairs(),
        lambda p: p[0].ndim == p[1].ndim and any(a == 1 < b for a, b in zip(p[0].shape, p[1].shape, strict=True)),
    ),
    "both sides repeated": (
        pairs(),
        lambda p: np.broadcast_shapes(p[0].shape, p[1].shape) not in (p[0].shape, p[1].shape),
    ),
    "an empty axis against one of size 1": (
        pairs(),
        lambda p: (p[0].size == 0) != (p[1].size == 0),
    ),
    "all axes": (arrays_and_axes(), lambda p: p[1] is None),
    "an axis from behind": (arrays_and_axes(), lambda p: isinstance(p[1], int) and p[1] < 0),
    "several axes": (arrays_and_axes(), lambda p: isinstance(p[1], tuple) and len(p[1]) > 1),
    "a slice": (indices((3, 2)), lambda i: isinstance(i, slice) or isinstance(i, tuple) and slice in map(type, i)),
    "a mask": (indices((3, 2)), lambda i: getattr(i, "dtype", None) == bool),
    "a row twice": (indices((3, 2)), lambda i: isinstance(i, list) and len(set(i)) < len(i)),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
def test_it_is_drawn(name):
    strategy, wanted = DRAWN[name]
    once = settings(max_examples=2000, database=None, phases=[Phase.generate])
    find(strategy, wanted, settings=once)  # NoSuchExample if never


def test_what_is_never_drawn_is_noticed():
    with pytest.raises(Exception, match="satisfies|No examples|NoSuchExample"):
        find(shapes(max_side=0), lambda shape: 1 in shape, settings=settings(max_examples=200, database=None))


@given(seeds, shapes(), layouts)
def test_a_layout_keeps_the_numbers(seed, shape, layout):
    x = normal(seed, shape)
    y = layout(x)
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y, x)


@given(seeds, shapes(min_dims=1, min_side=1))
def test_repeats_are_of_the_first_slice(seed, shape):
    x = normal(seed, shape)
    np.testing.assert_array_equal(repeated(x), np.repeat(x[:1], len(x), axis=0))


@given(seeds, shapes(), st.sampled_from([np.array, transposed, reversed_, strided]))
def test_recast_keeps_the_layout_and_the_numbers(seed, shape, layout):
    x = layout(normal(seed, shape))
    y = recast(x, np.float32)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, x.astype(np.float32))
    assert x.size < 2 or [s * 2 for s in y.strides] == list(x.strides)


@given(seeds, shapes())
def test_each_kind_of_numbers_stays_in_its_domain(seed, shape):
    assert ((positive(seed, shape) >= 0.5) & (positive(seed, shape) <= 2)).all()
    assert (np.abs(nonzero(seed, shape)) >= 0.2).all()
    assert integers(seed, shape).dtype.kind == "i"
    apart = np.sort(np.r_[distinct(seed, shape).ravel(), 0.0])
    assert (np.diff(apart) >= 0.0499).all()


@given(arrays(shapes(min_side=1)))
def test_the_smallest_size_of_an_axis_can_be_given(x):
    assert x.size > 0
