"""The matrix product, and transposition, which its gradient needs.

Part I; read `broadcasting` before it.

For Y = A B with Y_ij = Σ_k A_ik B_kj the chain rule gives

    dL/dA_ik = Σ_j G_ij B_kj,  so  dL/dA = G Bᵀ,      dL/dB_kj = Σ_i A_ik G_ij,  so  dL/dB = Aᵀ G.
"""

from __future__ import annotations

from typing import Any

from minigan.autograd import primitive
from minigan.backend import Array, shaped
from minigan.ops.broadcasting import reshape, sum, unbroadcast


@primitive
def transpose(x: Array, axes: tuple[int, ...] | None = None) -> Array:
    """y = x with its axes permuted (reversed by default);  the gradient is permuted back."""
    return x.transpose(axes)


def _transpose_vjp(g: Any, y: Any, x: Any, axes: tuple[int, ...] | None = None) -> Any:
    if axes is None:
        return transpose(g)
    back = sorted(range(x.ndim), key=lambda i: axes[i] % x.ndim)  # the inverse permutation
    return transpose(g, tuple(back))


transpose.defvjp(_transpose_vjp)


@primitive
def matrix_product(a: Array, b: Array) -> Array:
    """Y = A B,  dL/dA = G Bᵀ,  dL/dB = Aᵀ G."""
    return a @ b


matrix_product.defvjp(
    lambda g, y, a, b: unbroadcast(matrix_product(g, _swap(b)), a),
    lambda g, y, a, b: unbroadcast(matrix_product(_swap(a), g), b),
)


def matmul(a: Any, b: Any) -> Any:
    """The matrix product of the last two axes, (..., I, K) x (..., K, J) -> (..., I, J).

    Leading axes broadcast; a vector on the left is a row, on the right a column, as in NumPy.
    """
    a, b = shaped(a), shaped(b)
    if a.ndim == 1 and b.ndim == 1:
        return sum(a * b)
    if a.ndim == 1:
        y = matrix_product(reshape(a, (1, -1)), b)  # (..., 1, J)
        return reshape(y, (*y.shape[:-2], y.shape[-1]))
    if b.ndim == 1:
        y = matrix_product(a, reshape(b, (-1, 1)))  # (..., I, 1)
        return reshape(y, y.shape[:-1])
    return matrix_product(a, b)


def _swap(x: Any) -> Any:
    """x with its last two axes exchanged: the transposed matrices."""
    n = x.ndim
    return transpose(x) if n == 2 else transpose(x, (*range(n - 2), n - 1, n - 2))
