"""The operations and the models on a device and on the CPU, from the same numbers, in float64 and in float32.

What is reported is the largest difference, relative to the largest number of each array.  Rounding makes
differences of about 1e-15 in float64 and 1e-6 in float32; a step of training makes them larger, because it
divides by small numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minigan as mg
from minigan.autograd import Tensor, grad
from minigan.backend import is_array, to_device, to_numpy
from minigan.gpucheck.report import Report
from minigan.gradcheck.cases import Case, all_cases
from minigan.layers import Layer
from minigan.optimizers import Optimizer

#: the largest difference that is rounding, of an operation and of two steps of a model
ALLOWED: dict[Any, float] = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-3}
ALLOWED_OF_STEPS: dict[Any, float] = {np.dtype(np.float64): 1e-7, np.dtype(np.float32): 1e-2}


def check_operations(report: Report, device: str) -> None:
    """Every sample call of every primitive, with its gradients: a row and a line for each."""
    cases = all_cases()

    def check(name: str) -> None:
        worst = {}
        for dtype in ALLOWED:
            expected, found = on_both(device, _values_and_gradients, cases[name], dtype)
            worst[dtype] = max(map(difference, found, expected))
        report_differences(report, name, worst, ALLOWED)
        report.add("operations", name=name, **{str(dtype): number for dtype, number in worst.items()})
        report.say(f"{name:<36}" + "".join(f"{number:>10.1e}" for number in worst.values()))

    report.say(f"{'operation':<36}{'float64':>10}{'float32':>10}")
    report.each("operations", cases, check)


def on_both(device: str, f: Callable[..., Any], *args: Any) -> tuple[Any, Any]:
    """What f(*args) returns on the CPU, and on the device."""
    with mg.on("cpu"):
        expected = f(*args)
    with mg.on(device):
        return expected, f(*args)


def report_differences(report: Report, name: str, worst: dict[Any, float], allowed: dict[Any, float]) -> None:
    """A failure for each precision in which the difference is larger than rounding."""
    for dtype, number in worst.items():
        if not number <= allowed[dtype]:
            report.fail(f"{name}: differs by {number:.1e} in {dtype}, expected {allowed[dtype]:.0e} at most")


def _values_and_gradients(cases: list[Case], dtype: Any) -> list[list[np.ndarray]]:
    """The value and the gradients of each case."""
    found = []
    for f, arrays in cases:
        xs = [Tensor(to_device(a.astype(dtype))) for a in arrays]
        y = f(*xs)
        found.append([to_numpy(a) for a in (y, *grad(y.sum(), xs))])
    return found


def difference(found: list[np.ndarray], expected: list[np.ndarray]) -> float:
    """The largest |a - b| of two lists of arrays, relative to the largest |b| of its array; inf for a nan."""
    parts = [
        float(np.abs(a - b).max() / (np.abs(b).max() or 1))
        for a, b in zip(found, expected, strict=True)
        if b.size
    ]
    return max((np.inf if np.isnan(part) else part for part in parts), default=0.0)


def model_differences(
    report: Report, device: str, name: str, make: Callable[[], Any], images: np.ndarray
) -> dict[Any, float]:
    """dtype -> the largest difference after two steps of a model: of its losses and of four samples."""
    worst = {}
    for dtype in ALLOWED_OF_STEPS:
        (*_, expected), (*_, found) = on_both(device, two_steps, make, images.astype(dtype))
        worst[dtype] = difference(found, expected)
    report_differences(report, f"two steps of {name}", worst, ALLOWED_OF_STEPS)
    return worst


def difference_of_equal_runs(device: str, make: Callable[[], Any], images: np.ndarray) -> float:
    """The largest difference between two runs of two steps from the same seed; 0 if all bits are the same.

    Compared is all that a checkpoint holds: networks and optimizers.
    """

    def everything() -> list[np.ndarray]:
        model, _, _ = two_steps(make, images)
        states = [part.state() for part in (*model.networks.values(), *model.optimizers.values())]
        return [array for state in states for array in state.values()]

    with mg.on(device):
        one, other = everything(), everything()
    if all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True)):
        return 0.0
    return difference(one, other)


def two_steps(make: Callable[[], Any], images: np.ndarray) -> tuple[Any, Any, list[np.ndarray]]:
    """A new model with the precision of the images, its batch, and what it returns after two steps."""
    mg.seed(0)
    model = make()
    for part in (*model.networks.values(), *model.optimizers.values()):
        in_precision(part, images.dtype)
    batch = batch_of(model, images)
    for _ in range(2):
        metrics = model.train_step(batch)
    noise = np.random.default_rng(1).standard_normal((4, model.latent_size))
    return model, batch, [*[to_numpy(number) for number in metrics.values()], model.sample(4, noise)]


def batch_of(model: Any, images: np.ndarray) -> Any:
    """What a model is trained with: images, and labels or other images if it needs them."""
    if has_labels(model):
        return images, np.arange(len(images)) % getattr(model, "classes", 10)
    return (images, -images) if hasattr(model, "translate") else images


def has_labels(model: Any) -> bool:
    """Whether a model, or a class of models, is trained with labels."""
    return hasattr(model, "classes") or hasattr(model, "conditions")


def in_precision(value: Any, dtype: Any) -> Any:
    """The same value, in which every weight, running statistic and slot of an optimizer has this dtype."""
    if isinstance(value, Tensor):
        value.data = value.data.astype(dtype, copy=False)
    elif is_array(value) and value.dtype.kind == "f":
        return value.astype(dtype, copy=False)
    elif isinstance(value, list | tuple):
        return type(value)(in_precision(part, dtype) for part in value)
    elif isinstance(value, dict):
        return {name: in_precision(part, dtype) for name, part in value.items()}
    elif isinstance(value, Layer | Optimizer):
        vars(value).update(in_precision(vars(value), dtype))
    return value
