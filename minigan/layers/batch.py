"""The two layers that look at a batch as a whole: BatchNormalization and MinibatchStdDev.  Read `base` before it.

Both are compositions: the mean and the variance are differentiated like everything else, to every order.
"""

import numpy as np

from minigan.autograd import Tensor
from minigan.backend import replaceable, shaped, zeros
from minigan.checks import expect, real, whole
from minigan.layers.base import Layer
from minigan.ops import broadcast_to, concatenate, mean, sqrt, value, var


class BatchNormalization(Layer):
    """y = γ (x - μ)/√(σ² + ε) + β, where μ and σ² are taken over all axes but the last.

    In training μ and σ² (biased) are those of the batch, and running averages of them are kept:
    average ← momentum · average + (1 - momentum) · batch.  At inference the averages are used.
    x (..., channels); γ, β and the averages (channels,).
    Source: Ioffe and Szegedy 2015; momentum and epsilon have the meaning and the defaults of Keras.
    """

    def __init__(self, channels: int, momentum: float = 0.99, epsilon: float = 1e-3):
        self.channels = whole("BatchNormalization", channels=channels)
        self.momentum = real("BatchNormalization", least=0, below=1, momentum=momentum)
        self.epsilon = real("BatchNormalization", above=0, epsilon=epsilon)
        self.gamma, self.beta = Tensor(zeros((self.channels,)) + 1), Tensor(zeros((self.channels,)))
        self.moving_mean, self.moving_variance = zeros((self.channels,)), zeros((self.channels,)) + 1

    def __call__(self, x, training: bool = False):
        expect(self, x, -1, self.channels, f"(..., {self.channels})")
        if not training:
            scale = self.gamma / np.sqrt(self.moving_variance + self.epsilon)
            return x * scale + (self.beta - self.moving_mean * scale)
        y, mu, variance = normalize_batch(x, self.gamma, self.beta, self.epsilon)
        self.moving_mean = self._moved(self.moving_mean, mu)
        self.moving_variance = self._moved(self.moving_variance, variance)
        return y

    def _moved(self, average, batch):
        return self.momentum * average + ((1 - self.momentum) * batch).astype(average.dtype)


@replaceable
def normalize_batch(x, gamma, beta, epsilon: float):
    """y = γ (x - μ)/√(σ² + ε) + β, and the μ and σ² of the batch, bare numbers (channels,)."""
    axes = tuple(range(x.ndim - 1))  # all but the last
    mu = mean(x, axes)
    centred = x - mu
    variance = mean(centred * centred, axes)
    return centred * (gamma / sqrt(variance + epsilon)) + beta, value(mu), value(variance)


# --- To be read later: how different the examples of a batch are --------------------------------------


class MinibatchStdDev(Layer):
    """x (N, ..., C) -> (N, ..., C + 1): the last feature is the same number s everywhere,

        s = mean over all features of √(variance over the batch + 1e-8).

    A discriminator that sees s notices when a generator draws the same thing again and again, which no
    single image gives away.  Source: Karras, Aila, Laine and Lehtinen 2018, section 3.
    """

    def __call__(self, x, training: bool = False):
        x = shaped(x, self)
        s = mean(sqrt(var(x, axis=0) + 1e-8))
        return concatenate([x, broadcast_to(s, (*x.shape[:-1], 1))], axis=-1)
