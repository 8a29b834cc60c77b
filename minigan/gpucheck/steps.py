"""A step of each model on a device and on the CPU: what it moves, how many calls it makes, how long it takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

import minigan as mg
from minigan.backend import module, synchronize
from minigan.gpucheck.parity import difference_of_equal_runs, model_differences, two_steps
from minigan.gpucheck.report import Report

STEPS = 20  # that are timed

#: Calls of one step that start work on the device, of each model as it is by default: counted on the stand-in for
#: CuPy of the tests (tests/strict_device.py), not on a GPU.  In a step that has a penalty there are more.
CALLS = {
    "mlp_gan": 359,
    "dcgan": 543,
    "wgan_gp": 548,
    "capsgan": 714,
    "capsnet": 324,
    "conditional": 529,
    "gan3d": 796,
    "cycle_gan": 2247,
    "image_to_image": 583,
    "transforming_autoencoder": 122,
    "aegan": 1398,
    "vae": 200,
}


def check_models(
    report: Report, device: str, models: Mapping[str, Callable[[], Any]], n: int, full: bool
) -> None:
    """A row and a line for each model: differences, times, transfers; the bits of equal runs and calls if `full`.

    models  name -> a function that makes one; its batches are n images of its image_shape
    """
    head = {"float64": 10, "float32": 10, "step here": 13, "on the CPU": 13, "uploads": 10, "downloads": 11}
    head |= {"calls*": 8, "same bits": 11} if full else {}

    def check(name: str) -> None:
        images = images_for(models[name], n)
        worst = model_differences(report, device, name, models[name], images)
        found = a_step(device, models[name], images.astype(np.float32))
        line = f"{name:<36}" + "".join(f"{number:>10.1e}" for number in worst.values())
        line += f"{found['step ms']:>10.1f} ms{found['CPU step ms']:>10.1f} ms"
        line += f"{found['uploads']:>10}{found['downloads']:>11}"
        if full:
            apart = difference_of_equal_runs(device, models[name], images.astype(np.float32))
            found |= {"calls on the stand-in": CALLS.get(name), "difference of equal runs": apart}
            line += f"{CALLS.get(name, '?'):>8}{f'{apart:.0e}' if apart else 'yes':>11}"
        report.add("models", name=name, **{str(dtype): number for dtype, number in worst.items()}, **found)
        report.say(line)

    report.say()
    report.say(f"{'two steps of':<36}" + "".join(f"{title:>{width}}" for title, width in head.items()))
    report.each("models", models, check)
    if full:
        report.say("* counted on the stand-in for CuPy of the tests, not here")


def images_for(make: Callable[[], Any], n: int) -> np.ndarray:
    """n images of noise, of the shape that the model which `make` makes is trained on."""
    with mg.on("cpu"):
        return np.random.default_rng(0).uniform(-1, 1, (n, *make().image_shape))


def a_step(device: str, make: Callable[[], Any], images: np.ndarray) -> dict[str, Any]:
    """What a step costs here and on the CPU, after two others."""
    with mg.on("cpu"):
        model, batch, _ = two_steps(make, images)
        there = seconds_of(lambda: model.train_step(batch))
    with mg.on(device):
        model, batch, _ = two_steps(make, images)
        with crossings(module(device)) as counts:
            model.train_step(batch)
        here = seconds_of(lambda: model.train_step(batch))
    return {"step ms": 1e3 * here, "CPU step ms": 1e3 * there, **vars(counts)}


def seconds_of(step: Callable[[], object], wait: Callable[[], object] = synchronize) -> float:
    """The mean time of a step, of STEPS in a row; the GPU is waited for before and after them."""
    wait()
    start = time.perf_counter()
    for _ in range(STEPS):
        step()
    wait()
    return (time.perf_counter() - start) / STEPS


@contextmanager
def crossings(library: Any) -> Iterator[SimpleNamespace]:
    """The number of uploads and downloads that are asked of an array library inside the with-block.

    They are counted where they pass: `asarray`, and `get` of an array, which float() and print() call, too.
    """
    counts = SimpleNamespace(uploads=0, downloads=0)
    asarray, get = library.asarray, library.ndarray.get

    def upload(*args: Any, **keywords: Any) -> Any:
        counts.uploads += 1
        return asarray(*args, **keywords)

    def download(*args: Any, **keywords: Any) -> Any:
        counts.downloads += 1
        return get(*args, **keywords)

    library.asarray, library.ndarray.get = upload, download
    try:
        yield counts
    finally:
        library.asarray, library.ndarray.get = asarray, get
