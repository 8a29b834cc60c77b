"""Settings for all tests.

HYPOTHESIS_PROFILE chooses how hard the property tests look:  `dev` (the default) is quick and draws other examples
every time, `ci` draws more, and the same ones every time, `few` is for what is run again elsewhere (with another
Python, without fast), `thorough` takes its time.
"""

import os
import signal

import pytest
from device_tools import DEVICES
from hypothesis import HealthCheck, settings

import minigan as mg
from minigan import backend
from minigan.gradcheck import check

settings.register_profile(
    "dev", max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("ci", settings.get_profile("dev"), max_examples=25, derandomize=True)
settings.register_profile("few", settings.get_profile("ci"), max_examples=8)
settings.register_profile("thorough", settings.get_profile("dev"), max_examples=200)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(autouse=True)
def seeded():
    """Every test starts from the same random numbers, whatever ran before it."""
    mg.seed(0)


@pytest.fixture(autouse=True, scope="session")
def signals_that_arrive():
    """Ctrl-C interrupts the tests' programs also where whoever started pytest ignores it (nohup, `pytest &` of sh)."""
    usual = {"SIGINT": signal.default_int_handler, "SIGTERM": signal.SIG_DFL, "SIGHUP": signal.SIG_DFL}
    ignored = [
        name
        for name in usual
        if getattr(signal, name, None) and signal.getsignal(getattr(signal, name)) is signal.SIG_IGN
    ]
    for name in ignored:
        signal.signal(getattr(signal, name), usual[name])
    yield
    for name in ignored:
        signal.signal(getattr(signal, name), signal.SIG_IGN)


@pytest.fixture
def few_directions(monkeypatch):
    """`check_grad` looks along two random directions in each array, which touch every element, not at one by one.

    For the loss of a whole model, whose layers and operations are checked element by element by tests of their own.
    """
    monkeypatch.setattr(check, "ELEMENTWISE_UP_TO", 2)
    monkeypatch.setattr(check, "RANDOM_DIRECTIONS", 2)


@pytest.fixture(params=[pytest.param(d, marks=[pytest.mark.gpu] * (d == "cuda")) for d in DEVICES])
def device(request):
    """The test runs once on every device: on the CPU, on the stand-in for CuPy, and on the GPU if there is one."""
    with mg.on(request.param):
        yield request.param


def pytest_runtest_setup(item):
    """A test that needs a GPU says why it is skipped; with MINIGAN_REQUIRE_GPU=1 it fails instead."""
    if item.get_closest_marker("gpu") and backend.cuda_status():
        (pytest.fail if os.environ.get("MINIGAN_REQUIRE_GPU") == "1" else pytest.skip)(backend.cuda_status())
