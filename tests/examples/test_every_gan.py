"""Every example that trains a generator of digits runs in quick mode and leaves a folder that can be drawn from."""

import subprocess
import sys
from pathlib import Path

import pytest

import minigan
from minigan.runs import load_run, model_class
from minigan.training import read_history

EXAMPLES = Path(minigan.__file__).parents[1] / "examples"

pytestmark = pytest.mark.skipif(
    not EXAMPLES.exists(), reason="the examples are not installed beside the package"
)


@pytest.mark.parametrize(
    "flags",
    [
        ["dcgan"],
        ["dcgan", "--upsampling", "nearest"],
        ["wgan_gp"],
        ["capsgan"],
        ["aegan"],
        ["vae"],
        ["own_model"],
        ["conditional"],
        ["gan3d"],
        ["gan3d", "--flat"],
    ],
    ids=" ".join,
)
def test_it_trains_and_leaves_a_run(flags, tmp_path):
    script, *rest = flags
    command = [
        sys.executable,
        EXAMPLES / f"{script}_mnist.py",
        "--quick",
        "--epochs",
        "1",
        "--out",
        "run",
        *rest,
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "run"
    pictures = ("curves.png", "samples.gif", "samples.png", "report.html")
    for name in ("checkpoint.npz", "config.json", "history.csv", *pictures):
        assert (tmp_path / "run" / name).stat().st_size > 0
    own = model_class(f"{EXAMPLES}/own_model_mnist.py:LabelledGAN") if script == "own_model" else None
    shape = {"gan3d": (16, 16, 16, 1), "gan3d --flat": (16, 16, 16)}.get(" ".join(flags), (28, 28, 1))
    assert load_run(tmp_path / "run", own).sample(3).shape == (3, *shape)


@pytest.mark.parametrize(
    "script",
    [
        "dcgan_faces",
        *[
            pytest.param(f"{name}_mnist", marks=pytest.mark.slow)
            for name in ("dcgan", "mlp_gan", "wgan_gp", "capsgan", "vae")
        ],
    ],
)
def test_it_trains_on_other_data_with_networks_of_the_right_size_and_goes_on(script, tmp_path):
    command = [sys.executable, EXAMPLES / f"{script}.py"]
    flags = (
        ["--data", "faces", "--image-size", "8", "--channels", "1"]
        if script == "vae_mnist"
        else ["--data", "faces"]
    )
    for more in (["--quick", "--epochs", "1", "--out", "run", *flags], ["--resume", "run", "--epochs", "2"]):
        done = subprocess.run([*command, *more], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    expected = (3, 8, 8, 1) if script == "vae_mnist" else (3, 16, 16, 3)
    assert load_run(tmp_path / "run").sample(3).shape == expected


@pytest.mark.parametrize(
    "script", sorted(path.name for path in EXAMPLES.glob("*.py") if "__main__" in path.read_text())
)
def test_it_shows_its_flags_also_without_docstrings(script, tmp_path):
    command = [sys.executable, "-OO", EXAMPLES / script, "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "usage: " in done.stdout and list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_a_reader_that_leaves_early_does_not_stop_it(tmp_path):
    script = f"'{sys.executable}' '{EXAMPLES / 'mlp_gan_mnist.py'}' --quick --epochs 3 --out run"
    command = f"set -o pipefail; {script} | head -c 1"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "e", "")
    assert (tmp_path / "run" / "curves.png").exists()
    assert [row["epoch"] for row in read_history(tmp_path / "run" / "history.csv")][-1] == 3
