"""Batch normalization as one operation against the plain body, which is the composition of its parts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from registry import covers
from thread_tools import three_threads

from minigan import Tensor, grad
from minigan.fast.batch_normalization import batch_normalize, batch_statistics
from minigan.gradcheck import check_grad
from minigan.gradcheck.strategies import arrays, normal, positive, seeds
from minigan.layers.batch import normalize_batch


def normalize(x, gamma, beta, epsilon=1e-3):
    data = x.data if isinstance(x, Tensor) else x
    return batch_normalize(x, gamma, beta, *batch_statistics(data), epsilon=epsilon)


@st.composite
def cases(draw):
    """x (..., C), γ and β (C,); at least three examples, as the variance of two has a kink in its gradient."""
    channels = draw(st.integers(1, 3))
    before = draw(st.sampled_from([(3,), (5,), (2, 2), (1, 3), (3, 2, 2)]))
    seed = draw(seeds)
    return draw(arrays((*before, channels))), positive(seed, (channels,)), normal(seed + 1, (channels,))


@covers("batch_normalize")
@given(cases())
def test_batch_normalize(case):
    x, gamma, beta = case
    expected = (x - x.mean(tuple(range(x.ndim - 1)))) / np.sqrt(
        x.var(tuple(range(x.ndim - 1))) + 0.1
    ) * gamma + beta
    f = lambda x, gamma, beta: normalize(x, gamma, beta, 0.1)
    np.testing.assert_allclose(f(x, gamma, beta), expected, rtol=1e-10, atol=1e-12)
    check_grad(f, x, gamma, beta)


@given(cases(), seeds)
def test_both_gradients_are_those_of_the_plain_body(case, seed):
    g = normal(seed, case[0].shape)

    def gradients(f, create_graph):
        args = [Tensor(a) for a in case]
        first = grad(f(*args, 1e-3), args, g, create_graph=create_graph)
        return grad(sum((d * d).sum() for d in first), args[:2]) if create_graph else first  # β is gone

    for create_graph in (False, True):
        expected = gradients(lambda *args: normalize_batch.plain(*args)[0], create_graph)
        with three_threads():
            found = gradients(normalize, create_graph)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-8 * (1 + np.abs(b).max()))


def test_by_hand():
    # x = (1, 3): μ = 2, v = 1; with ε = 3 is s = 2, x̂ = (-½, ½), y = 4 x̂ + 1
    x, gamma, beta = Tensor(np.array([[1.0], [3.0]])), Tensor(np.array([4.0])), Tensor(np.array([1.0]))
    y = normalize(x, gamma, beta, 3.0)
    np.testing.assert_allclose(y.data, [[-1], [3]])
    # g = (0, 1): dL/dβ = 1, dL/dγ = ½, mean(g) = ½, mean(g x̂) = ¼, dL/dx = 2 (g - ½ - x̂/4)
    dx, dgamma, dbeta = grad(y, [x, gamma, beta], np.array([[0.0], [1.0]]))
    np.testing.assert_allclose(dx, [[-0.75], [0.75]])
    np.testing.assert_allclose([dgamma, dbeta], [[0.5], [1]])


def test_float32_stays_float32_at_both_orders():
    args = [Tensor(a.astype(np.float32)) for a in (normal(0, (3, 2)), positive(1, (2,)), normal(2, (2,)))]
    first = grad((normalize(*args) ** 2).sum(), args, create_graph=True)
    second = grad(sum((g * g).sum() for g in first), args)
    assert {a.dtype for a in (normalize(*args), *first, *second)} == {np.dtype(np.float32)}
