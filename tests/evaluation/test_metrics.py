"""The metrics: each against its definition in loops, against a known answer, and at its baseline."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigan.data import grid, load_mnist, ring
from minigan.data.synthetic import grid_centres, ring_centres
from minigan.evaluation import metrics
from minigan.evaluation.metrics import (
    cluster,
    confident_share,
    density_coverage,
    different_bins,
    digit_shares,
    frechet_distance,
    kernel_distance,
    mean_distance,
    memorisation,
    modes_covered,
    nearest,
    nearest_other,
    precision_recall,
    squared_distances,
    squared_radii,
)

BETWEEN_CLOUDS = {
    "frechet_distance": frechet_distance,
    "kernel_distance": kernel_distance,
    "precision_recall": precision_recall,
    "density_coverage": density_coverage,
    "different_bins": lambda real, fake: different_bins(real, fake, bins=5),
    "nearest": nearest,
}
clouds = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def normal(n, d, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


# --- What the classifier says -----------------------------------------------------------------------


def test_confident_and_digit_shares_of_four_images_counted_by_hand():
    p = np.array([[0.95, 0.05, 0.0], [0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.0, 0.05, 0.95]])
    assert confident_share(p) == 0.5  # 0.9 is not above 0.9
    assert confident_share(p, threshold=0.5) == 1.0
    assert digit_shares(p).tolist() == [0.5, 0.25, 0.25]


def test_a_digit_that_never_occurs_has_the_share_zero():
    p = np.eye(10)[[3, 3, 9]]
    assert digit_shares(p).tolist() == [0, 0, 0, 2 / 3, 0, 0, 0, 0, 0, 1 / 3]


@pytest.mark.parametrize("metric", [confident_share, digit_shares])
@pytest.mark.parametrize("shape", [(0, 10), (10,), (2, 5, 2)])
def test_probabilities_of_a_wrong_shape_are_refused(metric, shape):
    with pytest.raises(ValueError, match=r"probabilities have shape .* expected \(N, classes\)"):
        metric(np.ones(shape))


# --- Fréchet distance -------------------------------------------------------------------------------


def whitened(n, d, seed=0):
    """Points whose mean is exactly 0 and whose covariance is exactly 1."""
    x = normal(n, d, seed)
    x -= x.mean(axis=0)
    return x @ np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False))).T


def test_frechet_distance_of_axis_parallel_gaussians_is_the_closed_form():
    shift, a, b = np.array([1.0, -2.0, 0.5]), np.array([1.0, 2.0, 3.0]), np.array([4.0, 0.5, 3.0])
    real, fake = whitened(50, 3) * a, whitened(60, 3, seed=1) * b + shift
    assert frechet_distance(real, fake) == pytest.approx((shift**2).sum() + ((a - b) ** 2).sum())


def test_frechet_distance_of_gaussians_whose_covariances_do_not_commute():
    a, b = np.array([[4.0, 1.0], [1.0, 2.0]]), np.array([[1.0, -0.5], [-0.5, 3.0]])
    real, fake = (whitened(40, 2, i) @ np.linalg.cholesky(c).T for i, c in enumerate((a, b)))
    # for 2x2 matrices  tr(M^½) = √(tr M + 2 √(det M))
    root = math.sqrt(np.trace(a @ b) + 2 * math.sqrt(np.linalg.det(a @ b)))
    assert frechet_distance(real, fake) == pytest.approx(np.trace(a) + np.trace(b) - 2 * root)


def test_frechet_distance_in_one_dimension_and_of_points_that_fill_no_volume():
    assert frechet_distance([[0.0], [2.0]], [[5.0], [5.0]]) == pytest.approx(4**2 + 2)
    flat = np.c_[normal(20, 2), np.zeros(20)]
    assert frechet_distance(flat, flat + [0, 0, 3]) == pytest.approx(9)


# --- Kernel distance --------------------------------------------------------------------------------


def kernel_distance_in_loops(real, fake):
    def k(x, y):
        return (sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3

    def within(points):
        return np.mean([k(x, y) for i, x in enumerate(points) for j, y in enumerate(points) if i != j])

    return within(real) + within(fake) - 2 * np.mean([k(x, y) for x in real for y in fake])


def test_kernel_distance_is_its_definition():
    real, fake = normal(6, 3), normal(6, 3, seed=1) + 0.5
    mean, deviation = kernel_distance(real, fake)
    assert mean == pytest.approx(kernel_distance_in_loops(real, fake))
    assert deviation == pytest.approx(0, abs=1e-12)  # every subset holds all the points


def test_kernel_distance_is_unbiased():
    """On average it is zero for one distribution, which the simpler sum with i = j is far from being."""
    found = [kernel_distance(normal(8, 2, 2 * i), normal(8, 2, 2 * i + 1), subsets=1)[0] for i in range(2000)]
    error = np.std(found) / math.sqrt(len(found))
    assert abs(np.mean(found)) < 4 * error
    diagonal = np.mean([(x @ x / 2 + 1) ** 3 for x in normal(1000, 2)])  # of a kernel matrix, at i = j
    off_diagonal = 1 + 3 / 2  # E k(x, y) = 1 + 3 E(x·y/2)²
    bias = 2 * (diagonal - off_diagonal) / 8
    assert bias > 20 * error


def test_kernel_distance_averages_over_random_subsets_of_the_given_size():
    real, fake = normal(50, 3), normal(40, 3, seed=1)
    mean, deviation = kernel_distance(real, fake, subset_size=10, subsets=400)
    whole, _ = kernel_distance(real, fake, subset_size=40, subsets=50)
    assert deviation > 0.1 and abs(mean - whole) < 4 * deviation / math.sqrt(400)
    assert kernel_distance(real, fake, seed=3) == kernel_distance(real, fake, seed=3)


# --- Precision, recall, density, coverage -----------------------------------------------------------


def distance(x, y):
    return math.sqrt(((x - y) ** 2).sum())


def radius(points, i, k):
    return sorted(distance(points[i], points[j]) for j in range(len(points)) if j != i)[k - 1]


def inside_in_loops(points, cloud, k):
    radii = [radius(cloud, i, k) for i in range(len(cloud))]
    return np.mean([any(distance(x, c) <= r for c, r in zip(cloud, radii, strict=True)) for x in points])


def density_coverage_in_loops(real, fake, k):
    radii = [radius(real, i, k) for i in range(len(real))]
    held = [[distance(x, f) <= r for f in fake] for x, r in zip(real, radii, strict=True)]
    return np.sum(held) / (k * len(fake)), np.mean([any(row) for row in held])


@given(clouds, st.integers(1, 4), st.integers(5, 12), st.integers(5, 12), st.sampled_from([64, 1 << 20]))
def test_the_metrics_with_balls_are_their_definitions_whatever_the_blocks(rng, k, m, n, block):
    real, fake = rng.standard_normal((m, 2)), rng.standard_normal((n, 2)) * 0.8 + 0.3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "BLOCK_BYTES", block)
        assert precision_recall(real, fake, k) == (
            inside_in_loops(fake, real, k),
            inside_in_loops(real, fake, k),
        )
        assert density_coverage(real, fake, k) == pytest.approx(density_coverage_in_loops(real, fake, k))


def test_the_balls_of_points_on_a_line_counted_by_hand():
    real, fake = np.array([[0.0], [1.0], [3.0], [10.0], [20.0]]), np.array([[0.5], [4.5], [9.0]])
    # With k = 1 the balls of the real points are [-1, 1], [0, 2], [1, 5], [3, 17], [10, 30], ...
    np.testing.assert_allclose(squared_radii(real, 1), [1, 1, 4, 49, 100], rtol=1e-5)
    # ... and those of the fakes [-3.5, 4.5], [0.5, 8.5], [4.5, 13.5]: only 20 is in none of them.
    assert precision_recall(real, fake, k=1) == (1.0, 0.8)
    # 0.5 and 4.5 are in two balls each, 9 is in one, and the last ball holds none of them.
    assert density_coverage(real, fake, k=1) == (pytest.approx(5 / 3), 0.8)


def test_the_rim_of_a_ball_belongs_to_it_also_if_the_ball_is_a_point():
    real = np.array([[2.0, 1.0]] * 3 + [[40.0, 0.0]] * 3)  # of a collapsed cloud every ball is a point
    fake = np.array([[2.0, 1.0]] * 3 + [[9.0, 9.0]])
    assert precision_recall(real, fake, k=2) == (0.75, 0.5)
    assert density_coverage(real, fake, k=2) == (3 * 3 / (2 * 4), 0.5)


def test_a_generator_without_variety_has_precision_but_no_recall_and_the_reverse():
    real = normal(300, 2)
    precision, recall = precision_recall(real, normal(300, 2, seed=1) * 0.1)
    assert precision > 0.95 and recall < 0.1
    precision, recall = precision_recall(real, normal(300, 2, seed=1) * 5)
    assert precision < 0.4 and recall > 0.8
    assert density_coverage(real, real[:10].repeat(30, axis=0))[1] < 0.4


def test_one_stray_real_point_makes_all_fakes_look_precise_but_not_dense():
    """Why there are two pairs of these metrics: figure 2 of Naeem et al."""
    real = np.concatenate([normal(200, 2), [[100.0, 0.0]]])
    fake = normal(200, 2, seed=1) + [40, 0]
    assert precision_recall(real, fake)[0] == 1.0
    assert density_coverage(real, fake)[0] == pytest.approx(1 / 5)


@pytest.mark.slow
def test_two_clouds_of_one_gaussian_in_1000_dimensions_get_the_published_numbers():
    """Naeem et al.: .4772, .4705, 1.0555, .9735 for one draw; density varies most from draw to draw."""
    real, fake = np.random.default_rng(0).standard_normal((2, 10_000, 1000), dtype=np.float32)
    precision, recall = precision_recall(real, fake, k=5)
    density, coverage = density_coverage(real, fake, k=5)
    assert 0.42 < precision < 0.53 and 0.42 < recall < 0.53
    assert 0.9 < density < 1.2 and 0.96 < coverage < 0.985


# --- Bins -------------------------------------------------------------------------------------------


def test_the_z_test_of_two_bins_is_the_one_worked_by_hand():
    real = np.r_[np.zeros(60), np.full(40, 9.0)][:, None]  # 60 % and 40 %

    def fakes(n):
        return np.r_[np.zeros(n), np.full(100 - n, 9.0)][:, None]

    # With q = 0.46:  0.14/√(0.53 · 0.47 · 2/100) = 1.983;  with q = 0.47:  0.13/√(0.535 · 0.465 · 2/100) = 1.843
    assert different_bins(real, fakes(46), bins=2) == 2
    assert different_bins(real, fakes(47), bins=2) == 0


def digits(n, seed, kinds=10):
    """Clouds around ten corners, the last of which can be left out."""
    rng = np.random.default_rng(seed)
    return 5 * np.eye(10)[rng.integers(kinds, size=n)] + rng.standard_normal((n, 10))


def test_bins_find_a_digit_that_is_never_drawn():
    """Richardson and Weiss: with 9s left out of MNIST, 11 of 100 bins; with nothing left out, 4."""
    images, labels = load_mnist()
    real, unseen, labels = images[:5000], images[5000:], labels[5000:]
    assert different_bins(real, unseen, bins=50) <= 6
    assert different_bins(real, unseen[labels != 9], bins=50) >= 9


def test_one_bin_in_twenty_is_different_by_chance():
    found = [different_bins(normal(2000, 2, i), normal(2000, 2, 100 + i), bins=20) for i in range(20)]
    assert 0.02 < np.mean(found) / 20 < 0.09


def test_k_means_finds_well_separated_groups_and_stands_still_there():
    corners = 100 * np.array([[0.0, 0], [0, 1], [1, 0]])
    points = corners.repeat(20, axis=0) + normal(60, 2)
    best = min((cluster(points, 3, seed) for seed in range(5)), key=lambda c: nearest(points, c)[1].sum())
    expected = points.reshape(3, 20, 2).mean(axis=1)
    np.testing.assert_allclose(best[np.lexsort(best.T[::-1])], expected, atol=1e-9)


def test_k_means_never_gets_worse_and_keeps_centres_that_lost_their_points():
    points = np.concatenate([normal(100, 3), np.zeros((50, 3))])  # many points in one place
    sums = [(nearest(points, cluster(points, 20, rounds=n))[1] ** 2).sum() for n in range(1, 12)]
    assert all(b <= a + 1e-9 for a, b in itertools.pairwise(sums)) and sums[-1] < sums[0]
    assert np.isfinite(cluster(np.zeros((9, 2)), 4)).all()
    assert different_bins(np.zeros((9, 2)), np.zeros((7, 2)), bins=4) == 0


# --- Modes ------------------------------------------------------------------------------------------


def test_the_modes_of_ten_points_counted_by_hand():
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])
    near = [[0, 0], [0, 2.9], [0.1, 0], [2, 2], [10, 0], [10, 1]]  # 4 and 2 of high quality, with std 1
    far = [[0, 3], [5, 5], [10, 6.9], [13.1, 10]]
    modes, quality, divergence = modes_covered(np.array(near + far), centres, std=1)
    assert (modes, quality) == (2, 0.6)
    # Σ q log(4 q)  with  q = 2/3, 1/3
    assert divergence == pytest.approx(2 / 3 * math.log(8 / 3) + 1 / 3 * math.log(4 / 3))


@pytest.mark.parametrize(("mixture", "std"), [((ring, ring_centres()), 0.01), ((grid, grid_centres()), 0.05)])
def test_the_mixture_itself_covers_its_modes_and_a_collapsed_generator_one(mixture, std):
    draw, centres = mixture
    modes, quality, divergence = modes_covered(draw(20_000), centres, std)
    assert modes == len(centres)
    assert quality == pytest.approx(1 - math.exp(-4.5), abs=0.004)
    # The baseline of N samples, as a χ² with K - 1 degrees of freedom: (K - 1)/(2 N) on average
    assert 0 < divergence < 3 * (len(centres) - 1) / (2 * 20_000)
    assert modes_covered(centres[:1].repeat(100, axis=0), centres, std) == (
        1,
        1.0,
        pytest.approx(math.log(len(centres))),
    )
    assert modes_covered(centres[:1] + 5 * std, centres, std) == (0, 0.0, math.log(len(centres)))


# --- Copies -----------------------------------------------------------------------------------------


@given(clouds, st.sampled_from([1, 100, 1 << 20]), st.sampled_from([np.float32, np.float64]))
def test_the_nearest_point_is_found_whatever_the_blocks(rng, block, dtype):
    points, training = (rng.standard_normal((n, 2, 3)).astype(dtype) for n in (7, 9))
    expected = np.array([[distance(x, y) for y in training] for x in points])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "BLOCK_BYTES", block)
        index, found = nearest(points, training)
    assert index.tolist() == expected.argmin(axis=1).tolist()
    np.testing.assert_allclose(found, expected.min(axis=1), rtol=1e-5)


def test_far_from_the_origin_distances_keep_their_digits():
    x = normal(50, 4).astype(np.float32)
    (_, far), (_, near) = next(squared_distances(x + 1000, x + 1000)), next(squared_distances(x, x))
    np.testing.assert_allclose(far, near, atol=2e-3)  # ‖a‖² + ‖b‖² - 2ab alone would be wrong by about 0.5


def test_copies_are_found_out():
    rng = np.random.default_rng(0)
    training, test, new = rng.uniform(-1, 1, (3, 200, 4, 4, 1)).astype(np.float32)
    _, real = nearest(test, training)
    ratio, near = memorisation(nearest(new, training)[1], real)
    assert 0.9 < ratio < 1.1 and near < 0.05
    index, copied = nearest(training[::-1], training)
    assert index.tolist() == list(range(200))[::-1] and (copied == 0).all()
    assert memorisation(copied, real) == (0.0, 1.0)
    half = nearest(np.concatenate([training[:100], new[:100]]), training)[1]
    assert 0.5 <= memorisation(half, real)[1] < 0.55


def test_the_share_of_a_memorisation_counted_by_hand():
    real = np.arange(1.0, 102.0)  # the median is 51, and one part in a hundred is below 2
    assert memorisation(np.array([1.5, 2.0, 2.5, 102.0]), real) == (2.25 / 51, 0.25)


def test_copies_that_are_moved_by_a_pixel_are_not_found_out():
    """A limit of this metric that its docstring states."""
    images, _ = load_mnist()
    training, test, moved = images[:2000], images[2000:3000], np.roll(images[:1000], 1, axis=2)
    ratio, near = memorisation(nearest(moved, training)[1], nearest(test, training)[1])
    assert ratio > 0.9 and near < 0.02


def test_the_percentiles_of_real_distances_are_enough_to_judge_by():
    real, fake = np.random.default_rng(0).uniform(3, 9, (2, 5000))
    assert memorisation(fake, np.percentile(real, np.arange(101))) == pytest.approx(memorisation(fake, real))


@given(clouds, st.integers(2, 9))
def test_the_nearest_other_point_is_never_the_point_itself(rng, n):
    points, chosen = rng.standard_normal((n, 3)), rng.permutation(n)[: n // 2]
    apart = np.linalg.norm(points[:, None] - points, axis=-1) + np.diag(np.full(n, np.inf))
    np.testing.assert_allclose(nearest_other(points, chosen), apart[chosen].min(axis=1), rtol=1e-6)


def test_a_point_that_is_there_twice_has_itself_as_its_nearest_other():
    points = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])
    assert nearest_other(points, np.array([1, 0])).tolist() == [5, 0]
    with pytest.raises(ValueError, match="nearest_other: 1 and 1 points, expected at least 2"):
        nearest_other(points[:1], np.array([0]))


def test_the_mean_distance_by_hand_and_of_points_that_are_all_the_same():
    assert mean_distance(np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 0.0]])) == (5 + 4 + 3) / 3
    assert mean_distance(np.ones((4, 2, 2))) == 0
    with pytest.raises(ValueError, match="expected at least 2"):
        mean_distance(np.ones((1, 2)))


# --- What holds for all of them ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "metric",
    [
        frechet_distance,
        lambda real, fake: kernel_distance(real, fake, subset_size=30),
        precision_recall,
        density_coverage,
        lambda real, fake: np.sort(nearest(real, fake)[1]),
    ],
)
def test_the_order_of_the_points_does_not_matter(metric):
    real, fake = normal(30, 3), normal(30, 3, seed=1)
    a, b = metric(real, fake), metric(real[::-1], np.roll(fake, 7, axis=0))
    np.testing.assert_allclose(a, b, atol=1e-9)


def test_different_bins_are_as_many_in_whatever_order_the_fakes_come():
    real, fake = digits(500, 0), digits(500, 1, kinds=8)
    assert different_bins(real, fake, bins=20) == different_bins(real, fake[::-1], bins=20) > 0


def test_a_cloud_has_no_distance_from_itself():
    x = normal(200, 3)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert precision_recall(x, x) == (1.0, 1.0)
    density, coverage = density_coverage(x, x)
    assert density == pytest.approx(6 / 5) and coverage == 1.0  # each point is in its own ball as well
    assert different_bins(x, x, bins=10) == 0
    assert (nearest(x, x)[1] == 0).all()
    assert abs(kernel_distance(x, x)[0]) < 0.5 < kernel_distance(x, x + 1)[0]


def test_the_further_apart_the_larger():
    real, fake = normal(500, 4), normal(500, 4, seed=1)
    steps = [fake + shift for shift in (0.0, 0.5, 1.0, 2.0)]
    frechet = [frechet_distance(real, x) for x in steps]
    kernel = [kernel_distance(real, x)[0] for x in steps]
    coverage = [-density_coverage(real, x)[1] for x in steps]
    for found in frechet, kernel, coverage:
        assert all(a < b for a, b in itertools.pairwise(found))


@pytest.mark.parametrize("name", BETWEEN_CLOUDS)
@pytest.mark.parametrize(
    ("real", "fake", "words"),
    [
        (np.zeros((9, 2)), np.zeros((9, 3)), r"shapes \(9, 2\) and \(9, 3\) cannot be compared"),
        (np.zeros(9), np.zeros(9), r"shapes \(9,\) and \(9,\) cannot be compared"),
        (np.zeros((9, 0)), np.zeros((9, 0)), "cannot be compared"),
        (np.zeros((9, 2)), np.full((9, 2), np.nan), "not finite"),
        (np.zeros((9, 2)), np.zeros((0, 2)), "9 and 0 points, expected at least"),
    ],
)
def test_points_that_cannot_be_compared_are_refused(name, real, fake, words):
    with pytest.raises(ValueError, match=f"{name}.*{words}"):
        BETWEEN_CLOUDS[name](real, fake)


def test_more_bins_than_points_are_refused():
    with pytest.raises(ValueError, match="bins is 10, expected 1 to 9"):
        different_bins(normal(9, 2), normal(20, 2), bins=10)


def test_too_few_points_for_the_k_th_neighbour_are_refused():
    with pytest.raises(ValueError, match="4 and 9 points, expected at least 6"):
        density_coverage(normal(4, 2), normal(9, 2))
