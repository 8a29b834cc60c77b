"""The checker is the same at every scale, at every shift that leaves digits, and however curved the function is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigan import ops
from minigan.autograd import Primitive, primitives
from minigan.gradcheck import GradientError, check_grad
from minigan.layers.capsule import squash

SMOOTH = {
    "tanh": ops.tanh,
    "cubic": lambda x: x * x * x,
    "product of neighbours": lambda x: x[1:] * x[:-1],
    "softmax": ops.softmax,
    "squash": lambda x: squash(x, 0),
    "exp(20 x)": lambda x: ops.exp(x * 20),
    "tanh(8 x)": lambda x: ops.tanh(x * 8),
    "1 / x near 0.05": lambda x: 1 / (x * 0.1 + 0.05 * value_sign(x)),
    "log near 0.01": lambda x: ops.log(x * x + 0.01),
    "norm": lambda x: ops.norm(x, axis=0),
}


def value_sign(x):
    return np.where(ops.elementwise.value(x) < 0, -1.0, 1.0)


def identity_with(vjp):
    """x, whose derivative is not 1."""
    registered = dict(primitives)
    op = Primitive(lambda x: x * 1.0)
    primitives.clear()  # known to nobody but this test
    primitives.update(registered)
    op.defvjp(lambda g, y, x: vjp(g))
    return op


def in_one_element(factor):
    return lambda g: g * np.where(np.arange(g.size).reshape(g.shape) == g.size - 1, factor, 1.0)


FAULTS = {
    "half": identity_with(lambda g: g * 0.5),
    "0.999": identity_with(lambda g: g * 0.999),
    "sign": identity_with(lambda g: -g),
    "zero": identity_with(lambda g: g * 0.0),
    "half in one element": identity_with(in_one_element(0.5)),
    "elements exchanged": identity_with(lambda g: g[::-1]),
}

points = st.lists(
    st.floats(0.05, 1).flatmap(lambda a: st.sampled_from([a, -a])), min_size=2, max_size=4, unique=True
).map(np.array)
exponents = st.integers(-12, 12)


def found(f, x, **how):
    """What the checker says: right, wrong, or hidden by rounding."""
    try:
        check_grad(f, x, **how)
    except GradientError as error:
        assert "the analytic gradient is wrong" in str(error)
        return "wrong"
    except ValueError as error:
        assert "the differences are rounding only" in str(error)
        return "hidden"
    return "right"


@given(st.sampled_from(sorted(SMOOTH)), points, exponents)
def test_a_right_gradient_passes_at_every_scale(name, x, exponent):
    assert found(lambda x: SMOOTH[name](x) * 10.0**exponent, x) == "right"


@given(st.sampled_from(sorted(SMOOTH)), st.sampled_from(sorted(FAULTS)), points, exponents)
def test_a_wrong_gradient_is_refused_at_every_scale(name, fault, x, exponent):
    f = SMOOTH[name]
    if np.ptp(np.abs(x)) < 0.01 or name == "norm" and fault == "elements exchanged":
        x = np.linspace(0.2, 0.9, len(x))  # elements that differ can be exchanged
    said = found(lambda x: f(FAULTS[fault](x)) * 10.0**exponent, x)
    assert said == "wrong" or name == "exp(20 x)" and said == "hidden"  # exp(-20) beside exp(20)


@given(st.sampled_from(sorted(SMOOTH)), points, exponents, st.floats(-4, 3))
def test_a_right_gradient_passes_shifted_while_digits_are_left(name, x, exponent, shift):
    f = SMOOTH[name]
    assert found(lambda x: (f(x) + 10.0**shift) * 10.0**exponent, x) == "right"


@given(st.sampled_from(sorted(SMOOTH)), points, exponents, st.floats(-4, 18))
def test_a_right_gradient_is_never_called_wrong_for_a_shift(name, x, exponent, shift):
    f = SMOOTH[name]
    assert found(lambda x: (f(x) + 10.0**shift) * 10.0**exponent, x) in ("right", "hidden")


@given(st.sampled_from(sorted(SMOOTH)), st.sampled_from(sorted(FAULTS)), points, exponents, st.floats(-4, 15))
def test_a_wrong_gradient_is_refused_at_every_shift(name, fault, x, exponent, shift):
    f = SMOOTH[name]
    if fault == "zero":
        shift = min(shift, 3)  # a derivative that changes nothing but last digits is not told from zero
    if np.ptp(np.abs(x)) < 0.01 or name == "norm" and fault == "elements exchanged":
        x = np.linspace(0.2, 0.9, len(x))
    assert found(lambda x: (f(FAULTS[fault](x)) + 10.0**shift) * 10.0**exponent, x) in ("wrong", "hidden")


@pytest.mark.parametrize("factor", [0.0, 0.5, 0.999, 1.0, 1.001, -1.0])
@pytest.mark.parametrize("shift", [1e6, 1e9, 1e12, 1e13, 1e15, 1e17])
def test_tanh_with_a_large_constant_is_checked_as_far_as_its_digits_reach(factor, shift):
    said = found(lambda x: ops.tanh(identity_with(lambda g: g * factor)(x)) + shift, [0.5, -0.2])
    if factor == 1 or abs(factor - 1) < 0.01 and shift > 1e9:
        assert said == ("right" if shift <= 1e9 else "hidden")
    elif shift < 1e13:
        assert said == "wrong"
    elif factor:  # zero: 1e15 + tanh x may be constant, as far as its digits say
        assert said in ("wrong", "hidden")


# --- Where the function and its derivative are zero, and the points beside it are not --------------------


@pytest.mark.parametrize(("n", "x"), [(4, 1.3779), (3, 2.9833), (3, -1.0688), (3, 1.032), (4, 2.6527)])
def test_the_variance_of_equal_numbers_passes_though_a_step_away_it_is_rounded(n, x):
    check_grad(lambda x: ops.var(x), np.full(n, x))


def test_a_derivative_that_should_be_zero_there_is_refused():
    wrong = identity_with(lambda g: g + 1e-3)
    with pytest.raises(GradientError):
        check_grad(lambda x: ops.var(wrong(x * x)), np.full(3, 1.5))
    with pytest.raises(GradientError):
        check_grad(lambda x: (wrong(x) - 1.5) ** 2.0, np.full(3, 1.5))


@given(st.integers(2, 4), st.integers(-30_000, 30_000))
def test_a_square_at_its_least_value_passes(n, x):
    point = np.full(n, x / 10_000)
    check_grad(lambda x: ops.var(x), point)
    check_grad(lambda x: (x - point) ** 2.0, point)
