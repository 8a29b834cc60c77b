"""image_to_image.py: each task runs and goes on, and its table has the numbers that were worked out by hand."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import minigan
from minigan import runs
from minigan.data import load_face_pairs
from minigan.runs import digits, load_images, load_run

SCRIPT = Path(minigan.__file__).parents[1] / "examples" / "image_to_image.py"

pytestmark = pytest.mark.skipif(
    not SCRIPT.exists(), reason="the examples are not installed beside the package"
)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the script in an empty folder with 160 of the images: the lines that it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runs, "load_images", lambda args: load_images(args)[:160])
    monkeypatch.setattr(minigan.data, "load_face_pairs", lambda: [x[:160] for x in load_face_pairs()])
    monkeypatch.setattr(digits, "QUICK_IMAGES", 64)

    def start(*flags):
        monkeypatch.setattr(sys, "argv", [str(SCRIPT), *flags])
        runpy.run_path(str(SCRIPT), run_name="__main__")
        return capsys.readouterr().out.splitlines()

    return start


@pytest.fixture
def refused(run, capsys):
    """Run the script, which must refuse: the last line of what it says."""

    def start(*flags):
        with pytest.raises(SystemExit) as ended:
            run(*flags)
        assert ended.value.code
        said = ended.value.code if isinstance(ended.value.code, str) else capsys.readouterr().err
        return said.splitlines()[-1]

    return start


@pytest.mark.parametrize(
    ("flags", "lines"),
    [
        (["--task", "glasses"], ["G, L1+cGAN", "no glasses, as it is"]),
        (["--kind", "L1"], ["G, L1", "grey, as it is", "grey, with the mean tint"]),
        *[
            pytest.param(flags, lines, marks=pytest.mark.slow)
            for flags, lines in (
                (["--task", "super-resolution", "--data", "mnist"], ["G, L1+cGAN", "nearest", "bilinear"]),
                (["--task", "inpaint", "--kind", "cGAN"], ["G, cGAN", "the mean of the border"]),
                (["--task", "outline", "--image-size", "8"], ["G, L1+cGAN", "the mean image"]),
            )
        ],
    ],
    ids=lambda x: " ".join(x),
)
def test_a_task_trains_goes_on_and_ends_with_a_table(flags, lines, run, tmp_path):
    printed = run("--quick", "--epochs", "1", "--out", "run", *flags)
    assert printed[-1] == "run" and [line[:34].strip() for line in printed[-len(lines) - 1 : -1]] == lines
    for name in ("checkpoint.npz", "curves.png", "samples.gif", "samples.png", "report.html"):
        assert (tmp_path / "run" / name).stat().st_size > 0
    assert lines[0] in (tmp_path / "run" / "report.html").read_text()
    run("--resume", "run", "--epochs", "2")
    model = load_run(tmp_path / "run")
    assert model.translate(np.zeros((2, *model.input_shape), np.float32)).shape == (2, *model.image_shape)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--task", "glasses", "--data", "mnist"], "needs the faces that come with minigan"),
        (["--task", "glasses", "--image-size", "8"], "needs the faces that come with minigan"),
        (["--data", "mnist"], "needs images in colour"),
        (["--task", "sharpen"], "invalid choice"),
        (["--kind", "GAN"], "invalid choice"),
    ],
)
def test_what_a_task_cannot_do_ends_with_one_line(flags, words, refused):
    assert words in refused("--quick", *flags)


def test_glasses_have_more_epochs_because_there_are_fewer_pairs_and_a_resumed_run_keeps_its_task(
    run, refused, tmp_path
):
    run("--quick", "--epochs", "1", "--task", "glasses", "--out", "run")
    flags = json.loads((tmp_path / "run" / "config.json").read_text())["flags"]
    assert (flags["task"], flags["decay_epochs"]) == ("glasses", 20)
    assert "--task is outline, but the run has glasses" in refused("--resume", "run", "--task", "outline")


# --- The table ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


def test_the_numbers_of_the_table_by_hand(script):
    """An error of ½ everywhere: L1 ½, and 10 log10 (4 / ¼) = 12.04 dB."""
    true, images = np.zeros((2, 4, 4, 3)), np.full((2, 4, 4, 3), 0.5)
    assert script["mean_error"](images, true) == 0.5
    assert script["psnr"](images, true) == pytest.approx(10 * np.log10(16))
    assert script["psnr"](true, true) == np.inf
    striped = np.zeros((1, 4, 4, 3)) + np.array([1.0, 0.0, 0.5])
    striped[:, :, 1::2] = -1  # from column to column 2, 1 and 1.5, from row to row 0
    assert script["detail"](striped) == pytest.approx(0.75)
    assert script["colour"](striped) == pytest.approx(0.5)


def test_the_error_of_inpainting_is_that_in_the_hole(script):
    true = np.full((1, 4, 4, 1), 0.8, np.float32)
    x = true.copy()
    x[0, :2, :2] = 0
    drawn = np.where(x == 0, np.float32(0.3), np.float32(-1))  # as wrong as can be outside
    lines = script["table"]("inpaint", x, true, {"drawn": drawn}).splitlines()
    assert lines[1].split()[:3] == ["drawn", "0.5000", "12.04"]
    lines = script["table"]("outline", x, true, {"drawn": drawn}).splitlines()
    assert lines[1].split()[1] == "1.4750"


def test_baselines_are_what_they_are_called(script):
    rng = np.random.default_rng(0)
    true = rng.uniform(-1, 1, (3, 8, 8, 3)).astype(np.float32)
    typical = true.mean(axis=0)
    found = script["baselines"]("colourise", script["pairs"].grey(true), typical)
    assert found["grey, as it is"].shape == true.shape and script["colour"](found["grey, as it is"]) < 1e-6
    assert script["mean_error"](found["grey, with the mean tint"], true) < script["mean_error"](
        found["grey, as it is"], true
    )
    x = script["pairs"].coarse(true)
    found = script["baselines"]("super-resolution", x, typical)
    assert found["nearest"] is x and found["bilinear"].shape == x.shape
    assert script["detail"](found["bilinear"]) < script["detail"](x)
    (mean,) = script["baselines"]("outline", script["pairs"].outline(true), typical).values()
    assert (mean == typical).all() and len(mean) == 3
