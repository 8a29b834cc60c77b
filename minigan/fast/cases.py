"""Sample calls of the primitives of `fast`, for ``python -m minigan.gradcheck`` and the tests.

They are what `gradcheck.cases` is for the primitives of the book: (function, arrays), one or several for each.
"""

from __future__ import annotations

import numpy as np

from minigan.fast.batch_normalization import batch_normalize, batch_statistics
from minigan.fast.bias import with_bias
from minigan.fast.resize_convolution import (
    resize_conv2d,
    resize_convolution_input_gradient,
    resize_convolution_kernel_gradient,
)
from minigan.fast.routing import agreement, capsule_gradient, capsule_kernel_gradient, weighted_sum
from minigan.ops.convolution import convolution
from minigan.ops.elementwise import value
from minigan.ops.window import window

rng = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return rng.standard_normal(shape)


#: name of the primitive -> its cases
CASES = {
    "batch_normalize": [
        (
            lambda x, gamma, beta: batch_normalize(x, gamma, beta, *batch_statistics(value(x))),
            [normal(2, 3, 2), rng.uniform(0.5, 2.0, 2), normal(2)],
        )
    ],
    "with_bias": [
        (
            lambda x, w, b: with_bias(
                x, w, b, of=convolution, at=window("", x.shape[1:3], w.shape[:2], 2, "same", 1)
            ),
            [normal(1, 3, 4, 2), normal(3, 2, 2, 3), normal(3)],
        )
    ],
    # resize-convolution
    "resize_convolution": [(resize_conv2d, [normal(1, 2, 3, 2), normal(3, 2, 2, 1)])],
    "resize_convolution_input_gradient": [
        (
            lambda y, v: resize_convolution_input_gradient(y, v, size=2),
            [normal(1, 4, 6, 1), normal(3, 2, 2, 1)],
        )
    ],
    "resize_convolution_kernel_gradient": [
        (
            lambda x, y: resize_convolution_kernel_gradient(x, y, kernel=(3, 2), size=2),
            [normal(1, 2, 3, 2), normal(1, 4, 6, 1)],
        )
    ],
    # routing: c (J, N, I), u (N, D, I), W (J, D, I, E), v (J, N, E)
    "weighted_sum": [(weighted_sum, [normal(2, 2, 3), normal(2, 2, 3), normal(2, 2, 3, 2)])],
    "agreement": [(agreement, [normal(2, 2, 3), normal(2, 2, 3, 2), normal(2, 2, 2)])],
    "capsule_gradient": [(capsule_gradient, [normal(2, 2, 3), normal(2, 2, 3, 2), normal(2, 2, 2)])],
    "capsule_kernel_gradient": [
        (capsule_kernel_gradient, [normal(2, 3, 2), normal(3, 2, 2), normal(2, 3, 1)])
    ],
}
