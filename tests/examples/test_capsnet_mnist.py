"""capsnet_mnist.py and capsnet_affine.py: they run, what they draw, and what an affine map does to an image."""

import re
import runpy
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minigan
from minigan.models import CapsNet
from minigan.runs import digits, load_run

EXAMPLES = Path(minigan.__file__).parents[1] / "examples"

pytestmark = pytest.mark.skipif(
    not EXAMPLES.exists(), reason="the examples are not installed beside the package"
)


@pytest.fixture
def example(tmp_path, monkeypatch):
    """Runs an example with these flags, on few images, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(digits, "QUICK_IMAGES", 64)
    monkeypatch.setattr(digits, "UNSEEN", 40)

    def run(script, *flags):
        monkeypatch.setattr(sys, "argv", [script, "--quick", *flags])
        runpy.run_path(str(EXAMPLES / script), run_name="__main__")

    return run


def checkpoint(folder):
    with np.load(Path(folder) / "checkpoint.npz") as file:
        return {name: file[name].tobytes() for name in file.files if name != "header"}


def test_it_trains_and_draws_and_goes_on_to_the_bit_after_ctrl_c(example, monkeypatch, capsys):
    monkeypatch.setattr(digits, "QUICK_IMAGES", 32)
    example("capsnet_mnist.py", "--out", "whole", "--batch-size", "16")
    result, folder = capsys.readouterr().out.splitlines()[-2:]
    assert re.fullmatch(r"[\d.]+% of 40 test images are right; squared error of a drawing [\d.]+", result)
    assert folder == "whole"
    with Image.open("whole/reconstructions.png") as picture:
        assert 0 < picture.width - 2 * (16 * 30 - 2) < 150  # for the names of the rows
    with Image.open("whole/tweaks.png") as picture:
        width, height = picture.size  # two grids, with numbers beside and above them
        assert 0 < width - 2 * (11 * 30 - 2) < 160 and 0 < height - (16 * 30 - 2) < 60
    assert load_run("whole").sample(3).shape == (3, 28, 28, 1)

    original, calls = CapsNet.train_step, []

    def interrupted(model, batch):
        calls.append(batch)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        return original(model, batch)

    monkeypatch.setattr(CapsNet, "train_step", interrupted)
    with pytest.raises(SystemExit):
        example("capsnet_mnist.py", "--out", "parts", "--batch-size", "16")
    assert len(calls) == 3
    example("capsnet_mnist.py", "--resume", "parts")
    assert checkpoint("parts") == checkpoint("whole")


def test_a_tweak_changes_one_number_of_one_capsule(monkeypatch):
    script = runpy.run_path(str(EXAMPLES / "capsnet_mnist.py"))
    model, seen = CapsNet(filters=2, capsules=1), []
    monkeypatch.setattr(
        model, "decode", lambda v, labels: seen.append((v, labels)) or np.zeros((len(v), 28, 28, 1))
    )
    v = np.random.default_rng(0).standard_normal((1, 10, 16))
    script["tweaked"](model, v, 4)
    ((drawn, labels),) = seen
    change = (drawn - v).reshape(16, 11, 10, 16)
    assert set(labels) == {4}
    for dimension in range(16):
        np.testing.assert_allclose(change[dimension, :, 4, dimension], np.arange(-5, 6) / 20, atol=1e-12)
    assert np.count_nonzero(np.abs(change) > 1e-12) == 16 * 10


def test_the_comparison_prints_a_row_for_each_network_and_goes_on_where_it_stopped(example, capsys):
    example("capsnet_affine.py", "--out", "both")
    first = capsys.readouterr().out.splitlines()[-6:]
    names = ["CNN", "CapsNet", "CapsNet, 1 routing", "CapsNet, last", "CapsNet, none"]
    assert [line[:18].strip() for line in first[1:]] == names
    weights = [int(line[22:30].replace(",", "")) for line in first[1:]]
    assert max(weights) < 1.01 * min(weights)
    example("capsnet_affine.py", "--out", "both")  # everything is trained already
    again = capsys.readouterr().out
    assert "epoch" not in again and again.splitlines()[-6:] == first
    with pytest.raises(SystemExit):
        example(
            "capsnet_affine.py", "--out", "both", "--epochs", "2", "--subset", "--quick", "--device", "no"
        )


# --- Affine maps --------------------------------------------------------------------------------------


def mapped(images, matrix, shift):
    n = len(images)
    return runpy.run_path(str(EXAMPLES / "capsnet_affine.py"))["mapped"](
        images, np.tile(np.array(matrix, float), (n, 1, 1)), np.tile(np.array(shift, float), (n, 1))
    )


IMAGES = np.random.default_rng(0).uniform(-1, 1, (2, 7, 7, 1)).astype(np.float32)


def test_the_identity_changes_nothing_and_a_shift_leads_right_and_down():
    np.testing.assert_allclose(mapped(IMAGES, np.eye(2), (0, 0)), IMAGES, atol=1e-6)
    moved = mapped(IMAGES, np.eye(2), (2, 1))
    np.testing.assert_allclose(moved[:, 1:, 2:], IMAGES[:, :-1, :-2], atol=1e-6)
    assert (moved[:, :1] == -1).all() and (moved[:, :, :2] == -1).all()
    half = mapped(IMAGES, np.eye(2), (0.5, 0))
    np.testing.assert_allclose(half[:, :, 1:], (IMAGES[:, :, 1:] + IMAGES[:, :, :-1]) / 2, atol=1e-6)


def test_a_quarter_turn_and_a_double_size():
    turned = mapped(IMAGES, [[0, -1], [1, 0]], (0, 0))  # (x, y) -> (-y, x): right becomes down
    np.testing.assert_allclose(turned, np.rot90(IMAGES, -1, axes=(1, 2)), atol=1e-6)
    larger = mapped(IMAGES, 2 * np.eye(2), (0, 0))
    np.testing.assert_allclose(larger[:, 1::2, 1::2], IMAGES[:, 2:5, 2:5], atol=1e-6)


def test_the_affine_test_set_is_the_same_every_time_and_is_still_images():
    affine = runpy.run_path(str(EXAMPLES / "capsnet_affine.py"))["affine"]
    first = affine(IMAGES)
    assert first.dtype == np.float32 and first.shape == IMAGES.shape and np.abs(first).max() <= 1
    assert np.array_equal(first, affine(IMAGES)) and not np.array_equal(first, affine(IMAGES, seed=1))
