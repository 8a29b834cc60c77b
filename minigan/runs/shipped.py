"""Shipped: generators that are trained already, to draw from in the first second.

They were made from runs of the examples by tools/make_generators.py; each file says by which command.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import minigan
from minigan.models import storage
from minigan.runs.folder import MODELS

PLACE = Path(minigan.__file__).with_name("data")
SHIPPED = ("digits", "faces")


def load_shipped(name: str) -> Any:
    """The model of one of SHIPPED, ready to `sample`; its other networks and its optimizers are those of a new one."""
    if name not in SHIPPED:
        raise ValueError(
            f"load_shipped: there is no generator {name!r}, expected one of {', '.join(SHIPPED)}"
        )
    return load_generator(PLACE / f"generator_{name}.npz")


def save_generator(path: str | Path, model: Any, about: Mapping[str, Any]) -> None:
    """Write the network that `model`, a GAN, samples from, as float16, and how it came to be."""
    arrays = {name: array.astype(np.float16) for name, array in model.average.state().items()}
    storage.write(path, {"model": model.name, "settings": model.settings, "about": dict(about)}, arrays)


def load_generator(path: str | Path) -> Any:
    """The model that `save_generator` wrote, in a file of ours: it is not checked how large a model it asks for.

    Raises FileNotFoundError or ValueError, which name the file.
    """
    header = storage.read_header(path)
    with storage.errors_name(path):
        if header.get("model") not in MODELS:
            raise ValueError(f"holds the model {str(header.get('model'))[:50]!r}, of which there is none")
        settings = {k: tuple(v) if isinstance(v, list) else v for k, v in header["settings"].items()}
        before = minigan.backend.generator.bit_generator.state
        model = MODELS[header["model"]](**settings)
        minigan.backend.generator.bit_generator.state = before  # to load draws no numbers
        model.average.load_state(storage.read(path, model.average.state())[1])
        return model
