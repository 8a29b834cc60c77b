"""What holds for every operation: its derivatives, its precision, and that it leaves its inputs alone."""

import operator

import numpy as np
import pytest
from catalogue import CALLS, EVERY_CALL
from device_tools import assert_agree, is_there, there

import minigan.autograd
from minigan import Tensor, grad, no_grad, on, ops
from minigan.autograd import ancestors
from minigan.gradcheck import check_grad


def calls(chosen):
    """Run a test on every call (f, xs) of the catalogue for which chosen(name, xs)."""
    cases = [pytest.param(f, xs, id=name) for name, f, xs in EVERY_CALL if chosen(name, xs)]
    return pytest.mark.parametrize(("f", "xs"), cases)


every_call = calls(lambda name, xs: True)


def test_the_catalogue_has_a_call_of_every_public_operation():
    missing = sorted(set(ops.__all__) - set(CALLS))
    assert not missing, f"no call of {missing}: add one to tests/catalogue.py or minigan/gradcheck/cases.py"


@every_call
def test_both_derivatives(f, xs):
    check_grad(f, *xs)


@every_call
def test_third_derivatives(f, xs):
    """The gradient of a gradient is itself a function with two right derivatives."""

    def gradient(*variables):
        return sum(
            (g * g).sum()
            for g in grad(f(*variables).sum(), variables, create_graph=True, allow_unconnected=True)
        )

    check_grad(gradient, *xs, step=3e-4)


def floats_in(result):
    return {t.dtype for t in ancestors(result) if t.dtype.kind == "f"}


@calls(lambda name, xs: not name.startswith(("cast", "batch_normalize")))  # which has two paths
def test_float32_stays_float32_in_value_and_gradients(f, xs, monkeypatch, device):
    def cast(x, dtype):
        raise AssertionError("a vjp changed the precision, and the engine had to repair it")

    xs = [Tensor(x.astype(np.float32)) for x in there(xs)]
    y = f(*xs)
    assert floats_in(y) == {np.dtype(np.float32)}
    monkeypatch.setattr(minigan.autograd, "cast", cast)
    first = grad(y.sum(), xs)
    recorded = grad(y.sum(), xs, create_graph=True)
    second = grad(sum((g * g).sum() for g in recorded), xs, create_graph=True, allow_unconnected=True)
    for x, a, b, c in zip(xs, first, recorded, second, strict=True):
        assert a.dtype == b.dtype == c.dtype == np.float32
        assert floats_in(b) | floats_in(c) == {np.dtype(np.float32)}
        assert bool((a == b.data).all())  # bare arrays and Tensors take the same path
        assert a.shape == x.shape


@every_call
def test_float32_gradients_agree_with_float64(f, xs):
    def gradients(dtype):
        variables = [Tensor(x.astype(dtype)) for x in xs]
        return grad((f(*variables) ** 2).sum(), variables)

    for low, high in zip(gradients(np.float32), gradients(np.float64), strict=True):
        np.testing.assert_allclose(low, high, rtol=1e-4, atol=1e-5)


@every_call
def test_inputs_and_gradients_are_read_and_never_written(f, xs):
    frozen = [x.copy() for x in xs]
    for x in frozen:
        x.flags.writeable = False
    variables = [Tensor(x) for x in frozen]
    y = f(*variables)
    g = np.ones(y.shape)
    g.flags.writeable = False
    recorded = grad(y, variables, g, create_graph=True)
    grad(y, variables, g)
    grad(sum((r * r).sum() for r in recorded), variables, allow_unconnected=True)
    for x, original in zip(frozen, xs, strict=True):
        np.testing.assert_array_equal(x, original)
    np.testing.assert_array_equal(g, np.ones(y.shape))


@every_call
def test_arrays_in_arrays_out(f, xs, device):
    """Given bare arrays, or within no_grad, an operation is plain NumPy with the same numbers."""
    xs = there(xs)
    y = f(*[Tensor(x) for x in xs])
    assert isinstance(y, Tensor)
    with no_grad():
        bare = f(*[Tensor(x) for x in xs])
    assert is_there(bare)
    assert bool((y.data == bare).all())


def value_and_gradients(f, xs):
    """f, its gradients, and the gradients of their squares."""
    variables = [Tensor(x) for x in xs]
    y = f(*variables)
    first = grad(y, variables, np.ones_like(y.data), create_graph=True)
    second = grad(sum((g * g).sum() for g in first), variables, allow_unconnected=True)
    return [y.data, *[g.data for g in first], *second]


@every_call
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_every_device_computes_the_same(f, xs, precision, device):
    xs = [x.astype(precision) for x in xs]
    on_device = there(xs)
    with on("cpu"):
        expected = value_and_gradients(f, xs)
        found = value_and_gradients(f, on_device)  # where its data is, not on the current device
    assert_agree(found, expected)


@calls(lambda name, xs: len(xs) > 1)
def test_the_other_arguments_may_be_constants(f, xs):
    variables = [Tensor(x) for x in xs]
    both = grad(f(*variables).sum(), variables)
    for i, expected in enumerate(both):
        x = Tensor(xs[i])
        alone = grad(f(*xs[:i], x, *xs[i + 1 :]).sum(), x)
        np.testing.assert_array_equal(alone, expected)


# --- Integers and booleans ---------------------------------------------------------------------------


@pytest.mark.parametrize("apply", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint8, bool])
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_whole_numbers_are_constants_and_the_gradient_keeps_its_own_precision(apply, dtype, precision):
    whole = np.array([1, 1, 1]).astype(dtype)
    x = Tensor(np.array([0.5, 1.5, 2.5], precision))
    for y, expected in [(apply(x, whole), apply(x.data, whole)), (apply(whole, x), apply(whole, x.data))]:
        np.testing.assert_array_equal(y.data, expected)
        assert y.dtype == expected.dtype
        assert grad(y.sum(), x).dtype == precision


def test_a_tensor_of_integers_computes_and_has_no_gradient():
    n = Tensor([1, 2, 3])
    assert (n + n).dtype == n.dtype == np.int64
    x = Tensor(np.ones(3))
    np.testing.assert_array_equal(grad((n * x).sum(), x), [1, 2, 3])
    with pytest.raises(TypeError, match="only floating-point numbers have derivatives"):
        grad((n * x).sum(), n)
    np.testing.assert_array_equal(ops.sum(n > 1), 2)


def test_labels_of_integers_do_not_disturb_a_mean():
    x = Tensor(np.array([1.0, 2.0], np.float32))
    right = x.data.round().astype(np.int64) == np.array([1, 3])
    np.testing.assert_array_equal(grad((x * right).sum(), x), [1, 0])
    assert (x * right).dtype == np.float32


# --- Nothing and next to nothing ---------------------------------------------------------------------

ELEMENTWISE = [
    "negative",
    "exp",
    "log",
    "sqrt",
    "tanh",
    "sigmoid",
    "softplus",
    "abs",
    "relu",
    "leaky_relu",
    "elu",
]


@pytest.mark.parametrize("shape", [(0,), (2, 0), (1, 1), ()])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_empty_and_single(name, shape):
    x = Tensor(np.full(shape, 0.5))
    y = getattr(ops, name)(x)
    first = grad(y, x, np.ones(shape), create_graph=True)
    second = grad(first, x, np.ones(shape), allow_unconnected=True)
    assert y.shape == first.shape == second.shape == shape


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum"])
@pytest.mark.parametrize("shapes", [((0,), (1,)), ((2, 0), ()), ((1, 1), (0,)), ((3, 1), (1, 0))])
def test_empty_meets_single(name, shapes):
    a, b = [Tensor(np.full(shape, 0.5)) for shape in shapes]
    y = getattr(ops, name)(a, b)
    for x, g in zip([a, b], grad(y, [a, b], np.ones(y.shape)), strict=True):
        np.testing.assert_array_equal(g, np.zeros(x.shape))
