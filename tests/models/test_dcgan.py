"""The DCGAN's own part: the categorical code. What all models share: test_every_model."""

import numpy as np
import pytest
from gan_tools import keeps_the_rules_of_a_gan
from layer_tools import check_layer

from minigan.gradcheck import GradientError
from minigan.layers import Dense
from minigan.models import DCGAN
from minigan.models.categorical import CategoricalCode, SoftCategoricalCode
from minigan.ops.elementwise import value


def test_the_largest_of_the_first_numbers_is_chosen_and_the_rest_stays():
    z = np.array([[1.0, 0.9, -2.0, 0.3], [-5.0, -4.0, -3.0, -7.0]])
    assert CategoricalCode(3)(z).tolist() == [[3, 0, 0, 0.3], [0, 0, 3, -7]]
    assert CategoricalCode(3)(z.astype(np.float32)).dtype == np.float32


def test_every_category_is_as_likely():
    y = CategoricalCode(20)(np.random.default_rng(0).standard_normal((2000, 32)))
    assert np.bincount(y[:, :20].argmax(axis=1), minlength=20).min() > 60  # 100 are expected


def test_the_gradient_of_the_choice_is_right():
    check_layer(CategoricalCode(2), np.random.default_rng(0).standard_normal((3, 4)), training=True)

    class Soft(CategoricalCode):
        def __call__(self, x, training=False):
            return super().__call__(x, training) + 0 * value(x) + (x - value(x))

    with pytest.raises(GradientError):
        check_layer(Soft(2), np.random.default_rng(0).standard_normal((3, 4)), training=True)


def test_the_soft_code_is_three_times_a_softmax_and_lets_the_gradient_through():
    y = SoftCategoricalCode(2)(np.array([[np.log(2.0), 0.0, -7.0]]))
    np.testing.assert_allclose(y, [[2, 1, -7]])  # 3 times 2/3 and 1/3
    check_layer(SoftCategoricalCode(2), np.random.default_rng(0).standard_normal((3, 4)), training=True)


def test_more_categories_than_numbers_are_refused():
    with pytest.raises(ValueError, match="categories is 4, expected a finite number at most 3"):
        DCGAN(image_size=4, width=2, latent_size=3, categories=4)
    DCGAN(image_size=4, width=2, latent_size=3, categories=0)


def test_a_choice_that_cannot_be_made_is_refused():
    with pytest.raises(
        ValueError, match="CategoricalCode: categories is 0, expected an integer of at least 1"
    ):
        CategoricalCode(0)
    for shape in ((2, 3), (4,)):
        with pytest.raises(
            ValueError, match=r"CategoricalCode\(4\) got an input of shape .* expected \(N, 4 or more\)"
        ):
            CategoricalCode(4)(np.zeros(shape))


def test_learning_rates_that_fall_over_no_steps_are_refused():
    with pytest.raises(ValueError, match="DCGAN: decay_steps is 0, expected an integer of at least 1"):
        DCGAN(image_size=4, width=2, categories=0, decay_steps=0)


def test_it_keeps_the_rules_of_a_gan():
    images = np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 1)).astype(np.float32)
    keeps_the_rules_of_a_gan(DCGAN, images, image_size=8, width=2, categories=0)


def test_d_has_a_hidden_layer_behind_its_convolutions():
    shapes = [
        layer.kernel.shape for layer in DCGAN(image_size=8, width=2).D.layers if isinstance(layer, Dense)
    ]
    assert shapes == [(2 * 2 * (4 + 1), 4), (4, 1)]  # 2x2 pixels of 4 channels and how much the batch varies
