"""A convolution, backwards to its kernel.

y[o] = Σ_k x[S·o + k] · w[k].  The kernel is used at every output pixel, so its
gradient is a sum over all of them:

    dL/dw[k] = Σ_o g[o] · x[S·o + k].

To do: return the gradient of the kernel, (K,), from x (L,) and the incoming
gradient g (O,).
"""

import numpy as np


def kernel_gradient(x, g, K, S=1):
    w = np.zeros(K)
    for k in range(K):
        for o in range(len(g)):
            w[k] += ...  # TODO
    return w
