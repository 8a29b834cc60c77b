"""Augmentation: images moved by whole pixels, and the intensities in which capsules draw."""

import numpy as np

from minigan.backend import Array, module_of, uniform


def intensity(images: Array) -> Array:
    """Images (N, H, W, C) in [-1, 1] as intensities from 0, the background, to 1: (N, H·W·C)."""
    return ((images + 1) / 2).reshape(len(images), -1)


def random_shifts(n: int, max_shift: int) -> Array:
    """n shifts (Δx, Δy) (n, 2), as float32: whole numbers from -max_shift to max_shift, equally often."""
    return np.floor(uniform((n, 2)) * (2 * max_shift + 1)) - max_shift


def shifted(images: Array, shifts: Array) -> Array:
    """Each image (N, H, W, C) moved by its own (Δx, Δy) of `shifts` (N, 2): whole pixels, right and down.

    What leaves the image is lost, and what comes in is background, -1.  Raises ValueError for other shifts.
    """
    n, height, width, _ = images.shape
    if shifts.shape != (n, 2):
        raise ValueError(f"shifted: shifts have shape {shifts.shape}, expected ({n}, 2)")
    dx, dy = shifts.astype(np.int64).T[..., None]  # (N, 1) each
    down, right, image = (module_of(images).arange(size) for size in (height, width, n))
    rows, columns = down - dy, right - dx  # (N, H), (N, W)
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    moved = images[image[:, None, None], rows[:, :, None], columns[:, None, :]]  # (N, H, W, C)
    return np.where(inside[..., None], moved, np.float32(-1)).astype(images.dtype, copy=False)
