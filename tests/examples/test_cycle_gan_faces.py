"""cycle_gan_faces.py: it runs and goes on, and the numbers of its table are those worked out by hand."""

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minigan
from minigan.layers import Layer
from minigan.runs import load_run

SCRIPT = Path(minigan.__file__).parents[1] / "examples" / "cycle_gan_faces.py"

pytestmark = pytest.mark.skipif(
    not SCRIPT.exists(), reason="the examples are not installed beside the package"
)


@pytest.mark.slow
def test_it_trains_goes_on_and_ends_with_a_table(tmp_path):
    for more in (["--quick", "--epochs", "1", "--out", "run"], ["--resume", "run", "--epochs", "2"]):
        command = [sys.executable, SCRIPT, *more]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "run" and "glasses off: F(b)" in done.stdout
    faces = np.zeros((2, 16, 16, 3), np.float32)
    model = load_run(tmp_path / "run")
    assert model.translate(faces).shape == model.translate_back(faces).shape == faces.shape


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


class Bright(Layer):
    """A logit above 0 where an image is bright."""

    def __call__(self, x, training=False):
        return x.mean(axis=(1, 2, 3))[:, np.newaxis]


def test_the_share_that_wears_glasses_is_that_of_positive_logits(script):
    images = np.zeros((4, 16, 16, 3), np.float32) + np.float32([1, -1, -1, -1]).reshape(4, 1, 1, 1)
    assert script["share_worn"](Bright(), images) == 25


def test_outside_counts_the_eleven_rows_without_glasses(script):
    before, images = np.zeros((2, 16, 16, 3)), np.zeros((2, 16, 16, 3))
    images[:, 4:9] = 1
    assert script["outside"](images, before) == 0
    images[:, 3] = 0.5
    assert script["outside"](images, before) == pytest.approx(0.5 / 11)


def test_what_is_pasted_are_the_rows_of_the_eyes(script):
    images, others = np.zeros((3, 16, 16, 3), np.float32), np.ones((5, 16, 16, 3), np.float32)
    copies = script["pasted"](images, others)
    assert (copies[:, 4:9] == 1).all() and copies.sum() == copies[:, 4:9].sum() and not images.any()
