"""Find the bug: a check that checks nothing (SmallPebble).

A gradient check compares the analytic gradient with a numeric
one:  |analytic - numeric| < tolerance, at each element.

The framework SmallPebble compared the results of two ways to compute f, and in
the loop over the gradients it looked at the same difference again. A wrong
gradient passed, whatever it was.

To do: mend the loop, so that a wrong gradient of any argument raises
AssertionError and a right one does not.
"""

import numpy as np


def check(result, expected, gradients, numeric_gradients, tolerance=1e-6):
    """What f returned, and should have; for each argument, the gradient in two ways."""
    error = np.max(np.abs(result - expected))
    assert error < tolerance, f"the result is wrong by {error}"
    for number, (_gradient, _numeric) in enumerate(zip(gradients, numeric_gradients, strict=True)):
        assert error < tolerance, f"the gradient of argument {number} is wrong by {error}"  # TODO
