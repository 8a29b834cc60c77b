"""Progress: what a person sees of a training.

In a terminal or a notebook it is a bar of tqdm; in a file or a pipe it is one line for each epoch.  That nobody
can be shown anything, because the terminal was closed or the pipe is broken, never stops a training.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

SHOWN = 2  # numbers of a row: losses, if it has any


def say(message: str) -> None:
    """Print a line, if there is somebody to read it."""
    try:
        print(message, flush=True)
    except (OSError, ValueError):  # a broken pipe, a closed terminal or file: from here on nothing is said
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - until the program ends


def end_quietly_without_a_reader() -> None:
    """From here on no traceback ends a program whose output nobody reads any more, as after `| head`.

    The exit status is 1, unless all had been printed before somebody could notice.
    """
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, traceback: Any) -> None:
        if issubclass(kind, BrokenPipeError):
            _drop_output()
        else:
            before(kind, error, traceback)

    sys.excepthook = hook
    atexit.register(_flush)


def _flush() -> None:
    """Print what is still to be printed: when Python does that itself, at its end, nothing can be caught."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
    except (AttributeError, OSError, ValueError):  # no stdout, or a closed one
        pass


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Progress:
    """The bar, or the lines, of a training of `steps` steps in `epochs` epochs, `batch_size` examples each."""

    def __init__(self, steps: int, epochs: int, batch_size: int, position: Mapping[str, Any]) -> None:
        self.steps, self.epochs, self.batch_size = steps, epochs, batch_size
        self.started, self.first_step = time.time(), position["step"]
        self.seconds_before = position["seconds"]
        self.bar: Any = _bar(steps, self.first_step) if _is_interactive() else None

    def seconds(self) -> float:
        """Seconds of training, those before an interruption included."""
        return self.seconds_before + time.time() - self.started

    def advance(self) -> None:
        """One more step is done."""
        self._draw(lambda bar: bar.update())

    def show(self, row: Mapping[str, float], epoch_ends: bool) -> None:
        """The numbers of a row of the history."""
        rate = (row["step"] - self.first_step) / max(time.time() - self.started, 1e-9)
        names = [name for name in row if name not in ("step", "epoch", "seconds")]
        names = sorted(names, key=lambda name: "loss" not in name)[:SHOWN]
        numbers = "  ".join(f"{name} {row[name]:.3f}" for name in names)
        text = f"epoch {row['epoch']:.0f}/{self.epochs}  {numbers}  {rate * self.batch_size:,.0f} images/s"
        if self.bar is not None:
            self._draw(lambda bar: bar.set_description_str(text, refresh=epoch_ends))
        elif epoch_ends:
            left = int((self.steps - row["step"]) / rate)
            say(f"{text}  {left // 60}:{left % 60:02d} left")

    def say(self, message: str) -> None:
        """A line above the bar."""
        if self.bar is None:
            say(message)
        else:
            self._draw(lambda bar: bar.write(message, file=sys.stdout))

    def close(self) -> None:
        self._draw(lambda bar: bar.close())

    def _draw(self, action: Any) -> None:
        if self.bar is None:
            return
        try:
            action(self.bar)
        except (OSError, ValueError):
            self.bar.disable = True  # otherwise it tries again when it is deleted
            self.bar = None


def _is_interactive() -> bool:
    """True if lines can be drawn over: in a terminal, or in a notebook, whose stdout says that it is none."""
    try:
        return sys.stdout.isatty() or "ipykernel" in sys.modules
    except (AttributeError, ValueError):  # no stdout, one without isatty, a closed one
        return False


def _bar(steps: int, done: int) -> Any:
    from tqdm.auto import tqdm  # here, because it takes longer to import than all of minigan

    look = "{desc}  {remaining} left  {bar}"
    at_first_step = 1e-9  # seconds before it is drawn: not while it is made, when nothing could be caught
    return tqdm(
        total=steps, initial=done, file=sys.stdout, dynamic_ncols=True, bar_format=look, delay=at_first_step
    )
