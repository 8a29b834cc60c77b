"""Large draws of random numbers, block by block in several threads."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minigan import backend
from minigan.backend import fill_blocks
from minigan.fast.registry import faster
from minigan.fast.threads import in_threads


@faster(fill_blocks)
def fill(draw: Callable[..., np.ndarray], flat: np.ndarray, seeds: np.ndarray) -> None:
    def work(share: slice) -> None:
        first, end = share.start * backend.BLOCK, share.stop * backend.BLOCK
        fill_blocks.plain(draw, flat[first:end], seeds[share])

    in_threads(work, len(seeds), 16 * flat.size)  # drawing one takes as long as reading and writing 16
