"""The graph of the loss of D or of G, and the order in which `grad` walks through it.

Read `drawing.graph` before it, which finds the Tensors and their gradients.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigan.autograd import Tensor
from minigan.drawing.graph import graph
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
    """One box for each Tensor of floating-point numbers, from old to young: `grad` walks from the last to the first.

    A box has operation, shape, norm of the gradient, formula, and the numbers of the boxes that it was made from.
    """
    weights = {
        f"{letter} {i}": p
        for letter in "GD"
        for i, p in enumerate(getattr(session.model, letter).parameters())
    }
    data = graph(loss_of(session, of), **weights).data
    nodes = [node for node in data["nodes"] if node["gradient_norm"] is not None]
    number = {node["id"]: i for i, node in enumerate(nodes)}
    made_from: dict[int, list[int]] = {node["id"]: [] for node in nodes}
    for edge in data["edges"]:
        if edge["from"] in number and edge["to"] in number:
            made_from[edge["to"]].append(number[edge["from"]])
    return {
        "boxes": [
            {
                "op": node["name"] or node["operation"],
                "shape": str(tuple(node["shape"])),
                "norm": f"{node['gradient_norm']:.3g}",
                "formula": node["formula"] or "a weight: `grad` returns the gradient that arrives here",
                "from": made_from[node["id"]],
            }
            for node in nodes
        ]
    }
