"""Session: a training in the plane that keeps every state, and goes on from any of them, bit for bit.

A *moment* is a state after one action: "b" a whole step of training, "d" one step of D, "g" one step of G.  All
moments are numbered from 0, the beginning; the oldest are forgotten when they fill more than ROOM.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from minigan.checks import whole
from minigan.lab.knobs import KNOBS, Settings
from minigan.lab.model import PlaneGAN
from minigan.lab.noise import OwnNoise
from minigan.lab.plane import draw
from minigan.training import Monitor

ROOM = 200e6  # bytes of states that are kept
SHOWN = 300  # points of each kind on the page
ACTIONS = ("b", "d", "g")
Numbers = dict[str, float]


class Moment(NamedTuple):
    """One state: all that the next step depends on, and the numbers of the step that led to it."""

    settings: Settings
    state: dict[str, np.ndarray]
    randomness: tuple[Mapping[str, Any], Mapping[str, Any]]  # of noise, and of the data
    monitor: Monitor
    numbers: Numbers


class Session(OwnNoise):
    """Begins at moment 0 with settings; `act` trains, `go_to` goes back, `change` turns a knob."""

    def __init__(self, settings: Settings | None = None, room: float = ROOM):
        self.room = room
        self.start(settings or Settings())

    def start(self, settings: Settings) -> None:
        """Begin anew: weights, noise and data follow from the settings and nothing else."""
        self.settings, self.first_settings = settings, settings
        self.noise_bits = np.random.default_rng(settings.seed).bit_generator.state
        self.data = np.random.default_rng(settings.seed)
        self.monitor = Monitor()
        with self.randomness():
            self.model = PlaneGAN(settings)
        fixed = np.random.default_rng(12345)  # what is drawn on the page is always drawn from the same
        self.z = self.latents(fixed, SHOWN)
        self.z_counted = self.latents(fixed, 1000)
        self.actions = bytearray()  # one letter for each moment after the first
        self.changes: dict[int, dict[str, Any]] = {}  # moment -> what was changed there
        self.warnings: list[tuple[int, str]] = []  # moment and warning
        self.now = 0
        self.moments: deque[Moment] = deque()
        self.keep({})

    def latents(self, rng: np.random.Generator, n: int) -> np.ndarray:
        shape = (n, self.settings.latent_size)
        z = rng.standard_normal(shape) if self.settings.noise == "normal" else rng.uniform(-1, 1, shape)
        return z.astype(np.float32)

    # --- Training -----------------------------------------------------------------------------------

    def act(self, action: str, n: int = 1) -> None:
        """n actions, each of which leads to a new moment; what lay after the present one is forgotten.

        FloatingPointError, and no new moment, where numbers are no longer finite.
        """
        if action not in ACTIONS:
            raise ValueError(f"Session.act: action is {action!r}, expected one of {ACTIONS}")
        for _ in range(whole("Session.act", n=n)):
            with self.randomness(), np.errstate(all="ignore"):
                numbers = self.one(action)
                state = self.model.state()
            if not all(np.isfinite(array).all() for array in state.values()):
                self.go_to(self.now)
                raise FloatingPointError(f"moment {self.now}: the next step has numbers that are not finite")
            self.forget_the_future()
            self.actions.append(ord(action))
            self.now += 1
            numbers["step"] = self.now
            self.warnings += [(self.now, text) for text in self.monitor(numbers)]
            self.keep(numbers, state)

    def one(self, action: str) -> Numbers:
        s = self.settings
        if action == "g":
            return self.model.g_step(s.batch)
        real = draw(s, s.batch * (s.d_steps if action == "b" else 1), self.data)
        return self.model.train_step(real) if action == "b" else self.model.d_step(real)

    def change(self, values: dict[str, Any]) -> bool:
        """Turn knobs.  True if the training goes on with the new settings, False if it has begun anew."""
        settings = self.settings.changed(values)
        names = {
            name for name in settings.as_dict() if getattr(settings, name) != getattr(self.settings, name)
        }
        if not all(name in KNOBS and KNOBS[name].live for name in names) or self.momentum_appears(settings):
            self.start(settings)
            return False
        if not self.now:
            self.start(settings)
        elif names:
            self.forget_the_future()
            values = {name: getattr(settings, name) for name in sorted(names)}
            self.changes[self.now] = self.changes.get(self.now, {}) | values
            self.take(self.moments[-1]._replace(settings=settings))
            self.moments[-1] = self.moments[-1]._replace(settings=settings)
        return True

    def momentum_appears(self, settings: Settings) -> bool:
        """SGD keeps velocities only with momentum, so that a state without them does not fit."""
        return settings.optimizer == "sgd" and bool(settings.beta_1) != bool(self.settings.beta_1)

    # --- Time ---------------------------------------------------------------------------------------

    @property
    def oldest(self) -> int:
        return self.last - len(self.moments) + 1

    @property
    def last(self) -> int:
        return len(self.actions)

    def go_to(self, moment: int) -> None:
        """Go to a moment that is kept; training goes on from there."""
        if not self.oldest <= whole("Session.go_to", least=0, moment=moment) <= self.last:
            raise ValueError(f"Session.go_to: {moment} is not kept, expected {self.oldest} to {self.last}")
        self.now = moment
        self.take(self.moments[moment - self.oldest])

    def take(self, moment: Moment) -> None:
        """Make a kept state the present one."""
        if moment.settings != self.settings:
            self.settings = moment.settings
            with self.randomness():
                self.model = PlaneGAN(moment.settings)
        self.model.load_state(moment.state)
        self.noise_bits, self.data.bit_generator.state = moment.randomness
        self.monitor = copy.copy(moment.monitor)
        self.monitor.since, self.monitor.given = dict(self.monitor.since), set(self.monitor.given)

    def keep(self, numbers: Numbers, state: dict[str, np.ndarray] | None = None) -> None:
        monitor = copy.copy(self.monitor)
        monitor.since, monitor.given = dict(monitor.since), set(monitor.given)
        state = state or self.model.state()
        randomness = (self.noise_bits, self.data.bit_generator.state)
        self.moments.append(Moment(self.settings, state, randomness, monitor, numbers))
        size = sum(array.nbytes + 200 for array in state.values()) + 3000  # with what surrounds the numbers
        while len(self.moments) > max(2, self.room // size):
            self.moments.popleft()

    def forget_the_future(self) -> None:
        for _ in range(self.last - self.now):
            self.moments.pop()
        del self.actions[self.now :]
        self.changes = {moment: values for moment, values in self.changes.items() if moment <= self.now}
        self.warnings = [(moment, text) for moment, text in self.warnings if moment <= self.now]

    # --- What it was, in words that lead here again ---------------------------------------------------

    def digest(self) -> str:
        """A number of the whole state: two sessions with the same digest go on in the same way."""
        found = hashlib.sha256()
        for name, array in sorted(self.model.state().items()):
            found.update(name.encode() + array.tobytes())
        found.update(repr((self.noise_bits, self.data.bit_generator.state, self.settings)).encode())
        return found.hexdigest()[:16]

    def log(self) -> list[list[Any]]:
        """All that was done up to now: [action, number] and ["change", values], from which `replay` leads here."""
        found: list[list[Any]] = []
        begin = 0
        for moment, values in [*sorted(self.changes.items()), (self.now, None)]:
            if moment <= self.now:
                runs = re.finditer(r"(.)\1*", self.actions[begin:moment].decode())
                found += [[run[1], len(run[0])] for run in runs]
                found += [["change", values]] if values else []
                begin = moment
        return found

    def replay(self, settings: Settings, log: list[list[Any]]) -> None:
        """Begin with `settings`, and do all that is in a log."""
        self.start(settings)
        for what, value in log:
            if what == "change":
                self.change(value)
            else:
                self.act(what, value)
