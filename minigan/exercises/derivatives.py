"""The first chapter of exercises: derivatives with a hole, and how they are put together and checked."""

import numpy as np

from minigan.autograd import Tensor, grad
from minigan.exercises.exercise import Exercise, Own, equal
from minigan.gradcheck import check_grad

rng = np.random.default_rng(0)
X, W, B = rng.uniform(-1.5, 1.5, (3, 4)), rng.uniform(-1.5, 1.5, (4, 2)), rng.uniform(-1.5, 1.5, 4)


def length(own: Own) -> None:
    check_grad(own.length, [0.6, -0.8, 1.0])
    zero = Tensor(np.zeros(3))
    with np.errstate(all="ignore"):
        equal("dy/dx at x = (0, 0, 0)", grad(own.length(zero), zero), np.zeros(3))


def accumulate(own: Own) -> None:
    tape = [("y", [("x", 3.0), ("x", 3.0)])]
    equal("dy/dx of y = x·x at x = 3", own.backward(tape).get("x"), 6.0)
    # u = 2x, v = xu, y = u + v at x = 3: y = 2x + 2x², dy/dx = 2 + 4x
    tape = [("u", [("x", 2.0)]), ("v", [("x", 6.0), ("u", 3.0)]), ("y", [("u", 1.0), ("v", 1.0)])]
    gradients = own.backward(tape)
    for name, expected in {"v": 1.0, "u": 4.0, "x": 14.0}.items():
        equal(f"dy/d{name} for u = 2x, v = x·u, y = u + v at x = 3", gradients.get(name), expected)


def finite_difference(own: Own) -> None:
    x = X.copy()
    found = own.numeric(lambda x: float((x**3).sum()), x)
    equal("x after the call (it must not change)", x, X)
    equal("the gradient of Σ x³", found, 3 * X * X, 1e-5)


EXERCISES = (
    Exercise(
        "cube",
        lambda own: check_grad(own.cube, [-1.5, 0.5, 2.0]),
        ("The incoming gradient is g, and the chain rule multiplies with it.", "g * 3 * x * x"),
    ),
    Exercise(
        "silu",
        lambda own: check_grad(own.silu, [-2.0, 0.5, 1.5]),
        (
            "With u = x and v = σ(x) the product rule gives σ(x) + x σ'(x).",
            "σ'(x) = σ(x) (1 - σ(x)): write s = ops.sigmoid(x) for each σ(x).",
            "g * (ops.sigmoid(x) + x * ops.sigmoid(x) * (1 - ops.sigmoid(x)))",
        ),
    ),
    Exercise(
        "divide",
        lambda own: check_grad(own.divide, [1.0, -2.0, 0.5], [2.0, 1.5, -0.8]),
        (
            "The first vjp is g times 1/b.",
            "The second is g times -a/b². The result y = a/b is there already.",
            "g / b  and  -g * y / b",
        ),
    ),
    Exercise(
        "bias",
        lambda own: check_grad(own.add_bias, X, B),
        (
            "The vjp of x is g itself: it has its shape.",
            "Sum g over the rows, which are axis 0.",
            "g  and  g.sum(axis=0)",
        ),
    ),
    Exercise(
        "matmul",
        lambda own: check_grad(own.matmul, X, W),
        (
            "G is (I, J) and dL/dA must be (I, K), so G is multiplied with something of shape (J, K).",
            "The sum over j in dL/dA_ik = Σ_j G_ij B_kj runs over the columns of B: that is B transposed.",
            "G @ B.T  and  A.T @ G",
        ),
    ),
    Exercise(
        "mean",
        lambda own: check_grad(own.mean_of_rows, X),
        (
            "The number of rows N is x.shape[0].",
            "Broadcasting repeats g (F,) to N rows. Divide it before.",
            "g / x.shape[0]",
        ),
    ),
    Exercise(
        "norm",
        length,
        (
            "Choosing 0 after the division is too late: 0 · nan is nan. Make the divisor harmless.",
            "ops.where(ops.value(y) == 0, 1.0, y) is y, and 1 where y is 0.",
            "g * x / ops.where(ops.value(y) == 0, 1.0, y): at x = 0 this is g · 0 / 1 = 0.",
        ),
    ),
    Exercise(
        "accumulate",
        accumulate,
        (
            "What arrives over this step is g * slope.",
            "Something may have arrived before: gradients.get(name, 0.0). Add, do not replace.",
            "gradients.get(name, 0.0) + g * slope",
        ),
    ),
    Exercise(
        "finite_difference",
        finite_difference,
        (
            "`step` is 0 everywhere but at one element, where it is h.",
            "x + step is a new array, in which one element is moved.",
            "(f(x + step) - f(x - step)) / (2 * h)",
        ),
    ),
)
