"""Layer: something with weights that can be called (and saved and loaded: `state`).

Part I; read `autograd` before it.

One rule replaces registration: among the attributes of a layer, a *Tensor* is a weight and is trained, an
*array* is a buffer (running statistics) and is not trained, and a *Layer* is a part; lists, tuples and
dictionaries may hold several of them.  The order of the attributes is the order in which they were set.
What occurs twice is shared: it counts once, under its first name.  Left out are a Tensor that was computed
from others, and every attribute whose name begins with an underscore: keep there what you only look at.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

from minigan.autograd import Tensor
from minigan.backend import Array, is_array
from minigan.layers.state import State


class Layer(State):
    """The base of every layer and network; subclasses define ``__call__(x, training=False)``.

    `training` switches what differs between training and inference: dropout, noise, batch statistics.
    """

    def __call__(self, x: Any, training: bool = False) -> Any:
        raise TypeError(f"{type(self).__name__} is an abstract layer: it defines no __call__")

    def __repr__(self) -> str:
        """The call that makes the layer: arguments without a default, and those that differ from it."""
        shown = []
        for name, parameter in inspect.signature(type(self)).parameters.items():
            if name in vars(self) and parameter.default is parameter.empty:
                shown.append(repr(vars(self)[name]))
            elif name in vars(self) and vars(self)[name] not in (parameter.default, (parameter.default,) * 2):
                shown.append(f"{name}={vars(self)[name]!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def parameters(self) -> list[Tensor]:
        """The weights, in a fixed order; give them to an optimizer and to `grad`."""
        return [value for *_, value in self._items() if isinstance(value, Tensor)]

    def arrays(self) -> list[Array]:
        """The arrays behind the weights and the buffers, not copies: for averaging in place."""
        return [value.data if isinstance(value, Tensor) else value for *_, value in self._items()]

    def buffers(self) -> list[Array]:
        """Those of the arrays that are not trained, but change in training: running statistics."""
        return [value for *_, value in self._items() if not isinstance(value, Tensor)]

    def _items(self, prefix: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, Layer, str, Any]]:
        """(full name, owner, attribute, Tensor or array) for this layer and all of its parts."""
        seen = {id(self)} if seen is None else seen
        for attribute, value in vars(self).items():
            if attribute.startswith("_"):
                continue
            if is_array(value) and not isinstance(value, np.generic):  # a NumPy number is a setting
                yield prefix + attribute, self, attribute, value
            for name, part in _parts(prefix + attribute, value):
                if id(part) in seen:
                    continue
                seen.add(id(part))
                if isinstance(part, Tensor):
                    yield name, self, attribute, part
                else:
                    yield from part._items(f"{name}.", seen)


def _parts(name: str, value: Any) -> Iterator[tuple[str, Tensor | Layer]]:
    """(name, part) for every weight and every layer in `value`, however deep in lists and dictionaries."""
    if isinstance(value, Layer) or (isinstance(value, Tensor) and value.recipe is None):
        yield name, value
    elif isinstance(value, list | tuple | dict):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _parts(f"{name}.{key}", part)


class Function(Layer):
    """A layer without weights that is one function of its input, in training and at inference."""

    f: Any  # a subclass says which

    def __call__(self, x: Any, training: bool = False) -> Any:
        return self.f(x)
