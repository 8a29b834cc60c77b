"""Asks the C library to keep freed memory for the next arrays, where it is glibc.

By default it gives large arrays back to the operating system as soon as they are freed, and every page of
the next one is fetched and zeroed again: that can cost more than the arithmetic on it.
"""

from __future__ import annotations

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # their numbers in malloc.h


def keep_freed_memory() -> None:
    if sys.platform != "linux":  # WebAssembly has a mallopt as well, with numbers of its own
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # another C library: nothing to ask
        return
    mallopt(TRIM_THRESHOLD, 2**31 - 1)
    mallopt(MMAP_THRESHOLD, 2**25)  # the largest value it takes: arrays of up to 32 MiB


keep_freed_memory()
