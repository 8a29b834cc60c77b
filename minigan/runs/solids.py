"""Pictures of solids: cubes drawn from the back to the front, as a grid of samples or turning.

The painter's algorithm: what is nearer is drawn later, over what is behind it.  For cubes of a lattice seen from far
away it is exact.  A ray towards the eye never steps back along any axis, so of two cubes on it the one in front has
the smaller distance to the eye, whichever way the lattice is turned.

Needs Pillow, imported on first use.  Solids are (N, D, H, W, 1), planes from front to back; above 0 means full.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np

ANGLE, TILT = 25.0, 25.0  # degrees that the solids are turned to one side, and that one looks down on them
COLOR = np.array([255, 180, 70])  # of a face that the light meets head on
LIGHT = np.array([-0.3, 0.85, -0.45])  # where it comes from: the left, above, the front
BACKGROUND = (28, 30, 36)
SMOOTH = 2  # everything is drawn so many times as large, and made smaller
FRAMES, MILLISECONDS = 36, 80  # of a turn, and for each of its pictures


def solid_grid(
    solids: np.ndarray, columns: int | None = None, scale: int = 2, angle: float = ANGLE
) -> np.ndarray:
    """Solids side by side, row by row, as one uint8 picture (H', W', 3).

    columns  solids in a row; the smallest square that holds them all by default
    scale    pixels of an edge of a voxel
    angle    degrees by which each is turned to one side; at 0 one looks at its front
    Raises ValueError if `solids` is not (N, D, H, W, 1) with N > 0.
    """
    from PIL import Image, ImageDraw

    solids = np.asarray(solids)
    if solids.ndim != 5 or solids.shape[-1] != 1 or not len(solids):
        raise ValueError(f"solid_grid: solids have shape {solids.shape}, expected (N, D, H, W, 1) with N > 0")
    columns = columns or math.ceil(math.sqrt(len(solids)))
    rows, cell = math.ceil(len(solids) / columns), math.ceil(1.25 * scale * max(solids.shape[1:4]))
    size = (columns * cell, rows * cell)
    image = Image.new("RGB", (SMOOTH * size[0], SMOOTH * size[1]), BACKGROUND)
    draw = ImageDraw.Draw(image)
    to_screen = scale * SMOOTH * screen(angle)  # (2, 3)
    for i, solid in enumerate(solids[..., 0] > 0):
        middle = SMOOTH * cell * (np.array([i % columns, i // columns]) + 0.5)
        corners, colors = faces(solid, angle)  # (F, 4, 3), (F, 3)
        on_screen = (middle + corners @ to_screen.T).reshape(-1, 8)  # (F, 8): x and y of four corners
        for polygon, color in zip(on_screen.tolist(), map(tuple, colors.tolist()), strict=True):
            draw.polygon(polygon, color)
    return np.asarray(image.reduce(SMOOTH))


def faces(solid: np.ndarray, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Corners (F, 4, 3) and colors (F, 3) of the faces that the eye may see of a solid, bool (D, H, W), back to front.

    A corner is x to the right, y up, z away from the eye before the solid is turned, with 0 in its middle.
    """
    framed, (d, h, w) = np.pad(solid, 1), np.nonzero(solid)
    middle = (np.array(solid.shape) - 1) / 2
    centres = np.stack([w - middle[2], middle[1] - h, d - middle[0]], axis=1)  # (V, 3)
    distances = centres @ distance(angle)  # (V,)
    corners, colors, order = [], [], []
    for axis, side in itertools.product(range(3), (-1, 1)):
        normal, one, other = side * np.eye(3)[axis], *np.delete(np.eye(3), axis, axis=0) / 2
        if normal @ distance(angle) >= 0:
            continue  # it looks away
        x, y, z = normal.astype(int)
        is_bare = ~framed[d + 1 + z, h + 1 - y, w + 1 + x]  # no voxel touches it there
        square = normal / 2 + np.array([-one - other, one - other, one + other, other - one])  # (4, 3)
        corners.append(centres[is_bare, np.newaxis] + square)
        colors.append(np.full((is_bare.sum(), 3), COLOR * brightness(normal, angle), int))
        order.append(distances[is_bare])
    from_behind = np.argsort(-np.concatenate(order), kind="stable")
    return np.concatenate(corners)[from_behind], np.concatenate(colors)[from_behind]


def brightness(normal: np.ndarray, angle: float) -> float:
    """Of a face, 0 to 1: the light stays where the eye is, however the solid is turned."""
    turned = turn(angle) @ normal
    return 0.3 + 0.7 * max(float(turned @ LIGHT) / math.hypot(*LIGHT), 0.0)


def turn(angle: float) -> np.ndarray:
    """The matrix (3, 3) that turns x, y, z about the vertical axis: at 90 degrees the right side comes to the front."""
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def screen(angle: float) -> np.ndarray:
    """The matrix (2, 3) from x, y, z to the picture, to the right and down."""
    c, s = math.cos(math.radians(TILT)), math.sin(math.radians(TILT))
    return np.array([[1, 0, 0], [0, -c, -s]]) @ turn(angle)


def distance(angle: float) -> np.ndarray:
    """The row (3,) whose product with x, y, z is the distance to the eye, up to a constant."""
    c, s = math.cos(math.radians(TILT)), math.sin(math.radians(TILT))
    return np.array([0, -s, c]) @ turn(angle)


def save_turning(path: str | Path, solids: np.ndarray, columns: int | None = None, scale: int = 3) -> None:
    """Write solids that turn once about their vertical axis as a GIF that goes round for ever."""
    from PIL import Image

    angles = [360 * i / FRAMES for i in range(FRAMES)]
    frames = [Image.fromarray(solid_grid(solids, columns, scale, angle)).quantize(32) for angle in angles]
    frames[0].save(path, format="GIF", save_all=True, append_images=frames[1:], duration=MILLISECONDS, loop=0)
