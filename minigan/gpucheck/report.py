"""Report: what was found, line by line, in a text and in JSON; what is done is in the files at once.

    report = Report(folder, minutes=5)
    report.each("operations", names, check)     # check(name) adds a row and says a line
    report.end()

A report without a folder is printed only.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from minigan.training.progress import say


class Report:
    """Rows of several parts, failures, and what was left out because there was no time or nothing to do it with.

    facts     about the machine and the libraries
    rows      part -> its rows, a dictionary each
    """

    def __init__(self, folder: Path | None = None, minutes: float = math.inf) -> None:
        self.folder, self.seconds, self.started = folder, 60 * minutes, time.perf_counter()
        self.facts: dict[str, Any] = {}
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.failures: list[str] = []
        self.left_out: list[str] = []
        self.lines: list[str] = []
        self.longest = 0.0  # seconds of one `work` of `each`

    def left(self) -> float:
        """Seconds until the time is used up."""
        return self.seconds - (time.perf_counter() - self.started)

    def say(self, text: str = "") -> None:
        say(text)
        self.lines.append(text)
        self._write(complete=False)

    def add(self, part: str, **row: Any) -> None:
        """One more row of a part; JSON has no inf and no nan, so these become words."""
        row = {key: str(v) if isinstance(v, float) and not math.isfinite(v) else v for key, v in row.items()}
        self.rows.setdefault(part, []).append(row)

    def fail(self, sentence: str) -> None:
        self.failures.append(sentence)

    def leave_out(self, part: str, why: str) -> None:
        self.left_out.append(f"left out: {part}: {why}")
        self.say(self.left_out[-1])

    def each(
        self, part: str, names: Iterable[str], work: Callable[[str], None], adapts: bool = False
    ) -> None:
        """work(name) for each name, as long as there is time for what takes as long as the longest so far.

        An exception is a failure of this name, and the next one follows.
        adapts  whether `work` itself takes no longer than there is time
        """
        names = list(names)
        for i, name in enumerate(names):
            if self.left() <= (0.0 if adapts else self.longest):
                minutes = f"the {self.seconds / 60:g} minutes are used up"
                self.leave_out(f"{part} ({', '.join(names[i:])})", minutes)
                return
            start = time.perf_counter()
            try:
                work(name)
            except Exception as error:  # noqa: BLE001 - a GPU can refuse in any way, and the rest is worth knowing
                self.fail(f"{name}: {type(error).__name__}: {error}")
                self.say(f"{name:<36}{type(error).__name__}")
            self.longest = max(self.longest, time.perf_counter() - start)

    def end(self) -> int:
        """Say how many failures there are; 1 if there is any, else 0."""
        for sentence in ["", *self.failures, f"{len(self.failures)} failures"]:
            self.say(sentence)
        self._write(complete=True)
        return 1 if self.failures else 0

    def _write(self, complete: bool) -> None:
        if self.folder is None:
            return
        found = {
            "complete": complete,
            "seconds": round(time.perf_counter() - self.started, 1),
            **self.facts,
            **self.rows,
            "failures": self.failures,
            "left out": self.left_out,
        }
        texts = {"report.txt": "\n".join(self.lines), "report.json": json.dumps(found, indent=1)}
        for name, text in texts.items():  # each appears whole or not at all
            unfinished = self.folder / f"{name}.part"
            unfinished.write_text(text + "\n", encoding="utf-8")
            unfinished.replace(self.folder / name)
