"""Gaussian mixtures in the plane, whose modes can be counted: a ring and a grid.

    x = c_k + std · e,   k uniform over the modes,   e ~ N(0, I)   (2,)

A generator that has collapsed misses some of the centres c_k, which nobody can overlook in two
dimensions. The defaults are those of the PacGAN experiments (ring of 8 with radius 1 and std 0.01,
grid of 25 from -4 to 4 with std 0.05), so that counts of modes can be compared with published ones.

Source: Lin, Khetan, Fanti, Oh, "PacGAN: The power of two samples in generative adversarial
networks", NeurIPS 2018. Read before: nothing.
"""

import numpy as np

from minigan.checks import real, whole


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
    return _mixture("ring", n, ring_centres(modes, radius), std, seed)


def ring_centres(modes: int = 8, radius: float = 1.0) -> np.ndarray:
    """The centres of `ring`, float32 (modes, 2), anticlockwise from (radius, 0)."""
    modes, radius = whole("ring", modes=modes), real("ring", above=0, radius=radius)
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
    return _mixture("grid", n, grid_centres(side, spacing), std, seed)


def grid_centres(side: int = 5, spacing: float = 2.0) -> np.ndarray:
    """The centres of `grid`, float32 (side², 2), from the lower left, column by column."""
    side, spacing = whole("grid", side=side), real("grid", above=0, spacing=spacing)
    ticks = spacing * (np.arange(side) - (side - 1) / 2)  # (side,), symmetric about 0
    x, y = np.meshgrid(ticks, ticks, indexing="ij")  # (side, side) each
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)  # (side², 2)


def _mixture(
    who: str, n: int, centres: np.ndarray, std: float, seed: int | np.random.Generator
) -> np.ndarray:
    n, std = whole(who, least=0, n=n), real(who, least=0, std=std)
    if not isinstance(seed, np.random.Generator):
        seed = whole(who, least=0, seed=seed)
    rng = np.random.default_rng(seed)  # a Generator passes through
    k = rng.integers(len(centres), size=n)  # (n,)
    noise = rng.standard_normal((n, 2), dtype=np.float32)  # (n, 2)
    return centres[k] + np.float32(std) * noise
