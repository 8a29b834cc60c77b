"""One call of every public operation, for the tests that hold for all of them.

name -> [(function, arrays), ...], as in minigan/gradcheck/cases.py, which it starts from.
"""

from minigan import ops
from minigan.gradcheck.cases import all_cases, distinct, normal, positive

COMPOSITIONS = {
    "mean": [(lambda x: ops.mean(x, axis=0), [normal(3, 2)]), (lambda x: x.mean(), [normal(3, 2)])],
    "var": [(lambda x: ops.var(x, axis=(0, 1), keepdims=True), [normal(3, 2, 2)])],
    "min": [(lambda x: ops.min(x, axis=1), [distinct(3, 2)])],
    "log_softmax": [(ops.log_softmax, [normal(3, 2)])],
    "softmax": [(lambda x: ops.softmax(x, axis=0), [normal(3, 2)])],
    "stack": [(lambda a, b: ops.stack([a, b], axis=1), [normal(3, 2), normal(3, 2)])],
    "flip": [(lambda x: ops.flip(x, 1), [normal(3, 2)])],
    "repeat": [(lambda x: ops.repeat(x, 2, axis=-1), [normal(3, 2)])],
    "einsum": [(lambda a, b: ops.einsum("ij,kj->ki", a, b), [normal(3, 2), normal(4, 2)])],
    "conv2d": [(lambda x, w: ops.conv2d(x, w, 2, 1), [normal(1, 4, 3, 2), normal(3, 2, 2, 1)])],
    "conv2d_transpose": [
        (lambda y, w: ops.conv2d_transpose(y, w, 2, 1), [normal(1, 2, 3, 1), normal(3, 3, 2, 1)])
    ],
    "conv3d": [(lambda x, w: ops.conv3d(x, w, 2, "same"), [normal(1, 3, 2, 3, 2), normal(2, 1, 2, 2, 1)])],
    "conv3d_transpose": [
        (lambda y, w: ops.conv3d_transpose(y, w, 2, 1), [normal(1, 2, 2, 2, 1), normal(3, 3, 3, 2, 1)])
    ],
    "matmul": [
        (lambda a, b: a @ b, [normal(3), normal(3, 2)]),
        (lambda a, b: a @ b, [normal(2, 3), normal(3)]),
        (lambda a, b: a @ b, [normal(3), normal(3)]),
    ],
    "upsample2d": [
        (lambda x: ops.upsample2d(x, (2, 3)), [normal(1, 2, 3, 2)]),
        (lambda x: ops.upsample2d(x, 2, interpolation="bilinear"), [normal(1, 2, 3, 2)]),
    ],
    "max_pool2d": [(lambda x: ops.max_pool2d(x, 2, 1, "same"), [distinct(1, 3, 2, 2)])],
    "average_pool2d": [(lambda x: ops.average_pool2d(x, 3, 2, "same"), [normal(1, 4, 3, 2)])],
    # plain numbers on either side of every operator
    "add": [(lambda x: 2 + x + 1.5, [normal(3)])],
    "subtract": [(lambda x: 2 - (x - 1.5), [normal(3)])],
    "multiply": [(lambda x: 2 * x * 1.5 * True, [normal(3)])],
    "divide": [(lambda x: 2 / (x / 1.5), [positive(3)])],
    "power": [(lambda x: 2**x + 1.5**x + x**2 + x**1.5 + x**0 + 2.0**-x, [positive(3)])],
    "maximum": [
        (lambda x: ops.maximum(x, 0.12), [distinct(4)]),
        (lambda x: ops.maximum(0, x), [distinct(4)]),
    ],
    "minimum": [(lambda x: ops.minimum(x, 0.12), [distinct(4)])],
    "where": [
        (lambda x: ops.where(x > 0, x, 0.0), [distinct(4)]),
        (lambda x: ops.where(x > 0, 1, x), [distinct(4)]),
    ],
}

CASES = all_cases()
CALLS = {name: CASES.get(name, []) + COMPOSITIONS.get(name, []) for name in {**CASES, **COMPOSITIONS}}

#: the same as a flat list, with names for pytest: ("add-0", function, arrays)
EVERY_CALL = [(f"{name}-{i}", f, xs) for name, calls in CALLS.items() for i, (f, xs) in enumerate(calls)]
