"""Model: a dataclass of settings that trains networks, and draws samples.

Part I; read `layers.base` and `optimizers.base` before it.  The fields of the dataclass are the settings;
`__post_init__` makes networks and optimizers, as attributes; `train_step` takes a step with them.  All else is
read off the attributes (`parts`): the settings, networks and optimizers by name, and how they are saved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from minigan.autograd import no_grad
from minigan.backend import Array, normal, to_device, to_numpy
from minigan.checks import images, whole
from minigan.models.parts import Parts

CHUNK = 500  # examples that a network sees at once outside of training, to keep the memory small


class Model(Parts):
    """The base of every model; subclasses are dataclasses with a `latent_size`, `train_step` and `generate`.

    curves  title of a panel -> those of the numbers of `train_step` that are drawn in it
    """

    curves: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def train_step(self, batch: Any) -> dict[str, Any]:
        """One step on a batch; what is to be reported of it, name -> number."""
        raise TypeError(f"{type(self).__name__} defines no train_step")

    def checked(self, x: Any) -> Any:
        """Examples x (N, ...) as float32, where they are: images (N, *image_shape) if the model has an image_shape.

        Raises TypeError or ValueError for others, for none at all, and for numbers that are not finite.
        """
        who, shape = type(self).__name__, getattr(self, "image_shape", None)
        if shape is not None:
            x = images(who, tuple(shape), x)
        elif getattr(getattr(x, "dtype", None), "kind", None) != "f" or x.ndim < 2 or not len(x):
            raise ValueError(f"{who}: expected a batch (N, ...) of floating-point numbers, N at least 1")
        elif isinstance(x, np.ndarray) and not np.isfinite(x).all():
            raise ValueError(f"{who}: not all numbers of the batch are finite")
        return x.astype(np.float32, copy=False)

    def generate(self, z: Array) -> Any:
        """The examples (N, ...) that `sample` draws from latents z (N, latent_size)."""
        raise TypeError(f"{type(self).__name__} defines no generate")

    def sample(self, n: int, noise: np.ndarray | None = None) -> np.ndarray:
        """n examples on the host, images (n, H, W, C) in [-1, 1]; from `noise` (n, latent_size) if it is given."""
        size = self.latent_size  # type: ignore[attr-defined]
        n = whole("sample", n=n)
        noise = to_numpy(normal((n, size))) if noise is None else np.asarray(noise)
        if noise.shape != (n, size):
            raise ValueError(f"sample: noise has shape {noise.shape}, expected {(n, size)}")
        if noise.dtype.kind not in "fiu" or not np.isfinite(noise).all():
            raise ValueError("sample: noise is not of finite real numbers")
        return in_chunks(self.generate, noise.astype(np.float32, copy=False))

    def summary(self) -> str:
        """The settings, and a table of the weights of each network."""
        return "\n\n".join([repr(self), *(f"{name}: {net.summary()}" for name, net in self.networks.items())])


def in_chunks(network: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """What a network returns for x (n, ...), both on the host, CHUNK rows at a time and without a graph."""
    with no_grad():
        return np.concatenate(
            [to_numpy(network(to_device(x[i : i + CHUNK]))) for i in range(0, len(x), CHUNK)]
        )
