"""Pooling and upsampling: equal to loops, to PyTorch and to hand-worked numbers, with transposed gradients."""

import loops
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigan import Tensor, grad, ops
from minigan.autograd import Primitive
from minigan.gradcheck import GradientError, check_grad
from minigan.gradcheck.strategies import arrays, distinct, integers, layouts, normal, seeds

fewer = settings(max_examples=settings.default.max_examples // 2)
sizes = st.tuples(st.integers(1, 3), st.integers(1, 3))
images = st.tuples(st.integers(0, 2), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))

POOLS = {"max": (ops.max_pool2d, np.max), "average": (ops.average_pool2d, np.mean)}
both_pools = pytest.mark.parametrize("name", POOLS)


def whole(seed, shape):
    """Small integers as floats: exact to add up, and with many ties."""
    return integers(seed, shape).astype(float)


@st.composite
def pools(draw, kind=distinct):
    """(x, size, strides, padding): windows that overlap, that touch, and with pixels between them."""
    size = draw(sizes)
    strides = draw(st.none() | sizes)
    some = [st.integers(0, s - 1) for s in size for _ in range(2)]  # a window always sees the image
    padding = draw(
        st.sampled_from(["valid", "same"])
        | st.integers(0, min(size) - 1)
        | st.tuples(st.tuples(*some[:2]), st.tuples(*some[2:]))
    )
    n, h, w, c = draw(images)
    missing = 0 if padding == "same" else 2  # at most 3 pixels high, and at least one is there
    x = draw(arrays((n, h + missing, w + missing, c), kind, layouts))
    return x, size, strides, padding


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


# --- Pooling -----------------------------------------------------------------------------------------


@both_pools
@given(case=pools())
def test_pooling_is_the_loop(name, case):
    x, size, strides, padding = case
    pool, reduce = POOLS[name]
    close(pool(x, size, strides, padding), loops.pool2d(reduce, x, size, strides or size, padding))


@both_pools
@fewer
@given(case=pools())
def test_both_derivatives_of_pooling(name, case):
    x, *how = case
    check_grad(lambda x: POOLS[name][0](x, *how), x)


@given(pools(kind=whole), seeds)
def test_the_gradient_of_max_pooling_goes_to_the_winners_and_is_shared_where_they_tie(case, seed):
    x, size, strides, padding = case
    t = Tensor(x)
    y = ops.max_pool2d(t, size, strides, padding)
    g = whole(seed, y.shape)
    close(grad(y, t, g), loops.max_pool2d_gradient(g, x, size, strides or size, padding))


@given(pools(), seeds)
def test_without_ties_max_pooling_is_the_transpose_of_its_scatter_to_the_last_bit(case, seed):
    x, size, strides, padding = case
    t, v = Tensor(x), whole(seed, x.shape)
    y = ops.max_pool2d(t, size, strides, padding)
    g = whole(seed + 1, y.shape)
    dx = grad(y, t, g)
    np.testing.assert_array_equal(dx, loops.max_pool2d_gradient(g, x, size, strides or size, padding))
    # the directional derivative along v picks v at the winners, which are whole numbers
    picked = grad(grad(y, t, z := Tensor(g), create_graph=True), z, v, allow_unconnected=True)
    assert np.sum(dx * v) == np.sum(picked * g)


@given(pools(kind=normal), seeds)
def test_average_pooling_is_the_transpose_of_its_scatter(case, seed):
    x, size, strides, padding = case
    t = Tensor(x)
    y = ops.average_pool2d(t, size, strides, padding)
    g = normal(seed, y.shape)
    dx = grad(y, t, g)
    close(dx, loops.average_pool2d_gradient(g, x, size, strides or size, padding))
    close(np.sum(y.data * g), np.sum(x * dx))


def test_pooling_by_hand():
    x = np.array([[1.0, 5, 2, 0], [3, 4, 1, 1], [7, 0, -1, -2]]).reshape(1, 3, 4, 1)
    np.testing.assert_array_equal(ops.max_pool2d(x).ravel(), [5, 2])
    np.testing.assert_array_equal(ops.average_pool2d(x).ravel(), [13 / 4, 1])
    overlapping = ops.max_pool2d(x, (2, 2), 1)[0, ..., 0]
    np.testing.assert_array_equal(overlapping, [[5, 5, 2], [7, 4, 1]])
    same = ops.max_pool2d(x, 2, padding="same")[0, ..., 0]  # the odd row is below
    np.testing.assert_array_equal(same, [[5, 2], [7, -1]])  # padding does not win against -1
    same = ops.average_pool2d(x, 2, padding="same")[0, ..., 0]
    np.testing.assert_array_equal(same, [[13 / 4, 1], [7 / 2, -3 / 2]])  # and is not counted


def test_four_that_tie_share_and_overlapping_windows_add_up():
    t = Tensor(np.ones((1, 2, 2, 1)))
    np.testing.assert_array_equal(grad(ops.max_pool2d(t).sum(), t), np.full((1, 2, 2, 1), 0.25))
    x = Tensor(np.array([1.0, 3, 2, 2]).reshape(1, 1, 4, 1))
    g = np.array([1.0, 10, 100]).reshape(1, 1, 3, 1)
    y = ops.max_pool2d(x, (1, 2), 1)  # 3 3 2: twice the same winner, then a tie
    np.testing.assert_array_equal(grad(y, x, g).ravel(), [0, 11, 50, 50])


@both_pools
def test_a_window_as_large_as_the_image_is_global(name):
    x = distinct(0, (2, 3, 4, 5))
    close(POOLS[name][0](x, (3, 4))[:, 0, 0], POOLS[name][1](x, axis=(1, 2)))


@both_pools
def test_a_window_of_one_pixel_changes_nothing(name):
    x = distinct(0, (2, 3, 4, 5))
    np.testing.assert_array_equal(POOLS[name][0](x, 1), x)
    np.testing.assert_array_equal(POOLS[name][0](x, 1, 2), x[:, ::2, ::2])


# --- Upsampling --------------------------------------------------------------------------------------


@given(images.flatmap(lambda shape: arrays(shape, layout=layouts)), sizes)
def test_upsampling_is_the_loop(x, size):
    np.testing.assert_array_equal(ops.upsample2d(x, size), loops.upsample2d(x, size))
    close(ops.upsample2d(x, size, "bilinear"), loops.upsample2d_bilinear(x, size))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@given(x=images.flatmap(lambda shape: arrays(shape, layout=layouts)), size=sizes)
def test_both_derivatives_of_upsampling(interpolation, x, size):
    check_grad(lambda x: ops.upsample2d(x, size, interpolation), x)


@given(images, sizes, seeds)
def test_the_transpose_of_repeating_pixels_is_the_block_sum_to_the_last_bit(shape, size, seed):
    x = Tensor(whole(seed, shape))
    y = ops.upsample2d(x, size)
    g = whole(seed + 1, y.shape)
    dx = grad(y, x, g)
    np.testing.assert_array_equal(dx, loops.block_sum(g, size))
    assert np.sum(y.data * g) == np.sum(x.data * dx)


@given(images, sizes, seeds)
def test_bilinear_upsampling_is_the_transpose_of_its_gradient(shape, size, seed):
    x = Tensor(normal(seed, shape))
    y = ops.upsample2d(x, size, "bilinear")
    g = normal(seed + 1, y.shape)
    close(np.sum(y.data * g), np.sum(x.data * grad(y, x, g)))


@given(images, sizes, st.floats(-5, 5))
def test_bilinear_upsampling_leaves_a_constant_alone_and_keeps_within_the_range(shape, size, constant):
    close(ops.upsample2d(np.full(shape, constant), size, "bilinear"), constant)
    x = normal(0, shape)
    if x.size:
        y = ops.upsample2d(x, size, "bilinear")
        assert x.min() - 1e-12 <= y.min() and y.max() <= x.max() + 1e-12


def test_upsampling_by_hand():
    x = np.array([[1.0, 2], [3, 4]]).reshape(1, 2, 2, 1)
    np.testing.assert_array_equal(
        ops.upsample2d(x)[0, ..., 0], [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    )
    np.testing.assert_array_equal(
        ops.upsample2d(x, (1, 3))[0, ..., 0], [[1, 1, 1, 2, 2, 2], [3, 3, 3, 4, 4, 4]]
    )
    row = np.array([0.0, 4]).reshape(1, 1, 2, 1)  # new centres at -1/4, 1/4, 3/4, 5/4 between 0 and 1
    np.testing.assert_array_equal(ops.upsample2d(row, (1, 2), "bilinear").ravel(), [0, 1, 3, 4])
    t = Tensor(row)
    g = np.array([1.0, 10, 100, 1000]).reshape(1, 1, 4, 1)
    np.testing.assert_array_equal(grad(ops.upsample2d(t, (1, 2), "bilinear"), t, g).ravel(), [33.5, 1077.5])
    t = Tensor(x)
    g = np.arange(16.0).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(
        grad(ops.upsample2d(t), t, g)[0, ..., 0], [[10, 18], [42, 50]]
    )  # 0+1+4+5, ...


def test_bytes_are_images_too():
    x = np.array([0, 200], np.uint8).reshape(1, 1, 2, 1)
    assert ops.upsample2d(x).dtype == np.uint8
    np.testing.assert_array_equal(ops.upsample2d(x, (1, 2), "bilinear").ravel(), [0, 50, 150, 200])
    assert ops.average_pool2d(x, (1, 2)).ravel() == [100]
    assert ops.max_pool2d(x, (1, 2)).ravel() == [200]


# --- PyTorch -------------------------------------------------------------------------------------------


def beside_torch(torch, f, torch_f, x):
    """Values and gradients of f on channels last and of torch_f on channels first."""
    t = torch.tensor(np.array(x.transpose(0, 3, 1, 2), order="C"), requires_grad=True)
    z = Tensor(x)
    y, ty = f(z), torch_f(t)
    g = normal(0, y.shape)
    (dt,) = torch.autograd.grad(ty, t, torch.tensor(np.array(g.transpose(0, 3, 1, 2), order="C")))
    close(y.data, ty.detach().numpy().transpose(0, 2, 3, 1))
    close(grad(y, z, g), dt.numpy().transpose(0, 2, 3, 1))


@both_pools
@fewer
@given(
    shape=st.tuples(st.integers(1, 2), st.integers(3, 6), st.integers(3, 6), st.integers(1, 2)),
    size=sizes,
    strides=st.none() | sizes,
    padded=st.booleans(),
    seed=seeds,
)
def test_pooling_is_that_of_pytorch(name, shape, size, strides, padded, seed):
    torch = pytest.importorskip("torch")
    pads = tuple(s // 2 * padded for s in size)  # PyTorch takes no more
    padding = tuple((p, p) for p in pads)

    def peer(t):
        if name == "max":
            return torch.nn.functional.max_pool2d(t, size, strides or size, pads)
        return torch.nn.functional.avg_pool2d(t, size, strides or size, pads, count_include_pad=False)

    beside_torch(torch, lambda x: POOLS[name][0](x, size, strides, padding), peer, distinct(seed, shape))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@fewer
@given(
    shape=st.tuples(*[st.integers(1, 4)] * 4),
    size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    seed=seeds,
)
def test_upsampling_is_that_of_pytorch(interpolation, shape, size, seed):
    torch = pytest.importorskip("torch")

    def peer(t):
        return torch.nn.functional.interpolate(t, scale_factor=size, mode=interpolation)

    beside_torch(torch, lambda x: ops.upsample2d(x, size, interpolation), peer, normal(seed, shape))


# --- Precision, memory, odd cases ----------------------------------------------------------------------

EVERY_ONE = {
    "max": lambda x: ops.max_pool2d(x, 3, 2, "same"),
    "average": lambda x: ops.average_pool2d(x, 3, 2, "same"),
    "nearest": lambda x: ops.upsample2d(x, (2, 3)),
    "bilinear": lambda x: ops.upsample2d(x, (2, 3), "bilinear"),
}
every_one = pytest.mark.parametrize("name", EVERY_ONE)


@every_one
def test_float32_stays_float32_in_value_and_gradients(name):
    x = Tensor(distinct(0, (2, 4, 5, 3)).astype(np.float32))
    y = EVERY_ONE[name](x)
    g = grad((y * y).sum(), x, create_graph=True)
    assert y.dtype == g.dtype == grad((g * g).sum(), x).dtype == np.float32


@every_one
@given(x=images.flatmap(lambda shape: arrays(shape, distinct, layouts)))
def test_inputs_are_read_and_never_written(name, x):
    before = x.copy()
    x.flags.writeable = False
    t = Tensor(x)
    y = EVERY_ONE[name](t)
    grad(y, t, np.broadcast_to(np.ones(()), y.shape))
    np.testing.assert_array_equal(x, before)


@every_one
def test_an_empty_batch_gives_an_empty_result_and_an_empty_gradient(name):
    f = EVERY_ONE[name]
    x = Tensor(np.zeros((0, 4, 5, 3)))
    y = f(x)
    assert y.shape == (0, *f(np.zeros((1, 4, 5, 3))).shape[1:])
    assert grad(y.sum(), x).shape == (0, 4, 5, 3)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_an_image_without_pixels_is_as_empty_when_it_is_larger(interpolation):
    assert ops.upsample2d(np.zeros((2, 0, 3, 1)), 2, interpolation).shape == (2, 0, 6, 1)


X = np.zeros((2, 5, 4, 3))


@pytest.mark.parametrize("name", ["max_pool2d", "average_pool2d"])
@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((X, 6), r"no output pixel: a kernel of \(6, 6\) pixels"),
        ((X, (1, 5)), r"no output pixel: a kernel of \(1, 5\)"),
        ((X[0], 2), r"x has shape \(5, 4, 3\), expected \(N, H, W, C\)"),
        ((X[:, :0], 2), r"an image of \(0, 4\) pixels"),
        ((X, 0), "size is 0, expected a positive integer or 2 of them"),
        ((X, 2, 0), "strides is 0, expected a positive integer"),
        ((X, 2, 1, "SAME"), "padding is 'SAME', expected 'valid', 'same'"),
        ((X, 2, 1, -1), "padding is -1, .* none of them negative"),
        ((X, 2, 1, 2), r"with padding 2, a window of \(2, 2\) pixels would see nothing but padding"),
        ((X, 2, 1, ((0, 0), (0, 2))), r"a window of \(2, 2\) pixels would see nothing but padding"),
    ],
)
def test_a_pool_that_does_not_fit_is_one_error_that_names_it(name, args, message):
    with pytest.raises(ValueError, match=f"{name}: .*{message}"):
        getattr(ops, name)(*args)


def test_padding_that_no_window_reaches_does_not_matter():
    x = distinct(0, (1, 5, 5, 1))
    np.testing.assert_array_equal(ops.max_pool2d(x, 2, 3, ((0, 2), (0, 0))), ops.max_pool2d(x, 2, 3))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((X, 0), "size is 0, expected a positive integer"),
        ((X, 1.5), "size is 1.5, expected"),
        ((X, (2, 2, 2)), r"size is \(2, 2, 2\), expected a positive integer or 2 of them"),
        ((X, 2, "cubic"), r"interpolation is 'cubic', expected one of 'nearest', 'bilinear'"),
        ((X[0], 2), r"x has shape \(5, 4, 3\), expected \(N, H, W, C\)"),
    ],
)
def test_an_upsampling_that_does_not_fit_is_one_error_that_names_it(args, message):
    with pytest.raises(ValueError, match=f"upsample2d: .*{message}"):
        ops.upsample2d(*args)


# --- Wrong backwards, which check_grad must refuse -----------------------------------------------------


def planted(forward, vjp):
    def resampling_with_a_fault(x):
        return forward(x)

    op = Primitive(resampling_with_a_fault)
    op.defvjp(lambda g, y, x: vjp(g, x))
    return op


def overlapping(x):
    return ops.max_pool2d(x, 3, 2, "same")


def edges(x):
    return ops.average_pool2d(x, 3, 2, "same")


def last_window_wins(g, x):
    """`=` for `+=`: each window overwrites what the one before it left."""
    dx = np.zeros_like(x)
    for (p, q), pixels in loops.windows(x.shape[1:3], (3, 3), (2, 2), "same")[1].items():
        best = np.max([x[:, i, j] for i, j in pixels], axis=0)
        for i, j in pixels:
            dx[:, i, j] = np.where(x[:, i, j] == best, g[:, p, q], dx[:, i, j])
    return dx


def padding_counted(g, x):
    dx = np.zeros_like(x)
    for (p, q), pixels in loops.windows(x.shape[1:3], (3, 3), (2, 2), "same")[1].items():
        for i, j in pixels:
            dx[:, i, j] += g[:, p, q] / 9
    return dx


FAULTS = {
    "subsampling instead of a block sum": (ops.upsample2d, lambda g, x: g[:, ::2, ::2]),
    "block mean instead of a block sum": (ops.upsample2d, lambda g, x: loops.block_sum(g, (2, 2)) / 4),
    "block sum with the wrong interleaving": (
        ops.upsample2d,
        lambda g, x: g.reshape(2, 2, 4, 2, 5, 3).sum((1, 3)),
    ),
    "bilinear with the gradient of nearest": (
        lambda x: ops.upsample2d(x, 2, "bilinear"),
        lambda g, x: loops.block_sum(g, (2, 2)),
    ),
    "max pooling with = for +=": (overlapping, last_window_wins),
    "max pooling with the gradient of average pooling": (
        overlapping,
        lambda g, x: loops.average_pool2d_gradient(g, x, (3, 3), (2, 2), "same"),
    ),
    "average pooling that counts the padding": (edges, padding_counted),
    "average pooling without the division": (edges, lambda g, x: padding_counted(g, x) * 9),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_wrong_backward_is_refused(name):
    forward, vjp = FAULTS[name]
    with pytest.raises(GradientError, match="the analytic gradient is wrong") as refusal:
        check_grad(planted(forward, vjp), distinct(1, (2, 4, 5, 3)))
    assert refusal.value.order == 1
    assert not refusal.value.kink


@pytest.mark.parametrize(
    ("forward", "vjp"),
    [
        (ops.upsample2d, lambda g, x: loops.block_sum(g, (2, 2))),
        (overlapping, lambda g, x: loops.max_pool2d_gradient(g, x, (3, 3), (2, 2), "same")),
        (edges, lambda g, x: loops.average_pool2d_gradient(g, x, (3, 3), (2, 2), "same")),
    ],
)
def test_the_loops_are_right(forward, vjp):
    assert check_grad(planted(forward, vjp), distinct(1, (2, 4, 5, 3)), order=1) < 1e-6


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64])
def test_pooling_whole_numbers_gives_whole_numbers(dtype):
    x = np.arange(9).reshape(1, 3, 3, 1).astype(dtype)
    y = ops.max_pool2d(x, 2, padding="same")
    assert y.dtype == dtype
    np.testing.assert_array_equal(y[0, ..., 0], [[4, 5], [7, 8]])
    lowest = np.full_like(x, np.iinfo(dtype).min)
    np.testing.assert_array_equal(ops.max_pool2d(lowest, 2, padding="same"), lowest[:, :2, :2])
