"""Elementwise functions: the values of NumPy, both derivatives, and good manners at the edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from registry import covers

from minigan import Tensor, grad, ops
from minigan.gradcheck import check_grad
from minigan.gradcheck.strategies import (
    arrays,
    distinct,
    layouts_with_repeats,
    nonzero,
    normal,
    pairs,
    positive,
)


def away(seed, shape):
    """Partners for `distinct`: they lie halfway between its numbers, so that no pair is near a tie."""
    return distinct(seed, shape) - 0.05


# name -> (the function in NumPy, the kind of numbers it is tried on)
UNARY = {
    "negative": (lambda x: -x, normal),
    "exp": (np.exp, normal),
    "log": (np.log, positive),
    "sqrt": (np.sqrt, positive),
    "tanh": (np.tanh, normal),
    "sigmoid": (lambda x: np.exp(x) / (1 + np.exp(x)), normal),
    "softplus": (lambda x: np.log(1 + np.exp(x)), normal),
    "abs": (np.abs, nonzero),
    "relu": (lambda x: np.where(x > 0, x, 0), nonzero),
    "leaky_relu": (lambda x: np.where(x > 0, x, 0.2 * x), nonzero),
    "elu": (lambda x: np.where(x > 0, x, np.exp(x) - 1), nonzero),
}

BINARY = {
    "add": (lambda a, b: a + b, normal, normal),
    "subtract": (lambda a, b: a - b, normal, normal),
    "multiply": (lambda a, b: a * b, normal, normal),
    "divide": (lambda a, b: a / b, normal, nonzero),
    "power": (lambda a, b: a**b, positive, normal),
    "maximum": (np.maximum, distinct, away),
    "minimum": (np.minimum, distinct, away),
}


@covers(*UNARY)
@pytest.mark.parametrize("name", UNARY)
@given(data=st.data())
def test_functions_of_one_argument(name, data):
    reference, kind = UNARY[name]
    x = data.draw(arrays(kind=kind, layout=layouts_with_repeats))
    f = getattr(ops, name)
    np.testing.assert_allclose(f(Tensor(x)).data, reference(x), rtol=1e-12, atol=1e-15)
    check_grad(f, x)


@covers(*BINARY)
@pytest.mark.parametrize("name", BINARY)
@given(data=st.data())
def test_functions_of_two_arguments_broadcast(name, data):
    reference, *kinds = BINARY[name]
    a, b = data.draw(pairs(*kinds))
    f = getattr(ops, name)
    y = f(Tensor(a), Tensor(b))
    np.testing.assert_allclose(y.data, reference(a, b), rtol=1e-12)
    assert y.shape == np.broadcast_shapes(a.shape, b.shape)
    check_grad(f, a, b)


@covers("where")
@given(pairs(), arrays(kind=normal))
def test_where(pair, mask):
    a, b = pair
    try:
        np.broadcast_shapes(a.shape, b.shape, mask.shape)
    except ValueError:
        mask = (a + b)[..., :1]
    mask = mask > 0
    np.testing.assert_array_equal(ops.where(mask, Tensor(a), Tensor(b)).data, np.where(mask, a, b))
    check_grad(lambda a, b: ops.where(mask, a, b), a, b)


@covers("clip")
@given(arrays(kind=distinct, layout=layouts_with_repeats), st.sampled_from([(-0.5, 0.5), (0, 1), (0, 0)]))
def test_clip(x, limits):
    np.testing.assert_array_equal(ops.clip(Tensor(x), *limits).data, np.clip(x, *limits))
    check_grad(lambda x: ops.clip(x, *limits), x)


@given(arrays(kind=nonzero), st.sampled_from([0, 0.01, 0.3, 1]))
def test_the_slope_of_leaky_relu_and_the_alpha_of_elu(x, a):
    np.testing.assert_allclose(ops.leaky_relu(Tensor(x), a).data, np.where(x > 0, x, a * x))
    np.testing.assert_allclose(
        ops.elu(Tensor(x), a).data, np.where(x > 0, x, a * (np.exp(x) - 1)), atol=1e-15
    )
    check_grad(lambda x: ops.leaky_relu(x, slope=a), x)
    check_grad(lambda x: ops.elu(x, alpha=a), x)


@given(arrays(kind=nonzero), st.sampled_from([0, 1, 2, 3, -1, -2, 2.0]))
def test_whole_powers_of_either_sign(x, n):
    np.testing.assert_allclose((Tensor(x) ** n).data, x ** float(n))
    check_grad(lambda x: x**n, x)
    check_grad(lambda x: x ** np.array(float(n)), x)


@given(arrays(), st.sampled_from([2, 0.5, 1, 10.0]))
def test_powers_of_a_plain_number(x, base):
    np.testing.assert_allclose((base ** Tensor(x)).data, base**x)
    check_grad(lambda x: base**x, x)


# --- The same variable twice -------------------------------------------------------------------------

SAME = {
    "x + x": (lambda x: x + x, lambda x: 2 + 0 * x),
    "x - x": (lambda x: x - x, lambda x: 0 * x),
    "x * x": (lambda x: x * x, lambda x: 2 * x),
    "x / x": (lambda x: x / x, lambda x: 0 * x),
    "x ** x": (lambda x: x**x, lambda x: x**x * (np.log(x) + 1)),
    "maximum(x, x)": (lambda x: ops.maximum(x, x), lambda x: 1 + 0 * x),
    "minimum(x, x)": (lambda x: ops.minimum(x, x), lambda x: 1 + 0 * x),
    "where(x > 1, x, x)": (lambda x: ops.where(x > 1, x, x), lambda x: 1 + 0 * x),
}


@pytest.mark.parametrize("name", SAME)
@given(x=arrays(kind=positive))
def test_a_variable_may_be_both_operands(name, x):
    f, derivative = SAME[name]
    t = Tensor(x)
    np.testing.assert_allclose(grad(f(t), t, np.ones(x.shape)), derivative(x), rtol=1e-12, atol=1e-13)
    check_grad(f, x)


# --- Edges -------------------------------------------------------------------------------------------


def slope(f, x):
    t = Tensor(np.array(x, dtype=np.float64))
    return grad(f(t).sum(), t)


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (ops.abs, 0.0, 0.0),
        (ops.relu, 0.0, 0.0),
        (ops.leaky_relu, 0.0, 1.0),
        (ops.elu, 0.0, 1.0),
        (lambda x: ops.clip(x, 0, 1), [0.0, 1.0], [1.0, 1.0]),
        (lambda x: ops.maximum(x, 0.0), 0.0, 0.5),
        (lambda x: ops.minimum(x, 0.0), 0.0, 0.5),
        (lambda x: x**2, 0.0, 0.0),
        (lambda x: x**1, 0.0, 1.0),
        (lambda x: x**0, 0.0, 0.0),
        (lambda x: x ** np.array([0.0, 1.0, 2.0]), [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
        (lambda x: np.array([0.0, 0.0]) ** x, [2.0, 0.0], [0.0, 0.0]),
        (lambda x: 0.0**x, [2.0, 1.0], [0.0, 0.0]),
    ],
)
def test_the_stated_subgradients_at_kinks_and_the_limits_at_zero(f, x, expected):
    np.testing.assert_array_equal(slope(f, x), expected)


def test_second_derivatives_of_powers_at_zero():
    x = Tensor(np.zeros(4))
    (first,) = grad((x ** np.array([1.0, 2.0, 3.0, 4.0])).sum(), [x], create_graph=True)
    np.testing.assert_array_equal(grad(first.sum(), x), [0, 2, 0, 0])
    (first,) = grad((x**2).sum(), [x], create_graph=True)
    np.testing.assert_array_equal(grad(first.sum(), x), [2, 2, 2, 2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("f", [ops.sigmoid, ops.softplus, ops.tanh, ops.elu, ops.relu, ops.leaky_relu])
def test_activations_are_finite_very_far_out(f, dtype):
    x = Tensor(np.array([-1e4, -800, -100, 0, 100, 800, 1e4], dtype))
    y = f(x)
    (first,) = grad(y.sum(), [x], create_graph=True)
    second = grad(first.sum(), x, allow_unconnected=True)
    for numbers in (y.data, first.data, second):
        assert np.isfinite(numbers).all()
        assert numbers.dtype == dtype


def test_softplus_and_sigmoid_in_their_tails():
    x = Tensor(np.array([-800.0, -40.0, 40.0, 800.0]))
    np.testing.assert_allclose(ops.softplus(x).data, [0, np.exp(-40), 40, 800], rtol=1e-15)
    np.testing.assert_allclose(ops.sigmoid(x).data, [0, np.exp(-40), 1, 1], rtol=1e-15)


@pytest.mark.parametrize("slope", [-0.1, 1.5])
def test_leaky_relu_refuses_a_slope_for_which_its_formula_is_wrong(slope):
    with pytest.raises(ValueError, match=r"leaky_relu\(\(2,\).*slope must lie between 0 and 1"):
        ops.leaky_relu(Tensor([1.0, 2.0]), slope)
