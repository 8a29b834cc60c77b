"""Reductions and what is made of them, over every choice of axes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from registry import covers

from minigan import Tensor, grad, ops
from minigan.gradcheck import check_grad
from minigan.gradcheck.strategies import (
    arrays,
    arrays_and_axes,
    distinct,
    layouts,
    layouts_with_repeats,
    nonzero,
    normal,
    shapes,
)


def at_least_one(kind=normal):
    """An array without empty axes, and axes of it: what has a mean or a maximum."""
    return arrays_and_axes(kind, min_side=1, layout=layouts if kind is distinct else layouts_with_repeats)


@covers("max")
@given(at_least_one(distinct), st.booleans())
def test_max(case, keepdims):
    x, axis = case
    np.testing.assert_array_equal(
        ops.max(Tensor(x), axis, keepdims).data, x.max(axis=axis, keepdims=keepdims)
    )
    check_grad(lambda x: ops.max(x, axis=axis, keepdims=keepdims), x)


@given(at_least_one(distinct), st.booleans())
def test_min(case, keepdims):
    x, axis = case
    np.testing.assert_array_equal(
        ops.min(Tensor(x), axis, keepdims).data, x.min(axis=axis, keepdims=keepdims)
    )
    check_grad(lambda x: ops.min(x, axis=axis, keepdims=keepdims), x)


@covers("logsumexp")
@given(at_least_one(), st.booleans())
def test_logsumexp(case, keepdims):
    x, axis = case
    y = np.log(np.exp(x).sum(axis=axis, keepdims=keepdims))
    np.testing.assert_allclose(ops.logsumexp(Tensor(x), axis, keepdims).data, y, rtol=1e-12, atol=1e-14)
    check_grad(lambda x: ops.logsumexp(x, axis=axis, keepdims=keepdims), x)


@covers("norm")
@given(arrays_and_axes(nonzero), st.booleans())
def test_norm(case, keepdims):
    x, axis = case
    y = np.sqrt((x * x).sum(axis=axis, keepdims=keepdims))
    np.testing.assert_allclose(ops.norm(Tensor(x), axis, keepdims).data, y, rtol=1e-14)
    check_grad(lambda x: ops.norm(x, axis=axis, keepdims=keepdims), x)


@given(at_least_one(), st.booleans())
def test_mean(case, keepdims):
    x, axis = case
    y = ops.mean(Tensor(x), axis, keepdims)
    np.testing.assert_allclose(y.data, x.mean(axis=axis, keepdims=keepdims), rtol=1e-12, atol=1e-14)
    check_grad(lambda x: ops.mean(x, axis=axis, keepdims=keepdims), x)


@given(at_least_one(), st.booleans())
def test_var(case, keepdims):
    x, axis = case
    y = ops.var(Tensor(x), axis, keepdims)
    np.testing.assert_allclose(y.data, x.var(axis=axis, keepdims=keepdims), rtol=1e-12, atol=1e-14)
    check_grad(lambda x: ops.var(x, axis=axis, keepdims=keepdims), x)


@given(at_least_one())
def test_softmax_and_its_logarithm(case):
    x, axis = case
    y = np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(ops.softmax(Tensor(x), axis).data, y, rtol=1e-12)
    np.testing.assert_allclose(ops.log_softmax(Tensor(x), axis).data, np.log(y), rtol=1e-12, atol=1e-14)
    check_grad(lambda x: ops.softmax(x, axis=axis), x)
    check_grad(lambda x: ops.log_softmax(x, axis=axis), x)


def test_the_gradient_of_softmax_by_hand():
    # p = softmax(0, log 3) = (1/4, 3/4);  dp1/dx1 = p1 (1 - p1) = 3/16,  dp1/dx2 = -p1 p2 = -3/16
    x = Tensor(np.log([1.0, 3.0]))
    np.testing.assert_allclose(grad(ops.softmax(x)[0], x), [3 / 16, -3 / 16], rtol=1e-14)


@given(arrays(shapes(min_dims=1, min_side=1)))
def test_ties_share_the_gradient_of_a_maximum(x):
    x[...] = 1.0
    t = Tensor(x)
    np.testing.assert_allclose(grad(t.max(), t), 1 / x.size)
    np.testing.assert_allclose(grad(t.min(axis=0).sum(), t), 1 / x.shape[0])


def test_ties_are_shared_row_by_row():
    x = Tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [1.0, 0.0, -1.0]])
    thirds = [[0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3], [1, 0, 0]]
    np.testing.assert_allclose(grad(ops.max(x, axis=1).sum(), x), thirds, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logsumexp_and_softmax_neither_overflow_nor_vanish(dtype):
    x = Tensor(np.array([[1e4, 1e4 - 1], [-1e4, -1e4], [0, -1e4]], dtype))
    y = ops.logsumexp(x, axis=1)
    np.testing.assert_allclose(y.data, [1e4 + np.log1p(np.exp(-1)), np.log(2) - 1e4, 0], rtol=1e-6)
    gradients = grad(y.sum(), x)
    np.testing.assert_allclose(gradients, ops.softmax(x.data, axis=1), rtol=1e-3)
    assert np.isfinite(ops.log_softmax(x).data).all()


def test_logsumexp_of_minus_infinity_alone_is_minus_infinity():
    x = np.array([[-np.inf, -np.inf], [-np.inf, 0.0]])
    np.testing.assert_array_equal(ops.logsumexp(x, axis=1), [-np.inf, 0.0])


def test_the_norm_of_a_zero_vector_has_a_zero_gradient():
    x = Tensor(np.array([[0.0, 0.0], [3.0, 4.0]]))
    (first,) = grad(ops.norm(x, axis=1).sum(), [x], create_graph=True)
    np.testing.assert_allclose(first.data, [[0, 0], [0.6, 0.8]])
    assert np.isfinite(grad((first * first).sum(), x)).all()


@pytest.mark.parametrize("reduce", [ops.mean, ops.max, ops.min, ops.logsumexp, ops.var])
def test_nothing_has_no_mean_and_no_maximum(reduce):
    with pytest.raises(ValueError, match=r"\(0, 3\)"):
        reduce(Tensor(np.zeros((0, 3))), axis=0)


@pytest.mark.parametrize("reduce", [ops.sum, ops.max, ops.logsumexp, ops.norm, ops.mean, ops.var])
def test_reducing_over_an_axis_that_is_there_leaves_an_empty_one_alone(reduce):
    x = Tensor(np.zeros((0, 3)))
    y = reduce(x, axis=1)
    assert y.shape == (0,)
    assert grad(y, x, np.zeros(0)).shape == (0, 3)


@pytest.mark.parametrize("f", [ops.softmax, ops.log_softmax], ids=["softmax", "log_softmax"])
@pytest.mark.parametrize("shift", [0.0, 1e4, -1e4])
def test_softmax_keeps_its_digits_far_from_zero_at_all_orders(f, shift):
    """float32, where the same numbers in float64 say what is right: x - logsumexp(x) would lose four digits."""
    numbers = (np.array([[0.0, 1.0, -2.0], [0.0, 0.5, 0.25]]) + shift).astype(np.float32)
    found = []
    for dtype in (np.float32, np.float64):
        x = Tensor(numbers.astype(dtype))
        c, v = np.array([1.0, -2.0, 0.5], dtype), np.array([0.25, 1.0, -1.5], dtype)
        y = f(x)
        first = grad((y * c).sum(), x, create_graph=True)
        found.append([y.data, first.data, grad((first * v).sum(), x)])
    for low, high in zip(*found, strict=True):
        assert low.dtype == np.float32
        np.testing.assert_allclose(low, high, rtol=5e-7, atol=2.5e-7)


def test_a_row_of_minus_infinity_has_a_gradient_of_zero():
    x = Tensor(np.array([[-np.inf, -np.inf], [0.0, np.log(3)]]))
    first = grad(ops.logsumexp(x, axis=1).sum(), x, create_graph=True)
    np.testing.assert_allclose(first.data, [[0, 0], [0.25, 0.75]])
    second = grad((first * np.array([1.0, 0.0])).sum(), x)
    np.testing.assert_allclose(second, [[0, 0], [3 / 16, -3 / 16]])


@pytest.mark.parametrize("axis", [5, -3, 1.5, "rows", [0, 1]])
@pytest.mark.parametrize("reduce", [ops.mean, ops.var])
def test_an_axis_that_does_not_exist_is_named(reduce, axis):
    with pytest.raises(ValueError, match=r"axis .* does not exist: there are 2 axes"):
        reduce(np.ones((2, 3)), axis)
