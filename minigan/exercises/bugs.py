"""The second chapter of exercises: find the bug.  Each was in code that people used."""

import numpy as np

from minigan.autograd import Tensor, grad
from minigan.exercises.exercise import Exercise, Own, equal
from minigan.gradcheck import check_grad

rng = np.random.default_rng(1)
X = rng.uniform(-1.5, 1.5, (3, 4))


def numeric(f, x, h=1e-5):
    """The derivative of a function of one array, by central differences, for c·f with a fixed c."""
    out = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = h
        out[index] = np.sum(f(x + step) - f(x - step)) / (2 * h)
    return out


def elu(own: Own) -> None:
    x = np.array([-2.0, -0.5, 0.5, 2.0])
    for alpha in (1.0, 0.5):
        found = own.elu_derivative(x, alpha)
        equal(f"elu_derivative at x = {x} with α = {alpha}", found, np.where(x > 0, 1, alpha * np.exp(x)))


def upsampling(own: Own) -> None:
    x, g = rng.standard_normal((2, 3)), rng.standard_normal((4, 6))
    expected = numeric(lambda x: g * own.upsample(x), x)
    equal("dL/dx of L = Σ g·upsample(x), against finite differences,", own.upsample_backward(g), expected)


def col2im(own: Own) -> None:
    for length, K in ((6, 3), (5, 1), (4, 4)):
        x, g = rng.standard_normal(length), rng.standard_normal((length - K + 1, K))
        expected = numeric(lambda x, g=g, K=K: g * own.windows(x, K), x)
        equal(f"dL/dx for {length} pixels and windows of {K}", own.windows_backward(g, K), expected)


def identity(own: Own) -> None:
    def slopes(same):
        a = own.Number(5.0)
        b = a if same else own.Number(3.0)
        own.Subtract(a, b).backward(1.0)
        return a.gradient, b.gradient

    equal("(dy/da, dy/db) of y = a - b", slopes(same=False), (1.0, -1.0))
    equal("d(x - x)/dx", slopes(same=True)[0], 0.0)


def checker(own: Own) -> None:
    y, right = np.ones(3), [np.array([1.0, 2.0]), np.array([3.0])]
    try:
        own.check(y, y, right, [g + 1e-9 for g in right])
    except AssertionError as error:
        raise AssertionError(f"check refused gradients that are right: {error}") from None
    wrong = {
        "the first gradient times 123": [right[0] * 123, right[1]],
        "the last gradient 0.001 too large": [right[0], right[1] + 0.001],
        "one element of the first gradient 0.001 too small": [right[0] - [0, 0.001], right[1]],
    }
    for what, gradients in wrong.items():
        try:
            own.check(y, y, gradients, right)
        except AssertionError:
            continue
        raise AssertionError(f"check accepted {what}")


def paths(own: Own) -> None:
    for n in (3, 12, 60):
        x = y = own.Number()
        for _ in range(n):
            y = own.Number(y, y)
        equal(f"dy/dx after {n} doublings", own.gradient(y, x), 2.0**n)
    x, other = own.Number(), own.Number()
    y = own.Number(x, own.Number(x, other))
    equal("dy/dx of y = x + (x + other)", own.gradient(y, x), 2.0)
    equal("dy/d(other) of y = x + (x + other)", own.gradient(y, other), 1.0)


def margin_loss(own: Own) -> None:
    lengths, present = np.array([[0.8, 0.3, 0.05], [0.95, 0.5, 0.2]]), np.array([[1.0, 0, 0], [0, 1, 0]])
    expected = [0.1**2 + 0.5 * 0.2**2, 0.4**2 + 0.5 * (0.85**2 + 0.1**2)]
    equal("the margin loss of two rows", own.margin_loss(lengths, present), expected)


def squash(own: Own) -> None:
    squared = (X * X).sum(axis=1, keepdims=True)
    expected = X * np.sqrt(squared + 1e-7) / (1 + squared)
    found = np.asarray(own.squash(X))
    equal("squash(s)", found, expected, 1e-5)
    check_grad(own.squash, X)
    with np.errstate(all="ignore"):
        zero = Tensor(np.zeros((1, 4)))
        y = own.squash(zero)
        equal("squash(0)", y, np.zeros((1, 4)))
        found = grad(y, zero, np.ones((1, 4)))
    if not np.isfinite(found).all() or np.abs(found).max() > 0.01:
        raise AssertionError(f"the gradient of squash at s = 0 is {found}, expected numbers close to 0")


EXERCISES = (
    Exercise(
        "elu",
        elu,
        (
            "Print elu_derivative(np.array([-1.0, 2.0])). What is the dtype of the result?",
            "+ binds more tightly than >: the line compares x with the whole rest.",
            "(x > 0.0) + (x <= 0.0) * alpha * np.exp(np.minimum(x, 0))",
        ),
    ),
    Exercise(
        "softmax",
        lambda own: check_grad(own.softmax, X),
        (
            "The formula has p_j twice: p (g - Σ g p).",
            "The sum over i is a sum over the classes, which must keep its axis to be subtracted from g.",
            "p * (g - ops.sum(g * p, axis=-1, keepdims=True))",
        ),
    ),
    Exercise(
        "upsampling",
        upsampling,
        (
            "The transpose of repeating is summing.",
            "H, W = g.shape[0] // 2, g.shape[1] // 2; g.reshape(H, 2, W, 2) has the block on axes 1 and 3.",
            "return g.reshape(g.shape[0] // 2, 2, g.shape[1] // 2, 2).sum(axis=(1, 3))",
        ),
    ),
    Exercise(
        "col2im",
        col2im,
        ("What is in x[o : o + K] from the window before, when the next one is written there?", "Add: +=."),
    ),
    Exercise(
        "identity",
        identity,
        (
            "For x - x both entries of `operands` are the same object, so `is` cannot tell them apart.",
            "Count: for place, operand in enumerate(self.operands).",
            "operand.gradient += g if place == 0 else -g",
        ),
    ),
    Exercise(
        "checker",
        checker,
        (
            "The loop has the gradients in its hands and does not look at them.",
            "Compute a new error from _gradient and _numeric (rename them) in each round.",
            "error = np.max(np.abs(gradient - numeric)), as the first line of the loop",
        ),
    ),
    Exercise(
        "paths",
        paths,
        (
            "Collect in a dictionary order -> number, with a stack, at first [y]. Push parents that are new.",
            "Go through them by falling order, with a dictionary order -> gradient, at first {y.order: 1}.",
            "Add the gradient of each number to that of its parents (one may occur twice). Return that of x.",
        ),
        8.0,
    ),
    Exercise(
        "batch_norm",
        lambda own: check_grad(own.normalize, X),
        (
            "At order 1 nothing is wrong. At order 2 the vjp is differentiated, with x a Tensor.",
            "ops.value(x) is a bare array, and what is computed from it is a constant.",
            "s = ops.sqrt(ops.var(x, axis=0) + EPSILON)",
        ),
    ),
    Exercise(
        "margin_loss",
        margin_loss,
        ("Both maxima are squared, the factors T and ½ are not.", "present * too_short * too_short + ..."),
    ),
    Exercise(
        "squash",
        squash,
        (
            "‖s‖ / ‖s‖ is 0/0 at s = 0, and the slope of the root is infinite there.",
            "Add 1e-7 under the root. `squared` itself may stay as it is.",
            "length = ops.sqrt(squared + 1e-7)",
        ),
    ),
)
