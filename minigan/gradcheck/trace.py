"""trace: the backward pass of a loss as a table, to follow it line by line.

Read `autograd` before it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigan.autograd import Tensor, ancestors, grad
from minigan.backend import to_numpy


class Trace(str):
    """The text of a trace, which a notebook shows as a table of its `rows`, the head first."""

    rows: list[tuple[str, ...]]

    def _repr_html_(self) -> str:
        from minigan.drawing.html import table

        return table(self.rows[1:], self.rows[0])


def trace(loss: Tensor) -> str:
    """The backward pass of a scalar `loss`, youngest Tensor first, as `grad` walks through it.

    One line for each Tensor: its number in the order of creation, the operation that made it and the numbers of
    what it was made from, its shape, the norm of the gradient g that has arrived at it, and the formula by which
    the operation hands g on, from its docstring.  Variables made by hand come last; a gradient that is
    zero or not finite is marked.

    >>> import minigan as mg
    >>> x = mg.Tensor([1.0, 2.0])
    >>> print(mg.trace((x * x).sum()))
    #  operation  from  shape  norm of g  formula
    2  sum        1     ()             1  y = Σ x over `axis`,  dy/dx = 1:  every summand receives the ...
    1  multiply   0,0   (2,)       1.414  y = a b,  dy/da = b,  dy/db = a.
    0  variable         (2,)       4.472
    """
    if not isinstance(loss, Tensor):
        raise TypeError(f"trace: loss is a {type(loss).__name__}, not a Tensor: nothing was recorded")
    tensors = [t for t in ancestors(loss) if t.dtype.kind == "f"]
    number = {t.order: i for i, t in enumerate(tensors)}  # counted since the program began they are too large
    norms = [float(np.linalg.norm(to_numpy(g).ravel())) for g in grad(loss, tensors)]
    rows = [_row(t, number, norm) for t, norm in zip(tensors, norms, strict=True)][::-1]
    head = ("#", "operation", "from", "shape", "norm of g", "formula")
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(5)]
    text = Trace("\n".join(_line(row, widths) for row in (head, *rows)))
    text.rows = [head, *rows]
    return text


def _row(t: Tensor, number: dict[int, int], norm: float) -> tuple[str, ...]:
    if t.recipe is None:
        operation, parents, formula = "variable", "", ""
    else:
        op, args, *_ = t.recipe
        operation = op.name
        parents = ",".join(str(number.get(a.order, "?")) for a in args if isinstance(a, Tensor))
        formula = (op.__doc__ or "").strip().split("\n")[0]
    mark = " !" if not np.isfinite(norm) or norm == 0 else ""
    return str(number[t.order]), operation, parents, str(t.shape), f"{norm:.4g}{mark}", formula


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    number, operation, parents, shape, norm, formula = row
    cells: list[Any] = [number.rjust(widths[0]), operation.ljust(widths[1]), parents.ljust(widths[2])]
    cells += [shape.ljust(widths[3]), norm.rjust(widths[4]), formula]
    return "  ".join(cells).rstrip()
