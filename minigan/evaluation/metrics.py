"""How close are these samples to the real thing?  Plain functions of arrays, one formula each.

`real` (M, ...) and `fake` (N, ...) are points: rows of the classifier's features, or images, whose axes after
the first are taken together.  None of these numbers means anything alone: most of them depend on the number of
points, and all of them on what the points are made of.  So compare a number with the one that real images, which
the model was not trained on, get in the place of the fakes: its *baseline*.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from minigan import checks

BLOCK_BYTES = 2**25  # of a matrix of distances that is made at a time

# --- What the classifier says -----------------------------------------------------------------------


def confident_share(probabilities: np.ndarray, threshold: float = 0.9) -> float:
    """The share of images x that are read with confidence: max p(digit | x) > threshold."""
    threshold = checks.real("confident_share", least=0, most=1, threshold=threshold)
    return float((_rows("confident_share", probabilities).max(axis=1) > threshold).mean())


def digit_shares(probabilities: np.ndarray) -> np.ndarray:
    """The share of each class among the most probable ones: (classes,), which sum to one."""
    p = _rows("digit_shares", probabilities)
    return np.bincount(p.argmax(axis=1), minlength=p.shape[1]) / len(p)


# --- Two clouds of points ---------------------------------------------------------------------------


def frechet_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """‖μ_r - μ_f‖² + tr(Σ_r + Σ_f - 2 (Σ_r Σ_f)^½), with the means μ and the covariances Σ of the points.

    It is the distance between two Gaussians with these moments, and is zero if the moments agree.
    Σ_r Σ_f has the eigenvalues of the symmetric matrix Σ_r^½ Σ_f Σ_r^½, so `eigh` is all that it takes.
    Few points make it larger: compare only numbers from the same number of points.
    Source: Dowson and Landau 1982; for images Heusel et al. 2017, who take the features of another network
    (Inception), so that their numbers ("FID") cannot be compared with those on the classifier's features.
    """
    real, fake = _points("frechet_distance", real, fake, least=2)
    root = _square_root(np.cov(real, rowvar=False).reshape(real.shape[1], -1))  # Σ_r^½ (D, D)
    other = np.cov(fake, rowvar=False).reshape(real.shape[1], -1)  # Σ_f (D, D)
    eigenvalues = np.linalg.eigvalsh(root @ other @ root)  # (D,)
    apart = ((real.mean(axis=0) - fake.mean(axis=0)) ** 2).sum()
    spread = (root * root).sum() + np.trace(other) - 2 * np.sqrt(np.maximum(eigenvalues, 0)).sum()
    return float(max(apart + spread, 0.0))


def _square_root(matrix: np.ndarray) -> np.ndarray:
    """The symmetric square root of a covariance."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T  # rounding can make a zero negative


def kernel_distance(
    real: np.ndarray, fake: np.ndarray, subset_size: int = 1000, subsets: int = 50, seed: int = 0
) -> tuple[float, float]:
    """Mean and standard deviation, over random subsets, of the estimator behind the kernel inception distance
    (KID), the squared maximum mean discrepancy

        mean_{i≠j} k(r_i, r_j) + mean_{i≠j} k(f_i, f_j) - 2 mean_{ij} k(r_i, f_j),   k(x, y) = (x·y/D + 1)³

    with D-dimensional points.  Unbiased: zero on average if real and fake have one distribution, so it may
    be negative.  Subsets are no larger than the smaller of the two clouds.
    Source: Bińkowski, Sutherland, Arbel and Gretton 2018, there on Inception's features.
    """
    real, fake = _points("kernel_distance", real, fake, least=2)
    checks.whole("kernel_distance", subsets=subsets)
    checks.whole("kernel_distance", least=2, subset_size=subset_size)
    rng = np.random.default_rng(checks.whole("kernel_distance", least=0, seed=seed))
    size = min(subset_size, len(real), len(fake))
    found = []
    for _ in range(subsets):
        r, f = (points[rng.choice(len(points), size, replace=False)] for points in (real, fake))
        within = sum((k.sum() - np.trace(k)) / (size * (size - 1)) for k in (_kernel(r, r), _kernel(f, f)))
        found.append(within - 2 * _kernel(r, f).mean())
    return float(np.mean(found)), float(np.std(found))


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    k = x @ y.T / x.shape[1] + 1
    return k * k * k


# --- Two clouds, point by point ---------------------------------------------------------------------
#
# Around every point there is a ball that reaches to its k-th nearest neighbour in its own cloud.  The
# balls of a cloud together are a picture of the region that it fills.


def precision_recall(real: np.ndarray, fake: np.ndarray, k: int = 3) -> tuple[float, float]:
    """Precision: the share of fakes inside any ball of the real points.  Recall: the reverse.

    Low precision is bad pictures, low recall is missing variety.
    Source: Kynkäänniemi, Karras, Laine, Lehtinen and Aila 2019, "Improved precision and recall metric".
    """
    k = checks.whole("precision_recall", k=k)
    real, fake = _points("precision_recall", real, fake, least=k + 1, precise=False)
    return _inside(fake, real, k), _inside(real, fake, k)


def _inside(points: np.ndarray, cloud: np.ndarray, k: int) -> float:
    radii = squared_radii(cloud, k)
    found = [(d <= radii).any(axis=1) for _, d in squared_distances(points, cloud)]
    return float(np.concatenate(found).mean())


def density_coverage(real: np.ndarray, fake: np.ndarray, k: int = 5) -> tuple[float, float]:
    """Density: in how many of the balls of the real points is a fake, on average, divided by k.
    Coverage: the share of these balls that hold a fake.

    Unlike precision and recall they use no balls around fakes, and one stray real point with its large
    ball cannot make all fakes look right.  Density is about 1 for a perfect generator, and may be more.
    Source: Naeem, Oh, Uh, Choi and Yoo 2020, "Reliable fidelity and diversity metrics".
    """
    k = checks.whole("density_coverage", k=k)
    real, fake = _points("density_coverage", real, fake, least=k + 1, precise=False)
    radii, held, covered = squared_radii(real, k), 0, np.zeros(len(real), bool)
    for _, d in squared_distances(fake, real):
        inside = d <= radii  # (fakes of this block, M)
        held += int(np.count_nonzero(inside))
        covered |= inside.any(axis=0)
    return held / (k * len(fake)), float(covered.mean())


def squared_radii(points: np.ndarray, k: int) -> np.ndarray:
    """The squared distance of each point to its k-th nearest neighbour, itself not counted: (N,)."""
    # The nearest of all, at place 0, is the point itself.  The neighbour on the rim belongs to the ball, but
    # its distance may be rounded differently the next time: hence a very little more.
    radii = np.empty(len(points), points.dtype)
    for rows, d in squared_distances(points, points):
        radii[rows] = np.partition(d, k, axis=1)[:, k]
    return radii * points.dtype.type(1 + 1e-6)


def squared_distances(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """(rows, ‖a_i - b_j‖² for the points a_i of these rows and all b_j), a block of rows at a time.

    As ‖a‖² + ‖b‖² - 2 a·b, so that a matrix product does the work; it loses the last digits of the
    distance of points that are far from the origin, so the origin is put into the middle of b.
    """
    centre = b.mean(axis=0)
    a, b = a - centre, b - centre
    b_squared = np.einsum("ij,ij->i", b, b)  # (M,)
    step = max(1, BLOCK_BYTES // (b.itemsize * len(b)))
    for start in range(0, len(a), step):
        rows = slice(start, min(start + step, len(a)))
        block = a[rows]
        d = block @ b.T  # (rows, M)
        d *= -2
        d += b_squared
        d += np.einsum("ij,ij->i", block, block)[:, None]
        yield rows, np.maximum(d, 0, out=d)


# --- Bins -------------------------------------------------------------------------------------------


def different_bins(
    real: np.ndarray, fake: np.ndarray, bins: int = 100, significance: float = 1.96, seed: int = 0
) -> int:
    """In how many of the bins, cut out of space by k-means, do the shares of real and fake points differ?

    With the shares p = m/M and q = n/N of a bin and P = (m + n)/(M + N) a bin is different if

        |p - q| / √(P (1 - P) (1/M + 1/N)) > significance,

    the two-proportion z-test; 1.96 standard deviations, or 5 %.  So 5 of 100 are expected by chance, and
    the more points there are, the smaller the differences that are found.
    Source: Richardson and Weiss 2018, "On GANs and GMMs" (the number of statistically different bins).
    """
    real, fake = _points("different_bins", real, fake, least=1, precise=False)
    significance = checks.real("different_bins", least=0, significance=significance)
    checks.whole("different_bins", least=0, seed=seed)
    if checks.whole("different_bins", bins=bins) > len(real):
        raise ValueError(
            f"different_bins: bins is {bins}, expected 1 to {len(real)}, the number of real points"
        )
    centres = cluster(real, bins, seed)
    m, n = (np.bincount(nearest(points, centres)[0], minlength=bins) for points in (real, fake))
    p, q, pooled = m / len(real), n / len(fake), (m + n) / (len(real) + len(fake))
    deviation = np.sqrt(pooled * (1 - pooled) * (1 / len(real) + 1 / len(fake)))
    return int((np.abs(p - q) > significance * deviation).sum())


def cluster(points: np.ndarray, count: int, seed: int = 0, rounds: int = 30) -> np.ndarray:
    """The centres (count, D) of k-means, by Lloyd's algorithm from random points of the cloud.

    Each round every point goes to its nearest centre, then every centre to the mean of its points.
    """
    centres = points[np.random.default_rng(seed).choice(len(points), count, replace=False)]
    assigned = np.full(len(points), -1)
    for _ in range(rounds):
        before, (assigned, _) = assigned, nearest(points, centres)
        if np.array_equal(before, assigned):
            break
        sizes = np.bincount(assigned, minlength=count)
        by_centre = points[np.argsort(assigned, kind="stable")]
        filled = np.flatnonzero(sizes)  # a centre that has lost all its points stays where it is
        starts = (np.cumsum(sizes) - sizes)[filled]
        centres = centres.copy()
        centres[filled] = np.add.reduceat(by_centre, starts, axis=0) / sizes[filled, None]
    return centres


# --- Does the generator copy? -----------------------------------------------------------------------


def nearest(points: np.ndarray, training: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each point the index of the nearest one in `training`, and the distance to it: (N,), (N,)."""
    points, training = _points("nearest", points, training, least=1, precise=False)
    index = np.concatenate([d.argmin(axis=1) for _, d in squared_distances(points, training)])
    # Once more, without the rounding of squared_distances: the distance of a copy is exactly zero.
    step = max(1, BLOCK_BYTES // points[0].nbytes)
    blocks = [slice(i, i + step) for i in range(0, len(points), step)]
    distance = [np.linalg.norm(points[rows] - training[index[rows]], axis=1) for rows in blocks]
    return index, np.concatenate(distance)


def nearest_other(points: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """For each of the `chosen` (N,), indices of points (M, ...), the distance to the nearest other point: (N,)."""
    points, _ = _points("nearest_other", points, points, least=2, precise=False)
    chosen, count = _numbers("nearest_other", chosen=chosen), len(points)
    if (
        chosen.ndim != 1
        or chosen.dtype.kind not in "iu"
        or not (0 <= chosen).all()
        or not (chosen < count).all()
    ):
        raise ValueError(f"nearest_other: chosen is {checks.short(chosen)}, expected indices below {count}")
    some = points[chosen]
    distances = []
    for rows, d in squared_distances(some, points):
        d[np.arange(len(d)), chosen[rows]] = np.inf
        distances.append(
            np.linalg.norm(some[rows] - points[d.argmin(axis=1)], axis=1)
        )  # exact, as in `nearest`
    return np.concatenate(distances)


def mean_distance(points: np.ndarray, seed: int = 0) -> float:
    """How different points (N, ...) are: the mean distance of each to another one, N at least 2.

    They are put into a ring in random order, which estimates the mean over all pairs.  0 if all are the same.
    """
    points, _ = _points("mean_distance", points, points, least=2, precise=False)
    rng = np.random.default_rng(checks.whole("mean_distance", least=0, seed=seed))
    ring = points[rng.permutation(len(points))]
    ring, after = _points("mean_distance", ring, np.roll(ring, -1, axis=0), least=2, precise=False)
    return float(np.linalg.norm(ring - after, axis=1).mean())


def memorisation(fake_distances: np.ndarray, real_distances: np.ndarray) -> tuple[float, float]:
    """Compare distances to the nearest training image: of fakes, and of real images not trained on.

    Returns the ratio of the medians, and the share of fakes that are nearer than all but 1 % of the real
    images.  A generator that copies has a ratio near 0 and a share near 1; one that draws as people write has
    about 1 and 0.01.  Distances of pixels are easily fooled (Theis, van den Oord and Bethge 2016): of MNIST,
    test images that are blurred a little have a ratio of 0.9, and training images moved by one pixel, which
    are nothing but copies, one of 1.01.  So a bad result is proof, a good one is not.
    """
    fake_distances = _distances(fake_distances=fake_distances)
    real_distances = _distances(real_distances=real_distances)
    ratio = np.median(fake_distances) / np.median(real_distances)
    return float(ratio), float((fake_distances < np.percentile(real_distances, 1)).mean())


# --- Modes ------------------------------------------------------------------------------------------


def modes_covered(samples: np.ndarray, centres: np.ndarray, std: float) -> tuple[int, float, float]:
    """How well samples (N, D) cover a mixture of equal Gaussians around `centres` (K, D), `std` wide each.

    A sample is of high quality if it lies within 3 std of the nearest centre.  Returns the number of modes
    that have at least one such sample; the share of such samples, in the plane 1 - e^-4.5 = 98.9 % for the
    mixture itself; and, for the shares q_k of the modes among these samples, the reverse KL divergence

        KL(q ‖ 1/K) = Σ_k q_k log(K q_k)   in nats: 0 if all modes are equal, log K if there is but one.

    Without any sample of high quality the last number is log K, too.
    Source: Srivastava et al. 2017 ("VEEGAN"), and Lin, Khetan, Fanti and Oh 2018 ("PacGAN"), whose program
    computes all three like this.
    """
    samples, centres = _points("modes_covered", samples, centres, least=1)
    nearby, distances = nearest(samples, centres)
    good = distances < 3 * checks.real("modes_covered", above=0, std=std)
    counts = np.bincount(nearby[good], minlength=len(centres))
    q = counts[counts > 0] / max(1, good.sum())
    divergence = float((q * np.log(len(centres) * q)).sum()) if len(q) else math.log(len(centres))
    return len(q), float(good.mean()), divergence


# --- What comes in ----------------------------------------------------------------------------------


def _points(
    name: str, real: np.ndarray, fake: np.ndarray, least: int, precise: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Both as (number, D) of one type, float64 if `precise`; a ValueError if they cannot be compared."""
    real, fake = _numbers(name, points=real), _numbers(name, points=fake)
    if min(real.ndim, fake.ndim) < 2 or real.shape[1:] != fake.shape[1:] or not real[:1].size:
        raise ValueError(
            f"{name}: points of shapes {real.shape} and {fake.shape} cannot be compared, expected (M, ...) and (N, ...)"
        )
    if min(len(real), len(fake)) < least:
        raise ValueError(f"{name}: {len(real)} and {len(fake)} points, expected at least {least} of each")
    dtype = np.float64 if precise else np.result_type(real, fake, np.float32)
    return tuple(p.reshape(len(p), -1).astype(dtype, copy=False) for p in (real, fake))  # type: ignore[return-value]


def _numbers(who: str, **values) -> np.ndarray:
    """An array of finite real numbers."""
    ((name, value),) = values.items()
    try:
        array = np.asarray(value)
    except ValueError:  # a ragged list
        array = np.asarray(None)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{who}: {name} is {checks.short(value)}, expected an array of real numbers")
    if not np.isfinite(array).all():
        raise ValueError(f"{who}: some of the {name} are not finite, as expected")
    return array


def _distances(**values) -> np.ndarray:
    """An array of distances, at least one."""
    array, (name,) = _numbers("memorisation", **values), values
    if not array.size or array.min() < 0:
        raise ValueError(f"memorisation: {name} has none, or a negative one, expected distances")
    return array


def _rows(name: str, probabilities: np.ndarray) -> np.ndarray:
    p = _numbers(name, probabilities=probabilities)
    if p.ndim != 2 or not p.size:
        raise ValueError(f"{name}: probabilities have shape {p.shape}, expected (N, classes) with N > 0")
    return p
