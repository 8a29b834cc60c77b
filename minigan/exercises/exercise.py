"""Exercise: a short file to edit, a check of what it defines, and hints."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

FILES = Path(__file__).parent / "files"


class Missing(Exception):
    """The check asks for a name that the learner's file does not define."""


class Own:
    """What the learner's file defines, as attributes."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names

    def __getattr__(self, name: str) -> Any:
        if name not in self._names:
            raise Missing(name)
        return self._names[name]


class Exercise(NamedTuple):
    """One exercise.

    name     of the file, without its number and ".py"
    check    takes an `Own`; raises AssertionError, with a text for the learner, if something is wrong
    hints    shown one at a time
    seconds  after which the check is stopped
    """

    name: str
    check: Callable[[Own], object]
    hints: tuple[str, ...]
    seconds: float = 20.0


def title(source: str) -> str:
    """The first line of the docstring of an exercise."""
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0].rstrip(".")


def equal(what: str, found: Any, expected: Any, tolerance: float = 1e-6) -> None:
    """AssertionError, with both, if `found` has another shape than `expected`, or other numbers."""
    expected = np.asarray(getattr(expected, "data", expected))
    found = getattr(found, "data", found) if not isinstance(found, np.ndarray) else found
    if found is None:
        raise AssertionError(f"{what} is None: does the function return something?")
    try:
        found = np.asarray(found, float)
    except (TypeError, ValueError):
        raise AssertionError(f"{what} is {found!r:.60}, expected numbers") from None
    if found.shape != expected.shape:
        raise AssertionError(f"{what} has shape {found.shape}, expected {expected.shape}")
    if not np.allclose(found, expected, rtol=tolerance, atol=tolerance):
        with np.printoptions(precision=5, suppress=True, threshold=40, linewidth=60):
            came, wanted = (str(a).replace("\n", "\n" + " " * 14) for a in (found, expected))
        raise AssertionError(f"{what} is wrong\n    came      {came}\n    expected  {wanted}")
