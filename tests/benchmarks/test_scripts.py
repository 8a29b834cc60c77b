"""What the benchmarks compute from their measurements, and that each of the long ones runs."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minigan as mg
from minigan.layers import Conv2D, Conv2DTranspose
from minigan.models import DCGAN
from minigan.training.parallel import ProcessGroup

ROOT = Path(mg.__file__).parents[1]
if not (ROOT / "benchmarks").exists():
    pytest.skip("the benchmarks are not installed beside the package", allow_module_level=True)
sys.path += [str(ROOT / "benchmarks"), str(ROOT / "examples")]

import quality
import ranks
import scaling

with_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")

# --- How a step grows ---------------------------------------------------------------------------------


def test_the_slope_of_a_power_is_its_exponent():
    x = np.array([2, 8, 32, 128])
    assert scaling.slope(x, 3 * x**1.5) == pytest.approx(1.5)
    assert scaling.slope(x, np.full(4, 7.0)) == pytest.approx(0)


def test_every_point_is_measured_once_and_differs_from_the_base_in_one_setting():
    points = scaling.points(scaling.BASE, scaling.VALUES)
    assert len(points) == len(set(points)) == sum(map(len, scaling.VALUES.values())) - 3
    base = tuple(scaling.BASE.values())
    assert base in points
    assert all(sum(a != b for a, b in zip(point, base, strict=True)) <= 1 for point in points)


@pytest.mark.parametrize("depth", [2, 5])
def test_the_depth_is_the_number_of_convolutions_of_each_network(depth):
    model = scaling.gan(width=2, size=8, depth=depth)
    for network in (model.G, model.D):
        assert sum(isinstance(layer, Conv2D | Conv2DTranspose) for layer in network.layers) == depth
    assert model.sample(3).shape == (3, 8, 8, 1)


def test_a_row_that_was_not_written_to_its_end_is_measured_again(tmp_path):
    path = tmp_path / "scaling.csv"
    head = "batch,width,size,depth,library,minimum ms,median ms,memory MiB\n"
    path.write_text(head + "2,32,32,2,minigan,1.5,2.5,3.5\n2,32,32,2,PyTorch,1.5")
    assert scaling.read(path) == {(2, 32, 32, 2, "minigan"): (1.5, 2.5, 3.5)}
    assert scaling.read(tmp_path / "none.csv") == {}


# --- Several ranks ------------------------------------------------------------------------------------


def test_the_network_takes_its_latency_for_each_message_and_its_bandwidth_for_each_byte():
    # 2 ranks: half of 2.5e9 bytes goes out, and half of the sum comes back: 1.25e9 bytes each way in a second
    assert ranks.network_seconds([2_500_000_000], 2) == pytest.approx(2.0 + 2 * 50e-6)
    assert ranks.network_seconds([0, 0, 0], 5) == pytest.approx(3 * 8 * 50e-6)
    assert ranks.network_seconds([10**9], 1) == 0
    assert ranks.sent([600, 400], 4) == 1500


def test_what_is_counted_are_the_gradients_of_both_networks_and_the_rest():
    model = DCGAN(width=2)
    d, g, rest = ranks.messages_of_step(model)
    sizes = [sum(p.size for p in network.parameters()) for network in (model.D, model.G)]
    assert [d, g] == [4 * size for size in sizes]
    statistics = sum(array.size for network in (model.G, model.average) for array in network.buffers())
    assert rest == 4 * (statistics + 7)  # two losses and five diagnostics


def test_rank_0_without_the_others_gets_its_own_numbers_back():
    comm = ranks.RankZero(4)
    (mean,) = ProcessGroup(comm).mean([np.arange(3, dtype=np.float32)])
    assert mean.tolist() == [0, 1, 2] and comm.messages == [12]


# --- Time to a quality --------------------------------------------------------------------------------


def test_the_time_to_a_share_is_that_of_the_first_evaluation_that_found_it():
    rows = np.array([[0, 0.0, 0.1], [2, 3.0, 0.7], [4, 6.0, 0.6], [6, 9.0, 0.8]])
    assert quality.seconds_to(rows, 0.7) == 3.0
    assert quality.seconds_to(rows, 0.75) == 9.0
    assert quality.seconds_to(rows, 0.9) == np.inf


# --- All of it ----------------------------------------------------------------------------------------


@pytest.mark.slow
@with_torch
@pytest.mark.parametrize("script", ["scaling", "quality"])
def test_a_script_runs_and_does_not_measure_again_what_is_there(script, tmp_path):
    command = [sys.executable, ROOT / "benchmarks" / f"{script}.py", "--quick", "--out", tmp_path]
    settings = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1") | {"PYTHONPATH": str(ROOT)}
    found = []
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | settings)
        assert done.returncode == 0, done.stderr
        found.append({path.name: path.read_bytes() for path in tmp_path.iterdir()})
    assert found[0] == found[1] and f"{script}.png" in found[0]
    assert {path.suffix for path in tmp_path.iterdir()} == {".csv", ".png"}
