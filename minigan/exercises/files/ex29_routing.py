"""Find the bug: who divides among whom? (labml)

Routing by agreement (Sabour, Frosst and Hinton 2017): the capsules i of one
layer make predictions û_ij for the capsules j of the next, and each goes where
its prediction agrees with the others:

    b_ij = 0                           at first
    c_ij = exp b_ij / Σ_k exp b_ik     capsule i divides itself: Σ_j c_ij = 1
    v_j  = squash(Σ_i c_ij û_ij)
    b_ij ← b_ij + ⟨û_ij, v_j⟩          and again from c_ij

labml, and the repository that it copied, took the softmax over i, as below:
every capsule j then takes one whole part from below. Here the agreement, the
last line, is missing as well.

To do: mend the softmax, and fill in the update of b. u_hat is (I, J, E): I
capsules, J capsules above, E numbers each.
"""

from minigan import ops
from minigan.layers.capsule import squash


def route(u_hat, routings=3):
    """v (J, E)."""
    rows, columns, _ = u_hat.shape  # I, J
    b = ops.sum(u_hat, axis=2) * 0.0  # (I, J)
    for _ in range(routings):
        c = ops.softmax(b, axis=0)  # TODO
        v = squash(ops.sum(c.reshape((rows, columns, 1)) * u_hat, axis=0))  # (J, E)
        b = b + ...  # TODO
    return v
