"""Convolution, upsampling and pooling as layers: their arguments reach the operation, beside PyTorch too."""

import numpy as np
import pytest
from layer_tools import check_layer, in_float64, randomised

from minigan import ops
from minigan.autograd import Tensor, grad
from minigan.gradcheck.strategies import normal
from minigan.layers import (
    AveragePooling2D,
    Conv2D,
    Conv2DTranspose,
    Layer,
    MaxPooling2D,
    Sequential,
    UpSampling2D,
)
from minigan.layers.initializers import he_normal, normal_002

PADDINGS = [("valid", 0), (1, 1), (((1, 1), (2, 2)), (1, 2))]  # ours, and PyTorch's


def channels_first(x):
    return x.transpose(0, 3, 1, 2)


@pytest.mark.parametrize("padding", PADDINGS, ids=str)
@pytest.mark.parametrize("strides", [1, 2, (2, 1)])
@pytest.mark.parametrize("dilation_rate", [1, 2])
def test_conv2d_agrees_with_pytorch(padding, strides, dilation_rate):
    torch = pytest.importorskip("torch")
    layer = randomised(Conv2D(2, 3, (3, 2), strides, padding[0], dilation_rate), np.float64)
    x, kernel = Tensor(normal(0, (2, 7, 6, 2))), layer.kernel
    y = layer(x)
    tx, tk, tb = (torch.tensor(t.data, requires_grad=True) for t in (x, kernel, layer.bias))
    ty = torch.nn.functional.conv2d(
        tx.permute(0, 3, 1, 2), tk.permute(3, 2, 0, 1), tb, strides, padding[1], dilation_rate
    )
    np.testing.assert_allclose(channels_first(y.data), ty.detach().numpy(), rtol=1e-10)
    (ty**2).sum().backward()
    for ours, theirs in zip(grad((y * y).sum(), [x, kernel, layer.bias]), (tx, tk, tb), strict=True):
        np.testing.assert_allclose(ours, theirs.grad.numpy(), rtol=1e-9)


@pytest.mark.parametrize("strides", [1, 2, (2, 1)])
def test_conv2d_transpose_agrees_with_pytorch(strides):
    torch = pytest.importorskip("torch")
    layer = randomised(Conv2DTranspose(2, 3, (3, 2), strides), np.float64)
    x, kernel = Tensor(normal(0, (2, 4, 3, 2))), layer.kernel
    y = layer(x)
    tx, tk, tb = (torch.tensor(t.data, requires_grad=True) for t in (x, kernel, layer.bias))
    ty = torch.nn.functional.conv_transpose2d(tx.permute(0, 3, 1, 2), tk.permute(3, 2, 0, 1), tb, strides)
    np.testing.assert_allclose(channels_first(y.data), ty.detach().numpy(), rtol=1e-10)
    (ty**2).sum().backward()
    for ours, theirs in zip(grad((y * y).sum(), [x, kernel, layer.bias]), (tx, tk, tb), strict=True):
        np.testing.assert_allclose(ours, theirs.grad.numpy(), rtol=1e-9)


@pytest.mark.parametrize("size", [1, 2, 5, 6])
@pytest.mark.parametrize("strides", [1, 2, 3])
@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4])
def test_same_padding_gives_the_sizes_of_keras(size, strides, kernel_size):
    x = np.zeros((1, size, size, 1), np.float32)
    down = Conv2D(1, 1, kernel_size, strides, padding="same")(x).shape
    up = Conv2DTranspose(1, 1, kernel_size, strides, padding="same")(x).shape
    assert down == (1, -(-size // strides), -(-size // strides), 1)
    assert up == (1, size * strides, size * strides, 1)


def test_a_transposed_convolution_is_the_adjoint_of_the_convolution_with_the_same_kernel():
    there = randomised(Conv2D(2, 3, 4, strides=2, padding="same", use_bias=False), np.float64)
    back = in_float64(Conv2DTranspose(3, 2, 4, strides=2, padding="same", use_bias=False))
    assert there.kernel.shape == back.kernel.shape
    back.load_state(there.state())
    x, y = normal(0, (2, 6, 6, 2)), normal(1, (2, 3, 3, 3))
    assert (there(x).data * y).sum() == pytest.approx((x * back(y).data).sum(), rel=1e-12)


@pytest.mark.parametrize("kind", [Conv2D, Conv2DTranspose])
def test_without_bias_there_is_none(kind):
    layer = kind(2, 3, 3, use_bias=False)
    assert list(layer.state()) == ["kernel"]
    assert not layer(np.zeros((1, 4, 4, 2), np.float32)).data.any()


@pytest.mark.parametrize("kind", [Conv2D, Conv2DTranspose])
def test_kernels_start_with_the_variance_of_their_fan_in(kind):
    layer = kind(20, 30, (3, 5), kernel_initializer=he_normal)
    assert layer.kernel.data.var() == pytest.approx(2 / (3 * 5 * 20), rel=0.1)
    assert kind(20, 30, 3).kernel.data.var() == pytest.approx(2 / (9 * 20 + 9 * 30), rel=0.1)
    assert kind(20, 30, 3, kernel_initializer=normal_002).kernel.data.std() == pytest.approx(0.02, rel=0.1)
    assert not layer.bias.data.any()


@pytest.mark.parametrize("kind", [Conv2D, Conv2DTranspose])
def test_a_kernel_of_no_size_is_refused(kind):
    with pytest.raises(ValueError, match=f"{kind.__name__}.*kernel_size"):
        kind(1, 1, 0)


def test_no_pixel_left_is_an_error():
    with pytest.raises(ValueError, match="conv2d"):
        Conv2D(1, 1, 5)(np.zeros((1, 4, 4, 1), np.float32))


@pytest.mark.parametrize(
    ("layer", "operation"),
    [
        (UpSampling2D((2, 3)), lambda x: ops.upsample2d(x, (2, 3))),
        (UpSampling2D(2, "bilinear"), lambda x: ops.upsample2d(x, 2, "bilinear")),
        (MaxPooling2D(3, 2, "same"), lambda x: ops.max_pool2d(x, 3, 2, "same")),
        (AveragePooling2D((2, 3), 1, "same"), lambda x: ops.average_pool2d(x, (2, 3), 1, "same")),
    ],
    ids=lambda a: repr(a) if isinstance(a, Layer) else "",
)
def test_arguments_reach_the_operation(layer, operation):
    x = normal(0, (2, 5, 6, 2))
    np.testing.assert_array_equal(layer(x), operation(x))


@pytest.mark.parametrize("kind", [MaxPooling2D, AveragePooling2D])
def test_pooling_agrees_with_pytorch(kind):
    torch = pytest.importorskip("torch")
    peer = torch.nn.functional.max_pool2d if kind is MaxPooling2D else torch.nn.functional.avg_pool2d
    x = Tensor(normal(0, (2, 7, 6, 3)))
    y, tx = kind(3, 2)(x), torch.tensor(x.data, requires_grad=True)
    ty = peer(tx.permute(0, 3, 1, 2), 3, 2)
    np.testing.assert_allclose(channels_first(y.data), ty.detach().numpy(), rtol=1e-12)
    (ty**2).sum().backward()
    np.testing.assert_allclose(grad((y * y).sum(), x), tx.grad.numpy(), rtol=1e-10)


# --- UpSampling2D and then Conv2D --------------------------------------------------------------------


def test_a_generator_of_both_is_right_to_second_order():
    network = Sequential(UpSampling2D(2), Conv2D(1, 1, 3, padding="same"))
    check_layer(randomised(network, np.float64), normal(0, (1, 2, 2, 1)), training=True)


def test_the_wrong_number_of_channels_is_refused_in_a_pair_too():
    with pytest.raises(ValueError, match=r"Conv2D\(2, 1.*got an input of shape \(1, (4, 4|8, 8), 1\)"):
        Sequential(UpSampling2D(2), Conv2D(2, 1, 3, padding="same"))(np.zeros((1, 4, 4, 1), np.float32))
