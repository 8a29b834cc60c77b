"""The examples run in quick mode on the stand-in for CuPy, which takes the place of the GPU here."""

import runpy
import sys
from pathlib import Path

import pytest
import strict_device

import minigan
from minigan import backend, runs
from minigan.runs import load_run

EXAMPLES = Path(minigan.__file__).parents[1] / "examples"

pytestmark = pytest.mark.skipif(
    not EXAMPLES.exists(), reason="the examples are not installed beside the package"
)


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(backend, "_modules", backend._modules | {"cuda": strict_device.cupy})
    monkeypatch.setattr(backend, "_chosen", "cpu")  # `use` changes it; this puts it back
    monkeypatch.setattr(runs, "QUICK_IMAGES", 64)


@pytest.mark.parametrize(
    "script",
    ["mlp_gan", "dcgan", "wgan_gp", "capsgan", "capsnet", "aegan", "transforming_autoencoder", "vae"],
)
def test_an_example_trains_and_draws_there(script, stand_in, tmp_path, monkeypatch, capsys):
    flags = ["--quick", "--epochs", "1", "--device", "cuda", "--out", str(tmp_path / "run")]
    monkeypatch.setattr(sys, "argv", [f"{script}_mnist.py", *flags])
    with strict_device.counted() as counts:
        runpy.run_path(str(EXAMPLES / f"{script}_mnist.py"), run_name="__main__")
    assert counts.calls > 200  # it did compute there
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "run")
    monkeypatch.setattr(backend, "_chosen", "cpu")
    assert load_run(tmp_path / "run").sample(2).shape == (2, 28, 28, 1)  # and goes on on the host
