"""Optimizers: what to do with a gradient.

Chapter 7; read `autograd` before it.

An optimizer changes the arrays of its parameters in place, so never call `step` between a forward pass
and the `grad` of it.  What it remembers between steps (its slots) is in `state()`, without which a run
cannot be resumed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from minigan.fast import threads
from minigan.autograd import Tensor
from minigan.backend import Array, to_device, to_numpy
from minigan.layers.base import Layer
from minigan.ops.elementwise import value


class Optimizer:
    """The base: parameters, slots (one array per parameter each), number of steps taken.

    Subclasses define `_update(p, g, *slots)` on flat pieces of the arrays.
    """

    def __init__(self, parameters: Iterable[Tensor], learning_rate: float, slots: Sequence[str]) -> None:
        self.parameters = list(parameters)
        for i, p in enumerate(self.parameters):
            if not isinstance(p, Tensor):
                raise TypeError(
                    f"{type(self).__name__}: parameter {i} is a {type(p).__name__}, expected a Tensor"
                )
        if not learning_rate > 0:
            raise ValueError(f"{type(self).__name__}: learning_rate is {learning_rate}, expected more than 0")
        self.learning_rate = learning_rate
        self.average: Callable[[list[Array]], list[Array]] | None = None  # over processes: see `parallel`
        self.steps = 0
        self.slots = {name: [np.zeros_like(p.data, order="C") for p in self.parameters] for name in slots}

    def step(self, grads: Sequence[Array]) -> None:
        """Change every parameter once, given its gradient dL/dp, in the order of `parameters`.

        Raises ValueError, before anything is changed, if number or shapes do not fit.
        """
        if len(grads) != len(self.parameters):
            raise ValueError(
                f"{type(self).__name__}.step: {len(grads)} gradients for {len(self.parameters)} parameters"
            )
        grads = [value(g) for g in grads]  # also those that were taken with create_graph=True
        for i, (p, g) in enumerate(zip(self.parameters, grads, strict=True)):
            if p.data.shape != g.shape:
                raise ValueError(
                    f"{type(self).__name__}.step: gradient {i} has shape {g.shape}, its parameter {p.shape}"
                )
        if self.average:
            grads = self.average(grads)
        self.steps += 1
        rows = []
        for i, (p, g) in enumerate(zip(self.parameters, grads, strict=True)):
            if not p.data.flags.c_contiguous:  # a flat view of it is needed, not a flat copy
                p.data = p.data.copy(order="C")
            arrays = p.data, self._prepared(g), *[slot[i] for slot in self.slots.values()]
            rows.append([array.reshape(-1) for array in arrays])
        self._update_all(rows)

    def _update_all(self, rows: list[list[Array]]) -> None:
        """`_update` of each row of flat arrays, a parameter's: on a GPU at once, on a CPU in pieces and threads.

        Each thread has a share of the elements of all parameters together, so that it is woken only once.
        """
        if not all(isinstance(row[0], np.ndarray) for row in rows):
            for row in rows:
                self._update(*row)
            return
        starts = np.cumsum([0, *(row[0].size for row in rows)]).tolist()

        def work(share: slice) -> None:
            for start, row in zip(starts, rows, strict=False):
                first, last = max(share.start - start, 0), min(share.stop - start, row[0].size)
                for piece in threads.pieces(slice(first, last), threads.PIECE // len(row)):
                    self._update(*[array[piece] for array in row])

        threads.in_threads(work, starts[-1], starts[-1] * (2 + len(self.slots)))

    def _prepared(self, g: Array) -> Array:
        return g

    def _update(self, p: Array, g: Array, *slots: Array) -> None:
        raise TypeError(f"{type(self).__name__} is an abstract optimizer: it defines no _update")

    def state(self) -> dict[str, np.ndarray]:
        """name -> NumPy array, of everything that the next step depends on besides the parameters."""
        state = {"steps": np.array(self.steps)}
        for name, arrays in self.slots.items():
            state |= {f"{name}.{i}": to_numpy(array).copy() for i, array in enumerate(arrays)}
        return state

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over what `state()` returned.  Raises ValueError if names or shapes do not fit."""
        own = self.state()
        if set(own) != set(state) or any(own[name].shape != state[name].shape for name in own):
            raise ValueError(
                f"{type(self).__name__}.load_state: the state belongs to another optimizer or model"
            )
        self.steps = int(state["steps"])
        for name, arrays in self.slots.items():
            arrays[:] = [to_device(np.array(state[f"{name}.{i}"], order="C")) for i in range(len(arrays))]


class SGD(Optimizer):
    """Gradient descent: p ← p - η g;  with momentum μ: v ← μ v - η g, p ← p + v.

    With nesterov=True the step looks ahead: p ← p + μ v - η g.  Source: Sutskever et al. 2013.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float,
        momentum: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, learning_rate, ["velocity"] if momentum else [])
        self.momentum, self.nesterov = momentum, nesterov

    def _update(self, p: Array, g: Array, *slots: Array) -> None:
        step = g * -self.learning_rate
        for v in slots:
            v *= self.momentum
            v += step
            step = self.momentum * v + step if self.nesterov else v
        p += step


class RMSprop(Optimizer):
    """s ← ρ s + (1 - ρ) g²,  p ← p - η g/(√s + ε).  Source: Tieleman and Hinton 2012; ε = 1e-7."""

    def __init__(self, parameters: Iterable[Tensor], learning_rate: float, rho: float = 0.9) -> None:
        super().__init__(parameters, learning_rate, ["mean_square"])
        self.rho = rho

    def _update(self, p: Array, g: Array, *slots: Array) -> None:
        (s,) = slots
        s *= self.rho
        s += (1 - self.rho) * g * g
        p -= self.learning_rate * g / (np.sqrt(s) + 1e-7)


class Adam(Optimizer):
    """Adam: step along a running mean of g, divided by a running root mean square of it.

        m ← β₁ m + (1 - β₁) g          v ← β₂ v + (1 - β₂) g²
        p ← p - η̂ m/(√v + ε)           η̂ = η √(1 - β₂ᵗ)/(1 - β₁ᵗ)   at step t

    clip_norm  if given, the gradient of each parameter is first scaled down to at most this norm
               (Keras calls it clipnorm)
    Source: Kingma and Ba 2015, in the form at the end of their section 2, as in Keras; ε is their ε̂.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        clip_norm: float | None = None,
    ) -> None:
        if not (0 <= beta_1 < 1 and 0 <= beta_2 < 1):
            raise ValueError(f"Adam: beta_1 is {beta_1} and beta_2 {beta_2}, expected 0 <= beta < 1")
        super().__init__(parameters, learning_rate, ["m", "v"])
        self.beta_1, self.beta_2, self.epsilon, self.clip_norm = beta_1, beta_2, epsilon, clip_norm

    def _prepared(self, g: Array) -> Array:
        if self.clip_norm is None:
            return g
        norm = np.sqrt((g * g).sum())
        return g * np.minimum(self.clip_norm / np.maximum(norm, 1e-30), 1).astype(g.dtype)

    def _update(self, p: Array, g: Array, *slots: Array) -> None:
        m, v = slots
        m *= self.beta_1
        s = g * (1 - self.beta_1)
        m += s
        v *= self.beta_2
        np.multiply(g, g, out=s)
        s *= 1 - self.beta_2
        v += s
        np.sqrt(v, out=s)
        s += self.epsilon
        np.divide(m, s, out=s)
        t = self.steps
        s *= self.learning_rate * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        p -= s


def move_average(average: Layer, source: Layer, decay: float) -> None:
    """average ← decay · average + (1 - decay) · source, for every weight and running statistic.

    Both are networks of the same structure.  The averaged generator of a GAN draws better images than
    any single one along its path.  Source: Polyak and Juditsky 1992; for GANs Yazıcı et al. 2019.
    """
    for a, b in zip(average.arrays(), source.arrays(), strict=True):
        a += (1 - decay) * (b - a)
