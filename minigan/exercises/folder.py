"""The learner's folder: the files to edit, and what is remembered of them."""

import itertools
import json
import shutil
from pathlib import Path

from minigan.exercises.catalogue import EXERCISES, file_name, original

PROGRESS = ".progress.json"
DEFAULT = "minigan-exercises"


class Folder:
    """A folder of exercises.  solved: numbers; hints: number -> how many have been shown."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.solved: set[int] = set()
        self.hints: dict[int, int] = {}
        try:
            kept = json.loads((path / PROGRESS).read_text(encoding="utf-8"))
            self.solved = {n for n in kept["solved"] if n in EXERCISES}
            self.hints = {int(n): int(shown) for n, shown in kept["hints"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass  # a file that is damaged or missing costs nothing but the marks: `check all` sets them again

    def save(self) -> None:
        text = json.dumps({"solved": sorted(self.solved), "hints": self.hints})
        (self.path / PROGRESS).write_text(text, encoding="utf-8")

    def file(self, number: int) -> Path:
        return self.path / file_name(number)

    def next(self) -> int | None:
        """The first exercise that is not solved; None if there is none."""
        return min(set(EXERCISES) - self.solved, default=None)

    def add_missing(self) -> int:
        """Copy the files that are not there; how many these were.  What is there stays as it is."""
        self.path.mkdir(parents=True, exist_ok=True)
        missing = [number for number in EXERCISES if not self.file(number).exists()]
        for number in missing:
            shutil.copyfile(original(number), self.file(number))
        self.save()
        return len(missing)

    def reset(self, number: int) -> Path | None:
        """Bring back the file as it came; where the learner's own was kept, None if there was none."""
        file, kept = self.file(number), None
        if file.exists() and file.read_bytes() != original(number).read_bytes():
            names = (file.with_suffix(f".kept{n}.txt") for n in itertools.count(1))
            kept = file.rename(next(name for name in names if not name.exists()))
        shutil.copyfile(original(number), file)
        self.solved.discard(number)
        self.hints.pop(number, None)
        self.save()
        return kept


def find(start: Path) -> Folder | None:
    """The folder `start`, or the one inside it that `start` makes by default, if it has exercises."""
    for path in (start, start / DEFAULT):
        if (path / PROGRESS).exists():
            return Folder(path)
    return None
