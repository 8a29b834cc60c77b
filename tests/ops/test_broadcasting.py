"""reshape, broadcast_to, sum: linear, and each the transpose of another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from registry import covers

from minigan import Tensor, grad, ops
from minigan.checks import axes_of
from minigan.gradcheck import check_grad
from minigan.gradcheck.strategies import arrays, arrays_and_axes, layouts_with_repeats, normal, seeds, shapes
from minigan.ops.broadcasting import reduced_shape, unbroadcast


@st.composite
def reshapes(draw):
    """An array and another shape for it, perhaps with one size left open."""
    x = draw(arrays(layout=layouts_with_repeats))
    shape = list(draw(st.permutations([*x.shape, *[1] * draw(st.integers(0, 2))])))
    if shape and x.size and draw(st.booleans()):
        shape[draw(st.integers(0, len(shape) - 1))] = -1
    return x, tuple(shape)


@st.composite
def broadcasts(draw):
    """An array and a shape that it broadcasts to."""
    x = draw(arrays(layout=layouts_with_repeats))
    return x, draw(
        hnp.broadcastable_shapes(x.shape, max_dims=3, min_side=0, max_side=3).filter(
            lambda shape: np.broadcast_shapes(shape, x.shape) == shape
        )
    )


@covers("reshape")
@given(reshapes())
def test_reshape(case):
    x, shape = case
    np.testing.assert_array_equal(ops.reshape(Tensor(x), shape).data, x.reshape(shape))
    check_grad(lambda x: ops.reshape(x, shape), x)


@covers("broadcast_to")
@given(broadcasts())
def test_broadcast_to(case):
    x, shape = case
    np.testing.assert_array_equal(ops.broadcast_to(Tensor(x), shape).data, np.broadcast_to(x, shape))
    check_grad(lambda x: ops.broadcast_to(x, shape), x)


@covers("sum")
@given(arrays_and_axes(layout=layouts_with_repeats), st.booleans())
def test_sum(case, keepdims):
    x, axis = case
    y = ops.sum(Tensor(x), axis, keepdims)
    np.testing.assert_allclose(y.data, x.sum(axis=axis, keepdims=keepdims), atol=1e-14)
    assert y.shape == x.sum(axis=axis, keepdims=keepdims).shape
    check_grad(lambda x: ops.sum(x, axis=axis, keepdims=keepdims), x)


@given(broadcasts(), seeds)
def test_broadcasting_and_summing_are_transposes(case, seed):
    x, shape = case
    g = normal(seed, shape)
    np.testing.assert_allclose(
        np.sum(np.broadcast_to(x, shape) * g), np.sum(x * unbroadcast(g, x)), rtol=1e-12, atol=1e-12
    )


def test_the_gradient_of_a_broadcast_operand_is_summed_back():
    row = Tensor(np.zeros((1, 3)))
    g = grad((row + np.ones((4, 3))).sum(), row)
    np.testing.assert_array_equal(g, [[4.0, 4.0, 4.0]])


def test_an_empty_sum_is_zero_and_has_an_empty_gradient():
    x = Tensor(np.zeros((0, 3)))
    assert x.sum().data == 0
    assert grad(x.sum(), x).shape == (0, 3)


@given(arrays_and_axes())
def test_axes_and_reduced_shapes_agree_with_numpy(case):
    x, axis = case
    assert reduced_shape(x.shape, axis) == x.sum(axis=axis, keepdims=True).shape
    assert all(0 <= a < x.ndim for a in axes_of("sum", axis, x.ndim))


@pytest.mark.parametrize("axis", [2, -3, (0, 2), (0, 0)])
@pytest.mark.parametrize("reduce", [ops.sum, ops.mean, ops.var, ops.max, ops.min, ops.logsumexp, ops.norm])
def test_an_axis_that_does_not_exist_is_an_error(reduce, axis):
    with pytest.raises(ValueError, match="axis"):
        reduce(Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=axis)


def test_an_axis_of_a_number_is_an_error():
    with pytest.raises(ValueError, match="axis 0 does not exist"):
        ops.mean(Tensor(1.0), axis=0)


@given(shapes())
def test_reshape_takes_sizes_or_a_shape(shape):
    x = Tensor(np.zeros((2, 3)))
    assert x.reshape(3, 2).shape == x.reshape((3, 2)).shape == x.reshape([3, 2]).shape == (3, 2)
    assert Tensor(np.zeros(shape)).reshape(-1 if 0 not in shape else 0).ndim == 1
