"""fit: a training loop that knows nothing of GANs; history, checkpoint, resume.

Chapter 10.1; read nothing before it: a model is anything with `networks`, `optimizers` (name -> Layer,
name -> Optimizer) and `train_step(batch) -> {name: number}`.

Everything that the next step depends on is in the checkpoint: weights and running statistics, the slots
of the optimizers, the random generator, the position in the data.  So  train 2N  and  train N, stop,
resume, train N  give the same bits.
"""

from __future__ import annotations

import csv
import json
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from minigan import backend
from minigan.data import Batches
from minigan.layers import Layer
from minigan.optimizers import Optimizer
from minigan.training.parallel import Team

FORMAT = 1  # of the checkpoint file; to be raised when old files can no longer be read


class Model(Protocol):
    """What `fit` needs to know of a model."""

    @property
    def networks(self) -> Mapping[str, Layer]: ...

    @property
    def optimizers(self) -> Mapping[str, Optimizer]: ...

    def train_step(self, batch: Any) -> dict[str, Any]: ...


def fit(
    model: Model,
    batches: Batches,
    epochs: int,
    out: str | Path,
    resume: bool = False,
    after_epoch: Callable[[int], None] | None = None,
    watch: Callable[[Mapping[str, float]], Sequence[str]] | None = None,
    log_every: int = 50,
    team: Team | None = None,
) -> bool:
    """Train `model` until it has seen `epochs` epochs; True when done, False when interrupted.

    out          the run folder; it receives history.csv and, after every epoch, checkpoint.npz
    resume       continue from the checkpoint in `out` instead of starting anew
    after_epoch  called with the number of epochs done, after each epoch: draw pictures here
    watch        called with each row of history.csv; what it answers is printed (`hints`)
    log_every    steps whose mean makes one row of history.csv; the end of an epoch makes one, too
    team         the processes that train together (`parallel`); the leader alone writes files and draws

    Ctrl-C finishes the step, writes a checkpoint and returns False; a second Ctrl-C stops at once, and
    the last complete checkpoint stays valid.  Raises FloatingPointError when a loss is not finite,
    leaving the last checkpoint as it is.
    """
    out, team = Path(out), team or Team()
    if team.leader:
        out.mkdir(parents=True, exist_ok=True)
    start = load_checkpoint(model, out / "checkpoint.npz") if resume and team.leader else new_position()
    position = team.of_leader(start)  # and what else is in the checkpoint: see `Team.training`
    history = History(out / "history.csv" if team.leader else None, position["step"])
    watch = watch or (lambda row: ())
    for row in history.rows:
        watch(row)  # what was said before the interruption is not said again
    progress = Progress(len(batches) * epochs, batches.batch_size, position)
    with team.training(model), _ctrl_c() as interrupted:
        for epoch in range(position["epoch"], epochs):
            for batch in batches.epoch(epoch, start=position["step_in_epoch"]):
                metrics = team.train_step(model, batch)
                _count(position, metrics, progress.seconds())
                epoch_ends = position["step_in_epoch"] == len(batches)
                if position["step"] % log_every == 0 or epoch_ends:
                    row = _row(position)
                    _check_finite(row, out)
                    history.append(row)
                    progress.show(epoch + 1, epochs, row)
                    for hint in watch(row):
                        progress.end(f"hint: {hint}")
                if team.any(interrupted()):
                    if team.leader:
                        save_checkpoint(model, out / "checkpoint.npz", position)
                    progress.end(f"interrupted after step {position['step']}: checkpoint saved in {out}")
                    return False
            position["epoch"], position["step_in_epoch"] = epoch + 1, 0
            if team.leader:
                if after_epoch:
                    after_epoch(epoch + 1)
                save_checkpoint(model, out / "checkpoint.npz", position)
    progress.end()
    return True


# --- Where a run is, and what it has measured ------------------------------------------------------


def new_position() -> dict[str, Any]:
    """The beginning of a run: where in the data, and the sums behind the next row of the history."""
    return {"epoch": 0, "step": 0, "step_in_epoch": 0, "seconds": 0.0, "sums": {}, "summed": 0}


def _count(position: dict[str, Any], metrics: Mapping[str, Any], seconds: float) -> None:
    position["step"] += 1
    position["step_in_epoch"] += 1
    position["seconds"] = seconds
    position["summed"] += 1
    for name, number in metrics.items():
        position["sums"][name] = position["sums"].get(name, 0.0) + number


def _row(position: dict[str, Any]) -> dict[str, float]:
    """The means since the last row; the only place where numbers are fetched from the device."""
    means = {name: float(total) / position["summed"] for name, total in position["sums"].items()}
    position["sums"], position["summed"] = {}, 0
    return {"step": position["step"], "epoch": position["epoch"] + 1, "seconds": position["seconds"]} | means


def _check_finite(row: Mapping[str, float], out: Path) -> None:
    for name, number in row.items():
        if not math.isfinite(number):
            raise FloatingPointError(
                f"{name} is {number} at step {row['step']}: training has diverged (a smaller learning rate "
                f"usually helps); the last checkpoint in {out} is from before"
            )


class History:
    """history.csv: one row every few steps; rows after `step` are from a run that was cut off.

    Without a path, nothing is read or written.
    """

    def __init__(self, path: Path | None, step: int) -> None:
        self.path = path
        self.rows = [row for row in read_history(path) if row["step"] <= step] if path and step else []
        self._write(self.rows, "w")

    def append(self, row: dict[str, float]) -> None:
        self._write([row], "a" if self.rows else "w")
        self.rows.append(row)

    def _write(self, rows: list[dict[str, float]], mode: str) -> None:
        if not self.path:
            return
        with open(self.path, mode, newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else [])
            if mode == "w" and rows:
                writer.writeheader()
            writer.writerows(rows)


def read_history(path: str | Path) -> list[dict[str, float]]:
    """The rows of a history.csv, oldest first; an empty list if there is none.

    A row that a crash cut short is left out.
    """
    if not Path(path).exists():
        return []
    with open(path, newline="") as file:
        complete = [row for row in csv.DictReader(file) if all(row.values())]
    return [{name: float(number) for name, number in row.items()} for row in complete]


# --- Checkpoints -----------------------------------------------------------------------------------


def save_checkpoint(model: Model, path: str | Path, position: dict[str, Any] | None = None) -> None:
    """Write everything that training depends on to one .npz file, which appears whole or not at all.

    Raises FloatingPointError, and leaves the file as it was, if a number is not finite: nobody could
    train on from there.
    """
    position = new_position() if position is None else position
    position = position | {"sums": {name: float(total) for name, total in position["sums"].items()}}
    header = {"format": FORMAT, "position": position, "generator": backend.generator.bit_generator.state}
    arrays = {"header": np.array(json.dumps(header))}
    for kind, parts in (("networks", model.networks), ("optimizers", model.optimizers)):
        for name, part in parts.items():
            arrays |= {f"{kind}/{name}/{key}": array for key, array in part.state().items()}
    path = Path(path)
    for key, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise FloatingPointError(f"{key} is not finite: training has diverged; {path} is left as it was")
    unfinished = path.with_name(path.name + ".part")
    with open(unfinished, "wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # the stubs take the names for allow_pickle
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)


def load_checkpoint(model: Model, path: str | Path) -> dict[str, Any]:
    """Put `model` and the random generator where `save_checkpoint` found them; answer the position.

    Raises FileNotFoundError or ValueError, which name the file, if it is missing or does not fit.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no checkpoint {path}: is this the folder of a run?")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        header = json.loads(str(arrays.pop("header")))
        written, position, generator = header["format"], header["position"], header["generator"]
    except Exception as error:
        raise ValueError(f"{path} is not a checkpoint of minigan: {error}") from error
    if written != FORMAT:
        raise ValueError(f"{path} has format {written}, this version of minigan reads {FORMAT}")
    for kind, parts in (("networks", model.networks), ("optimizers", model.optimizers)):
        for name, part in parts.items():
            prefix = f"{kind}/{name}/"
            state = {key[len(prefix) :]: array for key, array in arrays.items() if key.startswith(prefix)}
            try:
                part.load_state(state)
            except ValueError as error:
                raise ValueError(f"{path} does not fit this model: {name}: {error}") from error
    backend.generator.bit_generator.state = generator
    return position


# --- What a person sees ----------------------------------------------------------------------------


class Progress:
    """One line with epoch, numbers, images per second and time left; it overwrites itself on a terminal."""

    def __init__(self, steps: int, batch_size: int, position: Mapping[str, Any]) -> None:
        self.steps, self.batch_size = steps, batch_size
        self.started, self.done_before, self.seconds_before = (
            time.time(),
            position["step"],
            position["seconds"],
        )
        self.width = 0

    def seconds(self) -> float:
        """Seconds of training, those before an interruption included."""
        return self.seconds_before + time.time() - self.started

    def show(self, epoch: int, epochs: int, row: Mapping[str, float]) -> None:
        steps = row["step"] - self.done_before
        rate = steps / max(time.time() - self.started, 1e-9)
        left = (self.steps - row["step"]) / rate
        numbers = "  ".join(f"{k} {v:.3f}" for k, v in row.items() if k not in ("step", "epoch", "seconds"))
        text = (
            f"epoch {epoch}/{epochs}  step {row['step']:.0f}/{self.steps}  {numbers}  "
            f"{rate * self.batch_size:,.0f} images/s  {int(left) // 60}:{int(left) % 60:02d} left"
        )
        self.width = max(self.width, len(text))
        if sys.stdout.isatty():
            print(f"\r{text:<{self.width}}", end="", flush=True)
        elif row["step"] == self.steps or int(left) % 10 == 0:
            print(text, flush=True)

    def end(self, message: str = "") -> None:
        if sys.stdout.isatty() and self.width:
            print()
        if message:
            print(message, flush=True)


@contextmanager
def _ctrl_c() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C into a flag to be asked for; the second one interrupts as usual."""
    pressed = threading.Event()

    def note(number: int, frame: Any) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, previous)

    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set  # only the main thread receives signals
        return
    previous = signal.signal(signal.SIGINT, note)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, previous)
