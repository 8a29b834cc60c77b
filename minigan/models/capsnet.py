"""CapsNet: one capsule for each class, whose length says whether the class is there, and that can be drawn.

Chapter 9.10; read `layers.capsule`, `losses` and `transforming_autoencoder` before it.

The network of Sabour, Frosst and Hinton 2017 ("Dynamic routing between capsules", their figures 1 and 2):

    x   -> Conv2D, ReLU -> PrimaryCapsules -> u_i -> Capsules -> v_k         by routing; k is a class
    v_k -> T_k v_k      -> Dense, ReLU, Dense, ReLU, Dense, sigmoid -> x̂     the decoder

The image belongs to the class of the longest v_k.  The network learns by the margin loss (`losses`), and by a
second one.  All capsules but that of the true class k, T_k = 1, are set to zero, and from what is left the decoder
must draw the image as ink x from 0 to 1:

    L = L_margin(‖v‖, T) + α Σ (x̂ - x)²          the sum over the pixels of an image; α = 0.0005

so the direction of v_k has to say what the length does not: how this digit was written.  α is small, lest drawing
become more important than telling classes apart.  It weighs a sum: with the mean over 784 pixels it would be 0.392.

The network of the paper is CapsNet(filters=256, kernel_size=9, strides=1, capsules=32), with 8,215,568 weights.  The
default is one that trains in minutes.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from minigan.autograd import grad, no_grad
from minigan.backend import to_device, to_numpy
from minigan.layers import (
    Capsules,
    Conv2D,
    Dense,
    Layer,
    PrimaryCapsules,
    ReLU,
    Sequential,
    Sigmoid,
    squash,
)
from minigan.losses import margin_loss
from minigan.models.sampling import in_parts, sample_images
from minigan.models.transforming_autoencoder import ink, random_shifts, shifted
from minigan.ops import mean, norm, reshape, sum
from minigan.ops.elementwise import value
from minigan.optimizers import Adam, Optimizer


class ClassCapsules(Layer):
    """x (N, image_size, image_size, 1) -> v (N, classes, class_dimensions), a capsule for each class."""

    def __init__(
        self,
        image_size: int,
        filters: int,
        kernel_size: int,
        strides: int,
        capsules: int,
        dimensions: int,
        classes: int,
        class_dimensions: int,
        routings: int,
    ) -> None:
        self.features = Sequential(Conv2D(1, filters, kernel_size, strides), ReLU())
        self.primary = PrimaryCapsules(filters, capsules, dimensions, kernel_size, strides=2)
        pixels = ((image_size - kernel_size) // strides + 1 - kernel_size) // 2 + 1
        self.classes = Capsules(
            pixels * pixels * capsules, dimensions, classes, class_dimensions, routings=routings
        )

    def __call__(self, x: Any, training: bool = False) -> Any:
        u = self.primary(self.features(x, training), training)  # (N, pixels·pixels·capsules, dimensions)
        return self.classes(u, training)


class CapsNet:
    """Trained on (images (N, image_size, image_size, 1) in [-1, 1], labels (N,)); predicts, and draws capsules.

    filters, kernel_size, strides  of the convolution before the primary capsules; theirs has the same kernel_size
                                   and a stride of 2
    capsules, dimensions           primary capsules at every pixel, and the length of each as a vector
    classes, class_dimensions      capsules at the end: 10 of 16 dimensions in the paper
    decoder_units                  of the two layers inside the decoder
    reconstruction_weight          α; with 0 the decoder learns nothing
    largest_shift                  in training, each image is moved by as many pixels at most, right and down
    learning_rate                  at the start; falls linearly to FLOOR times that over `decay_steps`
    Raises ValueError for settings without sense, and for an image that is too small for the two kernels.
    """

    name = "capsnet"
    curves: ClassVar = {
        "margin loss": ("margin",),
        "accuracy in training": ("accuracy",),
        "squared error of an image": ("reconstruction",),
    }
    FLOOR = 0.02

    def __init__(
        self,
        image_size: int = 28,
        filters: int = 64,
        kernel_size: int = 5,
        strides: int = 2,
        capsules: int = 8,
        dimensions: int = 8,
        classes: int = 10,
        class_dimensions: int = 16,
        routings: int = 3,
        decoder_units: tuple[int, int] = (512, 1024),
        reconstruction_weight: float = 0.0005,
        largest_shift: int = 2,
        learning_rate: float = 2e-3,
        decay_steps: int = 6000,
    ) -> None:
        self.settings = {
            "image_size": image_size,
            "filters": filters,
            "kernel_size": kernel_size,
            "strides": strides,
            "capsules": capsules,
            "dimensions": dimensions,
            "classes": classes,
            "class_dimensions": class_dimensions,
            "routings": routings,
            "decoder_units": decoder_units,
            "reconstruction_weight": reconstruction_weight,
            "largest_shift": largest_shift,
            "learning_rate": learning_rate,
            "decay_steps": decay_steps,
        }
        for name, number, least in (
            ("filters", filters, 1),
            ("kernel_size", kernel_size, 1),
            ("strides", strides, 1),
            ("image_size", image_size, kernel_size + strides * (kernel_size - 1)),
            ("reconstruction_weight", reconstruction_weight, 0),
            ("largest_shift", largest_shift, 0),
            ("decay_steps", decay_steps, 1),
        ):
            if number < least:
                raise ValueError(f"CapsNet: {name} is {number}, expected at least {least}")
        if len(decoder_units) != 2:
            raise ValueError(f"CapsNet: decoder_units is {decoder_units}, expected two numbers")
        self.image_size, self.classes, self.class_dimensions = image_size, classes, class_dimensions
        self.reconstruction_weight, self.largest_shift = reconstruction_weight, largest_shift
        self.learning_rate, self.decay_steps = learning_rate, decay_steps
        self.latent_size = classes * class_dimensions
        self.capsules = ClassCapsules(
            image_size,
            filters,
            kernel_size,
            strides,
            capsules,
            dimensions,
            classes,
            class_dimensions,
            routings,
        )
        self.decoder = Sequential(
            Dense(self.latent_size, decoder_units[0]),
            ReLU(),
            Dense(decoder_units[0], decoder_units[1]),
            ReLU(),
            Dense(decoder_units[1], image_size * image_size),
            Sigmoid(),
        )
        self.parameters = self.capsules.parameters() + self.decoder.parameters()
        self.optimizer = Adam(self.parameters, learning_rate)
        self.networks: dict[str, Layer] = {"capsules": self.capsules, "decoder": self.decoder}
        self.optimizers: dict[str, Optimizer] = {"both": self.optimizer}

    def train_step(self, batch: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
        """One step of both networks on images x (N, H, W, 1) and their classes (N,), integers."""
        if not isinstance(batch, tuple) or len(batch) != 2:
            raise ValueError("CapsNet: a batch is a pair (images, labels)")
        fraction = max(1 - self.optimizer.steps / self.decay_steps, self.FLOOR)
        self.optimizer.learning_rate = self.learning_rate * fraction
        images, labels = batch
        present = to_device(self.one_hot(labels, len(images)))  # T (N, classes)
        x = to_device(images)
        if self.largest_shift:
            x = shifted(x, random_shifts(len(x), self.largest_shift))
        v = self.capsules(x, training=True)  # (N, classes, class_dimensions)
        margin = margin_loss(norm(v, axis=-1), present)
        error = self.draw(v, present) - ink(x)  # (N, pixels)
        reconstruction = mean(sum(error * error, axis=-1))
        loss = margin + self.reconstruction_weight * reconstruction
        self.optimizer.step(grad(loss, self.parameters))
        right = (longest(v) * present).sum(axis=-1).mean()
        return {"margin": margin.data, "reconstruction": reconstruction.data, "accuracy": right}

    def draw(self, v: Any, shown: Any) -> Any:
        """x̂ (N, pixels), ink from 0 to 1, of the capsules v (N, J, E) that `shown` T (N, J) leaves."""
        return self.decoder(reshape(v * shown[:, :, None], (len(v), self.latent_size)))

    def one_hot(self, labels: np.ndarray, n: int) -> np.ndarray:
        """T (n, classes) with a 1 in the column of each of n labels.  Raises ValueError if they are no n classes."""
        if labels.shape != (n,):
            raise ValueError(f"CapsNet: labels have shape {labels.shape}, expected ({n},)")
        if labels.dtype.kind not in "iu" or ((labels < 0) | (labels >= self.classes)).any():
            raise ValueError(
                f"CapsNet: labels are {labels[:5]} ... of dtype {labels.dtype}, expected integers from 0 to "
                f"{self.classes - 1}"
            )
        return np.eye(self.classes, dtype=np.float32)[labels]

    # --- A trained network ------------------------------------------------------------------------------

    def encode(self, images: np.ndarray) -> np.ndarray:
        """The capsules v (n, classes, class_dimensions) of images (n, H, W, 1), on the host."""
        return in_parts(self.capsules, images)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """The class of the longest capsule of each image (n, H, W, 1): (n,)."""
        return np.linalg.norm(self.encode(images), axis=-1).argmax(axis=-1)

    def decode(self, v: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Images (n, H, W, 1) in [-1, 1], on the host, of capsules v (n, classes, class_dimensions).

        Drawn are the capsules of the classes `labels` (n,), or the longest ones.
        """
        if v.shape != (len(v), self.classes, self.class_dimensions):
            raise ValueError(
                f"CapsNet: capsules have shape {v.shape}, expected (n, {self.classes}, {self.class_dimensions})"
            )
        shown = longest(v) if labels is None else self.one_hot(labels, len(v))
        with no_grad():
            return self._as_images(self.draw(to_device(v), to_device(shown)))

    def sample(self, n: int, noise: np.ndarray | None = None) -> np.ndarray:
        """n images (n, H, W, 1) of capsules that are noise s (n, classes · class_dimensions), on the host.

        Drawn is the longest of v = squash(s).  Nothing has learned which poses occur, so many are no digits.
        """

        def images(z: Any) -> Any:
            v = squash(reshape(z, (len(z), self.classes, self.class_dimensions)))
            return self.draw(v, longest(v))

        return self._as_images(sample_images(images, self.latent_size, n, noise))

    def _as_images(self, drawn: Any) -> np.ndarray:
        return 2 * to_numpy(drawn).reshape(-1, self.image_size, self.image_size, 1) - 1


def longest(v: Any) -> Any:
    """1 for the longest of the capsules v (N, J, E) of each example, 0 for the others: (N, J)."""
    lengths = norm(value(v), axis=-1)
    return (lengths == lengths.max(axis=-1, keepdims=True)).astype(lengths.dtype)
