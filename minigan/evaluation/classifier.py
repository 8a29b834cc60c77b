"""A classifier of handwritten digits, to evaluate what a generator has drawn.

Read `layers` before it.

A GAN has no loss that tells whether its digits are good.  So a convolutional network that was trained on the
60,000 training images of MNIST looks at them; its weights are shipped, so that every run is measured with the
same network.  Two things are asked of it:

    predict_proba(x)   p(digit | x) (N, 10): which digit is this, and how clear is it?
    features(x)        the layer before the last (N, 64): images that are alike lie close together

It was trained on digits and, as images that are no digits, on noise and on small pieces in disorder.  Of anything
else it may still be sure that it is a seven: a confident prediction is necessary for a good digit, not sufficient.
And its features are its own: a distance between them cannot be compared with one between the features of another
network.

How it was trained, and how to train it again: examples/classify_mnist.py, which wrote the file.
"""

from __future__ import annotations

import functools
import hashlib
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
from minigan.models import storage
from minigan.ops import softmax

WEIGHTS = Path(__file__).parents[1] / "data" / "classifier.npz"
SHA256 = "10e6ed822768544b450d6cd8482ae6f94456d4c7f13bf4cc6b9825ee9ba6c061"  # of that file
AT_ONCE = 200  # images in one forward pass, to keep the memory small


class Classifier(Layer):
    """x (N, 28, 28, 1) in [-1, 1] -> logits (N, 10); 105,202 weights, 99.5 % of the test images right.

    Called like every layer it can be trained; `features` and `predict_proba` are for evaluation.
    """

    def __init__(self) -> None:
        self.trunk = Sequential(
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
        self.head = Dense(64, 10)

    def __call__(self, x: Any, training: bool = False) -> Any:
        return self.head(self.dropout(self.trunk(x, training), training))

    def features(self, images: np.ndarray) -> np.ndarray:
        """The features (N, 64), never negative, of images (N, 28, 28, 1) in [-1, 1]."""
        images = checked_images("classifier", images)
        with no_grad(), on("cpu"):  # on the host, so that the numbers are the same whatever the device
            parts = [self.trunk(images[i : i + AT_ONCE]) for i in range(0, len(images), AT_ONCE)]
        return np.concatenate(parts)

    def head_proba(self, features: np.ndarray) -> np.ndarray:
        """p(digit | x) (N, 10) from the features of x (N, 64), where both are needed."""
        with no_grad(), on("cpu"):
            return softmax(self.head(features))

    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        """p(digit | x) (N, 10), rows that sum to one, for images x (N, 28, 28, 1) in [-1, 1]."""
        return self.head_proba(self.features(images))


def checked_images(who: str, images: np.ndarray) -> np.ndarray:
    """The images as float32, or a ValueError: the network would classify anything."""
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[1:] != (28, 28, 1) or not len(images):
        raise ValueError(f"{who}: images have shape {images.shape}, expected (N, 28, 28, 1) with N > 0")
    low, high = images.min(), images.max()
    if images.dtype.kind != "f" or not -1.001 <= low <= high <= 1.001:
        raise ValueError(
            f"{who}: images are {images.dtype} from {low} to {high}, expected floating-point numbers in [-1, 1]"
        )
    return images.astype(np.float32, copy=False)


# --- The shipped weights ----------------------------------------------------------------------------


@functools.cache
def digit_classifier() -> Classifier:
    """The classifier that minigan ships, loaded once.  Raises ValueError if its file is damaged."""
    found = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    if found != SHA256:
        raise ValueError(f"{WEIGHTS}: found SHA-256 {found}, expected {SHA256}")
    return load_classifier(WEIGHTS)


def load_classifier(path: str | Path) -> Classifier:
    """The classifier that `save_classifier` wrote.  Raises FileNotFoundError or ValueError, which name the file."""
    generator = backend.generator.bit_generator.state
    with on("cpu"):
        loaded = Classifier()
        backend.generator.bit_generator.state = generator  # a run draws the same numbers, evaluated or not
        loaded.load_state(storage.read(path, like=loaded.state())[1])
    return loaded


def save_classifier(path: str | Path, trained: Classifier, about: Mapping[str, Any]) -> None:
    """Write the weights, as float16, and how they came to be.  The same weights give the same bytes."""
    arrays = {name: array.astype(np.float16) for name, array in trained.state().items()}
    storage.write(path, {"about": dict(about)}, arrays)


def about(path: str | Path = WEIGHTS) -> dict[str, Any]:
    """How the classifier in this file came to be: command, seed, epochs, accuracy on the test images."""
    found = storage.read_header(path).get("about")
    if not isinstance(found, dict):
        raise ValueError(f"{path}: this is no file of a classifier")  # noqa: TRY004 - what is wrong is the file
    return found
