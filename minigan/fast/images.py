"""Images in shares and in chunks, and with a frame: what the quick convolutions have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np

from minigan.backend import Array
from minigan.fast.threads import chunks, in_threads
from minigan.ops.window import Sizes

T = TypeVar("T")


def shared(work: Callable[[slice], T], images: Array, elements: int) -> list[T]:
    """work(share), for shares of the images that together are all of them, in several threads.

    elements  that are read for one of the images
    """
    return in_threads(work, len(images), len(images) * elements)


#: Each share is worked on a few images at a time, so that what is copied and added stays in the cache.
CHUNK_BYTES = 2**22


def few_images(share: slice, bytes_per_image: int) -> Iterator[slice]:
    """The images of a share in chunks of CHUNK_BYTES."""
    return chunks(share, CHUNK_BYTES // max(bytes_per_image, 1))


def frame(x: Array, start: Sizes, size: Sizes) -> Array:
    """`size` pixels of the images x from `start` on, which may lie outside, where the pixels are zero."""
    if start == (0, 0) and size == x.shape[1:3]:
        return x
    inside = [slice(max(s, 0), max(s + m, 0)) for s, m in zip(start, size, strict=True)]
    x = x[:, inside[0], inside[1]]
    (height, width), (top, left) = x.shape[1:3], (max(-s, 0) for s in start)
    y = np.zeros_like(x, shape=(len(x), *size, x.shape[3]))
    y[:, top : top + height, left : left + width] = x
    return y
