"""transforming_autoencoder_mnist.py: what its table says of poses that are known, and that it runs."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minigan
from minigan.runs import load_run

SCRIPT = Path(minigan.__file__).parents[1] / "examples" / "transforming_autoencoder_mnist.py"

pytestmark = pytest.mark.skipif(
    not SCRIPT.exists(), reason="the examples are not installed beside the package"
)

rng = np.random.default_rng(0)


def agreement(change, shifts, weights):
    return runpy.run_path(str(SCRIPT))["agreement"](change, shifts, weights)


def test_a_pose_that_is_a_position_agrees_and_one_that_is_not_does_not():
    shifts = rng.integers(-2, 3, (5000, 2)).astype(float)
    noise = rng.standard_normal((5000, 2))
    changes = [
        shifts + 7,  # a position, whatever its origin
        -0.5 * shifts,  # in other units, and mirrored
        shifts + np.sqrt(2) * noise,  # the shifts have a variance of 2: half of this one is noise
        noise,
        shifts[:, ::-1],  # x and y exchanged
    ]
    r2, slope = agreement(np.stack(changes, axis=1), shifts, np.ones((5000, 5, 1)))
    np.testing.assert_allclose(r2, np.array([[1], [1], [0.5], [0], [0]]) * [1, 1], atol=0.03)
    np.testing.assert_allclose(slope, np.array([[1], [-0.5], [1], [0], [0]]) * [1, 1], atol=0.05)


def test_images_in_which_a_capsule_is_absent_do_not_count():
    shifts = rng.integers(-2, 3, (100, 2)).astype(float)
    change = shifts[:, np.newaxis].copy()
    change[60:] = 100 * rng.standard_normal((40, 1, 2))
    weights = np.where(np.arange(100) < 60, 0.3, 0.0).reshape(100, 1, 1)
    for answer in agreement(change, shifts, weights):
        np.testing.assert_allclose(answer, 1)


def test_weights_are_as_if_images_were_repeated():
    shifts, change = rng.standard_normal((6, 2)), rng.standard_normal((6, 3, 2))
    times = np.array([1, 2, 3, 1, 1, 4])
    repeated = agreement(
        change.repeat(times, axis=0), shifts.repeat(times, axis=0), np.ones((times.sum(), 3, 1))
    )
    weighted = agreement(change, shifts, np.ones((6, 3, 1)) * times[:, np.newaxis, np.newaxis])
    np.testing.assert_allclose(weighted, repeated)


def test_it_trains_and_prints_and_draws(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), "--quick", "--epochs", "1", "--out", "run"])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    *_, title, median, best, mean, folder = capsys.readouterr().out.splitlines()
    assert title.split() == ["R²", "x", "R²", "y", "slope", "x", "slope", "y"]
    for line in (median, best, mean):
        assert all(0 <= float(number) <= 1 for number in line.split()[-4:-2])
    assert folder == "run"
    with Image.open("run/shifted.png") as picture:
        width, height = picture.size  # of the grid, a title above it and the names of the rows on its left
        assert 12 * 60 - 4 + 60 < width < 12 * 60 - 4 + 200 and 12 * 60 - 4 + 15 < height < 12 * 60 - 4 + 60
    assert load_run("run").sample(3).shape == (3, 28, 28, 1)
