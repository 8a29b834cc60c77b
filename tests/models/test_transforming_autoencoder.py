"""The transforming autoencoder: moving images, its equations capsule by capsule, and poses that follow a shift."""

import numpy as np
import pytest
from layer_tools import check_weights

from minigan.gradcheck import check_grad
from minigan.losses import mean_squared_error
from minigan.models import TransformingAutoencoder, transforming_autoencoder
from minigan.models.augmentation import intensity, random_shifts, shifted
from minigan.models.transforming_autoencoder import PoseCapsules


def images_of(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


# --- Moving images ------------------------------------------------------------------------------------


def test_images_are_moved_pixel_by_pixel_and_what_comes_in_is_background():
    images = images_of(6, 4, 5, 2)
    shifts = np.array([[0, 0], [1, 0], [0, 2], [-3, 1], [4, -3], [9, -9]], np.float32)
    expected = np.full_like(images, -1)
    for n in range(6):
        for row in range(4):
            for column in range(5):
                to = row + int(shifts[n, 1]), column + int(shifts[n, 0])
                if 0 <= to[0] < 4 and 0 <= to[1] < 5:
                    expected[n, *to] = images[n, row, column]
    moved = shifted(images, shifts)
    assert moved.dtype == np.float32
    assert np.array_equal(moved, expected)


def test_a_positive_shift_leads_right_and_down():
    image = np.array([[1.0, -1.0], [-1.0, -1.0]], np.float32).reshape(1, 2, 2, 1)
    assert shifted(image, np.array([[1.0, 0.0]]))[0, :, :, 0].tolist() == [[-1, 1], [-1, -1]]
    assert shifted(image, np.array([[0.0, 1.0]]))[0, :, :, 0].tolist() == [[-1, -1], [1, -1]]


def test_shifts_of_another_number_of_images_are_refused():
    with pytest.raises(ValueError, match=r"shifted: shifts have shape \(3, 2\), expected \(2, 2\)"):
        shifted(images_of(2, 4, 4, 1), np.zeros((3, 2), np.float32))


def test_the_shifts_are_all_whole_numbers_up_to_the_largest_equally_often():
    shifts = random_shifts(5000, 2)
    assert shifts.shape == (5000, 2) and shifts.dtype == np.float32
    for coordinate in shifts.T:
        values, counts = np.unique(coordinate, return_counts=True)
        assert values.tolist() == [-2, -1, 0, 1, 2]
        assert np.abs(counts / 5000 - 0.2).max() < 0.03
    assert np.abs(np.corrcoef(shifts.T)[0, 1]) < 0.05


# --- The equations ------------------------------------------------------------------------------------


def sigma(a):
    return 1 / (1 + np.exp(-a))


def capsule_by_capsule(network, x, shifts, R=3, G=4):
    """p, q and x̂ as the module writes them, one capsule after the other."""
    p, q, x_hat = [], [], 0
    for k in range(network.capsules):
        A, a = (
            network.recognition.data[:, k * R : (k + 1) * R],
            network.recognition_bias.data[k * R : (k + 1) * R],
        )
        u, Q = network.pose.data[k][:, :1], network.pose.data[k][:, 1:]
        c, b = network.pose_bias.data[k][:, :1], network.pose_bias.data[k][:, 1:]
        r = sigma(x @ A + a)
        p_k, q_k = sigma(r @ u + c), 4 * (r @ Q + b)
        e = sigma((q_k + shifts) @ network.generation.data[k] + network.generation_bias.data[k])
        x_hat = x_hat + p_k * (e @ network.output.data[k * G : (k + 1) * G] + network.output_bias.data[k])
        p.append(p_k)
        q.append(q_k)
    return np.array(p), np.array(q), x_hat


def small_network():
    network = PoseCapsules(6, capsules=5, recognition_units=3, generation_units=4)
    for p in network.parameters():
        p.data = np.random.default_rng(p.size).standard_normal(p.shape)
    return network


def test_the_capsules_compute_the_equations_of_the_page():
    rng = np.random.default_rng(0)
    network, x, shifts = small_network(), rng.uniform(0, 1, (7, 6)), rng.integers(-2, 3, (7, 2)).astype(float)
    p, q, x_hat = capsule_by_capsule(network, x, shifts)
    presence, pose = network.recognise(x)
    np.testing.assert_allclose(presence.data, p, rtol=1e-12)
    np.testing.assert_allclose(pose.data, q, rtol=1e-12)
    np.testing.assert_allclose(network(x, shifts).data, x_hat, rtol=1e-12)


def test_their_gradient_agrees_with_finite_differences():
    rng = np.random.default_rng(1)
    network, x, shifts = small_network(), rng.uniform(0, 1, (2, 6)), rng.standard_normal((2, 2))
    check_weights(lambda: mean_squared_error(network(x, shifts), 1 - x), network)
    check_grad(lambda x, shifts: network(x, shifts), x, shifts, order=1)


def test_an_image_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"PoseCapsules\(6, 5\) got an input of shape \(2, 7\)"):
        small_network()(np.zeros((2, 7)), np.zeros((2, 2)))


def test_capsules_that_are_absent_draw_nothing():
    drawn = small_network().generate(np.zeros((5, 3, 1)), np.ones((5, 3, 2)))
    assert np.all(drawn.data == 0)


# --- Training -----------------------------------------------------------------------------------------


def test_the_target_is_the_image_that_the_capsules_see_moved_by_the_shift_they_are_told(monkeypatch):
    model, images = TransformingAutoencoder(image_size=6, capsules=2, max_shift=1), images_of(4, 6, 6, 1)
    before, shifts = np.array([[1, 0]] * 4, np.float32), np.array([[0, 1]] * 4, np.float32)
    answers = iter([before, shifts])
    monkeypatch.setattr(transforming_autoencoder, "random_shifts", lambda n, largest: next(answers))
    seen = intensity(shifted(images, before))
    error = (
        (model.pose_capsules(seen, shifts).data - intensity(shifted(images, np.array([[1, 1]] * 4)))) ** 2
    ).mean()
    assert float(model.train_step(images)["error"]) == pytest.approx(error, rel=1e-5)


def dots(n, seed):
    """Images of 8 x 8 pixels with a blurred dot somewhere in the middle."""
    rng = np.random.default_rng(seed)
    places, grid = rng.uniform(2.5, 4.5, (n, 2)), np.arange(8)
    along = np.exp(-((grid - places[..., None]) ** 2))  # (n, 2, 8)
    return (2 * along[:, 1, :, None, None] * along[:, 0, None, :, None] - 1).astype(np.float32)


def test_a_pose_becomes_a_position_in_pixels_although_nobody_says_what_a_pose_is():
    model = TransformingAutoencoder(
        image_size=8, capsules=1, max_shift=1, learning_rate=2e-2, decay_steps=400
    )
    for i in range(400):
        model.train_step(dots(32, i))
    images, shifts = dots(200, 1000), random_shifts(200, 1)
    target = shifted(images, shifts)
    assert ((model.reconstruct(images, shifts) - target) ** 2).mean() < ((images - target) ** 2).mean() / 2
    presence, pose = model.poses(images)
    assert presence.shape == (200, 1) and pose.shape == (200, 1, 2)
    change = (model.poses(target)[1] - pose)[:, 0]  # (n, 2)
    slopes = np.linalg.lstsq(shifts, change, rcond=None)[0]  # of the change in x and y with Δx and Δy
    np.testing.assert_allclose(slopes, np.eye(2), atol=0.3)
    assert min(np.corrcoef(change[:, i], shifts[:, i])[0, 1] for i in (0, 1)) > 0.95


def test_a_drawing_of_intensities_becomes_an_image():
    model = TransformingAutoencoder(image_size=4, capsules=3)
    noise = np.zeros((1, 9))
    noise[0, ::3] = -100  # of each capsule (p, x, y): absent
    np.testing.assert_allclose(model.sample(1, noise), -1)
    assert np.array_equal(intensity(np.array([[[[-1.0], [0.0], [1.0]]]])), [[0.0, 0.5, 1.0]])


@pytest.mark.parametrize(
    ("name", "number", "least"), [("capsules", 0, 1), ("decay_steps", 0, 1), ("max_shift", -1, 0)]
)
def test_settings_without_sense_are_refused(name, number, least):
    with pytest.raises(ValueError, match=f"{name} is {number}, expected .* at least {least}"):
        TransformingAutoencoder(**{name: number})


def test_a_shift_for_each_image_is_wanted():
    model = TransformingAutoencoder(image_size=4, capsules=2, recognition_units=2, generation_units=2)
    with pytest.raises(ValueError, match=r"shifts has shape \(3, 2\), expected \(2, 2\)"):
        model.reconstruct(np.zeros((2, 4, 4, 1), np.float32), np.zeros((3, 2), np.float32))
