"""Signals that ask a training to stop: the first one is noted, so that the step can be finished and saved.

The second one does what it did before, usually stop the program at once.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

NAMES = (
    "SIGINT",
    "SIGTERM",
    "SIGHUP",
)  # Ctrl-C, a polite kill, a terminal that is closed; Windows lacks the last
SIGNALS = tuple(getattr(signal, name) for name in NAMES if hasattr(signal, name))


class Interrupted(KeyboardInterrupt):
    """A training was asked to stop by signal `number`, and its checkpoint is saved."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def signals_noted() -> Iterator[Callable[[], int]]:
    """Inside the with-block the first signal is noted: call what comes back for its number, 0 if there is none.

    A signal that is ignored (as `nohup` does with SIGHUP) stays ignored.  Only the main thread receives signals.
    """
    noted: list[int] = []
    before: dict[int, Any] = {}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, frame: Any) -> None:
        noted.append(number)
        restore()

    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in SIGNALS}
        before = {n: handler for n, handler in handlers.items() if handler not in (signal.SIG_IGN, None)}
        for number in before:
            signal.signal(number, note)
    try:
        yield lambda: noted[0] if noted else 0
    finally:
        if threading.current_thread() is threading.main_thread():
            restore()
