"""Batches: every example once, in an order that (seed, epoch) alone decides."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigan.data import Batches

sizes = st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n)))


def run(batches, epoch, start=0):
    return [batch.tolist() for batch in batches.epoch(epoch, start)]


@settings(deadline=None)
@given(sizes, st.booleans(), st.integers(0, 2**70), st.integers(0, 5))
def test_every_example_comes_once_per_epoch(size, shuffle, seed, epoch):
    n, batch_size = size
    batches = Batches(np.arange(n), batch_size, shuffle, seed, drop_last=False)
    got = run(batches, epoch)
    assert len(got) == len(batches) == -(-n // batch_size)
    assert all(len(batch) == batch_size for batch in got[:-1])
    assert sorted(chain(*got)) == list(range(n))


@settings(deadline=None)
@given(sizes, st.booleans())
def test_drop_last_leaves_out_only_what_fills_no_batch(size, shuffle):
    n, batch_size = size
    got = run(Batches(np.arange(n), batch_size, shuffle), epoch=3)
    assert [len(batch) for batch in got] == [batch_size] * (n // batch_size)
    assert len(set(chain(*got))) == n // batch_size * batch_size


@settings(deadline=None)
@given(sizes, st.data())
def test_an_epoch_can_be_resumed_at_any_step(size, data):
    n, batch_size = size
    whole = run(Batches(np.arange(n), batch_size, drop_last=False), epoch=2)
    start = data.draw(st.integers(0, len(whole)))
    assert run(Batches(np.arange(n), batch_size, drop_last=False), epoch=2, start=start) == whole[start:]


def test_the_order_depends_on_seed_and_epoch_and_nothing_else():
    x = np.arange(1000)
    first, second = Batches(x, 10, seed=1), Batches(x, 10, seed=1)
    run(first, 0)  # what happened before does not matter
    assert run(first, 5) == run(second, 5)
    assert run(first, 5) != run(first, 6)
    assert run(first, 5) != run(Batches(x, 10, seed=2), 5)
    assert run(first, 0) != run(first, 1)
    np.random.seed(0)
    assert run(first, 5) == run(second, 5)


def test_the_order_of_a_small_set_is_pinned():
    """A changed order would silently break the resuming of old runs."""
    assert Batches(np.arange(8), 2, seed=0).order(0).tolist() == [5, 3, 0, 1, 2, 4, 7, 6]
    assert Batches(np.arange(8), 2, seed=0).order(1).tolist() == [6, 3, 4, 7, 2, 0, 1, 5]


def test_the_order_is_not_drawn_from_the_stream_that_weights_are_drawn_from():
    order = Batches(np.arange(1000), 1, seed=7).order(0)
    assert not np.array_equal(order, np.random.default_rng(7).permutation(1000))


def test_without_shuffling_the_order_is_that_of_the_arrays():
    assert run(Batches(np.arange(5), 2, shuffle=False), 9) == [[0, 1], [2, 3]]


def test_one_array_gives_arrays_and_a_tuple_gives_tuples_that_match():
    x, label = np.arange(12).reshape(6, 2), np.arange(6)
    (alone,) = Batches(x, 6).epoch(0)
    assert isinstance(alone, np.ndarray)
    ((images, labels),) = Batches((x, label), 6).epoch(0)
    np.testing.assert_array_equal(images, alone)
    np.testing.assert_array_equal(images[:, 0], 2 * labels)
    (in_tuple,) = Batches((x,), 6).epoch(0)
    assert isinstance(in_tuple, tuple) and len(in_tuple) == 1


def test_a_batch_keeps_its_dtype_and_may_be_changed():
    x = np.zeros((4, 2), dtype=np.float32)
    for shuffle in True, False:
        for batch in Batches(x, 2, shuffle).epoch(0):
            assert batch.dtype == np.float32
            batch += 1
    assert not x.any()


@pytest.mark.parametrize(
    "arrays, batch_size, error, message",
    [
        (np.zeros((0, 3)), 1, ValueError, r"at least one example, got shapes \[\(0, 3\)\]"),
        (np.array(1.0), 1, ValueError, r"at least one example, got shapes \[\(\)\]"),
        ((), 1, ValueError, "at least one example"),
        ((np.zeros(3), np.zeros(4)), 1, ValueError, r"same length, got shapes \[\(3,\), \(4,\)\]"),
        (np.zeros(3), 0, ValueError, "batch_size is 0, expected an integer of at least 1"),
        (np.zeros(3), 4, ValueError, "batch_size is 4, but there are 3 examples"),
        ([np.zeros(3), np.zeros(3)], 1, TypeError, "a NumPy array or a tuple of them, got list"),
        ((np.zeros(3), [1, 2, 3]), 1, TypeError, "a NumPy array or a tuple of them, got list"),
    ],
)
def test_what_cannot_be_cut_into_batches_is_an_error(arrays, batch_size, error, message):
    with pytest.raises(error, match=message):
        Batches(arrays, batch_size)


def test_a_batch_larger_than_the_set_is_allowed_if_the_last_one_is_kept():
    assert run(Batches(np.arange(3), 4, shuffle=False, drop_last=False), 0) == [[0, 1, 2]]


@pytest.mark.parametrize("start", [-1, 3])
def test_a_start_outside_the_epoch_is_an_error_at_once(start):
    with pytest.raises(
        ValueError, match=f"Batches: start is {start}, expected (0 to 2 batches|an integer of at least 0)"
    ):
        Batches(np.arange(4), 2).epoch(0, start)


def test_batches_are_asked_for_by_epoch_only():
    with pytest.raises(TypeError, match="not iterable"):
        iter(Batches(np.arange(4), 2))
