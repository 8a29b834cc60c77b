"""Step times of the same networks in minigan and in PyTorch, on the same device.

The networks are those of the folder benchmarks, which compares the two on a CPU.  PyTorch makes everything on the
device, its noise as well; minigan uploads noise, and the batches of AEGAN, CapsGAN and CapsNet.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import minigan as mg
from minigan.backend import synchronize
from minigan.gpucheck.report import Report
from minigan.gpucheck.steps import seconds_of
from minigan.models import AEGAN

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PART = "step times beside PyTorch"
BLOCKS = 3  # of each contestant, in turn; the first warms up, and the fastest of the others counts
NAMES = ("minigan", "PyTorch", "PyTorch, fused Adam")

#: a function that makes minigan's step, and one that makes PyTorch's with its default Adam or with its fused one
Pair = tuple[Callable[[], Callable], Callable[[bool], Callable]]


def compare(report: Report, device: str, where: str = "cuda") -> None:
    """A row and a line for each pair of `contestants`; `where` is PyTorch's name of the device."""
    report.say()
    if why := missing(where):
        report.leave_out(PART, why)
        return
    import torch

    pairs = contestants()

    def measure(title: str) -> None:
        ours, theirs = pairs[title]
        with torch.device(where), mg.on(device):
            seconds = times([ours(), theirs(False), theirs(True)], where)
        milliseconds = {f"{name} ms": 1e3 * t for name, t in zip(NAMES, seconds, strict=True)}
        report.add("beside PyTorch", name=title, **milliseconds)
        report.say(f"{title:<36}" + "".join(f"{t:>19.2f} ms" for t in milliseconds.values()))

    report.facts["torch"] = torch.__version__
    report.say(f"{'a step, batch 64':<36}" + "".join(f"{name:>22}" for name in NAMES))
    report.each(PART, pairs, measure)


def missing(where: str) -> str:
    """Why there is no comparison, in words; the empty string if there can be one."""
    if importlib.util.find_spec("torch") is None:
        return "PyTorch is not installed"
    if not (BENCHMARKS / "mlp_gan.py").exists():
        return f"there is no {BENCHMARKS}, which comes with the source"
    import torch

    return "" if where != "cuda" or torch.cuda.is_available() else "the installed PyTorch cannot use the GPU"


def times(steps: list[Callable], where: str) -> list[float]:
    """The time of a step of each, the shortest mean of a block; blocks of one and of the others in turn."""
    import torch

    def wait() -> None:
        synchronize()
        if where == "cuda":
            torch.cuda.synchronize()

    blocks = [[seconds_of(step, wait) for step in steps] for _ in range(1 + BLOCKS)]
    return [min(column) for column in zip(*blocks[1:], strict=True)]


def contestants() -> dict[str, Pair]:
    """title -> what to compare; what they make must be made, and called, where the two devices are chosen."""
    if str(BENCHMARKS) not in sys.path:  # its files import one another
        sys.path.append(str(BENCHMARKS))
    mlp_gan, dcgan, aegan, capsules = map(importlib.import_module, ("mlp_gan", "dcgan", "aegan", "capsules"))
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((64, 784), dtype=np.float32)
    images = rng.uniform(-1, 1, (64, 28, 28, 1)).astype(np.float32)

    def minigan_aegan() -> Callable[[], Any]:
        model = AEGAN()
        return lambda: model.train_step(images)

    return {
        "MLP GAN": (
            lambda: mlp_gan.minigan_step(vectors, True),
            lambda fused: mlp_gan.torch_step(vectors, True, fused),
        ),
        "DCGAN": (lambda: dcgan.minigan_step("transpose"), lambda best: dcgan.torch_step("transpose", best)),
        "AEGAN": (minigan_aegan, lambda fused: aegan.torch_step(images, fused)),
        "CapsGAN": (capsules.minigan_capsgan, capsules.torch_capsgan),
        "CapsNet": (lambda: capsules.minigan_capsnet({}), lambda best: capsules.torch_capsnet({}, best)),
    }
