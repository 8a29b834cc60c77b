"""The operations: what they compute, and below each its derivative.

Reading order: `broadcasting`, `elementwise`, `contraction` (Part I); `reduction`, `shape`, `window`, `convolution`,
`resampling` (Part II).  `operators` is notation: a + b for add(a, b).
"""

# ruff: noqa: I001 - the names of `elementwise` in a few lines instead of twenty
from minigan.ops import operators as operators
from minigan.ops.broadcasting import broadcast_to, mean, reshape, sum
from minigan.ops.contraction import einsum, matmul, transpose
from minigan.ops.convolution import conv2d, conv2d_transpose
from minigan.ops.elementwise import (
    abs, add, clip, divide, elu, exp, leaky_relu, log, maximum, minimum, multiply, negative, power, relu, sigmoid,
    softplus, sqrt, subtract, tanh, value as value, where,
)  # fmt: skip
from minigan.ops.reduction import log_softmax, logsumexp, max, min, norm, softmax, var
from minigan.ops.resampling import average_pool2d, max_pool2d, upsample2d
from minigan.ops.shape import concatenate, flip, getitem, pad, repeat, stack
from minigan.ops.volume import conv3d, conv3d_transpose

__all__ = [
    "abs", "add", "average_pool2d", "broadcast_to", "clip", "concatenate", "conv2d", "conv2d_transpose",
    "conv3d", "conv3d_transpose", "divide", "einsum", "elu", "exp", "flip", "getitem", "leaky_relu", "log",
    "log_softmax", "logsumexp", "matmul", "max", "max_pool2d", "maximum", "mean", "min", "minimum",
    "multiply", "negative", "norm", "pad", "power", "relu", "repeat", "reshape", "sigmoid", "softmax",
    "softplus", "sqrt", "stack", "subtract", "sum", "tanh", "transpose", "upsample2d", "var", "where",
]  # fmt: skip
