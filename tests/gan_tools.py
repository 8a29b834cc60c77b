"""The rules of a GAN's training, which every kind of GAN is held to: penalty, learning rates, average; and a small G."""

import numpy as np
import pytest

from minigan.autograd import Tensor
from minigan.layers import Layer
from minigan.losses import r1_penalty


class Plus(Layer):
    """x + h, for a G that gradients can be worked out of by hand."""

    def __init__(self, h):
        self.h = Tensor(np.float32(h))

    def __call__(self, x, training=False):
        return x + self.h


def keeps_the_rules_of_a_gan(kind, images, **settings):
    """`kind(**settings)` takes the penalty at every few steps with as many times its weight, lets the rates
    fall to a twentieth, and averages its generator with a decay that is smaller at first."""
    model = kind(**settings, r1_weight=0.5, r1_every=3)
    weights = []
    for step in range(7):
        model.d_optimizer.steps = step
        weights.append(float(model.penalty(images)) / float(r1_penalty(model.D, images)))
    assert weights == pytest.approx([0.75, 0, 0, 0.75, 0, 0, 0.75])

    model = kind(**settings, learning_rates=(0.01, 0.02), decay_steps=4, average_decay=0.5)
    average, rates = [a.copy() for a in model.average.arrays()], []
    for step in range(1, 13):
        model.train_step(images)
        rates.append([model.g_optimizer.rate, model.d_optimizer.rate])
        decay = min(0.5, step / (9 + step))
        average = [decay * a + (1 - decay) * b for a, b in zip(average, model.G.arrays(), strict=True)]
        for a, b in zip(average, model.average.arrays(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6)
    fractions = np.array([1, 0.75, 0.5, 0.25] + 8 * [0.05])
    np.testing.assert_allclose(rates, fractions[:, None] * [0.01, 0.02])
