"""Batches in an order that depends on the seed and the number of the epoch, and on nothing else.

No generator moves on from epoch to epoch, so there is no state to save: whoever knows (seed, epoch,
step) can continue a run in the middle of an epoch and gets the very batches that the interrupted run
would have got. Read before: nothing.
"""

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from minigan.checks import flag, whole


class Batches:
    """Cuts one array, or a tuple of arrays of the same length, into batches along the first axis.

        batches = Batches((images, labels), batch_size=64)
        for epoch in range(10):
            for x, label in batches.epoch(epoch):   # x (64, 28, 28, 1), label (64,)
                ...

    `len(batches)` is the number of batches in an epoch, `batches.n` that of examples. With
    `drop_last` the examples that fill no batch are left out; as the order changes, they are other
    ones in each epoch. Without it the last batch of an epoch may be smaller.

    There is deliberately no `for batch in batches`: it would have to repeat one epoch's order or to
    remember how often it was asked.

    Raises TypeError for anything but NumPy arrays, ValueError for arrays that are empty or of
    different lengths and for a batch size that no batch can have.
    """

    def __init__(
        self,
        arrays: np.ndarray | tuple[np.ndarray, ...],
        batch_size: int,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = True,
    ) -> None:
        self.arrays = arrays if isinstance(arrays, tuple) else (arrays,)
        self.single = not isinstance(arrays, tuple)
        for array in self.arrays:
            if not isinstance(array, np.ndarray):
                kind = type(array).__name__
                raise TypeError(f"Batches: expected a NumPy array or a tuple of them, got {kind}")
        shapes = [array.shape for array in self.arrays]
        if not shapes or any(not shape or not shape[0] for shape in shapes):
            raise ValueError(f"Batches: expected at least one example, got shapes {shapes}")
        if len({shape[0] for shape in shapes}) > 1:
            raise ValueError(f"Batches: expected arrays of the same length, got shapes {shapes}")
        self.n = shapes[0][0]
        batch_size = whole("Batches", batch_size=batch_size)
        self.shuffle, self.drop_last = flag("Batches", shuffle=shuffle, drop_last=drop_last)
        if drop_last and batch_size > self.n:
            raise ValueError(
                f"Batches: batch_size is {batch_size}, but there are {self.n} examples; with "
                "drop_last=True not one batch would be full"
            )
        self.batch_size = batch_size
        self.seed = whole("Batches", least=0, seed=seed)

    def __len__(self) -> int:
        full, rest = divmod(self.n, self.batch_size)
        return full if self.drop_last or not rest else full + 1

    def checksum(self) -> str:
        """A short name of the numbers in the arrays: other numbers almost certainly have another one."""
        crc = 0
        for array in self.arrays:
            crc = zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, crc)
        return f"{crc:08x}"

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Any]:
        """The batches of the epoch with this number, from batch number `start` on.

        Each is an array, or a tuple if this was made from a tuple, and a copy: it may be changed.
        """
        epoch, start = whole("Batches", least=0, epoch=epoch, start=start)
        if start > len(self):
            raise ValueError(f"Batches: start is {start}, expected 0 to {len(self)} batches")
        order, size = self.order(epoch), self.batch_size
        return (self._take(order[i * size : (i + 1) * size]) for i in range(start, len(self)))

    def order(self, epoch: int) -> np.ndarray:
        """The indices of all examples in the order of this epoch, (n,)."""
        if not self.shuffle:
            return np.arange(self.n)
        # A child of the seed, as SeedSequence.spawn makes them: independent of the other epochs and
        # of default_rng(seed), from which the weights of the same run may be drawn.
        child = np.random.SeedSequence(self.seed, spawn_key=(epoch,))
        return np.random.default_rng(child).permutation(self.n)

    def _take(self, index: np.ndarray) -> np.ndarray | tuple[np.ndarray, ...]:
        batch = tuple(array[index] for array in self.arrays)
        return batch[0] if self.single else batch
