"""A classifier of attributes: does this face wear glasses, a hat, a beard?

Read `layers` before it.  The shipped faces come with what each of them has.  A small network learns to read that from
their pixels in some seconds, and then reads it in faces that a generator has drawn.  It says no more than it can: its
accuracy on faces that it was not trained on belongs beside what it says.  Each attribute is a question by itself, with
a logit of its own, and not one of several classes.
"""

from __future__ import annotations

import numpy as np

from minigan import backend, checks
from minigan.autograd import grad, no_grad
from minigan.backend import on
from minigan.data import Batches, load_faces
from minigan.layers import BatchNormalization, Conv2D, Dense, Flatten, Layer, ReLU, Sequential
from minigan.losses import binary_cross_entropy
from minigan.optimizers import Adam, linear_decay

#: attribute -> the attribute of `load_faces` where it stands, and how one knows it by its word
ATTRIBUTES = {
    "glasses": ("glasses", lambda word: word != ""),
    "hat": ("hat", lambda word: word != ""),
    "beard": ("beard", lambda word: word != ""),
    "long hair": ("hair", lambda word: word.startswith("long")),
    "smile": ("mouth", lambda word: word.startswith("happy")),
    "dark skin": ("skin", lambda word: word in ("#8d5524", "#a26d3d", "#b68655", "#cb9e6e")),  # 4 of the 8
}
RARE, TIMES = 0.1, 5  # an attribute of a smaller share of the images is rare; how often they are taken then
EPOCHS, BATCH_SIZE, LEARNING_RATE = 3, 50, 4e-3
NOISE = 0.05  # std, on the images: generated ones have some


def face_attributes(names=tuple(ATTRIBUTES)) -> tuple[np.ndarray, np.ndarray]:
    """The shipped faces, float32 (10000, 16, 16, 3) in [-1, 1], and which of these attributes each has, bool (10000, n)."""
    names = [checks.choice("face_attributes", ATTRIBUTES, name=name) for name in names]
    images, words = load_faces()
    rules = [ATTRIBUTES[name] for name in names]
    return images, np.stack([[has(word) for word in words[where]] for where, has in rules], axis=1)


def rare_repeated(attributes: np.ndarray) -> np.ndarray:
    """Indices of examples with attributes (N, n): each once, but TIMES where one of its attributes is rare."""
    rare = attributes.mean(axis=0) < RARE  # (n,)
    return np.repeat(np.arange(len(attributes)), np.where(attributes[:, rare].any(axis=1), TIMES, 1))


class AttributeClassifier(Layer):
    """x (N, size, size, channels) in [-1, 1] -> logits (N, attributes): positive for what x has."""

    def __init__(self, size: int, channels: int, attributes: int) -> None:
        checks.whole("AttributeClassifier", size=size, channels=channels, attributes=attributes)
        self.image_shape = size, size, channels
        self.network = Sequential(
            Conv2D(channels, 24, 3, strides=2, padding="same", use_bias=False),  # (N, size / 2, size / 2, 24)
            BatchNormalization(24, momentum=0.9),
            ReLU(),
            Conv2D(24, 48, 3, strides=2, padding="same", use_bias=False),  # (N, size / 4, size / 4, 48)
            BatchNormalization(48, momentum=0.9),
            ReLU(),
            Flatten(),
            Dense((-(-size // 4)) ** 2 * 48, 64),  # (N, 64)
            ReLU(),
            Dense(64, attributes),
        )

    def __call__(self, x, training: bool = False):
        return self.network(x, training)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Which attributes the images (N, *image_shape) in [-1, 1] have, bool (N, attributes)."""
        images = checks.images("AttributeClassifier", self.image_shape, images).astype(np.float32, copy=False)
        with no_grad(), on("cpu"):  # on the host, so that the numbers are the same whatever the device
            return np.concatenate([self.network(images[i : i + 500]) for i in range(0, len(images), 500)]) > 0


def train_classifier(images: np.ndarray, attributes: np.ndarray, epochs: int = EPOCHS) -> AttributeClassifier:
    """A classifier that was trained on images (N, size, size, C) in [-1, 1] with their attributes, bool (N, n).

    The same data give the same classifier, and nobody else's random numbers change.
    """
    if attributes.ndim != 2 or len(attributes) != len(images):
        expected = f"one row for each of {len(images)} images"
        raise ValueError(f"train_classifier: attributes have shape {attributes.shape}, expected {expected}")
    rows = rare_repeated(attributes)
    batches = Batches((images[rows], attributes[rows].astype(np.float32)), BATCH_SIZE)
    before = backend.generator.bit_generator.state
    backend.seed(0)
    with on("cpu"):
        classifier = AttributeClassifier(images.shape[1], images.shape[-1], attributes.shape[1])
        optimizer = Adam(
            classifier.parameters(), linear_decay(LEARNING_RATE, epochs * len(batches), final=0.02)
        )
        for epoch in range(epochs):
            for x, has in batches.epoch(epoch):  # (BATCH_SIZE, size, size, C), (BATCH_SIZE, n)
                logits = classifier(x + NOISE * backend.normal(x.shape), training=True)
                optimizer.step(grad(binary_cross_entropy(logits, has), classifier.parameters()))
    backend.generator.bit_generator.state = before
    return classifier
