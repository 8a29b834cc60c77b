"""Sequential: layers one after the other.  Read `base` before it."""

from minigan.backend import replaceable
from minigan.layers.base import Layer


class Sequential(Layer):
    """y = last(... second(first(x))); errors of a layer name the layer themselves."""

    def __init__(self, *layers: Layer):
        for i, layer in enumerate(layers):
            if not isinstance(layer, Layer):
                raise TypeError(f"Sequential: argument {i} is {layer!r}, expected a Layer")
        self.layers = layers

    def __repr__(self):
        return "Sequential(\n" + "".join(f"    {layer!r},\n" for layer in self.layers) + ")"

    def __call__(self, x, training: bool = False):
        return in_order(self.layers, x, training)


@replaceable
def in_order(layers: tuple[Layer, ...], x, training: bool):
    for layer in layers:
        x = layer(x, training)
    return x
