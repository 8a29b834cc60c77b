"""What does it cost to record an operation and to walk back through it?  Against PyTorch eager.

Chains of a hundred operations of one kind on 8x8 numbers, where the arithmetic costs next to nothing, with the
gradients of everything that can have one.  Needs the `bench` extra.  Run on an idle machine:

    python benchmarks/small_ops.py
"""

import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from timing import machine, measure

import minigan as mg
from minigan import ops

LENGTH = 100  # of a chain
RNG = np.random.default_rng(0)
NEAR_ONE = (1 + RNG.standard_normal((8, 8)) / 100).astype(np.float32)  # powers of these stay finite,
ROTATION = np.linalg.qr(RNG.standard_normal((8, 8)))[0].astype(np.float32)  # and of this

#: the kinds of operations: (name, the operation on y with the functions of a library, its second operand)
KINDS: list[tuple[str, Callable[[Any, Any, Any], Any], np.ndarray | None]] = [
    ("y + a", lambda of, y, a: y + a, NEAR_ONE),
    ("y + a row", lambda of, y, row: y + row, NEAR_ONE[0]),
    ("y - a", lambda of, y, a: y - a, NEAR_ONE),
    ("y * a", lambda of, y, a: y * a, NEAR_ONE),
    ("y / a", lambda of, y, a: y / a, NEAR_ONE),
    ("y @ a", lambda of, y, a: y @ a, ROTATION),
    ("y.T", lambda of, y, a: y.T, None),
    ("tanh(y)", lambda of, y, a: of.tanh(y), None),
    ("sigmoid(y)", lambda of, y, a: of.sigmoid(y), None),
    ("relu(y)", lambda of, y, a: of.relu(y), None),
]


def chains(operation, operand) -> tuple[Callable, Callable, Callable, Callable]:
    """Forward and backward, and forward alone, in minigan and in PyTorch; for the same numbers."""
    values = [NEAR_ONE, *([operand] if operand is not None else [])]
    ours = [mg.Tensor(value) for value in values]
    theirs = [torch.tensor(value, requires_grad=True) for value in values]

    def forward(of, y, a=None):
        for _ in range(LENGTH):
            y = operation(of, y, a)
        return y

    return (
        lambda: mg.grad(forward(ops, *ours).sum(), ours),
        lambda: torch.autograd.grad(forward(torch, *theirs).sum(), theirs),
        lambda: forward(ops, *ours),
        lambda: forward(torch, *theirs),
    )


def main() -> None:
    print(machine(), end="\n\n")
    print(f"{'one operation on':16}{'forward and backward':>50}{'forward alone':>22}")
    print(
        f"{'8x8 numbers':16}{'minigan':>12}{'PyTorch':>12}{'minima':>12}{'medians':>12}{'minima':>12}{'medians':>12}"
    )
    rows = []
    for name, operation, operand in KINDS:
        ours, theirs, *forward = chains(operation, operand)
        for a, b in zip(ours(), theirs(), strict=True):
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-4, atol=1e-5)
        seconds = measure({"minigan": ours, "PyTorch": theirs}, calls=50)
        alone = measure(dict(zip(seconds, forward, strict=True)), calls=50)
        rows.append([*ratios(seconds), *ratios(alone)])
        low = "".join(f"{times[0] / LENGTH * 1e6:9.2f} µs" for times in seconds.values())
        print(f"{name:16}{low}" + "".join(f"{r:12.2f}" for r in rows[-1]), flush=True)
    print(f"{'mean':40}" + "".join(f"{statistics.mean(r):12.2f}" for r in zip(*rows, strict=True)))


def ratios(seconds: dict[str, list[float]]) -> tuple[float, float]:
    """minigan over PyTorch, by minima and by medians."""
    ours, theirs = seconds.values()
    return ours[0] / theirs[0], statistics.median(ours) / statistics.median(theirs)


if __name__ == "__main__":
    main()
