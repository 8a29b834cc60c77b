"""Small arrays that are worked on in threads, as if they were large."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from minigan.fast import openblas, threads

pool = ThreadPoolExecutor(3)


@contextmanager
def three_threads(large=2):
    """Three threads, whatever the machine, for arrays of `large` elements or more, in chunks of a few."""
    set_threads, get_threads = openblas.number_of_threads()
    count = get_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            openblas, "number_of_threads", lambda: ((lambda n: set_threads(min(n, count))), lambda: 3)
        )
        patch.setattr(threads, "_pool", lambda: pool)
        for name in ("LARGE_ARRAY", "LARGE_PRODUCT", "LARGE_SUM"):
            patch.setattr(threads, name, large)
        patch.setattr(threads, "PER_THREAD", 1)
        patch.setattr(threads, "SUMMED", 1)
        patch.setattr(threads, "QUICK", 1)
        patch.setattr(threads, "CHUNK", 4)
        yield
