"""Dropout and noise: randomness in training, nothing at inference.  To the gradient it is a constant."""

import math

from minigan.backend import normal, shaped, uniform
from minigan.checks import real
from minigan.layers.base import Layer


class Dropout(Layer):
    """In training, y = x/(1 - rate) with probability 1 - rate and 0 otherwise; at inference, y = x.

    Source: Srivastava et al. 2014.
    """

    def __init__(self, rate: float):
        self.rate = real("Dropout", least=0, below=1, rate=rate)

    def __call__(self, x, training: bool = False):
        if not training or self.rate == 0:
            return x
        x = shaped(x, self)
        kept = uniform(x.shape) >= self.rate
        return x * (kept.astype(x.dtype) * (1 / (1 - self.rate)))


class GaussianNoise(Layer):
    """In training, y = x + stddev · n with n standard normal; at inference, y = x."""

    def __init__(self, stddev: float):
        self.stddev = real("GaussianNoise", least=0, stddev=stddev)

    def __call__(self, x, training: bool = False):
        if not training or self.stddev == 0:
            return x
        x = shaped(x, self)
        return x + normal(x.shape).astype(x.dtype) * self.stddev


class GaussianDropout(Layer):
    """In training, y = x · (1 + n √(rate/(1 - rate))) with n standard normal; at inference, y = x.

    The mean and the variance are those of Dropout.
    """

    def __init__(self, rate: float):
        self.rate = real("GaussianDropout", least=0, below=1, rate=rate)

    def __call__(self, x, training: bool = False):
        if not training or self.rate == 0:
            return x
        x = shaped(x, self)
        return x * (1 + normal(x.shape).astype(x.dtype) * math.sqrt(self.rate / (1 - self.rate)))
