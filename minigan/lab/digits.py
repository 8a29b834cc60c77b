"""Pictures that a generator draws, and how they follow from z: samples, principal directions, walks.

The generators are those that the package ships, and a small one that is trained here.

Which way in the space of z changes a picture most?  Härkönen, Hertzmann, Lehtinen and Paris 2020, "GANSpace", take
the principal components of what G's first layer makes of many z.  That layer is linear, y = z W, and z is normal.  So
y has the covariance WᵀW, and the components need no samples:

    W = U S Vᵀ        one step along column k of U moves y by s_k along row k of Vᵀ,
                      and has the share  s_k² / Σ s²  of the variance of y.

A walk from one z to another goes along a sphere, because normal numbers in many dimensions lie near one
(White 2016, "Sampling Generative Networks").

Read before it: `runs.shipped`, `models.mlp_gan`.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from minigan.autograd import no_grad
from minigan.checks import choice, real, whole
from minigan.data import load_mnist
from minigan.lab.noise import OwnNoise
from minigan.models import MLPGAN
from minigan.models.model import in_chunks
from minigan.ops import sigmoid
from minigan.runs.shipped import SHIPPED, load_shipped

HERE = "here"  # the generator that is trained on the page
SHOWN = 60  # samples
DIRECTIONS = 8  # with a slider each
FARTHEST = 4.0  # that a slider moves z
WALK = 33  # pictures of a walk, both ends among them
MOST_STEPS = 100  # of training, in one command


class Small(OwnNoise):
    """A GAN of fully connected layers that learns 14x14 digits; everything follows from the seed."""

    BATCH = 32

    def __init__(self, seed: int) -> None:
        self.noise_bits = np.random.default_rng(whole("Small", least=0, seed=seed)).bit_generator.state
        self.rng = np.random.default_rng(seed)  # of the batches
        with self.randomness():
            self.model = MLPGAN(
                image_shape=(14, 14, 1),
                latent_size=16,
                g_hidden=(64, 64),
                d_hidden=(64, 64),
                decay_steps=3000,
            )
        self.images = halved(load_mnist()[0])
        self.step = 0

    def train(self, n: int) -> list[dict[str, float]]:
        """n steps; the numbers of each."""
        found = []
        with self.randomness():
            for _ in range(n):
                batch = self.images[self.rng.integers(len(self.images), size=self.BATCH)]
                found.append({name: float(number) for name, number in self.model.train_step(batch).items()})
        if not all(np.isfinite(number) for numbers in found for number in numbers.values()):
            raise FloatingPointError(f"after step {self.step} the numbers are not finite any more")
        self.step += n
        return found


class Digits:
    """The generators that are open, and what the page asks of them."""

    NAMES = ("pictures", "walk", "train")

    def __init__(self) -> None:
        self.shipped: dict[str, Any] = {}
        self.small: Small | None = None

    def model(self, of: str) -> Any:
        choice("pictures", (*SHIPPED, HERE), of=of)
        if of == HERE:
            if self.small is None:
                raise ValueError("no generator has been trained here yet")
            return self.small.model
        if of not in self.shipped:
            self.shipped[of] = load_shipped(of)
        return self.shipped[of]

    def pictures(
        self, of: str, seed: int = 0, label: int | None = None, moves: Any = (), n: int = SHOWN
    ) -> dict[str, Any]:
        """n samples with z from `seed`, moved along the first directions; and D's outputs, where there is a D."""
        model = self.model(of)
        if whole("pictures", n=n) > SHOWN:
            raise ValueError(f"pictures: n is {n}, expected 1 to {SHOWN}")
        z = moved(model, latents(model, seed, n), moves)
        images = draw(model, z, labels(model, n, label))
        return {
            "of": of,
            "shape": list(images.shape[1:]),
            "images": packed(images),
            "conditions": getattr(model, "conditions", 0),
            "shares": [round(float(share), 4) for share in directions(model)[1]],
            "d": self.outputs(images) if of == HERE else None,
        }

    def outputs(self, images: np.ndarray) -> list[float]:
        """The probability of "real" that D gives each image (N, 14, 14, 1), seen as one batch."""
        assert self.small is not None
        with no_grad():
            return [round(float(p), 4) for p in sigmoid(self.small.model.D(images))[:, 0]]

    def walk(
        self, of: str, a: int, b: int, seed: int = 0, label: int | None = None, moves: Any = ()
    ) -> dict[str, Any]:
        """The pictures on the way from sample a to sample b."""
        for name, i in {"a": a, "b": b}.items():
            if whole("walk", least=0, **{name: i}) >= SHOWN:
                raise ValueError(f"walk: {name} is {i}, expected 0 to {SHOWN - 1}")
        model = self.model(of)
        z, c = moved(model, latents(model, seed, SHOWN), moves), labels(model, SHOWN, label)
        t = np.linspace(0, 1, WALK, dtype=np.float32)[:, None]
        between = None if c is None else (1 - t) * c[a] + t * c[b]
        images = draw(model, along_sphere(z[a], z[b], t), between)
        return {"shape": list(images.shape[1:]), "images": packed(images)}

    def train(self, n: int, seed: int | None = None) -> dict[str, Any]:
        """n steps of the small GAN, which begins anew with a seed; its numbers, and its samples."""
        whole("train", n=n, least=0)
        if seed is not None or self.small is None:
            self.small = Small(seed or 0)
        numbers = self.small.train(min(n, MOST_STEPS))
        return self.pictures(HERE) | {"step": self.small.step, "numbers": numbers}


def halved(images: np.ndarray) -> np.ndarray:
    """Images (N, H, W, C) of half the size: the mean of every four pixels (N, H/2, W/2, C)."""
    n, h, w, c = images.shape
    return images.reshape(n, h // 2, 2, w // 2, 2, c).mean(axis=(2, 4))


def latents(model: Any, seed: int, n: int) -> np.ndarray:
    """z (n, latent_size) of the samples."""
    rng = np.random.default_rng(whole("pictures", least=0, seed=seed))
    return rng.standard_normal((n, model.latent_size)).astype(np.float32)


def labels(model: Any, n: int, label: int | None) -> np.ndarray | None:
    """What a conditional G gets besides z (n, conditions): all labels in turn, or n times the one; otherwise None."""
    if not hasattr(model, "codes"):
        return None
    if label is None:
        return model.codes(None, n)
    return model.codes(np.full(n, whole("pictures", least=0, label=label)), n)


def directions(model: Any) -> tuple[np.ndarray, np.ndarray]:
    """The principal directions of z (latent_size, DIRECTIONS), and their shares of the variance (DIRECTIONS,)."""
    W = model.average.layers[0].kernel.data[: model.latent_size]  # without the rows of the labels
    U, S, _ = np.linalg.svd(W, full_matrices=False)
    sign = np.sign(U[np.abs(U).argmax(axis=0), np.arange(U.shape[1])])  # so that it is the same everywhere
    return (U * sign)[:, :DIRECTIONS], (S * S / (S * S).sum())[:DIRECTIONS]


def moved(model: Any, z: np.ndarray, moves: Any) -> np.ndarray:
    """z (N, latent_size), moved by so many standard deviations along the first directions."""
    if len(moves) > DIRECTIONS:
        raise ValueError(f"pictures: {len(moves)} moves, expected at most {DIRECTIONS}")
    steps = [real("pictures", least=-FARTHEST, most=FARTHEST, move=move) for move in moves]
    return z + directions(model)[0][:, : len(steps)] @ np.array(steps, np.float32)


def along_sphere(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Points (T, latent_size) between a and b; t (T, 1) from 0 to 1.

    sin((1 - t) ω) / sin ω · a  +  sin(t ω) / sin ω · b,    ω the angle between a and b.
    """
    cosine = float(a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-12))
    angle = np.arccos(np.clip(cosine, -1, 1))
    if np.sin(angle) < 1e-4:  # the same direction: a straight line
        return (1 - t) * a + t * b
    return ((np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)).astype(np.float32)


def draw(model: Any, z: np.ndarray, c: np.ndarray | None) -> np.ndarray:
    """The images (N, H, W, C) in [-1, 1]."""
    return in_chunks(model.generate, z) if c is None else in_chunks(model.generate, z, c)


def packed(images: np.ndarray) -> str:
    """Images as bytes, 0 to 255, in base64: a tenth of what JSON needs for the numbers."""
    return base64.b64encode((127.5 * (images + 1)).round().clip(0, 255).astype(np.uint8).tobytes()).decode()
