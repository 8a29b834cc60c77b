"""as_matrix: the matrix of a linear function, column by column, to look at and to transpose."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigan.backend import to_device, to_numpy
from minigan.checks import instance, wholes

#: How far f may be from its matrix, relative to the largest of the sums: less than any function that is
#: not linear on purpose, more than the rounding of one that computes in float32.
TOLERANCE = 1e-5


def as_matrix(f: Callable[[Any], Any], shape: tuple[int, ...]) -> np.ndarray:
    """The matrix A with f(x).ravel() = A @ x.ravel() for every array x of this shape.

    f      a linear function of one array, whose result may have any shape (an array or a Tensor)
    shape  of its argument

    A is (size of f(x), size of x): column j is what f makes of the array with a one at place j and zeros
    elsewhere, in float64.  So f runs once for every element of x, and all of A is stored: look at small
    functions.  Raises ValueError if f(0) is not 0 or if f is not what its matrix says at two other points.

    >>> import numpy as np
    >>> as_matrix(np.cumsum, (3,))
    array([[1., 0., 0.],
           [1., 1., 0.],
           [1., 1., 1.]])
    """

    def flat(x: np.ndarray) -> np.ndarray:
        return to_numpy(f(to_device(x.reshape(shape)))).reshape(-1)

    instance("as_matrix", Callable, f=f)
    size = math.prod(wholes("as_matrix", least=0, shape=shape))
    offset = flat(np.zeros(size))
    if np.any(offset != 0):
        raise ValueError("as_matrix: f(0) is not 0, so f is not linear: is there a bias in it?")
    matrix = np.empty((len(offset), size))
    for j in range(size):
        x = np.zeros(size)
        x[j] = 1.0
        matrix[:, j] = flat(x)
    some = np.random.default_rng(0).standard_normal(size)
    for x in (some, -100 * some):  # both signs and two lengths: a kink at zero or a saturation shows
        error = np.max(np.abs(flat(x) - matrix @ x), initial=0.0)
        if not error <= TOLERANCE * np.max(np.abs(matrix) @ np.abs(x), initial=0.0):
            raise ValueError(
                f"as_matrix: f is not linear: at a random point it differs from its matrix by {error:.3g}"
            )
    return matrix
