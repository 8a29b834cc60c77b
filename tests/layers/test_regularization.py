"""Dropout and noise: how much, how often, and constant in the gradient."""

import numpy as np
import pytest

import minigan as mg
from minigan.autograd import Tensor, grad
from minigan.layers import Dropout, GaussianDropout, GaussianNoise

N = 40_000
SIGMAS = 4.5  # of the statistical bounds


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_drops_its_rate_and_scales_up_what_it_keeps(rate):
    y = Dropout(rate)(np.full(N, 3, np.float32), training=True)
    dropped = (y == 0).mean()
    assert abs(dropped - rate) < SIGMAS * np.sqrt(rate * (1 - rate) / N)
    np.testing.assert_allclose(y[y != 0], 3 / (1 - rate), rtol=1e-6)


def test_dropout_keeps_the_mean():
    y = Dropout(0.3)(np.ones(N, np.float32), training=True)
    assert abs(y.mean() - 1) < SIGMAS * np.sqrt(0.3 / 0.7 / N)


def test_gaussian_dropout_has_the_mean_and_the_variance_of_dropout():
    y = GaussianDropout(0.3)(np.full(N, 2, np.float32), training=True) / 2
    variance = 0.3 / 0.7
    assert abs(y.mean() - 1) < SIGMAS * np.sqrt(variance / N)
    assert abs(y.var() - variance) < SIGMAS * variance * np.sqrt(2 / N)


def test_gaussian_noise_adds_its_standard_deviation():
    x = np.linspace(-1, 1, N, dtype=np.float32)
    noise = GaussianNoise(0.5)(x, training=True) - x
    assert abs(noise.mean()) < SIGMAS * 0.5 / np.sqrt(N)
    assert abs(noise.var() - 0.25) < SIGMAS * 0.25 * np.sqrt(2 / N)
    assert abs(np.corrcoef(noise, x)[0, 1]) < SIGMAS / np.sqrt(N)


@pytest.mark.parametrize("layer", [Dropout(0.4), GaussianDropout(0.4)], ids=repr)
def test_the_gradient_is_the_very_mask_of_the_forward_pass(layer):
    x = Tensor(np.random.default_rng(0).uniform(1, 2, 50))
    y = layer(x, training=True)
    np.testing.assert_allclose(grad(y.sum(), x), y.data / x.data, rtol=1e-12)


def test_the_gradient_of_noise_is_one():
    x = Tensor(np.ones(5))
    assert grad(GaussianNoise(2.0)(x, training=True).sum(), x).tolist() == [1] * 5


@pytest.mark.parametrize("layer", [Dropout(0.4), GaussianDropout(0.4), GaussianNoise(1.0)], ids=repr)
def test_new_randomness_in_each_call_decided_by_the_seed(layer):
    x = np.ones(100, np.float32)

    def draw(seed):
        mg.seed(seed)
        return [layer(x, training=True).tolist() for _ in range(2)]

    assert draw(1) == draw(1) != draw(2)
    assert draw(1)[0] != draw(1)[1]


@pytest.mark.parametrize("layer", [Dropout(0.4), GaussianDropout(0.4), GaussianNoise(1.0)], ids=repr)
def test_at_inference_they_are_the_identity_and_draw_nothing(layer):
    x = Tensor(np.ones(3))
    before = mg.backend.generator.bit_generator.state
    assert layer(x) is x
    assert mg.backend.generator.bit_generator.state == before


@pytest.mark.parametrize("layer", [Dropout(0), GaussianDropout(0), GaussianNoise(0)], ids=repr)
def test_without_strength_they_are_the_identity_in_training(layer):
    x = np.arange(3.0)
    assert np.array_equal(layer(x, training=True), x)


@pytest.mark.parametrize("kind", [Dropout, GaussianDropout])
@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, float("nan")])
def test_a_rate_that_is_no_rate_is_refused(kind, rate):
    with pytest.raises(
        ValueError, match=f"{kind.__name__}: rate is {rate}, expected a finite number at least 0 and below 1"
    ):
        kind(rate)
