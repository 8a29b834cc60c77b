"""Find the bug: one stride for two directions (tinynn).

A transposed convolution spreads each pixel of y (OH, OW) by the kernel w (KH,
KW), with stride SH down and SW across:

    x[SH·i + a, SW·j + b] += y[i, j] · w[a, b],
    x is (SH·(OH - 1) + KH, SW·(OW - 1) + KW).

The framework tinynn took the stride of the rows for the columns as well, in
the size of the result. With equal strides nobody notices; with others it
fails. A test must try strides that differ.

To do: mend it.
"""

import numpy as np


def conv_transpose(y, w, strides):
    (OH, OW), (KH, KW), (SH, SW) = y.shape, w.shape, strides
    x = np.zeros((SH * (OH - 1) + KH, SH * (OW - 1) + KW))  # TODO
    for i in range(OH):
        for j in range(OW):
            x[SH * i : SH * i + KH, SW * j : SW * j + KW] += y[i, j] * w
    return x
