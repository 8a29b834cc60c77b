"""A loss that contains a gradient.

The critic D of a Wasserstein GAN should have slope 1 between real and
generated examples (Gulrajani et al. 2017):

    penalty = mean over n of (‖∇D(x̂_n)‖ - 1)²,        x̂ = ε x + (1 - ε) G(z).

To differentiate it with respect to the weights of D, the gradient at x̂ must
be a Tensor that remembers how it was made: grad(..., create_graph=True).
Summing D over the batch keeps the examples apart: D(x̂_n) does not depend on
x̂_m.

To do: make `slopes` differentiable, and complete the penalty.
`ops.norm(slopes, axis=1)` is (N,).
"""

from minigan import Tensor, grad, ops


def gradient_penalty(D, real, fake, epsilon):
    """The penalty of D, (N, F) -> (N, 1); real, fake (N, F), epsilon (N, 1): arrays."""
    x_hat = Tensor(epsilon * real + (1 - epsilon) * fake)
    slopes = grad(ops.sum(D(x_hat)), x_hat)  # TODO: an array; nothing is remembered
    return ...  # TODO
