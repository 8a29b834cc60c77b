"""What the GANs share outside of training: drawing images, reading D's opinion, watching the game.

Chapter 9.0; read `layers` before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigan.autograd import no_grad
from minigan.backend import normal, to_device, to_numpy
from minigan.ops import sigmoid
from minigan.ops.elementwise import value

AT_ONCE = 500  # images that are drawn together, to keep the memory small


def sample_images(
    generator: Callable[[Any], Any], latent_size: int, n: int, noise: np.ndarray | None
) -> np.ndarray:
    """n images (n, H, W, C) in [-1, 1] on the host, from `noise` (n, latent_size) or from fresh noise."""
    if n < 1:
        raise ValueError(f"sample: n is {n}, expected at least 1")
    if noise is None:
        noise = to_numpy(normal((n, latent_size)))
    if noise.shape != (n, latent_size):
        raise ValueError(f"sample: noise has shape {noise.shape}, expected {(n, latent_size)}")
    return in_parts(generator, noise.astype(np.float32, copy=False))


def in_parts(network: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """What a network answers to x (n, ...), both on the host, AT_ONCE rows at a time and without a graph."""
    with no_grad():
        parts = [to_numpy(network(to_device(x[i : i + AT_ONCE]))) for i in range(0, max(len(x), 1), AT_ONCE)]
    return np.concatenate(parts)


def mean_probability(logits: Any) -> Any:
    """The mean of D = σ(logit) over a batch: what D believes on average."""
    return sigmoid(value(logits)).mean()


def signals(real: Any, fake: Any, real_logits: Any, fake_logits: Any, g: Any) -> dict[str, Any]:
    """Three numbers by which one sees a GAN fail; they stay on the device.

    real, fake                a batch each of images x and G(z) (N, ...)
    real_logits, fake_logits  what D answered, before its step
    g                         dL/dG(z) (N, ...), the gradient of G's loss L, a mean over the batch, at its images

    d_accuracy  the share of both batches that D judges right: 1 when D wins, ½ when it cannot tell
    g_gradient  √(mean of ‖N g_i‖²): how strongly D pushes one image, so how much G is told
    diversity   √(variance of G(z) / variance of x) over the batch: 0 when G draws one image only
    """
    real, fake, real_logits, fake_logits = map(value, (real, fake, real_logits, fake_logits))
    right = (real_logits > 0).mean(dtype=np.float32) + (fake_logits < 0).mean(dtype=np.float32)
    return {
        "d_accuracy": right / 2,
        "g_gradient": np.sqrt((g * g).sum() * len(g)),
        "diversity": np.sqrt(fake.var(axis=0).mean() / (real.var(axis=0).mean() + 1e-12)),
    }
