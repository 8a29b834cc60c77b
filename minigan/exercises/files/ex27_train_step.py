"""A training step: who learns from what?

D learns to tell real examples x from generated ones G(z), which are constants
to it. Then G learns to fool the D that has just learned:

    L_D = mean softplus(-D(x)) + mean softplus(D(G(z))),
    θ_D ← θ_D - η dL_D/dθ_D,  then, with the new D,
    L_G = mean softplus(-D(G(z))),
    θ_G ← θ_G - η dL_G/dθ_G.

To do: three things are wrong below; the comments say where.
`grad(loss, network.parameters())` returns the gradients that `optimizer.step`
takes, and `fake.data` is an array, a constant.
"""

from minigan import grad, ops


def train_step(G, D, g_optimizer, d_optimizer, x, z):
    fake = G(z)
    d_loss = ops.mean(ops.softplus(D(x))) + ops.mean(ops.softplus(-D(fake.data)))  # TODO: two signs
    g_loss = ops.mean(ops.softplus(-D(fake)))  # TODO: computed with the old D
    d_optimizer.step(grad(d_loss, D.parameters()))
    g_optimizer.step([-g for g in grad(g_loss, G.parameters())])  # TODO: a sign
    return d_loss, g_loss
