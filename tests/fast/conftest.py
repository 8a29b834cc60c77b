"""`tests/fast` is about `minigan.fast`; without it there is nothing here to test."""

import os

import pytest


class NothingToTest(pytest.Module):
    """A test file that is not imported, because that would load `minigan.fast`."""

    def collect(self):
        pytest.skip("MINIGAN_FAST=0: the plain bodies run, and these tests are about the quicker ones")


def pytest_pycollect_makemodule(module_path, parent):
    if os.environ.get("MINIGAN_FAST") == "0":
        return NothingToTest.from_parent(parent, path=module_path)
    return None


@pytest.fixture
def small_and_many():
    """Three threads, and thresholds so low that small arrays are large: for what `minigan.fast.threads` does."""
    from thread_tools import three_threads

    with three_threads():
        yield
