"""Pairs: images and what a network is to make of them, for image-to-image translation.

Each function takes images y (N, H, W, C) in [-1, 1] and returns the inputs x (N, H, W, K) from which y is to be found
again, where H and W are even.  Read before: `pixels`.
"""

import numpy as np

from minigan.data.pixels import resized, with_channels

HOLE = 0.0  # in the place of the pixels that are missing: between 127 and 128, so no other pixel has it
EDGE = 0.15  # by how much two neighbours differ, in any channel, where there is an edge


def grey(images: np.ndarray) -> np.ndarray:
    """How bright each pixel is, (N, H, W, 1): colour is lost."""
    return with_channels(images, 1)


def coarse(images: np.ndarray) -> np.ndarray:
    """The images at half the size, every pixel of which is drawn as 2x2: detail is lost."""
    return resized(resized(images, images.shape[1] // 2), images.shape[1])


def outline(images: np.ndarray) -> np.ndarray:
    """Black pixels, (N, H, W, 1), on white, where a pixel differs from the one above it or to its left."""
    edges = np.zeros(images.shape[:3], bool)
    for axis in (1, 2):
        differs = np.abs(np.diff(images, axis=axis)).max(axis=-1) > EDGE
        edges |= np.pad(differs, [(0, 0) if a != axis else (1, 0) for a in range(3)])
    return np.where(edges, -1, 1).astype(images.dtype)[..., np.newaxis]


def holes(images: np.ndarray, seed: int = 0) -> np.ndarray:
    """Where the holes of `with_hole` are: True in a square of half the height and width, (N, H, W)."""
    n, height, width, _ = images.shape
    rng = np.random.default_rng(seed)
    top, left = (rng.integers(0, size - size // 2 + 1, (n, 1)) for size in (height, width))
    rows, columns = np.arange(height) - top, np.arange(width) - left  # (N, H), (N, W)
    inside = (rows >= 0) & (rows < height // 2), (columns >= 0) & (columns < width // 2)
    return inside[0][:, :, np.newaxis] & inside[1][:, np.newaxis]


def with_hole(images: np.ndarray, seed: int = 0) -> np.ndarray:
    """The images with HOLE in a square of each, at a place that the seed decides."""
    return np.where(holes(images, seed)[..., np.newaxis], images.dtype.type(HOLE), images)


def mean_of_border(x: np.ndarray) -> np.ndarray:
    """The images of `with_hole`, each hole filled with the mean of the pixels that touch it from outside."""
    filled = x.copy()
    for image in filled:
        hole = (image == HOLE).all(axis=-1)
        wide = np.pad(hole, 1)
        around = (wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]) & ~hole
        image[hole] = image[around].mean(axis=0)
    return filled
