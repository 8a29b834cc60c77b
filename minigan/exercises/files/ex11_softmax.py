"""Find the bug: half of a Jacobian (ML-From-Scratch).

p_i = eˣⁱ / Σ_k eˣᵏ  depends on all x_j:  dp_i/dx_j = p_i (1 - p_i) for i = j,
and -p_i p_j otherwise. So

    dL/dx_j = Σ_i g_i dp_i/dx_j = p_j (g_j - Σ_i g_i p_i).

The framework ML-From-Scratch multiplied with the diagonal p (1 - p) only, as
below.

To do: mend the vjp. x is (N, classes); `ops.sum(x, axis=-1, keepdims=True)`
sums over the classes.
"""

from minigan import ops, primitive


@primitive
def softmax(x):
    return ops.softmax(x, axis=-1)


softmax.defvjp(lambda g, p, x: g * p * (1 - p))  # TODO
