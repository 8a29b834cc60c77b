"""Quicker bodies for some functions of the book.

Delete this folder, or set the environment variable MINIGAN_FAST=0, and minigan computes the same numbers,
up to rounding, in more time.  Nothing here needs to be read to understand minigan.

A body answers for host arrays that it was made for, and hands everything else to the plain one, which
stands in the book.  `faster` is the only place where a body gets its name, and `bodies` lists them all; the
tests hold each one against the plain one, values and derivatives of both orders.
"""

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


from minigan.fast import (
    batch_normalization as batch_normalization,
)
from minigan.fast import (
    convolution as convolution,
)
from minigan.fast import (
    elementwise as elementwise,
)
from minigan.fast import (
    memory as memory,
)
from minigan.fast import (
    optimizers as optimizers,
)
from minigan.fast import (
    random as random,
)
from minigan.fast import (
    resize_convolution as resize_convolution,
)
from minigan.fast import (
    routing as routing,
)
