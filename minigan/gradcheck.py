"""Is this gradient right?  Finite differences, of first and second order, with failures that teach.

Chapter 3; read `autograd` before it.  ``python -m minigan.gradcheck`` checks every primitive.

For y = f(x) and a fixed random c, the number L(x) = Σ c·y has the gradient that the engine computes
with c as the incoming gradient.  Along any direction v it must agree with the central difference

    D(h) = (L(x + hv) - L(x - hv)) / 2h = ⟨dL/dx, v⟩ + O(h²),

and Richardson's combination (4 D(h/2) - D(h)) / 3 cancels the h² term.  The directions are the unit
vectors, element by element, for small arrays and random ones for large arrays, where one random
direction touches every element.

Second order is the same check applied to a new function: S(x, c) = Σ v·dL/dx for random v, whose own
gradient needs the vjps of all the vjps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigan.autograd import Tensor, grad
from minigan.backend import to_numpy

#: Arrays up to this size are checked element by element, larger ones along random directions.
ELEMENTWISE_UP_TO = 48
RANDOM_DIRECTIONS = 6


class GradientError(AssertionError):
    """The analytic and the numeric gradient disagree; `kink` says whether a kink explains it.

    order     1 or 2: which derivative disagrees
    argument  number of the argument of f
    index     the element of it, or None for a random direction
    analytic, numeric  the two derivatives
    curve     [(step h, central difference D(h), |D(h) - analytic|), ...]
    """

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.order: int = facts["order"]
        self.argument: int = facts["argument"]
        self.index: tuple[int, ...] | None = facts["index"]
        self.analytic: float = facts["analytic"]
        self.numeric: float = facts["numeric"]
        self.curve: list[tuple[float, float, float]] = facts["curve"]
        self.kink: bool = facts["kink"]


def check_grad(
    f: Callable[..., Any],
    *arrays: Any,
    order: int = 2,
    step: float = 1e-3,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> float:
    """Compare the gradient of f at `arrays` with central differences; answer the worst error.

    f          a function of Tensors that returns a Tensor of any shape; it must be deterministic
    arrays     the point, one float64 array for each argument of f (lists will do)
    order      1: the gradient; 2: also the gradient of the gradient
    step       h, relative to max(1, |x|); keep every element further than this from any kink
    tolerance  allowed |analytic - numeric| relative to the size of the gradient

    Raises GradientError, which names the argument and the element, both numbers, and the error for a
    range of steps; TypeError if an argument or the result is not in float64 (at h = 1e-3, float32
    leaves only three digits of a difference).

    >>> import minigan.ops
    >>> check_grad(lambda x: minigan.ops.tanh(x), [0.5, -1.0]) < 1e-6
    True
    """
    point = [_float64(i, a) for i, a in enumerate(arrays)]
    rng = np.random.default_rng(seed)
    y = f(*[Tensor(a) for a in point])
    if not isinstance(y, Tensor):
        raise TypeError(f"check_grad: f returned a {type(y).__name__}, which does not depend on any Tensor")
    if y.dtype != np.float64:
        raise TypeError(
            f"check_grad: f turned float64 into {y.dtype}; a check needs full precision throughout"
        )
    c = rng.standard_normal(y.shape)
    worst = _compare(f, point, c, 1, step, tolerance, rng)
    if order == 2:
        directions = [rng.standard_normal(a.shape) for a in point]

        def s(*variables: Any) -> Any:  # S(x, c) = Σ v·dL/dx
            *xs, c = [v if isinstance(v, Tensor) else Tensor(v) for v in variables]
            gs = grad(f(*xs), xs, c, create_graph=True, allow_unconnected=True)
            total: Any = 0.0
            for g, v in zip(gs, directions, strict=True):
                total = total + (g * v).sum()
            return total

        worst = max(worst, _compare(s, [*point, c], np.array(1.0), 2, step, tolerance, rng))
    return worst


def _float64(i: int, array: Any) -> np.ndarray:
    array = np.asarray(array)
    if array.dtype != np.float64:
        raise TypeError(f"check_grad: argument {i} has dtype {array.dtype}; finite differences need float64")
    return array


def _compare(
    f: Callable[..., Any],
    point: list[np.ndarray],
    c: np.ndarray,
    order: int,
    step: float,
    tolerance: float,
    rng: np.random.Generator,
) -> float:
    """The worst relative error over all arguments and directions; raises GradientError above tolerance."""
    xs = [Tensor(a) for a in point]
    gs = grad(f(*xs), xs, c, allow_unconnected=True)

    def along(argument: int, v: np.ndarray, t: float) -> float:
        """L(x + tv), where only the one argument moves; in the memory layout that the caller chose."""
        moved = [a + t * v if i == argument else a for i, a in enumerate(point)]
        return float(np.sum(c * to_numpy(f(*[Tensor(a) for a in moved]))))

    worst = 0.0
    # Rounding leaves an error of about ε·Σ|c·y|/h in every difference: never ask for more than that.
    rounding = 64 * np.finfo(np.float64).eps * float(np.sum(np.abs(c * to_numpy(f(*xs))))) / step
    for argument, (x, g) in enumerate(zip(point, gs, strict=True)):
        size_of_g = float(np.max(np.abs(g), initial=0.0))
        for index, v in _directions(x, rng):
            scale = 1.0 if index is None else max(1.0, abs(float(x[index])))
            line = _Line(lambda t: along(argument, v, t), step * scale)  # noqa: B023 - used at once
            analytic = float(np.sum(to_numpy(g) * v))
            error = abs(analytic - line.derivative)
            allowed = tolerance * max(abs(analytic), abs(line.derivative), size_of_g, 1e-3) + rounding
            if not error <= allowed:
                raise _failure(f, order, argument, index, analytic, line, allowed)
            worst = max(worst, error / max(abs(line.derivative), size_of_g, 1.0))
    return worst


def _directions(
    x: np.ndarray, rng: np.random.Generator
) -> Iterator[tuple[tuple[int, ...] | None, np.ndarray]]:
    """(index, unit vector) for each element of a small array, (None, random vector) for a large one."""
    if x.size > ELEMENTWISE_UP_TO:
        for _ in range(RANDOM_DIRECTIONS):
            yield None, rng.standard_normal(x.shape) / np.sqrt(x.size)
        return
    for index in np.ndindex(x.shape):
        v = np.zeros(x.shape)
        v[index] = 1.0
        yield index, v


@dataclass
class _Line:
    """A function of one number t near 0, and what differences say about its derivative there."""

    f: Callable[[float], float]
    h: float

    def __post_init__(self) -> None:
        self.derivative = (4 * self.central(self.h / 2) - self.central(self.h)) / 3

    def central(self, h: float) -> float:
        return (self.f(h) - self.f(-h)) / (2 * h)

    def kink(self) -> bool:
        """True if the slope jumps within the step: from the left and from the right it differs, and
        the difference does not shrink in proportion to h as it does for a smooth function."""
        at = self.f(0.0)

        def jump(h: float) -> float:
            return abs((self.f(h) - at) / h - (at - self.f(-h)) / h)

        typical = max(abs(self.derivative), 1e-3)
        jumps_at_zero = jump(self.h) > 1e-3 * typical and jump(self.h / 64) > 0.5 * jump(self.h)
        differences = [self.central(self.h / 4**k) for k in range(4)]
        jumps_nearby = abs(differences[0] - differences[3]) > 1e-2 * typical
        return jumps_at_zero or jumps_nearby


def _failure(
    f: Callable[..., Any],
    order: int,
    argument: int,
    index: tuple[int, ...] | None,
    analytic: float,
    line: _Line,
    allowed: float,
) -> GradientError:
    steps = [line.h * 10.0**k for k in (1, 0, -1, -2, -3)]
    curve = [(h, line.central(h), abs(line.central(h) - analytic)) for h in steps]
    kink = line.kink()
    name = getattr(f, "__name__", repr(f)) if order == 1 else "the gradient"
    where = "along a random direction" if index is None else f"for element {list(index)}"
    numeric = line.derivative
    lines = [
        f"order {order}: the derivative of {name} with respect to argument {argument} is wrong {where}",
        f"  analytic  {analytic: .10g}",
        f"  numeric   {numeric: .10g}    (difference {abs(analytic - numeric):.3g}, allowed {allowed:.3g})",
    ]
    if numeric:
        lines.append(f"  ratio     {analytic / numeric: .6g}")
    lines += ["  step h     central difference   |difference to analytic|"]
    lines += [f"  {h:<9.1e}  {d: .10e}    {e:.3e}" for h, d, e in curve]
    if kink:
        lines.append(
            "  There seems to be a kink within the step: move the input away from it, or lower `step`."
        )
    elif curve[-2][2] < curve[1][2] / 20:
        lines.append("  The error shrinks with h: the function is strongly curved here; lower `step`.")
    else:
        lines.append(
            "  The error does not shrink with h: the analytic gradient is wrong, not the difference."
        )
    return GradientError(
        "\n".join(lines),
        order=order,
        argument=argument,
        index=index,
        analytic=analytic,
        numeric=numeric,
        curve=curve,
        kink=kink,
    )
