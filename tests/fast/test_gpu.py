"""Adam as one kernel for each parameter is Adam as it is written, on the stand-in and where there is a GPU."""

import numpy as np
import pytest
import strict_device
from device_tools import DEVICES, there
from test_imports import fresh

import minigan as mg
from minigan.autograd import Tensor
from minigan.backend import to_numpy
from minigan.fast import gpu
from minigan.optimizers import Adam, update_all

SHAPES = [(3, 4), (5,), (), (0, 2)]
every_device = pytest.mark.parametrize(
    "device", [pytest.param(d, marks=[pytest.mark.gpu] * (d == "cuda")) for d in DEVICES if d != "cpu"]
)


def after_three_steps(dtype, precision_of_gradients=None, **settings):
    """The parameters and the slots of an Adam, on the host."""
    rng = np.random.default_rng(0)
    parameters = [Tensor(a) for a in there([rng.normal(size=shape).astype(dtype) for shape in SHAPES])]
    optimizer = Adam(parameters, 0.1, **settings)
    for _ in range(3):
        gradients = [rng.normal(size=shape).astype(precision_of_gradients or dtype) for shape in SHAPES]
        optimizer.step(there(gradients))
    return [to_numpy(a) for a in (*parameters, *optimizer.slots["m"], *optimizer.slots["v"])]


def without_kernels(monkeypatch, *args, **settings):
    with monkeypatch.context() as patch:
        patch.setattr(update_all, "forward", update_all.plain)
        return after_three_steps(*args, **settings)


def differ(found, expected):
    worst = 1e-6 if expected[0].dtype == np.float32 else 1e-14
    return any(not np.allclose(a, b, rtol=worst, atol=worst) for a, b in zip(found, expected, strict=True))


@every_device
@pytest.mark.parametrize("settings", [{}, {"beta_1": 0.0, "beta_2": 0.99}, {"clip_norm": 0.5}], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_kernel_is_the_plain_update(device, dtype, settings, monkeypatch):
    with mg.on(device):
        expected = without_kernels(monkeypatch, dtype, **settings)
        found = after_three_steps(dtype, **settings)
    assert not differ(found, expected)
    assert [a.dtype for a in found] == [a.dtype for a in expected] == [np.dtype(dtype)] * len(found)


@pytest.mark.parametrize(
    ("line", "wrong"), [("beta_1 * m", "m"), ("(g * g)", "g"), ("sqrt(v)", "v"), ("p -=", "p +=")]
)
def test_a_wrong_kernel_is_noticed(line, wrong, monkeypatch):
    assert line in gpu.BODY
    with mg.on("strict"):
        expected = after_three_steps(np.float64)
        monkeypatch.setattr(gpu, "BODY", gpu.BODY.replace(line, wrong))
        gpu.kernel.cache_clear()
        assert differ(after_three_steps(np.float64), expected)
    gpu.kernel.cache_clear()


def test_a_step_is_one_call_for_each_parameter():
    with mg.on("strict"):
        p = [Tensor(a) for a in there([np.ones((2, 3), np.float32), np.ones(4, np.float32)])]
        g = there([np.ones((2, 3), np.float32), np.ones(4, np.float32)])
        optimizer = Adam(p)
        with strict_device.counted() as counts, strict_device.no_waiting():
            optimizer.step(g)
    assert (counts.calls, counts.uploads) == (2, 0)


def test_gradients_of_another_precision_are_left_to_the_plain_update(monkeypatch):
    with mg.on("strict"):
        expected = without_kernels(monkeypatch, np.float32, np.float64)
        found = after_three_steps(np.float32, np.float64)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_only_a_gpu_loads_the_file():
    code = (
        "import sys, numpy as np, minigan as mg; p = mg.Tensor(np.ones(3)); "
        "mg.optimizers.Adam([p]).step([np.ones(3)]); print('minigan.fast.gpu' in sys.modules)"
    )
    assert fresh(code) == "False\n"
