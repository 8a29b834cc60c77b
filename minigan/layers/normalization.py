"""Normalization that does not look at the batch: of each example, and of a kernel.

The largest singular value σ of a kernel W is followed by one step of the power method per training step:

    v ← Wᵀu/‖Wᵀu‖,    u ← Wv/‖Wv‖,    σ = uᵀW v,

where u and v count as constants and the gradient flows through W alone.
"""

import numpy as np

from minigan.autograd import Tensor
from minigan.backend import normal, zeros
from minigan.checks import expect, instance, real, whole
from minigan.layers.base import Layer
from minigan.layers.convolution import Conv2D, Conv2DTranspose
from minigan.layers.dense import Dense
from minigan.ops import matmul, mean, reshape, sqrt, value


class LayerNormalization(Layer):
    """y = γ (x - μ)/√(σ² + ε) + β, where μ and σ² are taken over the last axis of each example.

    x (..., features); γ and β (features,).  The same in training and at inference.
    Source: Ba, Kiros and Hinton 2016; epsilon as in Keras.
    """

    def __init__(self, features: int, epsilon: float = 1e-3):
        self.features = whole("LayerNormalization", features=features)
        self.epsilon = real("LayerNormalization", above=0, epsilon=epsilon)
        self.gamma, self.beta = Tensor(zeros((self.features,)) + 1), Tensor(zeros((self.features,)))

    def __call__(self, x, training: bool = False):
        expect(self, x, -1, self.features, f"(..., {self.features})")
        centred = x - mean(x, -1, keepdims=True)
        variance = mean(centred * centred, -1, keepdims=True)
        return centred / sqrt(variance + self.epsilon) * self.gamma + self.beta


class SpectralNormalization(Layer):
    """`layer`, a Dense, Conv2D or Conv2DTranspose, with its kernel divided by its spectral norm.

    So it stretches no vector: a linear map W/σ has the Lipschitz constant one.  The kernel counts as a matrix,
    all axes but the last against the last; for a convolution this is not its norm as a map of images.
    Source: Miyato, Kataoka, Koyama and Yoshida 2018, algorithm 1.
    """

    def __init__(self, layer: Layer):
        self.layer = instance("SpectralNormalization", (Dense, Conv2D, Conv2DTranspose), layer=layer)
        matrix = self.layer.kernel.data.reshape(-1, self.layer.kernel.shape[-1])
        self.u = _unit(normal(matrix.shape[1:]))
        for _ in range(10):  # so that σ is close from the first step on
            self.u = _unit(_unit(matrix @ self.u) @ matrix)

    def __call__(self, x, training: bool = False):
        kernel = self.layer.kernel
        matrix = reshape(kernel, (-1, kernel.shape[-1]))  # (M, F)
        v = _unit(value(matrix) @ self.u)  # (M,)
        u = _unit(v @ value(matrix)) if training else self.u  # (F,)
        self.u = u
        return self.layer.apply(x, kernel / matmul(matmul(v, matrix), u))


def _unit(vector):
    return vector / (np.sqrt((vector * vector).sum()) + 1e-12)
