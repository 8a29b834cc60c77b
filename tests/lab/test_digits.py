"""Pictures, directions, walks and the small GAN: what the second tab asks for follows from z and the seed."""

import base64

import numpy as np
import pytest

from minigan import backend
from minigan.evaluation import digit_classifier
from minigan.lab.digits import (
    DIRECTIONS,
    FARTHEST,
    SHOWN,
    WALK,
    Digits,
    Small,
    along_sphere,
    directions,
    halved,
)
from minigan.runs.shipped import SHIPPED


@pytest.fixture(scope="module")
def digits():
    return Digits()


def images(answer):
    return np.frombuffer(base64.b64decode(answer["images"]), np.uint8).reshape(-1, *answer["shape"])


@pytest.mark.parametrize("of", SHIPPED)
def test_the_pictures_are_those_of_the_shipped_generator(digits, of):
    answer = digits.pictures(of, seed=3)
    model = digits.shipped[of]
    z = np.random.default_rng(3).standard_normal((SHOWN, model.latent_size)).astype(np.float32)
    expected = 127.5 * (model.sample(SHOWN, z) + 1)
    assert images(answer).shape == expected.shape
    np.testing.assert_allclose(images(answer), expected, atol=0.51)
    assert answer["d"] is None, "no D is shipped"
    assert (images(digits.pictures(of, seed=4)) != images(answer)).any()


def test_a_digit_can_be_asked_for(digits):
    threes = images(digits.pictures("digits", label=3))
    in_turn = images(digits.pictures("digits"))
    assert np.array_equal(threes[3], in_turn[3]) and not np.array_equal(threes[4], in_turn[4])


def test_a_principal_direction_has_the_variance_that_samples_show(digits):
    model = digits.model("faces")
    U, shares = directions(model)
    W = model.average.layers[0].kernel.data
    y = np.random.default_rng(0).standard_normal((5000, model.latent_size)).astype(np.float32) @ W
    along = U.T @ W  # where a step along each direction leads y
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    np.testing.assert_allclose((y @ along.T).var(axis=0) / y.var(axis=0).sum(), shares, rtol=0.1)
    v = np.ones(y.shape[1], np.float32)
    for _ in range(60):  # the power method finds the first principal component of the samples
        v = y.T @ (y @ v)
        v /= np.linalg.norm(v)
    assert abs(v @ along[0]) > 0.95
    np.testing.assert_allclose(U.T @ U, np.eye(DIRECTIONS), atol=1e-5)


def test_a_slider_changes_the_samples_and_back_at_zero_they_are_what_they_were(digits):
    before = images(digits.pictures("faces"))
    moved = images(digits.pictures("faces", moves=[2.0, 0, -1.5]))
    assert (moved != before).any(axis=(1, 2, 3)).all()
    assert np.array_equal(images(digits.pictures("faces", moves=[0.0] * DIRECTIONS)), before)


@pytest.mark.parametrize("of", SHIPPED)
def test_a_walk_begins_and_ends_at_the_two_samples(digits, of):
    moves = [1.0, -1.0]
    grid = images(digits.pictures(of, seed=2, moves=moves)).astype(int)
    walk = images(digits.walk(of, 5, 12, seed=2, moves=moves)).astype(int)
    assert len(walk) == WALK
    for found, expected in ((walk[0], grid[5]), (walk[-1], grid[12])):
        assert abs(found - expected).max() <= 1
    assert (walk[WALK // 2] != walk[0]).any() and (walk[WALK // 2] != walk[-1]).any()


def test_on_the_sphere_the_length_stays_and_the_angle_grows_evenly():
    a, b = np.array([2.0, 0.0, 0.0]), np.array([0.0, 2.0, 0.0])
    t = np.linspace(0, 1, 5)[:, None]
    found = along_sphere(a, b, t)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 2, rtol=1e-6)
    np.testing.assert_allclose(found[1], [2 * np.cos(np.pi / 8), 2 * np.sin(np.pi / 8), 0], rtol=1e-6)
    np.testing.assert_allclose(along_sphere(a, 2 * a, t)[2], 1.5 * a)


def test_half_the_size_is_the_mean_of_four_pixels():
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    assert halved(x)[0, :, :, 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]


def test_the_small_one_follows_from_its_seed_and_leaves_other_random_numbers_alone():
    before = backend.generator.bit_generator.state
    one, two, other = Digits(), Digits(), Digits()
    a = one.train(5, seed=1)
    b = two.train(2, seed=1)
    b = two.train(3)
    assert a["images"] == b["images"] and a["numbers"][2:] == b["numbers"] and b["step"] == 5
    assert other.train(5, seed=2)["images"] != a["images"]
    assert backend.generator.bit_generator.state == before


def test_the_small_one_has_a_d_whose_outputs_are_told():
    digits = Digits()
    with pytest.raises(ValueError, match="no generator has been trained here yet"):
        digits.pictures("here")
    digits.train(30, seed=0)
    d = digits.pictures("here")["d"]
    assert len(d) == SHOWN and all(0 < p < 1 for p in d) and len(set(d)) > 1
    assert digits.walk("here", 0, 1)["shape"] == [14, 14, 1]
    numbers = digits.train(1)["numbers"][0]
    assert set(numbers) >= {"d_loss", "g_loss", "D(x)", "D(G(z))"}


def test_a_training_that_diverges_is_told():
    small = Small(0)
    small.model.D.parameters()[0].data[:] = np.nan
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="after step 0"):
        small.train(1)


@pytest.mark.parametrize(
    ("command", "arguments", "sentence"),
    [
        ("pictures", {"of": "cats"}, "of is 'cats'"),
        ("pictures", {"of": "faces", "seed": -1}, "seed is -1"),
        ("pictures", {"of": "digits", "label": 10}, "labels of"),
        ("pictures", {"of": "faces", "moves": [0] * 9}, "9 moves"),
        ("pictures", {"of": "faces", "moves": [FARTHEST + 1]}, "move is 5"),
        ("pictures", {"of": "faces", "moves": ["far"]}, "move is 'far'"),
        ("pictures", {"of": "faces", "n": SHOWN + 1}, "n is 61"),
        ("walk", {"of": "faces", "a": -1, "b": 2}, "a is -1"),
        ("walk", {"of": "faces", "a": 0, "b": 10**9}, "b is 1000000000"),
        ("train", {"n": 1.5}, "n is 1.5"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(digits, command, arguments, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        getattr(digits, command)(**arguments)


@pytest.mark.slow
def test_after_thirteen_hundred_steps_the_small_one_draws_digits_of_all_ten_kinds():
    """A classifier is sure of some, and of none before: 26 % of the samples then, 95 % of real ones of this size."""
    small, classifier = Small(0), digit_classifier()
    z = np.random.default_rng(0).standard_normal((500, 16)).astype(np.float32)

    def probabilities(images):
        return classifier.predict_proba(images.repeat(2, axis=1).repeat(2, axis=2))

    assert (probabilities(small.images[:500]).max(axis=1) > 0.9).mean() > 0.9
    assert (probabilities(small.model.sample(500, z)).max(axis=1) > 0.9).mean() < 0.02
    for _ in range(13):
        small.train(100)
    found = probabilities(small.model.sample(500, z))
    assert (found.max(axis=1) > 0.9).mean() > 0.15
    assert np.bincount(found.argmax(axis=1), minlength=10).min() >= 5
