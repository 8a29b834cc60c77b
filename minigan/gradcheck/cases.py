"""One sample call, or several, of every primitive, for ``python -m minigan.gradcheck`` and the tests.

A case is (function, arrays): the function takes the arrays as
Tensors and returns a Tensor.  The arrays keep away from kinks, and broadcast where the primitive does.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from minigan import ops
from minigan.autograd import cast
from minigan.backend import to_device
from minigan.ops.convolution import convolution_kernel_gradient
from minigan.ops.elementwise import value
from minigan.ops.shape import scatter
from minigan.ops.window import window

Case = tuple[Callable[..., Any], list[np.ndarray]]

rng = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return rng.standard_normal(shape)


def positive(*shape: int) -> np.ndarray:
    return rng.uniform(0.5, 2.0, shape)


def distinct(*shape: int, shift: float = 0.0) -> np.ndarray:
    """Numbers on both sides of 0, no two of them (and none of another shift) closer than 0.05."""
    n = int(np.prod(shape))
    return (rng.permutation(n).reshape(shape) - n / 2 + 0.25) * 0.2 + shift


rows = np.array([2, 0, 2, -1])  # one row twice, and the last one from behind
mask = np.array([[True, False, True], [False, True, True]])
above = (slice(None), slice(None, None, -2))
spot: tuple = (..., None, 1)
uneven = window("cases", (5, 4), (3, 2), (2, 1), ((1, 0), (0, 2)), (1, 2))  # all of it at once

#: name of the primitive -> its cases
CASES: dict[str, list[Case]] = {
    # the chain rule itself
    "cast": [(lambda x: cast(x, dtype=np.float64), [normal(2, 3)])],
    # broadcasting
    "reshape": [(lambda x: ops.reshape(x, (3, -1)), [normal(2, 3)])],
    "broadcast_to": [(lambda x: ops.broadcast_to(x, (4, 2, 3)), [normal(2, 1)])],
    "sum": [
        (lambda x: ops.sum(x), [normal(2, 3)]),
        (lambda x: ops.sum(x, axis=(0, -1), keepdims=True), [normal(2, 3, 2)]),
    ],
    # elementwise
    "where": [(lambda a, b: ops.where(to_device(mask, value(a)), a, b), [normal(2, 1), normal(3)])],
    "add": [(ops.add, [normal(2, 3), normal(3)]), (lambda x: x + x, [normal(2)])],
    "subtract": [(ops.subtract, [normal(3), normal(2, 1)]), (lambda x: x - x, [normal(2)])],
    "multiply": [(ops.multiply, [normal(2, 3), normal(2, 1)]), (lambda x: x * x, [normal(2)])],
    "divide": [(ops.divide, [normal(2, 3), positive(3)]), (lambda x: x / x, [positive(2)])],
    "negative": [(ops.negative, [normal(2, 3)])],
    "exp": [(ops.exp, [normal(2, 3)])],
    "log": [(ops.log, [positive(2, 3)])],
    "power": [
        (ops.power, [positive(2, 3), normal(3)]),
        (lambda x: x**3, [normal(4)]),
        (lambda x: 2.0**x, [normal(4)]),
        (lambda x: x**x, [positive(3)]),
    ],
    "sqrt": [(ops.sqrt, [positive(2, 3)])],
    "tanh": [(ops.tanh, [normal(2, 3)])],
    "sigmoid": [(ops.sigmoid, [normal(2, 3)])],
    "softplus": [(ops.softplus, [normal(2, 3)])],
    "abs": [(ops.abs, [distinct(2, 3)])],
    "relu": [(ops.relu, [distinct(2, 3)])],
    "leaky_relu": [(ops.leaky_relu, [distinct(2, 3)]), (lambda x: ops.leaky_relu(x, 0.01), [distinct(4)])],
    "elu": [(ops.elu, [distinct(2, 3)]), (lambda x: ops.elu(x, alpha=0.5), [distinct(4)])],
    "maximum": [(ops.maximum, [distinct(2, 3), distinct(3, shift=0.1)])],
    "minimum": [(ops.minimum, [distinct(2, 3), distinct(2, 1, shift=0.1)])],
    "clip": [(lambda x: ops.clip(x, -0.3, 0.3), [distinct(2, 3)])],
    # reduction
    "max": [
        (lambda x: ops.max(x), [distinct(2, 3)]),
        (lambda x: ops.max(x, axis=(0, 2)), [distinct(2, 3, 2)]),
    ],
    "logsumexp": [
        (lambda x: ops.logsumexp(x), [normal(2, 3)]),
        (lambda x: ops.logsumexp(x, axis=1, keepdims=True), [normal(2, 3)]),
    ],
    "norm": [(lambda x: ops.norm(x), [normal(2, 3)]), (lambda x: ops.norm(x, axis=-1), [normal(2, 3)])],
    # shape
    "transpose": [
        (lambda x: ops.transpose(x), [normal(2, 3)]),
        (lambda x: ops.transpose(x, (2, 0, -2)), [normal(2, 3, 2)]),
    ],
    "getitem": [
        (lambda x: x[rows], [normal(3, 2)]),
        (lambda x: x[mask], [normal(2, 3)]),
        (lambda x: x[above], [normal(2, 3)]),
        (lambda x: x[spot], [normal(2, 3)]),
    ],
    "scatter": [(lambda x: scatter(x, rows, (3, 2)), [normal(4, 2)])],
    "concatenate": [
        (lambda a, b: ops.concatenate([a, b], axis=-1), [normal(2, 3), normal(2, 1)]),
        (lambda x: ops.concatenate([x, x]), [normal(2, 2)]),
    ],
    "pad": [(lambda x: ops.pad(x, [(1, 0), (0, 2)]), [normal(2, 3)])],
    # contraction
    "matrix_product": [
        (ops.matmul, [normal(2, 3), normal(3, 2)]),
        (ops.matmul, [normal(2, 1, 2, 3), normal(3, 3, 2)]),
    ],
    # convolution
    "convolution": [
        (ops.conv2d, [normal(2, 4, 3, 1), normal(3, 2, 1, 2)]),
        (lambda x, w: ops.conv2d(x, w, padding="same"), [normal(1, 3, 4, 2), normal(3, 2, 2, 1)]),
        (
            lambda x, w: ops.conv2d(x, w, (2, 1), ((1, 0), (0, 2)), (1, 2)),
            [normal(1, 5, 4, 2), normal(3, 2, 2, 1)],
        ),
    ],
    "convolution_transpose": [
        (ops.conv2d_transpose, [normal(2, 2, 3, 1), normal(3, 2, 2, 1)]),
        (lambda y, w: ops.conv2d_transpose(y, w, 2, "same"), [normal(1, 2, 2, 1), normal(3, 3, 2, 1)]),
        (
            lambda y, w: ops.conv2d_transpose(y, w, (2, 1), 0, (6, 4)),
            [normal(1, 2, 3, 2), normal(3, 2, 1, 2)],
        ),
    ],
    "convolution_kernel_gradient": [
        (
            lambda x, y: convolution_kernel_gradient(x, y, at=uneven),
            [normal(2, 5, 4, 2), normal(2, *uneven.result, 1)],
        ),
    ],
}


def all_cases() -> dict[str, list[Case]]:
    """The cases above, and those of `minigan.fast` where its primitives are in use."""
    return CASES | (
        importlib.import_module("minigan.fast.cases").CASES if "minigan.fast" in sys.modules else {}
    )
