"""The DCGAN's own parts: the choice between sorts of images. What all models share: test_every_model."""

import numpy as np
import pytest
from layer_tools import check_layer

from minigan.gradcheck import GradientError
from minigan.models import DCGAN
from minigan.models.dcgan import Sorts
from minigan.ops.elementwise import value


def test_the_first_numbers_of_the_noise_become_a_choice_and_the_rest_stays():
    z = np.array([[1.0, 0.9, -2.0, 0.3], [0.0, 0.0, 0.0, -7.0]])
    y = Sorts(3)(z)
    e = np.exp(-1.0), np.exp(-30.0)  # of ten times 0.1 and ten times 3
    expected = 3 * np.array([1, e[0], e[1]]) / (1 + e[0] + e[1])
    np.testing.assert_allclose(y[0], [*expected, 0.3], rtol=1e-12)
    np.testing.assert_allclose(y[1], [1, 1, 1, -7])
    assert Sorts(3)(z.astype(np.float32)).dtype == np.float32


def test_most_choices_are_clear():
    y = Sorts(20)(np.random.default_rng(0).standard_normal((1000, 32)))
    largest = y[:, :20].max(axis=1)
    assert (largest > 2.5).mean() > 0.6  # 3 is the most
    assert np.bincount(y[:, :20].argmax(axis=1), minlength=20).min() > 20  # and every sort is chosen


def test_the_gradient_of_the_choice_is_right():
    check_layer(Sorts(2), np.random.default_rng(0).standard_normal((3, 4)), training=True)

    class Hard(Sorts):
        def __call__(self, x, training=False):
            return super().__call__(value(x), training) + 0 * x  # forgets the derivative

    with pytest.raises(GradientError):
        check_layer(Hard(2), np.random.default_rng(0).standard_normal((3, 4)), training=True)


def test_more_sorts_than_numbers_are_refused():
    with pytest.raises(ValueError, match="sorts is 4, expected 0 to latent_size, 3"):
        DCGAN(image_size=4, width=2, latent_size=3, sorts=4)
    DCGAN(image_size=4, width=2, latent_size=3, sorts=0)
