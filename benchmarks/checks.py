"""What the checks of arguments cost in a training step: its own calls of them, recorded and made again.

For each model of the examples, at their batch size: how many calls of `minigan/checks.py`, and of what makes an
array of an argument, a step makes, and the processor time of these calls beside that of the step.

    OPENBLAS_NUM_THREADS=1 python benchmarks/checks.py
"""

import functools
import inspect
import sys
import time

import numpy as np

import minigan as mg
from minigan import backend, checks
from minigan.data import load_mnist
from minigan.models import AEGAN, DCGAN, MLPGAN, VAE, CapsGAN

MODELS = {MLPGAN: 64, DCGAN: 32, CapsGAN: 32, AEGAN: 32, VAE: 64}
BLOCKS = 20


def recorded(step):
    """[(check, args, keywords), ...] of one step; what a check calls itself is part of it."""
    functions = [
        f for _, f in inspect.getmembers(checks, inspect.isfunction) if f.__module__ == checks.__name__
    ]
    functions += [backend.shaped, backend.asarray]
    calls, inside = [], [False]

    def recorder(check):
        @functools.wraps(check)
        def recording(*args, **keywords):
            if inside[0]:
                return check(*args, **keywords)
            calls.append((check, args, keywords))
            inside[0] = True
            try:
                return check(*args, **keywords)
            finally:
                inside[0] = False

        return recording

    places = [
        (module, name, value)
        for module in [m for key, m in sys.modules.items() if key.startswith("minigan")]
        for name, value in vars(module).items()
        if any(value is f for f in functions)
    ]
    try:
        for module, name, check in places:
            setattr(module, name, recorder(check))
        step()
    finally:
        for module, name, check in places:
            setattr(module, name, check)
    return calls


def cpu(f):
    """Seconds of processor time."""
    start = time.process_time()
    f()
    return time.process_time() - start


def main():
    print(f"{'':10}{'checks':>8}{'ms':>8}{'step ms':>9}{'share':>8}")
    images = load_mnist()[0]
    for kind, n in MODELS.items():
        mg.seed(0)
        model = kind()

        def step(model=model, n=n):
            model.train_step(images[:n])

        step()
        calls = recorded(step)

        def again(calls=calls):
            for check, args, keywords in calls:
                check(*args, **keywords)

        times = [(min(cpu(again) for _ in range(5)), min(cpu(step) for _ in range(2))) for _ in range(BLOCKS)]
        ours, whole = 1e3 * np.median(times, axis=0)
        print(f"{kind.__name__:10}{len(calls):8}{ours:8.3f}{whole:9.2f}{ours / whole:8.2%}", flush=True)


if __name__ == "__main__":
    main()
