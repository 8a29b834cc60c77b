"""Gaussian mixtures in the plane, whose modes can be counted: a ring and a grid.

    x = c_k + std · e,   k uniform over the modes,   e ~ N(0, I)   (2,)

A generator that has collapsed misses some of the centres c_k, which nobody can overlook in two
dimensions. The defaults are those of the PacGAN experiments (ring of 8 with radius 1 and std 0.01,
grid of 25 from -4 to 4 with std 0.05), so that counts of modes can be compared with published ones.

Source: Lin, Khetan, Fanti, Oh, "PacGAN: The power of two samples in generative adversarial
networks", NeurIPS 2018. Read before: nothing.
"""

import numpy as np


def ring(
    n: int,
    modes: int = 8,
    radius: float = 1.0,
    std: float = 0.01,
    seed: int | np.random.Generator = 0,
) -> np.ndarray:
    """n points, float32 (n, 2), of a mixture of Gaussians that are evenly spaced on a circle.

    The same integer `seed` gives the same points; a Generator is drawn from and moves on.
    """
    return _mixture(n, ring_centres(modes, radius), std, seed)


def ring_centres(modes: int = 8, radius: float = 1.0) -> np.ndarray:
    """The centres of `ring`, float32 (modes, 2), anticlockwise from (radius, 0)."""
    if modes < 1:
        raise ValueError(f"ring: modes is {modes}, expected at least 1")
    # Not linspace(0, 2π, modes): its last angle is its first again, and one mode would be missing.
    angle = 2 * np.pi * np.arange(modes) / modes  # (modes,)
    return (radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)).astype(np.float32)


def grid(
    n: int,
    side: int = 5,
    spacing: float = 2.0,
    std: float = 0.05,
    seed: int | np.random.Generator = 0,
) -> np.ndarray:
    """n points, float32 (n, 2), of a mixture of side² Gaussians on a square grid around 0.

    The same integer `seed` gives the same points; a Generator is drawn from and moves on.
    """
    return _mixture(n, grid_centres(side, spacing), std, seed)


def grid_centres(side: int = 5, spacing: float = 2.0) -> np.ndarray:
    """The centres of `grid`, float32 (side², 2), from the lower left, column by column."""
    if side < 1:
        raise ValueError(f"grid: side is {side}, expected at least 1")
    ticks = spacing * (np.arange(side) - (side - 1) / 2)  # (side,), symmetric about 0
    x, y = np.meshgrid(ticks, ticks, indexing="ij")  # (side, side) each
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)  # (side², 2)


def _mixture(n: int, centres: np.ndarray, std: float, seed: int | np.random.Generator) -> np.ndarray:
    rng = np.random.default_rng(seed)  # a Generator passes through
    k = rng.integers(len(centres), size=n)  # (n,)
    noise = rng.standard_normal((n, 2), dtype=np.float32)  # (n, 2)
    return centres[k] + np.float32(std) * noise
