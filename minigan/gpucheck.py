"""Does a GPU compute what the CPU computes, and how fast?  A report to read, or to send to somebody.

    python -m minigan.gpucheck

Every sample call of every primitive, with its gradients, and two training steps of every model are computed
on both, from the same numbers, in float64 and in float32.  Printed is the largest difference, relative to the
largest number of each array.  Rounding makes differences of about 1e-15 in float64 and 1e-6 in float32; a step of
training makes them larger, because it divides by small numbers.  For a step of each model it also says how long
it takes here and on the CPU, and how often arrays cross between the two: up should go the batch and the noise,
and nothing down.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

import minigan as mg
from minigan.autograd import Tensor, grad
from minigan.backend import cuda_status, module, synchronize, to_device, to_numpy
from minigan.gradcheck.cases import all_cases
from minigan.runs.folder import MODELS

#: the largest difference that is rounding, of an operation and of two steps of a model
ALLOWED: dict[Any, float] = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-3}
ALLOWED_OF_STEPS: dict[Any, float] = {np.dtype(np.float64): 1e-7, np.dtype(np.float32): 1e-2}
STEPS = 20  # that are timed


def main(
    device: str = "cuda",
    models: Mapping[str, Callable[[], Any]] = MODELS,
    shape: tuple[int, ...] = (64, 28, 28, 1),
) -> int:
    """Print the report; 1 if `device` cannot be used or differs from the CPU, else 0.

    models  name -> a function that makes one; each takes batches of `shape` (N, H, W, C)
    """
    if device == "cuda" and cuda_status():
        print(f"There is nothing to check. {cuda_status()}")
        return 1
    library = module(device)
    print(f"minigan {mg.__version__}, Python {platform.python_version()}, NumPy {np.__version__}")
    print(f"device {device}: {_name_of(library)}\n")
    failures = [*_check_operations(device), *_check_models(device, models, shape)]
    print(*failures, f"{len(failures)} failures", sep="\n")
    return 1 if failures else 0


def _name_of(library: Any) -> str:
    version = getattr(library, "__version__", "")
    if not hasattr(library, "cuda") or not hasattr(library.cuda, "runtime"):
        return f"a stand-in for CuPy {version}".strip()
    properties = library.cuda.runtime.getDeviceProperties(library.cuda.Device().id)
    return f"{properties['name'].decode()}, CuPy {version}"


def _check_operations(device: str) -> list[str]:
    failures = []
    print(f"{'operation':<26}{'float64':>10}{'float32':>10}")
    for name, cases in all_cases().items():
        worst = {}
        for dtype, allowed in ALLOWED.items():
            with mg.on("cpu"):
                expected = [_value_and_gradients(f, arrays, dtype) for f, arrays in cases]
            with mg.on(device):
                found = [_value_and_gradients(f, arrays, dtype) for f, arrays in cases]
            worst[dtype] = max(map(_difference, found, expected))
            if not worst[dtype] <= allowed:
                failures.append(
                    f"{name}: differs by {worst[dtype]:.1e} in {dtype}, expected {allowed:.0e} at most"
                )
        print(f"{name:<26}" + "".join(f"{number:>10.1e}" for number in worst.values()))
    return failures


def _value_and_gradients(f: Callable, arrays: list[np.ndarray], dtype: Any) -> list[np.ndarray]:
    xs = [Tensor(to_device(a.astype(dtype))) for a in arrays]
    y = f(*xs)
    return [to_numpy(a) for a in (y, *grad(y.sum(), xs))]


def _difference(found: list[np.ndarray], expected: list[np.ndarray]) -> float:
    """The largest |a - b| of two lists of arrays, relative to the largest |b| of its array; inf for a nan."""
    parts = [
        float(np.abs(a - b).max() / (np.abs(b).max() or 1))
        for a, b in zip(found, expected, strict=True)
        if b.size
    ]
    return max((np.inf if np.isnan(part) else part for part in parts), default=0.0)


def _check_models(device: str, models: Mapping[str, Callable[[], Any]], shape: tuple[int, ...]) -> list[str]:
    failures = []
    images = np.random.default_rng(0).uniform(-1, 1, shape)
    head = {"float64": 10, "float32": 10, "step here": 13, "on the CPU": 13, "uploads": 10, "downloads": 11}
    print(f"\n{'two steps of':<26}" + "".join(f"{title:>{width}}" for title, width in head.items()))
    for name, make in models.items():
        worst = {}
        for dtype, allowed in ALLOWED_OF_STEPS.items():
            with mg.on("cpu"):
                there, batch, expected = _two_steps(make, images.astype(dtype))
            with mg.on(device):
                here, batch, found = _two_steps(make, images.astype(dtype))
            worst[dtype] = _difference(found, expected)
            if not worst[dtype] <= allowed:
                failures.append(
                    f"{name}: differs by {worst[dtype]:.1e} after two steps in {dtype}, expected {allowed:.0e} at most"
                )
        with mg.on("cpu"):  # from here on in float32, the last of the two, in which models are trained
            seconds_there = _seconds(there, batch)
        with mg.on(device):
            with _crossings(module(device)) as crossings:
                here.train_step(batch)
            seconds = _seconds(here, batch)
        print(
            f"{name:<26}" + "".join(f"{number:>10.1e}" for number in worst.values()),
            f"{seconds * 1e3:>9.1f} ms{seconds_there * 1e3:>10.1f} ms{crossings.uploads:>10}{crossings.downloads:>11}",
        )
    return failures


def _two_steps(make: Callable[[], Any], images: np.ndarray) -> tuple[Any, Any, list[np.ndarray]]:
    """A new model with the precision of the images, its batch, and what it returns after two steps."""
    mg.seed(0)
    model = make()
    for part in (*model.networks.values(), *model.optimizers.values()):
        state = part.state().items()
        part.load_state({name: a.astype(images.dtype) if a.dtype.kind == "f" else a for name, a in state})
    batch: Any = images
    if hasattr(model, "classes"):  # it is trained with labels
        batch = images, np.arange(len(images)) % model.classes
    for _ in range(2):
        metrics = model.train_step(batch)
    noise = np.random.default_rng(1).standard_normal((4, model.latent_size))
    return model, batch, [*[to_numpy(number) for number in metrics.values()], model.sample(4, noise)]


def _seconds(model: Any, batch: Any) -> float:
    """The mean time of a step."""
    synchronize()
    start = time.perf_counter()
    for _ in range(STEPS):
        model.train_step(batch)
    synchronize()
    return (time.perf_counter() - start) / STEPS


@contextmanager
def _crossings(library: Any) -> Iterator[SimpleNamespace]:
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


if __name__ == "__main__":
    sys.exit(main())
