"""How to check a gradient.

The central difference  D(h) = (f(x + h) - f(x - h)) / 2h  is the derivative
f'(x) up to an error of h².

To do: write `numeric`, the derivative of f at every element of x, an array of
the shape of x: move one element at a time. f takes an array and returns a
number. Do not change the x that you are given: work on a copy.
"""

import numpy as np


def numeric(f, x, h=1e-5):
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = h
        gradient[index] = ...  # TODO
    return gradient
