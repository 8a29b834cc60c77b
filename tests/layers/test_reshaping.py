"""Flatten and Reshape keep the batch axis and the order of the numbers."""

import numpy as np
import pytest

from minigan.layers import Flatten, Reshape


@pytest.mark.parametrize("shape", [(2, 3, 4, 1), (2, 5), (2,), (0, 3, 2)])
def test_flatten_keeps_the_batch_axis(shape):
    y = Flatten()(np.zeros(shape))
    assert y.shape == (shape[0], int(np.prod(shape[1:])))


def test_reshape_undoes_flatten():
    x = np.arange(48.0).reshape(2, 4, 3, 2)
    assert np.array_equal(Reshape((4, 3, 2))(Flatten()(x)), x)


def test_reshape_never_moves_numbers_from_one_example_to_another():
    with pytest.raises(ValueError, match=r"Reshape\(\(3,\)\) got an input of shape \(3, 2\)"):
        Reshape((3,))(np.zeros((3, 2)))  # six numbers would fit, into two other examples


@pytest.mark.parametrize("layer", [Flatten(), Reshape((1,))], ids=repr)
def test_without_a_batch_axis_the_layer_complains(layer):
    with pytest.raises(ValueError, match=r"got an input of shape \(\)"):
        layer(np.array(1.0))


def test_one_size_of_reshape_may_be_left_open():
    x = np.arange(24.0).reshape(2, 12)
    np.testing.assert_array_equal(Reshape((-1, 3))(x), x.reshape(2, 4, 3))
    assert Reshape((2, -1))(np.zeros((0, 12))).shape == (0, 2, 6)
    with pytest.raises(ValueError, match=r"Reshape\(\(-1, 5\)\) got an input of shape \(2, 12\)"):
        Reshape((-1, 5))(x)


@pytest.mark.parametrize("shape", [6, (0, 3), (-2, 3), (-1, -1), (2.5,), ("2",), None, "ab"], ids=repr)
def test_what_is_no_shape_is_refused(shape):
    with pytest.raises((TypeError, ValueError), match="Reshape: shape is .*, expected"):
        Reshape(shape)
