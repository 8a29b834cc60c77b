"""The layout of a graph: rows, few crossings, no box over another, and distances that are kept."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigan.drawing.layout import ROW_GAP, crossings, layered, rows_of, separated


def test_a_box_stands_directly_above_the_first_that_uses_it():
    edges = [(0, 2), (2, 3), (1, 3), (3, 4)]
    assert rows_of(5, edges) == [0, 1, 1, 2, 3]
    assert rows_of(1, []) == [0]


def test_the_nearest_numbers_that_keep_their_distance():
    np.testing.assert_allclose(separated([0.0, 10.0], [4.0]), [0, 10])
    np.testing.assert_allclose(separated([5.0, 5.0], [4.0]), [3, 7])
    np.testing.assert_allclose(separated([9.0, 1.0, 20.0], [2.0, 2.0]), [4, 6, 20])


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=6), st.floats(0, 10))
def test_no_other_numbers_that_keep_their_distance_are_nearer(wanted, gap):
    apart = [gap] * (len(wanted) - 1)
    x = separated(wanted, apart)
    assert (np.diff(x) >= gap - 1e-9).all()
    error = ((x - wanted) ** 2).sum()
    rng = np.random.default_rng(0)
    for _ in range(20):
        other = np.maximum.accumulate(
            x - gap * np.arange(len(x)) + rng.normal(0, 1, len(x))
        ) + gap * np.arange(len(x))
        assert ((other - wanted) ** 2).sum() >= error - 1e-6


def test_crossings_are_counted_and_removed():
    assert crossings([[0, 1], [2, 3]], {0: [3], 1: [2]}) == 1
    assert crossings([[0, 1], [2, 3]], {0: [2], 1: [3]}) == 0
    placed = layered([(10, 10)] * 5, [(0, 3), (1, 2), (2, 4), (3, 4)])
    (x0, _), (x1, _), (x2, _), (x3, _), _ = placed.centers
    assert (x0 < x1) == (x3 < x2)


@st.composite
def graphs(draw):
    n = draw(st.integers(1, 9))
    pairs = list(itertools.combinations(range(n), 2))
    edges = draw(st.lists(st.sampled_from(pairs), max_size=14)) if pairs else []
    sizes = draw(st.lists(st.tuples(st.floats(20, 200), st.floats(20, 90)), min_size=n, max_size=n))
    return sizes, edges


@given(graphs())
def test_arrows_lead_down_and_boxes_do_not_overlap_and_lie_within_the_picture(case):
    sizes, edges = case
    placed = layered(sizes, edges)
    assert len(placed.paths) == len(edges)
    for (start, end), path in zip(edges, placed.paths, strict=True):
        assert path[0] == placed.centers[start] and path[-1] == placed.centers[end]
        assert all(a[1] < b[1] for a, b in itertools.pairwise(path))
    for (x, y), (w, h) in zip(placed.centers, sizes, strict=True):
        assert -1e-6 <= x - w / 2 and x + w / 2 <= placed.width + 1e-6
        assert -1e-6 <= y - h / 2 and y + h / 2 <= placed.height + 1e-6
    for (a, (wa, ha)), (b, (wb, hb)) in itertools.combinations(zip(placed.centers, sizes, strict=True), 2):
        apart = abs(a[0] - b[0]) >= (wa + wb) / 2 - 1e-6 or abs(a[1] - b[1]) >= (ha + hb) / 2 - 1e-6
        assert apart


@given(graphs())
def test_an_arrow_is_straight_in_a_row_that_it_passes_and_touches_no_box_there(case):
    sizes, edges = case
    placed = layered(sizes, edges)
    for path in placed.paths:
        passed = path[1:-1]
        for (px, top), (qx, bottom) in zip(passed[::2], passed[1::2], strict=True):
            assert px == qx and top < bottom
            for (x, y), (w, _) in zip(placed.centers, sizes, strict=True):
                assert not top <= y <= bottom or abs(px - x) >= w / 2


@given(graphs())
def test_boxes_lie_within_their_rows_and_arrows_bend_between_rows(case):
    sizes, edges = case
    placed = layered(sizes, edges)
    for (_, y), (_, h), (top, bottom) in zip(placed.centers, sizes, placed.rows, strict=True):
        assert top - 1e-6 <= y - h / 2 and y + h / 2 <= bottom + 1e-6
    for (start, end), path in zip(edges, placed.paths, strict=True):
        levels = [placed.rows[start][1], *[y for _, y in path[1:-1]], placed.rows[end][0]]
        assert all(b - a >= ROW_GAP - 1e-6 for a, b in zip(levels[::2], levels[1::2], strict=True))


def test_a_box_that_overlaps_would_be_noticed():
    placed = layered([(50, 20), (50, 20), (20, 20)], [(0, 2), (1, 2)])
    (a, _), (b, _), _ = placed.centers
    with pytest.raises(AssertionError):
        assert abs(a - b) < 50
