"""Threads: all cores of the machine for one operation.

Chapter 1.2; nothing to read before it, and nothing else needs it to be understood: what it computes is
what a loop would compute.

NumPy lets go of the interpreter during a large operation, so that several threads can each work on their
share of the images of a batch: copying, adding and multiplying matrices at the same time.  OpenBLAS,
which multiplies matrices for NumPy, has threads of its own.  They help with nothing but the product, and
go on spinning for some time after it, in the way of everything else.  So while a share is computed
OpenBLAS is held at one thread, and is given back what it had.

With another library than OpenBLAS there is one share, and that library's threads.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")

#: Elements to read and write that are worth another thread: waking one takes about as long.
ENOUGH = 2**16


def in_threads(work: Callable[[slice], T], n: int, elements: int) -> list[T]:
    """[work(share), ...] for shares that make up range(n), one for each thread, at the same time.

    elements  that all shares together read and write; if they are few, or n is 1, there is one share
    """
    set_threads, threads = _openblas()
    count = max(min(threads, n, elements // ENOUGH), 1)
    shares = [slice(n * i // count, n * (i + 1) // count) for i in range(count)]
    set_threads(1)
    try:
        others = [_pool().submit(work, share) for share in shares[1:]]
        try:
            return [work(shares[0]), *[other.result() for other in others]]
        finally:
            wait(others)  # they write into arrays that whoever is told of an error may use
    finally:
        set_threads(threads)


#: Elements of a piece of `piecewise`, so that what is computed on the way stays in the cache.
PIECE = 2**20


def piecewise(f: Callable[..., Any], x: Any, *others: Any) -> Any:
    """f(x, *others) for an elementwise f of x and of arrays that broadcast to it, of the dtype of x."""
    if x.size < 4 * ENOUGH or not isinstance(x, np.ndarray):
        return f(x, *others)
    y = np.empty_like(x)
    step = max(1, PIECE * len(x) // x.size)

    def work(share: slice) -> None:
        for start in range(share.start, share.stop, step):
            piece = slice(start, min(start + step, share.stop))
            y[piece] = f(x[piece], *[o[piece] if _has_rows(o, x) else o for o in others])

    in_threads(work, len(x), x.size)
    return y


def _has_rows(other: Any, x: Any) -> bool:
    return isinstance(other, np.ndarray) and other.ndim == x.ndim and len(other) == len(x)


@functools.cache
def _openblas() -> tuple[Callable[[int], object], int]:
    """The function that sets the number of OpenBLAS's threads, and that number (one per core, unless
    the environment variable OPENBLAS_NUM_THREADS says otherwise)."""
    try:
        library = ctypes.CDLL(
            sys.modules["numpy._core._multiarray_umath"].__file__
        )  # which finds what it is linked to, too
    except (OSError, AttributeError, KeyError):
        return (lambda threads: None), 1
    for name in ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_", "openblas_{}_num_threads"):
        if hasattr(library, name.format("set")):
            return getattr(library, name.format("set")), getattr(library, name.format("get"))()
    return (lambda threads: None), 1


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_openblas()[1], thread_name_prefix="minigan")


if hasattr(os, "register_at_fork"):  # a forked process has none of the threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
