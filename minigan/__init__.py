"""minigan: a deep-learning framework that a person can read.

The table of contents.  Read the modules in this order; each one uses only those before it.

    backend      1   devices: where arrays are made and where they cross
    autograd     2   Tensor, primitive, grad: the chain rule
    gradcheck    3   is this gradient right?  finite differences, first and second order
    ops          4   the operations, each with its derivative below it
    layers       5   weights, and how they meet the input
    losses       6   how wrong is it?
    optimizers   7   what to do with a gradient
    data         8   digits and mixtures, and the order in which they come
    models       9   one file, one paper
    parallel    10   several processes that take the same steps
    training         a loop that can be interrupted and resumed bit for bit
    images      11   grids, animations, curves
    evaluation  12   how good are these digits?  the judge, the measures, and the table
    runs        13   the folder that an example leaves behind
"""

from minigan import layers, losses, ops, optimizers
from minigan.autograd import Tensor, grad, no_grad, primitive
from minigan.backend import on, seed, to_numpy, use
from minigan.gradcheck.matrix import as_matrix
from minigan.gradcheck.trace import trace

import minigan.fast.optimizers  # noqa: E402,F401 - quicker bodies

__version__ = "0.1.0"

__all__ = [
    "Tensor", "as_matrix", "grad", "layers", "losses", "no_grad", "on", "ops", "optimizers", "primitive",
    "seed", "to_numpy", "trace", "use",
]  # fmt: skip
