"""curves_svg: columns of a history over the steps, as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 380, 250
LEFT, RIGHT, BOTTOM = 52, 12, 40  # around the axes; above them is the title and the legend
LINE = 17  # of text
POINTS = 400  # of a curve, at most
MOST = 1e300  # larger numbers have no difference in float64
FEW = 2  # points of a curve that are marked; their axis begins at step 0
#: Okabe and Ito (2008), the darkest first, for people with any of the usual kinds of colour blindness; light, dark
COLOURS = (
    ("#0072b2", "#56b4e9"), ("#c24e00", "#f58a42"), ("#007a59", "#2fc79b"), ("#a8567f", "#d995b9"),
    ("#946a00", "#e6b23c"), ("#444444", "#c8c8c8"),
)  # fmt: skip

STYLE = (
    ".minigan-curves text { font: 12px system-ui, sans-serif; } "
    ".minigan-curves .curve { fill: none; stroke-width: 1.5; } "
    + " ".join(f".minigan-curves .c{i} {{ stroke: {light}; }}" for i, (light, _) in enumerate(COLOURS))
    + " @media (prefers-color-scheme: dark) { .minigan-curves .page { fill: #14181d; } "
    ".minigan-curves text { fill: #e6e9ec; } .minigan-curves .axis { stroke: #4a535c; } "
    ".minigan-curves .reference { stroke: #c3cad1; } "
    + " ".join(f".minigan-curves .c{i} {{ stroke: {dark}; }}" for i, (_, dark) in enumerate(COLOURS))
    + " }"
)

Reference = tuple[float, str]  # a number, and what it means


def curves_svg(
    rows: Sequence[Mapping[str, float]],
    panels: Mapping[str, Sequence[str]],
    references: Mapping[str, Sequence[Reference]] | None = None,
) -> str:
    """One SVG picture for each panel {title: names of columns}, with dashed lines where `references` has numbers for it."""
    pictures = []
    for title, names in panels.items():
        curves = {name: _points(rows, name) for name in names}
        curves = {name: points for name, points in curves.items() if points}
        pictures.append(_panel(title, curves, (references or {}).get(title, ())))
    return "".join(pictures)


def _points(rows: Sequence[Mapping[str, float]], name: str) -> list[tuple[float, float]]:
    """(step, number) of the rows that have a finite number of this name, POINTS of them at most."""
    points = [
        (row["step"], min(max(row[name], -MOST), MOST))
        for row in rows
        if name in row and math.isfinite(row[name])
    ]
    every = math.ceil(len(points) / POINTS)
    return points[::-1][::every][::-1] if points else []  # with the last


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers from `low` to `high`, some five of them."""
    span = high - low
    step = 10.0 ** math.floor(math.log10(span / about))
    step *= next((m for m in (1, 2, 5) if span / (m * step) <= about), 10)
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _panel(
    title: str, curves: Mapping[str, Sequence[tuple[float, float]]], references: Sequence[Reference]
) -> str:
    legend = [*curves, *[text for _, text in references]]
    top = 26 + LINE * len(legend)
    height = HEIGHT + LINE * len(legend)
    steps = [step for points in curves.values() for step, _ in points]
    numbers = [number for points in curves.values() for _, number in points] + [
        number for number, _ in references
    ]
    x_low, x_high = (min(steps), max(steps)) if steps else (0.0, 1.0)
    if max(map(len, curves.values()), default=0) <= FEW:
        x_low, x_high = 0.0, x_high or 1.0
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    margin = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    low, high = low - margin, high + margin

    def x(step: float) -> float:
        return LEFT + (step - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT)

    def y(number: float) -> float:
        return top + (high - number) / (high - low) * (height - top - BOTTOM)

    parts = [
        f'<rect class="page" width="{WIDTH}" height="{height}" rx="6" fill="#fff"/>',
        f'<text x="{LEFT}" y="18" font-weight="600">{escape(title)}</text>',
    ]
    for tick in ticks(low, high):
        parts.append(f'<path class="axis" d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}" stroke="#ccd2d8"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{_number(tick)}</text>')
    for tick in ticks(x_low, x_high, 4):
        parts.append(
            f'<path class="axis" d="M{x(tick):.1f} {height - BOTTOM}v4" stroke="#ccd2d8"/>'
            f'<text x="{x(tick):.1f}" y="{height - BOTTOM + 16}" text-anchor="middle">{_number(tick)}</text>'
        )
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{height - 6}" text-anchor="middle">step</text>'
    )
    for i, (name, points) in enumerate(curves.items()):
        kind = f"c{i % len(COLOURS)}"
        stroke = COLOURS[i % len(COLOURS)][0]
        dash = f' stroke-dasharray="{2 + 2 * (i // len(COLOURS))} 2"' if i >= len(COLOURS) else ""
        line = " ".join(f"{x(step):.1f},{y(number):.1f}" for step, number in points)
        parts.append(f'<polyline class="curve {kind}" points="{line}" fill="none" stroke="{stroke}"{dash}/>')
        if len(points) <= FEW:  # a line of two points says little, and one point draws none
            parts += [f'<circle class="{kind}" cx="{x(s):.1f}" cy="{y(n):.1f}" r="3" fill="none" stroke="{stroke}"/>'
                      for s, n in points]  # fmt: skip
        parts += _legend(i, name, f'class="curve {kind}" stroke="{stroke}"{dash}')
    for k, (number, text) in enumerate(references):
        dashed = f'class="reference" stroke="#555" stroke-dasharray="{6 if k % 2 == 0 else 2} 3"'
        parts.append(f'<path {dashed} d="M{LEFT} {y(number):.1f}H{WIDTH - RIGHT}"/>')
        parts += _legend(len(curves) + k, text, dashed)
    if not curves:
        parts.append(f'<text x="{LEFT + 10}" y="{height // 2}">no numbers</text>')
    return (
        f'<svg class="minigan-curves" xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}, over the steps" '
        f'font-size="12" font-family="sans-serif"><style>{STYLE}</style>{"".join(parts)}</svg>'
    )


def _legend(row: int, name: str, look: str) -> list[str]:
    y = 30 + LINE * row
    return [
        f'<path {look} d="M{LEFT} {y}h22" fill="none" stroke-width="1.5"/>',
        f'<text x="{LEFT + 28}" y="{y + 4}">{escape(name)}</text>',
    ]


def _number(tick: float) -> str:
    return f"{tick:,.0f}" if abs(tick) >= 1000 else f"{tick:.4g}"
