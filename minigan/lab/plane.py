"""Where the real points come from: mixtures, curves, and points drawn by hand, in the square from -2 to 2."""

from __future__ import annotations

import numpy as np

from minigan.data import grid, ring
from minigan.data.synthetic import grid_centres, ring_centres
from minigan.lab.knobs import Settings

SCALE = np.float32(0.35)  # of the grid, whose side is 8, so that it fits into the square


def draw(s: Settings, n: int, rng: np.random.Generator) -> np.ndarray:
    """n real points, float32 (n, 2); `rng` moves on."""
    if s.data == "ring":
        return ring(n, std=s.spread, seed=rng)
    if s.data == "grid":
        return SCALE * grid(n, std=s.spread / float(SCALE), seed=rng)
    return line(s, n, rng) + np.float32(s.spread) * rng.standard_normal((n, 2), dtype=np.float32)


def line(s: Settings, n: int, rng: np.random.Generator) -> np.ndarray:
    """n points (n, 2) on the spiral or the two moons, evenly along them, or of those drawn by hand."""
    if s.data == "drawn":
        return np.asarray(s.points, np.float32)[rng.integers(len(s.points), size=n)]
    t, upper = rng.random(n), rng.random(n) < 0.5  # (n,) each
    if s.data == "spiral":
        angle = 4 * np.pi * np.sqrt(t)  # two turns; the root, since a turn further out is longer
        x, y = 0.12 * angle * np.cos(angle), 0.12 * angle * np.sin(angle)
    else:
        x = np.where(upper, np.cos(np.pi * t) - 0.5, 0.5 - np.cos(np.pi * t))
        y = np.where(upper, np.sin(np.pi * t) - 0.25, 0.25 - np.sin(np.pi * t))
    return np.stack([x, y], axis=1).astype(np.float32)


def centres(s: Settings) -> np.ndarray | None:
    """The centres (K, 2) of a mixture; None for what has no modes to count."""
    return {"ring": ring_centres, "grid": lambda: SCALE * grid_centres()}.get(s.data, lambda: None)()


def modes(samples: np.ndarray, centres: np.ndarray, std: float) -> tuple[int, float]:
    """How many centres have a sample within 3 std, and the reverse KL divergence with all samples counted.

    Every sample belongs to its nearest centre, however far away it is, so none is left out:

        KL(q ‖ 1/K) = Σ_k q_k log(K q_k)    for the shares q_k of the K centres; 0 if they are equal.
    """
    dx, dy = (samples[:, None, i] - centres[:, i] for i in (0, 1))  # (N, K) each
    distances = np.sqrt(dx * dx + dy * dy)  # (N, K)
    nearest = distances.argmin(axis=1)  # (N,)
    good = distances.min(axis=1) < 3 * max(std, 0.01)
    q = np.bincount(nearest, minlength=len(centres)) / len(samples)
    q = q[q > 0]
    return len(set(nearest[good])), float((q * np.log(len(centres) * q)).sum())
