"""Checkpoint: everything that the next step of a training depends on, in one file.

Weights and running statistics, the slots of the optimizers, the random generator, and the position: where in
the data, and the sums behind the next row of the history.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from minigan import backend, checks
from minigan.autograd import Tensor
from minigan.layers import Layer
from minigan.models import storage
from minigan.optimizers import Optimizer


class Model(Protocol):
    """What can be trained: parts by name, and one step."""

    @property
    def networks(self) -> Mapping[str, Layer]: ...

    @property
    def optimizers(self) -> Mapping[str, Optimizer]: ...

    def train_step(self, batch: Any) -> dict[str, Any]: ...


def new_position() -> dict[str, Any]:
    """The beginning of a training; sums and counts of a name are over the steps since the last row."""
    return {"epoch": 0, "step": 0, "step_in_epoch": 0, "seconds": 0.0, "sums": {}, "counts": {}}


def count_step(position: dict[str, Any], metrics: Mapping[str, Any], seconds: float) -> None:
    """One more step has reported these numbers, which may be on a GPU and stay there."""
    position["step"] += 1
    position["step_in_epoch"] += 1
    position["seconds"] = seconds
    for name, number in metrics.items():
        number = number.data if isinstance(number, Tensor) else number  # not its graph
        position["sums"][name] = position["sums"].get(name, 0.0) + number
        position["counts"][name] = position["counts"].get(name, 0) + 1


def row_of(position: dict[str, Any]) -> dict[str, float]:
    """The means since the last row, from which on new ones begin; here numbers are fetched from the GPU."""
    means = {name: float(total) / position["counts"][name] for name, total in position["sums"].items()}
    position["sums"], position["counts"] = {}, {}
    return {"step": position["step"], "epoch": position["epoch"] + 1, "seconds": position["seconds"]} | means


# --- The file --------------------------------------------------------------------------------------


def save_checkpoint(model: Model, path: str | Path, position: dict[str, Any] | None = None) -> None:
    """Write the file, which appears whole or not at all.

    Raises FloatingPointError, and leaves the file as it was, if a number is not finite: nobody could train on
    from there.
    """
    _check_model("save_checkpoint", model)
    file = checks.path("save_checkpoint", path=path)
    position = new_position() if position is None else position
    if not isinstance(position, dict) or set(position) != set(new_position()):
        raise TypeError(
            f"save_checkpoint: position is {checks.short(position)}, expected one as of new_position()"
        )
    sums = {name: float(total) for name, total in position["sums"].items()}
    for name, total in sums.items():
        if not math.isfinite(total):
            raise FloatingPointError(f"{name} is not finite: training has diverged; {file} is left as it was")
    position = _checked(position | {"sums": sums}, "save_checkpoint: the")
    header = {"position": position, "generator": backend.generator.bit_generator.state}
    storage.write(file, header | _identity(model), _state(model))


def load_checkpoint(model: Model, path: str | Path) -> dict[str, Any]:
    """Put `model` and the random generator where `save_checkpoint` found them; returns the position.

    Raises FileNotFoundError or ValueError, which name the file, if it is missing or does not fit; then nothing
    is changed.
    """
    _check_model("load_checkpoint", model)
    path = Path(checks.path("load_checkpoint", path=path))
    if not path.exists():
        raise FileNotFoundError(f"there is no checkpoint {path}: is this the folder of a run?")
    before, bits = _state(model), backend.generator.bit_generator
    header, arrays = storage.read(path, like=before)
    generator = bits.state
    try:
        for name, own in _identity(model).items():
            if header.get(name) != own:
                raise ValueError(f"it has {name} {str(header.get(name))[:200]}, the model {own}")
        position = _checked(header.get("position"))
        _load_state(model, arrays)
        bits.state = header["generator"]
        # With an even increment it would soon repeat itself.
        if bits.state != header["generator"] or not bits.state["state"]["inc"] % 2:
            raise ValueError("the state of its random generator cannot be")
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        _load_state(model, before)
        bits.state = generator
        raise ValueError(f"{path} does not fit this model: {error}") from error
    return position


def _check_model(who: str, model: Any) -> None:
    """TypeError if the model cannot be trained."""
    if isinstance(model, type) or not all(
        hasattr(model, name) for name in ("networks", "optimizers", "train_step")
    ):
        came = checks.short(model)
        raise TypeError(f"{who}: model is {came}, expected one with networks, optimizers and train_step")


def _identity(model: Any) -> dict[str, Any]:
    """What a model of minigan says of itself, as it comes back from JSON."""
    if not (hasattr(model, "name") and hasattr(model, "settings")):
        return {}
    return json.loads(json.dumps({"model": model.name, "settings": model.settings}))


def _parts(model: Model) -> dict[str, Layer | Optimizer]:
    return {f"networks/{name}/": part for name, part in model.networks.items()} | {
        f"optimizers/{name}/": part for name, part in model.optimizers.items()
    }


def _state(model: Model) -> dict[str, np.ndarray]:
    return {prefix + key: a for prefix, part in _parts(model).items() for key, a in part.state().items()}


def _load_state(model: Model, arrays: Mapping[str, np.ndarray]) -> None:
    for prefix, part in _parts(model).items():
        part.load_state({key[len(prefix) :]: a for key, a in arrays.items() if key.startswith(prefix)})


def _checked(position: Any, whose: str = "its") -> dict[str, Any]:
    """The position, or a ValueError if it cannot be one."""
    try:
        right = set(position) == set(new_position()) and _can_be(**position)
    except (ArithmeticError, AttributeError, TypeError):
        right = False
    if not right:
        raise ValueError(
            f"{whose} position is {str(position)[:100]}, which cannot be, expected one as of new_position()"
        )
    return position


def _can_be(epoch: int, step: int, step_in_epoch: int, seconds: float, sums: Any, counts: Any) -> bool:
    """Whether the numbers are numbers of their kind, and agree with each other."""
    before = step - step_in_epoch  # in the epochs that are finished
    return (
        all(type(n) is int and 0 <= n < 2**53 for n in (epoch, step, step_in_epoch))
        and (before >= epoch if epoch else before == 0)
        and all(type(x) in (int, float) and math.isfinite(x) for x in (seconds, *sums.values()))
        and seconds >= 0
        and sums.keys() == counts.keys()
        and all(type(n) is int and 0 < n <= step for n in counts.values())
    )
