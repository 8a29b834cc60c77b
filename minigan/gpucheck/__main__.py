"""python -m minigan.gpucheck: does a GPU compute what the CPU computes, and how fast?

    python -m minigan.gpucheck            operations and models against the CPU, times of a step, transfers
    python -m minigan.gpucheck --full     and the bits of equal runs, PyTorch's times, a run of each GAN

With --full all of it is in a folder as well: report.txt, report.json, and a picture of each GAN.  What is done is
there at once, if it is stopped, too; what there is no time for is left out, and the report says so.
"""

from __future__ import annotations

import argparse
import datetime
import math
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import minigan as mg
from minigan.backend import cuda_status, module
from minigan.gpucheck import beside_torch, digits
from minigan.gpucheck.parity import check_operations
from minigan.gpucheck.report import Report
from minigan.gpucheck.steps import check_models
from minigan.runs.folder import MODELS, new_folder
from minigan.training.progress import end_quietly_without_a_reader

MINUTES = 5.0


def main(argv: Sequence[str] | None = None, device: str = "cuda") -> int:
    """Print the report; 1 if there is no GPU or something is wrong, 130 after Ctrl-C, else 0."""
    args = parsed(argv)
    if device == "cuda" and cuda_status():
        print(f"There is nothing to check. {cuda_status()}")
        return 1
    folder = (args.out or new_folder("gpucheck")) if args.full else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    report = Report(folder, args.minutes if args.full else math.inf)
    try:
        return check(report, device)
    except KeyboardInterrupt:
        print(f"stopped; what is done is in {folder}" if folder else "stopped")
        return 130


def parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m minigan.gpucheck",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--full", action="store_true", help="everything, and a folder with it (default: off)")
    add("--out", type=Path, metavar="FOLDER", help="of --full (default: a new one, runs/gpucheck)")
    minutes = f"that --full may take (default: {MINUTES:g}); what there is no time for is left out"
    add("--minutes", type=_positive, default=MINUTES, help=minutes)
    args = parser.parse_args(argv)
    if args.out and not args.full:
        parser.error("--out belongs to --full")
    if args.out and (args.out / "report.json").exists():
        parser.error(f"{args.out} holds a report already: choose another --out")
    return args


def _positive(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not 0 < minutes < math.inf:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number above 0")
    return minutes


def check(
    report: Report,
    device: str,
    models: Mapping[str, Callable[[], Any]] = MODELS,
    n: int = 64,
) -> int:
    """All parts, in the order of their importance, the last two if there is a folder; 1 after failures, else 0."""
    describe(report, device)
    check_operations(report, device)
    check_models(report, device, models, n, full=report.folder is not None)
    if report.folder is not None:
        beside_torch.compare(report, device)
        digits.draw_digits(report, device, report.folder)
        report.say(str(report.folder))
    return report.end()


def describe(report: Report, device: str) -> None:
    """The libraries and the machine, which the numbers belong to."""
    facts = {
        "minigan": mg.__version__,
        "fast bodies": os.environ.get("MINIGAN_FAST", "1") != "0",
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "device": name_of(module(device)),
        "CPU": f"{os.cpu_count()} of {platform.processor() or platform.machine()}",
        "time": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
    }
    report.facts |= facts
    report.say(f"minigan {mg.__version__}, Python {platform.python_version()}, NumPy {np.__version__}")
    report.say(f"device {device}: {facts['device']}; CPU: {facts['CPU']}; {facts['time']}\n")


def name_of(library: Any) -> str:
    version = getattr(library, "__version__", "")
    if not hasattr(library, "cuda") or not hasattr(library.cuda, "runtime"):
        return f"a stand-in for CuPy {version}".strip()
    runtime = library.cuda.runtime
    properties = runtime.getDeviceProperties(library.cuda.Device().id)
    versions = f"CUDA {runtime.runtimeGetVersion()}, driver {runtime.driverGetVersion()}"
    return f"{properties['name'].decode()}, CuPy {version}, {versions}"


if __name__ == "__main__":
    end_quietly_without_a_reader()
    sys.exit(main())
