"""aegan_mnist.py: how it measures reconstructions, and that it trains on other images and goes on."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minigan
from minigan.runs import digits, load_run

SCRIPT = Path(minigan.__file__).parents[1] / "examples" / "aegan_mnist.py"

pytestmark = pytest.mark.skipif(
    not SCRIPT.exists(), reason="the examples are not installed beside the package"
)


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
        assert picture.mode == "RGB" and picture.size == (9 * 54 - 6, 10 * 54 - 6)


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
