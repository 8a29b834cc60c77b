"""Several threads for one large operation, and sums and products by BLAS.

`chunked(f, x)` is f(x), `multiply_matrices(a, b)` is a @ b, `column_sums` and `row_sums` are sums; a test compares
each with the plain line of NumPy.

NumPy releases the interpreter lock during a large operation, so that several threads can each work on their
share of the rows of an array.  OpenBLAS, which multiplies matrices for NumPy, has threads of its own, which start
sooner, but help with nothing but the product.  So while shares are computed OpenBLAS is held at one thread, and then
gets back what it had.

What is small, on a GPU, or of an unusual type or order is left to the plain line of NumPy.  With another library
than OpenBLAS there is one share, and that library's threads; where no thread can be started (WebAssembly, or
an interpreter that is shutting down) the shares are computed one after the other.

The number of threads decides where sums and products are cut, and so how they are rounded: runs agree to
the bit on the same machine with the same number of threads (OPENBLAS_NUM_THREADS), as they do in OpenBLAS.
"""

from __future__ import annotations

import contextvars
import functools
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from minigan.fast import openblas

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

T = TypeVar("T")

#: Elements to read and write that are worth another thread: waking one takes as long, up to 0.15 ms.
PER_THREAD = 2**17

#: Elements of a chunk: few enough that what is computed on the way stays in the cache, and enough that the
#: threads, of which one at a time runs Python, seldom wait for each other.
CHUNK = 2**20

#: Elements of an array, multiplications of a product and summands of a sum from which on they are large.
LARGE_ARRAY, LARGE_PRODUCT, LARGE_SUM = 2**17, 2**18, 2**15

#: Elements that are computed in long rows in the time in which one is gathered from here and there.
QUICK = 2

#: Elements that BLAS adds up in the time in which one element is read, changed and written.
SUMMED = 16

#: Elements of a row that NumPy adds up in the time that it takes to start a row.
SHORT = 128


def in_threads(work: Callable[[slice], T], n: int, elements: int) -> list[T]:
    """[work(share), ...] for shares that make up range(n), one for each thread, at the same time.

    elements  that all shares together read and write; if they are few, or n is 1, there is one share
    An exception in a share is raised here, once no other share is at work.
    """
    with openblas.one_thread() as threads:
        count = max(min(threads, n, elements // PER_THREAD), 1)
        first, *shares = [slice(n * i // count, n * (i + 1) // count) for i in range(count)]
        others: list[Future[T]] = []
        try:
            for share in shares:  # each in a copy of the context, where np.errstate keeps its settings
                others.append(_pool().submit(contextvars.copy_context().run, work, share))
        except RuntimeError:  # no thread can be started
            pass
        try:
            alone = [work(share) for share in [first, *shares[len(others) :]]]
            return [alone[0], *[other.result() for other in others], *alone[1:]]
        finally:
            for other in others:  # they write into arrays that whoever is told of an error may use
                other.exception()  # waits until it is done


def chunks(share: slice, length: int) -> Iterator[slice]:
    """The share in chunks of `length`, the last of which may be shorter."""
    step = max(length, 1)
    return (slice(start, min(start + step, share.stop)) for start in range(share.start, share.stop, step))


def chunked(f: Callable[..., Any], x: Any, *others: Any) -> Any:
    """f(x, *others) for an elementwise f, by rows of x: of x and of the others that have as many.

    f takes `out` as well, like a function of NumPy: what it writes there need not be copied there.
    """
    if not (isinstance(x, np.ndarray) and x.size >= LARGE_ARRAY and x.flags.c_contiguous):
        return f(x, *others)
    if long_rows := _long_rows(x, others):
        return chunked(f, *long_rows).reshape(x.shape)
    if x.size < 2 * QUICK * PER_THREAD or not all(_broadcasts_by_rows(other, x) for other in others):
        return f(x, *others)

    def part(other: Any, rows: slice) -> Any:
        return other[rows] if np.ndim(other) == x.ndim and len(other) == len(x) else other

    def on_rows(rows: slice, out: Any) -> Any:
        return f(x[rows], *[part(other, rows) for other in others], out=out)

    none = on_rows(slice(0, 0), None)  # costs nothing, and shows the shape of a row and the dtype
    y = np.empty((len(x), *none.shape[1:]), none.dtype)

    def work(share: slice) -> None:
        for rows in chunks(share, CHUNK * len(x) // x.size):
            on_rows(rows, y[rows])

    in_threads(work, len(x), x.size // QUICK)
    return y


def column_sums_of(f: Callable[..., Any], x: Any, *others: Any) -> Any:
    """column_sums(f(x, *others)) for an elementwise f, in chunks: f(x, *others) never exists as a whole.

    others  numbers, arrays like x, and arrays (J,) for x (..., J)
    """
    if not (_blas_sums(x) and x.size >= LARGE_ARRAY and x.ndim > 1):
        return column_sums(f(x, *others))
    long, *rest = _long_rows(x, others) or [x, *others]

    def work(share: slice) -> Any:
        total = np.zeros(x.shape[-1], x.dtype)
        for rows in chunks(share, CHUNK * len(x) // x.size):
            y = f(long[rows], *[o[rows] if np.ndim(o) == long.ndim else o for o in rest])
            y = y.reshape(-1, x.shape[-1])
            total += np.ones(len(y), x.dtype) @ y
        return total

    return sum(in_threads(work, len(x), x.size // QUICK))


def add_to_rows(y: np.ndarray, row: np.ndarray) -> None:
    """y += row, for y (N, ..., J) and a row (J,)."""
    if y.size < LARGE_ARRAY or not y.flags.c_contiguous:
        y += row
        return
    long, repeated = _long_rows(y, (row,)) or (y, row)
    in_threads(lambda i: np.add(long[i], repeated, out=long[i]), len(long), y.size // QUICK)


def _long_rows(x: np.ndarray, others: tuple[Any, ...]) -> list[Any]:
    """x (N, ..., J) and the others as one long row for each example, an array (J,) repeated; or [] if they do not fit.

    Starting a row costs NumPy as much as computing about 100 of its elements.
    """
    if x.ndim < 3:
        return []
    rows = [x.reshape(len(x), -1)]
    for other in others:
        if not isinstance(other, np.ndarray):
            rows.append(other)
        elif other.shape == x.shape and other.flags.c_contiguous:
            rows.append(other.reshape(len(x), -1))
        elif other.shape == x.shape[-1:]:
            rows.append(np.tile(other, x[0].size // len(other)))
        else:
            return []
    return rows


def _broadcasts_by_rows(other: Any, x: np.ndarray) -> bool:
    """True if `other` is a number, or an array that gives each row of x a row of its own or the same."""
    if not isinstance(other, np.ndarray):
        return isinstance(other, int | float)
    return other.ndim < x.ndim or (other.ndim == x.ndim and len(other) in (1, len(x)))


def multiply_matrices(a: Any, b: Any) -> Any:
    """a @ b for matrices a (..., I, K) and b (..., K, J): each thread has rows, columns or matrices of Y."""
    if a.size * b.shape[-1] < LARGE_PRODUCT:
        return a.dot(b) if a.ndim == b.ndim == 2 and a.dtype is b.dtype else a @ b  # the first starts sooner
    same = isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.dtype == b.dtype and a.ndim == b.ndim
    if not same or a.dtype.char not in "fd":
        return a @ b
    if a.shape[-1] == b.shape[-2] == 1:  # every number of a times every number of b
        return a * b
    rows, columns = a.shape[-2], b.shape[-1]
    if a.ndim == 2 and openblas.sleeps_soon:
        return a @ b
    elements = a.size * columns // 64  # so many multiplications take as long as to read one element
    y = np.empty((*a.shape[:-1], columns), a.dtype)
    if a.ndim > 2:
        if a.shape[:-2] != b.shape[:-2]:  # matrices that are used several times
            return a @ b
        in_threads(lambda i: np.matmul(a[i], b[i], out=y[i]), len(a), elements)
    elif rows > columns:
        in_threads(lambda i: np.matmul(a[i], b, out=y[i]), rows, elements)
    else:
        in_threads(lambda j: np.matmul(a, b[:, j], out=y[:, j]), columns, elements)
    return y


def write_product(a: Any, b: Any, out: Any) -> None:
    """out[...] = a @ b, without a copy on a CPU (NumPy hands a matmul with `out` to no other library)."""
    if isinstance(out, np.ndarray):
        np.matmul(a, b, out=out)
    else:
        out[...] = a @ b


def column_sums(x: Any) -> Any:
    """Σ over all axes of x but the last, (..., J) -> (J,): a product with ones, which BLAS computes faster."""
    if not _blas_sums(x):
        return x.sum(tuple(range(x.ndim - 1)))
    rows = x.reshape(-1, x.shape[-1])
    ones = np.ones(len(rows), x.dtype)
    first, *parts = in_threads(lambda share: ones[share] @ rows[share], len(rows), x.size // SUMMED)
    for part in parts:
        first += part
    return first


def row_sums(x: Any) -> Any:
    """Σ over the last axis of x, (..., J) -> (...): a product with ones as well, where rows are short."""
    if not _blas_sums(x) or not 1 < x.shape[-1] <= SHORT:
        return x.sum(-1)
    rows = x.reshape(-1, x.shape[-1])
    ones = np.ones(x.shape[-1], x.dtype)
    y = np.empty(x.shape[:-1], x.dtype)
    out = y.reshape(-1)
    in_threads(lambda share: np.matmul(rows[share], ones, out=out[share]), len(rows), x.size // SUMMED)
    return y


def _blas_sums(x: Any) -> bool:
    large = isinstance(x, np.ndarray) and x.size >= LARGE_SUM and x.flags.c_contiguous
    return large and x.dtype.char in "fd"


@functools.cache
def _pool() -> ThreadPoolExecutor:
    # Here, because it takes longer to import than all of minigan.
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="minigan")


if hasattr(os, "register_at_fork"):  # a forked process has none of the threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
