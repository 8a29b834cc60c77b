"""Is this gradient right?  Finite differences, of first and second order, with failures that teach.

Read `autograd` before it.  ``python -m minigan.gradcheck`` checks every primitive.

For y = f(x) and a fixed random c, the number L(x) = Σ c·y has the gradient that the engine computes
with c as the incoming gradient.  Along any direction v it must agree with the central difference

    D(h) = (L(x + hv) - L(x - hv)) / 2h = ⟨dL/dx, v⟩ + O(h²),

and Richardson's combination (4 D(h/2) - D(h)) / 3 cancels the h² term.  The directions are the unit
vectors, element by element, for small arrays and random ones for large arrays, where one random
direction touches every element.

Where one step does not decide, the curve of D over many steps does (`curve`): the function may be bent
too strongly for this step, or rounding may be too coarse for it.  Nothing is compared with an absolute
number, so a gradient is checked alike at any scale.

Second order is the same check applied to a new function: S(x, c) = Σ v·dL/dx for random v, whose own
gradient needs the vjps of all the vjps.  The differences take dL/dx as ordinary training computes it,
on bare arrays, and the gradient differentiates what was recorded: so the two are compared as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np

from minigan.autograd import Tensor, ancestors, grad
from minigan.backend import to_numpy
from minigan.checks import instance, real, whole
from minigan.gradcheck.curve import Comparison, Line, compare

#: Arrays up to this size are checked element by element, larger ones along random directions.
ELEMENTWISE_UP_TO = 48
RANDOM_DIRECTIONS = 6
#: A gradient that changes by less than this part of itself is constant: f is linear.  Rounding may hide such a
#: change, but not a derivative of first order: there, a constant that is added to f can make any part as small.
NEGLIGIBLE = 1e-9


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
    tolerance  allowed |analytic - numeric| relative to the larger of the two

    Raises GradientError, which names the argument and the element, both numbers, and the error for a
    range of steps; TypeError if anything on the way is not in float64 (at h = 1e-3, float32 leaves only
    three digits of a difference); ValueError if f draws random numbers or writes into its arguments, or
    if rounding hides the derivative, as it does in 1e15 + tanh x.

    >>> import minigan.ops
    >>> check_grad(lambda x: minigan.ops.tanh(x), [0.5, -1.0]) < 1e-6
    True
    """
    return max(worst_errors(f, *arrays, order=order, step=step, tolerance=tolerance, seed=seed))


def worst_errors(f: Callable[..., Any], *arrays: Any, order: int, seed: int = 0, **how: float) -> list[float]:
    """The worst error of first order and, if `order` is 2, that of second order; else as `check_grad`."""
    instance("check_grad", Callable, f=f)
    if whole("check_grad", order=order) > 2:
        raise ValueError(f"check_grad: order must be 1 or 2, not {order!r}")
    real("check_grad", above=0, **how)
    point = [_float64(i, a) for i, a in enumerate(arrays)]
    # never the numbers that default_rng(seed) gave to `arrays`
    rng = np.random.default_rng([whole("check_grad", least=0, seed=seed), 0x67726164])
    y, again = (f(*[Tensor(a) for a in point]) for _ in range(2))
    _check_result(y, again)
    c = rng.standard_normal(y.shape)
    errors = [_compare(f, lambda *xs: [c * to_numpy(f(*xs))], point, c, 1, rng, **how)]
    if order == 2:
        directions = [rng.standard_normal(a.shape) for a in point]

        def products(*variables: Any, create_graph: bool = False) -> list[Any]:  # v·dL/dx, to be summed
            *xs, c = variables
            gs = grad(f(*xs), xs, c, create_graph=create_graph, allow_unconnected=True)
            return [g * v for g, v in zip(gs, directions, strict=True)]

        def s(*variables: Any) -> Any:  # S(x, c) = Σ v·dL/dx
            return sum(p.sum() for p in products(*variables, create_graph=True))

        _check_precision(s(*[Tensor(a) for a in (*point, c)]))
        errors.append(_compare(s, products, [*point, c], np.array(1.0), 2, rng, **how))
    return errors


def _float64(i: int, array: Any) -> np.ndarray:
    """Argument i as a read-only array: a forward or a vjp that writes into it raises ValueError."""
    array = np.asarray(array).view()
    if array.dtype != np.float64:
        raise TypeError(f"check_grad: argument {i} has dtype {array.dtype}; finite differences need float64")
    if not np.isfinite(array).all():
        raise ValueError(f"check_grad: argument {i} is not finite; the point must be")
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
    terms: Callable[..., list[Any]],
    point: list[np.ndarray],
    c: np.ndarray,
    order: int,
    rng: np.random.Generator,
    step: float = 1e-3,
    tolerance: float = 1e-6,
) -> float:
    """The worst relative error, over all arguments and directions, of the gradient of L = Σ c·f against
    the differences of L, whose `terms` are given unsummed; raises GradientError above the tolerance."""
    xs = [Tensor(a) for a in point]
    y = f(*xs)
    with np.errstate(all="ignore"):
        f(*[Tensor(a + step) for a in point])  # elsewhere, before the vjps: what they keep must not go stale
    gs = [to_numpy(g) for g in grad(y, xs, c, allow_unconnected=True)]

    def along(argument: int, v: np.ndarray, t: float) -> np.ndarray:
        """The terms of L(x + tv), where only one argument moves; in the memory layout that the caller chose."""
        moved = [a + t * v if i == argument else a for i, a in enumerate(point)]
        with np.errstate(all="ignore"):  # a step may leave the domain of f
            return np.concatenate([np.ravel(to_numpy(p)) for p in terms(*[Tensor(a) for a in moved])])

    def elsewhere(argument: int, v: np.ndarray) -> float:
        """The analytic derivative again, from numbers whose last digits are others."""
        k, move = rng.uniform(1, 2), 1e-9 * step * rng.uniform(-1, 1)
        xs = [Tensor(a + move * np.maximum(1, np.abs(a))) for a in point]
        g = grad(f(*xs), xs, k * c, allow_unconnected=True)[argument]
        return float(np.sum(to_numpy(g) * v)) / k

    worst = 0.0
    for argument, (x, g) in enumerate(zip(point, gs, strict=True)):
        size_of_g = float(np.max(np.abs(g), initial=0.0))
        for index, v in _directions(x, rng):
            scale = 1.0 if index is None else max(1.0, abs(float(x[index])))
            line = Line(cache(partial(along, argument, v)), step * scale)
            analytic = float(np.sum(g * v))
            again = partial(elsewhere, argument, v)
            negligible = NEGLIGIBLE if order == 2 else 0.0
            result = compare(line, analytic, size_of_g, tolerance, negligible, again)
            if not result.right:
                what = f"argument {argument}"
                if order == 2:
                    what = what if argument < len(point) - 1 else "the incoming gradient"
                facts = {"order": order, "argument": argument, "index": index, "analytic": analytic}
                raise (
                    _hidden(what, result, facts) if result.hidden else _failure(f, what, line, result, facts)
                )
            worst = max(worst, result.error)
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


def _hidden(what: str, result: Comparison, facts: dict[str, Any]) -> ValueError:
    order, index, analytic = facts["order"], facts["index"], facts["analytic"]
    where = "along a random direction" if index is None else f"for element {list(index)}"
    return ValueError(
        f"check_grad: order {order}, {what}, {where}: the differences are rounding only, with an uncertainty of "
        f"{result.uncertainty:.1g} for a derivative of {analytic:.3g}; shift or scale f, or take a larger step"
    )


def _failure(
    f: Callable[..., Any], what: str, line: Line, result: Comparison, facts: dict[str, Any]
) -> GradientError:
    order, index, analytic, numeric = facts["order"], facts["index"], facts["analytic"], result.numeric
    steps = [line.h * 10.0**k for k in (1, 0, -1, -2, -3)]
    curve = [(h, line.central(h), abs(line.central(h) - analytic)) for h in steps]
    kink = line.kink_here() or line.kink_beside(max(abs(analytic), abs(numeric)))
    if kink:
        conclusion = "There seems to be a kink within the step: move the input away from it, or lower `step`."
    elif not np.isfinite(result.uncertainty):
        conclusion = "The differences do not settle: the function is strongly curved here; lower `step`."
    else:
        conclusion = "The error does not shrink with h: the analytic gradient is wrong, not the difference."
    name = "the gradient" if order == 2 else getattr(f, "__name__", repr(f))
    where = "along a random direction" if index is None else f"for element {list(index)}"
    difference = f"(difference {abs(analytic - numeric):.3g}, allowed {result.allowed:.3g})"
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
