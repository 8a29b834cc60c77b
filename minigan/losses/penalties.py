"""Gradient penalties: losses that contain a gradient, that of a discriminator at its images.

Part I; read `autograd` before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigan.autograd import Tensor, grad
from minigan.backend import uniform
from minigan.ops import mean, norm, sum
from minigan.ops.elementwise import value


def r1_penalty(discriminator: Callable[[Any], Any], real: Any) -> Any:
    """mean of ‖∇D(x)‖² at real examples x (N, ...).

    Source: Mescheder, Geiger and Nowozin 2018, equation 9; multiply by their γ/2.
    """
    slopes = _input_gradients(discriminator, value(real))
    return sum(slopes * slopes) * (1 / len(slopes))


def gradient_penalty(discriminator: Callable[[Any], Any], real: Any, fake: Any) -> Any:
    """mean of (‖∇D(x̂)‖ - 1)²  at  x̂ = ε x + (1 - ε) G(z),  ε uniform in [0, 1) for each example.

    real, fake (N, ...); constants here, so that no gradient flows to the generator.  The discriminator
    must treat its examples one by one (no batch normalization).
    Source: Gulrajani et al. 2017, equation 3; multiply by their λ = 10.
    """
    real, fake = value(real), value(fake)
    if real.shape != fake.shape:
        raise ValueError(f"gradient_penalty: shapes {real.shape} and {fake.shape} differ")
    both = np.result_type(real.dtype, fake.dtype)  # if one were of integers, ε would be cut to 0
    epsilon = uniform((len(real),) + (1,) * (real.ndim - 1)).astype(both)
    slopes = _input_gradients(discriminator, epsilon * real + (1 - epsilon) * fake)
    excess = norm(slopes, axis=tuple(range(1, slopes.ndim))) - 1  # (N,)
    return mean(excess * excess)


def _input_gradients(discriminator: Callable[[Any], Any], x: Any) -> Tensor:
    """∇D at each example; summing D over the batch keeps the examples apart."""
    x = Tensor(x)
    return grad(sum(discriminator(x)), x, create_graph=True)
