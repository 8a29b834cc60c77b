"""The first command of the README, as a user runs it: in a process of its own, in an empty folder."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minigan
from minigan.runs import load_run
from minigan.runs.digits import QUICK_IMAGES
from minigan.runs.flags import QUICK_EPOCHS
from minigan.training import read_history

SCRIPT = Path(minigan.__file__).parents[1] / "examples" / "mlp_gan_mnist.py"

pytestmark = pytest.mark.skipif(
    not SCRIPT.exists(), reason="the examples are not installed beside the package"
)


def command(*flags):
    return [sys.executable, str(SCRIPT), *map(str, flags)]


def environment():
    offline = {"OPENBLAS_NUM_THREADS": "1", "MINIGAN_OFFLINE": "1"}
    return {k: v for k, v in os.environ.items() if k != "MINIGAN_DEVICE"} | offline


def example(folder, *flags, **variables):
    return subprocess.run(
        command(*flags),
        cwd=folder,
        env=environment() | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def weights(folder):
    with np.load(folder / "checkpoint.npz") as file:
        return {key: file[key].tobytes() for key in file if key != "header"}


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The folder in which `--quick` ran, and what it answered."""
    folder = tmp_path_factory.mktemp("quick")
    return folder, example(folder, "--quick")


def test_quick_leaves_a_run_folder_and_prints_its_path_last(quick):
    folder, answer = quick
    assert (answer.returncode, answer.stderr) == (0, "")
    *progress, last = answer.stdout.splitlines()
    assert last == str(Path("runs/mlp_gan"))
    assert (
        progress[-1].startswith(f"epoch {QUICK_EPOCHS}/{QUICK_EPOCHS}")
        and "d_loss" in progress[-1]
        and "images/s" in progress[-1]
    )
    assert os.listdir(folder) == ["runs"]
    names = {path.relative_to(folder / last).as_posix() for path in (folder / last).rglob("*")}
    pictures = {f"samples/epoch_{i:04d}.png" for i in range(QUICK_EPOCHS + 1)} | {
        "samples.png",
        "samples.gif",
        "curves.png",
    }
    assert names == {"config.json", "history.csv", "checkpoint.npz", "report.html", "samples", *pictures}
    for name in pictures:
        with Image.open(folder / last / name) as image:
            image.verify()


def test_quick_learns_from_digits_and_its_numbers_are_finite(quick):
    rows = read_history(quick[0] / "runs/mlp_gan/history.csv")
    assert len(rows) >= 2 and np.isfinite([list(row.values()) for row in rows]).all()
    with Image.open(quick[0] / "runs/mlp_gan/samples.png") as image:
        assert np.asarray(image).std() > 20  # a picture, not a plain surface


def test_the_run_can_be_opened_again(quick):
    noise = np.random.default_rng(0).standard_normal((3, load_run(quick[0] / "runs/mlp_gan").latent_size))
    images = load_run(quick[0] / "runs/mlp_gan").sample(3, noise)
    assert images.shape == (3, 28, 28, 1) and np.abs(images).max() <= 1


def test_the_same_seed_gives_the_same_bits(quick, tmp_path):
    """And another one others: tests/runs/test_run.py."""
    assert example(tmp_path, "--quick", "--seed", 0, "--out", "0").returncode == 0
    assert weights(tmp_path / "0") == weights(quick[0] / "runs/mlp_gan")
    first = (quick[0] / "runs/mlp_gan/samples.gif").read_bytes()
    assert (tmp_path / "0" / "samples.gif").read_bytes() == first


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT for a single process")
def test_ctrl_c_leaves_a_run_that_can_be_resumed(tmp_path):
    run = tmp_path / "run"
    process = subprocess.Popen(
        command("--quick", "--epochs", 1000, "--out", "run"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not read_history(run / "history.csv"):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out.splitlines()[-2:] == [f"to continue: python {SCRIPT} --resume run", "run"]
    load_run(run)

    epochs = int(read_history(run / "history.csv")[-1]["epoch"]) + 1
    resumed = example(tmp_path, "--resume", "run", "--epochs", epochs)
    assert (resumed.returncode, resumed.stderr) == (0, "")
    last = read_history(run / "history.csv")[-1]
    batch_size = json.loads((run / "config.json").read_text())["flags"]["batch_size"]
    assert (last["epoch"], last["step"]) == (epochs, QUICK_IMAGES // batch_size * epochs)


def test_help_shows_every_flag_with_its_default(tmp_path):
    answer = example(tmp_path, "--help")
    assert answer.returncode == 0
    text = " ".join(answer.stdout.split())
    for flag in ("--epochs", "--batch-size", "--seed", "--device", "--out", "--resume", "--full", "--quick"):
        assert flag in text
    for words in ("in total (default: ", "in a step (default: ", "data order (default: 0)", "(default: cpu)"):
        assert words in text
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--epochs", "0"], "argument --epochs: '0' is not an integer of at least 1"),
        (["--resume", "nowhere"], "nowhere is not the folder of a run"),
        (["--quick", "--batch-size", "5000"], "batch_size is 5000"),
    ],
)
def test_a_mistake_is_answered_in_one_line_without_a_traceback(tmp_path, flags, words):
    answer = example(tmp_path, *flags)
    assert answer.returncode != 0 and "Traceback" not in answer.stderr
    assert words in answer.stderr.splitlines()[-1]
    assert os.listdir(tmp_path) == []


def test_cuda_without_cupy_is_explained_in_words(tmp_path):
    (tmp_path / "cupy.py").write_text("raise ImportError('not here')")
    answer = example(
        tmp_path, "--quick", "--device", "cuda", PYTHONPATH=os.pathsep.join([str(tmp_path), *sys.path])
    )
    assert answer.returncode == 2 and "Traceback" not in answer.stderr
    assert "device 'cuda' cannot be used. CuPy is not installed" in answer.stderr.splitlines()[-1]
