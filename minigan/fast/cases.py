"""Sample calls of the primitives that only `minigan.fast` has, as minigan/gradcheck/cases.py has those of the book."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigan.fast.batch_normalization import batch_normalize, batch_statistics
from minigan.fast.resize_convolution import (
    _upsample_conv2d_input_gradient,
    _upsample_conv2d_kernel_gradient,
    upsample_conv2d,
)
from minigan.fast.routing import _capsule_gradient, _capsule_kernel_gradient, agreement, weighted_sum
from minigan.ops.elementwise import value

rng = np.random.default_rng(0)
normal = rng.standard_normal

# resize-convolution: an image x, one of twice its size, a kernel w
small, large, w = normal((1, 2, 3, 2)), normal((1, 4, 6, 1)), normal((3, 2, 2, 1))
# routing: c (J, N, I), u (N, D, I), W (J, D, I, E), v (J, N, E)
c, u, W, v = normal((2, 3, 4)), normal((3, 2, 4)), normal((2, 2, 4, 3)), normal((2, 3, 3))

#: name of the primitive -> its cases: (function, arrays)
CASES: dict[str, list[tuple[Callable[..., Any], list[np.ndarray]]]] = {
    "batch_normalize": [
        (
            lambda x, gamma, beta: batch_normalize(x, gamma, beta, *batch_statistics(value(x))),
            [normal((2, 3, 2)), rng.uniform(0.5, 2.0, 2), normal(2)],
        )
    ],
    "upsample_conv2d": [(upsample_conv2d, [small, w])],
    "upsample_conv2d_input_gradient": [
        (lambda y, w: _upsample_conv2d_input_gradient(y, w, size=2), [large, w])
    ],
    "upsample_conv2d_kernel_gradient": [
        (lambda x, y: _upsample_conv2d_kernel_gradient(x, y, kernel=(3, 2), size=2), [small, large])
    ],
    "weighted_sum": [(weighted_sum, [c, u, W])],
    "agreement": [(agreement, [u, W, v])],
    "capsule_gradient": [(_capsule_gradient, [c, W, v])],
    "capsule_kernel_gradient": [(_capsule_kernel_gradient, [c, u, v])],
}
