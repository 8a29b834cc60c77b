"""conv3d and conv3d_transpose where they differ from the plane: sizes, messages, and PyTorch's numbers.

That they are the loops, each other's transposes and right to both orders: test_convolution.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigan import ops
from minigan.gradcheck.strategies import normal, seeds


def test_a_cube_of_ones_counts_the_voxels_under_the_kernel():
    """3 x 3 x 3 ones, kernel 2 x 2 x 2 of ones, padding 1: 8 inside, 4, 2 and 1 where faces, edges, corners cut it."""
    y = ops.conv3d(np.ones((1, 3, 3, 3, 1)), np.ones((2, 2, 2, 1, 1)), padding=1)[0, ..., 0]
    assert y.shape == (4, 4, 4)
    assert (y[0, 0, 0], y[0, 0, 1], y[0, 1, 1], y[1, 1, 1]) == (1, 2, 4, 8)
    assert y.sum() == 27 * 8


def test_every_axis_has_its_own_stride_padding_and_dilation():
    x, w = normal(0, (1, 5, 6, 7, 2)), normal(1, (1, 2, 3, 2, 1))
    y = ops.conv3d(x, w, (1, 2, 3), ((0, 0), (1, 0), (0, 2)), (1, 3, 1))
    assert y.shape == (1, 5, 2, 3, 1)
    tap = sum((x[0, 4, row, 3:6] * w[0, k, :, :, 0]).sum() for k, row in ((0, 1), (1, 4)))
    np.testing.assert_allclose(y[0, 4, 1, 1, 0], tap)  # rows 2·1 - 1 + 3·k, columns 3·1 to 3·1 + 2


@pytest.mark.parametrize(
    ("x", "kernel"),
    [((1, 4, 4, 1), (2, 2, 1, 1)), ((1, 3, 4, 4, 1), (2, 2, 1, 1)), ((1, 3, 4, 4, 1), (2, 2, 2, 0, 1))],
)
def test_images_and_kernels_in_the_plane_are_refused(x, kernel):
    with pytest.raises(ValueError, match=r"conv3d: x has shape .* expected \(N, D, H, W, channels\)"):
        ops.conv3d(np.zeros(x), np.zeros(kernel))


def test_channels_and_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="3 channels, but the kernel expects 2"):
        ops.conv3d(np.zeros((1, 4, 4, 4, 3)), np.zeros((2, 2, 2, 2, 1)))
    with pytest.raises(ValueError, match="3 channels, but the kernel expects 1"):
        ops.conv3d_transpose(np.zeros((1, 4, 4, 4, 3)), np.zeros((2, 2, 2, 2, 1)))
    with pytest.raises(ValueError, match=r"output_size \(9, 9, 4\) has a convolution of \(5, 5, 2\) voxels"):
        ops.conv3d_transpose(np.zeros((1, 4, 4, 4, 1)), np.zeros((2, 2, 2, 2, 1)), 2, "same", (9, 9, 4))
    with pytest.raises(ValueError, match="conv3d: strides is .* expected a positive integer or 3 of them"):
        ops.conv3d(np.zeros((1, 4, 4, 4, 1)), np.zeros((2, 2, 2, 1, 1)), (1, 1))


@given(seeds, st.integers(1, 3), st.integers(0, 2), st.integers(1, 2))
def test_both_are_those_of_pytorch(seed, strides, padding, dilation):
    torch = pytest.importorskip("torch")
    x, w = normal(seed, (2, 5, 4, 6, 2)), normal([seed, 1], (3, 1, 2, 2, 3))
    how = {"stride": strides, "padding": padding, "dilation": dilation}
    channels_first = torch.from_numpy(x.transpose(0, 4, 1, 2, 3).copy())
    kernel = torch.from_numpy(w.transpose(4, 3, 0, 1, 2).copy())
    theirs = torch.nn.functional.conv3d(channels_first, kernel, **how)
    y = ops.conv3d(x, w, strides, padding, dilation)
    np.testing.assert_allclose(y, theirs.numpy().transpose(0, 2, 3, 4, 1), rtol=1e-10, atol=1e-12)
    back = torch.nn.functional.conv_transpose3d(theirs, kernel, **how)
    ours = ops.conv3d_transpose(y, w, strides, padding, dilation_rate=dilation)
    np.testing.assert_allclose(ours, back.numpy().transpose(0, 2, 3, 4, 1), rtol=1e-10, atol=1e-12)
