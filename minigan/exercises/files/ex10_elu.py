"""Find the bug: a derivative that is a truth value (tinynn).

y = x for x > 0, else α (eˣ - 1).  Its derivative is 1 for x > 0, else α eˣ.

The framework tinynn shipped the line below. NumPy computes it without
complaint, and training goes on.

To do: say what the line computes, and mend it. Nothing else is wrong.
"""

import numpy as np


def elu(x, alpha=1.0):
    return np.maximum(x, 0) + alpha * (np.exp(np.minimum(x, 0)) - 1)


def elu_derivative(x, alpha=1.0):
    return x > 0.0 + (x <= 0.0) * alpha * np.exp(np.minimum(x, 0))  # TODO
