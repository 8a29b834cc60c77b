"""The conditional GAN draws what it is asked for, and both networks are told which class that is."""

import numpy as np
import pytest

import minigan as mg

pytest.importorskip("own_model_mnist", reason="the examples are not installed beside the package")
from own_model_mnist import LabelledGAN


def tiny():
    mg.seed(0)
    return LabelledGAN(image_shape=(4, 4, 1), latent_size=5, classes=2, g_hidden=(16,), d_hidden=(16, 16))


def striped(n):
    """Images of two classes, upright and lying stripes, and their labels."""
    labels = np.random.default_rng(0).integers(0, 2, n)
    upright = np.tile(np.array([1, -1, 1, -1], np.float32), (4, 1))
    return np.stack([upright, upright.T])[labels][..., None], labels


def test_it_learns_to_draw_the_class_that_it_is_asked_for():
    model = tiny()
    images, labels = striped(64)
    for _ in range(150):
        model.train_step((images, labels))
    for label in (0, 1):
        wanted, other = striped(64)[0][labels == label][0], striped(64)[0][labels != label][0]
        drawn = model.sample_of(label, 10)
        assert np.abs(drawn - wanted).mean() < 0.3 and np.abs(drawn - other).mean() > 0.7


def test_noise_without_a_code_draws_both_classes():
    model = tiny()
    z = np.zeros((2, 5), np.float32)
    z[0, 0] = z[1, 1] = 0.1
    a, b = model.sample(2, z)
    assert not np.array_equal(a, b)
    np.testing.assert_array_equal(model.sample(1, z[:1] * 7)[0], a)  # the largest counts, however large


def test_d_is_told_the_class():
    model = tiny()
    images, labels = striped(4)
    right, wrong = (mg.to_numpy(model.logits(images, model.code(c)).data) for c in (labels, 1 - labels))
    assert not np.allclose(right, wrong)


def test_images_and_labels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"images have shape \(4, 3, 3, 1\), expected \(N, 4, 4, 1\)"):
        tiny().train_step((np.zeros((4, 3, 3, 1), np.float32), np.zeros(4, int)))
    with pytest.raises(IndexError):
        tiny().train_step((np.zeros((4, 4, 4, 1), np.float32), np.full(4, 2)))
