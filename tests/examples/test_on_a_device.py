"""The examples run in quick mode on the stand-in for CuPy, which takes the place of the GPU here."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import strict_device

import minigan
from minigan import backend, runs
from minigan.data import load_mnist
from minigan.runs import digits, load_run

EXAMPLES = Path(minigan.__file__).parents[1] / "examples"

pytestmark = pytest.mark.skipif(
    not EXAMPLES.exists(), reason="the examples are not installed beside the package"
)


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(backend, "_modules", backend._modules | {"cuda": strict_device.cupy})
    monkeypatch.setattr(backend, "_chosen", "cpu")  # `use` changes it; this puts it back
    monkeypatch.setattr(digits, "QUICK_IMAGES", 64)


@pytest.mark.parametrize(
    "script",
    [
        *["mlp_gan", "capsnet", "aegan", "transforming_autoencoder", "vae", "gan3d"],
        *[pytest.param(name, marks=pytest.mark.slow) for name in ("dcgan", "wgan_gp", "capsgan")],
    ],  # these three are scripts like the first one
)
def test_an_example_trains_and_draws_there(script, stand_in, tmp_path, monkeypatch, capsys):
    flags = ["--quick", "--epochs", "1", "--device", "cuda", "--out", str(tmp_path / "run")]
    monkeypatch.setattr(sys, "argv", [f"{script}_mnist.py", *flags])
    with strict_device.counted() as counts:
        runpy.run_path(str(EXAMPLES / f"{script}_mnist.py"), run_name="__main__")
    assert counts.calls > 200  # it did compute there
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "run")
    monkeypatch.setattr(backend, "_chosen", "cpu")
    shape = (16, 16, 16, 1) if script == "gan3d" else (28, 28, 1)
    assert load_run(tmp_path / "run").sample(2).shape == (2, *shape)  # and goes on on the host


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "flags"),
    [
        ("image_to_image", ["--task", "glasses"]),
        ("image_to_image", ["--task", "inpaint", "--kind", "L1"]),
        ("cycle_gan_faces", []),
    ],
    ids=["image_to_image", "image_to_image without D", "cycle_gan_faces"],
)
def test_an_example_that_translates_images_trains_and_draws_there(
    script, flags, stand_in, tmp_path, monkeypatch, capsys
):
    flags = [*flags, "--quick", "--epochs", "1", "--out", tmp_path / "run"]
    assert run_there(script, flags, monkeypatch) > 200
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "run")
    monkeypatch.setattr(backend, "_chosen", "cpu")
    model = load_run(tmp_path / "run")
    images = np.zeros((2, *model.input_shape), np.float32)
    assert model.translate(images).shape == (2, *model.image_shape)  # and goes on on the host


def run_there(script, flags, monkeypatch):
    """Run a script that keeps no run folder on the stand-in; answers how much it did there."""
    monkeypatch.setattr(sys, "argv", [f"{script}.py", *map(str, flags), "--device", "cuda"])
    with strict_device.counted() as counts:
        runpy.run_path(str(EXAMPLES / f"{script}.py"), run_name="__main__")
    return counts.calls


@pytest.fixture
def run(stand_in, tmp_path, monkeypatch):
    """The folder of a run that was trained on the host."""
    folder = tmp_path / "run"
    monkeypatch.setattr(sys, "argv", ["mlp_gan_mnist.py", "--quick", "--epochs", "1", "--out", str(folder)])
    runpy.run_path(str(EXAMPLES / "mlp_gan_mnist.py"), run_name="__main__")
    return folder


def test_a_trained_run_is_drawn_from_and_compared_there(run, monkeypatch, capsys):
    assert run_there("generate", [run, "--count", 4], monkeypatch) > 20
    assert (run / "generated.png").exists()
    monkeypatch.setattr(runs, "load_digits", lambda full, split: load_mnist()[0][:100])  # not all of MNIST
    assert run_there("compare_gans", [run, run, "--samples", 100], monkeypatch) > 20
    assert "r_samples" in capsys.readouterr().out


@pytest.mark.slow
def test_a_trained_run_is_judged_there(run, monkeypatch, capsys):
    assert run_there("evaluate", [run, "--samples", 2000], monkeypatch) > 20
    assert "precision" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("script", ["augmentation", "checkerboard", "d_features", "failure_modes"])
def test_a_script_that_trains_for_itself_does_so_there(script, stand_in, tmp_path, monkeypatch):
    assert run_there(script, ["--quick", "--out", tmp_path / "out"], monkeypatch) > 200


@pytest.mark.slow
def test_the_comparison_of_capsules_trains_there(stand_in, tmp_path, monkeypatch):
    assert run_there("capsnet_affine", ["--quick", "--out", tmp_path / "out"], monkeypatch) > 200


def test_faces_are_drawn_as_asked_there(stand_in, tmp_path, monkeypatch, capsys):
    flags = ["--quick", "--epochs", "1", "--out", tmp_path / "run"]
    assert run_there("conditional_faces", flags, monkeypatch) > 200
    assert (tmp_path / "run" / "combinations.png").exists()


@pytest.mark.slow
def test_faces_are_encoded_and_moved_in_the_latent_space_there(stand_in, tmp_path, monkeypatch, capsys):
    flags = ["--data", "faces", "--quick", "--epochs", "1", "--out", tmp_path / "run"]
    assert run_there("aegan_mnist", flags, monkeypatch) > 200
    assert run_there("latent_directions", [tmp_path / "run", "--quick"], monkeypatch) > 20
    assert (tmp_path / "run" / "directions.png").exists()


def test_without_a_gpu_a_script_says_so_in_a_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(backend, "cuda_status", lambda: "There is none.")
    with pytest.raises(SystemExit):
        run_there("generate", [tmp_path], monkeypatch)
    assert capsys.readouterr().err.endswith("error: use: device 'cuda' cannot be used. There is none.\n")
