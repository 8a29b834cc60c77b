"""History: the numbers of a training, averaged over some steps, as rows of a CSV file.

A row counts once its line is finished, so a program that is killed while it writes loses that row only.
There is a column for every name that a step has ever reported; a cell is empty where none was reported.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from minigan import checks
from minigan.models.storage import replacing

Row = Mapping[str, float]

MAX_BYTES = 2**25  # of a history: some 300,000 rows


class History:
    """The rows of history.csv up to `step`; later ones are from a run that was cut off.

    Without a path, nothing is read or written.
    """

    def __init__(self, path: Path | None, step: int = 0) -> None:
        self.path = path
        self.rows: list[Row] = (
            [row for row in read_history(path) if row["step"] <= step] if path and step else []
        )
        self.columns = list(dict.fromkeys(name for row in self.rows for name in row))
        if path and path.exists():
            text = self._text(self.rows, header=True).encode()
            if path.stat().st_size != len(text) or path.read_bytes() != text:
                self._write_all(path)  # it has rows too many, or one that is not finished

    def _repr_html_(self) -> str:
        from minigan.drawing.html import history_html

        return history_html(self.rows)

    def append(self, row: Row) -> None:
        """Write one more row; the file is made anew only if the row has a new column."""
        self.rows.append(row)
        new = [name for name in row if name not in self.columns]
        self.columns += new
        if self.path and (new or not self.path.exists()):
            self._write_all(self.path)
        elif self.path:
            with open(self.path, "a", newline="") as file:
                file.write(self._text([row]))

    def _write_all(self, path: Path) -> None:
        with replacing(path) as file:
            file.write(self._text(self.rows, header=True).encode())

    def _text(self, rows: Sequence[Row], header: bool = False) -> str:
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, restval="", lineterminator="\n")
        if header and self.columns:
            writer.writeheader()
        writer.writerows({name: _cell(number) for name, number in row.items()} for row in rows)
        return text.getvalue()


def _cell(number: float) -> str:
    """The shortest text that is read as this number again."""
    number = float(number)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def _number(cell: str) -> float:
    """The number that `_cell` wrote."""
    number = float(cell)
    if not math.isfinite(number) or not cell.isascii() or "_" in cell:
        raise ValueError(f"{cell[:50]!r} is no number of a history")
    return number


def read_history(path: str | Path) -> list[dict[str, float]]:
    """The rows of a history.csv, oldest first, each with the numbers that it has; none if there is no file.

    A last row that a crash cut short is left out.  Raises ValueError, which names the file, for anything else.
    """
    path = Path(checks.path("read_history", path=path))
    if not path.exists():
        return []
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
        text = content.decode()
        finished = text[: text.rfind("\n") + 1]
        lines = csv.reader(io.StringIO(finished, newline="\n"), strict=True)
        header = next(lines, ["step"])
        if "step" not in header or len(set(header)) < len(header):
            raise ValueError(f"its columns are {', '.join(header)[:100]!r}")
        rows: list[dict[str, float]] = []
        for line in filter(None, lines):
            row = {name: _number(cell) for name, cell in zip(header, line, strict=True) if cell}
            if not (rows[-1]["step"] if rows else 0) < row.get("step", 0):
                raise ValueError(f"row {len(rows) + 1} has no step, or one that is not after the one before")
            rows.append(row)
        return rows
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(f"{path} is not the history of a run: {error}") from error
