"""What `test_parallel.py` starts with mpiexec: each process writes what it got into FOLDER/rankN.npz.

mpiexec -n 2 python parallel_worker.py SCENARIO FOLDER
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np

import minigan as mg
from minigan.autograd import grad
from minigan.backend import normal
from minigan.data import Batches
from minigan.layers import ELU, Dense, Dropout, GaussianNoise, Sequential
from minigan.losses import gradient_penalty, mean_squared_error
from minigan.models import DCGAN
from minigan.optimizers import Adam
from minigan.training import fit
from minigan.training.parallel import mpi_group

N, BATCH, EPOCHS = 48, 12, 2  # 8 steps


class Noisy:
    """No batch statistics, but every kind of noise; float64, so that an error is not lost in rounding."""

    def __init__(self):
        self.net = Sequential(Dense(5, 8), GaussianNoise(0.1), ELU(), Dropout(0.3), Dense(8, 1))
        for p in self.net.parameters():
            p.data = p.data.astype(np.float64)
        self.optimizer = Adam(self.net.parameters(), 0.01, clip_norm=0.5)
        self.networks, self.optimizers = {"net": self.net}, {"net": self.optimizer}
        self.seen = []  # the examples, by their number

    def train_step(self, batch):
        number, x, target = batch
        self.seen += number.tolist()
        y = self.net(x + normal(x.shape), training=True)
        loss = mean_squared_error(y, target) + gradient_penalty(self.net, x, x * x)
        self.optimizer.step(grad(loss, self.net.parameters()))
        return {"loss": loss.data}


def numbers():
    rng = np.random.default_rng(1)
    return np.arange(N), rng.standard_normal((N, 5)), rng.standard_normal((N, 1))


def train_noisy(out, group=None, resume=False, before_step=None, **batches):
    """Train a new one and return it."""
    mg.seed(3)
    model = Noisy()
    original = model.train_step

    def train_step(batch):
        if before_step:
            before_step(model.optimizer.steps)
        return original(batch)

    model.train_step = train_step
    batches = {"arrays": numbers(), "batch_size": BATCH, "seed": 2, "epochs": EPOCHS} | batches
    epochs = batches.pop("epochs")
    fit(model, Batches(**batches), epochs, out, resume, log_every=2, group=group)
    return model


def train_dcgan(out, group):
    """With batch normalization and MinibatchStdDev; started from other weights on every rank."""
    mg.seed(group.rank)
    model = DCGAN(image_size=4, width=2, latent_size=3, sorts=2)
    images = np.random.default_rng(0).uniform(-1, 1, (24, 4, 4, 1)).astype(np.float32)
    fit(model, Batches(images, 12), 3, out, group=group)
    return model


def state(model):
    return {
        f"{name}/{key}": array
        for name, part in [*model.networks.items(), *model.optimizers.items()]
        for key, array in part.state().items()
    }


def at(step, rank, group, action):
    """Do `action` on this rank before this step."""
    return lambda now: action() if (now, group.rank) == (step, rank) else None


def die():
    raise ValueError("something is wrong here")


def main(scenario, folder):
    group = mpi_group()
    if scenario == "train":
        straight = train_noisy(folder / "straight", group)
        interrupt = at(4, group.size - 1, group, lambda: signal.raise_signal(signal.SIGINT))
        stopped = train_noisy(folder / "stopped", group, before_step=interrupt)
        resumed = train_noisy(folder / "stopped", group, resume=True)
        rng = np.random.default_rng(group.rank)
        found = {
            "seen": straight.seen,
            "steps_before_the_interruption": stopped.optimizer.steps,
            "mean": np.concatenate(
                [m.reshape(-1) for m in group.mean([rng.random((3, 5)), rng.random(1000)])]
            ),
        }
        for name, model in [
            ("straight", straight),
            ("resumed", resumed),
            ("dcgan", train_dcgan(folder / "dcgan", group)),
        ]:
            found |= {f"{name}:{key}": array for key, array in state(model).items()}
        np.savez(folder / f"rank{group.rank}.npz", **found)
        print(f"rank {group.rank} has written")
    elif scenario.startswith("other "):
        others = {
            "seed": 5,
            "batch_size": 24,
            "epochs": 3,
            "examples": tuple(a[:24] for a in numbers()),
            "data": tuple(-a for a in numbers()),
        }
        what = scenario.removeprefix("other ")
        name = "arrays" if what in ("data", "examples") else what
        train_noisy(folder / "run", group, **({name: others[what]} if group.rank == 1 else {}))
    else:
        action = {
            "raise": die,
            "exit": lambda: sys.exit("error: there is nothing to do"),
            "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
            "diverge": lambda: None,
        }[scenario]
        if scenario == "diverge":
            Noisy.train_step = lambda self, batch: {"loss": np.array(np.nan)}
        train_noisy(folder / "run", group, before_step=at(6, 1, group, action))  # in the second epoch


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
