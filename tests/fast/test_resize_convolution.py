"""Upsampling and convolution in one: the same numbers as one after the other, and three operations that are
each other's transposes."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry import covers
from strategies import arrays, integers, layouts, normal, seeds
from thread_tools import three_threads

from minigan import Tensor, grad, ops
from minigan.gradcheck import GradientError, check_grad
from minigan.ops import convolution, upsampled_convolution
from minigan.fast.resize_convolution import (
    Step,
    resize_convolution,
    resize_convolution_input_gradient,
    resize_convolution_kernel_gradient,
    steps,
    resize_conv2d,
)

fewer = settings(max_examples=settings.default.max_examples // 2)


def whole(seed, shape):
    """Small integers as floats, whose products and sums are exact."""
    return integers(seed, shape).astype(float)


@st.composite
def cases(draw, kind=normal, side=5):
    """An image, a kernel, a result and the size: kernels and sizes that are even, odd, larger than the image."""
    n, h, w, c = (draw(st.integers(*limits)) for limits in ((0, 2), (1, 4), (1, 4), (1, 3)))
    (kh, kw), f, size = (
        draw(st.tuples(*[st.integers(1, side)] * 2)),
        draw(st.integers(1, 3)),
        draw(st.integers(1, side)),
    )
    shapes = (n, h, w, c), (kh, kw, c, f), (n, size * h, size * w, f)
    return *(draw(arrays(shape, kind, layouts)) for shape in shapes), size


def one_after_the_other(x, w, size):
    return ops.conv2d(ops.upsample2d(x, size), w, padding="same")


def family(x, w, y, size):
    """The three operations, each of two of the three."""
    return (
        resize_convolution(x, w, size=size),
        resize_convolution_input_gradient(y, w, size=size),
        resize_convolution_kernel_gradient(x, y, kernel=w.shape[:2], size=size),
    )


# --- Values --------------------------------------------------------------------------------------------


@given(cases(whole), seeds)
def test_in_one_are_the_same_numbers_and_gradients_as_one_after_the_other_to_the_last_bit(case, seed):
    x, w, _, size = case
    x, w = Tensor(x), Tensor(w)
    both, expected = resize_conv2d(x, w, size), one_after_the_other(x, w, size)
    np.testing.assert_array_equal(both.data, expected.data)
    g = whole(seed, both.shape)
    for ours, theirs in zip(grad(both, [x, w], g), grad(expected, [x, w], g), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@given(st.integers(1, 9), st.integers(1, 9))
def test_before_every_tap_but_the_first_a_step_is_seen_from_one_pixel(taps, size):
    """By looking: between which pixels of x the tap before and the tap itself lie, for every r."""
    before = (taps - 1) // 2
    seen = [[(r + k - before) // size for k in range(taps)] for r in range(size)]
    for k, step in enumerate(steps(taps, size), 1):
        (r,) = [r for r in range(size) if seen[r][k - 1] != seen[r][k]]
        pair = seen[r][k - 1], seen[r][k]
        assert step == Step(r, *(pair[::-1] if pair[1] > 0 else pair))


def test_a_kernel_of_three_at_size_two_takes_nine_products_of_a_pixel():
    assert steps(3, 2) == [Step(r=0, far=-1, near=0), Step(r=1, far=1, near=0)]
    w = upsampled_convolution._far_sides(3, 2, np.float64) @ [1, 10, 100]
    np.testing.assert_array_equal(w, [111, 1, 100])


@given(cases(whole))
def test_each_is_the_transpose_of_the_others_exactly(case):
    x, w, y, size = case
    of_x_w, of_y_w, of_x_y = family(x, w, y, size)
    assert (of_x_w * y).sum() == (of_y_w * x).sum() == (of_x_y * w).sum()


@pytest.mark.parametrize("few_bytes", [False, True])
@given(case=cases(whole))
def test_neither_threads_nor_portions_change_anything(few_bytes, case):
    expected = family(*case)
    with three_threads(), pytest.MonkeyPatch.context() as patch:
        if few_bytes:
            patch.setattr(convolution, "CHUNK_BYTES", 1)
        for a, b in zip(family(*case), expected, strict=True):
            np.testing.assert_array_equal(a, b)


@given(cases())
def test_float32_stays_float32(case):
    x, w, y = (a.astype(np.float32) for a in case[:3])
    assert {a.dtype for a in (*family(x, w, y, case[3]), resize_conv2d(x, w, case[3]))} == {np.dtype("f4")}


@pytest.mark.parametrize(
    ("x", "w", "size", "message"),
    [
        ((1, 2, 2, 3), (3, 3, 2, 1), 2, "x has 3 channels, but the kernel of shape (3, 3, 2, 1) expects 2"),
        ((2, 2, 3), (3, 3, 3, 1), 2, "x has shape (2, 2, 3) and the kernel (3, 3, 3, 1), expected (N, H, W, channels)"),
        ((1, 0, 2, 3), (3, 3, 3, 1), 2, "an image of (0, 4) pixels"),
        ((1, 2, 2, 3), (0, 3, 3, 1), 2, "no output pixel: a kernel of (0, 3) pixels"),
        ((1, 2, 2, 3), (3, 3, 3, 1), 0, "size is 0, expected a positive integer"),
        ((1, 2, 2, 3), (3, 3, 3, 1), 1.5, "size is 1.5, expected a positive integer"),
        ((1, 2, 2, 3), (3, 3, 3, 1), (2, 2), "size is (2, 2), expected a positive integer"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_words(x, w, size, message):
    with pytest.raises(ValueError, match="resize_conv2d: " + re.escape(message)):
        resize_conv2d(np.ones(x), np.ones(w), size)


# --- Derivatives ---------------------------------------------------------------------------------------


@fewer
@given(cases(side=3))
def test_both_derivatives_by_the_kernel_itself(case):
    x, w, _, size = case
    check_grad(lambda x, w: resize_conv2d(x, w, size), x, w)


@covers("resize_conv2d")
@fewer
@given(cases(side=3))
def test_both_derivatives(case):
    x, w, _, size = case
    check_grad(lambda x, w: resize_convolution(x, w, size=size), x, w)


@covers("resize_convolution_input_gradient")
@fewer
@given(cases(side=3))
def test_both_derivatives_of_the_input_gradient(case):
    _, w, y, size = case
    check_grad(lambda y, w: resize_convolution_input_gradient(y, w, size=size), y, w)


@covers("resize_convolution_kernel_gradient")
@fewer
@given(cases(side=3))
def test_both_derivatives_of_the_kernel_gradient(case):
    x, w, y, size = case
    check_grad(lambda x, y: resize_convolution_kernel_gradient(x, y, kernel=w.shape[:2], size=size), x, y)


@pytest.mark.parametrize("wrong", [Step(0, 0, -1), Step(1, -1, 0), Step(0, -1, 1)])
def test_the_checker_objects_if_one_of_the_three_takes_a_step_wrongly(wrong, monkeypatch):
    x, w = normal(0, (1, 3, 3, 1)), normal(1, (3, 3, 1, 1))
    taken = upsampled_convolution._taken

    def with_a_fault(*args):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(upsampled_convolution, "steps", lambda taps, size: [wrong, steps(taps, size)[1]])
            return taken(*args)

    check_grad(lambda x, w: resize_conv2d(x, w, 2), x, w)
    monkeypatch.setattr(upsampled_convolution, "_taken", with_a_fault)
    with pytest.raises(GradientError):
        check_grad(lambda x, w: resize_conv2d(x, w, 2), x, w)
