"""The derivative of a function of one number, from differences at many steps, and how well they know it.

`check` reads it, where one step does not decide.

The error of a central difference D(h) is curvature at large steps, h²/6 f‴, and rounding at small ones, ε|f|/h.
Neither is known beforehand, but a table of D over many steps shows both, as in Ridders (1982, "Accurate
computation of F'(x) and F'(x) F''(x)"): where neighbouring steps agree, the derivative is known as well as they agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

#: If the differences leave more than this part of a derivative open, rounding hides it.
RESOLVED = 1e-3


@dataclass
class Line:
    """L(x + tv) as a function of one number t near 0.

    terms  t -> the array whose sum is L(x + tv): its elements are subtracted before they are summed, so
           that what L has in common at both ends costs no digits; repeated calls should cost nothing
    h      the step
    """

    terms: Callable[[float], np.ndarray]
    h: float

    def central(self, h: float) -> float:
        """D(h) = (L(x + hv) - L(x - hv)) / 2h."""
        return self._slope(-h, h)

    def richardson(self, h: float) -> float:
        """D(h) and D(h/2), combined so that their h² terms cancel."""
        return (4 * self.central(h / 2) - self.central(h)) / 3

    def best(self) -> tuple[float, float]:
        """The derivative and its uncertainty, at the step that knows it best.

        The uncertainty is how far the neighbouring steps disagree.  It is not less than what rounding leaves:
        in proportion to 1/h, what it was at any smaller step, and the last digits of the terms.
        """
        values = [self.richardson(h) for h in self.steps]
        known, noise = [], 0.0
        for k in reversed(range(1, len(values) - 1)):
            disagreement = max(abs(values[k] - values[k + 1]), abs(values[k] - values[k - 1]))
            noise = max(noise / 4, disagreement if np.isfinite(disagreement) else np.inf)
            known.append((4 * noise + self.rounding(self.steps[k]), values[k]))
        uncertainty, derivative = min(known)
        return derivative, uncertainty

    @cached_property
    def steps(self) -> list[float]:
        """From 1000 h, which has the least rounding, to h / 16000, which has the least curvature."""
        return [self.h * 4.0**k for k in range(5, -8, -1)]

    def rounding(self, h: float, moving: bool = True) -> float:
        """What the last digits may leave in D(h): of the terms that some step moves, or of the others.

        The terms may be zero here and not at ±h, as (x - 1)² is at 1: the larger ones count.
        """
        sizes = np.abs([self.terms(t) for t in (0.0, h, -h)])[:, self._moves == moving]
        largest = np.where(np.isfinite(sizes), sizes, 0.0).max(axis=0)
        return 4 * float(np.finfo(np.float64).eps * np.sum(largest) / h)

    @cached_property
    def _moves(self) -> np.ndarray:
        return np.any([self.terms(h) != self.terms(-h) for h in self.steps], axis=0)

    def _slope(self, left: float, right: float) -> float:
        with np.errstate(all="ignore"):
            return float(np.sum(self.terms(right) - self.terms(left))) / (right - left)

    def kink_here(self) -> bool:
        """True if the slopes on the left and on the right differ, and if the difference does not shrink in
        proportion to h as it does for a smooth function."""
        slopes = [(self._slope(-h, 0.0), self._slope(0.0, h)) for h in (self.h, self.h / 64)]
        far, near = (abs(right - left) for left, right in slopes)
        return far > 1e-3 * max(map(abs, slopes[0])) + self.rounding(self.h / 64) and near > 0.5 * far

    def kink_beside(self, size: float) -> bool:
        """True if D(h) changes by a hundredth of `size` and then stops at once, where that of a smooth
        function would go on to change, a sixteenth as much with every quarter of the step."""
        steps = [self.h / 4**k for k in range(6)]
        changes = [abs(a - b) for a, b in pairwise(map(self.central, steps))]
        return any(
            before > max(1e-2 * size, self.rounding(h / 4)) and after < 1e-4 * before
            for h, (before, after) in zip(steps[1:], pairwise(changes), strict=False)
        )


@dataclass
class Comparison:
    """right: the analytic and the numeric derivative agree, to the relative `error`; hidden: they may agree,
    but rounding hides more than it shows; neither: the analytic one is wrong."""

    numeric: float
    uncertainty: float
    allowed: float
    error: float = 0.0
    right: bool = False
    hidden: bool = False


def compare(
    line: Line,
    analytic: float,
    size_of_g: float,
    tolerance: float,
    negligible: float,
    elsewhere: Callable[[], float],
) -> Comparison:
    """An analytic derivative compared with differences: by one step if that decides, by the curve if not.

    size_of_g  the largest element of the gradient that the derivative belongs to
    negligible the part of the terms below which a derivative may be hidden, if the numbers do agree
    elsewhere  () -> the same analytic derivative, computed from slightly other numbers each time
    """

    def difference(numeric: float, uncertainty: float) -> tuple[float, float]:
        return abs(analytic - numeric), tolerance * max(abs(analytic), abs(numeric)) + uncertainty

    numeric, uncertainty = line.richardson(line.h), 0.0
    error, allowed = difference(numeric, uncertainty)
    by_one_step = error <= allowed < np.inf
    if not by_one_step:  # also if one of them is not a number
        numeric, uncertainty = line.best()
        error, allowed = difference(numeric, uncertainty)
    result = Comparison(numeric, uncertainty, allowed)
    size = max(abs(analytic), abs(numeric), size_of_g)
    if error <= allowed < np.inf and uncertainty <= RESOLVED * size:
        result.error = error / size if size else 0.0
        result.right = by_one_step or not line.kink_beside(size)
        return result
    # Where a derivative is zero but for rounding, the analytic one changes as only rounding does.
    spread = max(abs(elsewhere() - analytic) for _ in range(8))
    zero = abs(numeric) <= uncertainty < np.inf and abs(analytic) <= 10 * spread
    result.uncertainty += line.rounding(line.steps[0], moving=False)  # of what is too large to move at all
    result.hidden = error <= allowed - uncertainty + result.uncertainty < np.inf
    result.right = zero or result.hidden and abs(analytic) <= negligible * np.sum(np.abs(line.terms(0.0)))
    return result
