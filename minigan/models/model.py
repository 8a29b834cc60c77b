"""Model: a dataclass of settings that trains networks, and draws samples.

Part I; read `layers.base` and `optimizers` before it.  The fields of the dataclass are the settings; networks
and optimizers are attributes.  All else is read off them: both by name, and what a file keeps of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from minigan.autograd import no_grad
from minigan.backend import Array, normal, to_device, to_numpy
from minigan.checks import batch, images, instance, numbers, whole
from minigan.layers import Layer
from minigan.models import storage
from minigan.optimizers import Optimizer

CHUNK = 500  # examples that a network sees at once outside of training, to keep the memory small


class Model:
    """The base of every model; subclasses are dataclasses with a `latent_size`, `train_step` and `generate`, and
    an `image_shape` (H, W, C) if they are trained on images in [-1, 1].
    """

    name: ClassVar[str] = "model"  # what a file calls it
    curves: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # title of a panel -> the numbers that it shows
    _repr_html_ = getattr(Layer, "_repr_html_", None)  # in a notebook: `minigan.drawing`, where it is there

    def train_step(self, batch) -> dict[str, Any]:
        """One step on a batch; what is to be reported of it, name -> number."""
        raise TypeError(f"{type(self).__name__} defines no train_step")

    def generate(self, z: Array):
        """The examples (N, ...) that `sample` draws from latents z (N, latent_size)."""
        raise TypeError(f"{type(self).__name__} defines no generate")

    def sample(self, n: int, noise: np.ndarray | None = None) -> np.ndarray:
        """n examples on the host, images (n, H, W, C) in [-1, 1]; from `noise` (n, latent_size) if given."""
        shape = (whole("sample", n=n), self.latent_size)  # type: ignore[attr-defined]
        return in_chunks(self.generate, latents(noise, shape))

    # --- To be read later: what is read off the attributes, and the file that keeps it ------------------

    def __setattr__(self, name: str, value) -> None:
        super().__setattr__(name, plain(value) if isinstance(value, np.generic | tuple) else value)

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments besides networks that make the same model again: plain numbers, strings and tuples."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return {name: plain(value) for name, value in found.items() if not isinstance(value, Layer)}

    @property
    def networks(self) -> dict[str, Layer]:
        return {name: part for name, part in vars(self).items() if isinstance(part, Layer)}

    @property
    def optimizers(self) -> dict[str, Optimizer]:
        return {name: part for name, part in vars(self).items() if isinstance(part, Optimizer)}

    @property
    def precision(self) -> np.dtype:
        """The dtype of the weights: float32, unless somebody has made them float64."""
        return next((o.parameters[0].dtype for o in self.optimizers.values()), np.dtype(np.float32))

    def summary(self) -> str:
        """The settings, and a table of the weights of each network."""
        return "\n\n".join([repr(self), *(f"{name}: {net.summary()}" for name, net in self.networks.items())])

    def checked(self, x):
        """Examples x (N, ...), of images (N, *image_shape), finite and at least one, in our precision."""
        who, shape = type(self).__name__, getattr(self, "image_shape", None)
        x = batch(who, x) if shape is None else images(who, tuple(shape), x)
        return x.astype(self.precision, copy=False)

    def state(self) -> dict[str, np.ndarray]:
        """What the next step depends on: "networks/<name>/<key>" or "optimizers/<name>/<key>" -> array."""
        return {prefix + key: array for prefix, part in self._parts() for key, array in part.state().items()}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over what `state()` returned.  Raises ValueError, and changes nothing, if it does not fit."""
        before = self.state()
        instance(f"{type(self).__name__}.load_state", Mapping, state=state)
        if differ := sorted(set(before) ^ set(state)):
            raise ValueError(f"{type(self).__name__}.load_state: missing or unknown: {', '.join(differ[:3])}")

        def take(state: Mapping[str, np.ndarray]) -> None:
            for prefix, part in self._parts():
                part.load_state({k.removeprefix(prefix): a for k, a in state.items() if k.startswith(prefix)})

        try:
            take(state)
        except ValueError:
            take(before)
            raise

    def _parts(self) -> list[tuple[str, Any]]:
        kinds: dict[str, Any] = {"networks": self.networks, "optimizers": self.optimizers}
        return [(f"{kind}/{name}/", part) for kind, parts in kinds.items() for name, part in parts.items()]

    def save(self, path: str | Path) -> None:
        """Write settings and state to one file, which appears whole or not at all."""
        storage.write(path, {"model": self.name, "settings": self.settings}, self.state())

    @classmethod
    def load(cls, path: str | Path, **networks: Layer) -> Any:
        """The model in a file that `save` wrote; `networks` are those that it is given, if it makes none."""
        header = storage.read_header(path)
        with storage.building(path):
            if header.get("model") != cls.name:
                raise ValueError(f"holds the model {header.get('model')!r}, expected {cls.name!r}")
            model = cls(**{name: plain(setting) for name, setting in header["settings"].items()}, **networks)
            model.load_state(storage.read(path, model.state())[1])
            return model


def in_chunks(network: Callable, *arrays: np.ndarray) -> np.ndarray:
    """What a network returns for arrays (n, ...), all on the host, CHUNK rows at a time and without a graph."""
    chunks = ([x[i : i + CHUNK] for x in arrays] for i in range(0, len(arrays[0]), CHUNK))
    with no_grad():
        return np.concatenate([to_numpy(network(*map(to_device, chunk))) for chunk in chunks])


def latents(noise: np.ndarray | None, shape: tuple[int, int]) -> np.ndarray:
    return to_numpy(normal(shape)) if noise is None else numbers("sample", shape, noise=noise)


def plain(value):
    """A NumPy number as one of Python, which leaves float32 as it is; a list or tuple as a tuple of such."""
    if isinstance(value, list | tuple):
        return tuple(map(plain, value))
    return value.item() if isinstance(value, np.generic) else value
