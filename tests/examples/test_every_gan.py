"""Every example that trains a generator of digits runs in quick mode and leaves a folder that can be drawn from."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import minigan
from minigan.runs import digits, load_run, model_class
from minigan.training import read_history

EXAMPLES = Path(minigan.__file__).parents[1] / "examples"

pytestmark = pytest.mark.skipif(
    not EXAMPLES.exists(), reason="the examples are not installed beside the package"
)


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Run an example in an empty folder, in this process; test_mlp_gan_mnist.py starts one of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(digits, "QUICK_IMAGES", 64)

    def run(script, *flags):
        monkeypatch.setattr(sys, "argv", [str(EXAMPLES / script), *flags])
        runpy.run_path(str(EXAMPLES / script), run_name="__main__")

    return run


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
def test_it_trains_and_leaves_a_run(flags, train, tmp_path, capsys):
    script, *rest = flags
    train(f"{script}_mnist.py", "--quick", "--epochs", "1", "--out", "run", *rest)
    assert capsys.readouterr().out.splitlines()[-1] == "run"
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
def test_it_trains_on_other_data_with_networks_of_the_right_size_and_goes_on(script, train, tmp_path):
    flags = ["--data", "faces"]
    flags += ["--image-size", "8", "--channels", "1"] if script == "vae_mnist" else []
    train(f"{script}.py", "--quick", "--epochs", "1", "--out", "run", *flags)
    train(f"{script}.py", "--resume", "run", "--epochs", "2")
    expected = (3, 8, 8, 1) if script == "vae_mnist" else (3, 16, 16, 3)
    assert load_run(tmp_path / "run").sample(3).shape == expected


HELP = """
import os, runpy, sys

sys.path.insert(0, os.path.dirname(sys.argv[1]))
for script in sys.argv[1:]:
    sys.argv = [script, "--help"]
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as ended:
        if ended.code:
            raise
    else:
        raise RuntimeError(f"{script} --help did not end")
"""


def test_every_script_shows_its_flags_also_without_docstrings(tmp_path):
    scripts = [path for path in sorted(EXAMPLES.glob("*.py")) if "__main__" in path.read_text()]
    command = [sys.executable, "-OO", "-c", HELP, *scripts]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for script in scripts:
        assert f"usage: {script.name}" in done.stdout
    assert len(scripts) > 10 and list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_a_reader_that_leaves_early_does_not_stop_it(tmp_path):
    script = (
        f"'{sys.executable}' '{EXAMPLES / 'mlp_gan_mnist.py'}' --quick --epochs 2 --batch-size 256 --out run"
    )
    command = f"set -o pipefail; {script} | head -c 1"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "e", "")
    assert (tmp_path / "run" / "curves.png").exists()
    assert [row["epoch"] for row in read_history(tmp_path / "run" / "history.csv")][-1] == 2
