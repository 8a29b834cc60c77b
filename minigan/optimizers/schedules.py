"""Learning rates that change: functions of the number of steps taken before, 0 at the first step.

Part I; nothing to read before it.  A model makes its schedules from its settings, so they need not be saved.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from minigan.checks import real


def linear_decay(start: float, steps: float, final: float = 0.0) -> Callable[[int], float]:
    """A learning rate that falls from `start` along a line, to final · start after `steps`, and stays there."""
    return partial(_linear, *_checked("linear_decay", start, steps, final))


def cosine_decay(start: float, steps: float, final: float = 0.0) -> Callable[[int], float]:
    """A learning rate that falls from `start` along half a cosine: slowly, fast, slowly; final as above."""
    return partial(_cosine, *_checked("cosine_decay", start, steps, final))


def _linear(start: float, steps: float, final: float, step: int) -> float:
    return start * max(1 - step / steps, final)


def _cosine(start: float, steps: float, final: float, step: int) -> float:
    return start * max(0.5 * (1 + math.cos(math.pi * min(step / steps, 1))), final)


def _checked(who: str, start: float, steps: float, final: float) -> tuple[float, float, float]:
    start, steps = real(who, above=0, start=start, steps=steps)
    return start, steps, real(who, least=0, most=1, final=final)
