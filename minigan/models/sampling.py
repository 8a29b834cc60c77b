"""What the GANs share outside of training: drawing images, and reading D's opinion.

Chapter 9.0; read `layers` before it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigan.autograd import no_grad
from minigan.backend import normal, to_device, to_numpy
from minigan.layers import Layer
from minigan.ops import sigmoid
from minigan.ops.elementwise import value

AT_ONCE = 500  # images that are drawn together, to keep the memory small


def sample_images(generator: Layer, latent_size: int, n: int, noise: np.ndarray | None) -> np.ndarray:
    """n images (n, H, W, C) in [-1, 1] on the host, from `noise` (n, latent_size) or from fresh noise."""
    if n < 1:
        raise ValueError(f"sample: n is {n}, expected at least 1")
    if noise is None:
        noise = to_numpy(normal((n, latent_size)))
    if noise.shape != (n, latent_size):
        raise ValueError(f"sample: noise has shape {noise.shape}, expected {(n, latent_size)}")
    noise = noise.astype(np.float32, copy=False)
    with no_grad():
        parts = [to_numpy(generator(to_device(noise[i : i + AT_ONCE]))) for i in range(0, n, AT_ONCE)]
    return np.concatenate(parts)


def mean_probability(logits: Any) -> Any:
    """The mean of D = σ(logit) over a batch: what D believes on average."""
    return sigmoid(value(logits)).mean()
