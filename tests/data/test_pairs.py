"""Inputs made from images: what is lost in each, by numbers worked out by hand."""

import numpy as np

from minigan.data import pairs
from minigan.data.pixels import scaled


def images(n=3, size=8, channels=3):
    return np.random.default_rng(0).uniform(-1, 1, (n, size, size, channels)).astype(np.float32)


def test_grey_is_how_bright_each_pixel_is():
    y = np.zeros((1, 2, 2, 3), np.float32) + np.array([1, -1, 0], np.float32)
    x = pairs.grey(y)
    assert x.shape == (1, 2, 2, 1) and x.dtype == np.float32
    np.testing.assert_allclose(x, 0.299 - 0.587, rtol=1e-6)


def test_coarse_pixels_are_the_means_of_four():
    y = np.array([[0, 1], [0, 0]], np.float32).reshape(1, 2, 2, 1)
    np.testing.assert_array_equal(pairs.coarse(y), np.full((1, 2, 2, 1), 0.25))
    again = pairs.coarse(images())
    np.testing.assert_allclose(again[:, ::2, ::2], again[:, 1::2, 1::2])


def test_an_outline_is_where_a_pixel_differs_from_the_one_above_or_to_its_left():
    y = np.full((1, 4, 4, 3), -1, np.float32)
    y[0, 1:3, 1:3, 2] = 1  # a square, in one channel
    expected = np.ones((4, 4))
    expected[1, 1:4] = expected[2, [1, 3]] = expected[3, 1:3] = -1
    x = pairs.outline(y)
    assert x.shape == (1, 4, 4, 1) and x.dtype == np.float32
    np.testing.assert_array_equal(x[0, ..., 0], expected)
    assert (pairs.outline(np.zeros_like(y)) == 1).all()


def test_a_hole_is_a_square_of_half_the_size_and_the_seed_decides_where():
    y = images(500)
    x, mask = pairs.with_hole(y), pairs.holes(y)
    assert (mask.sum(axis=(1, 2)) == 16).all() and (mask.any(axis=2).sum(axis=1) == 4).all()
    assert (x[mask] == pairs.HOLE).all() and x.dtype == np.float32
    np.testing.assert_array_equal(x[~mask], y[~mask])
    assert len(np.unique(mask.reshape(500, -1), axis=0)) == 25  # places
    assert mask.any(axis=0).all()
    np.testing.assert_array_equal(pairs.with_hole(y), x)
    assert not np.array_equal(pairs.with_hole(y, seed=1), x)


def test_the_value_of_a_hole_is_that_of_no_pixel():
    assert not np.isin(pairs.HOLE, scaled(np.arange(256, dtype=np.uint8))).any()


def test_a_hole_is_filled_with_the_mean_of_the_pixels_that_touch_it():
    x = np.zeros((2, 4, 4, 1), np.float32)
    x[0, 0], x[0, 3], x[0, 1:3, 0], x[0, 1:3, 3] = 0.9, 0.5, 0.2, 0.4  # the hole is in the middle
    x[0, [0, 0, 3, 3], [0, 3, 0, 3]] = -1  # corners touch nothing
    x[1] = 0.7
    x[1, :2, :2] = 0  # in a corner
    filled = pairs.mean_of_border(x)
    np.testing.assert_allclose(filled[0, 1:3, 1:3], (2 * 0.9 + 2 * 0.5 + 2 * 0.2 + 2 * 0.4) / 8, rtol=1e-6)
    np.testing.assert_allclose(filled[1], 0.7)
    np.testing.assert_array_equal(filled[0, 0], x[0, 0])
    assert (x[0, 1:3, 1:3] == 0).all()  # the input stays
