"""aegan_mnist.py: its pictures say what they show, and show real images beside what the networks make of them."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import minigan
from minigan.models import AEGAN
from minigan.runs import image_grid

SCRIPT = Path(minigan.__file__).parents[1] / "examples" / "aegan_mnist.py"

pytestmark = pytest.mark.skipif(
    not SCRIPT.exists(), reason="the examples are not installed beside the package"
)

x = np.random.default_rng(0).uniform(-1, 1, (60, 8, 8, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    return AEGAN(image_size=8, width=8, latent_size=24)


@pytest.fixture(scope="module")
def drawn(model):
    return runpy.run_path(str(SCRIPT))["draw"](model, x)


def grid_of(picture, rows, columns):
    """The part of a picture (H, W, C) that the grid takes, at its bottom and left, and what is above it."""
    height, width = (3 * (10 * n - 2) for n in (rows, columns))
    assert picture.shape[0] > height and picture.shape[1] >= width
    return picture[-height:, :width], picture[:-height]


def test_reconstructions_are_pairs_of_a_real_image_and_what_is_made_of_it(model, drawn):
    grid, _ = grid_of(drawn["reconstructions"], 10, 10)
    pairs = np.stack([x[:50], model.reconstruct(x[:50])], axis=1).reshape(100, 8, 8, 1)
    assert np.array_equal(grid, image_grid(pairs, 10, scale=3))
    assert not np.array_equal(grid[:, :24], grid[:, 30:54])  # the columns of a pair differ


def test_a_walk_leads_from_one_reconstruction_to_another(model, drawn):
    grid, _ = grid_of(drawn["interpolations"], 10, 9)
    ends = model.reconstruct(x[:20]).reshape(10, 2, 8, 8, 1)
    for column, images in ((0, x[0:20:2]), (1, ends[:, 0]), (7, ends[:, 1]), (8, x[1:20:2])):
        expected = image_grid(images, 1, scale=3)
        difference = grid[:, 30 * column : 30 * column + 24].astype(int) - expected
        assert np.abs(difference).max() <= 1  # one step of rounding
    assert not np.array_equal(grid[:, 30:54], grid[:, 210:234])


@pytest.mark.parametrize(("name", "columns"), [("reconstructions", 10), ("interpolations", 9)])
def test_each_column_has_a_label_and_the_picture_a_title(name, columns, drawn):
    above = grid_of(drawn[name], 10, columns)[1]
    title, labels = above[:-23], above[-23:]
    assert (title < 128).any()
    for j in range(columns):
        assert (labels[:, 30 * j : 30 * j + 24] < 128).any()
    assert (above >= 128).mean() > 0.7  # letters on white
