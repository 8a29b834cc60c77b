"""conditional_faces.py: how it counts what was asked for, and that it trains and draws every combination."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minigan
from minigan.runs import digits, load_run

SCRIPT = Path(minigan.__file__).parents[1] / "examples" / "conditional_faces.py"

pytestmark = pytest.mark.skipif(
    not SCRIPT.exists(), reason="the examples are not installed beside the package"
)


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


def test_shares_are_counted_where_an_attribute_is_asked_for_and_where_it_is_not(script):
    asked = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 1, 0]], bool)
    read = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0], [1, 1, 0]], bool)
    assert script["shares"](read, asked) == {
        "all three": 25.0,  # the first
        "glasses, where asked": 50.0,
        "no glasses, where not": 50.0,
        "hat, where asked": 100.0,
        "no hat, where not": 100.0,
        "beard, where asked": 0.0,
        "no beard, where not": 100.0,
    }


def test_a_combination_is_named_by_what_it_has(script):
    assert [script["name"](c) for c in script["COMBINATIONS"]] == [
        "none", "beard", "hat", "hat + beard",
        "glasses", "glasses + beard", "glasses + hat", "glasses + hat + beard",
    ]  # fmt: skip


def test_it_trains_goes_on_and_draws_every_combination(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(digits, "QUICK_IMAGES", 64)
    for flags in (("--quick", "--epochs", "1", "--out"), ("--epochs", "2", "--resume")):
        monkeypatch.setattr(sys, "argv", [str(SCRIPT), *flags, str(tmp_path / "run")])
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "run")
    model = load_run(tmp_path / "run")
    assert model.sample(2, labels=np.array([[1, 1, 1], [0, 0, 0]])).shape == (2, 16, 16, 3)
    with Image.open(tmp_path / "run" / "combinations.png") as picture:
        width, height = picture.size  # a label on the left of each of 8 rows
        assert width > 12 * 54 and height == 8 * 54 - 6


def test_the_table_has_what_was_asked_for_beside_chance_and_real_faces(script, monkeypatch):
    """A model that always draws what it is asked for, with a classifier that reads every picture right."""
    script["table"].__globals__.update(
        train_classifier=lambda images, bits: Reader(), evaluate_pictures=lambda *_: [], SAMPLES=16, UNSEEN=4
    )
    bits = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], bool)
    text = script["table"](Drawer(), bits, bits, slice(None), np.arange(4))
    first = text.splitlines()[1].split()
    assert first == ["all", "three", "100.0", "0.0", "100.0"]


class Reader:
    predict = staticmethod(lambda images: images)


class Drawer:
    latent_size = 2
    sample = staticmethod(lambda n, noise, asked: asked)
