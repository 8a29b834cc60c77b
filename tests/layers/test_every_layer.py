"""One row for each layer, and what must hold for every row: its value, its gradients, its precision.

A layer that is added to `minigan.layers` fails `test_every_layer_has_a_row` until it has a row here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from device_tools import assert_agree, is_there, there
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_tools import check_layer, randomised

import minigan as mg
from minigan import layers
from minigan.autograd import Tensor, grad
from minigan.gradcheck.strategies import distinct, normal, seeds
from minigan.layers import (
    ELU,
    AveragePooling2D,
    BatchNormalization,
    Capsules,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GaussianDropout,
    GaussianNoise,
    GlobalAveragePooling2D,
    LayerNormalization,
    LeakyReLU,
    MaxPooling2D,
    MinibatchStdDev,
    PrimaryCapsules,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
    Softmax,
    SpectralNormalization,
    Tanh,
    UpSampling2D,
)


def indices(seed, shape):
    return np.random.default_rng(seed).integers(0, 4, shape)


def far_apart(seed, shape):
    """Numbers at least 1 away from each other, and so from the kink of a standard deviation of 0."""
    return 10 * distinct(seed, shape)


def softmax(x):
    e = np.exp(x)
    return e / e.sum(-1, keepdims=True)


def standardised(x, mean, variance, s):
    return s["gamma"] * (x - mean) / np.sqrt(variance + 1e-3) + s["beta"]


def convolved(x, s):
    """Kernel 2, stride 2, "same" on 3 x 3 pixels: one row and one column of zeros at the bottom and right."""
    x = np.pad(x, ((0, 0), (0, 1), (0, 1), (0, 0)))
    y = [[np.tensordot(x[:, i : i + 2, j : j + 2], s["kernel"], 3) for j in (0, 2)] for i in (0, 2)]
    return np.array(y).transpose(2, 0, 1, 3) + s["bias"]


def convolved_back(y, s):
    """Kernel 3, stride 2, "valid" from 2 x 2 to 5 x 5 pixels: every pixel is spread by the kernel."""
    x = np.zeros((len(y), 5, 5, 2))
    for i, j in np.ndindex(2, 2):
        x[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += np.tensordot(y[:, i, j], s["kernel"], (1, 3))
    return x + s["bias"]


def convolved_in_space(x, s):
    """Kernel 2, stride 2, "valid" on 2 x 3 x 4 voxels: 1 x 1 x 2 positions."""
    y = [np.tensordot(x[:, 0:2, 0:2, k : k + 2], s["kernel"], 4) for k in (0, 2)]
    return np.stack(y, axis=1)[:, None, None] + s["bias"]


def convolved_back_in_space(y, s):
    """Kernel 2, stride 2, from 1 x 1 x 2 to 2 x 2 x 4 voxels: every voxel becomes a cube."""
    x = np.concatenate([np.tensordot(y[:, 0, 0, k], s["kernel"], (1, 4)) for k in (0, 1)], axis=3)
    return x + s["bias"]


def blocks(x):
    """(N, H, W, C) -> (N, H/2, W/2, C, 4)."""
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 5, 2, 4).reshape(n, h // 2, w // 2, c, 4)


def squashed(x):
    q = (x * x).sum(-1, keepdims=True)
    return q / (1 + q) * x / np.sqrt(q * q / (q + 1e-7))


def primary(x, s):
    """Kernel 2 on 3 x 3 pixels: at each of 4 pixels 2 capsules of 2 dimensions."""
    y = [
        [np.tensordot(x[:, i : i + 2, j : j + 2], s["convolution.kernel"], 3) for j in (0, 1)] for i in (0, 1)
    ]
    y = np.array(y).transpose(2, 0, 1, 3) + s["convolution.bias"]  # (N, 2, 2, 4)
    return squashed(y.reshape(len(x), 8, 2))


def routed(x, s):
    """One example after the other, as in the paper: 3 capsules of 2 dimensions to 2 capsules of 3."""
    y = np.zeros((len(x), 2, 3))
    for n, u in enumerate(x):
        predictions = np.einsum("jdie,id->ije", s["kernel"], u)
        b = np.zeros((3, 2))
        for _ in range(3):
            y[n] = squashed(np.einsum("ij,ije->je", softmax(b), predictions))
            b += np.einsum("ije,je->ij", predictions, y[n])
    return y


def spectral(x, s):
    v = s["layer.kernel"] @ s["u"]
    sigma = v / np.linalg.norm(v) @ s["layer.kernel"] @ s["u"]
    return x @ (s["layer.kernel"] / sigma) + s["layer.bias"]


@dataclass
class Row:
    make: Callable[[], Any]
    example: tuple[int, ...]  # the shape of one example
    formula: Callable  # (x, state) -> y at inference, in plain NumPy
    draw: Callable = normal  # (seed, shape) -> x; `distinct` keeps away from a kink at 0
    wrong: tuple[int, ...] | None = None  # the shape of a batch that must be refused
    mixes: bool = False  # True: what it returns for one example depends on the others, by definition
    slope: bool = True  # False: its gradient is by definition not the slope of its value
    step: float = 1e-3  # of the differences


ROWS = {
    "AveragePooling2D": Row(
        lambda: AveragePooling2D(), (2, 4, 1), lambda x, s: blocks(x).mean(-1), wrong=(4, 2)
    ),
    "BatchNormalization": Row(
        lambda: BatchNormalization(2),
        (3, 2),
        lambda x, s: standardised(x, s["moving_mean"], s["moving_variance"], s),
        wrong=(4, 3),
    ),
    "Capsules": Row(  # short vectors are strongly curved
        lambda: Capsules(3, 2, 2, 3), (3, 2), routed, wrong=(4, 3, 3), step=1e-4
    ),
    "Conv2D": Row(
        lambda: Conv2D(1, 2, 2, strides=2, padding="same"), (3, 3, 1), convolved, wrong=(4, 3, 3, 2)
    ),
    "Conv2DTranspose": Row(
        lambda: Conv2DTranspose(1, 2, 3, strides=2), (2, 2, 1), convolved_back, wrong=(4, 2, 2, 2)
    ),
    "Conv3D": Row(
        lambda: Conv3D(1, 2, 2, strides=2), (2, 3, 4, 1), convolved_in_space, wrong=(4, 2, 3, 4, 2)
    ),
    "Conv3DTranspose": Row(
        lambda: Conv3DTranspose(1, 2, 2, strides=2), (1, 1, 2, 1), convolved_back_in_space, wrong=(4, 1, 2, 1)
    ),
    "Dense": Row(lambda: Dense(3, 2), (3,), lambda x, s: x @ s["kernel"] + s["bias"], wrong=(4, 2)),
    "Dropout": Row(lambda: Dropout(0.4), (5,), lambda x, s: x),
    "ELU": Row(lambda: ELU(0.7), (4,), lambda x, s: np.where(x > 0, x, 0.7 * (np.exp(x) - 1)), distinct),
    "Embedding": Row(lambda: Embedding(4, 2), (3,), lambda x, s: s["table"][x], indices),
    "Flatten": Row(lambda: Flatten(), (2, 3, 1), lambda x, s: x.reshape(len(x), 6), wrong=()),
    "GaussianDropout": Row(lambda: GaussianDropout(0.4), (5,), lambda x, s: x),
    "GaussianNoise": Row(lambda: GaussianNoise(0.5), (5,), lambda x, s: x),
    "GlobalAveragePooling2D": Row(
        lambda: GlobalAveragePooling2D(), (3, 2, 2), lambda x, s: x.mean((1, 2)), wrong=(4, 3)
    ),
    "LayerNormalization": Row(
        lambda: LayerNormalization(4),
        (2, 4),
        lambda x, s: standardised(x, x.mean(-1, keepdims=True), x.var(-1, keepdims=True), s),
        wrong=(4, 3),
    ),
    "LeakyReLU": Row(lambda: LeakyReLU(0.1), (4,), lambda x, s: np.where(x > 0, x, 0.1 * x), distinct),
    "MaxPooling2D": Row(
        lambda: MaxPooling2D(), (2, 4, 1), lambda x, s: blocks(x).max(-1), distinct, wrong=(4, 2)
    ),
    "MinibatchStdDev": Row(
        lambda: MinibatchStdDev(),
        (3, 2),
        lambda x, s: np.concatenate([x, np.full((*x.shape[:-1], 1), np.sqrt(x.var(0) + 1e-8).mean())], -1),
        far_apart,
        mixes=True,
    ),
    "PrimaryCapsules": Row(lambda: PrimaryCapsules(1, 2, 2, 2), (3, 3, 1), primary, wrong=(4, 3, 3, 2)),
    "ReLU": Row(lambda: ReLU(), (4,), lambda x, s: np.where(x > 0, x, 0), distinct),
    "Reshape": Row(lambda: Reshape((3, 2)), (6,), lambda x, s: x.reshape(-1, 3, 2), wrong=(4, 5)),
    "Sequential": Row(
        lambda: Sequential(Dense(2, 3), Tanh(), Dense(3, 1)),
        (2,),
        lambda x, s: (
            np.tanh(x @ s["layers.0.kernel"] + s["layers.0.bias"]) @ s["layers.2.kernel"] + s["layers.2.bias"]
        ),
        wrong=(4, 3),
    ),
    "Sigmoid": Row(lambda: Sigmoid(), (4,), lambda x, s: 1 / (1 + np.exp(-x))),
    "Softmax": Row(lambda: Softmax(), (2, 3), lambda x, s: softmax(x)),
    "SpectralNormalization": Row(
        lambda: SpectralNormalization(Dense(3, 2)), (3,), spectral, wrong=(4, 2), slope=False
    ),
    "Tanh": Row(lambda: Tanh(), (4,), lambda x, s: np.tanh(x)),
    "UpSampling2D": Row(
        lambda: UpSampling2D(), (2, 3, 1), lambda x, s: np.kron(x, np.ones((1, 2, 2, 1))), wrong=(4, 3)
    ),
}

#: who complains of a wrong shape, where it is not the layer itself
SPOKESMEN = {
    "AveragePooling2D": "average_pool2d",
    "MaxPooling2D": "max_pool2d",
    "PrimaryCapsules": "Conv2D",
    "Sequential": "Dense",
    "SpectralNormalization": "Dense",
    "UpSampling2D": "upsample2d",
}

every_layer = pytest.mark.parametrize("name", ROWS)
in_both_modes = pytest.mark.parametrize("training", [False, True])


def test_every_layer_has_a_row():
    assert set(ROWS) | {"Layer", "squash"} == set(layers.__all__)
    assert all(type(row.make()).__name__ == name for name, row in ROWS.items())


@every_layer
@given(seed=seeds, n=st.integers(1, 4))
def test_value_is_the_formula(name, seed, n):
    row = ROWS[name]
    layer = randomised(row.make(), np.float64, seed)
    x = row.draw(seed, (n, *row.example))
    np.testing.assert_allclose(mg.to_numpy(layer(x)), row.formula(x, layer.state()), rtol=1e-12, atol=1e-12)


def value_and_gradients(layer, x, training):
    variables = [Tensor(x)] * (x.dtype.kind == "f") + layer.parameters()
    y = layer(variables[0] if x.dtype.kind == "f" else x, training)
    return [mg.to_numpy(y), *(grad((y * y).sum(), variables) if variables else [])]


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.slope])
@settings(max_examples=settings.default.max_examples // 4)
@given(seed=seeds, n=st.integers(1, 2))
def test_gradients_of_input_and_weights_are_right_to_second_order(name, seed, n):
    """While it learns, and at inference as well if it computes something else there."""
    row = ROWS[name]
    layer = randomised(row.make(), np.float64, seed)
    x = row.draw(seed, (n + 1, *row.example))  # one example has no batch statistics to speak of
    inference, training = (value_and_gradients(layer, x, mode) for mode in (False, True))
    check_layer(layer, x, training=True, step=row.step)
    if not all(np.array_equal(a, b) for a, b in zip(inference, training, strict=True)):
        check_layer(layer, x[:n], training=False, step=row.step)


@every_layer
@in_both_modes
def test_float32_stays_float32(name, training, device):
    row = ROWS[name]
    layer = randomised(row.make())
    (x,) = there([row.draw(0, (3, *row.example))])
    x = Tensor(x.astype(np.float32)) if x.dtype.kind == "f" else x
    y = layer(x, training)
    assert y.dtype == np.float32
    xs = [t for t in [x, *layer.parameters()] if isinstance(t, Tensor)]
    assert {g.dtype for g in grad(y.sum(), xs)} <= {np.dtype(np.float32)}
    assert {a.dtype for a in layer.state().values()} <= {np.dtype(np.float32)}


@every_layer
@in_both_modes
def test_arrays_in_arrays_out_inside_no_grad(name, training, device):
    row = ROWS[name]
    (x,) = there([row.draw(0, (3, *row.example))])
    with mg.no_grad():
        y = row.make()(x, training)
    assert is_there(y)


def everything(name, training, dtype):
    """The value, the gradients of input and weights, and the buffers, on the current device."""
    row = ROWS[name]
    layer = randomised(row.make(), dtype)
    x = row.draw(0, (3, *row.example))
    (x,) = there([x.astype(dtype) if x.dtype.kind == "f" else x])
    variables = [Tensor(x)] * (x.dtype.kind == "f") + layer.parameters()
    mg.seed(7)
    y = layer(variables[0] if x.dtype.kind == "f" else x, training)
    grads = grad((y * y).sum(), variables) if variables else []
    return [y.data, *grads, *layer.arrays()]


@every_layer
@in_both_modes
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_device_computes_the_same(name, training, dtype, device):
    with mg.on("cpu"):
        expected = everything(name, training, dtype)
    assert_agree(everything(name, training, dtype), expected)


@every_layer
def test_inference_changes_nothing_and_is_the_same_every_time(name):
    row = ROWS[name]
    layer = randomised(row.make())
    x, before = row.draw(0, (3, *row.example)), layer.state()
    first, again = mg.to_numpy(layer(x)), mg.to_numpy(layer(x))
    assert first.tobytes() == again.tobytes()
    assert all(np.array_equal(before[k], a) for k, a in layer.state().items())


@every_layer
def test_the_examples_of_a_batch_do_not_mix_at_inference(name):
    row = ROWS[name]
    layer = randomised(row.make(), np.float64)
    x = row.draw(0, (3, *row.example))
    one_by_one = np.concatenate([mg.to_numpy(layer(x[i : i + 1])) for i in range(3)])
    together = mg.to_numpy(layer(x))
    assert np.allclose(one_by_one, together, rtol=1e-13, atol=0) is not row.mixes


@every_layer
def test_an_empty_batch_gives_an_empty_result_at_inference(name, device):
    row = ROWS[name]
    if row.mixes:
        pytest.skip("there is no variance over no examples")
    layer = row.make()
    none, two = (layer(x) for x in there([row.draw(0, (n, *row.example)) for n in (0, 2)]))
    assert none.shape == (0, *two.shape[1:])


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.wrong is not None])
@in_both_modes
def test_a_wrong_shape_is_refused_and_the_layer_named(name, training):
    row = ROWS[name]
    culprit = SPOKESMEN.get(name, name)
    with pytest.raises(ValueError) as refused:
        row.make()(np.ones(row.wrong), training)
    assert culprit in str(refused.value) and str(row.wrong) in str(refused.value)


@every_layer
def test_state_goes_from_one_layer_to_its_twin(name):
    row = ROWS[name]
    layer, twin = randomised(row.make()), row.make()
    twin.load_state(layer.state())
    x = row.draw(0, (3, *row.example))
    assert np.array_equal(mg.to_numpy(twin(x)), mg.to_numpy(layer(x)))


@every_layer
def test_repr_names_the_layer(name):
    assert repr(ROWS[name].make()).startswith(f"{name}(")
