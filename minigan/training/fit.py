"""fit: a training loop that knows nothing of GANs, and that can be interrupted and continued bit for bit.

`Training` is what stands around the loop: the position in the data, history, progress, checkpoints, signals,
and several processes.  `fit` is the loop itself; examples write it out, with a `minigan.runs.Run`.

Everything that the next step depends on is in the checkpoint.  So  train 2N  and  train N, stop, resume,
train N  give the same bits.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any

from minigan import backend
from minigan.checks import flag, instance, path, whole
from minigan.data import Batches
from minigan.training.checkpoint import (
    Model,
    count_step,
    load_checkpoint,
    new_position,
    row_of,
    save_checkpoint,
)
from minigan.training.history import History
from minigan.training.interruption import Interrupted, signals_noted
from minigan.training.lock import locked
from minigan.training.parallel import ProcessGroup
from minigan.training.progress import Progress

Monitor = Callable[[Mapping[str, float]], Sequence[str]]


def fit(
    model: Model,
    batches: Batches,
    epochs: int,
    out: str | Path,
    resume: bool = False,
    after_epoch: Callable[[int], None] | None = None,
    monitor: Monitor | None = None,
    log_every: int = 50,
    group: ProcessGroup | None = None,
    **renamed: Any,
) -> bool:
    """Train `model` until it has seen `epochs` epochs; True when done, False when interrupted.

    out          the run folder; it receives history.csv and, after every epoch, checkpoint.npz
    resume       continue from the checkpoint in `out` instead of starting anew
    after_epoch  called with the number of epochs done, after each epoch: draw pictures here
    monitor      called with each row of history.csv; what it returns is printed (`Monitor`)
    log_every    steps whose mean makes one row of history.csv; the end of an epoch makes one, too
    group        the processes that train together (`parallel`); rank 0 alone writes files and draws

    Ctrl-C (or SIGTERM, or SIGHUP) finishes the step, writes a checkpoint and returns False; a second one stops
    at once, and the last complete checkpoint stays valid.  Raises FloatingPointError when a loss is not finite,
    leaving the last checkpoint as it is; FileExistsError if `out` holds a run that is not to be resumed;
    BlockingIOError if another process trains in `out`.
    """
    for old, new in (("watch", "monitor"), ("team", "group")):
        if old in renamed:
            warnings.warn(f"fit: {old} is now called {new}", DeprecationWarning, stacklevel=2)
    monitor, group = renamed.pop("watch", monitor), renamed.pop("team", group)
    if renamed:
        raise TypeError(f"fit: unknown argument {', '.join(renamed)}")
    if after_epoch is not None:
        instance("fit", Callable, after_epoch=after_epoch)
    with Training(model, batches, epochs, out, resume, monitor, log_every, group) as training:
        for epoch in training.epochs():
            for batch in training.batches(epoch):
                training.log(model.train_step(batch))
            if after_epoch and training.group.is_rank_0:
                after_epoch(epoch + 1)
    return training.position["epoch"] >= epochs


class Training:
    """Stands around a loop over epochs and batches; the arguments are those of `fit`.

        if after_epoch is not None:
        instance("fit", Callable, after_epoch=after_epoch)
    with Training(model, batches, epochs, out) as training:
            for epoch in training.epochs():
                for batch in training.batches(epoch):
                    training.log(model.train_step(batch))

    An interruption ends the with-block, after the step, with the checkpoint saved; the program goes on behind
    it, where `interrupted` is the number of the signal.
    """

    def __init__(
        self,
        model: Model,
        batches: Batches,
        epochs: int,
        out: str | Path,
        resume: bool = False,
        monitor: Monitor | None = None,
        log_every: int = 50,
        group: ProcessGroup | None = None,
    ) -> None:
        who = type(self).__name__
        if not all(hasattr(model, name) for name in ("networks", "optimizers", "train_step")):
            raise TypeError(
                f"{who}: model is a {type(model).__name__}, expected one with networks, optimizers and train_step"
            )
        self.model: Any = model
        self.data: Batches = instance(who, Batches, batches=batches)
        self.total, self.log_every = whole(who, epochs=epochs, log_every=log_every)
        self.out, self.resume = path(who, out=out), flag(who, resume=resume)
        self.monitor = instance(who, Callable, monitor=monitor or (lambda row: ()))
        self.group = instance(who, ProcessGroup, group=group or ProcessGroup())
        self.interrupted = 0
        self.saved_at: int | None = None  # the step of the checkpoint that this training has read or written
        self.position = new_position()

    def _repr_html_(self) -> str:
        from minigan.drawing.html import training_html

        return training_html(self)

    def __enter__(self) -> Any:
        with ExitStack() as stack:
            self.group.require_equal(
                epochs=self.total, seed=self.data.seed, examples=self.data.n, batch_size=self.data.batch_size
            )
            self.group.require_equal(data=self.data.checksum() if self.group.size > 1 else 0)
            if self.group.is_rank_0:
                self.out.mkdir(parents=True, exist_ok=True)
                stack.enter_context(locked(self.out))
                self._open()
            self.position = self.group.broadcast(self.position)
            history = self.out / "history.csv" if self.group.is_rank_0 else None
            self.history = History(history, self.position["step"])
            for row in self.history.rows:
                self.monitor(row)  # what was said before the interruption is not said again
            stack.enter_context(self.group.training(self.model))
            self._signal = stack.enter_context(signals_noted())
            steps = len(self.data) * self.total
            self.progress = Progress(steps, self.total, self.data.batch_size, self.position)
            stack.callback(self.progress.close)
            self._compare_history()
            self._stack = stack.pop_all()
        return self

    def _compare_history(self) -> None:
        """Say so if there are no rows up to the last epoch that the checkpoint knows to be finished."""
        last = self.history.rows[-1]["step"] if self.history.rows else 0
        step = self.position["step"]
        if self.group.is_rank_0 and last < step - self.position["step_in_epoch"]:
            there = f"{self.out / 'history.csv'} ends at step {last:g}, the checkpoint beside it is of step {step}"
            self.progress.say(f"warning: {there}: rows are missing")

    def _open(self) -> None:
        """Read the checkpoint, or make sure that there is none."""
        file = self.out / "checkpoint.npz"
        if not self.resume:
            if file.exists():
                raise FileExistsError(
                    f"{self.out} holds a run already: resume it, or choose another folder for a new one"
                )
            return
        self.position = load_checkpoint(self.model, file)
        self.saved_at = step = self.position["step"]
        if step != self.position["epoch"] * len(self.data) + self.position["step_in_epoch"]:
            raise ValueError(f"{file} was made with other batches than these, {len(self.data)} in an epoch")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        interrupted = isinstance(error, Interrupted)
        if error is None:  # a signal that has come too late to interrupt anything
            self.interrupted = max(self.group.all_gather(self._signal()))
        elif isinstance(error, Interrupted):
            self.interrupted, kind, error, traceback = error.number, None, None, None
            self.progress.say(
                f"interrupted after step {self.position['step']}: checkpoint saved in {self.out}"
            )
        self._stack.__exit__(kind, error, traceback)
        return interrupted

    def epochs(self) -> Iterator[int]:
        """The numbers of the epochs that are still to be done; after each, a checkpoint is written."""
        for epoch in range(self.position["epoch"], self.total):
            yield epoch
            if self.position["step_in_epoch"] != len(self.data):
                raise RuntimeError(f"epoch {epoch} has ended before all of its batches were logged")
            self.position["epoch"], self.position["step_in_epoch"] = epoch + 1, 0
            self._save()
            if epoch + 1 < self.total:
                self._stop_if_asked(saved=True)

    def batches(self, epoch: int) -> Iterator[Any]:
        """The batches of this epoch that are still to be seen, of each the share of this process."""
        group = self.group
        for batch in self.data.epoch(epoch, start=self.position["step_in_epoch"]):
            step = self.position["step"]
            with backend.share(group.rank, group.size) if group.size > 1 else nullcontext():
                yield group.share(batch)
            if self.position["step"] != step + 1:
                raise RuntimeError("log(metrics) is to be called once after every batch")

    def log(self, metrics: Mapping[str, Any]) -> None:
        """To be called after every step, with the numbers that it reports."""
        count_step(self.position, self.group.synchronized(self.model, metrics), self.progress.seconds())
        self.progress.advance()
        epoch_ends = self.position["step_in_epoch"] == len(self.data)
        if self.position["step"] % self.log_every == 0 or epoch_ends:
            row = row_of(self.position)
            self._check_finite(row)
            self.history.append(row)
            self.progress.show(row, epoch_ends)
            for warning in self.monitor(row):
                self.progress.say(f"warning: {warning}")
        self._stop_if_asked(saved=False)

    def _stop_if_asked(self, saved: bool) -> None:
        number = max(self.group.all_gather(self._signal()))
        if number and not saved:
            self._save()
        if number:
            raise Interrupted(number)

    def _save(self) -> None:
        if self.group.is_rank_0:
            save_checkpoint(self.model, self.out / "checkpoint.npz", self.position)
        self.saved_at = self.position["step"]

    def _check_finite(self, row: Mapping[str, float]) -> None:
        for name, number in row.items():
            if not math.isfinite(number):
                there = "there is no checkpoint yet"
                if self.saved_at is not None:
                    there = f"the checkpoint in {self.out} is of step {self.saved_at}"
                raise FloatingPointError(
                    f"{name} is {number} at step {row['step']}: training has diverged "
                    f"(a smaller learning rate usually helps); {there}"
                )
