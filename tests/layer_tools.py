"""What the layer tests share: random weights in float64, and the gradient check of a whole layer."""

import numpy as np

import minigan as mg
from minigan.autograd import Tensor
from minigan.gradcheck import check_grad


def randomised(layer, dtype=np.float32, seed=0):
    """The layer with all that it has learned or remembers drawn from [0.5, 1.5], in this precision."""
    rng = np.random.default_rng(seed)
    layer.load_state({k: rng.uniform(0.5, 1.5, a.shape).astype(dtype) for k, a in layer.state().items()})
    return layer


def check_layer(layer, *x, training, step=1e-3):
    """`check_grad` of first and second order with respect to the input, if any, and every weight.

    Integer inputs are constants.  A layer that draws random numbers draws the same ones every time.
    """
    places = [(owner, name) for _, owner, name, weight in layer._items() if isinstance(weight, Tensor)]
    weights = [getattr(owner, name) for owner, name in places]
    variables = [a for a in x if a.dtype.kind == "f"]

    def f(*tensors):
        mg.seed(7)
        for (owner, name), tensor in zip(places, tensors[len(variables) :], strict=True):
            setattr(owner, name, tensor)
        return layer(*(tensors[: len(variables)] or x), training=training)

    try:
        return check_grad(f, *variables, *[w.data for w in weights], order=2, step=step)
    finally:
        for (owner, name), weight in zip(places, weights, strict=True):
            setattr(owner, name, weight)


def in_float64(layer):
    """The layer with its weights and what it remembers in float64."""
    layer.load_state({k: a.astype(np.float64) for k, a in layer.state().items()})
    return layer


def check_weights(loss, *layers):
    """`check_grad` of `loss()`, first order, with respect to every weight of the layers that it uses."""
    places = [
        (owner, name)
        for layer in layers
        for _, owner, name, weight in layer._items()
        if isinstance(weight, Tensor)
    ]
    weights = [getattr(owner, name) for owner, name in places]

    def f(*tensors):
        for (owner, name), tensor in zip(places, tensors, strict=True):
            setattr(owner, name, tensor)
        return loss()

    return check_grad(f, *[w.data for w in weights], order=1, step=1e-5)  # kinks are never that near
