"""The report about a GPU, made about the stand-in; and the tests that only a GPU can run."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
import strict_device
from models.test_every_model import ROWS

import minigan as mg
from minigan import gpucheck, ops
from minigan.autograd import primitives
from minigan.backend import cuda_status, to_device, to_numpy
from minigan.gradcheck.cases import all_cases

TINY = {name: ROWS[name].make for name in ("CapsNet", "DCGAN", "MLPGAN", "VAE")}


def report(capsys, monkeypatch):
    monkeypatch.setattr(gpucheck, "STEPS", 1)
    code = gpucheck.main("strict", TINY, (5, 4, 4, 1))
    return code, capsys.readouterr().out


def test_the_report_has_a_line_for_every_operation_and_model(capsys, monkeypatch):
    code, text = report(capsys, monkeypatch)
    assert code == 0, text
    lines = text.splitlines()
    first = {line.split()[0] for line in lines if line}
    assert set(all_cases()) | set(TINY) <= first
    assert "a stand-in for CuPy" in text and lines[-1] == "0 failures"


def test_a_wrong_operation_and_a_wrong_model_are_reported(capsys, monkeypatch):
    right = primitives["tanh"].forward
    wrong = lambda x: right(x) if isinstance(x, np.ndarray | np.generic) else right(x) * 1.5
    monkeypatch.setattr(ops.tanh, "forward", wrong)
    code, text = report(capsys, monkeypatch)
    assert code == 1
    assert "tanh: differs by" in text
    for dtype in ("float32", "float64"):
        assert re.search(f"DCGAN: differs by .* after two steps in {dtype}", text)


@pytest.mark.parametrize("name", TINY)
def test_crossings_are_those_that_the_stand_in_counts(name):
    with mg.on("strict"):
        model, batch, _ = gpucheck._two_steps(TINY[name], np.zeros((5, 4, 4, 1)))
        with strict_device.counted() as expected, gpucheck._crossings(strict_device.cupy) as crossings:
            model.train_step(batch)
            to_numpy(to_device(np.ones(3)))
    assert (crossings.uploads, crossings.downloads) == (expected.uploads, 1)
    assert expected.uploads > 1


@pytest.mark.parametrize("name", TINY)
def test_a_model_takes_the_precision_of_its_images(name):
    for dtype in (np.float32, np.float64):
        model, _, _ = gpucheck._two_steps(TINY[name], np.zeros((5, 4, 4, 1), dtype))
        parts = (*model.networks.values(), *model.optimizers.values())
        found = [a.dtype for part in parts for a in part.state().values() if a.dtype.kind == "f"]
        assert set(found) == {np.dtype(dtype)}


def test_a_nan_is_a_difference():
    assert gpucheck._difference([np.array([np.nan])], [np.array([1.0])]) == np.inf
    assert gpucheck._difference([np.array([1.5, 0])], [np.array([1.0, 2])]) == 1
    assert gpucheck._difference([np.zeros((0, 2))], [np.zeros((0, 2))]) == 0


@pytest.mark.skipif(not cuda_status(), reason="there is a GPU")
def test_without_a_gpu_the_command_says_why():
    done = subprocess.run(
        [sys.executable, "-m", "minigan.gpucheck"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout.strip() == f"There is nothing to check. {cuda_status()}"


@pytest.mark.skipif(not cuda_status(), reason="there is a GPU")
def test_a_gpu_that_is_required_is_missed(tmp_path):
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", __file__]
    for required, said in (("0", "1 skipped"), ("1", "1 error")):
        environment = os.environ | {"MINIGAN_REQUIRE_GPU": required}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert said in done.stdout, done.stdout
        assert (done.returncode == 0) is (required == "0")


@pytest.mark.gpu
def test_the_gpu_computes_what_the_cpu_computes():
    assert gpucheck.main() == 0
    assert mg.backend.module("cuda").__name__ == "cupy"
