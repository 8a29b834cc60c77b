"""Diagnostics: the numbers by which one sees a GAN fail, read off one of its steps.

Part I, or never: nothing is trained with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigan.ops import sigmoid
from minigan.ops.elementwise import value


def diagnostics(
    real: Any,
    fake: Any,
    d_real: Any,
    d_fake: Any,
    g_gradient: Any,
    probability: Callable[[Any], Any] = sigmoid,
    undecided: float = 0.0,
) -> dict[str, Any]:
    """Five numbers, which stay on the device.

    real, fake      a batch each of images x and G(z) (N, ...)
    d_real, d_fake  D's outputs for them, before its step
    g_gradient      dL/dG(z) (N, ...), the gradient of G's loss L, a mean over the batch, at its images
    probability     what D's output means, and `undecided` the output that says neither real nor generated

    D(x), D(G(z))   the mean probability of "real"
    d_accuracy      the share of both batches that D gets right: 1 when D wins, ½ when it cannot tell
    g_gradient      √(mean of ‖N g_i‖²): how strongly D pushes one image, so how much G is told
    diversity       √(variance of G(z) / variance of x) over the batch: 0 when G draws one image only
    """
    real, fake, d_real, d_fake = map(value, (real, fake, d_real, d_fake))
    right = (d_real > undecided).mean(dtype=np.float32) + (d_fake < undecided).mean(dtype=np.float32)
    return {
        "D(x)": probability(d_real).mean(),
        "D(G(z))": probability(d_fake).mean(),
        "d_accuracy": right / 2,
        "g_gradient": np.sqrt((g_gradient * g_gradient).sum() * len(g_gradient)),
        "diversity": np.sqrt(fake.var(axis=0).mean() / (real.var(axis=0).mean() + 1e-12)),
    }
