"""The graph of the loss of D or of G, and the order in which `grad` walks through it.

Read before it: `autograd`, `gradcheck.trace`, which prints the same as a table.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigan.autograd import Tensor, ancestors, grad
from minigan.backend import to_numpy
from minigan.lab.plane import draw
from minigan.lab.session import Session
from minigan.losses import discriminator_loss, generator_loss

BATCH = 12  # points, a multiple of every packing: few, since only the form of the graph is shown


def loss_of(session: Session, of: str) -> Tensor:
    """The loss of "d" or "g" at the present state, without its penalties, on a few fixed points."""
    if of not in ("d", "g"):
        raise ValueError(f"graph: of is {of!r:.60}, expected 'd' or 'g'")
    model, s = session.model, session.settings
    fake = model.G(session.z[:BATCH])
    if of == "g":
        return generator_loss(model.D(model.packs(fake)), s.kind)
    real = draw(s, BATCH, np.random.default_rng(s.seed))
    return discriminator_loss(model.D(model.packs(real)), model.D(model.packs(fake.data)), s.kind)


def of(session: Session, of: str) -> dict[str, Any]:
    """One box for each Tensor, from old to young: `grad` walks from the last to the first."""
    loss = loss_of(session, of)
    tensors = [t for t in ancestors(loss) if t.dtype.kind == "f"]
    number = {t.order: i for i, t in enumerate(tensors)}
    names = {p.order: f"{letter} {i}" for letter in "GD"
             for i, p in enumerate(getattr(session.model, letter).parameters())}  # fmt: skip
    return {
        "boxes": [
            box(t, number, names, float(np.linalg.norm(to_numpy(g))))
            for t, g in zip(tensors, grad(loss, tensors), strict=True)
        ]
    }


def box(t: Tensor, number: dict[int, int], names: dict[int, str], norm: float) -> dict[str, Any]:
    """Operation, shape, norm of the gradient, formula, and the numbers of the boxes that it was made from."""
    op, args, *_ = t.recipe or (None, ())
    return {
        "op": op.name if op else names.get(t.order, "variable"),
        "shape": str(t.shape),
        "norm": f"{norm:.3g}",
        "formula": (
            (op.__doc__ or "").strip() if op else "a weight: `grad` returns the gradient that arrives here"
        ),
        "from": [number[a.order] for a in args if isinstance(a, Tensor) and a.order in number],
    }
