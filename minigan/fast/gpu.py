"""Adam's update of a parameter as one kernel of CuPy.  Only a GPU loads this file.

Operation by operation the update is fourteen launches for each parameter, and a small network's step is mostly
launches.  The body of the kernel is C++, and Python as well, so that the tests can run it without a GPU.
"""

from __future__ import annotations

import functools
import math
from typing import Any

from minigan.backend import Array, module_of
from minigan.optimizers import clipped

#: the two lines of `Adam`'s docstring; T is the precision of the arrays, and rest is 1 - β, computed on the host
READ = "T g, T rate, T beta_1, T rest_1, T beta_2, T rest_2, T epsilon"
CHANGED = "T p, T m, T v"
BODY = """
m = beta_1 * m + rest_1 * g;
v = beta_2 * v + rest_2 * (g * g);
p -= rate * (m / (sqrt(v) + epsilon));
"""


@functools.cache
def kernel(library: Any) -> Any:
    return library.ElementwiseKernel(READ, CHANGED, BODY, "minigan_adam")


def update_all(optimizer: Any, rows: list[list[Array]]) -> None:
    """`Adam.update` of each row: a parameter, its gradient, and its slots m and v."""
    for p, g, m, v in rows:
        if {array.dtype.char for array in (p, g, m, v)} in ({"f"}, {"d"}):
            adam(module_of(p), optimizer, p, clipped(g, optimizer.clip_norm), m, v)
        else:  # the kernel knows one precision only
            optimizer.update(p, g, m, v)


def adam(library: Any, optimizer: Any, p: Array, g: Array, m: Array, v: Array) -> None:
    beta_1, beta_2, t = optimizer.beta_1, optimizer.beta_2, optimizer.steps
    rate = optimizer.rate * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    kernel(library)(g, rate, beta_1, 1 - beta_1, beta_2, 1 - beta_2, optimizer.epsilon, p, m, v)
