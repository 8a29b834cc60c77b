"""Upsampling and convolution in one: the same numbers as one after the other, and three operations that are
each other's transposes."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_tools import in_float64, in_precision, randomised
from registry import covers
from thread_tools import three_threads

import minigan as mg
from minigan import Tensor, grad, ops
from minigan.autograd import ancestors
from minigan.fast import images
from minigan.fast import resize_convolution as fast
from minigan.fast.resize_convolution import (
    Jump,
    can_join,
    jumps,
    resize_conv2d,
    resize_convolution,
    resize_convolution_input_gradient,
    resize_convolution_kernel_gradient,
)
from minigan.gradcheck import GradientError, check_grad
from minigan.gradcheck.strategies import arrays, integers, layouts, normal, seeds
from minigan.layers import Conv2D, Conv2DTranspose, Dense, Flatten, Layer, Sequential, Tanh, UpSampling2D
from minigan.losses import generator_loss
from minigan.ops.convolution import convolution_kernel_gradient

fewer = settings(max_examples=settings.default.max_examples // 2)
fewest = settings(max_examples=settings.default.max_examples // 4)


def whole(seed, shape):
    """Small integers as floats, whose products and sums are exact."""
    return integers(seed, shape).astype(float)


@st.composite
def cases(draw, kind=normal, side=5):
    """An image, a kernel, a result and the size: kernels and sizes that are even, odd, larger than the image."""
    n, h, w, c = (draw(st.integers(*limits)) for limits in ((0, 2), (1, 4), (1, 4), (1, 3)))
    (kh, kw), f, size = (
        draw(st.tuples(*[st.integers(1, side)] * 2)),
        draw(st.integers(1, 3)),
        draw(st.integers(1, side)),
    )
    shapes = (n, h, w, c), (kh, kw, c, f), (n, size * h, size * w, f)
    return *(draw(arrays(shape, kind, layouts)) for shape in shapes), size


def one_after_the_other(x, w, size):
    return ops.conv2d(ops.upsample2d(x, size), w, padding="same")


def family(x, w, y, size):
    """The three operations, each of two of the three."""
    return (
        resize_convolution(x, w, size=size),
        resize_convolution_input_gradient(y, w, size=size),
        resize_convolution_kernel_gradient(x, y, kernel=w.shape[:2], size=size),
    )


# --- Values --------------------------------------------------------------------------------------------


@given(cases(whole), seeds)
def test_in_one_are_the_same_numbers_and_gradients_as_one_after_the_other_to_the_last_bit(case, seed):
    x, w, _, size = case
    x, w = Tensor(x), Tensor(w)
    both, expected = resize_conv2d(x, w, size), one_after_the_other(x, w, size)
    np.testing.assert_array_equal(both.data, expected.data)
    g = whole(seed, both.shape)
    for ours, theirs in zip(grad(both, [x, w], g), grad(expected, [x, w], g), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@given(st.integers(1, 9), st.integers(1, 9))
def test_before_every_tap_but_the_first_a_jump_is_seen_from_one_pixel(taps, size):
    """By looking: between which pixels of x the tap before and the tap itself lie, for every r."""
    before = (taps - 1) // 2
    seen = [[(r + k - before) // size for k in range(taps)] for r in range(size)]
    for k, jump in enumerate(jumps(taps, size), 1):
        (r,) = [r for r in range(size) if seen[r][k - 1] != seen[r][k]]
        pair = seen[r][k - 1], seen[r][k]
        assert jump == Jump(r, *(pair[::-1] if pair[1] > 0 else pair))


def test_a_kernel_of_three_at_size_two_takes_nine_products_of_a_pixel():
    assert jumps(3, 2) == [Jump(r=0, b=-1, a=0), Jump(r=1, b=1, a=0)]
    w = fast._other_sides(3, 2, np.float64) @ [1, 10, 100]
    np.testing.assert_array_equal(w, [111, 1, 100])


@given(cases(whole))
def test_each_is_the_transpose_of_the_others_exactly(case):
    x, w, y, size = case
    of_x_w, of_y_w, of_x_y = family(x, w, y, size)
    assert (of_x_w * y).sum() == (of_y_w * x).sum() == (of_x_y * w).sum()


@pytest.mark.parametrize("few_bytes", [False, True])
@given(case=cases(whole))
def test_neither_threads_nor_chunks_change_anything(few_bytes, case):
    expected = family(*case)
    with three_threads(), pytest.MonkeyPatch.context() as patch:
        if few_bytes:
            patch.setattr(images, "CHUNK_BYTES", 1)
        for a, b in zip(family(*case), expected, strict=True):
            np.testing.assert_array_equal(a, b)


@given(cases())
def test_float32_stays_float32(case):
    x, w, y = (a.astype(np.float32) for a in case[:3])
    assert {a.dtype for a in (*family(x, w, y, case[3]), resize_conv2d(x, w, case[3]))} == {np.dtype("f4")}


@pytest.mark.parametrize(
    ("x", "w", "size", "message"),
    [
        ((1, 2, 2, 3), (3, 3, 2, 1), 2, "x has shape (1, 2, 2, 3) and the kernel (3, 3, 2, 1): 3 channels, but"),
        ((2, 2, 3), (3, 3, 3, 1), 2, "x has shape (2, 2, 3) and the kernel (3, 3, 3, 1), expected (N, H, W, channels)"),
        ((1, 0, 2, 3), (3, 3, 3, 1), 2, "an image of (0, 4) pixels"),
        ((1, 2, 2, 3), (0, 3, 3, 1), 2, "no output pixel: a kernel of (0, 3) pixels"),
        ((1, 2, 2, 3), (3, 3, 3, 1), 0, "size is 0, expected an integer of at least 1"),
        ((1, 2, 2, 3), (3, 3, 3, 1), 1.5, "size is 1.5, expected an integer of at least 1"),
        ((1, 2, 2, 3), (3, 3, 3, 1), (2, 2), "size is (2, 2), expected an integer of at least 1"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_words(x, w, size, message):
    with pytest.raises((TypeError, ValueError), match="resize_conv2d: " + re.escape(message)):
        resize_conv2d(np.ones(x), np.ones(w), size)


# --- Derivatives ---------------------------------------------------------------------------------------


@fewest
@given(cases(side=3))
def test_both_derivatives_by_the_kernel_itself(case):
    x, w, _, size = case
    check_grad(lambda x, w: resize_conv2d(x, w, size), x, w)


@covers("resize_convolution")
@fewer
@given(cases(side=3))
def test_both_derivatives(case):
    x, w, _, size = case
    check_grad(lambda x, w: resize_convolution(x, w, size=size), x, w)


@covers("resize_convolution_input_gradient")
@fewer
@given(cases(side=3))
def test_both_derivatives_of_the_input_gradient(case):
    _, w, y, size = case
    check_grad(lambda y, w: resize_convolution_input_gradient(y, w, size=size), y, w)


@covers("resize_convolution_kernel_gradient")
@fewer
@given(cases(side=3))
def test_both_derivatives_of_the_kernel_gradient(case):
    x, w, y, size = case
    check_grad(lambda x, y: resize_convolution_kernel_gradient(x, y, kernel=w.shape[:2], size=size), x, y)


@pytest.mark.parametrize("wrong", [Jump(0, 0, -1), Jump(1, -1, 0), Jump(0, -1, 1)])
def test_the_checker_objects_if_one_of_the_three_has_a_wrong_jump(wrong, monkeypatch):
    x, w = normal(0, (1, 3, 3, 1)), normal(1, (3, 3, 1, 1))
    differences = fast._differences

    def with_a_fault(*args):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fast, "jumps", lambda taps, size: [wrong, jumps(taps, size)[1]])
            return differences(*args)

    check_grad(lambda x, w: resize_conv2d(x, w, 2), x, w)
    monkeypatch.setattr(fast, "_differences", with_a_fault)
    with pytest.raises(GradientError):
        check_grad(lambda x, w: resize_conv2d(x, w, 2), x, w)


# --- UpSampling2D and Conv2D in a network --------------------------------------------------------------


def made_by(result):
    """The names of all primitives that a result was computed with."""
    recipes = [t.recipe for t in ancestors(result) if t.recipe]
    return [keywords.get("of", op).name for op, _, keywords, _ in recipes]  # with a bias: of what


class Between(Layer):
    """Stands between two layers, so that they are not joined."""

    def __call__(self, x, training=False):
        return x


class Apart(Conv2D):
    """A convolution of another class, which is left alone."""


@fewer
@given(
    shape=st.tuples(st.integers(0, 2), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)),
    kernel=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    size=st.integers(1, 4),
    filters=st.integers(1, 4),
    use_bias=st.booleans(),
    layout=layouts,
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=seeds,
)
def test_joined_is_the_same_as_apart(shape, kernel, size, filters, use_bias, layout, dtype, seed):
    """Kernels larger and smaller than the image, empty batches, any layout, both precisions."""
    arguments = {"kernel_size": kernel, "padding": "same", "use_bias": use_bias}
    joined, apart = (kind(shape[3], filters, **arguments) for kind in (Conv2D, Apart))
    in_precision(apart, dtype).load_state(randomised(joined, dtype, seed).state())
    x = layout(normal(seed, shape)).astype(dtype)
    results = []
    for convolution in (joined, apart):
        t = Tensor(x)
        y = Sequential(UpSampling2D(size), convolution)(t)
        c = normal(seed + 1, y.shape).astype(dtype)
        results.append([y.data, *grad(y, [t, *convolution.parameters()], c)])
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    for ours, expected in zip(*results, strict=True):
        assert ours.dtype == expected.dtype == dtype
        scale = np.max(np.abs(expected), initial=1)
        np.testing.assert_allclose(ours, expected, rtol=tolerance, atol=10 * tolerance * scale)


@pytest.mark.parametrize(
    ("up", "convolution", "join"),
    [
        (UpSampling2D(2), Conv2D(1, 1, 3, padding="same"), True),
        (UpSampling2D(), Conv2D(1, 1, (5, 2), padding="same", use_bias=False), True),
        (UpSampling2D(3), Conv2D(1, 1, 1, padding="same"), True),
        (UpSampling2D((2, 2)), Conv2D(1, 1, 3, padding="same"), True),
        (UpSampling2D((2, 1)), Conv2D(1, 1, 3, padding="same"), False),
        (UpSampling2D(2, "bilinear"), Conv2D(1, 1, 3, padding="same"), False),
        (UpSampling2D(2), Conv2D(1, 1, 3), False),
        (UpSampling2D(2), Conv2D(1, 1, 3, padding=1), False),
        (UpSampling2D(2), Conv2D(1, 1, 3, padding=((1, 1), (1, 1))), False),
        (UpSampling2D(2), Conv2D(1, 1, 3, strides=2, padding="same"), False),
        (UpSampling2D(2), Conv2D(1, 1, 3, strides=(1, 2), padding="same"), False),
        (UpSampling2D(2), Conv2D(1, 1, 3, padding="same", dilation_rate=2), False),
        (UpSampling2D(2), Conv2D(1, 1, 3, padding="same", dilation_rate=(1, 2)), False),
        (UpSampling2D(2), Conv2DTranspose(1, 1, 3, padding="same"), False),
        (UpSampling2D(2), Apart(1, 1, 3, padding="same"), False),
        (Conv2D(1, 1, 3, padding="same"), UpSampling2D(2), False),
    ],
    ids=repr,
)
def test_a_pair_is_joined_where_that_is_right_and_nowhere_else(up, convolution, join):
    assert can_join(up, convolution) is join
    for layer in (up, convolution):
        in_float64(layer)
    x = normal(0, (2, 4, 3, 1))
    y = Sequential(up, convolution)(Tensor(x))
    np.testing.assert_allclose(y.data, mg.to_numpy(convolution(up(x))), rtol=1e-12, atol=1e-12)
    if join:  # no image of the larger size that is convolved
        assert "convolution" not in made_by(y) and "resize_convolution" in made_by(y)


def test_pairs_are_joined_in_the_middle_of_a_network_and_a_convolution_may_be_shared():
    shared = Conv2D(2, 2, 3, padding="same")
    network = in_float64(
        Sequential(Conv2D(1, 2, 1), UpSampling2D(2), shared, Tanh(), UpSampling2D(2), shared)
    )
    x = normal(0, (2, 2, 3, 1))
    y = network(Tensor(x))
    expected = x
    for layer in network.layers:
        expected = layer(expected)
    np.testing.assert_allclose(y.data, expected.data, rtol=1e-12)
    parameters = network.parameters()
    assert len(parameters) == 4
    c = normal(1, y.shape)
    for ours, theirs in zip(grad(y, parameters, c), grad(expected, parameters, c), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-12)


@given(seed=seeds, size=st.integers(1, 3), kernel=st.integers(1, 5), bias=st.booleans())
def test_upsampling_and_convolution_at_once_give_the_numbers_of_one_after_the_other(seed, size, kernel, bias):
    up, convolution = UpSampling2D(size), Conv2D(2, 3, kernel, padding="same", use_bias=bias)
    at_once = randomised(Sequential(up, convolution), np.float64, seed)
    apart = Sequential(up, Between(), convolution)
    x, c = Tensor(normal(seed, (2, 3, 4, 2))), normal(seed + 1, (2, 3 * size, 4 * size, 3))
    derivatives = []
    for network in (at_once, apart):
        y = network(x, training=True)
        xs = [x, *network.parameters()]
        first = grad(y, xs, c, create_graph=True)
        second = grad(sum((g * g).sum() for g in first[:2]), xs[:2])
        derivatives.append([y.data, *[g.data for g in first], *second])
    for ours, expected in zip(*derivatives, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-9)


def test_the_step_of_the_generator_computes_the_kernel_gradient_of_the_generator_alone(monkeypatch):
    called = []
    for op in (convolution_kernel_gradient, resize_convolution_kernel_gradient):
        forward = op.forward
        monkeypatch.setattr(
            op, "forward", lambda *a, op=op, forward=forward, **k: called.append(op.name) or forward(*a, **k)
        )
    generator = in_float64(Sequential(UpSampling2D(2), Conv2D(2, 1, (3, 2), padding="same"), Tanh()))
    discriminator = in_float64(Sequential(Conv2D(1, 2, 3, strides=2, padding="same"), Flatten(), Dense(8, 1)))
    loss = generator_loss(discriminator(generator(normal(0, (2, 2, 2, 2)))))
    grad(loss, generator.parameters())
    assert called == ["resize_convolution_kernel_gradient"]


def test_the_wrong_number_of_channels_is_refused_in_a_pair_too():
    with pytest.raises(ValueError, match=r"Conv2D\(2, 1.*got an input of shape \(1, 4, 4, 1\)"):
        Sequential(UpSampling2D(2), Conv2D(2, 1, 3, padding="same"))(np.zeros((1, 4, 4, 1), np.float32))
