"""The threads of OpenBLAS, which multiplies matrices for NumPy: how many there are, and how soon they sleep.

After a product its threads go on spinning for the next one, for 2²⁶ ticks of the processor's clock, in the way of
all others.  Here it is told to let them sleep after 2¹⁸ ticks, a tenth of a millisecond.  It reads that number from
an environment variable when it starts its threads, so they are stopped and started once more.  This is left alone
where the variable is set, where other threads might be multiplying now, and where OpenBLAS cannot do it.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TIMEOUT = "OPENBLAS_THREAD_TIMEOUT"  # the binary logarithm of the ticks

_lock = threading.Lock()
_holding = 0  # how many operations hold OpenBLAS at one thread now
_threads = 1  # that OpenBLAS had before the first of them


@contextmanager
def one_thread() -> Iterator[int]:
    """OpenBLAS has one thread inside the with-block; gives the number that it had before, and gives it back."""
    global _holding, _threads
    set_threads, get_threads = number_of_threads()
    try:
        with _lock:
            _holding += 1
            if _holding == 1:
                _threads = get_threads()  # each time: somebody may have changed it
                set_threads(1)
        yield _threads
    finally:
        with _lock:
            _holding -= 1
            if _holding == 0:
                set_threads(_threads)


@functools.cache
def number_of_threads() -> tuple[Callable[[int], object], Callable[[], int]]:
    """The functions that set and get the number of OpenBLAS's threads."""
    names = ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_", "openblas_{}_num_threads")
    for name in names:
        if functions := _functions(name.format("set"), name.format("get")):
            return functions[0], functions[1]
    return (lambda threads: None), (lambda: 1)


def let_sleep_soon() -> bool:
    """Let the threads of OpenBLAS sleep sooner; False if that cannot be."""
    functions = _functions("openblas_read_env", "blas_thread_shutdown_", "blas_thread_init")
    if sys.platform != "linux" or TIMEOUT in os.environ or threading.active_count() > 1 or not functions:
        return False
    os.environ[TIMEOUT] = "18"
    for function in functions:
        function()
    del os.environ[TIMEOUT]
    return True


def _functions(*names: str) -> list[Callable]:
    """These functions of OpenBLAS; none if it lacks one of them."""
    try:
        # The file of NumPy's core, through which what it is linked to is found, too.
        library = ctypes.CDLL(sys.modules["numpy._core._multiarray_umath"].__file__)
        return [getattr(library, name) for name in names]
    except (OSError, AttributeError, KeyError):
        return []


sleeps_soon = let_sleep_soon()
