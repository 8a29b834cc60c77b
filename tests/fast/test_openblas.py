"""OpenBLAS is held at one thread and gets its threads back; they sleep soon after a product."""

import os
import subprocess
import sys

import numpy as np
import pytest

from minigan.fast import openblas
from minigan.fast.threads import column_sums, in_threads


class OpenBLAS:
    """A number of threads that can be set and read."""

    def __init__(self, monkeypatch, count):
        self.count, self.seen = count, []
        monkeypatch.setattr(openblas, "number_of_threads", lambda: (self.set, lambda: self.count))

    def set(self, count):
        self.count = count
        self.seen.append(count)


def test_openblas_gets_its_threads_back_also_after_an_error(monkeypatch):
    blas = OpenBLAS(monkeypatch, 5)
    in_threads(lambda share: None, 1, 1)
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda share: 1 / 0, 1, 1)
    assert blas.seen == [1, 5, 1, 5]


def test_openblas_gets_back_the_number_that_somebody_has_set_meanwhile(monkeypatch):
    blas = OpenBLAS(monkeypatch, 5)
    in_threads(lambda share: None, 1, 1)
    blas.count = 2  # as threadpool_limits(2) does
    in_threads(lambda share: None, 1, 1)
    blas.count = 4
    in_threads(lambda share: in_threads(lambda share: None, 1, 1), 1, 1)  # an operation inside another
    assert blas.seen == [1, 5, 1, 2, 1, 4]


def test_an_operation_inside_a_limit_leaves_the_limit_as_it_is():
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def count():
        return [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]

    before = count()
    with threadpoolctl.threadpool_limits(1):
        column_sums(np.ones((2**16, 2)))
        assert set(count()) <= {1}
    column_sums(np.ones((2**16, 2)))
    assert count() == before


# --- How soon they sleep -----------------------------------------------------------------------------

TWO_PRODUCTS = """
import os, sys, threading
import numpy as np

x = np.random.default_rng(0).standard_normal((600, 600))
before = x @ x
if "busy" in sys.argv:
    threading.Thread(target=threading.Event().wait, daemon=True).start()
from minigan.fast import openblas
set_threads, get_threads = openblas.number_of_threads()
count = get_threads()
np.testing.assert_array_equal(x @ x, before)
if hasattr(os, "fork") and os.fork() == 0:
    np.testing.assert_array_equal(x @ x, before)
    os._exit(0)
set_threads(1)
assert openblas.let_sleep_soon() == openblas.sleeps_soon and get_threads() == 1
set_threads(count)
np.testing.assert_array_equal(x @ x, before)
print(openblas.sleeps_soon, os.environ.get("OPENBLAS_THREAD_TIMEOUT"))
"""


def products(*arguments, **environment):
    """What a fresh process prints that multiplies before, and after the threads were started once more."""
    environment = {k: v for k, v in os.environ.items() if k != openblas.TIMEOUT} | environment
    done = subprocess.run(
        [sys.executable, "-c", TWO_PRODUCTS, *arguments],
        check=True,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout.split()


def test_products_are_the_same_after_the_threads_were_started_once_more():
    possible, timeout = products()
    assert possible in ("True", "False") and timeout == "None"  # the variable is taken back


def test_who_has_set_the_variable_keeps_it():
    assert products(OPENBLAS_THREAD_TIMEOUT="20") == ["False", "20"]


def test_nothing_is_done_while_another_thread_might_multiply():
    assert products("busy") == ["False", "None"]
