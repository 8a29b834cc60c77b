"""+ - * / ** @ [] and comparisons, with everything that may stand on the other side."""

import operator

import numpy as np
import pytest

from minigan import Tensor, grad, no_grad, ops

ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]

OTHERS = [
    np.array([[1.0, 2.0, 3.0], [0.5, 2.0, 1.0]]),
    np.array([1.0, 2.0, 3.0])[::-1],
    np.array(2.0),
    np.float64(2.0),
    np.float32(2.0),
    np.int64(2),
    np.array([1, 2, 3]),
    np.array([True, True, True]),
    np.bool_(True),
    2,
    1.5,
    True,
]
others = pytest.mark.parametrize("other", OTHERS, ids=lambda other: f"{type(other).__name__}-{other!r}")


@others
@pytest.mark.parametrize("apply", ARITHMETIC)
def test_arithmetic_with_an_array_or_a_number_on_either_side(apply, other):
    numbers = np.array([0.5, 1.0, 2.0])
    x = Tensor(numbers)
    for y, expected in [(apply(x, other), apply(numbers, other)), (apply(other, x), apply(other, numbers))]:
        assert type(y) is Tensor
        np.testing.assert_allclose(y.data, expected)
        assert y.shape == expected.shape
        assert y.dtype == expected.dtype
    gradient = grad(apply(other, x).sum(), x)
    h = 1e-6
    numeric = np.sum(
        (apply(other, numbers + h) - apply(other, numbers - h)) / (2 * h) * np.ones((1, 3)), axis=0
    )
    np.testing.assert_allclose(gradient, numeric, atol=1e-7)


@others
@pytest.mark.parametrize("apply", COMPARISONS)
def test_comparisons_answer_plain_booleans_on_either_side(apply, other):
    numbers = np.array([0.5, 1.0, 2.0])
    x = Tensor(numbers)
    for got, expected in [(apply(x, other), apply(numbers, other)), (apply(other, x), apply(other, numbers))]:
        assert isinstance(got, np.ndarray)
        assert got.dtype == bool
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("apply", COMPARISONS)
def test_comparing_two_tensors(apply):
    a, b = np.array([1.0, 2.0]), np.array([2.0, 2.0])
    np.testing.assert_array_equal(apply(Tensor(a), Tensor(b)), apply(a, b))


def test_matrix_products_with_an_array_on_either_side():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    for y in (a @ Tensor(b), Tensor(a) @ b, Tensor(a) @ Tensor(b)):
        assert type(y) is Tensor
        np.testing.assert_array_equal(y.data, a @ b)
    x = Tensor(b)
    np.testing.assert_array_equal(grad((a @ x).sum(), x), a.sum(axis=0)[:, None] * np.ones((1, 4)))


def test_in_place_arithmetic_makes_a_new_tensor():
    y = x = Tensor(np.ones(3))
    y *= 2
    assert y is not x
    np.testing.assert_array_equal(x.data, np.ones(3))


def test_an_array_cannot_take_a_tensor_in_place_and_lose_its_gradient():
    array = np.ones(3)
    with pytest.raises(TypeError, match="Tensor"):
        array += Tensor(np.ones(3))


def test_an_element_cannot_be_assigned():
    x = Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=r"cannot be changed in place.*ops.where.*tensor.data\[index\] = "):
        x[0] = 3.0
    np.testing.assert_array_equal(x.data, [1, 2])


def test_negation_and_absolute_value():
    x = Tensor(np.array([-1.0, 2.0]))
    np.testing.assert_array_equal((-x).data, [1, -2])
    np.testing.assert_array_equal(abs(x).data, [1, 2])
    np.testing.assert_array_equal(grad((-x + 2 * abs(x)).sum(), x), [-3, 1])


def test_methods_do_what_the_functions_do():
    numbers = np.arange(6.0).reshape(2, 3)
    x = Tensor(numbers)
    for name in ("sum", "mean", "var", "max", "min"):
        for axis in (None, 0, -1, (0, 1)):
            for keepdims in (False, True):
                y = getattr(x, name)(axis=axis, keepdims=keepdims)
                np.testing.assert_array_equal(y.data, getattr(numbers, name)(axis=axis, keepdims=keepdims))
                np.testing.assert_array_equal(y.data, getattr(ops, name)(x, axis, keepdims).data)
    np.testing.assert_array_equal(x.T.data, numbers.T)
    assert x.transpose().shape == x.transpose(1, 0).shape == x.transpose((1, 0)).shape == (3, 2)
    assert (x.ndim, x.size, len(x), x.shape) == (2, 6, 2, (2, 3))


def test_numbers_and_truth():
    assert float(Tensor(1.5)) == Tensor([1.5]).item() == 1.5
    assert type(Tensor(2).item()) is type(int(Tensor(2.7))) is int and int(Tensor(2.7)) == 2
    assert round(Tensor(np.array(2.126)), 2) == 2.13 and round(Tensor(np.array(2.7))) == 3
    assert f"{Tensor(1.23456):.3f}" == "1.235" and f"{Tensor(7):d}" == "7"
    assert f"{Tensor([1.0, 2.0])}" == str(Tensor([1.0, 2.0])) == "Tensor([1., 2.], dtype=float32)"
    for many in (lambda x: x.item(), int, lambda x: round(x, 1), lambda x: f"{x:.2f}"):
        with pytest.raises((TypeError, ValueError)):
            many(Tensor([1.0, 2.0]))
    assert bool(Tensor(0.0)) is False
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Tensor([1.0, 2.0]))


def test_a_tensor_is_a_key_by_its_identity():
    x, twin = Tensor([1.0, 2.0]), Tensor([1.0, 2.0])
    assert len({x: "x", twin: "twin"}) == 2


@pytest.mark.parametrize("apply", ARITHMETIC)
def test_shapes_that_do_not_broadcast_are_named(apply):
    with pytest.raises(ValueError, match=r"^(add|subtract|multiply|divide|power)\(\(2,\), \(3,\)\): "):
        apply(Tensor([1.0, 2.0]), np.ones(3))


@pytest.mark.parametrize("apply", ARITHMETIC)
@pytest.mark.parametrize("other", [None, "text", {}], ids=repr)
def test_nonsense_on_the_other_side_is_a_type_error(apply, other):
    with pytest.raises(TypeError):
        apply(Tensor([1.0, 2.0]), other)


@pytest.mark.parametrize("apply", [operator.iadd, operator.isub, operator.imul, operator.itruediv])
def test_a_weight_does_not_become_an_array_in_place(apply):
    """Within no_grad, layer.kernel -= step would leave an array in the kernel's place, which is never trained."""
    w = Tensor([1.0, 2.0])
    with no_grad(), pytest.raises(TypeError, match="tensor.data -= "):
        apply(w, 0.5)
    assert type(apply(w, 0.5)) is Tensor
    total = w * 2
    with no_grad():
        assert type(apply(total, 0.5)) is np.ndarray  # a result is no weight


LISTS = [
    lambda x: ops.add(x, [1.0, 2.0]),
    lambda x: x - [1.0, 2.0],
    lambda x: [1.0, 2.0] / x,
    lambda x: x ** [2.0, 3.0],
    lambda x: x @ [3.0, 4.0],
    lambda x: [[3.0, 4.0]] @ x,
    lambda x: ops.maximum([1.5, 1.5], x),
    lambda x: ops.where([True, False], x, [3.0, 4.0]),
    lambda x: ops.concatenate([x, [3.0]]),
    lambda x: ops.stack([x, [3.0, 4.0]]),
    lambda x: ops.einsum("i,i->", x, [3.0, 4.0]),
]


@pytest.mark.parametrize("f", LISTS)
def test_a_list_stands_for_an_array_beside_a_tensor(f):
    x = Tensor([1.0, 2.0])
    y = f(x)
    assert type(y) is Tensor and y.dtype == np.float32
    assert grad(y.sum(), x).shape == (2,)


@pytest.mark.parametrize(
    "f",
    [
        ops.mean, ops.var, ops.sum, ops.max, ops.min, ops.norm, ops.logsumexp, ops.softmax, ops.log_softmax, ops.exp,
        ops.flip, lambda x: ops.repeat(x, 2, 0), lambda x: ops.pad(x, [(1, 1)]), lambda x: ops.getitem(x, 0),
        lambda x: ops.reshape(x, (2, 1)), lambda x: ops.broadcast_to(x, (3, 2)), lambda x: ops.einsum("i->", x),
        ops.transpose, lambda x: ops.max_pool2d([[[[3.0], [4.0]]]], (1, 2)), lambda x: ops.upsample2d([[[x]]]),
    ],
)  # fmt: skip
def test_a_list_alone_stands_for_an_array_of_float32(f):
    assert f([1.0, 2.0]).dtype == np.float32


def test_a_list_that_is_an_index_a_shape_or_a_width_stays_what_it_is():
    x = Tensor(np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(x[[1, 0]].data, x.data[[1, 0]])
    assert ops.reshape(x, [3, 2]).shape == (3, 2)
    assert ops.pad(x, [(1, 0), (0, 2)]).shape == (3, 5)
    assert x.recipe is None and ops.pad(x, [(1, 0), (0, 2)]).recipe[1][1] == [(1, 0), (0, 2)]
