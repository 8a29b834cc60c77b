"""The transforming autoencoder: capsules that learn where things are by being told how far they moved.

Part III; read `layers`, `losses` and `augmentation` before it.

A *capsule* is a small group of units that looks for one visual entity and says whether it is there, and where
(Hinton, Krizhevsky and Wang 2011, "Transforming auto-encoders").  Capsule k has units r and e of its own:

    r_k = σ(x A_k + a_k)                            recognition units, from the whole image x
    p_k = σ(r_k u_k + c_k),   q_k = 4 (r_k Q_k + b_k) is it there?  And its pose q = (x, y), in pixels
    e_k = σ((q_k + Δ) E_k + d_k)                    generation units; all they see is the pose after the Δ
    x̂   = Σ_k p_k (e_k S_k + s_k)                   what the capsules draw, added up

The only loss is the squared error between x̂ and the image that was really moved by Δ = (Δx, Δy).  Δ is added
to a pose, so the error is small only if its two numbers behave like coordinates.  They do so sooner because of
the 4, as positions cover several pixels, and because the lines of the generation units begin in many places.

All capsules are computed together, one batched product for each step; the last one also adds them up.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from minigan.autograd import Tensor, grad, no_grad
from minigan.backend import Array, normal, to_device, to_numpy, zeros
from minigan.checks import expect, numbers, real, renamed, whole
from minigan.layers import Layer
from minigan.layers.initializers import glorot_uniform
from minigan.losses import mean_squared_error
from minigan.models.augmentation import intensity, random_shifts, shifted
from minigan.models.model import Model, in_chunks
from minigan.ops import matmul, sigmoid, transpose
from minigan.ops.elementwise import value
from minigan.optimizers import Adam, linear_decay


class PoseCapsules(Layer):
    """x (N, pixels), Δ (N, 2) -> x̂ (N, pixels), by the equations above; K capsules, R and G units each."""

    def __init__(self, pixels: int, capsules: int, recognition_units: int, generation_units: int):
        k, r, g = capsules, recognition_units, generation_units
        self.pixels, self.capsules = pixels, capsules
        self.recognition = Tensor(glorot_uniform((pixels, k * r), pixels, r))  # A
        self.recognition_bias = Tensor(zeros((k * r,)))  # a
        self.pose = Tensor(glorot_uniform((k, r, 3), r, 3))  # u and Q, side by side
        self.pose_bias = Tensor(zeros((k, 1, 3)))  # c and b
        self.generation = Tensor(normal((k, 2, g)))  # E
        self.generation_bias = Tensor(2 * normal((k, 1, g)))  # d
        self.output = Tensor(glorot_uniform((k * g, pixels), g, pixels))  # S
        self.output_bias = Tensor(zeros((k, pixels)))  # s

    def __call__(self, x, shifts):
        presence, pose = self.recognise(x)
        return self.generate(presence, pose + shifts)

    def recognise(self, x):
        """x (N, pixels) -> p (K, N, 1) in (0, 1) and q (K, N, 2) in pixels, right and down."""
        expect(self, x, -1, self.pixels, f"(N, {self.pixels})")
        r = sigmoid(matmul(x, self.recognition) + self.recognition_bias)  # (N, K·R)
        r = transpose(r.reshape((len(x), self.capsules, -1)), (1, 0, 2))  # (K, N, R)
        found = matmul(r, self.pose) + self.pose_bias  # (K, N, 3)
        return sigmoid(found[:, :, :1]), 4 * found[:, :, 1:]

    def generate(self, presence, pose):
        """p (K, N, 1) and q + Δ (K, N, 2) -> x̂ (N, pixels)."""
        e = presence * sigmoid(matmul(pose, self.generation) + self.generation_bias)  # (K, N, G)
        e = transpose(e, (1, 0, 2)).reshape((pose.shape[1], -1))  # (N, K·G)
        return matmul(e, self.output) + matmul(transpose(presence[:, :, 0]), self.output_bias)  # (N, pixels)


@renamed(largest_shift="max_shift")
@dataclass(kw_only=True, eq=False)
class TransformingAutoencoder(Model):
    """Trains `PoseCapsules` to draw images (N, image_size, image_size, 1) moved by shifts that it is told.

    The capsules see and draw intensities, 0 in the background, so that an absent capsule draws nothing.
    """

    image_size: int = 28
    capsules: int = 30  # and of the units: as in the paper
    recognition_units: int = 10
    generation_units: int = 20
    max_shift: int = 2  # of Δx and Δy, right or left, down or up; the image that is seen was moved so, too
    learning_rate: float = 2e-3  # at the start
    decay_steps: int = 10_000  # steps in which it falls to a twentieth

    name = "transforming_autoencoder"
    curves: ClassVar = {"squared error": ("error",), "presence": ("presence",)}
    image_shape = property(lambda self: (self.image_size, self.image_size, 1))
    latent_size = property(lambda self: 3 * self.capsules)

    def __post_init__(self) -> None:
        who, r, g = type(self).__name__, self.recognition_units, self.generation_units
        whole(who, image_size=self.image_size, capsules=self.capsules, decay_steps=self.decay_steps)
        whole(who, recognition_units=r, generation_units=g)
        whole(who, least=0, max_shift=self.max_shift)
        real(who, above=0, learning_rate=self.learning_rate)
        self.pose_capsules = PoseCapsules(self.image_size**2, self.capsules, r, g)
        rate = linear_decay(self.learning_rate, self.decay_steps, final=0.05)
        self.optimizer = Adam(self.pose_capsules.parameters(), rate)

    def train_step(self, images: np.ndarray) -> dict[str, Any]:
        """One step on a batch (N, H, W, 1), every image moved once at random, and again by a known Δ."""
        images = to_device(self.checked(images))
        before = random_shifts(len(images), self.max_shift)
        shifts = random_shifts(len(images), self.max_shift)
        x, target = intensity(shifted(images, before)), intensity(shifted(images, before + shifts))
        presence, pose = self.pose_capsules.recognise(x)
        loss = mean_squared_error(self.pose_capsules.generate(presence, pose + shifts), target)
        self.optimizer.step(grad(loss, self.pose_capsules.parameters()))
        return {"error": loss.data, "presence": presence.data.mean()}

    def reconstruct(self, images: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """The capsules' drawing of images (N, H, W, 1) moved by `shifts` (N, 2), on the host, in [-1, 1]."""
        images = self.checked(images)
        shifts = numbers("TransformingAutoencoder", (len(images), 2), shifts=shifts)
        return in_chunks(lambda x, by: self.as_images(self.pose_capsules(intensity(x), by)), images, shifts)

    def poses(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the capsules see: presence (N, K) and pose (N, K, 2), in pixels, on the host."""
        with no_grad():
            presence, pose = self.pose_capsules.recognise(intensity(to_device(self.checked(images))))
        return to_numpy(presence)[:, :, 0].T, to_numpy(pose).swapaxes(0, 1)

    def generate(self, z: Array) -> Array:
        """Drawings of capsules whose presences and poses are noise: nothing has learned what goes together."""
        z = value(z).reshape(len(z), -1, 3).swapaxes(0, 1)  # (K, n, 3)
        return self.as_images(self.pose_capsules.generate(sigmoid(z[:, :, :1]), z[:, :, 1:]))

    def as_images(self, drawn) -> Array:
        return np.clip(2 * value(drawn) - 1, -1, 1).reshape(-1, *self.image_shape)
