"""CapsNet: one capsule for each class, whose length says whether the class is there, and that can be drawn.

Part III; read `layers.capsule`, `losses` and `augmentation` before it.

The network of Sabour, Frosst and Hinton 2017 ("Dynamic routing between capsules", their figures 1 and 2):

    x   -> Conv2D, ReLU -> PrimaryCapsules -> u_i -> Capsules -> v_k         by routing; k is a class
    v_k -> T_k v_k      -> Dense, ReLU, Dense, ReLU, Dense, sigmoid -> x̂     the decoder

The image belongs to the class of the longest v_k.  All capsules but that of the true class k, T_k = 1, are
set to zero, and from what is left the decoder must draw the image as intensities x from 0 to 1:

    L = L_margin(‖v‖, T) + α Σ (x̂ - x)²          the sum over the pixels of an image; α = 0.0005

so the direction of v_k has to say what the length does not: how this digit was written.  α is small, lest
drawing become more important than telling classes apart.

The network of the paper is CapsNet(filters=256, kernel_size=9, strides=1, capsules=32), with 8,215,568
weights.  The default is one that trains in minutes.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from minigan import layers as L
from minigan.autograd import grad
from minigan.backend import Array, to_device
from minigan.checks import batch as finite_batch
from minigan.checks import check_labels, pair, real, renamed, whole, wholes
from minigan.losses import margin_loss
from minigan.models.augmentation import intensity, random_shifts, shifted
from minigan.models.model import Model, in_chunks
from minigan.ops import mean, norm, reshape, sum
from minigan.ops.elementwise import value
from minigan.optimizers import Adam, linear_decay


@renamed(largest_shift="max_shift")
@dataclass(kw_only=True, eq=False)
class CapsNet(Model):
    """Trained on images (N, image_size, image_size, 1) and labels (N,); predicts, and draws capsules."""

    image_size: int = 28
    filters: int = 64  # of the convolution before the primary capsules
    kernel_size: int = 5  # of this convolution and of theirs
    strides: int = 2  # of this one; theirs has 2
    capsules: int = 8  # primary capsules at every pixel
    dimensions: int = 8  # of each of them
    classes: int = 10
    class_dimensions: int = 16
    routings: int = 3  # iterations of the routing
    decoder_units: tuple[int, int] = (512, 1024)  # of the two layers inside the decoder
    reconstruction_weight: float = 0.0005  # α; with 0 the decoder learns nothing
    max_shift: int = 2  # in training, each image is moved by as many pixels at most, right and down
    learning_rate: float = 2e-3  # at the start
    decay_steps: int = 6000  # steps in which it falls to FINAL times that

    name = "capsnet"
    curves: ClassVar = {
        "margin loss": ("margin",), "accuracy in training": ("accuracy",),
        "squared error of an image": ("reconstruction",),
    }  # fmt: skip
    FINAL = 0.02  # the final fraction of the learning rate
    image_shape = property(lambda self: (self.image_size, self.image_size, 1))
    latent_size = property(lambda self: self.classes * self.class_dimensions)

    def __post_init__(self) -> None:
        whole("CapsNet", filters=self.filters, kernel_size=self.kernel_size, strides=self.strides)
        whole("CapsNet", capsules=self.capsules, dimensions=self.dimensions, decay_steps=self.decay_steps)
        whole("CapsNet", classes=self.classes, class_dimensions=self.class_dimensions, routings=self.routings)
        whole("CapsNet", least=0, max_shift=self.max_shift)
        smallest = self.kernel_size + self.strides * (self.kernel_size - 1)  # so that two kernels fit in
        whole("CapsNet", least=smallest, image_size=self.image_size)
        first, second = wholes("CapsNet", length=2, decoder_units=self.decoder_units)
        real("CapsNet", least=0, reconstruction_weight=self.reconstruction_weight)
        real("CapsNet", above=0, learning_rate=self.learning_rate)
        self.class_capsules = ClassCapsules(self)
        self.decoder = L.Sequential(
            L.Dense(self.latent_size, first), L.ReLU(),
            L.Dense(first, second), L.ReLU(),
            L.Dense(second, self.image_size**2), L.Sigmoid(),
        )  # fmt: skip
        parameters = self.class_capsules.parameters() + self.decoder.parameters()
        self.optimizer = Adam(parameters, linear_decay(self.learning_rate, self.decay_steps, self.FINAL))

    def train_step(self, batch: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
        """One step of both networks on images x (N, H, W, 1) and their classes (N,), integers."""
        images, labels = pair("CapsNet", batch)
        x, present = to_device(self.checked(images)), to_device(self.one_hot(labels, len(images)))
        if self.max_shift:
            x = shifted(x, random_shifts(len(x), self.max_shift))
        v = self.class_capsules(x, training=True)  # (N, classes, class_dimensions)
        margin = margin_loss(norm(v, axis=-1), present)
        error = self.draw(v, present) - intensity(x)  # (N, pixels)
        reconstruction = mean(sum(error * error, axis=-1))
        loss = margin + self.reconstruction_weight * reconstruction
        self.optimizer.step(grad(loss, self.optimizer.parameters))
        accuracy = (longest(v) * present).sum(axis=-1).mean()
        return {"margin": margin.data, "reconstruction": reconstruction.data, "accuracy": accuracy}

    def draw(self, v, mask):
        """x̂ (N, pixels), intensities in [0, 1], of the capsules v (N, J, E) that `mask` T (N, J) leaves."""
        return self.decoder(reshape(v * mask[:, :, None], (len(v), self.latent_size)))

    def one_hot(self, labels: np.ndarray, n: int) -> np.ndarray:
        """T (n, classes) with a 1 in the column of each of n labels; ValueError if they are no n classes."""
        labels = np.asarray(labels)
        if labels.shape != (n,):
            raise ValueError(f"CapsNet: labels have shape {labels.shape}, expected ({n},)")
        return np.eye(self.classes, dtype=np.float32)[check_labels("CapsNet", self.classes, labels)]

    def encode(self, images: np.ndarray) -> np.ndarray:
        """The capsules v (n, classes, class_dimensions) of images (n, H, W, 1), on the host."""
        return in_chunks(self.class_capsules, self.checked(images))

    def predict(self, images: np.ndarray) -> np.ndarray:
        """The class of the longest capsule of each image (n, H, W, 1): (n,)."""
        return np.linalg.norm(self.encode(images), axis=-1).argmax(axis=-1)

    def decode(self, v: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Images (n, H, W, 1) in [-1, 1], on the host, of capsules v (n, classes, class_dimensions).

        Drawn are the capsules of the classes `labels` (n,), or the longest ones.
        """
        if np.shape(v)[1:] != (self.classes, self.class_dimensions):
            expected = f"(n, {self.classes}, {self.class_dimensions})"
            raise ValueError(f"CapsNet: capsules have shape {np.shape(v)}, expected {expected}")
        v = finite_batch("CapsNet", v)
        mask = longest(v) if labels is None else self.one_hot(labels, len(v))
        return in_chunks(lambda v, mask: self.as_images(self.draw(v, mask)), v, mask)

    def generate(self, z: Array):
        """The longest of v = squash(z), drawn.  Nothing has learned which poses occur: many are no digits."""
        v = L.squash(reshape(z, (len(z), self.classes, self.class_dimensions)))
        return self.as_images(self.draw(v, longest(v)))

    def as_images(self, drawn):
        return 2 * drawn.reshape((-1, *self.image_shape)) - 1


class ClassCapsules(L.Layer):
    """x (N, image_size, image_size, 1) -> v (N, classes, class_dimensions), a capsule for each class."""

    def __init__(self, of: CapsNet):
        self.features = L.Sequential(L.Conv2D(1, of.filters, of.kernel_size, of.strides), L.ReLU())
        self.primary = L.PrimaryCapsules(of.filters, of.capsules, of.dimensions, of.kernel_size, strides=2)
        pixels = ((of.image_size - of.kernel_size) // of.strides + 1 - of.kernel_size) // 2 + 1
        n = pixels * pixels * of.capsules
        self.classes = L.Capsules(n, of.dimensions, of.classes, of.class_dimensions, routings=of.routings)

    def __call__(self, x, training: bool = False):
        u = self.primary(self.features(x, training), training)  # (N, pixels·pixels·capsules, dimensions)
        return self.classes(u, training)


def longest(v) -> Array:
    """1 for the longest of the capsules v (N, J, E) of each example, 0 for the others: (N, J)."""
    lengths = norm(value(v), axis=-1)
    return (lengths == lengths.max(axis=-1, keepdims=True)).astype(lengths.dtype)
