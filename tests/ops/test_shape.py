"""Moving numbers around: the values of NumPy, and gradients that find their way back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from registry import covers

from minigan import Tensor, grad, ops
from minigan.gradcheck import check_grad
from minigan.gradcheck.strategies import arrays, indices, layouts_with_repeats, normal, seeds, shapes
from minigan.ops.shape import scatter

anything = arrays(layout=layouts_with_repeats)
with_axes = arrays(shapes(min_dims=1), layout=layouts_with_repeats)


@st.composite
def transposes(draw):
    x = draw(anything)
    axes = [a - x.ndim * draw(st.booleans()) for a in draw(st.permutations(range(x.ndim)))]
    return x, draw(st.sampled_from([None, tuple(axes)]))


@st.composite
def indexed(draw):
    x = draw(anything)
    return x, draw(indices(x.shape))


@st.composite
def pieces(draw):
    """Up to three arrays of one shape, but for their sizes along an axis."""
    shape = draw(shapes(min_dims=1))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    sizes = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    along = axis % len(shape)
    return [draw(arrays((*shape[:along], n, *shape[along + 1 :]))) for n in sizes], axis


@st.composite
def padded(draw):
    x = draw(anything)
    return x, [draw(st.tuples(st.integers(0, 2), st.integers(0, 2))) for _ in x.shape]


# --- Values and derivatives --------------------------------------------------------------------------


@covers("transpose")
@given(transposes())
def test_transpose(case):
    x, axes = case
    np.testing.assert_array_equal(ops.transpose(Tensor(x), axes).data, x.transpose(axes))
    check_grad(lambda x: ops.transpose(x, axes), x)


@covers("getitem")
@given(indexed())
def test_getitem_with_every_kind_of_index(case):
    x, index = case
    np.testing.assert_array_equal(Tensor(x)[index].data, x[index])
    check_grad(lambda x: x[index], x)


@covers("scatter")
@given(indexed(), seeds)
def test_scatter_adds_up_what_meets_in_one_place(case, seed):
    x, index = case
    pieces = normal(seed, x[index].shape)
    expected = np.zeros(x.shape)
    np.add.at(expected, index, pieces)
    np.testing.assert_allclose(scatter(Tensor(pieces), index, x.shape).data, expected, atol=1e-14)
    check_grad(lambda pieces: scatter(pieces, index, x.shape), pieces)


@covers("concatenate")
@given(pieces())
def test_concatenate(case):
    xs, axis = case
    y = ops.concatenate([Tensor(x) for x in xs], axis)
    np.testing.assert_array_equal(y.data, np.concatenate(xs, axis))
    check_grad(lambda *xs: ops.concatenate(xs, axis=axis), *xs)


@covers("pad")
@given(padded(), st.sampled_from([0.0, 1.5, -np.inf]))
def test_pad(case, constant):
    x, width = case
    expected = np.full([n + sum(w) for n, w in zip(x.shape, width, strict=True)], constant)
    expected[tuple(slice(b, b + n) for n, (b, _) in zip(x.shape, width, strict=True))] = x
    np.testing.assert_array_equal(ops.pad(Tensor(x), width, constant).data, expected)
    if np.isfinite(constant):
        check_grad(lambda x: ops.pad(x, width, constant=constant), x)


@given(with_axes, st.data())
def test_flip_and_repeat(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    n = data.draw(st.integers(0, 3))
    np.testing.assert_array_equal(ops.flip(Tensor(x), axis).data, np.flip(x, axis))
    np.testing.assert_array_equal(ops.repeat(Tensor(x), n, axis).data, np.repeat(x, n, axis))
    check_grad(lambda x: ops.flip(x, axis), x)
    check_grad(lambda x: ops.repeat(x, n, axis), x)


@given(arrays(shapes(max_dims=2)), st.integers(1, 3), st.data())
def test_stack(x, n, data):
    axis = data.draw(st.integers(-x.ndim - 1, x.ndim))
    xs = [x + i for i in range(n)]
    np.testing.assert_array_equal(ops.stack([Tensor(x) for x in xs], axis).data, np.stack(xs, axis))
    check_grad(lambda *xs: ops.stack(xs, axis), *xs)


# --- Each movement and its transpose:  <f(x), g> = <x, f'(g)> ----------------------------------------


def assert_transposes(f, x, seed):
    """The vjp of a linear f is its transpose, exactly but for the order of the sums."""
    x = Tensor(x)
    y = f(x)
    g = normal(seed, y.shape)
    back = grad(y, x, g)
    np.testing.assert_allclose(np.sum(y.data * g), np.sum(x.data * back), rtol=1e-12, atol=1e-12)


@given(transposes(), indexed(), padded(), pieces(), seeds)
def test_every_gradient_is_the_transposed_movement(transposed, indexed, padded, pieces, seed):
    x, axes = transposed
    assert_transposes(lambda x: ops.transpose(x, axes), x, seed)
    assert_transposes(lambda x: ops.reshape(x, (x.size, 1)), x, seed)
    x, index = indexed
    assert_transposes(lambda x: x[index], x, seed)
    assert_transposes(lambda piece: scatter(piece, index, x.shape), normal(seed, x[index].shape), seed)
    x, width = padded
    assert_transposes(lambda x: ops.pad(x, width), x, seed)
    xs, axis = pieces
    for i in range(len(xs)):
        others = [0 * x for x in xs]
        assert_transposes(lambda x: ops.concatenate([*others[:i], x, *others[i + 1 :]], axis), xs[i], seed)  # noqa: B023


# --- The cases that go wrong elsewhere ---------------------------------------------------------------


@pytest.mark.parametrize(
    "index",
    [
        [0, 0, 2],
        np.array([0, 0, 2]),
        (np.array([0, 0, 2]),),
        ([0, 0, 2],),
        ((0, 0, 2),),
        [0, -3, 2],
        np.array([[0, 0], [2, 2]]),
    ],
    ids=repr,
)
def test_a_row_taken_twice_receives_both_gradients(index):
    x = Tensor(np.ones(3))
    expected = np.zeros(3)
    np.add.at(expected, index, 1.0)
    np.testing.assert_array_equal(grad(x[index].sum(), x), expected)


def test_getitem_by_hand():
    # y = x[[0, 0, 1]],  L = y1 + 10 y2 + 100 y3  =>  dL/dx = (11, 100, 0)
    x = Tensor([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(grad((x[[0, 0, 1]] * np.array([1, 10, 100])).sum(), x), [11, 100, 0])


def test_one_variable_may_be_several_pieces():
    x = Tensor(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(grad((ops.concatenate([x, x, x]) * np.arange(6.0)).sum(), x), [6, 9])
    np.testing.assert_array_equal(grad((ops.stack([x, x]) ** 2).sum(), x), [4, 8])


def test_an_index_may_be_a_tensor_of_integers():
    x = Tensor(np.arange(3.0))
    np.testing.assert_array_equal(grad(x[Tensor([1, 1])].sum(), x), [0, 2, 0])


def test_a_mask_chooses_and_the_rest_gets_nothing():
    x = Tensor(np.array([[-1.0, 2.0], [3.0, -4.0]]))
    np.testing.assert_array_equal(grad(x[x > 0].sum(), x), [[0, 1], [1, 0]])


def test_a_tensor_unpacks_row_by_row():
    a, b = x = Tensor(np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(grad((a * b).sum(), x), [[3, 4], [1, 2]])
    assert list(Tensor(np.zeros((0, 2)))) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: ops.flip(x, 2), "axis 2 does not exist: there are 2 axes"),
        (lambda x: ops.repeat(x, 2, -3), "axis -3 does not exist"),
        (lambda x: ops.stack([x, x], 3), "axis 3 does not exist: there are 3 axes"),
        (lambda x: ops.pad(x, [(1, 1)]), r"pad\(\(2, 3\).*one pair \(before, after\) for each axis"),
        (lambda x: ops.transpose(x, (0, 0)), r"transpose\(\(2, 3\)"),
        (lambda x: ops.concatenate([x, x.T]), r"concatenate\(\(2, 3\), \(3, 2\), axis=0\)"),
        (lambda x: ops.concatenate([x, x], 2), "concatenate: axis 2 does not exist"),
    ],
)
def test_what_does_not_fit_is_an_error_with_names_and_shapes(call, message):
    with pytest.raises(ValueError, match=message):
        call(Tensor(np.zeros((2, 3))))


def test_an_index_out_of_bounds_stays_an_index_error():
    with pytest.raises(IndexError, match=r"getitem\(\(3,\).*index 3 is out of bounds"):
        Tensor(np.zeros(3))[3]


@pytest.mark.parametrize("shapes", [[(2, 3), (3, 2)], [(4,), (2, 2)], [(2,), (2, 1)], []])
def test_stack_refuses_arrays_of_several_shapes(shapes):
    """Also where the numbers would fit into each other's shape."""
    with pytest.raises(ValueError, match="stack: arrays .*, expected (all of one shape|at least one)"):
        ops.stack([np.ones(shape) for shape in shapes])


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (-1, 0), (1,), ()])
def test_flip_takes_the_axes_that_numpy_takes(axis):
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(ops.flip(Tensor(x), axis).data, np.flip(x, axis))
    check_grad(lambda x: ops.flip(x, axis), x)


@pytest.mark.parametrize("repeats", [-1, 1.5, "2", None])
def test_repeats_that_are_no_number_of_times_are_refused(repeats):
    with pytest.raises(
        (TypeError, ValueError), match="repeat: repeats is .*, expected an integer of at least 0"
    ):
        ops.repeat(np.ones(2), repeats, 0)
