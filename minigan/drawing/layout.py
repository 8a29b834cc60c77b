"""Where the boxes of a graph go: in layers, few arrows cross, and none runs through a box.

The four steps of Sugiyama, Tagawa and Toda (1981): a row for every box, so that arrows lead down; a point in
every row that an arrow passes; an order in every row, by the mean place of the neighbours in the row before; and
coordinates, as near to the neighbours as the order allows.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

GAP = 26.0  # between two boxes of a row
ROW_GAP = 34.0  # between two rows
PASSING = 10.0  # the width that is kept for an arrow that passes a row
SWEEPS = 8  # down and up over all rows


class Placed(NamedTuple):
    """The middle of every box, where its row begins and ends, the points of every arrow, the size of the picture.

    An arrow leads from a middle to a middle, straight down within each row that it passes.
    """

    centers: list[tuple[float, float]]
    rows: list[tuple[float, float]]
    paths: list[list[tuple[float, float]]]
    width: float
    height: float


def rows_of(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The row of each box, 0 at the top: a box is as far from the bottom as its longest way to there.

    edges  (from, to), with from < to for each
    """
    height = [0] * count  # above the last row
    for start, end in sorted(
        edges, reverse=True
    ):  # by the start: what leads away from `end` is known already
        height[start] = max(height[start], height[end] + 1)
    return [max(height, default=0) - h for h in height]


def layered(sizes: Sequence[tuple[float, float]], edges: Sequence[tuple[int, int]]) -> Placed:
    """Place boxes of these (width, height), which are connected by `edges` (from, to) with from < to."""
    row = rows_of(len(sizes), edges)
    widths = [width for width, _ in sizes]
    chains = []  # of every edge: the box, the points that it passes, the box
    for start, end in edges:
        passed = []
        for between in range(row[start] + 1, row[end]):
            passed.append(len(row))
            row.append(between)
            widths.append(PASSING)
        chains.append([start, *passed, end])
    above, below = defaultdict(list), defaultdict(list)
    for chain in chains:
        for a, b in itertools.pairwise(chain):
            below[a].append(b)
            above[b].append(a)
    rows: list[list[int]] = [[] for _ in range(max(row, default=-1) + 1)]
    for item, r in enumerate(row):
        rows[r].append(item)
    rows = _ordered(rows, above, below)
    x = _abscissas(rows, widths, above, below)
    left = min((x[i] - widths[i] / 2 for i in range(len(x))), default=0.0)
    right = max((x[i] + widths[i] / 2 for i in range(len(x))), default=0.0)
    bands, top = [], 0.0  # from where to where each row is
    for items in rows:
        tallest = max((sizes[i][1] for i in items if i < len(sizes)), default=0.0)
        bands.append((top, top + tallest))
        top += tallest + ROW_GAP
    x = x - left
    centers = [(float(x[i]), sum(bands[row[i]]) / 2) for i in range(len(sizes))]
    paths = [
        [centers[start], *[(float(x[i]), y) for i in passed for y in bands[row[i]]], centers[end]]
        for start, *passed, end in chains
    ]
    return Placed(
        centers, [bands[r] for r in row[: len(sizes)]], paths, float(right - left), max(top - ROW_GAP, 0.0)
    )


def crossings(rows: Sequence[Sequence[int]], below: Mapping[int, Sequence[int]]) -> int:
    """How many pairs of arrows cross, between each row and the next."""
    total = 0
    for upper, lower in itertools.pairwise(rows):
        place = {item: i for i, item in enumerate(lower)}
        ends = np.array([place[b] for item in upper for b in sorted(below[item], key=place.__getitem__)])
        total += sum(int((ends[:i] > end).sum()) for i, end in enumerate(ends))
    return total


def _ordered(
    rows: list[list[int]], above: Mapping[int, Sequence[int]], below: Mapping[int, Sequence[int]]
) -> list[list[int]]:
    """The rows in the best of the orders that sweeps down and up have come by."""
    best, fewest = [list(items) for items in rows], crossings(rows, below)
    for sweep in range(SWEEPS):
        neighbours = below if sweep % 2 == 0 else above
        sequence = range(len(rows) - 2, -1, -1) if sweep % 2 == 0 else range(1, len(rows))
        for r in sequence:
            other = rows[r + 1] if sweep % 2 == 0 else rows[r - 1]
            place = {item: i for i, item in enumerate(other)}
            mean = {
                item: float(np.mean([place[n] for n in neighbours[item]])) if neighbours[item] else float(i)
                for i, item in enumerate(rows[r])
            }
            rows[r] = sorted(rows[r], key=mean.__getitem__)
        found = crossings(rows, below)
        if found < fewest:
            best, fewest = [list(items) for items in rows], found
    return best


def _abscissas(
    rows: Sequence[Sequence[int]],
    widths: Sequence[float],
    above: Mapping[int, Sequence[int]],
    below: Mapping[int, Sequence[int]],
) -> np.ndarray:
    """x of everything: near its neighbours, in the order of its row, GAP apart."""
    x = np.zeros(len(widths))
    for items in rows:
        for left, item in itertools.pairwise(items):
            x[item] = x[left] + (widths[left] + widths[item]) / 2 + GAP
        x[list(items)] -= x[list(items)].mean() if items else 0.0
    for sweep in range(2 * SWEEPS):
        for items in rows if sweep % 2 else rows[::-1]:
            wanted = []
            for item in items:
                around = (above if sweep % 2 else below)[item] or (below if sweep % 2 else above)[item]
                wanted.append(float(np.mean(x[list(around)])) if around else float(x[item]))
            apart = [(widths[a] + widths[b]) / 2 + GAP for a, b in itertools.pairwise(items)]
            x[list(items)] = separated(wanted, apart)
    return x


def separated(wanted: Sequence[float], apart: Sequence[float]) -> np.ndarray:
    """The numbers x nearest to `wanted`, in least squares, with  x[i+1] - x[i] >= apart[i].

    Without the distances this is a regression by numbers that do not fall: neighbours that would are replaced by their
    mean, until none is left (pool adjacent violators).
    """
    offset = np.concatenate([[0.0], np.cumsum(apart)])
    pools: list[tuple[float, int]] = []  # (mean, how many)
    for number in np.asarray(wanted, float) - offset:
        mean, size = float(number), 1
        while pools and pools[-1][0] > mean:
            other, others = pools.pop()
            mean, size = (mean * size + other * others) / (size + others), size + others
        pools.append((mean, size))
    return np.repeat([mean for mean, _ in pools], [size for _, size in pools]) + offset
