"""Batch and layer normalization: numbers, running averages, and gradients of both orders beside PyTorch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_tools import randomised

from minigan.autograd import Tensor, grad
from minigan.gradcheck.strategies import normal, seeds
from minigan.layers import BatchNormalization, LayerNormalization


def test_batch_normalization_worked_by_hand():
    layer = BatchNormalization(1, momentum=0.75, epsilon=0.5)
    layer.gamma.data, layer.beta.data = np.array([6.0]), np.array([1.0])
    x = np.array([[1.0], [4.0], [4.0], [7.0]])  # mean 4, variance 4.5
    y = layer(x, training=True)
    np.testing.assert_allclose(y.data, [[1 - 18 / 5**0.5], [1], [1], [1 + 18 / 5**0.5]])
    np.testing.assert_allclose(layer.moving_mean, [0.75 * 0 + 0.25 * 4])
    np.testing.assert_allclose(layer.moving_variance, [0.75 * 1 + 0.25 * 4.5])


def test_running_averages_have_the_momentum_of_keras_and_are_used_outside_of_training():
    layer = BatchNormalization(2, momentum=0.9)
    rng = np.random.default_rng(0)
    mean, variance = np.zeros(2), np.ones(2)
    for _ in range(5):
        x = rng.normal([1, -2], [3, 0.5], (8, 3, 2))
        layer(x.astype(np.float32), training=True)
        mean = 0.9 * mean + 0.1 * x.mean((0, 1))
        variance = 0.9 * variance + 0.1 * x.var((0, 1))  # the biased one, as Keras keeps it
    np.testing.assert_allclose(layer.moving_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, variance, rtol=1e-5)
    x = rng.normal(size=(4, 2))
    np.testing.assert_allclose(layer(x).data, (x - mean) / np.sqrt(variance + 1e-3), rtol=1e-4)


def test_running_averages_find_the_mean_and_variance_of_the_data():
    layer = BatchNormalization(1, momentum=0.9)
    rng = np.random.default_rng(0)
    for _ in range(200):
        layer(rng.normal(5, 2, (64, 1)).astype(np.float32), training=True)
    assert layer.moving_mean[0] == pytest.approx(5, abs=0.2)
    assert layer.moving_variance[0] == pytest.approx(4, rel=0.1)


def test_the_gradient_does_not_flow_into_the_running_averages():
    layer = BatchNormalization(2)
    layer(Tensor(np.ones((3, 2))), training=True)
    assert isinstance(layer.moving_mean, np.ndarray) and isinstance(layer.moving_variance, np.ndarray)
    assert len(layer.parameters()) == 2


@given(seed=seeds, n=st.integers(2, 9))
def test_a_normalized_batch_has_mean_beta_and_standard_deviation_gamma(seed, n):
    layer = BatchNormalization(3, epsilon=1e-13)
    layer.gamma.data, layer.beta.data = np.array([1.0, 2, 3]), np.array([-1.0, 0, 1])
    y = layer(normal(seed, (n, 2, 3)) * 10 + 5, training=True).data
    np.testing.assert_allclose(y.mean((0, 1)), [-1, 0, 1], atol=1e-9)
    np.testing.assert_allclose(y.std((0, 1)), [1, 2, 3], rtol=1e-9)


@given(seed=seeds, n=st.integers(2, 9))
def test_a_batch_can_be_shifted_and_scaled_without_effect_so_the_gradient_is_orthogonal_to_both(seed, n):
    layer = randomised(BatchNormalization(3, epsilon=1e-13), np.float64)
    x = Tensor(normal(seed, (n, 2, 3)))
    g = grad(layer(x, training=True), x, normal(seed + 1, (n, 2, 3)))
    scale = np.abs(g).sum((0, 1))
    assert (np.abs(g.sum((0, 1))) <= 1e-9 * scale + 1e-12).all()
    assert (np.abs((g * x.data).sum((0, 1))) <= 1e-9 * scale + 1e-12).all()


@pytest.mark.parametrize("shape", [(6, 3), (4, 2, 5, 3)])
def test_batch_normalization_agrees_with_pytorch_up_to_second_order(shape):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    layer = randomised(BatchNormalization(3, momentum=0.9), np.float64)
    layer.moving_mean, layer.moving_variance = np.zeros(3), np.ones(3)
    peer = (torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d)(3, eps=1e-3, momentum=0.1)
    peer = peer.double()
    peer.weight.data, peer.bias.data = torch.tensor(layer.gamma.data), torch.tensor(layer.beta.data)

    x, g, v = Tensor(rng.normal(size=shape)), rng.normal(size=shape), rng.normal(size=shape)
    y = layer(x, training=True)
    dx, dgamma, dbeta = grad(y, [x, layer.gamma, layer.beta], g, create_graph=True)
    second = grad((dx * v).sum() + (dgamma * dgamma).sum(), [x, layer.gamma])

    channels_first = (0, -1, *range(1, len(shape) - 1))
    tx = torch.tensor(x.data, requires_grad=True)
    ty = peer(tx.permute(channels_first))
    tg = torch.tensor(g).permute(channels_first)
    tdx, tdgamma, tdbeta = torch.autograd.grad(ty, [tx, peer.weight, peer.bias], tg, create_graph=True)
    tsecond = torch.autograd.grad(
        (tdx * torch.tensor(v)).sum() + (tdgamma * tdgamma).sum(), [tx, peer.weight]
    )

    np.testing.assert_allclose(y.data.transpose(channels_first), ty.detach().numpy(), rtol=1e-10, atol=1e-12)
    firsts = zip([dx, dgamma, dbeta], [tdx, tdgamma, tdbeta], strict=True)
    for ours, theirs in [*((a.data, b.detach()) for a, b in firsts), *zip(second, tsecond, strict=True)]:
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-8, atol=1e-10)

    n = x.size // 3
    np.testing.assert_allclose(layer.moving_mean, peer.running_mean.numpy(), rtol=1e-10)
    unbiased = 0.9 + (layer.moving_variance - 0.9) * n / (n - 1)  # what PyTorch keeps
    np.testing.assert_allclose(unbiased, peer.running_var.numpy(), rtol=1e-10)


def test_layer_normalization_agrees_with_pytorch_up_to_second_order():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    layer = randomised(LayerNormalization(4), np.float64)
    gamma, beta = torch.tensor(layer.gamma.data, requires_grad=True), torch.tensor(layer.beta.data)
    x, g, v = Tensor(rng.normal(size=(2, 3, 4))), rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4))
    y = layer(x)
    dx = grad(y, x, g, create_graph=True)
    second = grad((dx * v).sum(), [x, layer.gamma])

    tx = torch.tensor(x.data, requires_grad=True)
    ty = torch.nn.functional.layer_norm(tx, (4,), gamma, beta, eps=1e-3)
    (tdx,) = torch.autograd.grad(ty, tx, torch.tensor(g), create_graph=True)
    tsecond = torch.autograd.grad((tdx * torch.tensor(v)).sum(), [tx, gamma])
    pairs = [(y.data, ty.detach()), (dx.data, tdx.detach()), *zip(second, tsecond, strict=True)]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("training", [False, True])
def test_layer_normalization_is_the_same_in_training_and_worked_by_hand(training):
    layer = LayerNormalization(2, epsilon=3.0)
    layer.gamma.data, layer.beta.data = np.array([2.0, 4.0]), np.array([0.0, 1.0])
    y = layer(np.array([[3.0, 5.0], [7.0, 7.0]]), training)  # variances 1 and 0; √(1 + 3) = 2
    np.testing.assert_allclose(y.data, [[-1, 3], [0, 1]])


def test_constant_examples_have_a_finite_gradient():
    for layer in (BatchNormalization(2), LayerNormalization(2)):
        x = Tensor(np.full((4, 2), 3.0))
        y = layer(x, training=True)
        assert np.isfinite(grad(y, x, np.arange(8.0).reshape(4, 2))).all()


def test_an_empty_batch_has_no_statistics_and_leaves_the_averages_alone():
    layer = BatchNormalization(2)
    before = layer.state()
    with pytest.raises(ValueError, match="no elements"):
        layer(np.zeros((0, 2), np.float32), training=True)
    assert all(np.array_equal(before[k], a) for k, a in layer.state().items())


def test_a_variance_that_is_negative_is_not_taken_over():
    layer = BatchNormalization(3)
    state = layer.state() | {"moving_variance": np.array([1, -1, 1], np.float32)}
    with pytest.raises(ValueError, match="moving_variance has negative numbers"):
        layer.load_state(state)
    assert (layer.moving_variance == 1).all()
