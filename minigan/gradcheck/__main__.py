"""python -m minigan.gradcheck: the table of every primitive and the worst errors of its gradients."""

from __future__ import annotations

import sys

import numpy as np

from minigan.autograd import Primitive, primitives
from minigan.gradcheck.cases import Case, all_cases
from minigan.gradcheck.check import GradientError, worst_errors
from minigan.training.progress import end_quietly_without_a_reader


def main() -> int:
    """Check every primitive of minigan and print a line for each; 1 if any gradient is wrong, else 0."""
    if hasattr(sys.stdout, "reconfigure"):  # a terminal without Σ prints ? instead
        sys.stdout.reconfigure(errors="replace")
    print(f"{'primitive':<24}{'1st order':>10}{'2nd order':>11}  cases        formula")
    cases, failures = all_cases(), []
    ours = {name: op for name, op in primitives.items() if op.forward.__module__.startswith("minigan.")}
    for name, op in ours.items():
        if name not in cases:
            failures.append(f"{name}: there is no case for it in minigan/gradcheck/cases.py")
        else:
            failures += _check(name, op, cases[name])
    print(*failures, sep="\n\n")
    print(f"{len(ours)} primitives, {len(failures)} failures")
    return 1 if failures else 0


def _check(name: str, op: Primitive, cases: list[Case]) -> list[str]:
    """Print the line of one primitive; the messages of its failures."""
    failures, worst = [], np.zeros(2)
    for f, arrays in cases:
        try:
            worst = np.maximum(worst, worst_errors(f, *arrays, order=2))
        except (GradientError, NotImplementedError, TypeError, ValueError) as error:
            failures.append(f"{name}: {error}")
            worst[:] = np.inf
    formula = (op.__doc__ or "no formula").splitlines()[0]
    result = "FAIL" if failures else "ok"
    print(f"{name:<24}{worst[0]:>10.1e}{worst[1]:>11.1e}  {len(cases):>5}  {result:<4}  {formula}")
    return failures


if __name__ == "__main__":
    end_quietly_without_a_reader()
    sys.exit(main())
