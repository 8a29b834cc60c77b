"""Sizes: strides, padding and dilation in every spelling, the sizes of Keras, and errors that explain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loops import outputs, sides

from minigan.ops.window import per_axis, transposed_size, window

sizes = st.tuples(st.integers(1, 9), st.integers(1, 9))
small = st.tuples(st.integers(1, 5), st.integers(1, 5))
paddings = st.one_of(
    st.sampled_from(["valid", "same"]),
    st.integers(0, 6),
    st.tuples(*[st.tuples(st.integers(0, 6), st.integers(0, 6))] * 2),
)


@given(sizes, small, small, paddings, small)
def test_the_windows_are_counted_as_one_counts_with_a_finger(image, kernel, strides, padding, dilation):
    along = list(zip(image, kernel, strides, dilation, strict=True))
    around = [sides(padding, axis, *each) for axis, each in enumerate(along)]
    count = tuple(outputs(sum(p) + n, k, s, d) for p, (n, k, s, d) in zip(around, along, strict=True))
    if min(count) < 1:
        with pytest.raises(ValueError, match="conv2d: no output pixel"):
            window("conv2d", image, kernel, strides, padding, dilation)
    else:
        at = window("conv2d", image, kernel, strides, padding, dilation)
        assert (at.image, at.kernel, at.strides, at.dilation) == (image, kernel, strides, dilation)
        assert at.result == count
        assert at.padding == (around[0][0], around[1][0])


@pytest.mark.parametrize(
    ("n", "k", "s", "d", "before", "result"),
    [
        (4, 2, 1, 1, 0, 4),  # one pixel of padding: on the right
        (4, 3, 2, 1, 0, 2),  # here too, where a symmetrical padding of 1 would see other pixels
        (5, 3, 2, 1, 1, 3),
        (5, 5, 2, 1, 2, 3),
        (6, 5, 3, 1, 1, 2),  # two pixels of padding: one on either side
        (7, 1, 3, 1, 0, 3),  # kernel smaller than stride: none at all
        (5, 3, 1, 2, 2, 5),  # a kernel spread over 5 pixels
        (2, 6, 1, 1, 2, 2),  # five of padding: two on the left, three on the right
    ],
)
def test_same_is_that_of_keras(n, k, s, d, before, result):
    at = window("conv2d", (n, 1), (k, 1), (s, 1), "same", (d, 1))
    assert (at.padding[0], at.result[0]) == (before, result)
    assert result == -(-n // s)


@pytest.mark.parametrize(
    ("result", "k", "s", "padding", "d", "size"),
    [
        (3, 4, 2, "same", 1, 6),
        (3, 4, 2, "valid", 1, 8),  # 3·2 + max(4 - 2, 0)
        (3, 1, 2, "valid", 1, 6),  # kernel smaller than stride: 3·2, the last pixel uncovered
        (3, 2, 3, "valid", 2, 9),  # spread over 3 pixels
        (3, 2, 2, "valid", 3, 8),  # spread over 4 pixels
        (3, 4, 2, 1, 1, 6),  # 2·(3 - 1) + 4 - 1 - 1
        (3, 4, 2, ((0, 2), (0, 0)), 1, 6),
        (3, 4, 2, ((3, 0), (0, 0)), 1, 5),
    ],
)
def test_the_default_size_of_a_transposed_convolution_is_that_of_keras(result, k, s, padding, d, size):
    assert transposed_size("conv2d_transpose", (result, 1), (k, 1), (s, 1), padding, (d, 1))[0] == size


@given(small, small, small, st.sampled_from(["valid", "same"]), small)
def test_the_convolution_of_the_default_image_has_the_size_one_started_from(
    result, kernel, strides, padding, dilation
):
    image = transposed_size("conv2d_transpose", result, kernel, strides, padding, dilation)
    assert window("conv2d", image, kernel, strides, padding, dilation).result == result


def test_one_number_stands_for_two_and_numpy_numbers_are_numbers():
    assert per_axis("conv2d", "strides", 3) == per_axis("conv2d", "strides", (3, 3)) == (3, 3)
    assert per_axis("conv2d", "strides", np.int64(2)) == per_axis("conv2d", "strides", [2, 2]) == (2, 2)
    one = window("conv2d", (5, 5), (3, 3), 2, 1, 1)
    assert one == window("conv2d", (5, 5), (3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1))
    assert one == window("conv2d", (5, 5), (3, 3), np.int32(2), np.int64(1), np.int8(1))
    assert one == window("conv2d", (5, 5), (3, 3), [2, 2], [[1, 1], [1, 1]], [1, 1])
    assert all(type(n) is int for n in per_axis("conv2d", "strides", np.int64(2)))


@pytest.mark.parametrize("value", [0, -1, 1.0, None, "ab", (1,), (1, 2, 3), (1, 0), (1.5, 2), ()], ids=repr)
@pytest.mark.parametrize("argument", ["strides", "dilation_rate"])
def test_what_is_no_size_is_named(argument, value):
    arguments = {"strides": 1, "dilation_rate": 1, argument: value}
    with pytest.raises(
        ValueError, match=f"conv2d: {argument} is .* expected a positive integer or 2 of them"
    ):
        window("conv2d", (5, 5), (3, 3), padding="valid", **arguments)


@pytest.mark.parametrize(
    "padding",
    [-1, 1.5, None, "SAME", "full", "ab", (1, 1), (1, 2, 3), ((1, 1),), ((1, 1), (1,)), ((0, -1), (0, 0)),
     ((1, 0.5), (0, 0)), ("ab", "cd")],
    ids=repr,
)  # fmt: skip
def test_what_is_no_padding_is_named(padding):
    with pytest.raises(ValueError, match="conv2d: padding is .*, expected 'valid', 'same', a number of"):
        window("conv2d", (5, 5), (3, 3), 1, padding, 1)


def test_an_image_without_pixels_is_refused_even_where_padding_would_make_some():
    with pytest.raises(ValueError, match=r"conv2d: an image of \(0, 4\) pixels, .* has no pixel"):
        window("conv2d", (0, 4), (3, 3), 1, 3, 1)
