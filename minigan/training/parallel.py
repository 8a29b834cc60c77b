"""Several processes train one model: each takes its share of every batch, and all take the same steps.

Read `optimizers` before it.

Every loss is a mean over the batch, L = 1/N Σ_n L_n.  In R equal shares, with L_r the mean over share r,

    L = 1/R Σ_r L_r,      dL/dp = 1/R Σ_r dL_r/dp:

the gradient for the whole batch is the mean of the gradients for the shares.  Processes that start from
the same weights and take the same steps keep the same weights, so gradients are all that they exchange
(Dean et al. 2012 and many before them; "synchronous data parallelism").  To be the run of one process that has
the whole batch, up to rounding, it takes four things:

* the examples: every rank makes the same batches and keeps its rows,
* the noise: every rank draws the noise of the whole batch and keeps its rows (`backend.share`),
* the gradients: averaged when they reach an optimizer, whatever the model does before or afterwards,
* buffers, which have no gradient (running statistics), and the losses: averaged after each step.

It is not the same run for layers that look at the batch as a whole: BatchNormalization in training and
MinibatchStdDev see the share of their rank.  The ranks still agree to the bit.  docs/design.md says more.
"""

from __future__ import annotations

import atexit
import functools
import io
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigan import backend
from minigan.backend import Array, asarray, synchronize, to_device, to_numpy
from minigan.ops.elementwise import value


class ParallelError(RuntimeError):
    """There is nobody to train together with."""


class ProcessGroup:
    """The processes that train together; `ProcessGroup()` is one process alone, for which nothing changes.

    comm       an MPI communicator, whose processes all call the same methods in the same order
    is_rank_0  True on rank 0, which alone writes files
    """

    def __init__(self, comm: Any = None) -> None:
        self.comm = comm
        self.rank: int = comm.rank if comm else 0
        self.size: int = comm.size if comm else 1
        self.is_rank_0 = self.rank == 0
        self.is_needed = self.size > 1  # the others wait for this process until its training is over

    @contextmanager
    def training(self, model: Any) -> Iterator[None]:
        """Inside the with-block the optimizers of `model` average their gradients.

        It starts from the weights, slots and random numbers of rank 0.
        """
        self.is_needed = self.size > 1
        if self.size > 1:
            for part in (*model.networks.values(), *model.optimizers.values()):
                part.load_state(self.comm.bcast(part.state()))
            bits = backend.generator.bit_generator
            bits.state = self.comm.bcast(bits.state)
            for optimizer in model.optimizers.values():
                optimizer.average = self.mean
        try:
            yield
        finally:
            for optimizer in model.optimizers.values():
                optimizer.average = None
        self.is_needed = False  # not so if an exception came by

    def share(self, batch: Any) -> Any:
        """This rank's share of a batch, an array or a tuple of arrays."""
        if self.size == 1:
            return batch
        if isinstance(batch, tuple):
            return tuple(array[self.rows(len(array))] for array in batch)
        return batch[self.rows(len(batch))]

    def synchronized(self, model: Any, metrics: Mapping[str, Any]) -> Mapping[str, Any]:
        """The means over all ranks of what a step has reported; likewise, in place, of running statistics."""
        if self.size == 1:
            return metrics
        buffers = [array for network in model.networks.values() for array in network.buffers()]
        means = self.mean([*buffers, *(asarray(value(number)) for number in metrics.values())])
        for array in buffers:
            array[...] = means.pop(0)
        return dict(zip(metrics, means, strict=True))

    def rows(self, n: int) -> slice:
        """This rank's share of n examples.  Raises ValueError if they cannot be shared equally."""
        if n % self.size:
            raise ValueError(f"{self.size} processes cannot share a batch of {n} examples equally")
        return slice(self.rank * n // self.size, (self.rank + 1) * n // self.size)

    def mean(self, arrays: Sequence[Array]) -> list[Array]:
        """The mean of each array over all ranks, by one message, with the same bits on every rank."""
        flat = np.concatenate([array.reshape(-1) for array in arrays])
        flat /= self.size
        if isinstance(flat, np.ndarray) or self._reads_gpus():
            synchronize()  # MPI does not wait for what a GPU has yet to compute
            total = np.empty_like(flat)
            self.comm.Allreduce(flat, total)
        else:
            host = to_numpy(flat)
            on_host = np.empty_like(host)
            self.comm.Allreduce(host, on_host)
            total = to_device(on_host)
        means, start = [], 0
        for array in arrays:
            piece = total[start : start + array.size]
            means.append(piece.reshape(array.shape).astype(array.dtype, copy=False))
            start += array.size
        return means

    def all_gather(self, own: Any) -> list[Any]:
        """What every rank has, once all have got here."""
        return [own] if self.size == 1 else self.comm.allgather(own)

    def broadcast(self, own: Any) -> Any:
        """What rank 0 has, once all ranks have got here."""
        return self.all_gather(own)[0]

    def require_equal(self, **values: Any) -> None:
        """Raises ParallelError unless every rank has got the same."""
        for rank, found in enumerate(self.all_gather(values)):
            for name, own in values.items():
                if found.get(name) != own:
                    raise ParallelError(
                        f"{name} is {own} on rank {self.rank}, but {found.get(name)} on rank {rank}: "
                        "start all processes with the same flags and the same data"
                    )

    def _reads_gpus(self) -> bool:
        """True if this MPI says that it takes arrays on a GPU (MPI 4.1, "memory allocation kinds")."""
        return "cuda" in (self.comm.Get_info().Get("mpi_memory_alloc_kinds") or "")


@functools.cache
def mpi_group() -> ProcessGroup:
    """The processes that `mpiexec -n 2 python ...` has started; give it to `fit`.

    From here on only rank 0 speaks: what the others print is dropped.  A process that ends before `fit`
    does takes all others with it (they would wait forever), and says why.

    Raises ParallelError, in words, if mpi4py or its MPI is missing, or if this process is alone.
    """
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise ParallelError("mpi4py is not installed: pip install 'minigan[mpi]'") from error
    except RuntimeError as error:
        raise ParallelError(f"mpi4py finds no MPI; pip install mpich brings one. {error}") from error
    if MPI.COMM_WORLD.size == 1:
        version = " ".join(MPI.Get_library_version().split("\n")[0].split())
        raise ParallelError(
            "this process is alone: start several with mpiexec -n 2 python ..., where mpiexec is of the MPI that "
            f"mpi4py uses ({version})"
        )
    group, stderr, unsaid = ProcessGroup(MPI.COMM_WORLD), sys.stderr, io.StringIO()
    if not group.is_rank_0:
        sys.stdout, sys.stderr = open(os.devnull, "w"), unsaid  # noqa: SIM115 - until the program ends

    @atexit.register
    def end() -> None:
        if group.is_needed:
            if not group.is_rank_0:
                time.sleep(2)  # if rank 0 has the same to say, let it: it ends this process, too
            end = f"rank {group.rank} of {group.size} has stopped, and so the run ends"
            print(unsaid.getvalue() + end, file=stderr, flush=True)
            time.sleep(0.5)  # until mpiexec has passed it on: what is under way when it ends is lost
            group.comm.Abort(1)

    return group
