"""The convolution family: equal to loops, to PyTorch and to hand-worked numbers, and each other's transposes.

In one, two and three spatial axes; `ops.conv2d`, `ops.conv3d` and their transposes are the ones in the plane and in
space.
"""

import loops
import numpy as np
import pytest
from convolution_cases import Case, cases, whole
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from registry import covers

from minigan import Tensor, grad, ops
from minigan.autograd import Primitive
from minigan.gradcheck import GradientError, check_grad
from minigan.gradcheck.strategies import normal, seeds
from minigan.ops.convolution import convolution, convolution_kernel_gradient, convolution_transpose
from minigan.ops.window import Window, window

fewer = settings(max_examples=settings.default.max_examples // 2)


in_every_dimension = pytest.mark.parametrize("axes", [1, 2, 3])


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


# --- Values ------------------------------------------------------------------------------------------


@in_every_dimension
@settings(max_examples=settings.default.max_examples // 2)
@given(data=st.data())
def test_all_three_are_the_loops(axes, data):
    case = data.draw(cases(axes=axes, side=5 if axes < 3 else 3))
    x, w, y = case.x, case.w, case.y
    of_x_w, of_y_w, of_x_y = case.all_three()
    close(of_x_w, loops.convolution(x, w, *case.how))
    close(of_y_w, loops.convolution_transpose(y, w, x.shape[1:-1], *case.how))
    close(of_x_y, loops.convolution_kernel_gradient(x, y, w.shape[:-2], *case.how))


# --- Derivatives -------------------------------------------------------------------------------------


@covers("convolution")
@fewer
@given(cases(side=4))
def test_both_derivatives_of_conv2d(case):
    check_grad(case.convolution, case.x, case.w)


@covers("convolution_transpose")
@fewer
@given(cases(side=4))
def test_both_derivatives_of_conv2d_transpose_to_any_image_that_fits(case):
    check_grad(case.transpose, case.y, case.w)


@covers("convolution_kernel_gradient")
@fewer
@given(cases(side=4))
def test_both_derivatives_of_the_kernel_gradient(case):
    check_grad(case.kernel_gradient, case.x, case.y)


@fewer
@given(cases(side=4))
def test_gradients_are_the_loops(case):
    x, w, y = case.x, case.w, case.y
    image, kernel = x.shape[1:3], w.shape[:2]
    a, b, c = Tensor(x), Tensor(w), Tensor(y)
    dx, dw = grad(case.convolution(a, b), [a, b], y)
    close(dx, loops.convolution_transpose(y, w, image, *case.how))
    close(dw, loops.convolution_kernel_gradient(x, y, kernel, *case.how))
    dy, dw = grad(case.transpose(c, b), [c, b], x)
    close(dy, loops.convolution(x, w, *case.how))
    close(dw, loops.convolution_kernel_gradient(x, y, kernel, *case.how))
    dx, dy = grad(case.kernel_gradient(a, c), [a, c], w)
    close(dx, loops.convolution_transpose(y, w, image, *case.how))
    close(dy, loops.convolution(x, w, *case.how))


@in_every_dimension
@given(data=st.data())
def test_the_three_are_each_others_transposes_to_the_last_bit(axes, data):
    """<conv(x, w), y> = <x, conv_transpose(y, w)> = <w, kernel_gradient(x, y)>, in whole numbers."""
    case = data.draw(cases(whole, axes=axes, side=5 if axes < 3 else 3))
    of_x_w, of_y_w, of_x_y = case.all_three()
    number = np.sum(of_x_w * case.y)
    assert number == np.sum(case.x * of_y_w)
    assert number == np.sum(case.w * of_x_y)


@pytest.mark.parametrize("axes", [1, 3])
@settings(max_examples=max(5, settings.default.max_examples // 4))
@given(data=st.data())
def test_both_derivatives_of_all_three_in_one_and_three_dimensions(axes, data):
    case = data.draw(cases(axes=axes, side=4 if axes == 1 else 2))
    check_grad(case.convolution, case.x, case.w)
    check_grad(case.transpose, case.y, case.w)
    check_grad(case.kernel_gradient, case.x, case.y)


def test_a_row_is_a_picture_of_one_row_and_a_film_of_one_picture():
    x, w = normal(0, (2, 5, 3)), normal(1, (2, 3, 4))
    row = convolution(x, w, at=window("test", (5,), (2,), 2, "same", 1))
    close(row, ops.conv2d(x[:, None], w[None], (1, 2), "same")[:, 0])
    film = convolution(
        x[:, None, None], w[None, None], at=window("test", (1, 1, 5), (1, 1, 2), (1, 1, 2), "same", 1)
    )
    close(row, film[:, 0, 0])


@fewer
@given(cases(), seeds)
def test_the_three_are_linear_in_each_argument(case, seed):
    x, w, y = case.x, case.w, case.y
    more = normal(seed, x.shape), normal(seed, w.shape), normal(seed, y.shape)
    for f, a, b, other in [
        (case.convolution, x, w, more[:2]),
        (case.transpose, y, w, (more[2], more[1])),
        (case.kernel_gradient, x, y, (more[0], more[2])),
    ]:
        close(f(a + 2 * other[0], b), f(a, b) + 2 * f(other[0], b))
        close(f(a, b + 2 * other[1]), f(a, b) + 2 * f(a, other[1]))


# --- Numbers worked by hand ----------------------------------------------------------------------------


def row(*numbers):
    """One image of one row, one channel."""
    return np.array(numbers, float).reshape(1, 1, -1, 1)


def taps(*numbers):
    """A kernel of one row, from one channel to one filter."""
    return np.array(numbers, float).reshape(1, -1, 1, 1)


def test_a_convolution_by_hand():
    x = np.arange(1.0, 10).reshape(1, 3, 3, 1)  # 1 2 3 / 4 5 6 / 7 8 9
    w = np.array([[1.0, 2], [3, 4]]).reshape(2, 2, 1, 1)
    np.testing.assert_array_equal(
        ops.conv2d(x, w)[0, ..., 0], [[37, 47], [67, 77]]
    )  # 1 + 2·2 + 3·4 + 4·5, ...
    image, kernel = Tensor(x), Tensor(w)
    dx, dw = grad(ops.conv2d(image, kernel).sum(), [image, kernel])
    np.testing.assert_array_equal(dx[0, ..., 0], [[1, 3, 2], [4, 10, 6], [3, 7, 4]])
    np.testing.assert_array_equal(dw[..., 0, 0], [[12, 16], [24, 28]])  # 1 + 2 + 4 + 5, ...


@pytest.mark.parametrize(
    ("x", "w", "strides", "padding", "dilation", "y"),
    [
        ([1, 2, 3, 4], [1, 10], 1, "valid", 1, [21, 32, 43]),  # not turned around: a cross-correlation
        ([1, 2, 3, 4], [1, 10], 1, "same", 1, [21, 32, 43, 4]),  # the odd pixel of padding is on the right
        ([1, 2, 3, 4], [1, 10, 100], 2, "same", 1, [321, 43]),
        ([1, 2, 3, 4, 5], [1, 10, 100], 2, "same", 1, [210, 432, 54]),
        ([1, 2, 3, 4], [1, 10, 100], 2, 1, 1, [210, 432]),
        ([1, 2, 3, 4, 5], [1, 10], 1, "valid", 2, [31, 42, 53]),
        ([1, 2, 3, 4, 5], [1], 2, "valid", 1, [1, 3, 5]),
        ([1, 2, 3, 4, 5], [1, 10], 3, "valid", 1, [21, 54]),
        ([1, 2, 3, 4, 5], [1, 10], 3, "same", 1, [21, 54]),
        ([1, 2], [1, 10, 100], 1, ((0, 0), (2, 1)), 1, [100, 210, 21]),
        ([5], [1, 10, 100], 1, "same", 1, [50]),  # a kernel larger than the image
        ([5], [1], 1, ((0, 0), (2, 0)), 1, [0, 0, 5]),  # padding larger than the kernel
        ([1, 2, 3, 4, 5, 6], [7], 11, ((0, 0), (5, 0)), 1, [0]),  # a stride so large that no pixel is seen
    ],
)
def test_rows_by_hand(x, w, strides, padding, dilation, y):
    padding = ((0, 0), (padding, padding)) if isinstance(padding, int) else padding
    result = ops.conv2d(row(*x), taps(*w), strides, padding, dilation)
    np.testing.assert_array_equal(result.ravel(), y)


@pytest.mark.parametrize(
    ("y", "w", "strides", "padding", "size", "dilation", "x"),
    [
        ([1, 2], [1, 10, 100], 2, "valid", None, 1, [1, 10, 102, 20, 200]),
        ([1, 2], [1, 10, 100], 2, "same", None, 1, [1, 10, 102, 20]),  # the odd pixel is cropped on the right
        ([1, 2], [1, 10, 100, 1000], 2, "same", None, 1, [10, 102, 1020, 200]),
        ([1, 2], [1, 10, 100], 2, 1, None, 1, [10, 102, 20]),
        ([1, 2], [1, 10, 100], 2, 1, 4, 1, [10, 102, 20, 200]),
        ([1, 2], [1, 10, 100], 2, "valid", 6, 1, [1, 10, 102, 20, 200, 0]),
        ([1, 2], [5], 3, "valid", None, 1, [5, 0, 0, 10, 0, 0]),  # pixels that no tap covers are zero
        ([1, 2], [5], 3, "same", None, 1, [5, 0, 0, 10, 0, 0]),
        ([1, 2], [5], 3, "valid", 4, 1, [5, 0, 0, 10]),
        ([1, 2], [5, 7], 3, "valid", None, 1, [5, 7, 0, 10, 14, 0]),
        ([1, 2], [1, 10], 1, "valid", None, 2, [1, 2, 10, 20]),
        ([1, 2], [1, 10], 3, "valid", None, 3, [1, 0, 0, 12, 0, 0, 20]),
        ([1, 2, 3], [1], 1, ((0, 0), (1, 1)), None, 1, [2]),  # a crop larger than the kernel
    ],
)
def test_transposed_rows_by_hand(y, w, strides, padding, size, dilation, x):
    padding = ((0, 0), (padding, padding)) if isinstance(padding, int) else padding
    size = size and (1, size)
    result = ops.conv2d_transpose(row(*y), taps(*w), (1, strides), padding, size, dilation)
    np.testing.assert_array_equal(result.ravel(), x)


def test_a_kernel_gradient_by_hand():
    # y = (1, 10) at stride 1:  w0 = 1·1 + 10·2,  w1 = 1·2 + 10·3;  at stride 2 with x of four: 1 + 30, 2 + 40
    at = window("test", (1, 3), (1, 2), 1, "valid", 1)
    np.testing.assert_array_equal(
        convolution_kernel_gradient(row(1, 2, 3), row(1, 10), at=at).ravel(), [21, 32]
    )
    at = window("test", (1, 4), (1, 2), 2, "valid", 1)
    np.testing.assert_array_equal(
        convolution_kernel_gradient(row(1, 2, 3, 4), row(1, 10), at=at).ravel(), [31, 42]
    )


def test_one_tap_is_a_matrix_product_at_every_pixel():
    x, w = normal(0, (2, 3, 4, 5)), normal(1, (1, 1, 5, 2))
    close(ops.conv2d(x, w), x @ w[0, 0])
    close(ops.conv2d_transpose(x @ w[0, 0], w), x @ w[0, 0] @ w[0, 0].T)


def test_a_kernel_as_large_as_the_image_is_a_dense_layer():
    x, w = normal(0, (2, 3, 4, 5)), normal(1, (3, 4, 5, 2))
    close(ops.conv2d(x, w).reshape(2, 2), x.reshape(2, -1) @ w.reshape(-1, 2))


# --- PyTorch -------------------------------------------------------------------------------------------


def channels_first(torch, x):
    return torch.tensor(np.array(x.transpose(0, 3, 1, 2), order="C"), requires_grad=True)


def channels_last(t):
    return t.detach().numpy().transpose(0, 2, 3, 1)


@fewer
@given(cases(batch=(1, 2)))
def test_convolution_and_its_gradients_are_those_of_pytorch(case):
    torch = pytest.importorskip("torch")
    x, w = Tensor(case.x), Tensor(case.w)
    y = case.convolution(x, w)
    dx, dw = grad(y, [x, w], case.y)

    tx = channels_first(torch, case.x)
    tw = torch.tensor(np.array(case.w.transpose(3, 2, 0, 1), order="C"), requires_grad=True)
    along = zip(case.x.shape[1:3], case.w.shape[:2], case.strides, case.dilation, strict=True)
    (top, bottom), (left, right) = (loops.sides(case.padding, axis, *each) for axis, each in enumerate(along))
    padded = torch.nn.functional.pad(tx, (left, right, top, bottom))
    ty = torch.nn.functional.conv2d(padded, tw, stride=case.strides, dilation=case.dilation)
    tdx, tdw = torch.autograd.grad(ty, [tx, tw], channels_first(torch, case.y))
    close(y.data, channels_last(ty))
    close(dx, channels_last(tdx))
    close(dw, tdw.numpy().transpose(2, 3, 1, 0))


@st.composite
def transposed_cases(draw):
    """What PyTorch takes: a padding in numbers that leaves a pixel, and an output_padding below the stride."""
    kernel, strides, dilation = (draw(st.tuples(st.integers(1, m), st.integers(1, m))) for m in (4, 3, 2))
    result = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    pads = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    extra = tuple(draw(st.integers(0, s - 1)) for s in strides)
    along = zip(result, kernel, strides, dilation, pads, extra, strict=True)
    image = tuple(s * (o - 1) + d * (k - 1) + 1 - 2 * p + e for o, k, s, d, p, e in along)
    assume(min(image) > 0)
    n, c, f = (draw(st.integers(1, 3)) for _ in range(3))
    padding = tuple((p, p) for p in pads)
    x, w, y = (normal(draw(seeds), s) for s in [(n, *image, c), (*kernel, c, f), (n, *result, f)])
    return Case(x, w, y, strides, padding, dilation), pads, extra


@fewer
@given(transposed_cases())
def test_transposed_convolution_and_its_gradients_are_those_of_pytorch(drawn):
    torch = pytest.importorskip("torch")
    case, pads, extra = drawn
    y, w = Tensor(case.y), Tensor(case.w)
    x = case.transpose(y, w)
    if extra == (0, 0):
        default = ops.conv2d_transpose(case.y, case.w, case.strides, case.padding, None, case.dilation)
        np.testing.assert_array_equal(default, x.data)
    dy, dw = grad(x, [y, w], case.x)

    ty = channels_first(torch, case.y)
    tw = torch.tensor(np.array(case.w.transpose(3, 2, 0, 1), order="C"), requires_grad=True)
    tx = torch.nn.functional.conv_transpose2d(
        ty, tw, stride=case.strides, padding=pads, output_padding=extra, dilation=case.dilation
    )
    tdy, tdw = torch.autograd.grad(tx, [ty, tw], channels_first(torch, case.x))
    close(x.data, channels_last(tx))
    close(dy, channels_last(tdy))
    close(dw, tdw.numpy().transpose(2, 3, 1, 0))


# --- Precision, memory ---------------------------------------------------------------------------------


@fewer
@given(cases(), st.booleans())
def test_every_gradient_has_the_precision_of_its_variable(case, double_kernel):
    image, kernel = (np.float32, np.float64) if double_kernel else (np.float64, np.float32)
    x, w, y = Tensor(case.x.astype(image)), Tensor(case.w.astype(kernel)), Tensor(case.y.astype(image))
    for f, a in [(case.convolution, x), (case.transpose, y)]:
        result = f(a, w)
        assert result.dtype == np.float64
        da, dw = grad(result, [a, w], np.ones(result.shape), create_graph=True)
        assert (da.dtype, dw.dtype) == (image, kernel)
        second = grad((da * da).sum() + (dw * dw).sum(), [a, w])
        assert [g.dtype for g in second] == [image, kernel]


@given(cases())
def test_float32_stays_float32_and_agrees_with_float64(case):
    def results(dtype):
        x, w, y = (Tensor(a.astype(dtype)) for a in (case.x, case.w, case.y))
        for f, a, b in [(case.convolution, x, w), (case.transpose, y, w), (case.kernel_gradient, x, y)]:
            result = f(a, b)
            yield from (result.data, *grad((result * result).sum(), [a, b]))

    for low, high in zip(results(np.float32), results(np.float64), strict=True):
        assert low.dtype == np.float32
        np.testing.assert_allclose(low, high, rtol=1e-3, atol=1e-4 * np.max(np.abs(high), initial=1))


@given(cases())
def test_inputs_are_read_and_never_written_and_the_result_is_new_memory(case):
    before = [a.copy() for a in (case.x, case.w, case.y)]
    for a in (case.x, case.w, case.y):
        a.flags.writeable = False
    results = [
        case.convolution(case.x, case.w),
        case.transpose(case.y, case.w),
        case.kernel_gradient(case.x, case.y),
    ]
    for a, original in zip((case.x, case.w, case.y), before, strict=True):
        np.testing.assert_array_equal(a, original)
        assert not any(np.shares_memory(a, result) for result in results)


# --- Odd cases -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize(("channels", "filters"), [(2, 3), (3, 2)])
def test_an_empty_batch_gives_an_empty_result_and_a_gradient_of_zeros(strides, channels, filters):
    x, w = Tensor(np.zeros((0, 5, 4, channels))), Tensor(normal(0, (3, 3, channels, filters)))
    y = ops.conv2d(x, w, strides, "same")
    assert y.shape == ops.conv2d(np.zeros((1, 5, 4, channels)), w, strides, "same").data[:0].shape
    dx, dw = grad(y.sum(), [x, w], create_graph=True)
    assert dx.shape == x.shape
    np.testing.assert_array_equal(dw.data, np.zeros(w.shape))
    np.testing.assert_array_equal(grad((dw * dw).sum(), w, allow_unconnected=True), np.zeros(w.shape))

    y = Tensor(np.zeros((0, 5, 4, filters)))
    x = ops.conv2d_transpose(y, w, strides, "same")
    assert x.shape == (0, 5 * strides, 4 * strides, channels)
    dy, dw = grad(x.sum(), [y, w])
    assert dy.shape == y.shape
    np.testing.assert_array_equal(dw, np.zeros(w.shape))


def test_pixels_that_no_tap_covers_get_the_gradient_zero():
    x, w = Tensor(np.ones((1, 5, 5, 1))), Tensor(np.full((1, 1, 1, 1), 7.0))
    dx = grad(ops.conv2d(x, w, strides=3).sum(), x)
    assert dx.sum() == 4 * 7
    assert np.count_nonzero(dx) == 4


X, W, Y = np.zeros((2, 5, 4, 3)), np.zeros((3, 3, 3, 2)), np.zeros((2, 3, 2, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.conv2d(X[..., :2], W), r"conv2d: x has .*\(3, 3, 3, 2\): 2 channels, but the kernel expects 3"),
        (lambda: ops.conv2d(X[0], W), r"conv2d: x has shape \(5, 4, 3\) .* expected \(N, H, W, channels\)"),
        (lambda: ops.conv2d(X, W[0]), r"conv2d: .* the kernel \(3, 3, 2\), expected .* \(KH, KW, C, F\)"),
        (lambda: ops.conv2d(X, np.zeros((5, 5, 3, 2))), r"conv2d: no output pixel: a kernel of \(5, 5\) pixels"),
        (lambda: ops.conv2d(X, W, dilation_rate=2), r"conv2d: no output .* \(spread over \(5, 5\)\)"),
        (lambda: ops.conv2d(X, W[:0]), r"conv2d: no output pixel: a kernel of \(0, 3\)"),
        (lambda: ops.conv2d(X[:, :, :0], W, padding=2), r"conv2d: an image of \(5, 0\) .* has no pixel"),
        (lambda: ops.conv2d(X[..., :0], W[:, :, :0]), r"conv2d: a kernel .* \(3, 3, 0, 2\) has no channels"),
        (lambda: ops.conv2d(X, W[..., :0]), r"conv2d: a kernel of shape \(3, 3, 3, 0\) has no channels"),
        (lambda: ops.conv2d(X, W, padding="SAME"), "conv2d: padding is 'SAME', expected 'valid', 'same'"),
        (lambda: ops.conv2d(X, W, padding=-1), "conv2d: padding is -1, .* none of them negative"),
        (lambda: ops.conv2d(X, W, strides=0), "conv2d: strides is 0, expected a positive integer"),
        (lambda: ops.conv2d(X, W, dilation_rate=(1, 0)), r"conv2d: dilation_rate is \(1, 0\)"),
        (lambda: ops.conv2d_transpose(X, W), "conv2d_transpose: y has .* 3 channels, but the kernel expects 2"),
        (lambda: ops.conv2d_transpose(Y[0], W), r"conv2d_transpose: y has shape \(3, 2, 2\)"),
        (lambda: ops.conv2d_transpose(Y, W, padding="full"), "conv2d_transpose: padding is 'full'"),
        (lambda: ops.conv2d_transpose(Y, W, strides=1.5), "conv2d_transpose: strides is 1.5"),
        (lambda: ops.conv2d_transpose(Y, W, padding=2), r"conv2d_transpose: an image of \(1, 0\) pixels"),
        (lambda: ops.conv2d_transpose(Y[:, :0], W), r"conv2d_transpose: no output pixel"),
        (
            lambda: ops.conv2d_transpose(Y, W, output_size=(6, 4)),
            r"conv2d_transpose: an image of output_size \(6, 4\) has a convolution of \(4, 2\) pixels, but y has \(3, 2\)",
        ),
        (lambda: ops.conv2d_transpose(Y, W, output_size=(5, 4.0)), r"conv2d_transpose: output_size is \(5, 4"),
        (lambda: ops.conv2d_transpose(Y, W, output_size=(5,)), r"conv2d_transpose: output_size is \(5,\)"),
        (lambda: ops.conv2d_transpose(Y, W, output_size=(5, 4, 3)), "conv2d_transpose: output_size is"),
        (lambda: ops.conv2d_transpose(Y, W, output_size=(0, 4)), "conv2d_transpose: output_size is"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_error_that_names_the_operation(call, message):
    with pytest.raises(ValueError, match=message) as refusal:
        call()
    assert refusal.value.__cause__ is None  # seen before it was computed


@given(cases(batch=(1, 1)), st.tuples(st.integers(-2, 4), st.integers(-2, 4)))
def test_every_output_size_that_fits_is_taken_and_no_other(case, more):
    """The sizes whose convolution has the shape of y: with a stride of S, S of them (or all under "same")."""
    size = tuple(n + m for n, m in zip(case.x.shape[1:3], more, strict=True))
    assume(min(size) > 0)
    result, _ = loops.hits(size, case.w.shape[:2], *case.how)
    args = (case.y, case.w, case.strides, case.padding, size, case.dilation)
    if result == case.y.shape[1:3]:
        x = ops.conv2d_transpose(*args)
        close(x, loops.convolution_transpose(case.y, case.w, size, *case.how))
    else:
        with pytest.raises(ValueError, match="conv2d_transpose: "):
            ops.conv2d_transpose(*args)


# --- Wrong backwards of convolution, which check_grad must refuse ---------------------------------------

AT = Window((5, 4), (3, 2), (3, 2), (2, 2), (1, 0), (1, 1))  # padding ((1, 1), (0, 0))
SQUARE = Window((4, 4), (3, 3), (4, 4), (1, 1), (1, 1), (1, 1))


def planted(at, d_image=None, d_kernel=None):
    """A convolution with one of its vjps replaced by a wrong one, as loops over bare arrays."""

    def convolution_with_a_fault(x, w):
        return convolution.plain(x, w, at)

    op = Primitive(convolution_with_a_fault)
    op.defvjp(
        (lambda g, y, x, w: d_image(g, x, w)) if d_image else lambda g, y, x, w: convolution_transpose(g, w, at=at),
        (lambda g, y, x, w: d_kernel(g, x, w)) if d_kernel else lambda g, y, x, w: convolution_kernel_gradient(x, g, at=at),
    )  # fmt: skip
    return op


def col2im(g, x, w, at, add=True, turn=False, exchange=False, shift=(0, 0), strides=None, crop=True):
    """The gradient of the image, tap by tap, with a switch for every slip of the pen."""
    (sh, sw), (top, left) = strides or at.strides, at.padding
    larger = np.zeros((len(x), 20, 20, x.shape[3]))
    oh, ow = at.result
    for k, m in np.ndindex(at.kernel):
        tap = w[at.kernel[0] - 1 - k, at.kernel[1] - 1 - m] if turn else w[k, m]
        piece = g @ (tap if exchange else tap.T)
        place = (slice(None), slice(k, k + sh * oh, sh), slice(m, m + sw * ow, sw))
        if add:
            larger[place] += piece
        else:
            larger[place] = piece
    i, j = (top + shift[0], left + shift[1]) if crop else (0, 0)
    return larger[:, i : i + at.image[0], j : j + at.image[1]]


def im2col(g, x, w, at, shift=(0, 0), strides=None, exchange=False, batch=None):
    """The gradient of the kernel, tap by tap."""
    (sh, sw), (top, left), (oh, ow) = strides or at.strides, at.padding, at.result
    larger = np.zeros((len(x), 20, 20, x.shape[3]))
    larger[:, top : top + at.image[0], left : left + at.image[1]] = x
    dw = np.zeros_like(w)
    for k, m in np.ndindex(at.kernel):
        i, j = k + shift[0], m + shift[1]
        seen = larger[:batch, i : i + sh * oh : sh, j : j + sw * ow : sw]
        one = np.einsum("nopc,nopf->cf", seen, g[:batch])
        dw[k, m] = one.T if exchange else one
    return dw


# name -> (where the taps fall, {which gradient: how it goes wrong}); two channels, two filters
FAULTS = {
    "= for += in col2im": (AT, col2im, {"add": False}),
    "a missing flip": (AT, col2im, {"turn": True}),
    "a missing flip at stride 1": (SQUARE, col2im, {"turn": True}),
    "channels and filters exchanged": (AT, col2im, {"exchange": True}),
    "a forgotten crop": (AT, col2im, {"crop": False}),
    "padding off by one, above": (AT, col2im, {"shift": (-1, 0)}),
    "padding off by one, below": (SQUARE, col2im, {"shift": (1, 0)}),
    "padding off by one, on the left": (SQUARE, col2im, {"shift": (0, -1)}),
    "stride ignored": (AT, col2im, {"strides": (1, 1)}),
    "the stride of rows used for columns": (AT._replace(strides=(2, 1)), col2im, {"strides": (2, 2)}),
    "kernel: stride ignored": (AT, im2col, {"strides": (1, 1)}),
    "kernel: channels and filters exchanged": (AT, im2col, {"exchange": True}),
    "kernel: padding off by one": (AT, im2col, {"shift": (1, 0)}),
    "kernel: taps off by one": (SQUARE, im2col, {"shift": (0, 1)}),
    "kernel: only the first image counts": (AT, im2col, {"batch": 1}),
}


def checked(at, backward, slips):
    def vjp(g, x, w):
        return backward(g, x, w, at, **slips)

    op = planted(at, **{"d_image" if backward is col2im else "d_kernel": vjp})
    return check_grad(op, normal(0, (2, *at.image, 2)), normal(1, (*at.kernel, 2, 2)), order=1)


@pytest.mark.parametrize("name", FAULTS)
def test_a_wrong_backward_is_refused(name):
    at, backward, slips = FAULTS[name]
    with pytest.raises(GradientError, match="the analytic gradient is wrong") as refusal:
        checked(at, backward, slips)
    assert refusal.value.argument == (0 if backward is col2im else 1)
    assert not refusal.value.kink


@pytest.mark.parametrize("at", [AT, SQUARE, AT._replace(strides=(2, 1))])
@pytest.mark.parametrize("backward", [col2im, im2col])
def test_without_the_slip_it_is_right(at, backward):
    assert checked(at, backward, {}) < 1e-6


def test_a_convolution_whose_gradient_forgets_the_graph_is_refused_at_second_order():
    op = planted(AT, lambda g, x, w: convolution_transpose(g, w.data if isinstance(w, Tensor) else w, at=AT))
    x, w = normal(0, (1, 5, 4, 2)), normal(1, (3, 2, 2, 2))
    check_grad(op, x, w, order=1)
    with pytest.raises(GradientError, match="order 2: the derivative of the gradient") as refusal:
        check_grad(op, x, w)
    assert refusal.value.order == 2
