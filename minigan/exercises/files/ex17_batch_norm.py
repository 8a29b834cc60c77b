"""Find the bug: right once, wrong twice (DeZero).

Batch normalization  y = (x - μ)/√(σ² + ε)  divides by s = √(σ² + ε), which
depends on x. The vjp, with means over the batch (axis 0), is

    dL/dx = (g - mean(g) - y · mean(g · y)) / s.

Once it is right. But the framework DeZero saved 1/s as a bare number in the
forward pass, and so do the lines below: when the gradient is differentiated
again, as in a gradient penalty, s counts as a constant, and the result is
wrong without a word.

To do: compute s in the vjp from x, by operations: `ops.var(x, axis=0)`,
`ops.sqrt`. The check looks at both orders.
"""

import numpy as np

from minigan import ops, primitive

EPSILON = 1e-3


@primitive
def normalize(x):
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + EPSILON)


def normalize_vjp(g, y, x):
    s = np.sqrt(ops.value(x).var(axis=0) + EPSILON)  # TODO: a bare number
    return (g - ops.mean(g, axis=0) - y * ops.mean(g * y, axis=0)) / s


normalize.defvjp(normalize_vjp)
