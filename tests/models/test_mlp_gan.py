"""The MLP GAN learns: its samples come closer to the data; and its D says what it says it says."""

import numpy as np
import pytest
from gan_tools import keeps_the_rules_of_a_gan

from minigan.models import MLPGAN


def blobs(n, rng):
    """Images of 4 x 4 pixels with a bright blob on the left or on the right, and a little noise."""
    images = np.full((n, 4, 4, 1), -0.8, np.float32)
    right = rng.random(n) < 0.5
    images[right, 1:3, 2:] = 0.8
    images[~right, 1:3, :2] = 0.8
    return np.clip(images + rng.normal(0, 0.05, images.shape), -1, 1).astype(np.float32)


def distance_to_the_nearest_blob(images):
    patterns = np.full((2, 4, 4, 1), -0.8)
    patterns[0, 1:3, 2:] = patterns[1, 1:3, :2] = 0.8
    squares = ((images[:, None] - patterns) ** 2).mean(axis=(2, 3, 4))
    return squares.min(axis=1).mean()


def test_samples_come_closer_to_the_data():
    model = MLPGAN(image_shape=(4, 4, 1), latent_size=8)
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((200, 8))
    before = distance_to_the_nearest_blob(model.sample(200, noise))
    for _ in range(120):
        model.train_step(blobs(32, rng))
    after = distance_to_the_nearest_blob(model.sample(200, noise))
    assert before > 0.5
    assert after < before / 2


def test_the_probabilities_are_means_of_what_d_believed_before_its_step():
    model = MLPGAN(image_shape=(4, 4, 1), latent_size=8)
    real = blobs(16, np.random.default_rng(0))
    logits = model.D(real, training=True).data.astype(np.float64)
    metrics = model.train_step(real)
    assert float(metrics["D(x)"]) == pytest.approx((1 / (1 + np.exp(-logits))).mean(), rel=1e-5)
    assert 0 <= float(metrics["D(G(z))"]) <= 1


def test_samples_come_from_the_average_of_the_generators():
    model = MLPGAN(image_shape=(4, 4, 1), latent_size=8)
    for _ in range(3):
        model.train_step(blobs(16, np.random.default_rng(0)))
    noise = np.random.default_rng(0).standard_normal((2, 8)).astype(np.float32)
    assert np.array_equal(model.sample(2, noise), model.average(noise).data)
    assert not np.array_equal(model.sample(2, noise), model.G(noise).data)


def test_the_average_starts_from_the_generator():
    model = MLPGAN(image_shape=(4, 4, 1), latent_size=8)
    for name, array in model.average.state().items():
        assert np.array_equal(array, model.G.state()[name])
    assert not any(p is q for p, q in zip(model.average.parameters(), model.G.parameters(), strict=True))


def test_it_keeps_the_rules_of_a_gan():
    keeps_the_rules_of_a_gan(MLPGAN, blobs(6, np.random.default_rng(0)), image_shape=(4, 4, 1), latent_size=8)


def test_latents_of_one_category_and_equal_noise_give_one_image():
    model = MLPGAN(image_shape=(4, 4, 1), latent_size=5, g_hidden=(4,), d_hidden=(4,), categories=3)
    same, other = [0.1, 0.5, -1.0, 2.0, 1.0], [0.7, 0.5, -1.0, 2.0, 1.0]
    images = model.sample(3, np.array([same, [-3.0, 0.2, 0.1, 2.0, 1.0], other]))
    assert np.array_equal(images[0], images[1])
    assert not np.array_equal(images[0], images[2])


def test_more_categories_than_numbers_are_refused():
    with pytest.raises(ValueError, match="MLPGAN: categories is 4, expected a finite number at most 3"):
        MLPGAN(image_shape=(4, 4, 1), latent_size=3, categories=4)
