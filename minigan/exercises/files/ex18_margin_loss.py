"""Find the bug: a formula in the comment, another in the code (labml).

The margin loss of a capsule network (Sabour, Frosst and Hinton 2017, equation
4), for the lengths v_k of the capsules and T_k = 1 for the classes that are
present, else 0:

    L = Σ_k  T_k max(0, 0.9 - v_k)² + ½ (1 - T_k) max(0, v_k - 0.1)².

The annotated implementation of labml prints this formula, and its code left
out the squares, as here.

To do: make the code say what the formula says. It returns one loss for each
row of lengths (N, classes).
"""

from minigan import ops


def margin_loss(lengths, present):
    too_short, too_long = ops.relu(0.9 - lengths), ops.relu(lengths - 0.1)
    return ops.sum(present * too_short + 0.5 * (1 - present) * too_long, axis=-1)  # TODO
