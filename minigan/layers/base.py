"""Layer: something with weights that can be called, saved and loaded.  Read `autograd` before it.

One rule replaces registration: among the attributes of a layer, a *Tensor* is a weight and is trained, an
*array* is a buffer (running statistics) and is not trained, and a *Layer* is a part; lists, tuples and
dictionaries may hold several of them.  The order of the attributes is the order in which they were set.
What occurs twice is shared: it counts once, under its first name.  Left out are a Tensor that was computed
from others, and every attribute whose name begins with an underscore: keep there what you only look at.
"""

import inspect
from collections.abc import Mapping

import numpy as np

from minigan.autograd import Tensor
from minigan.backend import Array, is_array, to_device, to_numpy
from minigan.checks import choice, instance


class Layer:
    """The base of every layer and network; subclasses define ``__call__(x, training=False)``.

    `training` switches what differs between training and inference: dropout, noise, batch statistics.
    """

    def __call__(self, x, training: bool = False):
        raise TypeError(f"{type(self).__name__} is an abstract layer: it defines no __call__")

    def __repr__(self):
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

    def buffers(self) -> list[Array]:
        """The arrays that are not trained, but change in training: running statistics."""
        return [value for *_, value in self._items() if not isinstance(value, Tensor)]

    def _items(self, prefix: str = "", seen: set[int] | None = None):
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

    # --- To be read later: the weights and buffers by their names ---------------------------------------

    def arrays(self) -> list[Array]:
        """The arrays behind the weights and the buffers, not copies: for averaging in place."""
        return [value.data if isinstance(value, Tensor) else value for *_, value in self._items()]

    def state(self) -> dict[str, np.ndarray]:
        """name -> NumPy array (a copy), of the weights and the buffers."""
        return {name: to_numpy(value).copy() for name, _, _, value in self._items()}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over what `state()` returned, onto the current device, if all of it fits; else change nothing."""
        items, who = list(self._items()), f"{type(self).__name__}.load_state"
        names = {name for name, *_ in items}
        if names != set(instance(who, Mapping, state=state)):
            missing, unexpected = sorted(names - set(state)), sorted(set(state) - names)
            raise ValueError(f"{who}: missing {missing}, unexpected {unexpected}")
        for name, _, _, value in items:
            array = np.asarray(state[name])
            if array.shape != value.shape:
                raise ValueError(f"{who}: {name} has shape {array.shape}, expected {value.shape}")
            if array.dtype.kind != value.dtype.kind:
                raise ValueError(f"{who}: {name} has dtype {array.dtype}, expected {value.dtype}")
            if name.endswith("variance") and (array < 0).any():
                raise ValueError(f"{who}: {name} has negative numbers")
        self._replace([to_device(np.array(state[name], dtype=value.dtype)) for name, *_, value in items])

    def astype(self, dtype) -> None:
        """Convert the weights and the buffers, in place, to float32 or float64."""
        who, name = f"{type(self).__name__}.astype", getattr(dtype, "__name__", str(dtype))
        dtype = choice(who, ("float32", "float64"), dtype=name)
        self._replace([array.astype(dtype) for array in self.arrays()])

    def _replace(self, arrays: list[Array]) -> None:
        for (_, owner, attribute, value), array in zip(list(self._items()), arrays, strict=True):
            if isinstance(value, Tensor):
                value.data = array
            else:
                setattr(owner, attribute, array)

    def summary(self) -> str:
        """A table of the weights: name, shape, number."""
        width = max([len(name) for name, *_ in self._items()], default=0)
        lines = [repr(self)]
        for name, _, _, value in self._items():
            trained = "" if isinstance(value, Tensor) else "  (not trained)"
            lines.append(f"{name:<{width}}  {value.shape!s:<20} {value.size:>12,}{trained}")
        return "\n".join([*lines, f"{sum(p.size for p in self.parameters()):,} trained parameters"])


def _parts(name: str, value):
    """(name, part) for every weight and every layer in `value`, however deep in lists and dictionaries."""
    if isinstance(value, Layer) or (isinstance(value, Tensor) and value.recipe is None):
        yield name, value
    elif isinstance(value, list | tuple | dict):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _parts(f"{name}.{key}", part)
