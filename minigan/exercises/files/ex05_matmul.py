"""The matrix product, which is most of the work of a network.

Y = A B,  Y_ij = Σ_k A_ik B_kj.  With G = dL/dY, which has the shape of Y,

    dL/dA_ik = Σ_j G_ij B_kj,        dL/dB_kj = Σ_i A_ik G_ij.

To do: write both sums as matrix products. The shapes leave only one way: A (I,
K), B (K, J), G (I, J). `B.T` is the transposed matrix.
"""

from minigan import primitive


@primitive
def matmul(A, B):
    return A @ B


matmul.defvjp(
    lambda G, Y, A, B: ...,  # TODO
    lambda G, Y, A, B: ...,  # TODO
)
