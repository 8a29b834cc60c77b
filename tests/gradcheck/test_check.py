"""The checker is checked: it must refuse every wrong derivative below, and accept the right ones.

Each planted fault is one that a real framework has shipped, or one slip of the pen away from right code.
"""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from layer_tools import check_layer, randomised

from minigan import Tensor, grad, ops
from minigan.autograd import Primitive, cast, primitives
from minigan.gradcheck import GradientError, cases, check_grad, worst_errors
from minigan.gradcheck import __main__ as command
from minigan.gradcheck.strategies import arrays, layouts_with_repeats, normal
from minigan.layers import MinibatchStdDev, PrimaryCapsules
from minigan.ops.broadcasting import reshape, spread, unbroadcast
from minigan.ops.elementwise import value
from minigan.ops.shape import scatter

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 3))
ROW = RNG.standard_normal(3)
SQUARE = RNG.standard_normal((3, 3))
POSITIVE = RNG.uniform(0.5, 2, (2, 3))
IMAGE = RNG.standard_normal((4, 4))


def planted(forward, *vjps, each=None):
    """A primitive that is known to nobody but this test."""
    registered = dict(primitives)
    op = Primitive(forward)
    primitives.clear()
    primitives.update(registered)
    if each:
        op.defvjp(each=each)
    else:
        op.defvjp(*vjps)
    return op


def upsample(x):
    return np.repeat(np.repeat(x, 2, 0), 2, 1)


def windows(x):
    """The four 3x3 windows of a 4x4 image, which overlap."""
    return np.stack([x[i : i + 3, j : j + 3] for i in (0, 1) for j in (0, 1)])


def windows_vjp_that_overwrites(g, y, x):
    dx = np.zeros_like(x)
    for k, (i, j) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        dx[i : i + 3, j : j + 3] = g[k]
    return dx


def overwrite(g, index, shape):
    dx = np.zeros(shape)
    dx[index] = g
    return dx


def batch_norm_with_constant_deviation(x):
    """(x - mean) / deviation, whose deviation the *second* derivative takes for a constant."""
    return _batch_norm(x)


def _standardised(x):
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-3)


def _batch_norm_vjp(g, y, x):
    deviation = np.sqrt(value(x).var(axis=0) + 1e-3)  # the fault: nothing flows through it any more
    centred = g - ops.mean(g, axis=0) - y * ops.mean(g * y, axis=0)
    return centred / deviation


_batch_norm = planted(_standardised, _batch_norm_vjp)

minus_by_identity = planted(lambda a, b: a - b, lambda g, y, a, b: g, lambda g, y, a, b: g if a is b else -g)

cache = {}


def remembering_square(x):
    cache["x"] = value(x)
    return x * x


def drops_the_last_row(i, g, y, *pieces, axis=0):
    start = sum(p.shape[0] for p in pieces[:i])
    stop = start + pieces[i].shape[0]
    return g[start + 1 : stop + 1] if stop < y.shape[0] else g[start:stop]


def forgets_a_window(g, y, x):
    dx = 0
    for k, (i, j) in enumerate([(0, 0), (0, 1), (1, 0)]):
        dx = dx + ops.pad(g[k], [(i, 1 - i), (j, 1 - j)])
    return dx


# name -> (f, arrays, the order that sees the fault)
WRONG = {
    # signs and factors
    "sign": (planted(np.tanh, lambda g, y, x: -g * (1 - y * y)), [X], 1),
    "sign of one operand": (planted(lambda a, b: a - b, lambda g, y, a, b: g, lambda g, y, a, b: g), [X, X + 1], 1),
    "factor 2": (planted(lambda x: x * x, lambda g, y, x: g * x), [X], 1),
    "off by a little": (planted(np.exp, lambda g, y, x: g * y * 1.0001), [X], 1),
    "absolute value of the gradient": (planted(np.sin, lambda g, y, x: ops.abs(g * np.cos(value(x)))), [X], 1),
    # dropped and forgotten
    "incoming gradient forgotten": (planted(np.tanh, lambda g, y, x: 1 - y * y), [X], 1),
    "gradient zero": (planted(np.tanh, lambda g, y, x: g * 0.0), [X], 1),
    "dropped term": (planted(lambda x: x * np.exp(x), lambda g, y, x: g * ops.exp(x)), [X], 1),
    "one operand forgotten": (planted(lambda a, b: a * b, lambda g, y, a, b: g * b, lambda g, y, a, b: g * 0.0), [X, X + 1], 1),
    "inner derivative forgotten": (planted(lambda x: np.tanh(3 * x), lambda g, y, x: g * (1 - y * y)), [X], 1),
    "mean with the gradient of a sum": (planted(np.mean, lambda g, y, x: spread(g, x, None)), [X], 1),
    "sqrt without the half": (planted(np.sqrt, lambda g, y, x: g / y), [POSITIVE], 1),
    "norm without the quotient": (planted(lambda x: np.sqrt((x * x).sum()), lambda g, y, x: g * x), [X], 1),
    # the wrong numbers
    "argument for result": (planted(np.tanh, lambda g, y, x: g * (1 - x * x)), [X], 1),
    "operands exchanged": (planted(lambda a, b: a * b, lambda g, y, a, b: g * a, lambda g, y, a, b: g * b), [X, X + 1], 1),
    "operands told apart by identity": (lambda x: minus_by_identity(x, x), [X], 1),
    "stale value": (planted(remembering_square, lambda g, y, x: g * 2 * cache["x"]), [X], 1),
    "power with the exponent of the result": (planted(lambda x: x**3, lambda g, y, x: g * 3 * x**3), [X], 1),
    "sigmoid'(y) for y": (planted(lambda x: 1 / (1 + np.exp(-x)), lambda g, y, x: g * ops.sigmoid(y) * (1 - ops.sigmoid(y))), [X], 1),
    # broadcasting
    "missing sum over a broadcast axis": (planted(lambda a, b: a + b, lambda g, y, a, b: g, lambda g, y, a, b: g), [X, ROW], 1),
    "broadcast gradient taken from the first row": (planted(lambda a, b: a + b, lambda g, y, a, b: g, lambda g, y, a, b: g[0]), [X, ROW], 1),
    "broadcast gradient averaged": (planted(lambda a, b: a + b, lambda g, y, a, b: g, lambda g, y, a, b: ops.mean(g, 0)), [X, ROW], 1),
    "sum over the wrong axis": (planted(lambda a, b: a * b, lambda g, y, a, b: ops.sum(g * b, 0), lambda g, y, a, b: ops.sum(g * a, 1)), [ROW, SQUARE[:, :1]], 1),
    "softmax normalised along the wrong axis": (planted(lambda x: np.log(np.exp(x).sum(0)), lambda g, y, x: g * ops.softmax(x, axis=1)), [SQUARE], 1),
    # shapes and places
    "wrong axis of a reduction": (planted(lambda x: x.sum(axis=0), lambda g, y, x: ops.broadcast_to(reshape(g, (3, 1)), (3, 3))), [SQUARE], 1),
    "gradient not transposed back": (planted(lambda x: x.T * 1.0, lambda g, y, x: g), [SQUARE], 1),
    "permutation instead of its inverse": (planted(lambda x: x.transpose(1, 2, 0), lambda g, y, x: ops.transpose(g, (1, 2, 0))), [RNG.standard_normal((2, 2, 2))], 1),
    "reshape in the other order": (planted(lambda x: x.reshape(9), lambda g, y, x: ops.transpose(reshape(g, (3, 3)))), [SQUARE], 1),
    "transposed matmul": (planted(np.matmul, lambda g, y, a, b: g @ b, lambda g, y, a, b: a.T @ g), [SQUARE, SQUARE + 1], 1),
    "matmul in the wrong order": (planted(np.matmul, lambda g, y, a, b: b.T @ g, lambda g, y, a, b: a.T @ g), [SQUARE, SQUARE + 1], 1),
    "off by one slice": (planted(lambda *pieces: np.concatenate(pieces), each=drops_the_last_row), [X, X + 1], 1),
    "flip not flipped back": (planted(lambda x: x[::-1], lambda g, y, x: g), [ROW], 1),
    "padding cropped at the wrong end": (planted(lambda x: np.pad(x, (1, 0)), lambda g, y, x: g[:-1]), [ROW], 1),
    # adding up
    "= for += with a repeated index": (planted(lambda x: x[[0, 2, 0]], lambda g, y, x: overwrite(g, [0, 2, 0], x.shape)), [ROW], 1),
    "= for += in overlapping windows": (planted(windows, windows_vjp_that_overwrites), [IMAGE], 1),
    "one window forgotten": (planted(windows, forgets_a_window), [IMAGE], 1),
    "subsampling instead of a sum over blocks": (planted(upsample, lambda g, y, x: g[::2, ::2]), [X], 1),
    "a tie counted twice": (planted(np.max, lambda g, y, x: g * (value(x) >= value(y) - 3.0)), [X], 1),
    # Jacobians
    "softmax with the diagonal only": (planted(lambda x: np.exp(x) / np.exp(x).sum(), lambda g, y, x: g * y * (1 - y)), [ROW], 1),
    "log-softmax without the sum": (planted(lambda x: x - np.log(np.exp(x).sum()), lambda g, y, x: g - ops.exp(y)), [ROW], 1),
    "layer norm with a constant mean": (planted(lambda x: x - x.mean(), lambda g, y, x: g), [ROW], 1),
    # branches
    "operator precedence in ELU": (planted(lambda x: np.where(x > 0, x, np.exp(x) - 1), lambda g, y, x: g * (value(x) > 0.0 + (value(x) <= 0) * np.exp(value(x)))), [X], 1),
    "a boolean for a derivative": (planted(lambda x: np.maximum(x, 0), lambda g, y, x: value(x) > 0), [X], 1),
    "ReLU by the sign of the gradient": (planted(lambda x: np.maximum(x, 0), lambda g, y, x: g * (value(g) > 0)), [X], 1),
    "leaky ReLU with the slope on both sides": (planted(lambda x: np.maximum(x, 0.2 * x), lambda g, y, x: g * 0.2), [X], 1),
    "where with the branches exchanged": (planted(lambda x: np.where(x > 0, 2 * x, x), lambda g, y, x: g * np.where(value(x) > 0, 1.0, 2.0)), [X], 1),
    "clip that lets everything through": (planted(lambda x: np.clip(x, -0.5, 0.5), lambda g, y, x: g), [X], 1),
    # precision
    "rounded to float32 on the way": (planted(np.tanh, lambda g, y, x: cast(g * (1 - y * y), dtype=np.float32)), [X], 2),
    "forward in float32": (planted(lambda x: np.tanh(x).astype(np.float32), lambda g, y, x: g * (1 - y * y)), [X], 1),
    "forward in float32 and back": (lambda x: cast(cast(x, dtype=np.float32), dtype=np.float64) * 2.0, [X], 1),
    # writing where one must read
    "forward writes into its argument": (planted(lambda x: np.exp(x, out=x), lambda g, y, x: g * y), [X], 1),
    "vjp writes into the incoming gradient": (planted(np.tanh, lambda g, y, x: np.multiply(g, 1 - y * y, out=g)), [X], 1),
    # right once, wrong when differentiated again
    "batch norm with a constant deviation": (batch_norm_with_constant_deviation, [RNG.standard_normal((4, 2))], 2),
    "tanh detached": (planted(np.tanh, lambda g, y, x: g * (1 - value(y) ** 2)), [X], 2),
    "multiply detached": (planted(lambda a, b: a * b, lambda g, y, a, b: g * value(b), lambda g, y, a, b: g * value(a)), [X, X + 1], 2),
    "matmul detached": (planted(np.matmul, lambda g, y, a, b: g @ value(b).T, lambda g, y, a, b: value(a).T @ g), [SQUARE, SQUARE + 1], 2),
    "softmax detached": (planted(lambda x: np.exp(x) / np.exp(x).sum(), lambda g, y, x: (g - ops.sum(g * y)) * value(y)), [ROW], 2),
    "norm detached": (planted(lambda x: np.sqrt((x * x).sum()), lambda g, y, x: g * (value(x) / value(y))), [ROW], 2),
    "incoming gradient detached": (planted(np.tanh, lambda g, y, x: value(g) * (1 - y * y)), [X], 2),
    "wrong on Tensors only": (planted(lambda x: x * x, lambda g, y, x: g * x * (3 if isinstance(x, Tensor) else 2)), [X], 2),
    "wrong vjp of the vjp": (planted(np.sin, lambda g, y, x: g * planted(np.cos, lambda g, y, x: g * ops.sqrt(1 - y * y))(x)), [X], 2),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_derivative_is_refused(name):
    f, xs, order = WRONG[name]
    with pytest.raises((GradientError, ValueError, TypeError)) as refusal:
        check_grad(f, *xs)
    if isinstance(refusal.value, GradientError):
        assert refusal.value.order == order
        assert not refusal.value.kink
        assert "the analytic gradient is wrong" in str(refusal.value)
    else:  # refused by the engine, or by the checker before it compared any numbers
        assert any(word in str(refusal.value) for word in ("shape", "float32", "read-only"))


@pytest.mark.parametrize("name", [name for name, (_, _, order) in WRONG.items() if order == 2])
def test_what_is_wrong_at_second_order_only_is_right_at_first_order(name):
    f, xs, _ = WRONG[name]
    assert check_grad(f, *xs, order=1) < 1e-6


def test_there_are_enough_planted_faults():
    assert len(WRONG) >= 50


# --- Right derivatives are accepted ------------------------------------------------------------------


@given(arrays(layout=layouts_with_repeats))
def test_right_derivatives_are_accepted_in_any_layout(x):
    assert check_grad(lambda x: ops.tanh(x) * x + ops.exp(-x), x) < 1e-6


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3, 1e6])
def test_the_size_of_the_input_and_of_the_result_does_not_matter(scale):
    check_grad(lambda x: x * x, X * scale)
    check_grad(lambda x: ops.tanh(x) * scale, X)


def test_functions_of_no_elements_and_of_one():
    assert check_grad(lambda x: x * x, np.zeros((0, 3))) == 0
    assert check_grad(lambda x: x * x, 2.0) < 1e-9
    assert check_grad(lambda x: x * x, [1.0, 2.0]) < 1e-9


def test_an_argument_that_is_not_used_has_the_gradient_zero():
    assert check_grad(lambda a, b: a * 2, X, ROW) < 1e-9


def test_the_errors_of_both_orders_are_told_apart():
    assert len(worst_errors(ops.tanh, X, order=2)) == 2
    assert len(worst_errors(ops.tanh, X, order=1)) == 1
    with pytest.raises(ValueError, match="order must be 1 or 2"):
        check_grad(ops.tanh, X, order=3)


# --- A failure teaches -------------------------------------------------------------------------------


def test_the_message_names_argument_element_both_numbers_and_the_curve():
    def f(a, b):
        return _half_wrong(a, b)

    with pytest.raises(GradientError) as failure:
        check_grad(f, np.array([1.0, 2.0]), np.array([[3.0], [4.0]]), seed=1)
    error = failure.value
    assert (error.order, error.argument, error.index, error.kink) == (1, 1, (0, 0), False)
    assert error.analytic / error.numeric == pytest.approx(2.0)
    assert [h for h, _, _ in error.curve] == pytest.approx([3e-2, 3e-3, 3e-4, 3e-5, 3e-6])  # b = 3
    for h, difference, distance in error.curve:
        assert difference == pytest.approx(error.numeric, rel=1e-6)
        assert distance == abs(difference - error.analytic)
        assert f"{h:.1e}" in str(error)
    message = str(error)
    assert "order 1: the derivative of f with respect to argument 1 is wrong for element [0, 0]" in message
    assert f"{error.analytic:.10g}" in message
    assert f"{error.numeric:.10g}" in message
    assert "ratio      2" in message
    assert "does not shrink with h: the analytic gradient is wrong" in message


_half_wrong = planted(
    lambda a, b: a * b,
    lambda g, y, a, b: unbroadcast(g * b, a),
    lambda g, y, a, b: unbroadcast(2 * g * a, b),
)


def test_the_message_of_second_order_says_so():
    with pytest.raises(
        GradientError, match="order 2: the derivative of the gradient with respect to argument 0"
    ):
        check_grad(WRONG["tanh detached"][0], X)
    with pytest.raises(GradientError, match="with respect to the incoming gradient"):
        check_grad(WRONG["incoming gradient detached"][0], np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (ops.sqrt, [0.004]),
        (ops.sqrt, [0.0005]),  # the step leaves the domain
        (ops.log, [0.002]),
        (lambda x: 1 / x, [0.005, -0.05]),
        (lambda x: ops.exp(x * 200), [0.1]),
        (lambda x: ops.tanh(x * 1e4), [1e-4]),
        (lambda x: ops.norm(x, axis=0), [1e-3, 2e-3]),
        (lambda x: x**3, [0.0]),
    ],
)
def test_strong_curvature_is_no_fault(f, x):
    assert check_grad(f, x) < 1e-6


@pytest.mark.parametrize("f", [lambda x: ops.tanh(x * 1e7), lambda x: ops.exp(x * 1e5)])
def test_curvature_beyond_every_step_looks_like_a_kink(f):
    with pytest.raises(GradientError, match="a kink within the step: .* or lower `step`") as failure:
        check_grad(f, [1e-7])
    assert failure.value.kink
    check_grad(f, [1e-7], step=1e-8)


def test_a_step_that_overflows_decides_nothing():
    with pytest.raises(
        GradientError, match="do not settle: the function is strongly curved here; lower `step`"
    ):
        check_grad(lambda x: ops.exp(x * 1e9), [1e-9])
    check_grad(lambda x: ops.exp(x * 1e9), [1e-9], step=1e-11)


def test_the_numbers_of_a_false_alarm():
    """Short capsule vectors: one step was off by 1e-6, and smaller ones converge to the analytic value."""
    layer = randomised(PrimaryCapsules(1, 2, 2, 2), np.float64, 11278)
    assert check_layer(layer, normal(11278, (1, 3, 3, 1)), training=False) < 1e-6


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (ops.relu, [0.0]),
        (ops.leaky_relu, [1.0, 0.0]),
        (ops.abs, [3e-4]),
        (ops.abs, [-9e-4]),
        (ops.relu, [2e-4]),
        (lambda x: ops.max(x), [1.0, 1.0, 1.0]),
        (lambda x: ops.max(x), [1.0, 1.0003]),
        (lambda x: ops.maximum(x, 1.0), [1.0002]),
        (lambda x: ops.clip(x, 0, 1), [0.0]),
        (lambda x: ops.where(x > 0, x, 2 * x), [0.0]),
    ],
)
def test_a_kink_is_noticed(f, x):
    with pytest.raises(GradientError, match="There seems to be a kink within the step") as failure:
        check_grad(f, x)
    assert failure.value.kink
    smaller = np.array(x) + 0.1 * np.arange(1, len(x) + 1)
    assert check_grad(f, smaller) < 1e-6


def test_a_function_that_is_linear_but_for_its_epsilon():
    """A second derivative of 1e-10, next to a gradient of 1, whose rounding is 1e-13."""
    layer = randomised(MinibatchStdDev(), np.float64, 2)
    assert check_layer(layer, normal(2, (2, 2, 3, 1)), training=False) < 1e-2
    for epsilon in 10.0 ** np.arange(-20, 0):
        check_grad(lambda x, epsilon=epsilon: ops.sqrt(x * x + epsilon), np.array([0.3, -2.0, 50.0]))


# --- Large arrays ------------------------------------------------------------------------------------


def wrong_in(place):
    """tanh, with a derivative that is 10 % too large in one place of a large array."""
    factor = np.ones((60, 50))
    factor[place] = 1.1
    return planted(np.tanh, lambda g, y, x: g * (1 - y * y) * factor)


@pytest.mark.parametrize(
    "place", [(0, 0), (59, 49), (31, 17), np.s_[7], np.s_[:, 3], np.s_[1:3, 2:4]], ids=repr
)
def test_random_directions_find_a_fault_in_one_place_of_a_large_array(place):
    x = np.random.default_rng(1).standard_normal((60, 50))
    check_grad(ops.tanh, x)
    with pytest.raises(GradientError, match="along a random direction") as failure:
        check_grad(wrong_in(place), x)
    assert failure.value.index is None


def test_random_directions_find_a_fault_of_second_order():
    with pytest.raises(GradientError, match="order 2"):
        check_grad(WRONG["tanh detached"][0], np.random.default_rng(1).standard_normal((60, 50)))


# --- What cannot be checked is refused ---------------------------------------------------------------


def test_float32_cannot_be_checked():
    with pytest.raises(TypeError, match="argument 1 has dtype float32; finite differences need float64"):
        check_grad(lambda a, b: a * b, X, X.astype(np.float32))
    with pytest.raises(TypeError, match="argument 0 has dtype int64"):
        check_grad(lambda a: a * 2, np.arange(3))


def test_a_function_that_leaves_the_graph_is_refused():
    with pytest.raises(TypeError, match="f returned a ndarray, which does not depend on any Tensor"):
        check_grad(lambda x: np.tanh(x.data), X)


def test_a_function_that_rolls_dice_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="two different results at the same point"):
        check_grad(lambda x: x * (rng.random(x.shape) < 0.5), np.ones((4, 5)))


def test_a_missing_vjp_is_not_a_zero():
    with pytest.raises(NotImplementedError, match="sign has no vjp for its argument 0"):
        check_grad(planted(np.sign, None), X)


def test_float32_weights_inside_a_function_of_float64_are_constants():
    w = Tensor(ROW.astype(np.float32))
    assert check_grad(lambda x: ops.tanh(x * ops.exp(w)), X) < 1e-6


def test_the_arguments_stay_as_they_were():
    x = X.copy()
    check_grad(ops.tanh, x)
    np.testing.assert_array_equal(x, X)
    assert x.flags.writeable


# --- python -m minigan.gradcheck ---------------------------------------------------------------------


def test_the_command_prints_a_line_for_every_primitive_and_no_warning():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "minigan.gradcheck"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    for name in cases.all_cases():
        (line,) = [line for line in lines if line.split(" ")[0] == name]
        assert " ok " in line
        assert primitives[name].__doc__.splitlines()[0] in line


@pytest.fixture
def a_short_table(monkeypatch):
    """The table of three primitives; the one above has all of them."""
    monkeypatch.setattr(
        command, "primitives", {name: primitives[name] for name in ("exp", "scatter", "tanh")}
    )


def test_the_command_fails_on_a_wrong_vjp(a_short_table, monkeypatch, capsys):
    monkeypatch.setattr(ops.tanh, "vjps", (lambda g, y, x: g * (1 + y * y),))
    assert command.main() == 1
    out = capsys.readouterr().out
    (line,) = [line for line in out.splitlines() if line.startswith("tanh ")]
    assert "FAIL" in line
    assert "tanh: order 1: the derivative of" in out
    assert "3 primitives, 1 failures" in out


def test_the_command_fails_on_a_primitive_without_a_case(a_short_table, monkeypatch, capsys):
    monkeypatch.delitem(cases.CASES, "scatter")
    assert command.main() == 1
    assert "scatter: there is no case for it" in capsys.readouterr().out


def test_scatter_and_its_own_gradient():  # used by the planted faults as the right answer
    x = Tensor(ROW)
    np.testing.assert_array_equal(grad(x[[0, 2, 0]].sum(), x), scatter(np.ones(3), [0, 2, 0], (3,)))
