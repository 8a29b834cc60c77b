"""as_matrix: known matrices, transposes of each other, and functions that have no matrix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigan import Tensor, as_matrix, grad, ops
from minigan.gradcheck.strategies import integers, normal, seeds
from minigan.layers import Conv2D, Dropout, UpSampling2D

fewer = settings(max_examples=settings.default.max_examples // 4)


def whole(seed, shape):
    """Small integers as floats, whose products and sums are exact."""
    return integers(seed, shape).astype(float)


def test_matrices_that_are_known():
    np.testing.assert_array_equal(as_matrix(lambda x: x, (2, 2)), np.eye(4))
    np.testing.assert_array_equal(as_matrix(np.transpose, (2, 2)), np.eye(4)[[0, 2, 1, 3]])
    np.testing.assert_array_equal(as_matrix(lambda x: 3 * x[::-1], (3,)), [[0, 0, 3], [0, 3, 0], [3, 0, 0]])
    w = normal(0, (3, 2))
    np.testing.assert_array_equal(as_matrix(lambda x: x @ w, (3,)), w.T)


def test_a_convolution_of_a_row_is_a_band_and_the_stride_shifts_it():
    w = np.array([1.0, 10, 100]).reshape(1, 3, 1, 1)
    band = as_matrix(lambda x: ops.conv2d(x, w), (1, 1, 5, 1))
    np.testing.assert_array_equal(band, [[1, 10, 100, 0, 0], [0, 1, 10, 100, 0], [0, 0, 1, 10, 100]])
    steps = as_matrix(lambda x: ops.conv2d(x, w, 2), (1, 1, 5, 1))
    np.testing.assert_array_equal(steps, band[::2])
    padded = as_matrix(lambda x: ops.conv2d(x, w, padding="same"), (1, 1, 3, 1))
    np.testing.assert_array_equal(padded, [[10, 100, 0], [1, 10, 100], [0, 1, 10]])


@fewer
@given(
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 2), st.integers(1, 2)),
    image=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilation=st.integers(1, 2),
    seed=seeds,
)
def test_the_matrix_of_the_transposed_convolution_is_the_transposed_matrix(
    kernel, image, strides, dilation, seed
):
    w, x_shape = whole(seed, kernel), (1, *image, kernel[2])
    y_shape = ops.conv2d(np.zeros(x_shape), w, strides, "same", dilation).shape
    there = as_matrix(lambda x: ops.conv2d(x, w, strides, "same", dilation), x_shape)
    back = as_matrix(lambda y: ops.conv2d_transpose(y, w, strides, "same", image, dilation), y_shape)
    np.testing.assert_array_equal(there, back.T)


@pytest.mark.parametrize(
    ("f", "shape"),
    [
        (lambda x: ops.conv2d(x, normal(0, (3, 2, 2, 3)), 2, "same"), (1, 4, 5, 2)),
        (lambda w: ops.conv2d(normal(0, (2, 4, 5, 2)), w, (1, 2)), (3, 2, 2, 1)),
        (lambda x: ops.upsample2d(x, 2), (1, 2, 3, 1)),
        (lambda x: ops.upsample2d(x, (2, 3), "bilinear"), (1, 3, 2, 1)),
        (lambda x: ops.average_pool2d(x, 3, 2, "same"), (1, 4, 5, 1)),
        (lambda x: ops.pad(x, ((1, 0), (2, 1)))[::2], (2, 3)),
        (lambda x: ops.mean(x, axis=0), (3, 2)),
    ],
)
def test_the_vjp_of_a_linear_function_is_its_transpose(f, shape):
    x = Tensor(normal(1, shape))
    y = f(x)
    matrix, vjp = as_matrix(f, shape), as_matrix(lambda g: grad(y, x, g), y.shape)
    assert matrix.shape == (y.data.size, x.data.size)
    np.testing.assert_allclose(vjp, matrix.T, rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(matrix @ x.data.ravel(), y.data.ravel(), rtol=1e-12)


def test_the_result_may_be_a_number_a_tensor_or_empty():
    np.testing.assert_array_equal(as_matrix(np.sum, (2, 2)), [[1, 1, 1, 1]])
    np.testing.assert_array_equal(as_matrix(lambda x: Tensor(x) * 2.0, ()), [[2]])
    assert as_matrix(lambda x: x[:0], (3,)).shape == (0, 3)
    assert as_matrix(lambda x: x, (0, 3)).shape == (0, 0)


def test_layers_are_functions_too_and_may_compute_in_single_precision():
    layer = Conv2D(1, 2, 3, use_bias=False)
    matrix = as_matrix(layer, (1, 4, 4, 1))
    assert matrix.shape == (2 * 2 * 2, 16)
    rounded = as_matrix(lambda x: layer(x.astype(np.float32)), (1, 4, 4, 1))
    np.testing.assert_allclose(rounded, matrix, rtol=1e-6)
    assert set(as_matrix(UpSampling2D(2), (1, 2, 2, 1)).sum(axis=0)) == {4}


@pytest.mark.parametrize("size", [1, 6])
@pytest.mark.parametrize(
    ("name", "f"),
    [
        ("abs", ops.abs),
        ("relu", ops.relu),
        ("square", lambda x: x * x),
        ("cube", lambda x: x**3),
        ("tanh", ops.tanh),
        ("clip", lambda x: ops.clip(x, -2.0, 2.0)),
        ("not a number", lambda x: np.where(np.isin(x, (0, 1)), x, np.nan)),
    ],
)
def test_a_function_that_adds_up_wrongly_is_refused(name, f, size):
    with pytest.raises(ValueError, match="as_matrix: f is not linear: at a random point"):
        as_matrix(f, (size,))


def test_the_largest_of_a_window_and_a_random_mask_are_not_linear():
    for f in (ops.max_pool2d, lambda x: Dropout(0.5)(x, training=True)):
        with pytest.raises(ValueError, match="as_matrix: f is not linear"):
            as_matrix(f, (1, 4, 4, 1))


@pytest.mark.parametrize(
    "f", [lambda x: x + 1.0, ops.exp, ops.sigmoid, lambda x: x / x], ids=["+ 1", "exp", "sigmoid", "x / x"]
)
def test_a_function_that_does_not_take_zero_to_zero_is_refused(f):
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match=r"as_matrix: f\(0\) is not 0"):
        as_matrix(f, (2,))


def test_a_layer_with_a_bias_is_refused():
    layer = Conv2D(1, 1, 2)
    layer.bias.data[:] = 1
    with pytest.raises(ValueError, match=r"f\(0\) is not 0, so f is not linear: is there a bias in it\?"):
        as_matrix(layer, (1, 3, 3, 1))
