"""The conditional GAN's own part: conditions reach both networks, and D is a projection.  The rest: test_every_model."""

import numpy as np
import pytest

import minigan as mg
from minigan.autograd import Tensor, grad
from minigan.backend import normal
from minigan.gradcheck import GradientError, check_grad
from minigan.losses import discriminator_loss, generator_loss, r1_penalty
from minigan.models import ConditionalGAN
from minigan.models.conditional_gan import ProjectionDiscriminator


def make(**settings):
    mg.seed(1)
    return ConditionalGAN(**{"image_size": 8, "width": 2, "latent_size": 3, "conditions": 4} | settings)


def batch(n=6, size=8):
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, (n, size, size, 1)).astype(np.float32), np.arange(n) % 4


def in_float64(network, seed=0):
    rng = np.random.default_rng(seed)
    for p in network.parameters():
        p.data = rng.standard_normal(p.shape)
    return network


# --- D ------------------------------------------------------------------------------------------------


def test_the_logit_is_the_projection_by_hand():
    """φ = (1, -2, 3), c = (0, 1): cᵀ V φ = 4·1 + 5·(-2) + 6·3 = 12, ψ(φ) = ½·1 + 1·(-2) + 0·3 + 10 = 8.5; 20.5."""
    D = ProjectionDiscriminator((4, 4, 1), 1, 2)
    D.phi = lambda x, training: np.array([[1.0, -2.0, 3.0]])
    D.V.kernel.data = np.array([[7.0, 8.0, 9.0], [4.0, 5.0, 6.0]])
    D.psi.kernel.data, D.psi.bias.data = np.array([[0.5], [1.0], [0.0]]), np.array([10.0])
    c = np.array([[0.0, 1.0]])
    assert D((None, c)).data.tolist() == [[20.5]]
    assert D((None, 0 * c)).data.tolist() == [[8.5]]
    assert D((None, np.array([[1.0, 1.0]]))).data.tolist() == [[20.5 + 7 - 16 + 27]]


@pytest.mark.parametrize("training", [False, True])
def test_d_is_right_to_second_order_in_image_condition_and_weights(training):
    D = in_float64(ProjectionDiscriminator((4, 4, 1), 1, 2))
    rng = np.random.default_rng(1)
    x, c = rng.standard_normal((3, 4, 4, 1)), rng.uniform(0, 1, (3, 2))
    assert check_grad(lambda x, c: D((x, c), training), x, c, step=1e-5) < 1e-4

    def of_weights(V, kernel):
        D.V.kernel, D.psi.kernel = V, kernel
        return D((x, c), training)

    assert check_grad(of_weights, D.V.kernel.data, D.psi.kernel.data) < 1e-6
    D.V.kernel = Tensor(D.V.kernel.data)
    with pytest.raises(GradientError):
        check_grad(lambda c: D((x, c)) + 0 * c.data.sum() + (c.data * c).sum(), c)


def test_without_v_the_condition_means_nothing_to_d():
    D = in_float64(ProjectionDiscriminator((4, 4, 1), 1, 2))
    x = np.random.default_rng(1).standard_normal((3, 4, 4, 1))
    zeros, ones = np.zeros((3, 2)), np.ones((3, 2))
    assert not np.allclose(D((x, zeros)).data, D((x, ones)).data)
    D.V.kernel.data = np.zeros_like(D.V.kernel.data)
    np.testing.assert_array_equal(D((x, zeros)).data, D((x, ones)).data)


# --- The step -----------------------------------------------------------------------------------------


def test_a_step_is_the_formula_with_the_labels_of_the_batch_for_both():
    model, twin = make(r1_weight=0.5, r1_every=2), make(r1_weight=0.5, r1_every=2)
    images, labels = batch()
    c = np.eye(4, dtype=np.float32)[labels]
    for step in range(3):
        mg.seed(step)
        metrics = model.train_step((images, labels))
        mg.seed(step)
        fake = twin.G(np.concatenate([normal((6, 3)), 3 * c], axis=1), training=True)
        d_loss = discriminator_loss(twin.D((images, c), True), twin.D((fake.data, c), True))
        penalty = 0.5 * r1_penalty(lambda x: twin.D((x, c)), images) if step % 2 == 0 else 0.0
        twin.d_optimizer.step(grad(d_loss + penalty, twin.D.parameters()))
        g_loss = generator_loss(twin.D((fake, c), True))
        twin.g_optimizer.step(grad(g_loss, twin.G.parameters()))
        assert float(metrics["d_loss"]) == float(d_loss) and float(metrics["g_loss"]) == float(g_loss)
    for ours, theirs in ((model.G, twin.G), (model.D, twin.D)):
        for key, array in ours.state().items():
            np.testing.assert_array_equal(array, theirs.state()[key])


def test_the_gradient_of_each_loss_reaches_what_the_condition_goes_through():
    """In the first layer of G the rows of c that occur in the batch learn, and the others do not; so V in D."""
    model = make(r1_weight=0.0)
    images, _ = batch()
    labels = np.array([0, 0, 2, 2, 0, 2])
    before = model.G.layers[0].kernel.data.copy(), model.D.V.kernel.data.copy()
    model.train_step((images, labels))
    after = model.G.layers[0].kernel.data[3:], model.D.V.kernel.data
    moved = [np.abs(b - a).max(axis=1) > 0 for a, b in zip((before[0][3:], before[1]), after, strict=True)]
    assert moved[0].tolist() == moved[1].tolist() == [True, False, True, False]


# --- Labels -------------------------------------------------------------------------------------------


def test_labels_become_one_hot_codes_attributes_stay_and_none_takes_all_in_turn():
    model = make()
    assert model.codes(np.array([2, 0]), 2).tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]
    bits = np.array([[True, True, False, False], [False] * 4])
    assert model.codes(bits, 2).tolist() == bits.astype(float).tolist()
    assert model.codes(None, 6).argmax(axis=1).tolist() == [0, 1, 2, 3, 0, 1]
    assert model.codes([1, 1], 2).dtype == np.float32


@pytest.mark.parametrize(
    "labels",
    [[0, 1], [0, 1, 4], [0, 1, -1], [0.0, 1.0, 2.0], np.zeros((3, 3)), np.full((3, 4), 1.5), ["a"] * 3],
)
def test_other_labels_are_refused(labels):
    with pytest.raises(
        ValueError, match=r"ConditionalGAN: labels of .* expected integers \(3,\) from 0 to 3"
    ):
        make().sample(3, labels=labels)


def test_the_same_noise_with_other_labels_draws_other_images():
    model = make()
    for _ in range(3):
        model.train_step(batch())
    noise = np.random.default_rng(0).standard_normal((4, 3))
    zeros, ones = model.sample(4, noise, np.zeros(4, int)), model.sample(4, noise, np.ones(4, int))
    assert zeros.shape == ones.shape == (4, 8, 8, 1) and not np.allclose(zeros, ones, atol=1e-3)
    in_turn = model.sample(4, noise)
    np.testing.assert_allclose(in_turn[0], zeros[0], atol=1e-6)
    np.testing.assert_allclose(in_turn[1], ones[1], atol=1e-6)


@pytest.mark.slow
def test_it_learns_which_half_of_the_image_is_white():
    """Label 0: the left half is white, label 1: the right one.  In 150 steps G draws as it is asked."""
    mg.seed(0)
    model = ConditionalGAN(image_size=8, width=8, latent_size=4, conditions=2, decay_steps=150)
    rng = np.random.default_rng(0)
    for _ in range(150):
        labels = rng.integers(2, size=32)
        x = rng.uniform(-1, -0.8, (32, 8, 8, 1)).astype(np.float32)
        x[labels == 0, :, :4], x[labels == 1, :, 4:] = 0.9, 0.9
        model.train_step((x, labels))
    labels = np.arange(40) % 2
    brighter = model.sample(40, labels=labels)[:, :, 4:].mean(axis=(1, 2, 3)) > model.sample(
        40, labels=labels
    )[:, :, :4].mean(axis=(1, 2, 3))
    assert (brighter == (labels == 1)).mean() > 0.95
