"""Pixels become images in [-1, 1], and images get another size or another number of channels.

Read before: nothing.
"""

import numpy as np

GREY = (0.299, 0.587, 0.114)  # of red, green and blue: how bright each looks (ITU-R BT.601, as in JPEG)


def scaled(pixels: np.ndarray) -> np.ndarray:
    """x / 127.5 - 1: uint8 as float32 from -1 to 1."""
    images = np.subtract(
        pixels, 127.5, dtype=np.float32
    )  # first, because this is exact: only the division rounds
    images /= 127.5
    return images


def resized(images: np.ndarray, size: int) -> np.ndarray:
    """Square images (N, H, H, C) as (N, size, size, C): every new pixel is the mean of what it covers.

    A pixel that is cut by a new one counts with its share. Twice the size repeats every pixel.
    """
    if images.shape[1] == size:
        return images
    shares = _shares(images.shape[1], size).astype(images.dtype)  # (size, H)
    rows = np.einsum("sh,nhwc->nswc", shares, images, optimize=True)
    return np.einsum("tw,nswc->nstc", shares, rows, optimize=True)


def _shares(before: int, after: int) -> np.ndarray:
    """How much of each new pixel (rows) each old one (columns) covers: (after, before), rows that sum to one."""
    old, new = np.arange(before) / before, np.arange(after)[:, np.newaxis] / after  # where they begin
    overlap = np.minimum(old + 1 / before, new + 1 / after) - np.maximum(old, new)
    return np.maximum(overlap, 0) * after


def with_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """Images (N, H, W, 1 or 3) with 1 channel, their grey, or with 3, which are equal in a grey image."""
    if images.shape[-1] == channels:
        return images
    if channels == 3:
        return np.repeat(images, 3, axis=-1)
    return images @ np.array(GREY, images.dtype)[:, np.newaxis]  # (N, H, W, 1)
