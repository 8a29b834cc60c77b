"""What is computed in threads is what the plain line of NumPy computes, for arrays of every kind."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from strategies import arrays, layouts_with_repeats, normal, pairs, seeds, shapes
from thread_tools import three_threads

from minigan import ops
from minigan.fast import threads
from minigan.fast.threads import (
    in_threads,
    pieces,
    piecewise,
    product,
    sum_in_rows,
    sum_of_rows,
    sum_of_rows_of,
    write_product,
)

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
def test_piecewise_is_the_function_itself(case, first, second):
    a, b = case[0].astype(first), case[1].astype(second)
    with three_threads():
        same(piecewise(np.add, a, b), np.add(a, b))
        same(piecewise(lambda a, b: a > b, a, b), a > b)
        same(piecewise(np.multiply, a, 2.5), np.multiply(a, 2.5))


@given(arrays(shapes(min_dims=1, max_dims=4), layout=layouts_with_repeats), seeds, st.sampled_from("fd"))
def test_with_a_number_for_each_channel_and_an_array_of_the_same_shape(x, seed, dtype):
    x, g, row = (a.astype(dtype) for a in (x, normal(seed, x.shape), normal(seed, x.shape[-1:])))

    def f(x, g, row):
        return g * (x - row) + 2

    with three_threads():
        same(piecewise(f, x, g, row), f(x, g, row))
        close(
            np.asarray(sum_of_rows_of(f, x, g, row)), np.asarray(f(x, g, row).sum(tuple(range(x.ndim - 1))))
        )


def test_a_row_for_each_channel_becomes_a_row_for_each_example(small_and_many):
    seen = set()

    def f(x, row):
        seen.add((x.shape[1:], row.shape))
        return x + row

    x, row = normal(0, (4, 3, 5, 2)), normal(1, (2,))
    same(piecewise(f, x, row), x + row)
    sum_of_rows_of(f, x, row)
    assert seen == {((30,), (30,))}


def test_what_is_summed_piece_by_piece_never_exists_as_a_whole(small_and_many):
    sizes = []

    def f(x):
        sizes.append(len(x))
        return x

    close(sum_of_rows_of(f, np.ones((12, 2))), np.full(2, 12.0))
    assert sum(sizes) == 12 and max(sizes) == 2


@st.composite
def factors(draw):
    """Matrices, and stacks of them that broadcast."""
    signature = hnp.mutually_broadcastable_shapes(signature="(i,k),(k,j)->(i,j)", max_dims=2, max_side=4)
    return [draw(arrays(shape, layout=layouts_with_repeats)) for shape in draw(signature).input_shapes]


@given(factors(), dtypes, dtypes)
def test_product_is_the_matrix_product(case, first, second):
    a, b = case[0].astype(first), case[1].astype(second)
    with three_threads():
        close(product(a, b), a @ b)
        if a.ndim == b.ndim == 2:
            y = np.empty((len(a), b.shape[1]), np.result_type(a, b))
            write_product(a, b, y)
            close(y, a @ b)


@given(arrays(shapes(min_dims=1, max_dims=4), layout=layouts_with_repeats), dtypes)
def test_sums_of_and_in_rows_are_the_sums(x, dtype):
    x = x.astype(dtype)
    with three_threads():
        close(np.asarray(sum_of_rows(x)), np.asarray(x.sum(tuple(range(x.ndim - 1)))))
        close(np.asarray(sum_in_rows(x)), np.asarray(x.sum(-1)))


@pytest.mark.parametrize("size", [7, 8, 9])
def test_on_both_sides_of_the_threshold(size):
    x, y = normal(0, (size, 1)), normal(1, (1, size))
    with three_threads(large=8):
        same(piecewise(np.tanh, x), np.tanh(x))
        close(product(x, y[:, :1]), x @ y[:, :1])
        close(sum_of_rows(x), x.sum(0))
        close(sum_in_rows(x @ np.ones((1, 3))), 3 * x[:, 0])


def test_large_arrays_are_shared_between_the_threads(small_and_many):
    """That is, the tests above test threads."""
    seen, together = set(), threading.Barrier(3, timeout=5)

    def f(x):
        if len(x) == 0:  # no rows, to know the shape of one
            return x
        if threading.get_ident() not in seen:
            seen.add(threading.get_ident())
            together.wait()
        return x

    piecewise(f, np.zeros((30, 2)))
    assert len(seen) == 3


@given(n=st.integers(0, 40), elements=st.integers(0, 400), length=st.integers(0, 50))
def test_the_shares_and_their_pieces_are_the_whole_and_none_comes_twice(n, elements, length):
    def in_pieces(share):
        return [i for piece in pieces(share, length) for i in range(piece.start, piece.stop)]

    with three_threads():
        shares = in_threads(in_pieces, n, elements)
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
            piecewise(np.add, np.ones(a), np.ones(b))
    for a, b in [((6, 2), (3, 2)), ((6, 1), (6, 2)), ((2, 6, 2), (2, 3, 2)), ((2, 6, 2), (3, 2, 2))]:
        with pytest.raises(ValueError):
            product(np.ones(a), np.ones(b))


def test_errstate_holds_in_every_thread(small_and_many):
    x = np.full((30, 1), 1e300)
    with np.errstate(over="ignore"):
        assert np.isinf(piecewise(lambda x: x * 1e300, x)).all()
    with pytest.raises(FloatingPointError), np.errstate(over="raise"):
        in_threads(lambda share: None if share.start == 0 else x[share] * 1e300, 30, 30)


def test_openblas_gets_its_threads_back_also_after_an_error(monkeypatch):
    given_back = []
    monkeypatch.setattr(threads, "_openblas", lambda: (given_back.append, 5))
    in_threads(lambda share: None, 1, 1)
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda share: 1 / 0, 1, 1)
    assert given_back == [1, 5, 1, 5]


def test_arrays_of_another_library_are_left_to_it(device, small_and_many):
    from minigan.backend import module, to_device

    x = to_device(normal(0, (6, 2)))
    out = to_device(normal(1, (6, 6)))
    write_product(x, x.T, out)
    sums = sum_of_rows(x), sum_in_rows(x), sum_of_rows_of(abs, x)
    for y in (piecewise(np.add, x, x), product(x, x.T), out, *sums):
        assert isinstance(y, module().ndarray)
