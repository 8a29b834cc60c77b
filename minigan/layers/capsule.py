"""Capsules: groups of units whose vector says what there is by its length and how it lies by its direction.

After Sabour, Frosst and Hinton 2017, "Dynamic Routing Between Capsules".  The I capsules u_i of one layer
predict the J capsules of the next one, and each goes where its prediction agrees with the others':

    û_ij = W_ij u_i                          the prediction of capsule i for capsule j
    b_ij = 0                                 at first, for every example
    c_ij = exp b_ij / Σ_k exp b_ik           capsule i divides itself among the capsules j
    s_j  = Σ_i c_ij û_ij,   v_j = squash(s_j)
    b_ij ← b_ij + ⟨û_ij, v_j⟩                and again from c_ij
"""

import numpy as np

from minigan.autograd import Tensor
from minigan.backend import normal, replaceable, shaped
from minigan.checks import choice, expect, whole
from minigan.layers.base import Layer
from minigan.layers.convolution import Conv2D
from minigan.ops import einsum, reshape, softmax, sqrt, sum, transpose, value
from minigan.ops.window import Size

EPSILON = 1e-7  # in the root of squash


def squash(x, axis: int = -1):
    """v = ‖s‖² / (1 + ‖s‖²) · s / ‖s‖: short vectors go to almost zero, long ones to almost length one.

    With ‖s‖ = √(Σ s² + 1e-7), so that the gradient at s = 0 is finite.
    """
    x = shaped(x, "squash")
    squared = sum(x * x, axis=axis, keepdims=True)
    return x * (sqrt(squared + EPSILON) / (squared + 1))


class PrimaryCapsules(Layer):
    """A convolution whose channels are taken together in capsules, and squashed.

    x (N, H, W, in_channels) -> u (N, OH*OW*capsules, dimensions), with OH x OW the pixels that the
    convolution leaves: `capsules` at every pixel, each of which sees a window of kernel_size pixels.
    """

    def __init__(self, in_channels: int, capsules: int, dimensions: int, kernel_size: Size, strides=1):
        sizes = whole("PrimaryCapsules", in_channels=in_channels, capsules=capsules, dimensions=dimensions)
        self.in_channels, self.capsules, self.dimensions = sizes
        self.convolution = Conv2D(in_channels, capsules * dimensions, kernel_size, strides)
        self.kernel_size, self.strides = self.convolution.kernel_size, self.convolution.strides

    def __call__(self, x, training: bool = False):
        y = self.convolution(x)  # (N, OH, OW, capsules*dimensions)
        n, oh, ow, _ = y.shape
        return squash(reshape(y, (n, oh * ow * self.capsules, self.dimensions)))


class Capsules(Layer):
    """u (N, in_capsules, in_dimensions) -> v (N, capsules, dimensions), by routing as at the top.

    kernel    W (J, D, I, E) for I = in_capsules, D = in_dimensions, J = capsules, E = dimensions
    routings  iterations: how often c, s and v are computed; 1 divides every capsule evenly
    routing_gradient
        "full"  the gradient of what is computed, through all iterations: what finite differences confirm
        "last"  the v of all but the last iteration are constants
        "none"  the c are constants, as if somebody else had chosen them
    """

    def __init__(self, in_capsules, in_dimensions, capsules, dimensions, routings=3, routing_gradient="full"):
        name = "Capsules"
        self.in_capsules, self.in_dimensions = whole(
            name, in_capsules=in_capsules, in_dimensions=in_dimensions
        )
        self.capsules, self.dimensions = whole(name, capsules=capsules, dimensions=dimensions)
        self.routings = whole(name, routings=routings)
        self.routing_gradient = choice(name, ("full", "last", "none"), routing_gradient=routing_gradient)
        shape = (self.capsules, self.in_dimensions, self.in_capsules, self.dimensions)
        self.kernel = Tensor(normal(shape) * 0.1)

    def __call__(self, x, training: bool = False):
        for axis, size in ((1, self.in_capsules), (2, self.in_dimensions)):
            expect(self, x, axis, size, f"(N, {self.in_capsules}, {self.in_dimensions})")
        return route(x, self.kernel, self.routings, self.routing_gradient)


@replaceable
def route(u, kernel, routings: int, routing_gradient: str):
    """v (N, J, E) from u (N, I, D) and W (J, D, I, E): the equations at the top, an iteration a round."""
    u_hat = einsum("nid,jdie->jnie", u, kernel)  # û_ij = W_ij u_i
    b = np.zeros_like(value(u), shape=(len(kernel), len(u), u.shape[1]))  # (J, N, I)
    for iteration in range(1, routings + 1):
        c = softmax(b, axis=0)  # c_ij = exp b_ij / Σ_k exp b_ik
        if routing_gradient == "none":
            c = value(c)
        v = squash(einsum("jni,jnie->jne", c, u_hat))  # v_j = squash(Σ_i c_ij û_ij)
        if iteration < routings:
            seen = v if routing_gradient == "full" else value(v)
            b = b + einsum("jnie,jne->jni", u_hat, seen)  # b_ij ← b_ij + ⟨û_ij, v_j⟩
    return transpose(v, (1, 0, 2))
