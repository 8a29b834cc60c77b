"""examples/failure_modes.py: what it promises to write is there, and finished runs are not run again."""

import csv
import runpy
import sys
from pathlib import Path

import pytest

import minigan

SCRIPT = Path(minigan.__file__).parents[1] / "examples" / "failure_modes.py"

pytestmark = pytest.mark.skipif(
    not SCRIPT.exists(), reason="the examples are not installed beside the package"
)


@pytest.fixture
def play(tmp_path, monkeypatch):
    def run(*flags):
        monkeypatch.setattr(sys, "argv", ["failure_modes.py", *flags, "--out", str(tmp_path)])
        runpy.run_path(str(SCRIPT), run_name="__main__")

    return run


def test_the_comparison_has_a_row_for_every_model_and_for_the_mixture_itself(play, tmp_path, capsys):
    play("--only", "comparison", "--seeds", "2", "--steps", "4")
    with open(tmp_path / "comparison.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["mixture", "model", "modes", "quality", "reverse KL"]
    models = ["GAN", "AEGAN", "WGAN-GP", "PacGAN, m = 2", "the mixture itself"]
    assert [row[:2] for row in rows] == [[mixture, model] for mixture in ("ring", "grid") for model in models]
    assert rows[4][2].startswith("8.000") and rows[9][2].startswith("25.000")
    assert all("±" in number and "nan" not in number for row in rows for number in row[2:4])


def test_finished_runs_are_kept_and_give_the_same_table(play, tmp_path, capsys):
    play("--only", "comparison", "--seeds", "1", "--steps", "2")
    table = (tmp_path / "comparison.csv").read_bytes()
    assert "ring-GAN-2-0: " in capsys.readouterr().out
    (tmp_path / "finished" / "grid-AEGAN-2-0.json").unlink()
    play("--only", "comparison", "--seeds", "1", "--steps", "2")
    ran = [line for line in capsys.readouterr().out.splitlines() if line.endswith(" s")]
    assert len(ran) == 1 and ran[0].startswith("grid-AEGAN-2-0: ")
    assert (tmp_path / "comparison.csv").read_bytes() == table


def test_a_failure_is_a_figure_an_animation_and_what_the_monitor_said(play, tmp_path, capsys):
    play("--only", "imbalance", "--seeds", "1", "--steps", "50")
    assert (tmp_path / "imbalance.png").stat().st_size > 10_000
    assert (tmp_path / "imbalance.gif").stat().st_size > 5_000
    assert "imbalance, equal rates: no warning" in capsys.readouterr().out
