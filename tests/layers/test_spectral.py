"""Spectral normalization: it finds the largest singular value, and differentiates it as the paper does."""

import threading

import numpy as np
import pytest

from minigan import ops
from minigan.autograd import Tensor, grad
from minigan.gradcheck import check_grad
from minigan.layers import Conv2D, Conv2DTranspose, Dense, ReLU, Sequential, SpectralNormalization


def dense():
    """A 5 x 3 kernel in float64 with the singular values 4, 2 and 1, and its leading singular vectors."""
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.normal(size=(n, 3)))[0] for n in (5, 3))
    layer = Dense(5, 3)
    layer.kernel.data = left @ np.diag([4.0, 2.0, 1.0]) @ right.T
    return layer, left[:, 0], right[:, 0]


def settled(layer, steps=60):
    """Spectral normalization of the layer after many steps of the power method."""
    spectral = SpectralNormalization(layer)
    spectral.u = spectral.u.astype(np.float64)
    for _ in range(steps):
        spectral(np.zeros((1, layer.in_features)), training=True)
    return spectral


def test_the_power_method_finds_the_largest_singular_value():
    layer, _, u = dense()
    spectral = settled(layer)
    np.testing.assert_allclose(np.abs(spectral.u @ u), 1, rtol=1e-12)
    np.testing.assert_allclose(spectral(np.eye(5)).data, layer.kernel.data / 4, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Dense(20, 30),
        lambda: Conv2D(4, 6, 3, padding="same"),
        lambda: Conv2DTranspose(4, 6, 3, strides=2),
    ],
    ids=["Dense", "Conv2D", "Conv2DTranspose"],
)
def test_it_is_close_from_the_first_step_and_closer_after_some(make):
    layer = make()
    spectral = SpectralNormalization(layer)
    x = np.zeros((1, 20) if isinstance(layer, Dense) else (1, 3, 3, 4), np.float32)
    matrix = layer.kernel.data.reshape(-1, layer.kernel.shape[-1])
    sigma = np.linalg.norm(matrix, 2)
    errors = []
    for _ in range(100):
        spectral(x, training=True)
        errors.append(abs(np.linalg.norm(matrix @ spectral.u) / sigma - 1))
    assert errors[0] < 0.2 and errors[-1] < 0.01 and spectral.u.dtype == np.float32


def test_training_takes_a_step_of_the_power_method_and_inference_does_not():
    spectral = SpectralNormalization(Dense(20, 30))
    before = spectral.u.copy()
    spectral(np.zeros((1, 20), np.float32))
    assert np.array_equal(spectral.u, before)
    spectral(np.zeros((1, 20), np.float32), training=True)
    assert not np.array_equal(spectral.u, before)


def test_a_normalized_layer_stretches_no_difference():
    layer, *_ = dense()
    spectral = settled(layer)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 100, 5))
    stretched = np.linalg.norm(spectral(a).data - spectral(b).data, axis=1)
    assert (stretched <= np.linalg.norm(a - b, axis=1) * (1 + 1e-9)).all()


def test_with_settled_vectors_the_gradient_is_the_slope_of_the_normalized_kernel():
    layer, *_ = dense()
    spectral = settled(layer)
    x = np.random.default_rng(1).normal(size=(2, 5))

    def f(kernel):
        original, layer.kernel = layer.kernel, kernel
        try:
            return spectral(x)
        finally:
            layer.kernel = original

    check_grad(f, layer.kernel.data, order=1)


@pytest.mark.parametrize("training", [False, True])
def test_both_orders_are_those_of_the_formula_in_which_u_and_v_are_constants(training):
    layer, *_ = dense()
    spectral = settled(layer, steps=1)  # not settled at all
    kernel, x = layer.kernel, Tensor(np.random.default_rng(1).normal(size=(2, 5)))
    v = kernel.data @ spectral.u
    v /= np.linalg.norm(v)
    u = spectral.u
    if training:
        u = v @ kernel.data
        u = u / np.linalg.norm(u)

    def formula(kernel, x):
        return x @ (kernel / (kernel * np.outer(v, u)).sum())

    c = np.random.default_rng(2).normal(size=(2, 3))
    derivatives = []
    for y in (spectral(x, training), formula(kernel, x)):
        first = grad(y, [kernel, x], c, create_graph=True)
        second = grad(ops.sum(first[0] * first[0]) + ops.sum(first[1] * first[1]), [kernel, x])
        derivatives.append([y.data, *[g.data for g in first], *second])
    for ours, expected in zip(*derivatives, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-11)
    check_grad(formula, kernel.data, x.data)


def test_the_kernel_is_trained_and_u_is_a_buffer():
    layer = Dense(3, 2)
    spectral = SpectralNormalization(layer)
    assert list(spectral.state()) == ["layer.kernel", "layer.bias", "u"]
    assert all(p is q for p, q in zip(spectral.parameters(), [layer.kernel, layer.bias], strict=True))


def test_after_a_failed_call_the_kernel_is_still_the_kernel():
    layer = Dense(3, 2)
    kernel, spectral = layer.kernel, SpectralNormalization(layer)
    with pytest.raises(ValueError, match=r"Dense\(3, 2\)"):
        spectral(np.zeros((1, 4), np.float32))
    assert layer.kernel is kernel


@pytest.mark.parametrize("wrong", [ReLU(), Sequential(Dense(1, 1)), np.ones((2, 2))], ids=repr)
def test_what_has_no_kernel_is_refused(wrong):
    with pytest.raises(
        TypeError,
        match="(?s)SpectralNormalization: layer is .*, expected a Dense or Conv2D or Conv2DTranspose",
    ):
        SpectralNormalization(wrong)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("layer", "pixels"),
    [(lambda: Conv2D(2, 5, (3, 2)), (3, 2)), (lambda: Conv2DTranspose(5, 2, (3, 2)), (1, 1))],
    ids=["Conv2D", "Conv2DTranspose"],
)
def test_a_few_calls_in_training_give_a_kernel_of_norm_one(layer, pixels, seed):
    """On images as large as the kernel, a convolution is the matrix whose norm is meant: read it off."""
    layer = layer()
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.normal(size=(n, 5)))[0] for n in (12, 5))
    layer.kernel.data = (left @ np.diag([3.0, 1, 1, 0.5, 0.1]) @ right.T).reshape(3, 2, 2, 5)
    spectral = SpectralNormalization(layer)
    spectral.u = spectral.u.astype(np.float64)
    n = np.prod(pixels) * layer.in_channels
    basis = np.eye(n).reshape(n, *pixels, layer.in_channels)
    for _ in range(5):
        y = spectral(basis, training=True)
    matrix = y.data.reshape(n, -1)
    assert np.linalg.norm(matrix, 2) == pytest.approx(1, rel=1e-10)
    np.testing.assert_allclose(np.abs(matrix).sum(), np.abs(layer.kernel.data / 3).sum(), rtol=1e-10)


def test_the_gradient_is_equation_12_of_the_paper():
    """dL/dW = (G - <G, W/σ> v uᵀ)/σ, where G = dL/d(W/σ): what would only make the kernel longer is taken out."""
    layer, v, u = dense()
    x, c = np.random.default_rng(1).normal(size=(2, 5)), np.random.default_rng(2).normal(size=(2, 3))
    g = grad(settled(layer)(x), layer.kernel, c)
    upstream, normalized = x.T @ c, layer.kernel.data / 4
    expected = (upstream - np.sum(upstream * normalized) * np.outer(v, u)) / 4
    np.testing.assert_allclose(g, expected, rtol=1e-9, atol=1e-12)
    assert np.sum(g * layer.kernel.data) == pytest.approx(0, abs=1e-12)  # W/σ does not change along W


def test_u_travels_with_the_state_so_that_a_loaded_layer_goes_on_where_the_other_was():
    first, second = (SpectralNormalization(Conv2D(2, 3, 3)) for _ in range(2))
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 2)).astype(np.float32)
    first(x, training=True)
    second.load_state(first.state())
    for _ in range(2):
        np.testing.assert_array_equal(first(x, training=True).data, second(x, training=True).data)
    np.testing.assert_array_equal(first.u, second.u)


def test_four_threads_in_one_layer_leave_its_kernel_alone():
    """The divided kernel is handed to the call, and is never stored."""
    layer = Dense(8, 8)
    spectral, kernel, before = SpectralNormalization(layer), layer.kernel, layer.kernel.data.copy()
    x = np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32)
    expected, wrong = spectral(x).data, []

    def work():
        for _ in range(200):
            if not np.array_equal(spectral(x).data, expected):
                wrong.append(True)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong and layer.kernel is kernel
    np.testing.assert_array_equal(layer.kernel.data, before)
