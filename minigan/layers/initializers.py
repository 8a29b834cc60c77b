"""Initial weights: how large the random numbers are that training starts from.

Chapter 5.2; read nothing before it.

A layer of fan_in inputs multiplies the variance of its input by fan_in · Var(w), and its backward pass
multiplies that of the gradient by fan_out · Var(w).  The rules below keep one of the two, or their mean,
at one.  An initializer is a function of the kernel's shape, fan_in and fan_out.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from minigan.backend import Array, normal, uniform, zeros

Initializer = Callable[[tuple[int, ...], int, int], Array]


def glorot_uniform(shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
    """Uniform with variance 2/(fan_in + fan_out): for tanh and sigmoid (Glorot and Bengio 2010)."""
    return (2 * uniform(shape) - 1) * math.sqrt(6 / (fan_in + fan_out))


def he_normal(shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
    """Normal with variance 2/fan_in: for ReLU, which halves the variance (He et al. 2015)."""
    return normal(shape) * math.sqrt(2 / fan_in)


def normal_002(shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
    """Normal with standard deviation 0.02, whatever the shape (Radford, Metz and Chintala 2015)."""
    return normal(shape) * 0.02


def zero(shape: tuple[int, ...], fan_in: int, fan_out: int) -> Array:
    """All zeros: for biases."""
    return zeros(shape)
