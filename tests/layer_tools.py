"""What the layer tests share: random weights in any precision, and the gradient check of a whole layer."""

import contextlib

import numpy as np

import minigan as mg
from minigan.autograd import Tensor
from minigan.gradcheck import check_grad


def in_precision(layer, dtype):
    """The layer with its weights and its buffers in this precision."""
    layer.astype(dtype)
    return layer


def in_float64(layer):
    return in_precision(layer, np.float64)


def randomised(layer, dtype=np.float32, seed=0):
    """The layer with its weights and its buffers drawn from [0.5, 1.5], in this precision."""
    rng = np.random.default_rng(seed)
    in_precision(layer, dtype)
    layer.load_state({k: rng.uniform(0.5, 1.5, a.shape).astype(dtype) for k, a in layer.state().items()})
    return layer


@contextlib.contextmanager
def weights_of(*layers):
    """(the weights, a function that puts others in their places) of layers; afterwards all is as it was."""
    places = [
        (owner, name)
        for layer in layers
        for _, owner, name, weight in layer._items()
        if isinstance(weight, Tensor)
    ]
    weights = [getattr(owner, name) for owner, name in places]

    def put(tensors):
        for (owner, name), tensor in zip(places, tensors, strict=True):
            setattr(owner, name, tensor)

    try:
        yield weights, put
    finally:
        put(weights)


def check_layer(layer, *x, training, step=1e-3):
    """`check_grad` of first and second order with respect to the input, if any, and every weight.

    Integer inputs are constants.  A layer that draws random numbers draws the same ones every time.
    """
    variables = [a for a in x if a.dtype.kind == "f"]
    with weights_of(layer) as (weights, put):

        def f(*tensors):
            mg.seed(7)
            put(tensors[len(variables) :])
            return layer(*(tensors[: len(variables)] or x), training=training)

        return check_grad(f, *variables, *[w.data for w in weights], order=2, step=step)


def check_weights(loss, *layers, order=1, step=1e-5):
    """`check_grad` of `loss()` with respect to every weight of the layers that it uses."""
    with weights_of(*layers) as (weights, put):

        def f(*tensors):
            put(tensors)
            return loss()

        return check_grad(f, *[w.data for w in weights], order=order, step=step)  # kinks are never that near
