"""SGD and RMSprop: gradient descent, with momentum, and with a step length of its own for every number.

Read `base` before it.  No model here uses them; they are the two ideas that Adam joins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

import numpy as np

from minigan.autograd import Tensor
from minigan.backend import Array
from minigan.checks import real
from minigan.optimizers.base import Optimizer


class SGD(Optimizer):
    """Gradient descent: p ← p - η g;  with momentum μ: v ← μ v - η g, p ← p + v.

    With nesterov=True the step looks ahead: p ← p + μ v - η g.  Source: Sutskever et al. 2013.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float | Callable[[int], float],
        momentum: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        self.momentum = real("SGD", least=0, below=1, momentum=momentum)
        self.nesterov = nesterov
        super().__init__(parameters, learning_rate, ["velocity"] if momentum else [])

    def update(self, p: Array, g: Array, *slots: Array) -> None:
        step = g * -self.rate
        for v in slots:
            v *= self.momentum
            v += step
            step = self.momentum * v + step if self.nesterov else v
        p += step


class RMSprop(Optimizer):
    """s ← ρ s + (1 - ρ) g²,  p ← p - η g/√(s + ε).  Source: Tieleman and Hinton 2012; ε as in Keras."""

    squares: ClassVar = ("mean_square",)

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float | Callable[[int], float],
        rho: float = 0.9,
        epsilon: float = 1e-7,
    ) -> None:
        self.rho = real("RMSprop", least=0, below=1, rho=rho)
        self.epsilon = real("RMSprop", least=0, epsilon=epsilon)
        super().__init__(parameters, learning_rate, ["mean_square"])

    def update(self, p: Array, g: Array, *slots: Array) -> None:
        (s,) = slots
        s *= self.rho
        s += (1 - self.rho) * g * g
        p -= self.rate * g / np.sqrt(s + self.epsilon)
