"""Derivatives to twelve digits:  f'(x) = Im f(x + ih) / h  with h = 1e-30.

A complex step subtracts nothing, so it loses nothing: the result is exact up to the last few bits, where
differences stop at about ten digits.  It needs functions that are analytic and accept complex numbers,
which NumPy's are.  The second derivative is the same step through the vjp.
"""

import numpy as np
import pytest

from minigan import Tensor, grad, ops

H = 1e-30
RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.standard_normal(shape)


def positive(*shape):
    return RNG.uniform(0.2, 3, shape)


def softplus(x):
    """NumPy's logaddexp refuses complex numbers; for moderate x this is the same function."""
    return ops.log(1 + ops.exp(x)) if x.dtype == complex else ops.softplus(x)


# name -> (f, arguments); f takes complex arrays as well as Tensors
FUNCTIONS = {
    "exp": (ops.exp, [normal(8)]),
    "log": (ops.log, [positive(8)]),
    "sqrt": (ops.sqrt, [positive(8)]),
    "tanh": (ops.tanh, [normal(8) * 3]),
    "sigmoid": (ops.sigmoid, [normal(8) * 3]),
    "softplus": (softplus, [normal(8) * 3]),
    "negative": (ops.negative, [normal(8)]),
    "power": (ops.power, [positive(8), normal(8)]),
    "power with broadcasting": (ops.power, [positive(3, 1), normal(4)]),
    "x ** 3": (lambda x: x**3, [normal(8)]),
    "x ** -1.5": (lambda x: x**-1.5, [positive(8)]),
    "2 ** x": (lambda x: 2**x, [normal(8)]),
    "x ** x": (lambda x: x**x, [positive(8)]),
    "add": (ops.add, [normal(3, 1), normal(4)]),
    "subtract": (ops.subtract, [normal(4), normal(3, 1)]),
    "multiply": (ops.multiply, [normal(3, 1), normal(4)]),
    "divide": (ops.divide, [normal(3, 1), positive(4)]),
    "x / x": (lambda x: x / x, [positive(5)]),
    "matmul": (ops.matmul, [normal(2, 3, 4), normal(4, 2)]),
    "vector times matrix": (ops.matmul, [normal(3), normal(3, 2)]),
    "einsum": (lambda a, b: ops.einsum("bij,kj->bki", a, b), [normal(2, 3, 4), normal(2, 4)]),
    "sum": (lambda x: ops.sum(x, axis=1), [normal(3, 4)]),
    "mean": (lambda x: ops.mean(x, axis=(0, 2)), [normal(3, 4, 2)]),
    "var": (lambda x: ops.var(x, axis=0), [normal(5, 2)]),
    "logsumexp": (lambda x: ops.logsumexp(x, axis=1), [normal(3, 4)]),
    "softmax": (ops.softmax, [normal(3, 4)]),
    "log_softmax": (ops.log_softmax, [normal(3, 4)]),
    "norm": (lambda x: ops.norm(x, axis=1), [normal(3, 4)]),
    "elu, left": (ops.elu, [-positive(5)]),
    "elu, right": (ops.elu, [positive(5)]),
    "a network": (
        lambda x, w, v: ops.log_softmax(ops.tanh(x @ w) @ v),
        [normal(3, 4), normal(4, 5), normal(5, 2)],
    ),
}


def assert_gradients_are_complex_steps(f, xs, c):
    """Compare the gradient of Σ c·f(x) with a complex step in every element of every argument."""
    variables = [Tensor(x) for x in xs]
    gradients = grad(f(*variables), variables, c, allow_unconnected=True)
    for i, (x, g) in enumerate(zip(xs, gradients, strict=True)):
        exact = np.empty_like(x)
        for index in np.ndindex(x.shape):
            z = x.astype(complex)
            z[index] += 1j * H
            exact[index] = np.sum(c * f(*xs[:i], z, *xs[i + 1 :])).imag / H
        np.testing.assert_allclose(g, exact, rtol=1e-12, atol=1e-12 * np.max(np.abs(exact), initial=1e-30))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_first_derivatives_to_twelve_digits(name):
    f, xs = FUNCTIONS[name]
    assert_gradients_are_complex_steps(f, xs, np.random.default_rng(1).standard_normal(f(*xs).shape))


def exact_gradient(op, c, *xs):
    """Σ over the arguments of the vjps of one primitive, on bare arrays, which may be complex."""
    return [vjp(c, op(*xs), *xs) for vjp in op.vjps]


@pytest.mark.parametrize(
    "op",
    [
        ops.exp,
        ops.log,
        ops.sqrt,
        ops.tanh,
        ops.sigmoid,
        ops.power,
        ops.divide,
        ops.multiply,
        ops.add,
        ops.subtract,
    ],
    ids=lambda op: op.name,
)
def test_second_derivatives_to_twelve_digits(op):
    xs = [np.array([0.3, 1.2, 2.5]), np.array([0.7, -1.4, 1.9])][: len(op.vjps)]
    c = np.array([1.0, -2.0, 0.5])
    for i in range(len(xs)):  # S(x) = Σ over all arguments of their gradients
        variables = [Tensor(x) for x in xs]
        first = grad(op(*variables), variables, c, create_graph=True)
        total = sum(g.sum() for g in first)
        second = grad(total, variables, allow_unconnected=True)[i]
        zs = [x.astype(complex) + 1j * H * (j == i) for j, x in enumerate(xs)]
        exact = np.sum(exact_gradient(op, c, *zs), axis=0).imag / H  # elementwise: each x_k alone
        np.testing.assert_allclose(second, exact, rtol=1e-12, atol=1e-14)
