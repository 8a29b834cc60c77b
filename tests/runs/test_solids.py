"""Pictures of solids: which faces are seen, what is in front of what, and a GIF that turns once."""

import numpy as np
import pytest
from PIL import Image

from minigan.runs import solids
from minigan.runs.solids import BACKGROUND, faces, save_turning, solid_grid, turn


def solid(*voxels, size=4):
    """One solid (1, D, H, W, 1) with these voxels (d, h, w)."""
    x = np.full((1, size, size, size, 1), -1.0)
    for voxel in voxels:
        x[(0, *voxel)] = 1
    return x


def lit(picture):
    return (picture != BACKGROUND).any(axis=2)


# --- Faces --------------------------------------------------------------------------------------------


def test_of_a_cube_the_eye_sees_the_top_the_front_and_one_side():
    cube = np.array([-0.5, 0.5, -0.5])  # x, y, z of its middle, of 4 voxels around 0

    def seen(angle):
        corners, _ = faces(solid((1, 1, 1))[0, ..., 0] > 0, angle)
        return sorted(np.rint(2 * (corners.mean(axis=1) - cube)).astype(int).tolist())

    assert seen(25) == [[0, 0, -1], [0, 1, 0], [1, 0, 0]]  # the front, the top, the right side
    assert seen(-25) == [[-1, 0, 0], [0, 0, -1], [0, 1, 0]]


def test_a_face_between_two_voxels_is_not_drawn():
    both = faces(solid((1, 1, 1), (1, 1, 2))[0, ..., 0] > 0, 25)[0]
    apart = faces(solid((1, 1, 1), (1, 1, 3))[0, ..., 0] > 0, 25)[0]
    assert len(both) == 5 and len(apart) == 6


@pytest.mark.parametrize("angle", [0, 25, 90, 140, 205, 300])
def test_faces_come_from_the_back_to_the_front_and_their_corners_are_those_of_squares(angle):
    random = np.random.default_rng(0).uniform(size=(5, 5, 5)) < 0.3
    corners, colors = faces(random, angle)
    assert len(corners) == len(colors) > 30
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    np.testing.assert_allclose(sides, 1)
    away = solids.distance(angle)
    # a voxel's middle is half an edge behind each of its faces
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 1])
    normals *= -np.sign(normals @ away)[:, np.newaxis]
    distances = (corners.mean(axis=1) - normals / 2) @ away
    assert (np.diff(distances) <= 1e-9).all()


def test_what_is_seen_is_what_a_ray_meets_first():
    """Every pixel has the colour of the face that is nearest there, found without the painter's order."""
    random, angle, scale = np.random.default_rng(1).uniform(size=(4, 4, 4)) < 0.4, 33.0, 12
    picture = solid_grid(np.where(random, 1.0, -1.0)[np.newaxis, ..., np.newaxis], scale=scale, angle=angle)
    corners, colors = faces(random, angle)
    on_screen = corners @ solids.screen(angle).T * scale + len(picture) / 2  # (F, 4, 2)
    checked = 0
    for row in range(0, len(picture), 2):
        for column in range(0, len(picture), 2):
            nearest, color = np.inf, BACKGROUND
            at_edge = False
            for square, shape, shade in zip(on_screen, corners, colors, strict=True):
                one, other = square[1] - square[0], square[3] - square[0]
                u, v = np.linalg.solve(np.stack([one, other], axis=1), [column + 0.5, row + 0.5] - square[0])
                at_edge |= (
                    min(abs(u), abs(v), abs(u - 1), abs(v - 1)) < 0.15 and -0.2 < u < 1.2 and -0.2 < v < 1.2
                )
                if 0 <= u <= 1 and 0 <= v <= 1:
                    place = shape[0] + u * (shape[1] - shape[0]) + v * (shape[3] - shape[0])
                    if place @ solids.distance(angle) < nearest:
                        nearest, color = place @ solids.distance(angle), tuple(shade)
            if not at_edge:
                assert tuple(picture[row, column]) == color
                checked += 1
    assert checked > 100


def test_a_quarter_turn_brings_the_right_side_to_the_front():
    """x to the right, y up, z away."""
    np.testing.assert_allclose(turn(90) @ [-1, 0, 0], [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(turn(90) @ [1, 0, 0], [0, 0, -1], atol=1e-12)
    np.testing.assert_allclose(turn(17) @ [0, 1, 0], [0, 1, 0])


def test_the_top_is_lighter_than_the_front_and_that_than_the_side():
    front, top, side = (solids.brightness(np.array(n), 25) for n in ([0, 0, -1], [0, 1, 0], [1, 0, 0]))
    assert 1 >= top > front > side >= 0.3


# --- The grid -----------------------------------------------------------------------------------------


def test_a_voxel_on_the_right_above_is_drawn_there():
    picture = lit(solid_grid(solid((2, 0, 3)), scale=8, angle=0))
    rows, columns = np.nonzero(picture)
    assert rows.max() < len(picture) / 2 < columns.min()


@pytest.mark.parametrize(("n", "columns", "layout"), [(1, None, (1, 1)), (5, None, (2, 3)), (7, 7, (1, 7))])
def test_the_size_of_a_grid(n, columns, layout):
    picture = solid_grid(np.zeros((n, 4, 4, 4, 1)), columns, scale=4)
    assert picture.shape == (layout[0] * 20, layout[1] * 20, 3) and picture.dtype == np.uint8
    assert not lit(picture).any()  # nothing is above 0


def test_solids_are_ordered_row_by_row():
    several = np.concatenate([solid((1, 1, 1)), solid(), solid(), solid((1, 1, 1))])
    picture = lit(solid_grid(several, scale=4))
    assert [cell.any() for half in np.split(picture, 2) for cell in np.split(half, 2, axis=1)] == [
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("shape", [(3, 4, 4, 4), (0, 4, 4, 4, 1), (1, 4, 4, 4, 2)])
def test_what_is_no_solid_is_refused(shape):
    with pytest.raises(ValueError, match=r"solid_grid: solids have shape .* expected \(N, D, H, W, 1\)"):
        solid_grid(np.zeros(shape))


def test_the_animation_turns_once_and_goes_round(tmp_path):
    save_turning(tmp_path / "turning.gif", solid((1, 1, 3), (2, 1, 3)), scale=4)
    with Image.open(tmp_path / "turning.gif") as image:
        assert image.n_frames == solids.FRAMES and image.info["loop"] == 0
        frames = []
        for i in range(image.n_frames):
            image.seek(i)
            frames.append(np.asarray(image.convert("RGB")).astype(int))
    quarter = solids.FRAMES // 4
    columns = [np.nonzero(np.abs(frame - BACKGROUND).sum(axis=2) > 30)[1].mean() for frame in frames]
    assert columns[0] > frames[0].shape[1] / 2 > columns[2 * quarter]  # from the right to the left
    steps = [np.abs(a - b).mean() for a, b in zip(frames, [*frames[1:], frames[0]], strict=True)]
    assert max(steps) < 4 * np.median(steps)  # no jump where it begins again
