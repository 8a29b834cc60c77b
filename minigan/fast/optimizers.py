"""The update of an optimizer in chunks that stay in the cache, and in threads.

Adam writes into what it has, instead of making an array for each of its operations.  On a GPU it is one kernel
for each parameter.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigan.backend import Array
from minigan.fast import threads
from minigan.fast.registry import faster
from minigan.optimizers import SGD, Adam, Optimizer, RMSprop, clipped, update_all


@faster(update_all)
def update_all_in_chunks(optimizer: Optimizer, rows: list[list[Array]]) -> None:
    """Each thread has a share of the elements of all parameters together, so that it is woken only once."""
    kind: Any = type(optimizer)  # not a subclass, whose update may look at a parameter as a whole
    if kind not in (SGD, RMSprop, Adam) or not all(isinstance(row[0], np.ndarray) for row in rows):
        if kind is Adam:
            from minigan.fast import gpu  # only now: a CPU has no use for it

            gpu.update_all(optimizer, rows)
        else:
            update_all.plain(optimizer, rows)
        return
    if isinstance(optimizer, Adam):
        rows = [[p, clipped(g, optimizer.clip_norm), *slots] for p, g, *slots in rows]
    flat = [[array.reshape(-1) for array in row] for row in rows]
    starts = np.cumsum([0, *(row[0].size for row in flat)]).tolist()

    def work(share: slice) -> None:
        for start, row in zip(starts, flat, strict=False):
            first, last = max(share.start - start, 0), min(share.stop - start, row[0].size)
            for chunk in threads.chunks(slice(first, last), threads.CHUNK // len(row)):
                (adam if kind is Adam else kind.update)(optimizer, *[array[chunk] for array in row])

    threads.in_threads(work, starts[-1], starts[-1] * (2 + len(optimizer.slots)))


def adam(optimizer: Any, p: Array, g: Array, m: Array, v: Array) -> None:
    """The four lines of `Adam.update` with few temporary arrays."""
    if optimizer.beta_1 == 0:
        m[...] = g
    else:
        m *= optimizer.beta_1
        m += g * (1 - optimizer.beta_1)
    v *= optimizer.beta_2
    s = g * g
    s *= 1 - optimizer.beta_2
    v += s
    np.sqrt(v, out=s)
    s += optimizer.epsilon
    np.divide(m, s, out=s)
    t = optimizer.steps
    s *= optimizer.rate * math.sqrt(1 - optimizer.beta_2**t) / (1 - optimizer.beta_1**t)
    p -= s
