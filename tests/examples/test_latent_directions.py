"""latent_directions.py: directions and their effects worked by hand, and that it studies a run of faces."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minigan
from minigan.models import MLPGAN
from minigan.runs import digits

EXAMPLES = Path(minigan.__file__).parents[1] / "examples"
SCRIPT = EXAMPLES / "latent_directions.py"

pytestmark = pytest.mark.skipif(
    not SCRIPT.exists(), reason="the examples are not installed beside the package"
)


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


def test_a_direction_is_the_difference_of_two_means(script):
    z = np.array([[1.0, 0.0], [3.0, 4.0], [0.0, 0.0], [2.0, -2.0], [1.0, 5.0]])
    found = script["direction"](z, np.array([True, True, False, False, False]))
    np.testing.assert_allclose(found, [2 - 1, 2 - 1])


def test_random_steps_are_as_long_as_the_direction_and_different(script):
    steps = script["random_steps"](np.random.default_rng(0), np.array([3.0, 0, 4.0]), 6)
    np.testing.assert_allclose(np.linalg.norm(steps, axis=1), 5, rtol=1e-6)
    assert len(np.unique(steps, axis=0)) == 6


def test_the_effect_is_what_was_wanted_and_what_else_has_changed(script):
    before = np.array([[0, 0, 0], [0, 1, 0], [0, 1, 1], [0, 0, 0]], bool)
    after = np.array([[1, 0, 0], [1, 0, 1], [0, 1, 1], [1, 0, 0]], bool)
    # the first attribute is there in 3 of 4; of the 8 others, 2 have changed
    assert script["effect"](before, after, 0, True) == (75.0, 25.0)
    assert script["effect"](before, after, 0, False) == (25.0, 25.0)


def run(monkeypatch, script, *flags):
    monkeypatch.setattr(sys, "argv", [script, *map(str, flags)])
    runpy.run_path(str(EXAMPLES / script), run_name="__main__")


@pytest.mark.parametrize("encoder", ["aegan", pytest.param("vae", marks=pytest.mark.slow)])
def test_it_studies_a_run_of_faces_and_says_the_same_again(encoder, script, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(digits, "QUICK_IMAGES", 64)
    monkeypatch.setitem(script["main"].__globals__, "UNSEEN", 100)
    monkeypatch.setitem(script["main"].__globals__, "MEANS", 10)
    folder = tmp_path / "run"
    run(monkeypatch, f"{encoder}_mnist.py", "--data", "faces", "--quick", "--epochs", 1, "--out", folder)
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["latent_directions.py", str(folder), "--quick"])
    script["main"]()
    first = capsys.readouterr().out
    lines = first.splitlines()
    assert lines[-2:] == [str(folder / "directions.png"), str(folder / "arithmetic.png")]
    moved = [line.split() for line in lines if line.startswith(("+ ", "- "))]
    assert len(moved) == 12 and all(0 <= float(share) <= 100 for line in moved for share in line[-5:])
    assert {line[0] for line in moved} == {"+", "-"}
    with Image.open(folder / "directions.png") as picture:
        assert picture.width > 6 * 72 and picture.height > 15 * 72 - 8
    script["main"]()
    assert capsys.readouterr().out == first


def test_a_run_without_an_encoder_of_faces_is_refused_in_a_sentence(tmp_path, monkeypatch, capsys):
    MLPGAN().save(tmp_path / "checkpoint.npz")
    with pytest.raises(SystemExit):
        run(monkeypatch, "latent_directions.py", tmp_path)
    assert "error: " in capsys.readouterr().err
