"""Sequential: layers one after the other.

Part I; read `base` before it.
"""

from __future__ import annotations

from typing import Any

from minigan.backend import replaceable
from minigan.layers.base import Layer


class Sequential(Layer):
    """y = last(... second(first(x))).

    Raises TypeError for what is not a Layer; errors of a layer name the layer themselves.
    """

    def __init__(self, *layers: Layer) -> None:
        for i, layer in enumerate(layers):
            if not isinstance(layer, Layer):
                raise TypeError(f"Sequential: argument {i} is {layer!r}, expected a Layer")
        self.layers = layers

    def __repr__(self) -> str:
        return "Sequential(\n" + "".join(f"    {layer!r},\n" for layer in self.layers) + ")"

    def __call__(self, x: Any, training: bool = False) -> Any:
        return in_order(self.layers, x, training)


@replaceable
def in_order(layers: tuple[Layer, ...], x: Any, training: bool) -> Any:
    for layer in layers:
        x = layer(x, training)
    return x
