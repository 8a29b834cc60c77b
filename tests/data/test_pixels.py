"""Pixels: scaled exactly, resized by means, and grey as bright as the colour was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigan.data.pixels import resized, scaled, with_channels


def test_every_level_is_scaled_with_one_rounding():
    levels = np.arange(256, dtype=np.uint8)
    images = scaled(levels)
    assert images.dtype == np.float32
    np.testing.assert_array_equal(images, (levels / 127.5 - 1).astype(np.float32))


def images(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


def test_twice_the_size_repeats_every_pixel_and_half_of_it_takes_means():
    x = images(2, 4, 4, 3)
    large = resized(x, 8)
    np.testing.assert_allclose(large, x.repeat(2, axis=1).repeat(2, axis=2), rtol=1e-6)
    np.testing.assert_allclose(resized(large, 4), x, rtol=1e-6)
    assert resized(x, 4) is x and large.dtype == np.float32


def test_a_pixel_that_is_cut_counts_with_its_share():
    x = np.array([[0.0, 0.3, 0.9]]).repeat(3, axis=0).reshape(1, 3, 3, 1)
    np.testing.assert_allclose(resized(x, 2)[0, :, :, 0], [[0.1, 0.7]] * 2)  # (0 + 0.3 / 2) / 1.5 and so on


@given(st.integers(1, 9), st.integers(1, 9))
def test_the_mean_of_an_image_stays_and_a_plain_one_stays_plain(before, after):
    x = np.random.default_rng(before).uniform(-1, 1, (2, before, before, 2))
    y = resized(x, after)
    assert y.shape == (2, after, after, 2)
    np.testing.assert_allclose(y.mean(axis=(1, 2)), x.mean(axis=(1, 2)), atol=1e-12)
    np.testing.assert_allclose(resized(np.full_like(x, 0.25), after), 0.25, rtol=1e-12)


def test_grey_becomes_colour_and_back_and_green_is_the_brightest():
    grey = images(2, 3, 3, 1)
    colour = with_channels(grey, 3)
    assert colour.shape == (2, 3, 3, 3) and (colour == grey).all()
    np.testing.assert_allclose(with_channels(colour, 1), grey, atol=1e-6)
    assert with_channels(grey, 1) is grey
    one_each = np.eye(3, dtype=np.float32).reshape(3, 1, 1, 3)
    np.testing.assert_allclose(with_channels(one_each, 1).ravel(), [0.299, 0.587, 0.114], rtol=1e-6)


def test_white_stays_white():
    assert with_channels(np.ones((1, 2, 2, 3), np.float32), 1) == pytest.approx(1)
