"""Optimizer: parameters, a learning rate, and what is kept from one step to the next.

Part I; read `autograd` before it.  An optimizer changes the arrays of its parameters in place, so never call
`step` between a forward pass and the `grad` of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar

import numpy as np

from minigan.autograd import Tensor
from minigan.backend import Array, is_array, replaceable, to_device, to_numpy
from minigan.checks import real


class Optimizer:
    """The base; subclasses define `update(p, g, *slots)`.

    learning_rate  a number, or a schedule: a function of the number of steps taken before (`schedules`)
    slots          name -> one array for each parameter, zeros at first
    steps, rate    the number of steps taken, and the learning rate of the latest one
    """

    squares: ClassVar[tuple[str, ...]] = ()  # the slots that hold means of squares, so no negative numbers

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float | Callable[[int], float],
        slots: Sequence[str] = (),
    ) -> None:
        who = type(self).__name__
        if isinstance(parameters, Tensor) or not isinstance(parameters, Iterable):
            raise TypeError(
                f"{who}: parameters is a {type(parameters).__name__}, expected layer.parameters()"
            )
        self.parameters = list(parameters)
        for i, p in enumerate(self.parameters):
            if not isinstance(p, Tensor):
                raise TypeError(f"{who}: parameter {i} is a {type(p).__name__}, expected a Tensor")
        if not 0 < len(self.parameters) == len({id(p) for p in self.parameters}):
            raise ValueError(f"{who}: expected at least one parameter, and each of them once")
        self.learning_rate = (
            learning_rate if callable(learning_rate) else real(who, above=0, learning_rate=learning_rate)
        )
        self.average: Callable[[list[Array]], list[Array]] | None = None  # over processes that train together
        self.steps, self.rate = 0, 0.0
        self.slots = {name: [np.zeros_like(p.data, order="C") for p in self.parameters] for name in slots}

    def step(self, grads: Sequence[Array]) -> None:
        """Change every parameter once, given its gradient dL/dp, in the order of `parameters`.

        Raises TypeError or ValueError, before anything is changed, for gradients that do not fit.
        """
        grads = self._checked(grads)
        if self.average:
            grads = self.average(grads)
        rate = self.learning_rate
        self.rate = float(rate(self.steps) if callable(rate) else rate)
        self.steps += 1
        rows = zip([p.data for p in self.parameters], grads, *self.slots.values(), strict=True)
        update_all(self, [list(row) for row in rows])

    def update(self, p: Array, g: Array, *slots: Array) -> None:
        """Change one parameter and its slots, in place."""
        raise TypeError(f"{type(self).__name__} is an abstract optimizer: it defines no update")

    def _checked(self, grads: Sequence[Array]) -> list[Array]:
        """The gradients as arrays, and the parameters in an order in which fast code can walk through them."""
        who, n = f"{type(self).__name__}.step", len(self.parameters)
        if not isinstance(grads, list | tuple):
            raise TypeError(f"{who}: gradients are a {type(grads).__name__}, expected a list of {n} arrays")
        if len(grads) != n:
            raise ValueError(f"{who}: {len(grads)} gradients for {n} parameters")
        grads = [g.data if isinstance(g, Tensor) else g for g in grads]  # taken with create_graph=True
        for i, (p, g) in enumerate(zip(self.parameters, grads, strict=True)):
            if not is_array(g):
                raise TypeError(f"{who}: gradient {i} is a {type(g).__name__}, expected an array")
            if g.shape != p.shape:
                raise ValueError(f"{who}: gradient {i} has shape {g.shape}, its parameter {p.shape}")
            if not getattr(p.data.flags, "writeable", True):
                raise ValueError(f"{who}: parameter {i} is read-only")
        for p in self.parameters:
            p.data = p.data if p.data.flags.c_contiguous else p.data.copy(order="C")
        return grads

    def state(self) -> dict[str, np.ndarray]:
        """name -> NumPy array, of all that the next step depends on besides the parameters and a schedule."""
        number = (
            {} if callable(self.learning_rate) else {"learning_rate": np.array(float(self.learning_rate))}
        )
        slots = {
            f"{name}.{i}": to_numpy(a).copy() for name, row in self.slots.items() for i, a in enumerate(row)
        }
        return {"steps": np.array(self.steps), **number, **slots}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over what `state()` returned.  Raises ValueError, before anything is changed, if it does not fit."""
        who, own = f"{type(self).__name__}.load_state", self.state()
        if set(own) != set(state) or any(own[name].shape != state[name].shape for name in own):
            raise ValueError(f"{who}: the state belongs to another optimizer or model")
        for name, array in state.items():
            least = 0 if name.split(".")[0] in ("steps", "learning_rate", *self.squares) else -np.inf
            if array.dtype.kind != own[name].dtype.kind or not (np.isfinite(array) & (array >= least)).all():
                expected = f"finite numbers of kind {own[name].dtype.kind!r}" + " of at least 0" * (
                    least == 0
                )
                raise ValueError(f"{who}: {name} is no array of {expected}")
        self.steps = int(state["steps"])
        self.learning_rate = float(state["learning_rate"]) if "learning_rate" in own else self.learning_rate
        for name, row in self.slots.items():
            row[:] = [
                to_device(np.array(state[f"{name}.{i}"], a.dtype, order="C")) for i, a in enumerate(row)
            ]


@replaceable
def update_all(optimizer: Optimizer, rows: list[list[Array]]) -> None:
    """`optimizer.update` of each row: a parameter, its gradient and its slots."""
    for p, g, *slots in rows:
        optimizer.update(p, g, *slots)
