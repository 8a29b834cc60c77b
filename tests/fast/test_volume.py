"""The quick convolutions in space: the plain ones, by a convolution in the plane for each plane of the kernel."""

import numpy as np
import pytest
from convolution_cases import cases, whole
from hypothesis import given

from minigan.fast import volume as fast
from minigan.ops.convolution import convolution, convolution_kernel_gradient, convolution_transpose
from minigan.ops.window import window

PLANE = ("fast_convolution", "fast_convolution_transpose", "fast_convolution_kernel_gradient")


@given(cases(whole, axes=3))
def test_they_are_the_plain_bodies_to_the_bit_where_the_numbers_are_whole(case):
    """The three of them, at every stride, padding and dilation."""
    x, w, y, at = case.x, case.w, case.y, case.at
    for operation, body, arguments in (
        (convolution, fast.convolution_in_space, (x, w)),
        (convolution_transpose, fast.convolution_transpose_in_space, (y, w)),
        (convolution_kernel_gradient, fast.convolution_kernel_gradient_in_space, (x, y)),
    ):
        np.testing.assert_array_equal(body(*arguments, at), operation.plain(*arguments, at))


def test_two_planes_by_hand():
    """x has the planes 1 and 10, w the planes 2 and 3: 1 · 2 + 10 · 3 = 32; back: 32 · 2 and 32 · 3."""
    x, w = np.array([1.0, 10.0]).reshape(1, 2, 1, 1, 1), np.array([2.0, 3.0]).reshape(2, 1, 1, 1, 1)
    at = window("test", (2, 1, 1), (2, 1, 1), 1, "valid", 1)
    y = fast.convolution_in_space(x, w, at)
    assert y.ravel().tolist() == [32]
    assert fast.convolution_transpose_in_space(y, w, at).ravel().tolist() == [64, 96]
    assert fast.convolution_kernel_gradient_in_space(x, y, at).ravel().tolist() == [32, 320]


@pytest.mark.parametrize(("axes", "calls"), [(1, 0), (3, 3 * 4)])
def test_in_space_each_runs_once_in_the_plane_for_each_plane_of_the_kernel(axes, calls, monkeypatch):
    x, w = np.ones((2, *[5] * axes, 1)), np.ones((*[4] * axes, 1, 2))
    at, counted = window("test", (5,) * axes, (4,) * axes, 2, "same", 1), []
    for name in PLANE:
        original = getattr(fast, name)
        monkeypatch.setattr(
            fast,
            name,
            lambda *a, of=original: (counted.append(1) if a[2].image == (5, 5) else None, of(*a))[1],
        )
    y = convolution(x, w, at=at)
    convolution_transpose(y, w, at=at)
    convolution_kernel_gradient(x, y, at=at)
    assert len(counted) == calls
