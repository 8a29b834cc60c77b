"""The exponential moving average (EMA) of a network: it draws better images than any single network on the way.

Read `layers.base` before it.
"""

from __future__ import annotations

import warnings

from minigan.layers.base import Layer


def update_ema(average: Layer, source: Layer, decay: float) -> None:
    """average ← decay · average + (1 - decay) · source, for every weight and running statistic.

    Both are networks of the same structure.  Source: Polyak and Juditsky 1992; for GANs Yazıcı et al. 2019.
    """
    for a, b in zip(average.arrays(), source.arrays(), strict=True):
        a += (1 - decay) * (b - a)


def warm_up(decay: float, step: int) -> float:
    """The decay at step 1, 2, ...: smaller at first, when what the average remembers is noise."""
    return min(decay, step / (9 + step))


def move_average(average: Layer, source: Layer, decay: float) -> None:
    """The old name of `update_ema`."""
    warnings.warn("move_average is now called update_ema", DeprecationWarning, stacklevel=2)
    update_ema(average, source, decay)
