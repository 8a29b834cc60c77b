"""CapsGAN: what D returns, what its margins teach whom, and why one capsule needs no routing."""

import numpy as np
import pytest
from layer_tools import check_weights, in_float64

import minigan as mg
from minigan.autograd import Tensor, grad
from minigan.layers import squash
from minigan.losses import margin_loss, r1_penalty
from minigan.models import CapsGAN
from minigan.ops import norm

rng = np.random.default_rng(0)
X = rng.uniform(-1, 1, (3, 12, 12, 1)).astype(np.float32)


def tiny(**settings):
    mg.seed(1)
    return CapsGAN(
        **{
            "image_size": 12,
            "width": 2,
            "capsules": 2,
            "dimensions": 3,
            "latent_size": 3,
            "categories": 2,
            **settings,
        }
    )


def with_lengths(model, factor):
    """The model with the capsule of its D made longer or shorter."""
    model.D.upper.kernel.data *= factor
    return model


# --- What D returns -----------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0.01, 1.0, 1000.0])
@pytest.mark.parametrize("size", [1e-3, 1.0, 100.0])
def test_the_output_is_a_length_between_zero_and_one(factor, size):
    lengths = in_float64(with_lengths(tiny(), factor).D)(size * X.astype(np.float64)).data
    assert lengths.shape == (3, 1)
    assert (lengths > 0).all() and (lengths < 1).all()


def test_all_its_outputs_are_possible():
    outputs = [float(with_lengths(tiny(), factor).D(X).data.mean()) for factor in (0.1, 1000.0)]
    assert outputs[0] < 0.1 and outputs[1] > 0.9


def test_the_probability_is_the_length_of_the_only_capsule():
    D = tiny().D
    v = D.upper(D.lower(D.features(X))).data  # (N, 1, 16)
    assert v.shape == (3, 1, 16)
    np.testing.assert_allclose(D(X).data, np.sqrt((v**2).sum(axis=-1)), rtol=1e-6)


def test_routing_to_a_single_capsule_changes_nothing():
    D = tiny().D
    u = D.lower(D.features(X)).data  # (N, I, D)
    once = D.upper(u).data
    D.upper.routings = 3
    np.testing.assert_allclose(D.upper(u).data, once, rtol=1e-6)
    W = D.upper.kernel.data  # (1, D, I, 16)
    np.testing.assert_allclose(once, squash(np.einsum("nid,jdie->nje", u, W)), rtol=1e-5, atol=1e-7)


def test_an_image_without_any_light_has_no_length_and_finite_gradients():
    """All inputs zero and all biases zero: every vector on the way is the zero vector."""
    model = tiny()
    zeros = Tensor(np.zeros((2, 12, 12, 1), np.float32))
    lengths = model.D(zeros)
    assert np.abs(lengths.data).max() < 1e-6
    one = np.ones_like(lengths.data)
    for loss in (margin_loss(lengths, one), margin_loss(lengths, 0 * one), r1_penalty(model.D, zeros)):
        for g in grad(loss, model.D.parameters(), allow_unconnected=True):
            assert np.isfinite(g).all()
    assert np.isfinite(grad(margin_loss(model.D(zeros), one), zeros)).all()


# --- Who learns what ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("few_directions")
def test_the_gradient_of_d_agrees_with_finite_differences_also_of_the_penalty_on_its_slope():
    D, x = in_float64(tiny().D), X.astype(np.float64)
    targets = np.array([[1.0], [0.0], [1.0]])
    check_weights(lambda: margin_loss(D(x), targets) + r1_penalty(D, x), D)


def seen_in_a_step(model):
    """What a step returns, and the gradients that it gave to each optimizer."""
    seen = {}
    for name, optimizer in model.optimizers.items():
        optimizer.step = lambda grads, name=name: seen.update({name: grads})
    mg.seed(3)
    return model.train_step(X), seen


def fake_of(model):
    mg.seed(3)
    return model.G(mg.backend.normal((3, 3)), training=True)


def test_every_weight_of_d_and_of_g_is_taught():
    model = tiny()
    _, seen = seen_in_a_step(model)
    for name, gradients in seen.items():
        assert len(gradients) == len(model.optimizers[name].parameters)
        assert all(np.abs(g).max() > 0 for g in gradients)


def test_d_learns_that_images_are_present_and_fakes_absent_and_g_that_its_own_are_present():
    model = tiny(r1_weight=0.0)
    metrics, seen = seen_in_a_step(model)
    fake = fake_of(model)
    real_lengths, fake_lengths = model.D(X), model.D(fake)
    a, b = real_lengths.data, fake_lengths.data
    d_loss = np.maximum(0, 0.9 - a) ** 2 + 0.5 * np.maximum(0, b - 0.1) ** 2
    g_loss = np.maximum(0, 0.9 - b) ** 2  # T = 1, and no ½
    assert float(metrics["d_loss"]) == pytest.approx(d_loss.mean(), rel=1e-5)
    assert float(metrics["g_loss"]) == pytest.approx(g_loss.mean(), rel=1e-5)
    assert float(metrics["D(x)"]) == pytest.approx(a.mean(), rel=1e-5)
    assert float(metrics["D(G(z))"]) == pytest.approx(b.mean(), rel=1e-5)
    short = 0.9 - fake_lengths
    for ours, theirs in zip(
        seen["g_optimizer"], grad((short * short).mean(), model.G.parameters()), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-7)


def test_a_d_that_cannot_tell_returns_what_is_said_at_the_top():
    d, one = Tensor(np.array([[CapsGAN.UNDECIDED]])), np.ones((1, 1))
    assert grad(margin_loss(d, one) + margin_loss(d, 0 * one), d).item() == pytest.approx(0)


def test_accuracy_counts_from_the_output_that_says_neither(monkeypatch):
    model = tiny()
    real, fake = model.D(X).data, model.D(fake_of(model).data).data
    for undecided in (0.0, float(np.median(real)), 1.0):
        monkeypatch.setattr(CapsGAN, "UNDECIDED", undecided)
        expected = ((real > undecided).mean() + (fake < undecided).mean()) / 2
        assert float(seen_in_a_step(model)[0]["d_accuracy"]) == pytest.approx(expected)


def test_the_penalty_comes_every_few_steps_with_as_many_times_the_weight():
    with_penalty, without = tiny(r1_weight=0.5, r1_every=4), tiny(r1_weight=0.0)
    penalty = grad(
        4 * 0.5 / 2 * r1_penalty(with_penalty.D, X), with_penalty.D.parameters(), allow_unconnected=True
    )
    plain, more = (seen_in_a_step(model)[1]["d_optimizer"] for model in (without, with_penalty))
    for a, b, p in zip(plain, more, penalty, strict=True):
        np.testing.assert_allclose(b, a + p, rtol=1e-3, atol=1e-6)
    with_penalty.d_optimizer.steps = 2
    for a, b in zip(plain, seen_in_a_step(with_penalty)[1]["d_optimizer"], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_d_leaves_alone_what_it_has_rejected_enough_and_g_can_still_learn_there():
    """Margins: below a length of 0.1 a fake teaches D nothing, but the slope there is what the page says."""
    model = with_lengths(tiny(), 0.1)
    fake = fake_of(model)
    lengths = model.D(fake)
    assert lengths.data.max() < 0.1
    rejected = margin_loss(lengths, np.zeros_like(lengths.data))
    assert all(np.all(g == 0) for g in grad(rejected, model.D.parameters()))
    at_fake = grad(margin_loss(model.D(fake), np.ones_like(lengths.data)), fake)
    assert np.abs(at_fake).max() > 0
    s = Tensor(np.array([[1 / 3, 0.0]]))  # ‖v‖ = s²/(1 + s²) = 0.1
    length = norm(squash(s), axis=-1).reshape(())
    assert float(length.data) == pytest.approx(0.1, rel=1e-5)
    assert grad(length, s)[0, 0] == pytest.approx(0.54, rel=1e-5)


def test_the_learning_rates_fall_to_their_final_fraction():
    model = tiny(decay_steps=10, learning_rates=(1.0, 0.5))
    seen = []
    for steps in (0, 5, 1000):
        model.g_optimizer.steps = model.d_optimizer.steps = steps
        model.train_step(X)
        seen.append((model.g_optimizer.rate, model.d_optimizer.rate))
    assert seen == [(1.0, 0.5), (0.5, 0.25), (pytest.approx(0.05), pytest.approx(0.025))]


def test_the_smallest_images_leave_one_window_for_the_lower_capsules():
    assert tiny(image_size=8).D(X[:, :8, :8]).shape == (3, 1)
    with pytest.raises(ValueError, match="in_capsules is 0"):
        tiny(image_size=4)
