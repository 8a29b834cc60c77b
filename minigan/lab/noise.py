"""OwnNoise: the random numbers of a training, which go on where they were, whatever else draws numbers meanwhile."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from minigan import backend


class OwnNoise:
    """The base of what trains here; `noise_bits` is the state of its random generator."""

    noise_bits: Mapping[str, Any]

    @contextmanager
    def randomness(self) -> Iterator[None]:
        """Inside, the random generator of the package is ours; afterwards it is as it was."""
        bits = backend.generator.bit_generator
        before, bits.state = bits.state, self.noise_bits
        try:
            yield
        finally:
            self.noise_bits, bits.state = bits.state, before
