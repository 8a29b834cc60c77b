"""The settings of the laboratory: one line for each, from which the page makes its controls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, NamedTuple

from minigan.checks import choice, real, short, whole
from minigan.losses import KINDS

DATA = ("ring", "grid", "spiral", "moons", "drawn")
MOST_POINTS = 1000  # that can be drawn by hand


@dataclass(frozen=True)
class Settings:
    """Everything that a training depends on.  ValueError or TypeError for what cannot be."""

    data: str = "ring"
    spread: float = 0.03
    batch: int = 100
    seed: int = 0
    kind: str = "non_saturating"
    optimizer: str = "adam"
    g_rate: float = 3e-3
    d_rate: float = 3e-3
    beta_1: float = 0.0
    beta_2: float = 0.99
    decay_steps: int = 3000
    g_steps: int = 1
    d_steps: int = 1
    r1_weight: float = 0.0
    slope_weight: float = 0.0
    input_noise: float = 0.0
    packing: int = 1
    batch_std: str = "off"
    average_decay: float = 0.0
    width: int = 32
    hidden: int = 2
    activation: str = "leaky_relu"
    latent_size: int = 2
    noise: str = "normal"
    points: tuple[tuple[float, float], ...] = ()  # drawn by hand, for the data "drawn"

    def __post_init__(self) -> None:
        for name, knob in KNOBS.items():
            knob.check(name, getattr(self, name))
        if self.batch % self.packing:
            raise ValueError(
                f"Settings: batch is {self.batch}, expected a multiple of packing {self.packing}"
            )
        if not isinstance(self.points, list | tuple) or len(self.points) > MOST_POINTS:
            raise ValueError(f"Settings: expected at most {MOST_POINTS} points")
        for point in self.points:
            if not isinstance(point, list | tuple) or len(point) != 2:
                raise ValueError(f"Settings: a point is {short(point)}, expected (x, y)")
        pairs = tuple((real("Settings", least=-2, most=2, x=x), real("Settings", least=-2, most=2, y=y))
                      for x, y in self.points)  # fmt: skip
        object.__setattr__(self, "points", pairs)
        if self.data == "drawn" and not pairs:
            raise ValueError("Settings: data is 'drawn', expected at least one point")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Settings:
        """The settings of a dictionary, as it comes from the page."""
        if unknown := sorted(set(values) - {field.name for field in fields(cls)}):
            raise ValueError(f"Settings: {unknown[0]!r} is no setting")
        return cls(**values)

    def changed(self, values: Mapping[str, Any]) -> Settings:
        return replace(self, **Settings.of(asdict(self) | dict(values)).as_dict())

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def differences(self) -> dict[str, Any]:
        """What differs from the defaults, as the page's address and a script say it."""
        return {name: value for name, value in asdict(self).items() if value != getattr(Settings, name)}


class Knob(NamedTuple):
    """A setting on the page; the GAN learns on when one that is `live` is changed, otherwise it begins anew."""

    group: str
    label: str
    help: str
    options: tuple[str, ...] = ()  # of a choice
    limits: tuple[float, float] = (0, 0)  # of a number
    whole: bool = False
    live: bool = False

    def check(self, name: str, value: Any) -> None:
        low, high = self.limits
        if self.options:
            choice("Settings", self.options, **{name: value})
            return
        if self.whole:
            whole("Settings", least=int(low), **{name: value})
        real("Settings", least=low, most=high, **{name: value})

    def as_dict(self) -> dict[str, Any]:
        return self._asdict()


KNOBS = {
    "data": Knob("Data", "data", "where the real points come from", DATA),
    "spread": Knob("Data", "spread", "standard deviation of the real points around their centres or line",
                   limits=(0.0, 0.3)),
    "batch": Knob("Data", "batch", "real points that D sees in one of its steps", limits=(2, 500), whole=True,
                  live=True),
    "seed": Knob("Data", "seed", "of weights, noise and data", limits=(0, 9999), whole=True),
    "kind": Knob("Training", "loss", "what D and G minimise: losses.KINDS", tuple(KINDS), live=True),
    "optimizer": Knob("Training", "optimizer", "of both networks", ("adam", "sgd", "rmsprop")),
    "g_rate": Knob("Training", "rate of G", "learning rate of G", limits=(1e-6, 1.0), live=True),
    "d_rate": Knob("Training", "rate of D", "learning rate of D", limits=(1e-6, 1.0), live=True),
    "beta_1": Knob("Training", "β₁, momentum", "of Adam; the momentum of SGD", limits=(0.0, 0.99), live=True),
    "beta_2": Knob("Training", "β₂, ρ", "of Adam; ρ of RMSprop", limits=(0.0, 0.9999), live=True),
    "decay_steps": Knob("Training", "rates fall over", "steps in which the rates fall to a twentieth; 0: they stay",
                        limits=(0, 100_000), whole=True, live=True),
    "d_steps": Knob("Training", "steps of D", "in one step of training", limits=(1, 20), whole=True, live=True),
    "g_steps": Knob("Training", "steps of G", "in one step of training", limits=(1, 20), whole=True, live=True),
    "r1_weight": Knob("Penalties", "R1, γ", "of γ/2 · ‖∇D(x)‖² at real points", limits=(0.0, 100.0), live=True),
    "slope_weight": Knob("Penalties", "slope, λ", "of λ (‖∇D(x̂)‖ - 1)² between real and generated points",
                         limits=(0.0, 100.0), live=True),
    "input_noise": Knob("Penalties", "input noise", "standard deviation of the noise on what D sees", limits=(0.0, 1.0), live=True),
    "packing": Knob("Networks", "packing, m", "points that D sees side by side, as PacGAN does", limits=(1, 4),
                    whole=True),
    "batch_std": Knob("Networks", "std of the batch", "as a feature for D: layers.MinibatchStdDev", ("off", "on")),
    "average_decay": Knob("Networks", "average of G", "decay of the moving average of G that is drawn; 0: G itself",
                          limits=(0.0, 0.9999)),
    "width": Knob("Networks", "units", "of every hidden layer of G and D", limits=(2, 128), whole=True),
    "hidden": Knob("Networks", "hidden layers", "of G and of D", limits=(1, 4), whole=True),
    "activation": Knob("Networks", "activation", "after every hidden layer",
                       ("relu", "leaky_relu", "tanh", "elu", "sigmoid")),
    "latent_size": Knob("Networks", "numbers in z", "the size of the noise that G starts from", limits=(1, 16),
                        whole=True),
    "noise": Knob("Networks", "noise z", "normal, or uniform from -1 to 1", ("normal", "uniform")),
}  # fmt: skip
