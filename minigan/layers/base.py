"""Layer: something with weights that can be called, counted, saved and loaded.

Chapter 5.1; read `autograd` before it.

One rule replaces registration: among the attributes of a layer, a *Tensor* is a weight and is trained,
an *array* is remembered (running statistics) and not trained, and a *Layer* is a part; a list may hold
several weights or parts.  The order of the attributes is the order in which they were set.  What occurs
twice is shared: it counts once, and under its first name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from minigan.autograd import Tensor
from minigan.backend import Array, is_array, to_device, to_numpy


class Layer:
    """The base of every layer and network; subclasses define ``__call__(x, training=False)``.

    `training` switches what differs between training and use: dropout, noise, batch statistics.
    """

    def __call__(self, x: Any, training: bool = False) -> Any:
        raise TypeError(f"{type(self).__name__} is an abstract layer: it defines no __call__")

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def parameters(self) -> list[Tensor]:
        """The weights, in a fixed order; give them to an optimizer and to `grad`."""
        return [value for *_, value in self._items() if isinstance(value, Tensor)]

    def arrays(self) -> list[Array]:
        """The arrays behind the weights and what is remembered, not copies: for averaging in place."""
        return [value.data if isinstance(value, Tensor) else value for *_, value in self._items()]

    def remembered(self) -> list[Array]:
        """Those of the arrays that are not trained, but change in training: running statistics."""
        return [value for *_, value in self._items() if not isinstance(value, Tensor)]

    def state(self) -> dict[str, np.ndarray]:
        """name -> NumPy array (a copy), of the weights and of what is remembered."""
        return {name: to_numpy(value).copy() for name, _, _, value in self._items()}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over what `state()` returned, onto the current device.

        Raises ValueError, before anything is changed, if a name or a shape does not fit.
        """
        items = list(self._items())
        names = {name for name, *_ in items}
        if names != set(state):
            raise ValueError(
                f"{type(self).__name__}.load_state: missing {sorted(names - set(state))}, "
                f"unexpected {sorted(set(state) - names)}"
            )
        for name, _, _, value in items:
            if state[name].shape != value.shape:
                raise ValueError(
                    f"{type(self).__name__}.load_state: {name} has shape {state[name].shape}, "
                    f"expected {value.shape}"
                )
        for name, owner, attribute, value in items:
            array = to_device(np.array(state[name]))
            if isinstance(value, Tensor):
                value.data = array
            else:
                setattr(owner, attribute, array)

    def summary(self) -> str:
        """A table of the weights: name, shape, number."""
        rows = [
            (
                name,
                str(value.shape),
                f"{value.size:,}" + ("" if isinstance(value, Tensor) else "  (not trained)"),
            )
            for name, _, _, value in self._items()
        ]
        total = sum(p.size for p in self.parameters())
        width = max([len(name) for name, *_ in rows], default=0)
        lines = [f"{name:<{width}}  {shape:<20} {number:>12}" for name, shape, number in rows]
        return "\n".join([repr(self), *lines, f"{total:,} trained parameters"])

    def _items(self, prefix: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, Layer, str, Any]]:
        """(full name, owner, attribute, Tensor or array) for this layer and all of its parts."""
        seen = {id(self)} if seen is None else seen
        for attribute, value in vars(self).items():
            if is_array(value):
                yield prefix + attribute, self, attribute, value
            many = isinstance(value, list | tuple)
            for i, part in enumerate(value if many else [value]):
                name = f"{prefix}{attribute}.{i}" if many else prefix + attribute
                if isinstance(part, Tensor | Layer) and id(part) not in seen:
                    seen.add(id(part))
                    if isinstance(part, Tensor):
                        yield name, self, attribute, part
                    else:
                        yield from part._items(f"{name}.", seen)


def expect(layer: Layer, x: Any, axis: int, size: int, shape: str) -> None:
    """Raise a ValueError that names the layer unless x has `size` elements along `axis`."""
    if len(x.shape) < max(-axis, axis + 1) or x.shape[axis] != size:
        raise ValueError(f"{layer!r} got an input of shape {x.shape}, expected {shape}")
