"""compare_gans.py: the two ratios and the outcome, by hand; and a match between two runs."""

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
def test_the_ratios_and_the_outcome_by_hand(fooled, blind, r_samples, r_test, words):
    compare = script()
    assert compare.ratio(*fooled) == pytest.approx(r_samples)
    assert compare.ratio(*blind) == pytest.approx(r_test)
    assert compare.outcome(r_samples, r_test, "A", "B").startswith(words)


@pytest.mark.parametrize(("name", "answers"), [("dcgan", (-1.0, 1.0)), ("capsgan", (0.62, 0.65))])
def test_real_is_what_lies_above_the_answer_of_a_d_that_cannot_tell(name, answers):
    """Images whose pixel is at least 0 get the higher answer: 30 of 80."""
    low, high = answers
    model = SimpleNamespace(name=name, D=lambda x: np.where(x[:, 0, 0] > 0, high, low))
    images = np.where(np.arange(80) < 30, 0.5, -0.5).reshape(80, 1, 1, 1)
    assert script().taken_for_real(model, images) == 30 / 80


def compare(monkeypatch, *flags):
    monkeypatch.setattr(sys, "argv", ["compare_gans.py", *map(str, flags)])
    runpy.run_path(str(SCRIPT), run_name="__main__")


def brightness(x):
    return x.mean(axis=(1, 2, 3))[:, None]


def player(name, draws, D):
    return SimpleNamespace(
        name=name, latent_size=2, sample=lambda n, noise: np.full((n, 28, 28, 1), draws), D=D
    )


def test_each_discriminator_judges_the_images_of_the_other_generator(monkeypatch, capsys):
    """A draws what is a little bright, B what is a little dark; both take the dark for real."""
    players = {
        Path("a"): player("capsgan", 0.3, lambda x: 19 / 30 - brightness(x)),
        Path("b"): player("dcgan", -0.3, lambda x: 0.1 - brightness(x)),
    }
    x = np.full((60, 28, 28, 1), -0.6)
    x[:15] = 0.6
    monkeypatch.setattr(runs, "load_run", players.get)
    monkeypatch.setattr(runs, "load_digits", lambda full, split: {(True, "test"): x}[full, split])
    compare(monkeypatch, "a", "b", "--samples", 70)
    needed, _, fooled, blind, result = capsys.readouterr().out.splitlines()
    assert "needs the 10,000 test images of MNIST" in needed
    assert fooled.split()[-4:] == ["100.0", "%", "0.0", "%"]
    assert blind.split()[-4:] == ["25.0", "%", "25.0", "%"]
    assert result == "r_samples inf, r_test 1.000: b wins"
    compare(monkeypatch, "b", "a")
    assert capsys.readouterr().out.splitlines()[-1] == "r_samples 0.000, r_test 1.000: b wins"


def saved(folder, model):
    """What `compare_gans` needs of a run."""
    folder.mkdir()
    config = {"model": model.name, "settings": model.settings, "flags": {}, "data": {}}
    (folder / "config.json").write_text(json.dumps(config))
    save_checkpoint(model, folder / "checkpoint.npz")
    return folder


def test_two_runs_are_opened_and_what_cannot_play_is_named(tmp_path, monkeypatch, capsys):
    a = saved(
        tmp_path / "a", CapsGAN(image_size=12, width=2, categories=2, capsules=2, dimensions=2, latent_size=3)
    )
    b = saved(tmp_path / "b", DCGAN(image_size=12, width=2, latent_size=4, categories=2))
    c = saved(tmp_path / "c", VAE(image_size=12, width=2, latent_size=4))
    monkeypatch.setattr(runs, "load_digits", lambda full, split: np.zeros((60, 12, 12, 1), np.float32))
    compare(monkeypatch, a, b, "--samples", 60)
    assert "r_samples" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="vae has no discriminator that says real or generated"):
        compare(monkeypatch, a, c)
    d = saved(tmp_path / "d", DCGAN(image_size=8, width=2, latent_size=4, categories=2))
    with pytest.raises(
        SystemExit, match=r"a run draws images of \(8, 8, 1\), and the test images are \(12, 12, 1\)"
    ):
        compare(monkeypatch, a, d, "--samples", 60)
    with pytest.raises(SystemExit):
        compare(monkeypatch, a, tmp_path / "nothing")
    assert "nothing is not the folder of a run" in capsys.readouterr().err
