"""Find the bug: windows that overlap (PyDyNet).

`windows` cuts a row x (L,) into all windows of K neighbours:  y[o,
k] = x[o + k]. A pixel lies in up to K windows, and its gradient is the sum
over all of them:

    dL/dx[i] = Σ g[o, k]  over all o, k with o + k = i.

The framework PyDyNet wrote the gradient of each window into its place, as
below.

To do: mend `windows_backward`. One character is missing.
"""

import numpy as np


def windows(x, K):
    return np.stack([x[o : o + K] for o in range(len(x) - K + 1)])  # (L - K + 1, K)


def windows_backward(g, K):
    x = np.zeros(len(g) + K - 1)
    for o in range(len(g)):
        x[o : o + K] = g[o]  # TODO
    return x
