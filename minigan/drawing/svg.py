"""graph_svg: the data of a graph as an SVG picture, which needs no other program.

The picture has a light and a dark form, and whoever shows it chooses.  Colours are those of Okabe and Ito (2008), which
people with any of the usual kinds of colour blindness can tell apart.
"""

from __future__ import annotations

from collections import Counter
from html import escape
from itertools import pairwise
from typing import Any, NamedTuple

from minigan.drawing.layout import Placed, layered

CHARACTER, LINE = 7.3, 17.0  # of the monospaced font, in pixels
PADDING = 9.0
LONGEST = 36  # characters in a line of a box
WEIGHTS = 4  # of a layer, that are listed

STYLE = """
.minigan-graph text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
                      white-space: pre; }
.minigan-graph .title { font-weight: 600; }
@media (prefers-color-scheme: dark) {
  .minigan-graph .page { fill: #14181d; }
  .minigan-graph .box { fill: #1f262e; stroke: #56b4e9; }
  .minigan-graph .variable { fill: #2b2517; stroke: #e69f00; }
  .minigan-graph .layer { fill: #17302a; stroke: #2fc79b; }
  .minigan-graph .arrow { stroke: #98a2ad; }
  .minigan-graph .head { fill: #98a2ad; }
  .minigan-graph text { fill: #e6e9ec; }
  .minigan-graph .quiet { fill: #a4adb7; }
  .minigan-graph .gradient { fill: #ff9b5e; }
}
"""
FILL = {"box": ("#eef5fb", "#0072b2"), "variable": ("#fdf3dc", "#b87f00"), "layer": ("#e5f5ef", "#009e73")}


class Box(NamedTuple):
    """One box: its kind, the ids of the Tensors in it, its lines (class, text), and what a pointer is told."""

    kind: str
    nodes: tuple[int, ...]
    lines: list[tuple[str, str]]
    hint: str
    result: bool


def graph_svg(data: dict[str, Any], limit: int) -> str:
    """The text of an SVG file for the `data` of a `Graph`, of at most so many boxes."""
    boxes, edges = boxes_of(data)
    boxes, edges, cut, sentence = _nearest(boxes, edges, limit)
    sizes = [_size(box) for box in boxes]
    placed = layered(sizes, edges)
    notes = [text for text in (sentence, data["note"], _legend(boxes)) if text]
    top = PADDING * 2 + LINE * len(notes)
    width = max(placed.width, *(CHARACTER * len(text) for text in notes)) + 4 * PADDING
    height = placed.height + top + 2 * PADDING + 20
    dx, dy = (width - placed.width) / 2, top + 16
    parts = [
        f'<rect class="page" width="{width:.0f}" height="{height:.0f}" rx="6" fill="#ffffff"/>',
        *(
            f'<text class="quiet" x="{2 * PADDING:.0f}" y="{PADDING + LINE * (i + 1):.0f}" fill="#555e68">'
            f"{escape(text)}</text>"
            for i, text in enumerate(notes)
        ),
        *_arrows(edges, placed, sizes, dx, dy),
        *(
            text
            for box, size, (x, y), stub in zip(boxes, sizes, placed.centers, cut, strict=True)
            for text in _box(box, size, x + dx, y + dy, stub)
        ),
    ]
    return (
        f'<svg class="minigan-graph" xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" font-size="12" font-family="monospace" '
        f'aria-label="Graph of a computation: {len(boxes)} boxes">'
        f"<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def boxes_of(data: dict[str, Any]) -> tuple[list[Box], list[tuple[int, int]]]:
    """The boxes from old to young, a layer's call as one, and the arrows between them, as pairs of places."""
    nodes = data["nodes"]
    fold_of = {i: fold for fold in data["folds"] for i in fold["nodes"]}
    users: dict[int, list[int]] = {}
    for edge in data["edges"]:
        users.setdefault(edge["from"], []).append(edge["to"])
    inside = {w for fold in data["folds"] for w in fold["weights"] if all(u in fold_of for u in users[w])}
    boxes: list[Box] = []
    place: dict[int, int] = {}
    for node in nodes:
        i = node["id"]
        if i in inside:
            continue
        fold = fold_of.get(i)
        if fold is None:
            place[i] = len(boxes)
            boxes.append(_node_box(node, data))
        elif i == fold["nodes"][0]:
            place.update(dict.fromkeys(fold["nodes"], len(boxes)))
            boxes.append(_fold_box(fold, nodes))
    edges = [
        (place[edge["from"]], place[edge["to"]])
        for edge in data["edges"]
        if edge["from"] in place and place[edge["from"]] != place[edge["to"]]
    ]
    return boxes, edges


def _nearest(
    boxes: list[Box], edges: list[tuple[int, int]], limit: int
) -> tuple[list[Box], list[tuple[int, int]], list[int], str]:
    """The youngest `limit` boxes with the variables that they use, how many arrows of each come from others."""
    results = [i for i, box in enumerate(boxes) if box.result][-limit:]
    kept = set(results) | {a for a, b in edges if b in set(results) and not boxes[a].result}
    if not results:
        kept = set(range(len(boxes)))
    place = {i: k for k, i in enumerate(sorted(kept))}
    cut = Counter(place[b] for a, b in edges if b in kept and a not in kept)
    left_out = len(boxes) - len(kept)
    sentence = (
        f"{left_out} older boxes are left out; graph(..., limit={len(boxes)}) draws all." if left_out else ""
    )
    edges = [(place[a], place[b]) for a, b in edges if a in kept and b in kept]
    return [boxes[i] for i in sorted(kept)], edges, [cut[k] for k in range(len(place))], sentence


def _legend(boxes: list[Box]) -> str:
    meaning = "orange: variables, blue: operations" + (
        ", green: calls of layers" if any(b.kind == "layer" for b in boxes) else ""
    )
    return f"{meaning}; #: order of creation; g: gradient of the last box by this one"


def _gradient(node: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    if node["gradient"] is None:
        return []
    norm, few = node["gradient_norm"], " to " not in node["gradient"]
    text = f"g = {node['gradient']}" if few else f"|g| = {norm:.4g}" if norm is not None else "g"
    mark = "  not finite!" if norm is None else "  zero!" if norm == 0 else ""
    return [("gradient", f"{prefix}{text}{mark}")]


def _node_box(node: dict[str, Any], data: dict[str, Any]) -> Box:
    variable = node["operation"] == "variable"
    title = node["name"] or node["operation"]
    named = [("quiet", node["operation"])] if node["name"] and not variable else []
    constants = [("quiet", f"constant {constant['text']}") for constant in node["constants"]]
    shape = _shape(node)
    lines = [
        ("title", f"{title}  #{node['id']}"), *named, *constants, ("", f"{shape}  {node['values']}".strip()),
        *_gradient(node),
    ]  # fmt: skip
    norm = "not finite" if node["norm"] is None else f"{node['norm']:.6g}"
    hint = f"{node['formula'] or 'a variable, made by hand'}\n{node['dtype']} {shape}, norm {norm}"
    return Box("variable" if variable else "box", (node["id"],), lines, hint, not variable)


def _fold_box(fold: dict[str, Any], nodes: list[dict[str, Any]]) -> Box:
    last = nodes[fold["nodes"][-1]]
    constants = [c for i in fold["nodes"] for c in nodes[i]["constants"]]
    operations = [nodes[i]["operation"] for i in fold["nodes"]]
    lines = [
        ("title", f"{fold['layer'].splitlines()[0]}  #{last['id']}"),
        ("quiet", fold["name"]),
        *[("quiet", f"constant {constant['text']}") for constant in constants[:WEIGHTS]],
        ("", f"{_shape(last)}  {last['values']}".strip()),
        *_gradient(last),
    ]
    for i in fold["weights"][:WEIGHTS]:
        short = (nodes[i]["name"] or "weight").rpartition(".")[2]
        lines += _gradient(nodes[i], f"{short} {_shape(nodes[i])}  ") or [
            ("quiet", f"{short} {_shape(nodes[i])}")
        ]
    return Box("layer", tuple(fold["nodes"]), lines, "\n".join([fold["layer"], " → ".join(operations)]), True)


def _shape(node: dict[str, Any]) -> str:
    return f"({', '.join(map(str, node['shape']))})" if node["shape"] else ""


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _size(box: Box) -> tuple[float, float]:
    longest = max(len(_cut(text)) for _, text in box.lines)
    return CHARACTER * longest + 2 * PADDING, LINE * len(box.lines) + PADDING


def _box(box: Box, size: tuple[float, float], x: float, y: float, stub: int) -> list[str]:
    (width, height), (fill, stroke) = size, FILL[box.kind]
    left, top = x - width / 2, y - height / 2
    numbers = " ".join(map(str, box.nodes))
    parts = [f'<g data-nodes="{numbers}"><title>{escape(box.hint)}</title>']
    if stub:
        parts.append(
            f'<path class="arrow" d="M{x:.1f} {top - 20:.1f}V{top:.1f}" stroke="#6b7680" stroke-dasharray="3 3"/>'
        )
    parts.append(
        f'<rect class="{box.kind}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="5" '
        f'fill="{fill}" stroke="{stroke}" stroke-width="1.3"/>'
    )
    colours = {"": "#1b1f23", "title": "#1b1f23", "quiet": "#555e68", "gradient": "#b34700"}
    for i, (kind, text) in enumerate(box.lines):
        parts.append(
            f'<text class="{kind}" x="{left + PADDING:.1f}" y="{top + LINE * (i + 1) - 2:.1f}" '
            f'fill="{colours[kind]}">{escape(_cut(text))}</text>'
        )
    return [*parts, "</g>"]


def _arrows(
    edges: list[tuple[int, int]], placed: Placed, sizes: list[tuple[float, float]], dx: float, dy: float
) -> list[str]:
    """Lines from the lower side of a box to the upper side of another, which bend between the rows only."""
    leave, arrive = _ports(edges, placed.paths, 0, sizes), _ports(edges, placed.paths, 1, sizes)
    parts = []
    for k, ((start, end), path) in enumerate(zip(edges, placed.paths, strict=True)):
        (x, y), *passed, (to_x, to_y) = [(px + dx, py + dy) for px, py in path]
        x, to_x = x + leave[k], to_x + arrive[k]
        tip = to_y - sizes[end][1] / 2 - 5
        points = [(x, placed.rows[start][1] + dy), *passed, (to_x, placed.rows[end][0] + dy - 5)]
        curve = f"M{x:.1f} {y + sizes[start][1] / 2:.1f}V{points[0][1]:.1f}"
        for (ax, ay), (bx, by) in pairwise(points):
            half = (ay + by) / 2
            curve += (
                f"V{by:.1f}" if ax == bx else f"C{ax:.1f} {half:.1f} {bx:.1f} {half:.1f} {bx:.1f} {by:.1f}"
            )
        curve += f"V{tip:.1f}"
        parts.append(f'<path class="arrow" d="{curve}" fill="none" stroke="#6b7680" stroke-width="1.2"/>')
        parts.append(f'<path class="head" d="M{to_x:.1f} {tip + 5:.1f}l-3.5 -7h7z" fill="#6b7680"/>')
    return parts


def _ports(
    edges: list[tuple[int, int]],
    paths: list[list[tuple[float, float]]],
    end: int,
    sizes: list[tuple[float, float]],
) -> list[float]:
    """How far from the middle of its box each arrow begins (end 0) or ends (1), in the order of its neighbours."""
    shift = [0.0] * len(edges)
    for box in {edge[end] for edge in edges}:
        here = [k for k, edge in enumerate(edges) if edge[end] == box]
        here.sort(key=lambda k: paths[k][-2 if end else 1][0])
        step = min(16.0, sizes[box][0] / (len(here) + 1))
        for i, k in enumerate(here):
            shift[k] = step * (i - (len(here) - 1) / 2)
    return shift
