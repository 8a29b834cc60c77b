"""The judge: a small classifier of handwritten digits that says what a generator has drawn.

Chapter 12.1; read `layers` before it.

A GAN has no loss that tells whether its digits are good, so somebody has to look at them.  The judge is
a convolutional network that was trained on the 60,000 training images of MNIST; its weights are shipped,
so that every run is looked at by the same eyes.  Two things are asked of it:

    probabilities(x)   p(digit | x) (N, 10): which digit is this, and how clear is it?
    features(x)        the layer before the last (N, 64): images that look alike to it lie close together

It was shown digits, and as images that are no digits noise and small pieces in disorder.  Of anything else
it may still say that it is surely a seven: a confident judge is necessary for a good digit, not sufficient.
And its features are its own, so a distance that is measured on them cannot be compared with one that was
measured on another network's.

How it was trained, and how to train it again: examples/classify_mnist.py, which wrote the file.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minigan import backend
from minigan.autograd import no_grad
from minigan.backend import on
from minigan.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPooling2D,
    ReLU,
    Sequential,
)
from minigan.ops import softmax

WEIGHTS = Path(__file__).parents[1] / "data" / "judge.npz"
SHA256 = "a7c3b80dc45bc9310d5f8500b5a1ddd90781f4e9643fc2f89a53ce3b2a4935e1"  # of that file
AT_ONCE = 200  # images that are looked at together, to keep the memory small


class Judge(Layer):
    """x (N, 28, 28, 1) in [-1, 1] -> logits (N, 10); 105,202 weights, 99.5 % of the test images right.

    Called like every layer it can be trained; `features` and `probabilities` are for looking only.
    """

    def __init__(self) -> None:
        self.eye = Sequential(
            Conv2D(1, 24, 5, strides=2, padding="same", use_bias=False),  # (N, 14, 14, 24)
            BatchNormalization(24, momentum=0.9),
            ReLU(),
            Conv2D(24, 48, 3, padding="same", use_bias=False),  # (N, 14, 14, 48)
            BatchNormalization(48, momentum=0.9),
            ReLU(),
            MaxPooling2D(2),  # (N, 7, 7, 48)
            Conv2D(48, 64, 3, padding="same", use_bias=False),  # (N, 7, 7, 64)
            BatchNormalization(64, momentum=0.9),
            ReLU(),
            MaxPooling2D(2, padding="same"),  # (N, 4, 4, 64)
            Flatten(),
            Dense(4 * 4 * 64, 64, use_bias=False),  # (N, 64)
            BatchNormalization(64, momentum=0.9),
            ReLU(),
        )
        self.dropout = Dropout(0.3)
        self.verdict = Dense(64, 10)

    def __call__(self, x: Any, training: bool = False) -> Any:
        return self.verdict(self.dropout(self.eye(x, training), training))

    def features(self, images: np.ndarray) -> np.ndarray:
        """What the judge sees in images (N, 28, 28, 1) in [-1, 1]: (N, 64), never negative."""
        images = _checked(images)
        with no_grad(), on("cpu"):  # on the host, so that the numbers are the same whatever the device
            parts = [self.eye(images[i : i + AT_ONCE]) for i in range(0, len(images), AT_ONCE)]
        return np.concatenate(parts)

    def opinion(self, features: np.ndarray) -> np.ndarray:
        """p(digit | x) (N, 10) from the features of x (N, 64), for whoever needs both."""
        with no_grad(), on("cpu"):
            return softmax(self.verdict(features))

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """p(digit | x) for images x (N, 28, 28, 1) in [-1, 1]: (N, 10), rows that sum to one."""
        return self.opinion(self.features(images))


def _checked(images: np.ndarray) -> np.ndarray:
    """The images as float32, or a ValueError: the judge has an opinion about anything it is shown."""
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[1:] != (28, 28, 1) or not len(images):
        raise ValueError(f"judge: images have shape {images.shape}, expected (N, 28, 28, 1) with N > 0")
    low, high = images.min(), images.max()
    if images.dtype.kind != "f" or not -1.001 <= low <= high <= 1.001:
        raise ValueError(
            f"judge: images are {images.dtype} from {low} to {high}, expected floating-point numbers in [-1, 1]"
        )
    return images.astype(np.float32, copy=False)


# --- The shipped weights ----------------------------------------------------------------------------


@functools.cache
def judge() -> Judge:
    """The judge that minigan ships, loaded once.  Raises ValueError if its file is damaged."""
    found = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    if found != SHA256:
        raise ValueError(f"{WEIGHTS}: found SHA-256 {found}, expected {SHA256}")
    return load_judge(WEIGHTS)


def load_judge(path: str | Path) -> Judge:
    """The judge that `save_judge` wrote."""
    generator = backend.generator.bit_generator.state
    with on("cpu"):
        loaded = Judge()
    backend.generator.bit_generator.state = generator  # nobody's random numbers depend on a judge
    with np.load(path, allow_pickle=False) as file:
        state = {name: file[name].astype(np.float32) for name in file.files if name != "about"}
    with on("cpu"):
        loaded.load_state(state)
    return loaded


def save_judge(path: str | Path, trained: Judge, about: Mapping[str, Any]) -> None:
    """Write the weights, as float16, and how they came to be.  The same judge gives the same bytes."""
    arrays = {name: array.astype(np.float16) for name, array in trained.state().items()}
    with open(path, "wb") as file:  # given a name instead, NumPy would append .npz to it
        np.savez(file, about=np.array(json.dumps(dict(about))), **arrays)  # type: ignore[arg-type]


def about(path: str | Path = WEIGHTS) -> dict[str, Any]:
    """How the judge in this file came to be: command, seed, epochs, accuracy on the test images."""
    with np.load(path, allow_pickle=False) as file:
        return json.loads(str(file["about"]))
