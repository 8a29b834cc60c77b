"""Is this gradient right?  Finite differences, of first and second order, with failures that teach.

``python -m minigan.gradcheck`` checks every primitive.
"""

from minigan.gradcheck.check import GradientError, check_grad, worst_errors

__all__ = ["GradientError", "check_grad", "worst_errors"]
