"""Parts: settings, networks and optimizers, read off the attributes of a model, and the file that keeps them.

How a file is written and read, and why it cannot do harm, is in `storage`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from minigan.layers.base import Layer
from minigan.models import storage
from minigan.optimizers.base import Optimizer


class Parts:
    """The first half of `Model`, for a dataclass whose fields are its settings.

    name  what a file calls the model
    """

    name: ClassVar[str] = "model"

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, plain(value) if isinstance(value, np.generic | tuple) else value)

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments that make the same model again: plain Python numbers, strings and tuples."""
        names = [field.name for field in fields(self)]  # type: ignore[arg-type]
        return {name: plain(getattr(self, name)) for name in names}

    @property
    def networks(self) -> dict[str, Layer]:
        return {name: part for name, part in vars(self).items() if isinstance(part, Layer)}

    @property
    def optimizers(self) -> dict[str, Optimizer]:
        return {name: part for name, part in vars(self).items() if isinstance(part, Optimizer)}

    def state(self) -> dict[str, np.ndarray]:
        """What the next step depends on: "networks/<name>/<key>" or "optimizers/<name>/<key>" -> array."""
        return {prefix + key: array for prefix, part in self._parts() for key, array in part.state().items()}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over what `state()` returned.  Raises ValueError, and changes nothing, if it does not fit."""
        before = self.state()
        if differ := sorted(set(before) ^ set(state)):
            raise ValueError(f"{type(self).__name__}.load_state: missing or unknown: {', '.join(differ[:3])}")

        def take(state: Mapping[str, np.ndarray]) -> None:
            for prefix, part in self._parts():
                part.load_state({k.removeprefix(prefix): a for k, a in state.items() if k.startswith(prefix)})

        try:
            take(state)
        except ValueError:
            take(before)
            raise

    def save(self, path: str | Path) -> None:
        """Write settings and state to one file, which appears whole or not at all."""
        storage.write(path, {"model": self.name, "settings": self.settings}, self.state())

    @classmethod
    def load(cls, path: str | Path, **networks: Layer) -> Any:
        """The model in a file that `save` wrote; `networks` are those that it is given, if it makes none.

        Raises FileNotFoundError or ValueError, in one line that names the file.
        """
        header = storage.read_header(path)
        with storage.building(path):
            if header.get("model") != cls.name:
                raise ValueError(f"holds the model {header.get('model')!r}, expected {cls.name!r}")
            model = cls(**{name: plain(setting) for name, setting in header["settings"].items()}, **networks)
            model.load_state(storage.read(path, model.state())[1])
        return model

    def _parts(self) -> Iterator[tuple[str, Any]]:
        yield from ((f"networks/{name}/", network) for name, network in self.networks.items())
        yield from ((f"optimizers/{name}/", optimizer) for name, optimizer in self.optimizers.items())


def plain(value: Any) -> Any:
    """A NumPy number as one of Python, which leaves float32 as it is; a list or tuple as a tuple of such."""
    if isinstance(value, list | tuple):
        return tuple(map(plain, value))
    return value.item() if isinstance(value, np.generic) else value
