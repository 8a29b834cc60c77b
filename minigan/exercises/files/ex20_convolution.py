"""A convolution, forwards.

For a row of pixels x (L,), a kernel w (K,) and a stride S:

    y[o] = Σ_k x[S·o + k] · w[k]  for o = 0 ... O - 1,
    O = ⌊(L - K)/S⌋ + 1.

To do: fill in the number O of output pixels, and the sum. A loop is welcome.
"""

import numpy as np


def convolution(x, w, S=1):
    L, K = len(x), len(w)
    pixels = ...  # TODO
    y = np.zeros(pixels)
    for o in range(pixels):
        y[o] = ...  # TODO
    return y
