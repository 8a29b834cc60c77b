"""The two losses of a GAN, which must not overflow.

D returns logits a; the probability of "real" is D = σ(a).
With  softplus(a) = log(1 + eᵃ)  one has

    log D = -softplus(-a),        log(1 - D) = -softplus(a).

D minimises  -log D(x) - log(1 - D(G(z))),  means over the batch. G
minimises  -log D(G(z))  (the non-saturating loss: log(1 - D(G(z))) has almost
no gradient as long as D wins).

To do: write both with ops.softplus and ops.mean. The logs as they stand would
be log 0 for a confident D.
"""

from minigan import ops


def d_loss(real_logits, fake_logits):
    return ...  # TODO


def g_loss(fake_logits):
    return ops.mean(ops.log(1 - ops.sigmoid(fake_logits)))  # TODO
