"""minigan: a deep-learning framework that a person can read.

The table of contents.  The book, each chapter of which uses only those before it:

    backend      devices: where arrays are made and where they cross
    checks       wrong arguments, in one sentence
    autograd     Tensor, primitive, grad: the chain rule
    ops          the operations, each with its derivative below it
    layers       weights, and how they meet the input
    losses       how wrong is it?
    optimizers   what to do with a gradient
    models       one file, one paper

Around it:

    gradcheck    is this gradient right?  finite differences, first and second order
    drawing      the graph of a loss as a picture; how a notebook shows Tensors, layers and models
    data         digits and mixtures, and the order in which they come
    training     a loop that can be interrupted and resumed bit for bit
    evaluation   how good are these digits?  the classifier, the metrics, and the table
    exercises    files to edit that are checked: derivatives, bugs, convolutions, GANs
    runs         the folder that an example leaves behind
    lab          a page on which a GAN learns in the plane: python -m minigan.lab
    gpucheck     does a GPU compute what the CPU computes?
    interchange  weights to and from Keras and PyTorch, and a generator as an ONNX file

And fast: quicker bodies for some functions of the book.  Delete it, or set MINIGAN_FAST=0, and only the time
changes.
"""

import os
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from minigan import layers, losses, ops, optimizers
from minigan.autograd import Tensor, grad, no_grad, primitive
from minigan.backend import on, seed, to_numpy, use
from minigan.drawing import attach

__version__ = "0.1.0"

__all__ = [
    "Tensor", "as_matrix", "grad", "graph", "layers", "losses", "no_grad", "on", "ops", "optimizers", "primitive",
    "seed", "to_numpy", "trace", "use",
]  # fmt: skip
_LATER = {
    "as_matrix": "gradcheck.matrix",
    "graph": "drawing.graph",
    "trace": "gradcheck.trace",
}  # name -> its module


if TYPE_CHECKING:  # so that an editor knows them
    from minigan.drawing.graph import graph
    from minigan.gradcheck.matrix import as_matrix
    from minigan.gradcheck.trace import trace


def __getattr__(name: str):
    """What stands around the book is imported when somebody asks for it."""
    if name in _LATER:
        return getattr(import_module(f"minigan.{_LATER[name]}"), name)
    raise AttributeError(f"module 'minigan' has no attribute {name!r}")


attach()

if os.environ.get("MINIGAN_FAST", "1") != "0" and find_spec("minigan.fast"):
    import minigan.fast  # noqa: F401 - puts its bodies under the names of the book
