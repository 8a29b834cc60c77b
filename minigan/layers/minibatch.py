"""MinibatchStdDev: how much the examples of a batch differ, as one more feature of each.

Chapter 5.12; read `base` before it.
"""

from __future__ import annotations

from typing import Any

from minigan import ops
from minigan.layers.base import Layer


class MinibatchStdDev(Layer):
    """x (N, ..., C) -> (N, ..., C + 1): the last feature is the same number s everywhere,

        s = mean over all features of √(variance over the batch + 1e-8).

    A discriminator that sees s notices when a generator draws the same thing again and again, which no
    single image gives away.  The only layer, besides batch normalization, that mixes examples.
    Source: Karras, Aila, Laine and Lehtinen 2018, section 3.
    """

    def __call__(self, x: Any, training: bool = False) -> Any:
        s = ops.mean(ops.sqrt(ops.var(x, axis=0) + 1e-8))
        return ops.concatenate([x, ops.broadcast_to(s, (*x.shape[:-1], 1))], axis=-1)
