"""What is computed in threads is what the plain line of NumPy computes, for arrays of every kind."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from thread_tools import three_threads

from minigan import ops
from minigan.fast import openblas, threads
from minigan.fast.threads import (
    chunked,
    chunks,
    column_sums,
    column_sums_of,
    in_threads,
    multiply_matrices,
    row_sums,
    write_product,
)
from minigan.gradcheck.strategies import arrays, layouts_with_repeats, normal, pairs, seeds, shapes

DTYPES = [np.float32, np.float64, np.float16, np.int32, np.bool_]
dtypes = st.sampled_from(DTYPES)


def same(y, expected):
    assert (y.shape, y.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_array_equal(y, expected)


def close(y, expected):
    assert (y.shape, y.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)


# --- Like NumPy --------------------------------------------------------------------------------------


@given(pairs(layout=layouts_with_repeats), dtypes, dtypes)
def test_chunked_is_the_function_itself(case, first, second):
    a, b = case[0].astype(first), case[1].astype(second)
    with three_threads():
        same(chunked(np.add, a, b), np.add(a, b))
        same(chunked(np.greater, a, b), a > b)
        same(chunked(np.multiply, a, 2.5), np.multiply(a, 2.5))


@given(arrays(shapes(min_dims=1, max_dims=4), layout=layouts_with_repeats), seeds, st.sampled_from("fd"))
def test_with_a_number_for_each_channel_and_an_array_of_the_same_shape(x, seed, dtype):
    x, g, row = (a.astype(dtype) for a in (x, normal(seed, x.shape), normal(seed, x.shape[-1:])))

    def f(x, g, row, out=None):
        return np.add(g * (x - row), 2, out=out)

    with three_threads():
        same(chunked(f, x, g, row), f(x, g, row))
        close(
            np.asarray(column_sums_of(f, x, g, row)), np.asarray(f(x, g, row).sum(tuple(range(x.ndim - 1))))
        )


def test_a_row_for_each_channel_becomes_a_row_for_each_example(small_and_many):
    seen = set()

    def f(x, row, out=None):
        seen.add((x.shape[1:], row.shape))
        return np.add(x, row, out=out)

    x, row = normal(0, (4, 3, 5, 2)), normal(1, (2,))
    same(chunked(f, x, row), x + row)
    column_sums_of(f, x, row)
    assert seen == {((30,), (30,))}


def test_a_single_row_is_cut_like_its_partner(small_and_many):
    def f(x, g, out=None):  # in place, where shapes that differ are an error
        y = np.multiply(g, 2, out=out)
        y *= x
        return y

    x, g = normal(0, (1, 8)), normal(1, (1, 8))
    same(chunked(f, x, g), 2 * x * g)


def test_what_is_summed_chunk_by_chunk_never_exists_as_a_whole(small_and_many):
    sizes = []

    def f(x):
        sizes.append(len(x))
        return x

    close(column_sums_of(f, np.ones((12, 2))), np.full(2, 12.0))
    assert sum(sizes) == 12 and max(sizes) == 2


@st.composite
def factors(draw):
    """Matrices, and stacks of them that broadcast."""
    signature = hnp.mutually_broadcastable_shapes(signature="(i,k),(k,j)->(i,j)", max_dims=2, max_side=4)
    return [draw(arrays(shape, layout=layouts_with_repeats)) for shape in draw(signature).input_shapes]


@pytest.mark.parametrize("openblas_shares", [False, True])
@given(case=factors(), first=dtypes, second=dtypes)
def test_multiply_matrices_is_the_matrix_product(openblas_shares, case, first, second):
    a, b = case[0].astype(first), case[1].astype(second)
    with three_threads(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(openblas, "sleeps_soon", openblas_shares)
        close(multiply_matrices(a, b), a @ b)
        if a.ndim == b.ndim == 2:
            y = np.empty((len(a), b.shape[1]), np.result_type(a, b))
            write_product(a, b, y)
            close(y, a @ b)


@given(arrays(shapes(min_dims=1, max_dims=4), layout=layouts_with_repeats), dtypes)
def test_sums_of_columns_and_rows_are_the_sums(x, dtype):
    x = x.astype(dtype)
    with three_threads():
        close(np.asarray(column_sums(x)), np.asarray(x.sum(tuple(range(x.ndim - 1)))))
        close(np.asarray(row_sums(x)), np.asarray(x.sum(-1)))


@pytest.mark.parametrize("size", [7, 8, 9])
def test_on_both_sides_of_the_threshold(size):
    x, y = normal(0, (size, 1)), normal(1, (1, size))
    with three_threads(large=8):
        same(chunked(np.tanh, x), np.tanh(x))
        close(multiply_matrices(x, y[:, :1]), x @ y[:, :1])
        close(column_sums(x), x.sum(0))
        close(row_sums(x @ np.ones((1, 3))), 3 * x[:, 0])


def test_large_arrays_are_shared_between_the_threads(small_and_many):
    """That is, the tests above test threads."""
    seen, together = set(), threading.Barrier(3, timeout=5)

    def f(x, out):
        if len(x) == 0:  # no rows, to know the shape of one
            return x
        if threading.get_ident() not in seen:
            seen.add(threading.get_ident())
            together.wait()
        return x

    chunked(f, np.zeros((30, 2)))
    assert len(seen) == 3


@given(n=st.integers(0, 40), elements=st.integers(0, 400), length=st.integers(0, 50))
def test_the_shares_and_their_chunks_are_the_whole_and_none_comes_twice(n, elements, length):
    def in_chunks(share):
        return [i for chunk in chunks(share, length) for i in range(chunk.start, chunk.stop)]

    with three_threads():
        shares = in_threads(in_chunks, n, elements)
    assert [i for share in shares for i in share] == list(range(n)) and len(shares) <= 3


@given(seeds)
def test_elementwise_results_do_not_depend_on_the_number_of_threads(seed):
    x = normal(seed, (50, 7)).astype(np.float32)
    alone = [ops.add(x, x), ops.leaky_relu(x)]
    with three_threads():
        together = [ops.add(x, x), ops.leaky_relu(x)]
    for a, b in zip(alone, together, strict=True):
        assert a.tobytes() == b.tobytes()


# --- Errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_an_exception_in_any_thread_is_raised_once_the_others_are_done(bad, small_and_many):
    done = []

    def work(share):
        if share.start == bad:
            raise ZeroDivisionError(f"in share {bad}")
        done.append(share.start)

    with pytest.raises(ZeroDivisionError, match=f"in share {bad}"):
        in_threads(work, 3, 3)
    assert sorted(done) == sorted({0, 1, 2} - {bad})


def test_shapes_that_do_not_fit_are_refused_as_numpy_does(small_and_many):
    for a, b in [((6, 2), (4, 2)), ((6, 2), (3,)), ((6, 2), (5, 6, 3))]:
        with pytest.raises(ValueError, match="could not be broadcast together"):
            chunked(np.add, np.ones(a), np.ones(b))
    for a, b in [((6, 2), (3, 2)), ((6, 1), (6, 2)), ((2, 6, 2), (2, 3, 2)), ((2, 6, 2), (3, 2, 2))]:
        with pytest.raises(ValueError):
            multiply_matrices(np.ones(a), np.ones(b))


def test_errstate_holds_in_every_thread(small_and_many):
    x = np.full((30, 1), 1e300)
    with np.errstate(over="ignore"):
        assert np.isinf(chunked(lambda x, out: np.multiply(x, 1e300, out=out), x)).all()
    with pytest.raises(FloatingPointError), np.errstate(over="raise"):
        in_threads(lambda share: None if share.start == 0 else x[share] * 1e300, 30, 30)


# --- Where no thread can be had ----------------------------------------------------------------------


@pytest.mark.parametrize("started", [0, 1])
def test_where_no_more_threads_can_be_started_the_shares_are_done_one_after_the_other(
    started, small_and_many, monkeypatch
):
    pool, left = threads._pool(), [started]

    class Exhausted:
        def submit(self, *args):
            if not left[0]:
                raise RuntimeError("can't start new thread")
            left[0] -= 1
            return pool.submit(*args)

    monkeypatch.setattr(threads, "_pool", Exhausted)
    assert in_threads(lambda share: (share.start, share.stop), 9, 9) == [(0, 3), (3, 6), (6, 9)]
    x = normal(0, (30, 2))
    same(chunked(np.tanh, x), np.tanh(x))
    close(column_sums(x), x.sum(0))


LATE = """
import atexit, threading, time
import numpy as np
import minigan as mg
from minigan.fast import openblas, threads

mg.ops.add(np.ones((512, 1024), np.float32), 1.0)  # there is a pool now
threads.openblas.number_of_threads = lambda: ((lambda n: None), (lambda: 2))

def late(word):
    y = mg.ops.add(np.ones((1024, 1024), np.float32), 1.0)
    print(word, float(y.sum()) == 2 * y.size, flush=True)

def outliving():
    threading.main_thread().join()
    time.sleep(0.1)
    late("thread")

threading.Thread(target=outliving).start()
atexit.register(late, "atexit")
"""


def test_a_large_operation_after_the_end_of_the_main_thread_is_computed_all_the_same():
    done = subprocess.run(
        [sys.executable, "-c", LATE], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == "" and done.stdout.split() == ["thread", "True", "atexit", "True"]


def test_the_shares_end_before_an_error_is_told(small_and_many):
    """Who is told of an error may use the arrays that the shares write into."""
    ended = []

    def work(share):
        if share.start == 0:
            raise ZeroDivisionError
        time.sleep(0.05)
        ended.append(share.start)

    with pytest.raises(ZeroDivisionError):
        in_threads(work, 3, 3)
    assert sorted(ended) == [1, 2]


def test_arrays_of_another_library_are_left_to_it(device, small_and_many):
    from minigan.backend import module, to_device

    x = to_device(normal(0, (6, 2)))
    out = to_device(normal(1, (6, 6)))
    write_product(x, x.T, out)
    sums = column_sums(x), row_sums(x), column_sums_of(abs, x)
    for y in (chunked(np.add, x, x), multiply_matrices(x, x.T), out, *sums):
        assert isinstance(y, module().ndarray)
