"""Initial weights: how large the random numbers are that training starts from.

A layer of fan_in inputs multiplies the variance of its input by fan_in · Var(w), and its backward pass
multiplies that of the gradient by fan_out · Var(w).  The rules below keep one of the two, or their mean,
at one.  An initializer is a function of the kernel's shape, fan_in and fan_out, or its name.
"""

import math
from collections.abc import Callable

from minigan.autograd import Tensor
from minigan.backend import Array, normal, to_device, uniform, zeros
from minigan.checks import choice, instance

Shape = tuple[int, ...]


def glorot_uniform(shape: Shape, fan_in: int, fan_out: int) -> Array:
    """Uniform with variance 2/(fan_in + fan_out): for tanh and sigmoid (Glorot and Bengio 2010)."""
    return (2 * uniform(shape) - 1) * math.sqrt(6 / (fan_in + fan_out))


def he_normal(shape: Shape, fan_in: int, fan_out: int) -> Array:
    """Normal with variance 2/fan_in: for ReLU, which halves the variance (He et al. 2015)."""
    return normal(shape) * math.sqrt(2 / fan_in)


def normal_002(shape: Shape, fan_in: int, fan_out: int) -> Array:
    """Normal with standard deviation 0.02, whatever the shape (Radford, Metz and Chintala 2015)."""
    return normal(shape) * 0.02


def zero(shape: Shape, fan_in: int, fan_out: int) -> Array:
    """All zeros: for biases."""
    return zeros(shape)


NAMES = {f.__name__: f for f in (glorot_uniform, he_normal, normal_002, zero)}


def make_weights(who: str, initializer, shape: Shape, inputs: int, units: int, use_bias: bool):
    """The kernel of a layer, float32 of this shape, and its bias of `units` zeros, or None."""
    if isinstance(initializer, str):
        initializer = NAMES[choice(who, NAMES, kernel_initializer=initializer)]
    size = math.prod(shape)  # for a convolution inputs and units count once for each of its taps
    kernel = instance(who, Callable, kernel_initializer=initializer)(shape, size // units, size // inputs)
    if getattr(kernel, "shape", None) != shape or kernel.dtype.kind != "f":
        came = f"{getattr(kernel, 'dtype', type(kernel).__name__)} numbers of shape {getattr(kernel, 'shape', ())}"
        raise ValueError(
            f"{who}: kernel_initializer returned {came}, expected floating-point ones of shape {shape}"
        )
    kernel = to_device(kernel).astype("float32", copy=False)
    return Tensor(kernel), Tensor(zeros((units,))) if use_bias else None
