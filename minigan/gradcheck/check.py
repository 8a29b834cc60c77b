"""Is this gradient right?  Finite differences, of first and second order, with failures that teach.

Read `autograd` before it.  ``python -m minigan.gradcheck`` checks every primitive.

For y = f(x) and a fixed random c, the number L(x) = Σ c·y has the gradient that the engine computes
with c as the incoming gradient.  Along any direction v it must agree with the central difference

    D(h) = (L(x + hv) - L(x - hv)) / 2h = ⟨dL/dx, v⟩ + O(h²),

and Richardson's combination (4 D(h/2) - D(h)) / 3 cancels the h² term.  The directions are the unit
vectors, element by element, for small arrays and random ones for large arrays, where one random
direction touches every element.

Second order is the same check applied to a new function: S(x, c) = Σ v·dL/dx for random v, whose own
gradient needs the vjps of all the vjps.  The differences take dL/dx as ordinary training computes it,
on bare arrays, and the gradient differentiates what was recorded: so the two are compared as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from minigan.autograd import Tensor, ancestors, grad
from minigan.backend import to_numpy

#: Arrays up to this size are checked element by element, larger ones along random directions.
ELEMENTWISE_UP_TO = 48
RANDOM_DIRECTIONS = 6


class GradientError(AssertionError):
    """The analytic and the numeric gradient disagree; `kink` says whether a kink explains it.

    order     1 or 2: which derivative disagrees
    argument  number of the argument of f; at order 2, one more stands for the incoming gradient c
    index     the element of it, or None for a random direction
    analytic, numeric  the two derivatives
    curve     [(step h, central difference D(h), |D(h) - analytic|), ...]
    """

    __module__ = "minigan.gradcheck"  # where it is imported from, as tracebacks say

    order: int
    argument: int
    index: tuple[int, ...] | None
    analytic: float
    numeric: float
    curve: list[tuple[float, float, float]]
    kink: bool

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.__dict__.update(facts)


def check_grad(
    f: Callable[..., Any],
    *arrays: Any,
    order: int = 2,
    step: float = 1e-3,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> float:
    """Compare the gradient of f at `arrays` with central differences; returns the worst error.

    f          a function of Tensors that returns a Tensor of any shape; it must be deterministic
    arrays     the point, one float64 array for each argument of f (lists will do)
    order      1: the gradient; 2: also the gradient of the gradient
    step       h, relative to max(1, |x|); keep every element further than this from any kink
    tolerance  allowed |analytic - numeric| relative to the size of the gradient

    Raises GradientError, which names the argument and the element, both numbers, and the error for a
    range of steps; TypeError if anything on the way is not in float64 (at h = 1e-3, float32 leaves only
    three digits of a difference); ValueError if f draws random numbers or writes into its arguments.

    >>> import minigan.ops
    >>> check_grad(lambda x: minigan.ops.tanh(x), [0.5, -1.0]) < 1e-6
    True
    """
    return max(worst_errors(f, *arrays, order=order, step=step, tolerance=tolerance, seed=seed))


def worst_errors(f: Callable[..., Any], *arrays: Any, order: int, seed: int = 0, **how: float) -> list[float]:
    """The worst error of first order and, if `order` is 2, that of second order; else as `check_grad`."""
    if order not in (1, 2):
        raise ValueError(f"check_grad: order must be 1 or 2, not {order!r}")
    point = [_float64(i, a) for i, a in enumerate(arrays)]
    rng = np.random.default_rng(
        [seed, 0x67726164]
    )  # never the numbers that default_rng(seed) gave to `arrays`
    y, again = (f(*[Tensor(a) for a in point]) for _ in range(2))
    _check_result(y, again)
    c = rng.standard_normal(y.shape)
    errors = [_compare(f, f, point, c, 1, rng, **how)]
    if order == 2:
        directions = [rng.standard_normal(a.shape) for a in point]

        def s(*variables: Any, create_graph: bool = False) -> Any:  # S(x, c) = Σ v·dL/dx
            *xs, c = variables
            gs = grad(f(*xs), xs, c, create_graph=create_graph, allow_unconnected=True)
            return sum((g * v).sum() for g, v in zip(gs, directions, strict=True))

        recorded = partial(s, create_graph=True)
        _check_precision(recorded(*[Tensor(a) for a in (*point, c)]))
        errors.append(_compare(recorded, s, [*point, c], np.array(1.0), 2, rng, **how))
    return errors


def _float64(i: int, array: Any) -> np.ndarray:
    """Argument i as a read-only array: a forward or a vjp that writes into it raises ValueError."""
    array = np.asarray(array).view()
    if array.dtype != np.float64:
        raise TypeError(f"check_grad: argument {i} has dtype {array.dtype}; finite differences need float64")
    array.flags.writeable = False
    return array


def _check_result(y: Any, again: Any) -> None:
    if not isinstance(y, Tensor):
        raise TypeError(f"check_grad: f returned a {type(y).__name__}, which does not depend on any Tensor")
    if y.dtype != np.float64:
        raise TypeError(f"check_grad: f turned float64 into {y.dtype}; a check needs full precision")
    if not np.array_equal(to_numpy(y), to_numpy(again), equal_nan=True):
        raise ValueError(
            "check_grad: f gave two different results at the same point; seed its random numbers inside f"
        )
    _check_precision(y)


def _check_precision(result: Tensor) -> None:
    """Refuse a lower precision in between, which costs too few digits to show in the numbers."""
    for t in ancestors(result):
        op, args, *_ = t.recipe or (None, ())
        came = {a.dtype for a in args if isinstance(a, Tensor)}
        if op and t.dtype != np.float64 and np.dtype(np.float64) in came:
            raise TypeError(
                f"check_grad: {op.name} turned float64 into {t.dtype}, in f or in one of the vjps it used; "
                "a check needs full precision throughout"
            )


def _compare(
    f: Callable[..., Any],
    numeric: Callable[..., Any],
    point: list[np.ndarray],
    c: np.ndarray,
    order: int,
    rng: np.random.Generator,
    step: float = 1e-3,
    tolerance: float = 1e-6,
) -> float:
    """The worst relative error, over all arguments and directions, of the gradient of f against the
    differences of `numeric`; raises GradientError above the tolerance."""
    xs = [Tensor(a) for a in point]
    y = f(*xs)
    f(*[Tensor(a + step) for a in point])  # elsewhere, before the vjps: what they keep must not go stale
    gs = grad(y, xs, c, allow_unconnected=True)

    def along(argument: int, v: np.ndarray, t: float) -> float:
        """L(x + tv), where only the one argument moves; in the memory layout that the caller chose."""
        moved = [a + t * v if i == argument else a for i, a in enumerate(point)]
        return float(np.sum(c * to_numpy(numeric(*[Tensor(a) for a in moved]))))

    worst = 0.0
    # Rounding leaves an error of about ε·Σ|c·y|/h in every difference: never ask for more than that.
    rounding = 64 * np.finfo(np.float64).eps * float(np.sum(np.abs(c * to_numpy(y)))) / step
    for argument, (x, g) in enumerate(zip(point, gs, strict=True)):
        size_of_g = float(np.max(np.abs(g), initial=0.0))
        for index, v in _directions(x, rng):
            scale = 1.0 if index is None else max(1.0, abs(float(x[index])))
            line = _Line(partial(along, argument, v), step * scale)
            analytic = float(np.sum(to_numpy(g) * v))
            error = abs(analytic - line.derivative)
            allowed = tolerance * max(abs(analytic), abs(line.derivative), size_of_g, 1e-3) + rounding
            if not error <= allowed:  # also when one of them is not a number
                what = f"argument {argument}"
                if order == 2:
                    what = what if argument < len(point) - 1 else "the incoming gradient"
                facts = {"order": order, "argument": argument, "index": index, "analytic": analytic}
                raise _failure(f, what, line, allowed, facts)
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
    f: Callable[..., Any], what: str, line: _Line, allowed: float, facts: dict[str, Any]
) -> GradientError:
    order, index, analytic, numeric = facts["order"], facts["index"], facts["analytic"], line.derivative
    with np.errstate(all="ignore"):  # ten times the step may leave the domain of f
        differences = [(h, line.central(h)) for h in [line.h * 10.0**k for k in (1, 0, -1, -2, -3)]]
        kink = line.kink()
    curve = [(h, d, abs(d - analytic)) for h, d in differences]
    if kink:
        conclusion = "There seems to be a kink within the step: move the input away from it, or lower `step`."
    elif curve[-2][2] < curve[1][2] / 20:
        conclusion = "The error shrinks with h: the function is strongly curved here; lower `step`."
    else:
        conclusion = "The error does not shrink with h: the analytic gradient is wrong, not the difference."
    name = "the gradient" if order == 2 else getattr(f, "__name__", repr(f))
    where = "along a random direction" if index is None else f"for element {list(index)}"
    difference = f"(difference {abs(analytic - numeric):.3g}, allowed {allowed:.3g})"
    message = [
        f"order {order}: the derivative of {name} with respect to {what} is wrong {where}",
        f"  analytic  {analytic: .10g}",
        f"  numeric   {numeric: .10g}    {difference}",
        *([f"  ratio     {analytic / numeric: .6g}"] if numeric else []),
        "  step h     central difference   |difference to analytic|",
        *[f"  {h:<9.1e}  {d: .10e}    {e:.3e}" for h, d, e in curve],
        f"  {conclusion}",
    ]
    return GradientError("\n".join(message), numeric=numeric, curve=curve, kink=kink, **facts)
