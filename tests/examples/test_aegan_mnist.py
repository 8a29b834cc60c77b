"""aegan_mnist.py: its pictures show real images beside what is made of them, and say so; how it measures these; other data."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minigan
from minigan.models import AEGAN
from minigan.runs import digits, image_grid, load_run

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


def test_the_error_is_that_of_the_images_beside_that_of_other_images():
    fidelity = runpy.run_path(str(SCRIPT))["fidelity"]
    x = np.array([0.0, 0.5, 0.25]).reshape(3, 1, 1, 1)
    y = np.array([0.1, 0.5, 0.75]).reshape(3, 1, 1, 1)
    # |x - y| = 0.1, 0, 0.5, mean 0.2; of the image before: |0 - 0.75|, |0.5 - 0.1|, |0.25 - 0.5|, mean 1.4 / 3
    assert fidelity(x, y) == "3 unseen images: mean |x - G(E(x))| 0.2000 (of another image: 0.4667)"


def run(monkeypatch, *flags):
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *map(str, flags)])
    runpy.run_path(str(SCRIPT), run_name="__main__")


def test_it_trains_on_faces_with_networks_of_their_size_and_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(digits, "QUICK_IMAGES", 64)
    run(monkeypatch, "--data", "faces", "--quick", "--epochs", 1, "--out", tmp_path / "run")
    run(monkeypatch, "--resume", tmp_path / "run", "--epochs", 2)
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == str(tmp_path / "run") and said[-2].startswith(
        "1000 unseen images: mean |x - G(E(x))| 0."
    )
    model = load_run(tmp_path / "run")
    assert model.sample(2).shape == (2, 16, 16, 3) and model.categories == 0
    with Image.open(tmp_path / "run" / "interpolations.png") as picture:
        assert picture.mode == "RGB" and picture.width >= 9 * 54 - 6 and picture.height > 10 * 54 - 6


def test_it_trains_on_a_folder_at_the_size_that_it_is_told(tmp_path, monkeypatch, capsys):
    (tmp_path / "pictures").mkdir()
    rng = np.random.default_rng(0)
    for i in range(80):
        pixels = rng.integers(0, 255, (20, 24, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "pictures" / f"{i}.png")
    flags = ("--quick", "--epochs", 1, "--image-size", 12, "--channels", 1, "--out", tmp_path / "run")
    run(monkeypatch, "--data", tmp_path / "pictures", *flags)
    assert load_run(tmp_path / "run").sample(2).shape == (2, 12, 12, 1)
    assert "8 unseen images" in capsys.readouterr().out
