"""Activations as layers; the functions and their derivatives are in `ops`.  Read `base` before it."""

from collections.abc import Callable

from minigan import ops
from minigan.checks import real
from minigan.layers.base import Layer


class Function(Layer):
    """A layer without weights that is one function f of its input, in training and at inference."""

    f: Callable

    def __call__(self, x, training: bool = False):
        return self.f(x)


class ReLU(Function):
    """y = max(x, 0)."""

    f = staticmethod(ops.relu)


class Tanh(Function):
    """y = tanh x."""

    f = staticmethod(ops.tanh)


class LeakyReLU(Layer):
    """y = max(x, negative_slope · x)."""

    def __init__(self, negative_slope: float = 0.2):
        self.negative_slope = real("LeakyReLU", least=0, most=1, negative_slope=negative_slope)

    def __call__(self, x, training: bool = False):
        return ops.leaky_relu(x, slope=self.negative_slope)


# --- To be read later: the other activations ---------------------------------------------------------


class Sigmoid(Function):
    """y = 1/(1 + e⁻ˣ)."""

    f = staticmethod(ops.sigmoid)


class Softmax(Function):
    """y = eˣ / Σ eˣ over the last axis."""

    f = staticmethod(ops.softmax)


class ELU(Layer):
    """y = x for x > 0, else α(eˣ - 1)."""

    def __init__(self, alpha: float = 1.0):
        self.alpha = real("ELU", least=0, alpha=alpha)

    def __call__(self, x, training: bool = False):
        return ops.elu(x, alpha=self.alpha)
