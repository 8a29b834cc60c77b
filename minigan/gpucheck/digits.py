"""A run of each GAN on a device, as its example has it by default: a picture of what it draws, and the short table.

Where there is no time for all steps of the example there are fewer, and the learning rates fall over those.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import minigan as mg
from minigan.backend import synchronize, to_numpy
from minigan.data import Batches, load_mnist
from minigan.evaluation.table import evaluate, format_table
from minigan.gpucheck.parity import has_labels
from minigan.gpucheck.report import Report
from minigan.runs.folder import MODELS
from minigan.runs.pictures import image_grid, save_image

#: name of a GAN -> epochs and batch size of its example
GANS = {
    "mlp_gan": (35, 64),
    "dcgan": (12, 32),
    "conditional": (4, 32),
    "capsgan": (14, 32),
    "aegan": (9, 32),
    "wgan_gp": (8, 32),
}
#: what an example sets that is not the default of its model
SETTINGS: dict[str, dict[str, Any]] = {"mlp_gan": {"categories": 20, "d_hidden": (512, 256)}}
SAMPLES = 2000  # that the table is about
TIMED = 10  # steps from which it is foreseen how many there is time for
TRAINING = 0.7  # of the time that a run has; the rest is for the table
LEAST = 5.0  # seconds, below which a run is left out


def draw_digits(report: Report, device: str, folder: Path) -> None:
    """A row, a table and folder/name.png for each GAN; the time that is left is shared between them."""
    remaining = list(GANS)

    def draw(name: str) -> None:
        share = report.left() / len(remaining)
        remaining.remove(name)
        if share < LEAST:
            report.leave_out(f"a run of {name}", f"{report.seconds / 60:g} minutes are too few")
            return
        with mg.on(device):
            train_and_draw(report, name, TRAINING * share, folder)

    report.say()
    report.each("runs", GANS, draw, adapts=True)


def train_and_draw(report: Report, name: str, seconds: float, folder: Path) -> None:
    """A run of about so many seconds at most."""
    epochs, batch_size = GANS[name]
    images, labels = load_mnist("train")
    batches = Batches((images, labels) if has_labels(MODELS[name]) else images, batch_size)
    every = epochs * len(batches)
    steps = max(min(every, int(seconds / _seconds_of_a_step(name, batches))), 1)
    model, start = _new(name, steps), time.perf_counter()
    for batch in itertools.islice(_endless(batches), steps):
        metrics = model.train_step(batch)
    synchronize()
    took = time.perf_counter() - start
    losses = {key: float(to_numpy(number)) for key, number in metrics.items()}
    if not np.isfinite(list(losses.values())).all():
        report.fail(f"a run of {name}: diverged, {losses}")
        return
    noise = np.random.default_rng(0).standard_normal((SAMPLES, model.latent_size))
    samples = model.sample(SAMPLES, noise)
    save_image(folder / f"{name}.png", image_grid(samples[:100]))
    table = evaluate(samples, short=True)
    report.add(
        "runs",
        name=name, steps=steps, **{"steps of the example": every, "seconds": took}, last=losses,
        table={row.name: {"samples": row.samples, "real images": row.baseline} for row in table},
    )  # fmt: skip
    report.say(f"{name}: {steps:,} of {every:,} steps in {took:.0f} s, drawn in {name}.png")
    report.say(format_table(table) + "\n")


def _new(name: str, steps: int) -> Any:
    """The model of a run: seed 0, and learning rates that fall over its steps, if they do so by default."""
    mg.seed(0)
    falling = {"decay_steps": steps} if MODELS[name].decay_steps else {}
    return MODELS[name](**SETTINGS.get(name, {}), **falling)


def _seconds_of_a_step(name: str, batches: Batches) -> float:
    model, some = _new(name, TIMED), _endless(batches)
    model.train_step(next(some))
    synchronize()
    start = time.perf_counter()
    for batch in itertools.islice(some, TIMED):
        model.train_step(batch)
    synchronize()
    return (time.perf_counter() - start) / TIMED


def _endless(batches: Batches) -> Iterator[Any]:
    return itertools.chain.from_iterable(map(batches.epoch, itertools.count()))
