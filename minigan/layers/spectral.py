"""SpectralNormalization: a kernel divided by its largest singular value.

Chapter 5.10; read `convolution` and `dense` before it.

A linear map stretches no vector by more than its largest singular value σ, so W/σ is a map with
Lipschitz constant one.  One step of the power method per training step follows σ closely enough:

    v ← Wᵀu/‖Wᵀu‖,    u ← Wv/‖Wv‖,    σ = uᵀW v,

where u and v count as constants and the gradient flows through W alone.
Source: Miyato, Kataoka, Koyama and Yoshida 2018, algorithm 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigan.backend import normal
from minigan.layers.base import Layer
from minigan.layers.convolution import Conv2D, Conv2DTranspose
from minigan.layers.dense import Dense
from minigan.ops import matmul, reshape
from minigan.ops.elementwise import value


class SpectralNormalization(Layer):
    """`layer`, a Dense, Conv2D or Conv2DTranspose, with its kernel divided by its spectral norm.

    The kernel counts as a matrix: all axes but the last against the last.  For a convolution its norm is
    that of the matrix, as in the paper, not that of the convolution as a map of images.
    Raises TypeError for a layer that has no kernel.
    """

    def __init__(self, layer: Layer) -> None:
        if not isinstance(layer, Dense | Conv2D | Conv2DTranspose):
            raise TypeError(
                f"SpectralNormalization got {layer!r}, expected a Dense, Conv2D or Conv2DTranspose"
            )
        self.layer: Dense | Conv2D | Conv2DTranspose = layer
        self.u = _unit(normal((layer.kernel.shape[-1],)))
        matrix = layer.kernel.data.reshape(-1, layer.kernel.shape[-1])
        for _ in range(10):  # so that σ is close from the first step on
            self.u = _unit(_unit(matrix @ self.u) @ matrix)

    def __repr__(self) -> str:
        return f"SpectralNormalization({self.layer!r})"

    def __call__(self, x: Any, training: bool = False) -> Any:
        kernel = self.layer.kernel
        matrix = reshape(kernel, (-1, kernel.shape[-1]))  # (M, F)
        v = _unit(value(matrix) @ self.u)  # (M,)
        if training:
            self.u = _unit(v @ value(matrix))  # (F,)
        sigma = matmul(matmul(v, matrix), self.u)
        try:
            self.layer.kernel = kernel / sigma
            return self.layer(x, training)
        finally:
            self.layer.kernel = kernel


def _unit(vector: Any) -> Any:
    return vector / (np.sqrt((vector * vector).sum()) + 1e-12)
