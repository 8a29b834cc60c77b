"""The transforming autoencoder: capsules that learn where things are by being told how far they moved.

Chapter 9.7; read `layers`, `losses` and `optimizers` before it.

A *capsule* is a small group of units that looks for one visual entity in an image and answers whether it is
there, and where.  This is the first model of that name (Hinton, Krizhevsky and Wang 2011, "Transforming
auto-encoders").  Capsule k has recognition units r and generation units e of its own:

    r_k = σ(x A_k + a_k)                            recognition units, from the whole image x
    p_k = σ(r_k u_k + c_k),   q_k = 4 (r_k Q_k + b_k) is it there?  And its pose q = (x, y), in pixels
    e_k = σ((q_k + Δ) E_k + d_k)                    generation units; all they see is the pose after the shift Δ
    x̂   = Σ_k p_k (e_k S_k + s_k)                   what the capsules draw, added up

The only loss is the squared error between x̂ and the image that was really moved by Δ = (Δx, Δy).  Nobody says
what a pose should be.  But Δ is added to it, so the error is small only if the two numbers of a capsule behave
like the coordinates of something, and grow by Δ when the image is moved by Δ.

Two choices at the start decide how soon they do.  The 4 is there because weights of usual size make poses of
usual size, but a position has to cover several pixels.  And the generation units, each of which is half on
along a line in the plane of poses, begin with lines in many places and directions.

All capsules are computed together, as one batched product for each step.  The last one needs no batch: the e_k
are multiplied by p_k before it, so that a product of (N, capsules·units) with (capsules·units, pixels) adds up
the capsules, too.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from minigan import ops
from minigan.autograd import Tensor, grad, no_grad
from minigan.backend import normal, to_device, to_numpy, uniform, zeros
from minigan.layers import Layer
from minigan.layers.base import expect
from minigan.layers.initializers import glorot_uniform
from minigan.losses import mean_squared_error
from minigan.optimizers import Adam, Optimizer


class PoseCapsules(Layer):
    """x (N, pixels), Δ (N, 2) -> x̂ (N, pixels), with the equations above; K capsules, R and G units in each."""

    def __init__(self, pixels: int, capsules: int, recognition_units: int, generation_units: int) -> None:
        k, r, g = capsules, recognition_units, generation_units
        self.pixels, self.capsules = pixels, capsules
        self.look = Tensor(glorot_uniform((pixels, k * r), pixels, r))  # A
        self.look_bias = Tensor(zeros((k * r,)))  # a
        self.locate = Tensor(glorot_uniform((k, r, 3), r, 3))  # u and Q, side by side
        self.locate_bias = Tensor(zeros((k, 1, 3)))  # c and b
        self.place = Tensor(normal((k, 2, g)))  # E
        self.place_bias = Tensor(2 * normal((k, 1, g)))  # d
        self.draw = Tensor(glorot_uniform((k * g, pixels), g, pixels))  # S
        self.draw_bias = Tensor(zeros((k, pixels)))  # s

    def __repr__(self) -> str:
        return f"PoseCapsules({self.pixels}, {self.capsules})"

    def __call__(self, x: Any, shifts: Any) -> Any:  # type: ignore[override]
        presence, pose = self.recognise(x)
        return self.generate(presence, pose + shifts)

    def recognise(self, x: Any) -> tuple[Any, Any]:
        """x (N, pixels) -> p (K, N, 1) in (0, 1) and q (K, N, 2) in pixels, right and down."""
        expect(self, x, -1, self.pixels, f"(N, {self.pixels})")
        r = ops.sigmoid(ops.matmul(x, self.look) + self.look_bias)  # (N, K·R)
        r = ops.transpose(r.reshape((len(x), self.capsules, -1)), (1, 0, 2))  # (K, N, R)
        found = ops.matmul(r, self.locate) + self.locate_bias  # (K, N, 3)
        return ops.sigmoid(found[:, :, :1]), 4 * found[:, :, 1:]

    def generate(self, presence: Any, pose: Any) -> Any:
        """p (K, N, 1) and q + Δ (K, N, 2) -> x̂ (N, pixels)."""
        e = presence * ops.sigmoid(ops.matmul(pose, self.place) + self.place_bias)  # (K, N, G)
        e = ops.transpose(e, (1, 0, 2)).reshape((pose.shape[1], -1))  # (N, K·G)
        return ops.matmul(e, self.draw) + ops.matmul(
            ops.transpose(presence[:, :, 0]), self.draw_bias
        )  # (N, pixels)


class TransformingAutoencoder:
    """Trains `PoseCapsules` to draw images (N, image_size, image_size, 1) moved by shifts that it is told.

    capsules, recognition_units, generation_units  30, 10 and 20 in the paper
    largest_shift    each of Δx, Δy is a whole number of pixels from -largest_shift to largest_shift, and the
                     image that the capsules see has been moved in the same way before
    learning_rate    at the start; falls linearly to FLOOR times that over `decay_steps`
    The capsules see and draw ink, (x + 1)/2: 0 where there is none, so that an absent capsule draws nothing.
    """

    name = "transforming_autoencoder"
    curves: ClassVar = {"squared error": ("error",), "presence": ("presence",)}
    FLOOR = 0.05

    def __init__(
        self,
        image_size: int = 28,
        capsules: int = 30,
        recognition_units: int = 10,
        generation_units: int = 20,
        largest_shift: int = 2,
        learning_rate: float = 2e-3,
        decay_steps: int = 10_000,
    ) -> None:
        self.settings = {
            "image_size": image_size,
            "capsules": capsules,
            "recognition_units": recognition_units,
            "generation_units": generation_units,
            "largest_shift": largest_shift,
            "learning_rate": learning_rate,
            "decay_steps": decay_steps,
        }
        for name, number in self.settings.items():
            least = {"learning_rate": 0, "largest_shift": 0}.get(name, 1)
            if number < least:
                raise ValueError(f"TransformingAutoencoder: {name} is {number}, expected at least {least}")
        self.image_size, self.largest_shift = image_size, largest_shift
        self.learning_rate, self.decay_steps = learning_rate, decay_steps
        self.latent_size = 3 * capsules
        self.capsules = PoseCapsules(image_size**2, capsules, recognition_units, generation_units)
        self.optimizer = Adam(self.capsules.parameters(), learning_rate)
        self.networks: dict[str, Layer] = {"capsules": self.capsules}
        self.optimizers: dict[str, Optimizer] = {"capsules": self.optimizer}

    def train_step(self, images: np.ndarray) -> dict[str, Any]:
        """One step on a batch (N, H, W, 1), every image moved once at random, and again by a known Δ."""
        fraction = max(1 - self.optimizer.steps / self.decay_steps, self.FLOOR)
        self.optimizer.learning_rate = self.learning_rate * fraction
        images = to_device(images)
        before = random_shifts(len(images), self.largest_shift)
        shifts = random_shifts(len(images), self.largest_shift)
        x, target = ink(shifted(images, before)), ink(shifted(images, before + shifts))
        presence, pose = self.capsules.recognise(x)
        loss = mean_squared_error(self.capsules.generate(presence, pose + shifts), target)
        self.optimizer.step(grad(loss, self.capsules.parameters()))
        return {"error": loss.data, "presence": presence.data.mean()}

    def reconstruct(self, images: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """The capsules' drawing of `images` (N, H, W, 1) moved by `shifts` (N, 2), on the host, in [-1, 1]."""
        if shifts.shape != (len(images), 2):
            raise ValueError(f"reconstruct: shifts have shape {shifts.shape}, expected {(len(images), 2)}")
        with no_grad():
            drawn = self.capsules(ink(to_device(images)), to_device(shifts))
        return self._as_images(drawn)

    def poses(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the capsules see: presence (N, K) and pose (N, K, 2), in pixels, on the host."""
        with no_grad():
            presence, pose = self.capsules.recognise(ink(to_device(images)))
        return to_numpy(presence)[:, :, 0].T, to_numpy(pose).swapaxes(0, 1)

    def sample(self, n: int, noise: np.ndarray | None = None) -> np.ndarray:
        """n images (n, H, W, 1) of capsules whose poses and presences are noise (n, 3·K), on the host.

        Nothing here has learned which capsules go together, so these are not digits: they show what the
        capsules can draw.
        """
        if n < 1:
            raise ValueError(f"sample: n is {n}, expected at least 1")
        noise = to_numpy(normal((n, self.latent_size))) if noise is None else noise
        if noise.shape != (n, self.latent_size):
            raise ValueError(f"sample: noise has shape {noise.shape}, expected {(n, self.latent_size)}")
        state = to_device(noise.astype(np.float32, copy=False)).reshape(n, -1, 3).swapaxes(0, 1)  # (K, n, 3)
        with no_grad():
            return self._as_images(self.capsules.generate(ops.sigmoid(state[:, :, :1]), state[:, :, 1:]))

    def _as_images(self, drawn: Any) -> np.ndarray:
        images = np.clip(2 * to_numpy(drawn) - 1, -1, 1)
        return images.reshape(-1, self.image_size, self.image_size, 1)


def ink(images: Any) -> Any:
    """Images (N, H, W, 1) in [-1, 1] as ink from 0 to 1, (N, H·W)."""
    return ((images + 1) / 2).reshape(len(images), -1)


def random_shifts(n: int, largest: int) -> Any:
    """n shifts (Δx, Δy), each of the whole numbers from -largest to largest equally often, as float32: (n, 2)."""
    return np.floor(uniform((n, 2)) * (2 * largest + 1)) - largest


def shifted(images: Any, shifts: Any) -> Any:
    """Each image (N, H, W, C) moved by its own (Δx, Δy) of `shifts` (N, 2): whole pixels, right and down.

    What leaves the image is lost, and what comes in is background, -1.  Raises ValueError for other shifts.
    """
    n, height, width, _ = images.shape
    if shifts.shape != (n, 2):
        raise ValueError(f"shifted: shifts have shape {shifts.shape}, expected ({n}, 2)")
    dx, dy = shifts.astype(np.int64).T[..., None]  # (N, 1) each
    # 0, 1, 2, ... counted where the images are: what NumPy's arange makes would have to be moved there.
    down, right, image = (
        np.cumsum(np.ones_like(images, shape=size, dtype=np.int64)) - 1 for size in (height, width, n)
    )
    rows, columns = down - dy, right - dx  # (N, H), (N, W)
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    moved = images[image[:, None, None], rows[:, :, None], columns[:, None, :]]  # (N, H, W, C)
    return np.where(inside[..., None], moved, np.float32(-1)).astype(images.dtype, copy=False)
