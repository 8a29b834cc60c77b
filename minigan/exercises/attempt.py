"""One attempt at an exercise: the learner's file and its check, in a process that can be stopped."""

import ast
import io
import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NamedTuple

from minigan.exercises.catalogue import EXERCISES
from minigan.exercises.exercise import Missing, Own

PASSED = "passed"
PRINTED = 2000  # characters of what the learner's file prints


class Result(NamedTuple):
    """passed; otherwise what is wrong, in words.  And what the learner's file has printed."""

    passed: bool
    words: str
    printed: str


def attempt(number: int, path: Path, seconds: float | None = None) -> Result:
    """Check the learner's file `path` as exercise `number`, for at most so many seconds."""
    limit = EXERCISES[number].seconds if seconds is None else seconds
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer"
        printed = Path(folder) / "printed"
        command = [
            sys.executable,
            "-m",
            "minigan.exercises.attempt",
            str(number),
            str(path),
            str(answer),
            str(printed),
        ]
        try:
            done = subprocess.run(
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=limit,
                env=environment(),
            )
        except subprocess.TimeoutExpired:
            words = f"{path.name} was stopped after {limit:g} seconds: it does not end, or takes too long."
            return Result(False, words, _read(printed))
        words = _read(answer)
        if not words:  # the process ended before it could say anything
            last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            words = f"{path.name} ended the program before the check was done ({last})."
        return Result(words == PASSED, words, _read(printed))


def environment() -> dict[str, str]:
    """So that the other process finds the same minigan, and speaks UTF-8."""
    root = str(Path(__file__).parents[2])
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
        "PYTHONUTF8": "1",
    }


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def holes(tree: ast.AST) -> list[int]:
    """The lines with three dots that are still to be replaced; those in an index, x[..., 0], are none."""
    indices = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        for part in ast.walk(node.slice)
    }
    dots = [
        n for n in ast.walk(tree) if isinstance(n, ast.Constant) and n.value is ... and id(n) not in indices
    ]
    return sorted({n.lineno for n in dots})


def examine(number: int, path: Path) -> str:
    """PASSED, or what is wrong with the learner's file, in words."""
    exercise = EXERCISES[number]
    try:
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source, path.name)
    except SyntaxError as error:
        return f"{path.name}, line {error.lineno}: this is not Python yet ({error.msg})."
    except (OSError, ValueError) as error:
        return f"{path.name} cannot be read: {error}"
    if open_holes := holes(tree):
        lines = ", ".join(map(str, open_holes))
        return f"{path.name}, line {lines}: the three dots are still there. Replace them."
    try:
        names: dict = {"__name__": path.stem, "__file__": str(path)}
        exec(compile(tree, str(path), "exec"), names)  # noqa: S102 - the learner's own file
        exercise.check(Own(names))
    except Missing as error:
        return (
            f"{path.name} does not define {error} any more. "
            f"`reset {number}` brings the file back as it came, and keeps a copy of yours."
        )
    except AssertionError as error:
        return str(error) or f"an assertion does not hold ({_where(error, path)})"
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the learner's file raises
        what = str(error).strip()
        return f"{_where(error, path)}: {type(error).__name__}{': ' if what else ''}{what}"
    return PASSED


def _where(error: BaseException, path: Path) -> str:
    """The last line of the learner's file that the error went through."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    return f"{path.name}, line {lines[-1]}" if lines else f"while {path.name} was checked"


class _Limited(io.TextIOBase):
    """A file to print to, which keeps the first characters only."""

    def __init__(self, path: Path) -> None:
        self.file, self.left = path.open("w", encoding="utf-8"), PRINTED

    def write(self, text: str) -> int:
        self.file.write(text[: self.left])
        self.left -= min(len(text), self.left)
        self.file.flush()
        return len(text)


def main(number: str, path: str, answer: str, printed: str) -> None:
    sys.stdout = _Limited(Path(printed))
    words = examine(int(number), Path(path))
    Path(answer).write_text(words, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
