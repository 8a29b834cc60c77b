"""Settings for all tests.

HYPOTHESIS_PROFILE chooses how hard the property tests look:  `dev` (the default) is quick, `ci` draws
the same examples every time, `thorough` takes its time.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

import minigan as mg

settings.register_profile(
    "dev", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("ci", settings.get_profile("dev"), max_examples=100, derandomize=True)
settings.register_profile("thorough", settings.get_profile("dev"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(autouse=True)
def seeded():
    """Every test starts from the same random numbers, whatever ran before it."""
    mg.seed(0)
