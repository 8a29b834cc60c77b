"""Convolutions with fewer multiplications are the convolutions, and are taken where they take less time."""

import loops
import numpy as np
import pytest
from convolution_cases import cases, whole
from hypothesis import given
from hypothesis import strategies as st
from thread_tools import three_threads

from minigan import Tensor, grad, ops
from minigan.fast import images, winograd
from minigan.gradcheck.strategies import normal
from minigan.ops.window import window

few_taps = cases(few_taps=True, side=7)


def all_three(case):
    x, w, y = case.x, case.w, case.y
    return (
        winograd.convolution(x, w, case.at),
        winograd.transposed(y, w, case.at),
        winograd.kernel_gradient(x, y, case.at),
    )


def by_loops(case):
    x, w, y, image, kernel = case.x, case.w, case.y, case.x.shape[1:3], case.w.shape[:2]
    return (
        loops.convolution(x, w, *case.how),
        loops.convolution_transpose(y, w, image, *case.how),
        loops.convolution_kernel_gradient(x, y, kernel, *case.how),
    )


@given(few_taps)
def test_all_three_are_the_loops(case):
    for a, b in zip(all_three(case), by_loops(case), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@given(cases(whole, few_taps=True))
def test_each_is_the_transpose_of_the_others_exactly(case):
    """Whole numbers and halves have no rounding."""
    of_x_w, of_y_w, of_x_y = all_three(case)
    assert (of_x_w * case.y).sum() == (of_y_w * case.x).sum() == (of_x_y * case.w).sum()


@pytest.mark.parametrize("taps", [2, 3])
@pytest.mark.parametrize("matrix", ["inputs", "kernel", "results"])
def test_a_wrong_sign_in_any_matrix_is_seen(taps, matrix, monkeypatch):
    way = winograd.WAYS[taps]
    rows = [list(row) for row in getattr(way, matrix)]
    if matrix == "kernel":
        rows[1][1] = -rows[1][1]
    else:
        row = next(row for row in rows if len(row) == 2)
        row[1] = (row[1][0], -row[1][1])
    x, y, how = normal(0, (2, 6, 6, 2)), normal(1, (2, 6, 6, 3)), ((1, 1), "same", (1, 1))
    at = window("test", (6, 6), (taps, taps), *how)
    expected = loops.convolution_kernel_gradient(x, y, (taps, taps), *how)
    np.testing.assert_allclose(winograd.kernel_gradient(x, y, at), expected, atol=1e-12)
    monkeypatch.setitem(winograd.WAYS, taps, way._replace(**{matrix: rows}))
    assert np.abs(winograd.kernel_gradient(x, y, at) - expected).max() > 0.1


@given(few_taps, st.sampled_from([1, 300, 2000]))
def test_neither_threads_nor_chunks_change_more_than_the_rounding(case, chunk_bytes):
    expected = all_three(case)
    with three_threads(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(images, "CHUNK_BYTES", chunk_bytes)
        for a, b in zip(all_three(case), expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@given(few_taps)
def test_float32_stays_float32_and_is_as_exact(case):
    case.x, case.w, case.y = (a.astype(np.float32) for a in (case.x, case.w, case.y))
    for a, b in zip(all_three(case), by_loops(case), strict=True):
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def test_derivatives_of_both_orders_are_those_of_the_other_ways(monkeypatch):
    x, w = Tensor(normal(0, (2, 6, 6, 2))), Tensor(normal(1, (4, 4, 2, 3)))

    def derivatives():
        y = ops.tanh(ops.conv2d(x, w, 2, "same"))
        first = grad((y * y).sum(), [x, w], create_graph=True)
        return [*first, *grad((first[0] * first[0]).sum() + (first[1] * first[1]).sum(), [x, w])]

    def calls(name):
        f = getattr(winograd, name)
        monkeypatch.setattr(winograd, name, lambda *args: called.append(name) or f(*args))

    expected, called = derivatives(), []
    for name in ("convolution", "transposed", "kernel_gradient"):
        calls(name)
    monkeypatch.setattr(winograd, "pays", lambda *args: True)
    for a, b in zip(derivatives(), expected, strict=True):
        a, b = (t.data if isinstance(t, Tensor) else t for t in (a, b))
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)
    assert {*called} == {"convolution", "transposed", "kernel_gradient"}


LARGE = (64, 14, 14, 64), (4, 4, 64, 128)  # of x and w, at stride 2


@pytest.mark.parametrize(
    ("image", "kernel", "stride", "dilation", "dtypes"),
    [
        ((8, *LARGE[0][1:]), LARGE[1], 2, 1, "ff"),  # few images
        (LARGE[0], (4, 4, 64, 8), 2, 1, "ff"),  # few filters
        (LARGE[0], (2, 2, 64, 128), 2, 1, "ff"),  # one tap
        (LARGE[0], (4, 4, 64, 128), 1, 1, "ff"),  # four
        (LARGE[0], (4, 4, 64, 128), 2, 2, "ff"),
        (*LARGE, 2, 1, "fd"),
        (*LARGE, 2, 1, "ee"),
        (*LARGE, 2, 1, "ii"),
    ],
)
def test_small_and_other_convolutions_are_left_to_the_other_ways(image, kernel, stride, dilation, dtypes):
    def pays(image, kernel, stride, dilation, dtypes):
        x, w = (
            np.broadcast_to(np.zeros((), dtype), size)
            for dtype, size in zip(dtypes, (image, kernel), strict=True)
        )
        return winograd.pays(x, w, kernel, window("test", image[1:3], kernel[:2], stride, "same", dilation))

    assert pays(*LARGE, 2, 1, "ff") and pays(*LARGE, 2, 1, "dd")
    assert not pays(image, kernel, stride, dilation, dtypes)
