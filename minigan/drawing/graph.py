"""graph: how a Tensor was computed, as a picture and as plain data, with values and gradients.

Read `autograd` before it.  Nothing but this module needs to be loaded until a picture is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minigan.autograd import Tensor, ancestors, grad
from minigan.backend import to_numpy
from minigan.checks import path as path_of
from minigan.checks import whole
from minigan.layers import Layer

LIMIT = 60  # boxes that are drawn
FEW = 4  # numbers that are written out in a box


class Graph:
    """What `graph` returns: shows itself in a notebook, and saves itself as an SVG file.

    data  the graph as dictionaries, lists, numbers and strings, ready for `json.dumps`:

          nodes  one for each Tensor, from old to young: id, operation ("variable" if made by hand), name (None unless
                 it was given), shape, dtype, values (in words, short), norm, gradient (in words), gradient_norm,
                 constants (of the arguments that are no Tensors: argument, text), formula (the first line of the
                 operation's docstring).  A norm is None if it is not finite; a gradient is None if there is none.
          edges  from, to (ids) and argument, the number of the argument of `to` that `from` is
          walk   the ids of the results in the order in which `grad` visits them: from the youngest to the oldest
          folds  calls of the layers that were named: name, layer (its repr), nodes (ids), weights (ids)
          note   why there are no gradients, otherwise ""
    """

    def __init__(self, data: dict[str, Any], limit: int = LIMIT) -> None:
        self.data, self.limit = data, limit

    @property
    def svg(self) -> str:
        """The picture: the text of an SVG file."""
        from minigan.drawing.svg import graph_svg

        return graph_svg(self.data, self.limit)

    def save(self, path: str | Path) -> None:
        """Write the picture to a file, which appears whole or not at all."""
        from minigan.models.storage import replacing

        with replacing(path_of("Graph.save", path=path)) as file:
            file.write(self.svg.encode())

    def json(self) -> str:
        """`data` as JSON."""
        return json.dumps(self.data, allow_nan=False)

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_html_(self) -> str:
        return f'<div style="overflow-x: auto">{self.svg}</div>'

    def __repr__(self) -> str:
        folds = f", {len(self.data['folds'])} calls of layers" if self.data["folds"] else ""
        return f"Graph({len(self.data['nodes'])} Tensors{folds}; draw it with .save('graph.svg'))"


def graph(y: Tensor, /, limit: int = LIMIT, **named: Any) -> Graph:
    """The graph of everything that y was computed from: a picture in a notebook, `.save(path)`, `.data`.

    y       a Tensor; if it is a scalar, the gradient of y with respect to every Tensor is shown, too.  `backward` need
            not have been called, and no `.grad` is changed
    limit   boxes that are drawn, those nearest to y; a sentence in the picture says how many are left out
    named   what to call things: a Tensor by its name; a Layer or a model, whose weights are then called by theirs, and
            of which every call becomes one box

    What runs between the first and the last use of the weights of a layer is one call of it, if all of its weights are
    used: this is known from the order of creation.  Functions without weights have boxes of their own.

    >>> import minigan as mg
    >>> x = mg.Tensor([1.0, 2.0])
    >>> g = mg.graph((x * x).sum(), x=x)
    >>> g
    Graph(3 Tensors; draw it with .save('graph.svg'))
    >>> [(node["operation"], node["gradient"]) for node in g.data["nodes"]]
    [('variable', '[2, 4]'), ('multiply', '[1, 1]'), ('sum', '1')]
    """
    if not isinstance(y, Tensor):
        raise TypeError(f"graph: y is a {type(y).__name__}, not a Tensor: nothing was recorded")
    whole("graph", limit=limit)
    names, layers = _names(named)
    tensors = ancestors(y)
    number = {t.order: i for i, t in enumerate(tensors)}
    gradients, note = _gradients(y, tensors)
    edges = [
        {"from": number[a.order], "to": i, "argument": k}
        for i, t in enumerate(tensors)
        for k, a in enumerate(t.recipe[1] if t.recipe else ())
        if isinstance(a, Tensor)
    ]
    return Graph(
        {
            "nodes": [_node(i, t, names.get(t.order), gradients.get(t.order)) for i, t in enumerate(tensors)],
            "edges": edges,
            "walk": [i for i, t in enumerate(tensors) if t.recipe][::-1],
            "folds": _folds(edges, number, layers),
            "note": note,
        },
        limit,
    )


Owned = tuple[str, str, list[int]]  # the name of a layer, its repr, the orders of its weights


def _names(named: Mapping[str, Any]) -> tuple[dict[int, str], list[Owned]]:
    """order -> name of every Tensor that has got one, and the layers that own weights."""
    names: dict[int, str] = {}
    layers: dict[int, Owned] = {}
    for name, thing in named.items():
        if isinstance(thing, Tensor):
            names[thing.order] = name
            continue
        networks = getattr(thing, "networks", None)
        parts = {f"{name}.{key}": part for key, part in networks.items()} if networks else {name: thing}
        for prefix, part in parts.items():
            if not isinstance(part, Layer):
                raise TypeError(
                    f"graph: {name} is a {type(part).__name__}, expected a Tensor, a Layer or a model"
                )
            for key, owner, _, weight in part._items(f"{prefix}."):
                if isinstance(weight, Tensor) and weight.order not in names:
                    names[weight.order] = key
                    owned = layers.setdefault(id(owner), (key.rpartition(".")[0], repr(owner), []))
                    owned[2].append(weight.order)
    return names, list(layers.values())


def _gradients(y: Tensor, tensors: list[Tensor]) -> tuple[dict[int, np.ndarray], str]:
    """order -> dy/dt, and why there are none."""
    if y.shape != () or y.dtype.kind != "f":
        return {}, "No gradients: this Tensor is not a scalar. Draw a loss, or the sum."
    floating = [t for t in tensors if t.dtype.kind == "f"]
    try:
        found = grad(y, floating, allow_unconnected=True)
    except (NotImplementedError, ValueError) as error:
        return {}, f"No gradients: {error}"
    return {t.order: to_numpy(g) for t, g in zip(floating, found, strict=True)}, ""


def _node(number: int, t: Tensor, name: str | None, g: np.ndarray | None) -> dict[str, Any]:
    values = to_numpy(t)
    op, args, *_ = t.recipe or (None, ())
    shown = args if op is None or op.each else args[: len(op.vjps)]  # not the axis, not the shape
    constants = [{"argument": i, "text": _short(a)} for i, a in enumerate(shown) if _is_number(a)]
    return {
        "id": number,
        "operation": op.name if op else "variable",
        "name": name,
        "shape": list(t.shape),
        "dtype": str(t.dtype),
        "values": _short(values),
        "norm": _norm(values),
        "gradient": None if g is None else _short(g),
        "gradient_norm": None if g is None else _norm(g),
        "constants": constants,
        "formula": (op.__doc__ or "").strip().split("\n")[0] if op else "",
    }


def _is_number(a: Any) -> bool:
    return not isinstance(a, Tensor | bool) and (hasattr(a, "shape") or isinstance(a, int | float))


def _short(a: Any) -> str:
    """A few numbers as they are, many as their range; a long constant as its shape."""
    values = to_numpy(a)
    if values.size == 0:
        return "empty"
    if values.size <= FEW:
        flat = [f"{float(v):.4g}" for v in values.ravel()]
        return flat[0] if values.ndim == 0 else f"[{', '.join(flat)}]"
    low, high = float(values.min()), float(values.max())
    return f"{low:.3g} to {high:.3g}"


def _norm(values: np.ndarray) -> float | None:
    with np.errstate(all="ignore"):
        norm = float(np.linalg.norm(values.astype(np.float64).ravel()))
    return norm if np.isfinite(norm) else None


def _folds(edges: list[dict[str, int]], number: dict[int, int], layers: list[Owned]) -> list[dict[str, Any]]:
    """The calls of layers: in each all weights of the layer are used once, and no two overlap."""
    users: dict[int, list[int]] = {}
    for edge in edges:
        users.setdefault(edge["from"], []).append(edge["to"])
    found = []
    for name, layer, orders in layers:
        weights = [number[order] for order in orders if order in number]
        uses = sorted((user, weight) for weight in weights for user in users.get(weight, ()))
        calls: list[dict[int, int]] = []  # weight -> the result that uses it
        for user, weight in uses:
            if not calls or weight in calls[-1]:
                calls.append({})
            calls[-1][weight] = user
        for call in calls:
            if len(call) == len(orders):
                found.append((min(call.values()), max(call.values()), name, layer, weights))
    folds: list[dict[str, Any]] = []
    free = 0  # the first node after the folds so far
    for first, last, name, layer, weights in sorted(found):
        if first >= free:
            folds.append(
                {"name": name, "layer": layer, "nodes": list(range(first, last + 1)), "weights": weights}
            )
            free = last + 1
    return folds
