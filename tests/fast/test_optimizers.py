"""The update in pieces and threads is the plain update, wherever the pieces end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_optimizers import every_optimizer, steps
from thread_tools import three_threads

from minigan.autograd import Tensor
from minigan.fast import threads
from minigan.gradcheck.strategies import arrays, seeds, shapes
from minigan.optimizers import Adam, update_all


def plainly(monkeypatch):
    """From here on, the plain body runs."""
    monkeypatch.setattr(update_all, "forward", update_all.plain)


def test_the_fast_body_is_in_use():
    assert update_all.forward is not update_all.plain


@every_optimizer
@given(
    starts=st.lists(arrays(shapes(max_dims=3, max_side=5)), min_size=1, max_size=3),
    seed=seeds,
    dtype=st.sampled_from("fd"),
)
def test_the_fast_update_is_the_plain_one_up_to_rounding(make, starts, seed, dtype):
    rng = np.random.default_rng(seed)
    gradients = [[np.asarray(rng.normal(size=a.shape), dtype) for a in starts] for _ in range(3)]

    def after_three_steps():
        parameters = [Tensor(a.astype(dtype)) for a in starts]
        optimizer = make(parameters)
        for g in gradients:
            optimizer.step(g)
        return [p.data for p in parameters] + [a for row in optimizer.slots.values() for a in row]

    with three_threads():
        fast = after_three_steps()
    with pytest.MonkeyPatch.context() as patch:
        plainly(patch)
        plain = after_three_steps()
    for a, b in zip(fast, plain, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_allclose(
            a, b, rtol=1e-5 if dtype == "f" else 1e-13, atol=1e-6 if dtype == "f" else 1e-14
        )


def test_an_optimizer_of_ones_own_has_the_plain_update_on_whole_arrays():
    seen = []

    class Mine(Adam):
        def update(self, p, g, *slots):
            seen.append(p.shape)
            super().update(p, g, *slots)

    with three_threads():
        Mine([Tensor(np.ones((3, 4)))]).step([np.ones((3, 4))])
    assert seen == [(3, 4)]


@every_optimizer
@pytest.mark.parametrize("size", [1, 7, 8, 9, 50])
def test_every_element_is_updated_once_wherever_the_pieces_end(make, size, small_and_many):
    rng = np.random.default_rng(0)
    g = rng.normal(size=size)
    g /= np.linalg.norm(g) + 1  # so that clipping leaves it alone
    p = Tensor(np.zeros(size))
    make([p]).step([g])
    one_by_one = [steps(make, [g[i]], 0.0)[0] for i in range(size)]
    np.testing.assert_allclose(p.data, one_by_one, rtol=1e-9)
    np.testing.assert_array_equal(np.sign(p.data), -np.sign(g))


@every_optimizer
@given(cut=st.integers(1, 12), seed=seeds)
def test_the_size_of_the_chunks_does_not_matter(make, cut, seed):
    gradients = np.random.default_rng(seed).normal(size=(3, 4, 3)) * 0.1
    whole = steps(make, gradients, np.zeros((4, 3)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "CHUNK", cut)
        pieces = steps(make, gradients, np.zeros((4, 3)))
    np.testing.assert_array_equal(pieces, whole)
