"""The source that the page shows, from the loaded package; which lines of it ran, and what they made."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

import minigan
from minigan import autograd, layers, losses, ops, optimizers
from minigan.autograd import Tensor
from minigan.lab.model import PlaneGAN
from minigan.lab.session import Session

STEPS = {"d": PlaneGAN.d_step, "g": PlaneGAN.g_step}

#: name on the page -> what it is
NAMES: dict[str, Any] = {
    "d_step": PlaneGAN.d_step,
    "g_step": PlaneGAN.g_step,
    "train_step": PlaneGAN.train_step,
    "noise": PlaneGAN.noise,
    "packs": PlaneGAN.packs,
    "blurred": PlaneGAN.blurred,
    "grad": autograd.grad,
    "discriminator_loss": losses.discriminator_loss,
    "generator_loss": losses.generator_loss,
    "r1_penalty": losses.r1_penalty,
    "gradient_penalty": losses.gradient_penalty,
    "Adam": optimizers.Adam,
    "SGD": optimizers.SGD,
    "RMSprop": optimizers.RMSprop,
    "update_ema": optimizers.update_ema,
    "Dense": layers.Dense,
    "MinibatchStdDev": layers.MinibatchStdDev,
    "Sequential": layers.Sequential,
    "leaky_relu": ops.leaky_relu,
    "softplus": ops.softplus,
    "matmul": ops.matmul,
}


def of(name: str) -> dict[str, Any]:
    """The lines of one of NAMES, where they begin, and in which file."""
    if name not in NAMES:
        raise ValueError(f"source: name is {name!r:.60}, expected one of {', '.join(NAMES)}")
    found = getattr(NAMES[name], "plain", NAMES[name])  # of a primitive, the body that is read
    lines, first = inspect.getsourcelines(found)
    path = Path(inspect.getsourcefile(found) or "").relative_to(Path(minigan.__file__).parents[1])
    if found is not NAMES[name]:  # the derivative stands below the function
        below = inspect.getmodule(found)
        lines = inspect.getsource(below).splitlines(keepends=True)[first - 1 : first + len(lines) + 3]  # type: ignore[arg-type]
    return {
        "name": name,
        "file": path.as_posix(),
        "first": first,
        "lines": [line.rstrip("\n") for line in lines],
    }


def lines_run(session: Session, action: str) -> list[dict[str, Any]]:
    """Takes a step of D or of G; the lines of its source in the order in which they ran, with what each made."""
    if action not in STEPS:
        raise ValueError(f"lines_run: action is {action!r:.60}, expected 'd' or 'g'")
    found: list[dict[str, Any]] = []
    known: dict[str, Any] = {}

    def note(frame: FrameType, event: str, _: Any) -> Any:
        """Python calls this before each line of the step, and at its end."""
        values = {name: value for name, value in frame.f_locals.items() if name not in ("self", "s", "n")}
        if found:
            new = [name for name, value in values.items() if known.get(name) is not value]
            found[-1]["made"] = {name: description(values[name]) for name in new}
        known.update(values)
        if event == "line":
            found.append({"line": frame.f_lineno, "made": {}})
        return note

    def enter(frame: FrameType, event: str, _: Any) -> Any:
        return note if frame.f_code is STEPS[action].__code__ else None

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        session.act(action)
    finally:
        sys.settrace(before)
    return found


def description(value: Any) -> str:
    """Some numbers of a value, for a person: the shape and the size of an array, or the number itself."""
    if isinstance(value, list):
        norms = " ".join(f"{np.linalg.norm(part):.2g}" for part in value)
        return f"{len(value)} arrays, norms {norms}"
    array = np.asarray(value.data if isinstance(value, Tensor) else value)
    if array.ndim == 0:
        return f"{float(array):.4f}"
    return f"{array.shape}, mean {array.mean():.3f}, from {array.min():.2f} to {array.max():.2f}"
