"""Optimizers: what to do with a gradient; learning rates that fall; averages of networks.

Part I; read `autograd` before it.  An optimizer changes the arrays of its parameters in place, so never call
`step` between a forward pass and the `grad` of it.
"""

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import numpy as np

from minigan.autograd import Tensor
from minigan.backend import Array, is_array, replaceable, to_device, to_numpy
from minigan.checks import flag, instance, real
from minigan.layers.base import Layer

LearningRate = float | Callable[[int], float]  # a number, or a function of the number of steps taken before


class Optimizer:
    """The base; subclasses define `update(p, g, *slots)`.

    slots        name -> one array for each parameter, zeros at first
    steps, rate  the number of steps taken, and the learning rate of the latest one
    """

    squares: tuple[str, ...] = ()  # the slots that hold means of squares, so no negative numbers

    def __init__(self, parameters: Iterable[Tensor], learning_rate: LearningRate, slots: Sequence[str]):
        who = type(self).__name__
        self.parameters = _checked_parameters(who, parameters)
        constant = None if callable(learning_rate) else real(who, above=0, learning_rate=learning_rate)
        self.learning_rate: LearningRate = constant or learning_rate
        self.average: Callable[[list[Array]], list[Array]] | None = None  # over processes that train together
        self.steps, self.rate = 0, 0.0
        slots = instance(who, (list, tuple), slots=slots)
        self.slots = {name: [np.zeros_like(p.data, order="C") for p in self.parameters] for name in slots}

    def step(self, grads: Sequence[Array]) -> None:
        """Change every parameter once, given dL/dp in their order; ValueError, and no change, if one is wrong."""
        grads = _checked_gradients(f"{type(self).__name__}.step", self.parameters, grads)
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

    def state(self) -> dict[str, np.ndarray]:
        """name -> NumPy array, of all that the next step depends on besides the parameters and a schedule."""
        state = {"steps": np.array(self.steps)}
        if not callable(self.learning_rate):
            state["learning_rate"] = np.array(float(self.learning_rate))
        for name, row in self.slots.items():
            state |= {f"{name}.{i}": to_numpy(array).copy() for i, array in enumerate(row)}
        return state

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over what `state()` returned.  Raises ValueError, and changes nothing, if it does not fit."""
        _check_state(self, state)
        self.steps = int(state["steps"])
        self.learning_rate = float(state["learning_rate"]) if "learning_rate" in state else self.learning_rate
        for name, row in self.slots.items():
            for i, p in enumerate(self.parameters):
                row[i] = to_device(np.array(state[f"{name}.{i}"], p.dtype, order="C"))


@replaceable
def update_all(optimizer: Optimizer, rows: list[list[Array]]) -> None:
    """`optimizer.update` of each row: a parameter, its gradient and its slots."""
    for p, g, *slots in rows:
        optimizer.update(p, g, *slots)


class Adam(Optimizer):
    """m ← β₁ m + (1 - β₁) g          v ← β₂ v + (1 - β₂) g²
    p ← p - η̂ m/(√v + ε)           η̂ = η √(1 - β₂ᵗ)/(1 - β₁ᵗ)   at step t

    With clip_norm (Keras: clipnorm) the gradient of each parameter is first scaled down to at most this norm.
    Source: Kingma and Ba 2015, in the form at the end of their section 2, as in Keras; ε is their ε̂.
    """

    squares = ("v",)

    def __init__(
        self, parameters, learning_rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-7, clip_norm=None
    ):
        super().__init__(parameters, learning_rate, ["m", "v"])
        self.beta_1, self.beta_2 = real("Adam", least=0, below=1, beta_1=beta_1, beta_2=beta_2)
        self.epsilon = real("Adam", least=0, epsilon=epsilon)
        self.clip_norm = None if clip_norm is None else real("Adam", above=0, clip_norm=clip_norm)

    def update(self, p: Array, g: Array, *slots: Array) -> None:
        (m, v), t = slots, self.steps
        g = clipped(g, self.clip_norm)
        m[...] = self.beta_1 * m + (1 - self.beta_1) * g
        v[...] = self.beta_2 * v + (1 - self.beta_2) * (g * g)
        rate = self.rate * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        p -= rate * (m / (np.sqrt(v) + self.epsilon))


def linear_decay(start: float, steps: float, final: float = 0.0) -> Callable[[int], float]:
    """A learning rate that falls from `start` along a line to final · start, after `steps`, and stays.

    A model makes its schedules from its settings, so they need not be saved.
    """
    return partial(_linear, *_checked_decay("linear_decay", start, steps, final))


def _linear(start: float, steps: float, final: float, step: int) -> float:
    return start * max(1 - step / steps, final)


def update_ema(average: Layer, source: Layer, decay: float) -> None:
    """average ← decay · average + (1 - decay) · source, for every weight and running statistic.

    The exponential moving average draws better than any single network along the way.
    Source: Polyak and Juditsky 1992; for GANs Yazıcı et al. 2019.
    """
    instance("update_ema", Layer, average=average, source=source)
    decay = real("update_ema", least=0, most=1, decay=decay)
    for a, b in zip(average.arrays(), source.arrays(), strict=True):
        if a.shape != b.shape:
            raise ValueError(f"update_ema: shapes {a.shape} and {b.shape} differ")
        a += (1 - decay) * (b - a)


def warm_up(decay: float, step: int) -> float:
    """The decay at step 1, 2, ...: smaller at first, when what the average remembers is noise."""
    return min(decay, step / (9 + step))


# --- To be read later: a gradient that is too long, what does not fit, and other optimizers -------------


def clipped(g: Array, norm: float | None) -> Array:
    """g, or g scaled down to this norm if it is longer."""
    length = 0.0 if norm is None else np.sqrt((g * g).sum())
    return g if norm is None else g * np.minimum(norm / np.maximum(length, 1e-30), 1).astype(g.dtype)


def _checked_parameters(who: str, parameters: Iterable[Tensor]) -> list[Tensor]:
    if isinstance(parameters, Tensor) or not isinstance(parameters, Iterable):
        raise TypeError(f"{who}: parameters is a {type(parameters).__name__}, expected layer.parameters()")
    for i, p in enumerate(parameters := list(parameters)):
        if not isinstance(p, Tensor) or p.dtype.kind != "f":
            came = f"of {p.dtype}" if isinstance(p, Tensor) else f"a {type(p).__name__}"
            raise TypeError(f"{who}: parameter {i} is {came}, expected a Tensor of floating-point numbers")
    if not 0 < len(parameters) == len({id(p) for p in parameters}):
        raise ValueError(f"{who}: expected at least one parameter, and each of them once")
    return parameters


def _checked_gradients(who: str, parameters: list[Tensor], grads: Sequence[Array]) -> list[Array]:
    """The gradients as arrays; and every parameter as an array whose numbers lie one after the other."""
    if not isinstance(grads, list | tuple) or len(grads) != len(parameters):
        came = f"{len(grads)} gradients" if isinstance(grads, list | tuple) else type(grads).__name__
        raise ValueError(f"{who}: {came}, expected a list of {len(parameters)} gradients")
    grads = [g.data if isinstance(g, Tensor) else g for g in grads]  # taken with create_graph=True
    for i, (p, g) in enumerate(zip(parameters, grads, strict=True)):
        if not is_array(g) or g.shape != p.shape:
            came = f"of shape {g.shape}" if is_array(g) else f"a {type(g).__name__}"
            raise ValueError(f"{who}: gradient {i} is {came}, expected an array of shape {p.shape}")
        if not getattr(p.data.flags, "writeable", True):
            raise ValueError(f"{who}: parameter {i} is read-only")
    for p in parameters:
        p.data = p.data if p.data.flags.c_contiguous else p.data.copy(order="C")
    return grads


def _check_state(optimizer: Optimizer, state: Mapping[str, np.ndarray]) -> None:
    who, own = f"{type(optimizer).__name__}.load_state", optimizer.state()
    instance(who, Mapping, state=state)
    if set(own) != set(state) or any(own[name].shape != np.shape(state[name]) for name in own):
        raise ValueError(f"{who}: the state belongs to another optimizer or model than expected")
    state = {name: np.asarray(array) for name, array in state.items()}
    for name, array in state.items():
        least = 0 if name.split(".")[0] in ("steps", "learning_rate", *optimizer.squares) else -np.inf
        if array.dtype.kind != own[name].dtype.kind or not (np.isfinite(array) & (array >= least)).all():
            raise ValueError(f"{who}: {name} is no array of finite numbers that could be there")


def _checked_decay(who: str, start: float, steps: float, final: float) -> tuple[float, float, float]:
    return *real(who, above=0, start=start, steps=steps), real(who, least=0, most=1, final=final)


def cosine_decay(start: float, steps: float, final: float = 0.0) -> Callable[[int], float]:
    """A learning rate that falls along half a cosine: slowly, fast, slowly; otherwise as `linear_decay`."""
    return partial(_cosine, *_checked_decay("cosine_decay", start, steps, final))


def _cosine(start: float, steps: float, final: float, step: int) -> float:
    return start * max(0.5 * (1 + math.cos(math.pi * min(step / steps, 1))), final)


class SGD(Optimizer):
    """Gradient descent: p ← p - η g;  with momentum μ: v ← μ v - η g, p ← p + v.

    With nesterov=True the step looks ahead: p ← p + μ v - η g.  Source: Sutskever et al. 2013.
    """

    def __init__(self, parameters, learning_rate: LearningRate, momentum=0.0, nesterov=False):
        self.momentum = real("SGD", least=0, below=1, momentum=momentum)
        self.nesterov = flag("SGD", nesterov=nesterov)
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

    squares = ("mean_square",)

    def __init__(self, parameters, learning_rate: LearningRate, rho=0.9, epsilon=1e-7):
        self.rho = real("RMSprop", least=0, below=1, rho=rho)
        self.epsilon = real("RMSprop", least=0, epsilon=epsilon)
        super().__init__(parameters, learning_rate, ["mean_square"])

    def update(self, p: Array, g: Array, *slots: Array) -> None:
        (s,) = slots
        s *= self.rho
        s += (1 - self.rho) * g * g
        p -= self.rate * g / np.sqrt(s + self.epsilon)


def move_average(average: Layer, source: Layer, decay: float) -> None:
    """The old name of `update_ema`."""
    warnings.warn("move_average is now called update_ema", DeprecationWarning, stacklevel=2)
    update_ema(average, source, decay)
