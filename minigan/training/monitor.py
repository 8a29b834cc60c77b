"""Hints: what a person would say who looks over your shoulder at the numbers of a GAN.

Chapter 10.2; read `training` before it, which prints what is said here.

A hint is a condition on one row of the history, which must hold for a number of steps in a row, and a
sentence.  It is given once.  The numbers are the `signals` of `minigan.models.sampling`; what each failure
is, and what helps, is on the page docs/failure-modes.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

STEPS = 200  # for which a condition must hold


class Hint(NamedTuple):
    """`holds(number, first)` looks at one column of a row, and at the same column of the first row."""

    column: str
    holds: Callable[[float, float], bool]
    text: str


HINTS = (
    Hint(
        "d_accuracy",
        lambda accuracy, first: accuracy > 0.99,
        "D wins: its accuracy has been above 99 % for {steps} steps, and G receives almost no gradient, or one "
        "that says nothing; see docs/failure-modes.md#diminished-gradients",
    ),
    Hint(
        "g_gradient",
        lambda gradient, first: gradient < 0.01 * first,
        "G learns nothing: the gradient that reaches it has been below 1 % of what it was at first for {steps} "
        "steps; see docs/failure-modes.md#diminished-gradients",
    ),
    Hint(
        "d_accuracy",
        lambda accuracy, first: accuracy < 0.2,
        "D is left behind: it has been wrong about more than 80 % of the images for {steps} steps, and what it "
        "tells G is out of date; see docs/failure-modes.md#imbalance",
    ),
    Hint(
        "diversity",
        lambda diversity, first: diversity < 0.5,
        "G repeats itself: its samples have varied less than half as much as the data for {steps} steps; see "
        "docs/failure-modes.md#mode-collapse",
    ),
)


class Watch:
    """Called with each row of a history in turn; answers the hints that are to be given now."""

    def __init__(self, hints: Sequence[Hint] = HINTS, steps: int = STEPS) -> None:
        self.hints, self.steps = hints, steps
        self.first: Mapping[str, float] = {}
        self.since: dict[Hint, float] = {}  # the step before the first of the rows in which it has held
        self.last_step = 0.0
        self.given: set[Hint] = set()

    def __call__(self, row: Mapping[str, float]) -> list[str]:
        self.first = self.first or row
        new = []
        for hint in self.hints:
            if hint.column not in row or not hint.holds(row[hint.column], self.first[hint.column]):
                self.since.pop(hint, None)
                continue
            began = self.since.setdefault(hint, self.last_step)
            if row["step"] - began >= self.steps and hint not in self.given:
                self.given.add(hint)
                new.append(hint.text.format(steps=self.steps))
        self.last_step = row["step"]
        return new
