"""The weights and buffers of a layer by their names: to save, to load, to convert, to look at.

Read `base` before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minigan.autograd import Tensor
from minigan.backend import to_device, to_numpy


class State:
    """What a `Layer` can do with its names; `_items` says which there are."""

    _items: Any
    parameters: Any

    def state(self) -> dict[str, np.ndarray]:
        """name -> NumPy array (a copy), of the weights and the buffers."""
        return {name: to_numpy(value).copy() for name, _, _, value in self._items()}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over what `state()` returned, onto the current device, in the precision of this layer.

        Raises ValueError, before anything is changed, if a name, a shape or a kind of number does not fit.
        """
        items, who = list(self._items()), f"{type(self).__name__}.load_state"
        names = {name for name, *_ in items}
        if names != set(state):
            raise ValueError(
                f"{who}: missing {sorted(names - set(state))}, unexpected {sorted(set(state) - names)}"
            )
        for name, _, _, value in items:
            array = np.asarray(state[name])
            if array.shape != value.shape:
                raise ValueError(f"{who}: {name} has shape {array.shape}, expected {value.shape}")
            if array.dtype.kind != value.dtype.kind:
                raise ValueError(f"{who}: {name} has dtype {array.dtype}, expected {value.dtype}")
        for name, owner, attribute, value in items:
            array = to_device(np.array(state[name], dtype=value.dtype))
            if isinstance(value, Tensor):
                value.data = array
            else:
                setattr(owner, attribute, array)

    def astype(self, dtype: Any) -> None:
        """Convert the weights and the buffers, in place, to float32 or float64."""
        for _, owner, attribute, value in list(self._items()):
            if isinstance(value, Tensor):
                value.data = value.data.astype(dtype)
            else:
                setattr(owner, attribute, value.astype(dtype))

    def summary(self) -> str:
        """A table of the weights: name, shape, number."""
        rows = [
            (
                name,
                str(value.shape),
                f"{value.size:,}{'' if isinstance(value, Tensor) else '  (not trained)'}",
            )
            for name, _, _, value in self._items()
        ]
        total = sum(p.size for p in self.parameters())
        width = max([len(name) for name, *_ in rows], default=0)
        lines = [f"{name:<{width}}  {shape:<20} {number:>12}" for name, shape, number in rows]
        return "\n".join([repr(self), *lines, f"{total:,} trained parameters"])
