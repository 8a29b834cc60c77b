"""Real points lie where they should, and modes are counted exactly."""

import math

import numpy as np
import pytest

from minigan.lab.knobs import DATA, Settings
from minigan.lab.plane import centres, draw, modes


@pytest.mark.parametrize("data", DATA)
def test_points_lie_in_the_square_and_follow_from_the_generator(data):
    s = Settings(data=data, points=((1.0, 0.5), (-0.5, 1.5)), spread=0.03)
    x = draw(s, 1000, np.random.default_rng(0))
    assert x.shape == (1000, 2) and x.dtype == np.float32 and np.abs(x).max() < 2
    assert np.array_equal(x, draw(s, 1000, np.random.default_rng(0)))
    assert x.std(axis=0).min() > 0.3


def test_drawn_points_are_those_that_were_drawn():
    s = Settings(data="drawn", points=((1.0, 0.5), (-0.5, 1.5)), spread=0.0)
    assert {tuple(row) for row in draw(s, 50, np.random.default_rng(0)).tolist()} == {(1.0, 0.5), (-0.5, 1.5)}


def test_a_mixture_covers_its_own_modes():
    for data, number in (("ring", 8), ("grid", 25)):
        s = Settings(data=data)
        covered, kl = modes(draw(s, 2000, np.random.default_rng(0)), centres(s), s.spread)
        assert covered == number and kl < 0.02


def test_a_sample_far_from_all_modes_counts_in_the_divergence_but_covers_nothing():
    c = centres(Settings())
    assert modes(np.array([[1.0, 0.0], [1.01, 0.0], [0.0, 1.0]]), c, 0.03)[0] == 2
    covered, kl = modes(np.full((10, 2), 1.9), c, 0.03)
    assert (covered, kl) == (0, pytest.approx(math.log(8)))


def test_curves_have_no_modes_to_count():
    assert centres(Settings(data="spiral")) is None
