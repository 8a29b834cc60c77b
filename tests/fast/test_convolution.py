"""How the quick convolutions work inside: a few images at a time, in threads, and which of two ways is taken."""

import loops
import numpy as np
import pytest
from convolution_cases import cases
from hypothesis import given
from hypothesis import strategies as st
from thread_tools import three_threads

from minigan import ops
from minigan.fast import convolution as fast
from minigan.fast import images
from minigan.gradcheck.strategies import normal
from minigan.ops.convolution import convolution, convolution_kernel_gradient, convolution_transpose
from minigan.ops.window import window


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@given(cases(side=7, batch=(1, 7)), st.sampled_from([1, 300, 1000, 5000]))
def test_results_do_not_depend_on_how_many_images_are_done_at_a_time(case, chunk_bytes):
    expected = case.all_three()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(images, "CHUNK_BYTES", chunk_bytes)
        for a, b in zip(case.all_three(), expected, strict=True):
            close(a, b)


@pytest.mark.parametrize("few", [0, 10**6], ids=["by channels", "by planes"])
@given(case=cases())
def test_col2im_by_channels_and_by_planes_are_the_loop(few, case):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast, "FEW", few)
        close(
            case.transpose(case.y, case.w),
            loops.convolution_transpose(case.y, case.w, case.x.shape[1:3], *case.how),
        )


@given(cases(side=7, batch=(1, 7)))
def test_the_shares_of_three_threads_are_the_whole(case):
    expected = case.all_three()
    with three_threads():
        for a, b in zip(case.all_three(), expected, strict=True):
            close(a, b)


def test_a_partial_last_chunk_is_not_lost(monkeypatch):
    x, w = normal(0, (7, 4, 4, 2)), normal(1, (3, 3, 2, 3))
    monkeypatch.setattr(images, "CHUNK_BYTES", 2 * (2 * 2) * (3 * 3 * 2) * 8)  # two images
    at = window("test", (4, 4), (3, 3), 1, "valid", 1)
    chunks = [(few.start, few.stop) for few, _ in fast._patches(x, at, slice(0, 7))]
    assert chunks == [(0, 2), (2, 4), (4, 6), (6, 7)]
    y = ops.conv2d(x, w)
    close(y, loops.convolution(x, w, (1, 1), "valid", (1, 1)))
    close(
        convolution_kernel_gradient(x, y, at=at),
        loops.convolution_kernel_gradient(x, y, (3, 3), (1, 1), "valid", (1, 1)),
    )


@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize(("channels", "filters"), [(1, 3), (2, 2), (3, 1)])
def test_im2col_and_col2im_are_both_taken_and_equal(channels, filters, strides, monkeypatch):
    """At stride 1 the side with fewer channels goes through im2col; otherwise the image does."""
    called = []
    for name in ("_by_im2col", "_by_col2im"):
        way = getattr(fast, name)
        monkeypatch.setattr(fast, name, lambda *a, name=name, way=way: called.append(name) or way(*a))
    x, w = normal(0, (2, 5, 6, channels)), normal(1, (3, 2, channels, filters))
    y = ops.conv2d(x, w, strides, "same")
    ops.conv2d_transpose(y, w, strides, "same", (5, 6))
    if strides == 1 and channels > filters:
        assert called == ["_by_col2im", "_by_im2col"]
    elif strides == 1 and channels == filters:
        assert called == ["_by_im2col", "_by_im2col"]
    else:
        assert called == ["_by_im2col", "_by_col2im"]
    at = window("test", (5, 6), (3, 2), strides, "same", 1)
    close(fast._by_im2col(x, w, at), y)
    if strides == 1:
        turned = fast._turned(w), fast._turned_at(at)
        close(fast._by_col2im(x, *turned), fast._by_im2col(x, w, at))
        close(fast._by_im2col(y, *turned), fast._by_col2im(y, w, at))


def test_along_a_line_the_plain_bodies_run(monkeypatch):
    for name in ("_by_im2col", "_by_col2im", "_im2col_products"):
        monkeypatch.setattr(fast, name, None)
    x, w = normal(0, (2, 4, 1)), normal(1, (2, 1, 2))
    at = window("test", (4,), (2,), 1, "same", 1)
    y = convolution(x, w, at=at)
    convolution_transpose(y, w, at=at)
    convolution_kernel_gradient(x, y, at=at)
