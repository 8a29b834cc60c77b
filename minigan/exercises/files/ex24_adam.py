"""Adam, with the correction that is often forgotten.

    m ← β₁ m + (1 - β₁) g
    v ← β₂ v + (1 - β₂) g²
    p ← p - η̂ m/(√v + ε)

m and v begin at 0 and are too small at first. The learning rate η̂ makes up
for it, at step t = 1, 2, ...:

    η̂ = η √(1 - β₂ᵗ) / (1 - β₁ᵗ).

(Kingma and Ba 2015, end of section 2.) So the very first step has the length
η, whatever the gradient.

To do: fill in the three lines.
"""

import numpy as np


def adam_step(p, g, m, v, t, rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """The new p, m and v after step number t."""
    m = ...  # TODO
    v = ...  # TODO
    corrected = ...  # TODO
    return p - corrected * m / (np.sqrt(v) + epsilon), m, v
