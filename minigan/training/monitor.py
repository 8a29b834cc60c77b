"""Monitor: what a person would warn of who looks over your shoulder at the numbers of a GAN.

A condition on one column of the history must hold for a number of steps in a row; then its warning is given,
once.  The numbers are those that `train_step` of a GAN reports; what each failure is, and what helps, is on the
page docs/failure-modes.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from minigan.checks import instance, whole

STEPS = 200  # for which a condition must hold


class Condition(NamedTuple):
    """`holds(number, first)` looks at one column of a row, and at the same column of the first row."""

    column: str
    holds: Callable[[float, float], bool]
    warning: str


CONDITIONS = (
    Condition(
        "d_accuracy",
        lambda accuracy, first: accuracy > 0.99,
        "D wins: its accuracy has been above 99 % for {steps} steps, and G receives almost no gradient, or one "
        "that says nothing; see docs/failure-modes.md#diminished-gradients",
    ),
    Condition(
        "g_gradient",
        lambda gradient, first: gradient < 0.01 * first,
        "G learns nothing: the gradient that reaches it has been below 1 % of what it was at first for {steps} "
        "steps; see docs/failure-modes.md#diminished-gradients",
    ),
    Condition(
        "d_accuracy",
        lambda accuracy, first: accuracy < 0.2,
        "D is left behind: it has been wrong about more than 80 % of the images for {steps} steps, and what it "
        "tells G is out of date; see docs/failure-modes.md#imbalance",
    ),
    Condition(
        "diversity",
        lambda diversity, first: diversity < 0.5,
        "G repeats itself: its samples have varied less than half as much as the data for {steps} steps; see "
        "docs/failure-modes.md#mode-collapse",
    ),
)


class Monitor:
    """Called with each row of a history in turn; returns the warnings that are to be given now."""

    def __init__(self, conditions: Sequence[Condition] = CONDITIONS, steps: int = STEPS) -> None:
        instance("Monitor", (list, tuple), conditions=conditions)
        instance("Monitor", Condition, **{f"conditions[{i}]": c for i, c in enumerate(conditions)})
        self.conditions, self.steps = conditions, whole("Monitor", least=0, steps=steps)
        self.first: dict[str, float] = {}  # column -> its first number
        self.since: dict[Condition, float] = {}  # the step before the first of the rows in which it has held
        self.last_step = 0.0
        self.given: set[Condition] = set()

    def __call__(self, row: Mapping[str, float]) -> list[str]:
        self.first = {**row, **self.first}
        new = []
        for condition in self.conditions:
            column = condition.column
            if column not in row or not condition.holds(row[column], self.first[column]):
                self.since.pop(condition, None)
                continue
            began = self.since.setdefault(condition, self.last_step)
            if row["step"] - began >= self.steps and condition not in self.given:
                self.given.add(condition)
                new.append(condition.warning.format(steps=self.steps))
        self.last_step = row["step"]
        return new
