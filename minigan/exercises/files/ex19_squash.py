"""Find the bug: nan at zero (a CapsGAN on GitHub).

squash makes the length of a vector s a probability and keeps its direction:

    v = ‖s‖² / (1 + ‖s‖²) · s / ‖s‖.

At s = 0 that is 0/0. An implementation of CapsGAN divided by √(Σ s²), as here:
a capsule that is silent, as after a ReLU, makes the whole network nan.

To do: put ε = 1e-7 under the root:  ‖s‖ = √(Σ s² + ε). Then v and its gradient
are finite at s = 0.
"""

from minigan import ops


def squash(s):
    squared = ops.sum(s * s, axis=-1, keepdims=True)  # (..., 1)
    length = ops.sqrt(squared)  # TODO
    return squared / (1 + squared) * s / length
