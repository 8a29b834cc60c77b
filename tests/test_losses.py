"""The losses: numbers worked by hand, far-out logits, exact gradients at the logit, penalties on slopes."""

import numpy as np
import pytest
from device_tools import assert_agree, there
from hypothesis import given
from hypothesis import strategies as st

import minigan as mg
from minigan import losses, ops
from minigan.autograd import Tensor, grad
from minigan.gradcheck import check_grad
from minigan.gradcheck.strategies import distinct, normal, seeds
from minigan.layers import Dense, Sequential, Tanh
from minigan.losses import (
    binary_cross_entropy,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    margin_loss,
    mean_absolute_error,
    mean_squared_error,
    r1_penalty,
    softmax_cross_entropy,
)

KINDS = ["non_saturating", "minimax", "least_squares", "hinge", "wasserstein"]
every_kind = pytest.mark.parametrize("kind", KINDS)
far_out = np.array([-1e4, -100.0, 0.0, 100.0, 1e4])[:, None]


def sigmoid(a):
    return np.where(a >= 0, 1 / (1 + np.exp(-np.abs(a))), np.exp(-np.abs(a)) / (1 + np.exp(-np.abs(a))))


# --- Supervised and reconstruction -------------------------------------------------------------------

log3 = np.log(3)  # the logit of 3/4


def test_binary_cross_entropy_worked_by_hand():
    logits = np.array([[log3], [0.0]])
    targets = np.array([[1.0], [0.0]])
    expected = -(np.log(3 / 4) + np.log(1 / 2)) / 2
    assert binary_cross_entropy(logits, targets) == pytest.approx(expected, rel=1e-14)
    soft = -(0.9 * np.log(3 / 4) + 0.1 * np.log(1 / 4) + np.log(1 / 2)) / 2
    assert binary_cross_entropy(logits, 0.9) == pytest.approx(soft, rel=1e-14)


def test_the_gradient_of_binary_cross_entropy_is_probability_minus_target():
    a, t = Tensor(np.array([log3, -log3, 0.0])), np.array([1.0, 0.9, 0.2])
    g = grad(binary_cross_entropy(a, t), a)
    np.testing.assert_allclose(g * 3, [3 / 4 - 1, 1 / 4 - 0.9, 1 / 2 - 0.2], rtol=1e-14)


@pytest.mark.parametrize("labels", [np.array([2, 0]), np.array([[0, 0, 1.0], [1, 0, 0]])])
def test_softmax_cross_entropy_worked_by_hand(labels):
    logits = Tensor(np.log([[1.0, 2, 5], [1, 1, 2]]))  # probabilities 1/8 2/8 5/8 and 1/4 1/4 2/4
    loss = softmax_cross_entropy(logits, labels)
    assert float(loss) == pytest.approx(-(np.log(5 / 8) + np.log(1 / 4)) / 2, rel=1e-14)
    g = grad(loss, logits)
    np.testing.assert_allclose(g * 2, [[1 / 8, 2 / 8, 5 / 8 - 1], [1 / 4 - 1, 1 / 4, 2 / 4]], rtol=1e-14)


def test_softmax_cross_entropy_takes_probabilities():
    logits, p = np.log([[1.0, 3]]), np.array([[0.5, 0.5]])
    expected = -(np.log(1 / 4) + np.log(3 / 4)) / 2
    assert softmax_cross_entropy(logits, p) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0], [0.5, 1.0], [1, 2, 0], [[1], [2]]])
def test_softmax_cross_entropy_refuses_labels_that_are_no_classes(labels):
    with pytest.raises(ValueError, match="softmax_cross_entropy"):
        softmax_cross_entropy(Tensor(np.zeros((2, 3))), np.array(labels))


@pytest.mark.parametrize(
    "length, present, absent",
    [(0.0, 0.81, 0.0), (0.1, 0.64, 0.0), (0.5, 0.16, 0.08), (0.9, 0.0, 0.32), (1.0, 0.0, 0.405)],
)
def test_margin_loss_worked_by_hand(length, present, absent):
    lengths = np.array([[length]])
    assert margin_loss(lengths, np.array([[1.0]])) == pytest.approx(present, abs=1e-15)
    assert margin_loss(lengths, np.array([[0.0]])) == pytest.approx(absent, abs=1e-15)


def test_margin_loss_is_a_sum_over_classes_and_a_mean_over_the_batch():
    lengths = np.array([[0.5, 0.5, 0.0], [0.9, 0.1, 1.0]])
    one_hot = np.array([[1.0, 0, 0], [1, 0, 0]])
    assert margin_loss(lengths, one_hot) == pytest.approx((0.16 + 0.08 + 0.405) / 2, rel=1e-14)
    check_grad(lambda v: margin_loss(v, one_hot), np.array([[0.5, 0.3, 0.0], [1.0, 0.05, 0.8]]))


def test_margin_loss_refuses_labels_that_are_not_one_hot():
    with pytest.raises(ValueError, match="margin_loss"):
        margin_loss(np.zeros((3, 10)), np.array([1, 2, 3]))


def test_squared_and_absolute_error_worked_by_hand():
    p, t = Tensor(np.array([[1.0, -2.0], [0.5, 3.0]])), np.array([[0.0, 1.0], [1.0, 1.0]])
    squared, absolute = mean_squared_error(p, t), mean_absolute_error(p, t)
    assert float(squared) == (1 + 9 + 0.25 + 4) / 4
    assert float(absolute) == (1 + 3 + 0.5 + 2) / 4
    assert grad(squared, p).tolist() == [[0.5, -1.5], [-0.25, 1]]
    assert grad(absolute, p).tolist() == [[0.25, -0.25], [-0.25, 0.25]]


@pytest.mark.parametrize("loss", [binary_cross_entropy, mean_squared_error, mean_absolute_error])
@pytest.mark.parametrize(("a", "b"), [((4, 1), (4,)), ((4,), (4, 1)), ((4, 2), (2,)), ((4, 2), (1, 2))])
def test_shapes_that_would_broadcast_are_refused(loss, a, b):
    with pytest.raises(ValueError, match=f"{loss.__name__}: shapes .* differ"):
        loss(np.zeros(a), np.zeros(b))


@pytest.mark.parametrize(
    "loss",
    [binary_cross_entropy, mean_squared_error, mean_absolute_error, margin_loss, softmax_cross_entropy],
)
def test_lists_are_targets_as_arrays_are(loss):
    predictions, targets = np.array([[0.5, 0.25], [0.75, 0.1]]), [[0.0, 1.0], [1.0, 0.1]]
    expected = loss(predictions, np.array(targets))
    assert loss(predictions, targets) == expected
    assert float(loss(Tensor(predictions), targets)) == expected  # in float64: 0.1 has not been a float32
    with pytest.raises(ValueError, match=f"{loss.__name__}: shapes .* differ"):
        loss(Tensor(predictions), targets[0] if loss is not softmax_cross_entropy else [[0.5]])


def test_a_list_of_another_shape_is_refused_as_an_array_is():
    with pytest.raises(ValueError, match=r"mean_squared_error: shapes \(2, 1\) and \(2,\) differ"):
        mean_squared_error(Tensor([[1.0], [2.0]]), [1.0, 2.0])
    with pytest.raises(TypeError, match="mean_absolute_error: predictions are a list"):
        mean_absolute_error([1.0], [1.0])


SUPERVISED = {
    "binary_cross_entropy": lambda a: binary_cross_entropy(a, np.full(a.shape, 0.3)),
    "mean_squared_error": lambda a: mean_squared_error(a, 3.0),
    "mean_absolute_error": lambda a: mean_absolute_error(a, 30.0),
    "softmax_cross_entropy": lambda a: softmax_cross_entropy(a, np.arange(len(a)) % 3),
}


@pytest.mark.parametrize("name", SUPERVISED)
@given(seed=seeds, n=st.integers(1, 4))
def test_supervised_losses_are_right_to_second_order(name, seed, n):
    check_grad(SUPERVISED[name], normal(seed, (n, 3)))


@pytest.mark.parametrize("name", SUPERVISED)
def test_supervised_losses_are_finite_for_far_out_logits(name):
    a = Tensor(np.array([[-1e4, 0, 1e4], [1e4, 1e4, -1e4], [-1e4, -1e4, -1e4]]))
    loss = SUPERVISED[name](a)
    assert np.isfinite(loss.data) and np.isfinite(grad(loss, a)).all()


def test_targets_can_be_variables_too():
    check_grad(mean_squared_error, normal(0, (2, 3)), normal(1, (2, 3)))
    check_grad(binary_cross_entropy, normal(0, (2, 3)), normal(1, (2, 3)))


# --- Adversarial -------------------------------------------------------------------------------------


def test_the_kinds_are_those_that_are_tested_here():
    assert list(losses.KINDS) == KINDS


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("non_saturating", -np.log(3 / 4)),
        ("minimax", np.log(1 / 4)),
        ("least_squares", (log3 - 1) ** 2 / 2),
        ("hinge", -log3),
        ("wasserstein", -log3),
    ],
)
def test_generator_loss_worked_by_hand(kind, expected):
    assert generator_loss(np.array([[log3]]), kind) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("non_saturating", -np.log(3 / 4) - np.log(1 - 1 / 4)),
        ("minimax", -np.log(3 / 4) - np.log(1 - 1 / 4)),
        ("least_squares", (log3 - 1) ** 2 / 2 + log3**2 / 2),
        ("hinge", 0 + 0),  # log 3 is beyond the margin of 1
        ("wasserstein", -log3 - log3),
    ],
)
def test_discriminator_loss_worked_by_hand(kind, expected):
    loss = discriminator_loss(np.array([[log3]]), np.array([[-log3]]), kind)
    assert loss == pytest.approx(expected, rel=1e-14, abs=1e-15)


def test_the_hinge_inside_its_margin():
    assert discriminator_loss(np.array([0.25]), np.array([0.5]), "hinge") == (1 - 0.25) + (1 + 0.5)
    assert discriminator_loss(np.array([-2.0]), np.array([2.0]), "hinge") == 3 + 3


def test_kind_is_non_saturating_unless_given():
    a, b = normal(0, (3, 1)), normal(1, (3, 1))
    assert generator_loss(a) == generator_loss(a, "non_saturating")
    assert discriminator_loss(a, b) == discriminator_loss(a, b, "non_saturating")


@pytest.mark.parametrize(
    ("kind", "derivative"),
    [
        ("minimax", lambda a: -sigmoid(a)),  # -D
        ("non_saturating", lambda a: -sigmoid(-a)),  # -(1 - D), without the rounding of 1 - D
    ],
)
def test_the_generators_gradient_at_the_logit_is_exact(kind, derivative):
    logits = np.concatenate([np.linspace(-40, 40, 321), [-1e4, 1e4]])
    a = Tensor(logits)
    g = grad(generator_loss(a, kind), a) * len(logits)  # before the mean
    np.testing.assert_array_max_ulp(g, derivative(logits), maxulp=8)


def test_minimax_saturates_where_the_discriminator_wins_and_non_saturating_does_not():
    a = Tensor(np.array([-20.0]))  # D = 2e-9
    assert abs(grad(generator_loss(a, "minimax"), a)[0]) < 1e-8
    assert grad(generator_loss(a, "non_saturating"), a)[0] == pytest.approx(-1)


def test_the_discriminators_gradient_at_the_logits_is_probability_minus_truth():
    a, b = Tensor(normal(0, (4, 1)) * 5), Tensor(normal(1, (6, 1)) * 5)
    real, fake = grad(discriminator_loss(a, b), [a, b])
    np.testing.assert_allclose(real * 4, sigmoid(a.data) - 1, rtol=1e-12)
    np.testing.assert_allclose(fake * 6, sigmoid(b.data), rtol=1e-12)


@every_kind
def test_far_out_logits_have_a_finite_loss_and_a_finite_gradient(kind):
    for dtype in (np.float32, np.float64):
        a, b = Tensor(far_out.astype(dtype)), Tensor(far_out[::-1].astype(dtype))
        for loss in (generator_loss(a, kind), discriminator_loss(a, b, kind)):
            assert loss.dtype == dtype and np.isfinite(loss.data)
            assert all(np.isfinite(g).all() for g in grad(loss, [a, b], allow_unconnected=True))


@every_kind
@given(seed=seeds, n=st.integers(1, 5), m=st.integers(1, 5))
def test_adversarial_losses_are_right_to_second_order(kind, seed, n, m):
    a, b = distinct(seed, (n, 1)), distinct(seed + 1, (m, 1))
    check_grad(lambda fake: generator_loss(fake, kind), b)
    check_grad(lambda real, fake: discriminator_loss(real, fake, kind), a, b)


@every_kind
@given(seed=seeds, n=st.integers(1, 5))
def test_every_loss_is_a_mean_over_the_batch(kind, seed, n):
    a, b = normal(seed, (n, 1)), normal(seed + 1, (n, 1))
    aa, bb = np.concatenate([a, a]), np.concatenate([b, b])
    assert generator_loss(bb, kind) == pytest.approx(generator_loss(b, kind), rel=1e-12)
    assert discriminator_loss(aa, bb, kind) == pytest.approx(discriminator_loss(a, b, kind), rel=1e-12)
    for loss in (mean_squared_error, mean_absolute_error):
        assert loss(aa, bb) == pytest.approx(loss(a, b), rel=1e-12)
    targets = sigmoid(b)
    assert binary_cross_entropy(aa, np.concatenate([targets, targets])) == pytest.approx(
        binary_cross_entropy(a, targets), rel=1e-12
    )


def test_softmax_cross_entropy_and_the_penalties_are_means_over_the_batch_too():
    logits, labels = normal(0, (3, 4)), np.array([1, 3, 0])
    twice = np.concatenate([logits, logits])
    assert softmax_cross_entropy(twice, np.concatenate([labels, labels])) == pytest.approx(
        softmax_cross_entropy(logits, labels), rel=1e-12
    )

    def bowl(x):
        return (x * x * x).sum(axis=1)

    assert float(r1_penalty(bowl, twice)) == pytest.approx(float(r1_penalty(bowl, logits)), rel=1e-12)
    once = float(gradient_penalty(bowl, logits, logits))  # real = fake, so that ε does not matter
    assert float(gradient_penalty(bowl, twice, twice)) == pytest.approx(once, rel=1e-12)


@pytest.mark.parametrize("loss", [generator_loss, lambda a, kind: discriminator_loss(a, a, kind)])
def test_an_unknown_kind_is_refused_with_a_list_of_the_kinds(loss):
    with pytest.raises(ValueError, match="kind is 'wgan', expected one of " + ", ".join(map(repr, KINDS))):
        loss(np.zeros((2, 1)), kind="wgan")


# --- Gradient penalties ------------------------------------------------------------------------------


def mlp():
    """3 -> 4 -> 1, smooth, in float64."""
    net = Sequential(Dense(3, 4), Tanh(), Dense(4, 1))
    for p in net.parameters():
        p.data = np.random.default_rng(p.size).normal(size=p.shape)
    return net


def with_weights(net, weights):
    """The function that `net` is with these weights."""
    w, b, v, c = weights
    return lambda x: ops.tanh(x @ w + b) @ v + c


@pytest.mark.parametrize("shape", [(5, 2), (5, 1, 2), (5, 2, 1)])
def test_the_penalties_of_a_linear_discriminator_worked_by_hand(shape):
    w = np.array([3.0, 4.0])  # ‖w‖ = 5 everywhere

    def linear(x):
        return ops.reshape(x, (len(x.data), 2)) @ w[:, None]

    real, fake = normal(0, shape), normal(1, shape)
    assert float(gradient_penalty(linear, real, fake)) == pytest.approx((5 - 1) ** 2, rel=1e-13)
    assert float(r1_penalty(linear, real)) == pytest.approx(5**2, rel=1e-13)


def test_the_gradient_of_the_penalties_of_a_linear_discriminator_worked_by_hand():
    w = Tensor(np.array([[3.0], [4.0]]))
    real, fake = normal(0, (5, 2)), normal(1, (5, 2))
    g = grad(gradient_penalty(lambda x: x @ w, real, fake), w)
    np.testing.assert_allclose(g, 2 * (5 - 1) * w.data / 5, rtol=1e-12)  # d(‖w‖-1)²/dw
    np.testing.assert_allclose(grad(r1_penalty(lambda x: x @ w, real), w), 2 * w.data, rtol=1e-12)


def test_the_gradient_penalty_is_taken_between_real_and_fake():
    """D(x) = x²/2 has the slope x: the penalty tells where it was evaluated."""
    n = 2000
    real, fake = np.full((n, 1), 3.0), np.full((n, 1), 2.0)
    slopes = []

    def parabola(x):
        slopes.append(x.data)
        return x * x * 0.5

    penalty = float(gradient_penalty(parabola, real, fake))
    (x,) = slopes
    assert x.min() >= 2 and x.max() <= 3
    assert abs(x.mean() - 2.5) < 4.5 / np.sqrt(12 * n) and abs(x.var() - 1 / 12) < 0.01  # ε is uniform
    assert penalty == pytest.approx(((x - 1) ** 2).mean(), rel=1e-12)


def test_every_example_gets_one_epsilon_of_its_own():
    points = []

    def spy(x):
        points.append(x.data)
        return x.sum(axis=(1, 2))

    gradient_penalty(spy, np.ones((6, 4, 2)), np.zeros((6, 4, 2)))
    epsilon = points[0].reshape(6, 8)
    assert (epsilon == epsilon[:, :1]).all() and len(set(epsilon[:, 0])) == 6


def test_whole_numbers_do_not_cut_epsilon_to_zero():
    points = []

    def spy(x):
        points.append(x.data)
        return x.sum(axis=1)

    gradient_penalty(spy, np.full((50, 1), 200, np.uint8), np.zeros((50, 1), np.float32))
    assert len(np.unique(points[0])) > 40


@pytest.mark.parametrize("penalty", ["gradient_penalty", "r1_penalty"])
def test_penalties_through_an_mlp_are_right_to_second_order_in_the_weights(penalty):
    net = mlp()
    real, fake = normal(0, (4, 3)), normal(1, (4, 3))

    def f(*weights):
        mg.seed(3)  # the same ε every time
        discriminator = with_weights(net, weights)
        if penalty == "r1_penalty":
            return r1_penalty(discriminator, real)
        return gradient_penalty(discriminator, real, fake)

    *weights, bias = [p.data for p in net.parameters()]
    check_grad(lambda *ws: f(*ws, bias), *weights)  # the last bias has no influence on a slope


def test_penalties_agree_with_pytorch():
    torch = pytest.importorskip("torch")
    net, real = mlp(), normal(0, (4, 3))
    fake = real  # ε does not matter then
    ours = [
        (loss, grad(loss, net.parameters()[:3]))
        for loss in (gradient_penalty(net, real, fake), r1_penalty(net, real))
    ]
    weights = [torch.tensor(p.data, requires_grad=True) for p in net.parameters()]
    w, b, v, c = weights
    x = torch.tensor(real, requires_grad=True)
    (slopes,) = torch.autograd.grad((torch.tanh(x @ w + b) @ v + c).sum(), x, create_graph=True)
    theirs = [((slopes.norm(dim=1) - 1) ** 2).mean(), (slopes**2).sum(1).mean()]
    for (loss, gradients), expected in zip(ours, theirs, strict=True):
        assert float(loss) == pytest.approx(expected.item(), rel=1e-12)
        for g, t in zip(gradients, torch.autograd.grad(expected, [w, b, v], retain_graph=True), strict=True):
            np.testing.assert_allclose(g, t.numpy(), rtol=1e-10, atol=1e-14)


def test_no_gradient_flows_from_a_penalty_to_the_generator():
    net, z = mlp(), Tensor(normal(0, (4, 3)))
    fake = z * 2.0
    with pytest.raises(ValueError, match="does not depend"):
        grad(gradient_penalty(net, normal(1, (4, 3)), fake), z)
    with pytest.raises(ValueError, match="does not depend"):
        grad(r1_penalty(net, fake), z)


def test_a_discriminator_without_slope_has_a_finite_penalty_and_gradient():
    w = Tensor(np.zeros((3, 1)))
    loss = gradient_penalty(lambda x: x @ w, normal(0, (4, 3)), normal(1, (4, 3)))
    assert float(loss) == 1 and np.isfinite(grad(loss, w)).all()


def test_gradient_penalty_refuses_batches_of_different_shapes():
    with pytest.raises(ValueError, match="gradient_penalty"):
        gradient_penalty(mlp(), np.zeros((4, 3)), np.zeros((1, 3)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_penalties_keep_the_precision(dtype):
    net = mlp()
    for p in net.parameters():
        p.data = p.data.astype(dtype)
    real = normal(0, (4, 3)).astype(dtype)
    assert gradient_penalty(net, real, real * 2).dtype == r1_penalty(net, real).dtype == dtype


# --- On every device ---------------------------------------------------------------------------------

ON_DEVICES = {
    **{name: (loss, [(4, 3)]) for name, loss in SUPERVISED.items()},
    # where the targets of a loss are arrays, they lie beside its predictions
    "binary_cross_entropy": (lambda a, t: binary_cross_entropy(a, ops.sigmoid(t)), [(4, 3), (4, 3)]),
    "margin_loss": (lambda a: margin_loss(a, *there([np.eye(4, 3, dtype=np.float32)])), [(4, 3)]),
    **{f"generator {k}": (lambda a, k=k: generator_loss(a, k), [(4, 1)]) for k in KINDS},
    **{f"discriminator {k}": (lambda a, b, k=k: discriminator_loss(a, b, k), [(4, 1)] * 2) for k in KINDS},
    # the slope of tanh(x w) depends on w, so the gradient of the penalty is one of second order
    "gradient_penalty": (
        lambda w, x, y: gradient_penalty(lambda v: ops.tanh(v @ w), x.data, y.data),
        [(3, 1), (4, 3), (4, 3)],
    ),
    "r1_penalty": (lambda w, x: r1_penalty(lambda v: ops.tanh(v @ w), x.data), [(3, 1), (4, 3)]),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ON_DEVICES)
def test_every_device_computes_the_same_losses_and_gradients(name, dtype, device):
    loss, shapes = ON_DEVICES[name]
    arrays = [normal(i, shape).astype(dtype) for i, shape in enumerate(shapes)]

    def value_and_gradients():
        mg.seed(3)  # the same ε of the gradient penalty
        xs = [Tensor(a) for a in there(arrays)]
        y = loss(*xs)
        return [y.data, *(g for g in grad(y, xs, allow_unconnected=True) if g is not None)]

    with mg.on("cpu"):
        expected = value_and_gradients()
    assert_agree(value_and_gradients(), expected)
