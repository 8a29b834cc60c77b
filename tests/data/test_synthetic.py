"""The Gaussian mixtures have the modes that they promise, all of them."""

import numpy as np
import pytest

from minigan.data import grid, ring
from minigan.data.synthetic import grid_centres, ring_centres


def nearest(points, centres):
    """Number of the nearest centre, and the distance to it, for each point."""
    distance = np.linalg.norm(points[:, None] - centres[None], axis=-1)
    return distance.argmin(axis=1), distance.min(axis=1)


def test_the_ring_has_eight_different_centres():
    # Angles from linspace(0, 2π, 8), end point included, would give only seven.
    centres = ring_centres()
    apart = np.linalg.norm(centres[:, None] - centres[None], axis=-1) + 9 * np.eye(8)
    np.testing.assert_allclose(apart.min(axis=1), 2 * np.sin(np.pi / 8), rtol=1e-6)
    assert len(np.unique(centres.round(3), axis=0)) == 8


def test_the_centres_of_small_mixtures():
    np.testing.assert_allclose(ring_centres(modes=4, radius=2), [[2, 0], [0, 2], [-2, 0], [0, -2]], atol=1e-6)
    np.testing.assert_array_equal(grid_centres(side=2, spacing=2), [[-1, -1], [-1, 1], [1, -1], [1, 1]])


def test_the_grid_is_that_of_the_published_experiments():
    ticks = -4, -2, 0, 2, 4
    expected = [(x, y) for x in ticks for y in ticks]
    np.testing.assert_array_equal(grid_centres(), expected)


@pytest.mark.parametrize("sample, centres, std", [(ring, ring_centres(), 0.01), (grid, grid_centres(), 0.05)])
def test_points_surround_every_centre_with_the_published_spread(sample, centres, std):
    points = sample(20_000)
    assert points.shape == (20_000, 2) and points.dtype == np.float32
    mode, distance = nearest(points, centres)
    share = np.bincount(mode, minlength=len(centres)) / len(points) * len(centres)
    assert 0.8 < share.min() and share.max() < 1.2
    # 1 - exp(-9 / 2) of a Gaussian in the plane lie within three standard deviations.
    assert abs((distance < 3 * std).mean() - 0.9889) < 0.005
    residual = points - centres[mode]
    np.testing.assert_allclose(residual.std(axis=0), std, rtol=0.03)


@pytest.mark.parametrize("sample", [ring, grid])
def test_the_seed_decides(sample):
    np.testing.assert_array_equal(sample(10, seed=1), sample(10, seed=1))
    assert not np.array_equal(sample(10, seed=1), sample(10, seed=2))
    rng = np.random.default_rng(1)
    np.testing.assert_array_equal(sample(10, seed=rng), sample(10, seed=1))
    assert not np.array_equal(sample(10, seed=rng), sample(10, seed=1))  # it has moved on
    assert sample(0).shape == (0, 2)


def test_a_mixture_without_modes_is_an_error():
    with pytest.raises(ValueError, match="ring: modes is 0, expected an integer of at least 1"):
        ring(10, modes=0)
    with pytest.raises(ValueError, match="grid: side is 0, expected an integer of at least 1"):
        grid(10, side=0)
