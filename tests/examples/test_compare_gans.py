"""compare_gans.py: the two ratios and the verdict, by hand; and a match between two runs."""

import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import minigan
from minigan import runs
from minigan.models import DCGAN, VAE, CapsGAN
from minigan.training import save_checkpoint

SCRIPT = Path(minigan.__file__).parents[1] / "examples" / "compare_gans.py"

pytestmark = pytest.mark.skipif(
    not SCRIPT.exists(), reason="the examples are not installed beside the package"
)


def script():
    return SimpleNamespace(**runpy.run_path(str(SCRIPT)))


@pytest.mark.parametrize(
    ("fooled", "blind", "r_samples", "r_test", "words"),
    [
        ((0.2, 0.4), (0.05, 0.05), 0.5, 1.0, "A wins"),
        ((0.3, 0.2), (0.05, 0.06), 1.5, 5 / 6, "B wins"),
        ((0.3, 0.3), (0.05, 0.05), 1.0, 1.0, "a tie"),
        ((0.0, 0.4), (0.0, 0.0), 0.0, 1.0, "A wins"),
        ((0.4, 0.0), (0.1, 0.1), np.inf, 1.0, "B wins"),
        ((0.0, 0.3), (0.3, 0.2), 0.0, 1.5, "no winner"),  # D1 says generated to everything
        ((0.3, 0.0), (0.2, 0.3), np.inf, 2 / 3, "no winner"),
        ((0.1, 0.2), (0.1, 0.0), 0.5, np.inf, "no winner"),
    ],
)
def test_the_ratios_and_the_verdict_by_hand(fooled, blind, r_samples, r_test, words):
    compare = script()
    assert compare.ratio(*fooled) == pytest.approx(r_samples)
    assert compare.ratio(*blind) == pytest.approx(r_test)
    assert compare.verdict(r_samples, r_test, "A", "B").startswith(words)


@pytest.mark.parametrize(("name", "answers"), [("dcgan", (-1.0, 1.0)), ("capsgan", (0.4, 0.6))])
def test_real_is_what_lies_above_the_answer_of_a_d_that_cannot_tell(name, answers):
    """Images whose pixel is at least 0 get the higher answer: 30 of 80."""
    low, high = answers
    model = SimpleNamespace(name=name, D=lambda x: np.where(x[:, 0, 0] > 0, high, low))
    images = np.where(np.arange(80) < 30, 0.5, -0.5).reshape(80, 1, 1, 1)
    assert script().taken_for_real(model, images) == 30 / 80


def saved(folder, model):
    """What `compare_gans` needs of a run."""
    folder.mkdir()
    config = {"model": model.name, "settings": model.settings, "flags": {}}
    (folder / "config.json").write_text(json.dumps(config))
    save_checkpoint(model, folder / "checkpoint.npz")
    return str(folder)


def test_a_match_between_two_runs(tmp_path, monkeypatch, capsys):
    a = saved(tmp_path / "a", CapsGAN(image_size=12, width=2, capsules=2, dimensions=2, latent_size=3))
    b = saved(tmp_path / "b", DCGAN(image_size=12, width=2, latent_size=4))
    c = saved(tmp_path / "c", VAE(image_size=12, width=2, latent_size=4))
    test_images = np.random.default_rng(1).uniform(-1, 1, (60, 12, 12, 1)).astype(np.float32)
    monkeypatch.setattr(runs, "load_digits", lambda full, split: test_images)
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["compare_gans.py", a, b, "--samples", "70"])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    _, fooled, blind, result = capsys.readouterr().out.splitlines()
    fooled, blind = ([float(part.split()[-1]) for part in line.split("%")[:2]] for line in (fooled, blind))
    r_samples, r_test = (float(part.split()[-1]) for part in result.split(":")[0].split(","))
    assert r_samples * fooled[1] == pytest.approx(fooled[0], abs=0.2)
    assert r_test * blind[1] == pytest.approx(blind[0], abs=0.2)

    monkeypatch.setattr(sys, "argv", ["compare_gans.py", a, c])
    with pytest.raises(SystemExit, match="vae has no discriminator that says real or generated"):
        runpy.run_path(str(SCRIPT), run_name="__main__")
    monkeypatch.setattr(sys, "argv", ["compare_gans.py", a, str(tmp_path / "nothing")])
    with pytest.raises(SystemExit):
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert "nothing is not the folder of a run" in capsys.readouterr().err
