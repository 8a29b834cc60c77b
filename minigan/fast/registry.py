"""The only place where a quicker body is put under the name of a function of the book."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Body(NamedTuple):
    """A quicker body: of a function (argument None), or of the vjp of a primitive for one of its arguments."""

    target: Any
    argument: int | None
    plain: Callable
    fast: Callable


#: all of them, by the name of the function and the number of the argument
bodies: dict[tuple[str, int | None], Body] = {}


def faster(target: Any, argument: int | None = None) -> Callable[[Callable], Callable]:
    """A decorator: the function below it runs in the place of `target`, or of its vjp for `argument`."""

    def register(fast: Callable) -> Callable:
        plain = target.plain if argument is None else target.vjps[argument]
        bodies[target.__name__, argument] = body = Body(target, argument, plain, fast)
        use(body, fast)
        return fast

    return register


def use(body: Body, f: Callable) -> None:
    """Let `f`, the plain or the fast one, run from now on."""
    if body.argument is None:
        body.target.forward = f
    else:
        vjps = list(body.target.vjps)
        vjps[body.argument] = f
        body.target.vjps = tuple(vjps)
