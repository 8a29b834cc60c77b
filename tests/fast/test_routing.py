"""The four sums of routing against einsum: each is linear in its arguments, and the vjps of each are the others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from registry import covers
from thread_tools import three_threads

from minigan.fast.routing import (
    agreement,
    capsule_gradient,
    capsule_kernel_gradient,
    weighted_sum,
)
from minigan.gradcheck import GradientError, check_grad
from minigan.gradcheck.strategies import arrays

SHAPES = {"c": "jni", "u": "ndi", "w": "jdie", "v": "jne"}  # the letters of F's arguments
OPS = {
    "weighted_sum": (weighted_sum, "cuw", "v"),
    "agreement": (agreement, "uwv", "c"),
    "capsule_gradient": (capsule_gradient, "cwv", "u"),
    "capsule_kernel_gradient": (capsule_kernel_gradient, "cuv", "w"),
}


@st.composite
def sizes(draw, smallest=0):
    """Capsules may be one or none, examples too; at least one capsule above."""
    size = {letter: draw(st.integers(smallest, 3)) for letter in "nide"}
    return size | {"j": draw(st.integers(1, 3))}


def drawn(data, names, size):
    return [data.draw(arrays(tuple(size[letter] for letter in SHAPES[name]))) for name in names]


def expected(names, answer, arguments):
    return np.einsum(f"{','.join(SHAPES[name] for name in names)}->{SHAPES[answer]}", *arguments)


def check(name, data, size):
    op, names, answer = OPS[name]
    arguments = drawn(data, names, size)
    np.testing.assert_allclose(op(*arguments), expected(names, answer, arguments), rtol=1e-12, atol=1e-13)
    check_grad(op, *arguments)


@covers("weighted_sum")
@given(st.data(), sizes())
def test_weighted_sum(data, size):
    check("weighted_sum", data, size)


@covers("agreement")
@given(st.data(), sizes())
def test_agreement(data, size):
    check("agreement", data, size)


@covers("capsule_gradient")
@given(st.data(), sizes())
def test_capsule_gradient(data, size):
    check("capsule_gradient", data, size)


@covers("capsule_kernel_gradient")
@given(st.data(), sizes())
def test_capsule_kernel_gradient(data, size):
    check("capsule_kernel_gradient", data, size)


@pytest.mark.parametrize("name", OPS)
@given(st.data(), sizes())
def test_the_shares_of_three_threads_are_the_whole(name, data, size):
    op, names, answer = OPS[name]
    arguments = drawn(data, names, size | {"n": data.draw(st.integers(0, 7))})
    with three_threads():
        found = op(*arguments)
    np.testing.assert_allclose(found, expected(names, answer, arguments), rtol=1e-12, atol=1e-13)


@given(st.data(), sizes(smallest=1))
def test_all_four_answer_the_same_number_when_what_was_left_out_is_put_back(data, size):
    whole = dict(zip("cuwv", drawn(data, "cuwv", size), strict=True))
    numbers = [
        (op(*[whole[name] for name in names]) * whole[answer]).sum() for op, names, answer in OPS.values()
    ]
    np.testing.assert_allclose(numbers, numbers[0], rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("name", OPS)
def test_float32_stays_float32(name):
    op, names, _ = OPS[name]
    size = dict.fromkeys("jnide", 2)
    rng = np.random.default_rng(0)
    arguments = [rng.random([size[letter] for letter in SHAPES[n]], dtype=np.float32) for n in names]
    assert op(*arguments).dtype == np.float32


def test_a_sum_whose_gradient_misses_an_argument_is_refused():
    rng = np.random.default_rng(0)
    u, w, v = rng.random((2, 3, 4)), rng.random((2, 3, 4, 2)), rng.random((2, 2, 2))
    with pytest.raises(GradientError):
        check_grad(lambda u, w, v: agreement(u, w, v.data) + 0 * v.sum(), u, w, v)
