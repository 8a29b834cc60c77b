"""minigan: a deep-learning framework that a person can read.

The table of contents.  Read the modules in this order; each one uses only those before it.

    backend      1   devices: where arrays are made and where they cross
    autograd     2   Tensor, primitive, grad: the chain rule
    gradcheck    3   is this gradient right?  finite differences, first and second order
    ops          4   the operations, each with its derivative below it
"""

from minigan import ops as ops
from minigan.autograd import Tensor, grad, no_grad, primitive
from minigan.backend import on, seed, to_numpy, use

__version__ = "0.1.0"

__all__ = ["Tensor", "grad", "no_grad", "on", "primitive", "seed", "to_numpy", "use"]
