"""A convolution with its bias as one operation is the two, and leaves everything that it was given as it is."""

import numpy as np
import pytest
from convolution_cases import cases
from hypothesis import given
from registry import covers

from minigan import Tensor, grad, no_grad
from minigan.fast.bias import convolution_with_bias, has_bias, with_bias
from minigan.gradcheck import check_grad
from minigan.gradcheck.strategies import normal, seeds
from minigan.layers import BatchNormalization, Conv2D, Conv2DTranspose, Sequential, UpSampling2D
from minigan.ops.convolution import convolution, convolution_transpose


def layers():
    return [Conv2D(2, 3, 3, 2, "same"), Conv2DTranspose(2, 3, 4, 2, "same"), Conv2D(2, 3, 1)]


@covers("with_bias")
@given(case=cases(batch=(1, 2)), seed=seeds)
def test_both_derivatives(case, seed):
    for of, x, size in [(convolution, case.x, 3), (convolution_transpose, case.y, 2)]:
        bias = normal(seed, case.w.shape[size : size + 1])
        check_grad(lambda x, w, b, of=of: with_bias(x, w, b, of=of, at=case.at), x, case.w, bias)


def with_a_bias(layer):
    layer.bias = Tensor(normal(5, (3,)).astype(layer.bias.dtype))
    return layer


@pytest.mark.parametrize("layer", layers(), ids=repr)
def test_values_and_gradients_are_those_of_one_after_the_other(layer, small_and_many):
    with_a_bias(layer)
    x = Tensor(normal(0, (3, 4, 5, 2)).astype(np.float32))
    before = [a.data.copy() for a in (x, layer.kernel, layer.bias)]
    y, expected = convolution_with_bias(layer, x), layer(x)
    np.testing.assert_array_equal(y.data, expected.data)
    variables = [x, layer.kernel, layer.bias]
    for a, b in zip(
        grad((y * y).sum(), variables), grad((expected * expected).sum(), variables), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    for a, b in zip(variables, before, strict=True):  # nothing was written into what was handed in
        np.testing.assert_array_equal(a.data, b)


def test_the_result_of_the_convolution_alone_is_not_kept():
    layer = layers()[0]
    y = Sequential(layer)(Tensor(np.ones((1, 4, 4, 2), np.float32)))
    assert y.recipe[0] is with_bias
    assert y.recipe[1][1] is layer.kernel and y.recipe[1][2] is layer.bias


def test_a_bias_of_more_precision_gives_a_result_of_more_precision():
    layer = layers()[0]
    layer.bias = Tensor(normal(1, (3,)))
    x = np.ones((1, 4, 4, 2), np.float32)
    y = convolution_with_bias(layer, x)
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y.data, layer(x).data)


def test_where_nothing_is_recorded_the_result_is_an_array():
    layer = with_a_bias(layers()[0])
    x = normal(0, (2, 4, 4, 2)).astype(np.float32)
    with no_grad():
        np.testing.assert_array_equal(Sequential(layer)(x), layer(x))


def test_other_layers_are_left_as_they_are():
    class Mine(Conv2D):
        pass

    other = Conv2D(2, 3, 1)
    other.bias = Tensor(np.ones((1, 3), np.float32))
    for layer in (Mine(2, 3, 1), Conv2D(2, 3, 1, use_bias=False), BatchNormalization(2), other):
        assert not has_bias(layer)
    assert has_bias(Conv2D(2, 3, 1)) and has_bias(Conv2DTranspose(2, 3, 1))


@pytest.mark.parametrize("before", [[], [UpSampling2D(2)]], ids=["alone", "upsampled"])
def test_a_bias_of_another_shape_has_a_gradient_of_that_shape(before):
    layer = Conv2D(2, 3, 3, padding="same")
    layer.bias = Tensor(np.ones((1, 3), np.float32))
    y = Sequential(*before, layer)(np.ones((2, 4, 4, 2), np.float32))
    np.testing.assert_allclose(grad(y.sum(), layer.bias), np.full((1, 3), y.size / 3))


@pytest.mark.parametrize(
    ("layer", "shape"), [(layers()[0], (1, 4, 4, 1)), (layers()[1], (4, 2)), (layers()[2], (1, 0, 4, 2))]
)
def test_what_does_not_fit_is_told_as_by_the_layer(layer, shape):
    x = np.ones(shape, np.float32)
    with pytest.raises(ValueError) as expected:
        layer(x)
    with pytest.raises(ValueError) as told:
        Sequential(layer)(x)
    assert str(told.value) == str(expected.value)
