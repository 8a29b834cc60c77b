"""Data-parallel training: bytes that are sent per step, measured efficiency, and a prediction for more ranks.

Every rank has one thread and the same share of every batch.  Two ways to use R ranks are told apart:

    shared   they share a batch of BATCH images, and a step should take 1/R of the time:  E = T_1 / (R T_R)
    grown    each has BATCH images, and a step should take as long as alone:              E = T_1 / T_R

T_R for two ranks is measured with mpiexec.  For more it is predicted as compute + network.  The compute time of
rank 0 of R is measured in one process, whose communicator only copies: its share of the images, the noise
of the whole batch, packing and unpacking of gradients.  The network is one link of Ethernet per rank, and
n bytes take by a ring allreduce (Patarasuk and Yuan 2009), or by the reduce-scatter and allgather of MPICH for
long messages (Thakur, Rabenseifner and Gropp 2005), which send as many bytes in fewer pieces,

    2 (R - 1) LATENCY + 2 (R - 1)/R · n / BANDWIDTH.

Waiting for slower ranks, and a switch that is busy, are not in it.  Needs mpi4py, an MPI and threadpoolctl
(pip install -e '.[mpi]' mpich threadpoolctl).  Run on two idle cores, about two minutes:

    python benchmarks/ranks.py
    python benchmarks/ranks.py --blocks 1     less exact, to see that it runs
"""

import argparse
import importlib.util
import os
import shutil
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from timing import in_own_process, machine

import minigan as mg
from minigan.backend import share
from minigan.data import load_mnist
from minigan.gpucheck.digits import SETTINGS
from minigan.models import AEGAN, DCGAN, MLPGAN, VAE, CapsGAN, Model
from minigan.training.parallel import ProcessGroup, mpi_group

LATENCY = 50e-6  # seconds from the sending of a small message to its arrival, through TCP and one switch
BANDWIDTH = 10e9 / 8  # bytes in a second, of a link of 10 Gbit/s
BATCH, RANKS = 64, (2, 8, 64)
STEPS, BLOCKS = 8, 5  # of a block, in which the penalties occur equally often; blocks after the first
MODELS = {
    "MLP GAN": lambda: MLPGAN(**SETTINGS["mlp_gan"]),
    "DCGAN": DCGAN,
    "CapsGAN": CapsGAN,
    "AEGAN": AEGAN,
    "VAE": VAE,
}
TIMED = ("MLP GAN", "DCGAN")
ALONE = [(1, BATCH), *((ranks, BATCH) for ranks in RANKS), *((ranks, ranks * BATCH) for ranks in RANKS)]
TOGETHER = [(2, BATCH), (2, 2 * BATCH)]  # (ranks, images in the whole batch)


class RankZero:
    """The communicator of rank 0 of `size` without the others: it counts what is sent, and copies."""

    rank = 0

    def __init__(self, size: int):
        self.size, self.messages = size, []  # the bytes of each

    def bcast(self, own):
        return own

    def Allreduce(self, own, total):
        self.messages.append(own.nbytes)
        np.multiply(own, self.size, out=total)


def network_seconds(messages: list[int], ranks: int) -> float:
    """The time that messages of so many bytes take between the ranks, one after the other."""
    return sum(2 * (ranks - 1) * (LATENCY + n / ranks / BANDWIDTH) for n in messages)


def sent(messages: list[int], ranks: int) -> float:
    """The bytes that each rank sends."""
    return 2 * (ranks - 1) / ranks * sum(messages)


def messages_of_step(model: Model) -> list[int]:
    """The bytes of each message of a step: the gradients of each optimizer, then running statistics and losses."""
    comm = RankZero(2)
    group = ProcessGroup(comm)
    with group.training(model), share(0, 2):
        group.synchronized(model, model.train_step(load_mnist()[0][:2]))
    return comm.messages


def seconds_of_step(model: Model, group: ProcessGroup, batch: int, blocks: int) -> float:
    """The median over blocks of the mean time of a step on a batch that the ranks share, all that `fit` does in it."""
    images, rng = load_mnist()[0], np.random.default_rng(0)
    found = []
    with group.training(model), share(group.rank, group.size):
        for _ in range(1 + blocks):
            start = time.perf_counter()
            for _ in range(STEPS):
                whole = images[rng.integers(len(images), size=batch)]  # every rank makes the whole batch
                group.synchronized(model, model.train_step(group.share(whole)))
            found.append((time.perf_counter() - start) / STEPS)
    return statistics.median(found[1:])


def times(name: str, together: bool, blocks: int) -> list[float]:
    """The seconds of a step for each of TOGETHER, with the other ranks, or of ALONE, without them."""
    found = []
    for ranks, batch in TOGETHER if together else ALONE:
        mg.seed(0)
        group = mpi_group() if together else ProcessGroup(RankZero(ranks) if ranks > 1 else None)
        found.append(seconds_of_step(MODELS[name](), group, batch, blocks))
    return found


def print_times(name: str, messages: list[int], blocks: int) -> None:
    """Both tables of a model."""
    command = [__file__, "--blocks", blocks, "--only", name]
    alone = dict(zip(ALONE, in_own_process(*command), strict=True))
    mpiexec = Path(sys.executable).with_name("mpiexec")
    mpiexec = str(mpiexec) if mpiexec.exists() else shutil.which("mpiexec")
    together = {}
    if mpiexec and importlib.util.find_spec("mpi4py"):
        row = in_own_process(*command, "--together", before=[mpiexec, "-n", 2])
        together = dict(zip(TOGETHER, row, strict=True))
    first = alone[1, BATCH]
    print(f"{name}: one rank, {BATCH} images: {1e3 * first:.1f} ms")
    print(
        f"{'ranks':>7}{'batch':>8}{'compute ms':>12}{'network ms':>12}{'predicted E':>13}{'measured ms':>13}{'E':>7}"
    )
    for ranks, batch in ALONE[1:]:
        compute, network = alone[ranks, batch], network_seconds(messages, ranks)
        ideal = first * batch / BATCH / ranks
        line = f"{ranks:>7}{batch:>8}{1e3 * compute:>12.2f}{1e3 * network:>12.2f}{ideal / (compute + network):>13.2f}"
        if (ranks, batch) in together:
            measured = together[ranks, batch]
            line += f"{1e3 * measured:>13.2f}{ideal / measured:>7.2f}"
        print(line)
    print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--blocks", type=int, default=BLOCKS, help="of eight steps, for each number")
    parser.add_argument("--only", help=argparse.SUPPRESS)  # a model, in its own process
    parser.add_argument("--together", action="store_true", help=argparse.SUPPRESS)  # started by mpiexec
    args = parser.parse_args()
    if args.only:
        print(*times(args.only, args.together, args.blocks))
        return
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # of the processes that are started below
    print(f"{machine(torch=False)}; each rank has one thread\n")
    print(
        f"{'bytes per step':<14}{'weights':>12}{'messages':>10}{'bytes':>12}"
        + "".join(f"{f'of {r}':>12}" for r in RANKS)
    )
    for name, make in MODELS.items():
        model = make()
        weights = sum(p.size for o in model.optimizers.values() for p in o.parameters)
        messages = messages_of_step(model)
        row = "".join(f"{sent(messages, ranks):>12,.0f}" for ranks in RANKS)
        print(f"{name:<14}{weights:>12,}{len(messages):>10}{sum(messages):>12,}{row}")
    print("\nof R: what each of R ranks sends, and receives as much\n", flush=True)
    for name in TIMED:
        print_times(name, messages_of_step(MODELS[name]()), args.blocks)


if __name__ == "__main__":
    main()
