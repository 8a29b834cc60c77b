"""CapsNet: its size, what its two losses ask for, what the decoder sees, and that it learns."""

import numpy as np
import pytest
from layer_tools import check_weights, in_float64

import minigan as mg
from minigan.autograd import Tensor, grad
from minigan.losses import margin_loss
from minigan.models import CapsNet
from minigan.models.capsnet import longest
from minigan.ops import norm

rng = np.random.default_rng(0)
X, LABELS = rng.uniform(-1, 1, (5, 6, 6, 1)).astype(np.float32), np.array([0, 2, 1, 2, 0])
INTENSITY = (X.reshape(5, 36) + 1) / 2


def tiny(**settings):
    mg.seed(1)
    return CapsNet(
        **{
            "image_size": 6,
            "filters": 3,
            "kernel_size": 2,
            "strides": 1,
            "capsules": 2,
            "dimensions": 3,
            "classes": 3,
            "class_dimensions": 4,
            "decoder_units": (5, 6),
            "max_shift": 0,
            **settings,
        }
    )


def count(layer):
    return sum(p.data.size for p in layer.parameters())


def test_the_network_of_the_paper_has_as_many_weights_as_there():
    model = CapsNet(filters=256, kernel_size=9, strides=1, capsules=32)
    assert model.class_capsules.classes.in_capsules == 1152
    parts = (
        model.class_capsules.features,
        model.class_capsules.primary,
        model.class_capsules.classes,
        model.decoder,
    )
    assert [count(part) for part in parts] == [20_992, 5_308_672, 1_474_560, 1_411_344]
    assert sum(p.data.size for p in model.optimizer.parameters) == 8_215_568


def gradients_of_a_step(model):
    """What a step returns, and the gradients that it gave to the optimizer."""
    seen = []
    model.optimizer.step = seen.extend
    return model.train_step((X, LABELS)), seen


def losses_by_hand(model):
    """The margin loss, and Σ (x̂ - x)² of each image, drawn from the capsule of its class alone."""
    v = model.class_capsules(X).data
    lengths, present = np.sqrt((v**2).sum(axis=-1)), np.eye(3)[LABELS]
    margin = present * np.maximum(0, 0.9 - lengths) ** 2
    margin += 0.5 * (1 - present) * np.maximum(0, lengths - 0.1) ** 2
    seen = np.zeros_like(v)
    for i, label in enumerate(LABELS):
        seen[i, label] = v[i, label]
    return (
        margin.sum(axis=1).mean(),
        ((model.decoder(seen.reshape(5, 12)).data - INTENSITY) ** 2).sum(axis=1),
        lengths,
    )


def test_a_step_returns_both_losses_and_how_often_the_longest_capsule_is_right():
    model = tiny()
    margin, squares, lengths = losses_by_hand(model)
    metrics = model.train_step((X, LABELS))
    assert float(metrics["margin"]) == pytest.approx(margin, rel=1e-5)
    assert float(metrics["reconstruction"]) == pytest.approx(squares.mean(), rel=1e-5)
    assert float(metrics["accuracy"]) == pytest.approx((lengths.argmax(axis=1) == LABELS).mean())


def test_the_weight_of_the_reconstruction_is_for_the_sum_over_the_pixels():
    without = gradients_of_a_step(tiny(reconstruction_weight=0.0))[1]
    once, twice = (gradients_of_a_step(tiny(reconstruction_weight=weight))[1] for weight in (0.0005, 0.001))
    for zero, a, b in zip(without, once, twice, strict=True):
        np.testing.assert_allclose(b - zero, 2 * (a - zero), rtol=1e-2, atol=1e-7)
    model = tiny()
    bias = model.decoder.parameters()[-1]
    of_sum = 0.0005 * sum(
        grad((error * error).sum(), bias) / 5
        for error in (
            model.draw(model.class_capsules(X[i : i + 1]), np.eye(3, dtype=np.float32)[LABELS[i : i + 1]])
            - INTENSITY[i : i + 1]
            for i in range(5)
        )
    )
    np.testing.assert_allclose(once[-1], of_sum, rtol=1e-4)


@pytest.mark.usefixtures("few_directions")
def test_the_gradient_agrees_with_finite_differences():
    model, x = tiny(reconstruction_weight=0.1), X.astype(np.float64)
    for network in model.networks.values():
        in_float64(network)
    model.class_capsules.classes.kernel.data *= 5  # longer capsules, and biases: nothing is close to a kink
    for p in model.optimizer.parameters:
        if p.data.ndim == 1:
            p.data[...] = 0.3 * rng.standard_normal(p.data.shape)
    present = np.eye(3)[LABELS]

    def loss():
        v = model.class_capsules(x)
        error = model.draw(v, present) - INTENSITY
        return margin_loss(norm(v, axis=-1), present) + 0.1 * (error * error).mean()

    check_weights(loss, *model.networks.values())


def test_the_decoder_sees_the_capsule_that_is_shown_and_no_other():
    model = tiny()
    v = Tensor(rng.standard_normal((5, 3, 4)).astype(np.float32))
    g = grad(model.draw(v, np.eye(3, dtype=np.float32)[LABELS]).sum(), v)
    for i, label in enumerate(LABELS):
        assert np.abs(g[i, label]).max() > 0
        assert np.abs(np.delete(g[i], label, axis=0)).max() == 0


def test_in_prediction_the_longest_capsule_is_read_and_drawn():
    model = tiny()
    v = model.encode(X)
    predicted = model.predict(X)
    assert np.array_equal(predicted, np.sqrt((v**2).sum(axis=-1)).argmax(axis=-1))
    assert np.array_equal(longest(v), np.eye(3)[predicted])
    assert np.array_equal(model.decode(v), model.decode(v, predicted))
    assert not np.array_equal(model.decode(v), model.decode(v, (predicted + 1) % 3))
    drawn = model.draw(v, np.eye(3, dtype=np.float32)[predicted]).data
    np.testing.assert_allclose(model.decode(v).reshape(5, 36), 2 * drawn - 1, rtol=1e-5, atol=1e-6)


def test_capsules_that_are_zero_have_finite_gradients():
    model = tiny(reconstruction_weight=0.0)
    model.train_step((np.zeros_like(X), LABELS))
    assert all(np.isfinite(p.data).all() for p in model.optimizer.parameters)


def test_in_training_images_are_moved_and_must_be_drawn_where_they_are(monkeypatch):
    monkeypatch.setattr(
        "minigan.models.capsnet.random_shifts", lambda n, m: np.array([[m, 0]] * n, np.float32)
    )
    moved = np.concatenate([np.full((5, 6, 1, 1), -1, np.float32), X[:, :, :-1]], axis=2)
    numbers = tiny(max_shift=1).train_step((X, LABELS)), tiny().train_step((moved, LABELS))
    assert float(numbers[0]["reconstruction"]) == pytest.approx(float(numbers[1]["reconstruction"]), rel=1e-6)


def corners(n, seed):
    """Images with a blurred dot in one of four corners, and which one."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(4, size=n)
    places = np.stack([labels // 2, labels % 2], axis=1) * 4 + 1.5 + rng.uniform(-1, 1, (n, 2))
    along = np.exp(-((np.arange(8) - places[..., None]) ** 2))  # (n, 2, 8)
    return (2 * along[:, 0, :, None, None] * along[:, 1, None, :, None] - 1).astype(np.float32), labels


@pytest.mark.parametrize(
    ("steps", "share"),  # of the error of drawing the same for every image of a class
    [(500, 1.2), pytest.param(1000, 0.7, marks=pytest.mark.slow)],
)
def test_it_learns_to_read_and_to_draw(steps, share):
    settings = {"image_size": 8, "filters": 8, "classes": 4, "routings": 1, "decoder_units": (64, 64)}
    model = tiny(**settings, reconstruction_weight=5.0, learning_rate=4e-3, decay_steps=steps)
    images, labels = corners(200, 1000)
    for i in range(steps):
        model.train_step(corners(32, i))
    assert (model.predict(images) == labels).mean() > 0.97
    error = ((model.decode(model.encode(images)) - images) ** 2).mean()
    the_same = np.stack([images[labels == label].mean(axis=0) for label in range(4)])[labels]
    assert error < share * ((the_same - images) ** 2).mean()


@pytest.mark.parametrize("labels", [np.array([0, 3]), np.array([-1, 0]), np.array([0.0, 1.0])])
def test_a_label_that_is_no_class_is_refused(labels):
    with pytest.raises(ValueError, match="expected integers from 0 to 2"):
        tiny().train_step((X[:2], labels))


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (X, r"expected a batch that is a pair \(images, labels\)"),
        ((X, LABELS[:2]), r"labels have shape \(2,\), expected \(5,\)"),
        ((X, LABELS[:, None]), r"labels have shape \(5, 1\), expected \(5,\)"),
    ],
)
def test_a_batch_without_a_label_for_each_image_is_refused(batch, message):
    with pytest.raises(ValueError, match=f"CapsNet: {message}"):
        tiny().train_step(batch)


def test_capsules_of_another_shape_and_too_few_labels_cannot_be_drawn():
    model = tiny()
    with pytest.raises(ValueError, match=r"CapsNet: capsules have shape \(2, 3, 5\), expected \(n, 3, 4\)"):
        model.decode(np.zeros((2, 3, 5), np.float32))
    with pytest.raises(ValueError, match=r"CapsNet: labels have shape \(1,\), expected \(2,\)"):
        model.decode(np.zeros((2, 3, 4), np.float32), LABELS[:1])


def test_a_decoder_has_two_layers_inside():
    with pytest.raises(ValueError, match=r"CapsNet: decoder_units is \(5,\), expected 2 integers"):
        tiny(decoder_units=(5,))


@pytest.mark.parametrize(
    ("name", "number", "least"),
    [
        ("filters", 0, 1),
        ("kernel_size", 0, 1),
        ("strides", 0, 1),
        ("image_size", 2, 3),
        ("reconstruction_weight", -1, 0),
        ("max_shift", -1, 0),
        ("decay_steps", 0, 1),
    ],
)
def test_settings_without_sense_are_refused(name, number, least):
    with pytest.raises(ValueError, match=f"CapsNet: {name} is {number}, expected .* at least {least}"):
        tiny(**{name: number})


def test_the_smallest_image_leaves_one_pixel():
    model = tiny(image_size=3)
    assert model.class_capsules.classes.in_capsules == 2
    assert model.predict(X[:, :3, :3]).shape == (5,)


def test_the_learning_rate_falls_to_its_final_fraction():
    model = tiny(decay_steps=10, learning_rate=1.0)
    model.optimizer.steps = 5
    model.train_step((X, LABELS))
    assert model.optimizer.rate == 0.5
    model.optimizer.steps = 1000
    model.train_step((X, LABELS))
    assert model.optimizer.rate == pytest.approx(0.02)
