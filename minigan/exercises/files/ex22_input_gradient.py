"""A convolution, backwards to its image: the transposed convolution.

y[o] = Σ_k x[S·o + k] · w[k].  Pixel i is used by every output pixel o and tap
k with S·o + k = i:

    dL/dx[i] = Σ g[o] · w[k]  over all o, k with S·o + k = i.

It is easier to say it from the side of g: every g[o] is spread over K pixels,
weighted by the kernel. That is what the layer Conv2DTranspose does.

To do: return the gradient of the image, (L,), from g (O,) and w (K,). Windows
overlap: what arrives is added.
"""

import numpy as np


def input_gradient(g, w, L, S=1):
    x = np.zeros(L)
    for o in range(len(g)):
        for k in range(len(w)):
            ...  # TODO
    return x
