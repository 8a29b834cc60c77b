"""Batch and layer normalization: subtract a mean, divide by a standard deviation, scale and shift.

Chapter 5.5; read `base` and `ops.normalization` before it.

Layer normalization is written as a composition, so its gradients are right to every order without a derivation:
the mean and the variance are differentiated like everything else.  Batch normalization is an operation of its
own (`ops.normalization`), which is several times as fast; differentiated twice it becomes the composition.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigan.autograd import Tensor
from minigan.backend import zeros
from minigan.layers.base import Layer, expect
from minigan.ops import mean, sqrt
from minigan.ops.elementwise import value
from minigan.fast.batch_normalization import batch_normalize, batch_statistics


class BatchNormalization(Layer):
    """y = γ (x - μ)/√(σ² + ε) + β, where μ and σ² are taken over all axes but the last.

    In training μ and σ² (biased) are those of the batch, and running averages of them are kept:
    average ← momentum · average + (1 - momentum) · batch.  Otherwise the averages are used.
    x (..., channels); γ, β and the averages (channels,).
    Source: Ioffe and Szegedy 2015; momentum and epsilon have the meaning and the defaults of Keras.
    """

    def __init__(self, channels: int, momentum: float = 0.99, epsilon: float = 1e-3) -> None:
        self.channels, self.momentum, self.epsilon = channels, momentum, epsilon
        self.gamma = Tensor(zeros((channels,)) + 1)
        self.beta = Tensor(zeros((channels,)))
        self.moving_mean = zeros((channels,))
        self.moving_variance = zeros((channels,)) + 1

    def __repr__(self) -> str:
        return f"BatchNormalization({self.channels})"

    def __call__(self, x: Any, training: bool = False) -> Any:
        expect(self, x, -1, self.channels, f"(..., {self.channels})")
        if not training:
            scale = self.gamma / np.sqrt(self.moving_variance + self.epsilon)
            return x * scale + (self.beta - self.moving_mean * scale)
        mu, variance = batch_statistics(value(x))  # (channels,)
        self.moving_mean = self._moved(self.moving_mean, mu)
        self.moving_variance = self._moved(self.moving_variance, variance)
        return batch_normalize(x, self.gamma, self.beta, mu, variance, epsilon=self.epsilon)

    def _moved(self, average: Any, batch: Any) -> Any:
        return self.momentum * average + ((1 - self.momentum) * value(batch)).astype(average.dtype)


class LayerNormalization(Layer):
    """y = γ (x - μ)/√(σ² + ε) + β, where μ and σ² are taken over the last axis of each example.

    x (..., features); γ and β (features,).  The same in training and in use.
    Source: Ba, Kiros and Hinton 2016; epsilon as in Keras.
    """

    def __init__(self, features: int, epsilon: float = 1e-3) -> None:
        self.features, self.epsilon = features, epsilon
        self.gamma = Tensor(zeros((features,)) + 1)
        self.beta = Tensor(zeros((features,)))

    def __repr__(self) -> str:
        return f"LayerNormalization({self.features})"

    def __call__(self, x: Any, training: bool = False) -> Any:
        expect(self, x, -1, self.features, f"(..., {self.features})")
        centred = x - mean(x, -1, keepdims=True)
        variance = mean(centred * centred, -1, keepdims=True)
        return centred / sqrt(variance + self.epsilon) * self.gamma + self.beta
