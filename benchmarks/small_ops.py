"""What does it cost to record an operation and to walk back through it?  Against PyTorch eager.

A chain of tanh and multiply on 64 numbers, where the arithmetic costs next to nothing.  Needs the
`bench` extra.  Run on an idle machine:  python benchmarks/small_ops.py
"""

import numpy as np
import torch
from timing import machine, measure, report

import minigan as mg
from minigan import ops

PAIRS = 100  # of a multiply and a tanh


def main() -> None:
    print(machine(), end="\n\n")
    numbers = np.random.default_rng(0).standard_normal(64, dtype=np.float32)

    w = mg.Tensor(numbers)

    def ours_forward():
        y = w
        for _ in range(PAIRS):
            y = ops.tanh(y * w)
        return y

    def ours():
        return mg.grad(ours_forward().sum(), w)

    v = torch.tensor(numbers, requires_grad=True)

    def theirs_forward():
        y = v
        for _ in range(PAIRS):
            y = torch.tanh(y * v)
        return y

    def theirs():
        return torch.autograd.grad(theirs_forward().sum(), v)[0]

    difference = float(np.abs(ours() - theirs().numpy()).max())
    print(f"largest difference of the gradients: {difference:.1e}\n")
    count = 2 * PAIRS
    seconds = measure({"minigan": ours, "PyTorch": theirs}, calls=100)
    report("forward and backward, per operation", seconds, unit=1e-6, per=count)
    seconds = measure({"minigan": ours_forward, "PyTorch": theirs_forward}, calls=100)
    report("forward alone, per operation", seconds, unit=1e-6, per=count)


if __name__ == "__main__":
    main()
