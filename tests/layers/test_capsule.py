"""Capsules: squash, what routing keeps and what it does not care about, and which of its gradients is one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_tools import check_layer, in_float64

import minigan as mg
from minigan import ops
from minigan.autograd import Tensor, grad
from minigan.gradcheck import GradientError, check_grad
from minigan.gradcheck.strategies import normal, seeds
from minigan.layers import Capsules, PrimaryCapsules, squash


def capsules(seed=0, routings=3, routing_gradient="full", i=4, d=2, j=3, e=2):
    """A layer in float64 with weights large enough for its routing to decide something."""
    layer = in_float64(Capsules(i, d, j, e, routings, routing_gradient))
    layer.load_state({"kernel": normal(seed, (j, d, i, e))})
    return layer


# --- squash ------------------------------------------------------------------------------------------


def test_squash_worked_by_hand():
    # ‖s‖ = 5, so v = 25/26 · s/5;  ‖s‖ = 1 gives ½;  ‖s‖ = ½ gives ¼ / (5/4) = 1/5
    s = np.array([[3.0, 4.0], [0.0, -1.0], [0.5, 0.0]])
    v = np.array([[15 / 26, 20 / 26], [0, -1 / 2], [1 / 5, 0]])
    np.testing.assert_allclose(squash(s), v, rtol=1e-6)
    np.testing.assert_allclose(squash(s.T, axis=0), v.T, rtol=1e-6)


@given(seed=seeds, scale=st.sampled_from([1e-4, 1.0, 30.0]), axis=st.sampled_from([0, 1, -1]))
def test_squash_shortens_every_vector_to_less_than_one_and_keeps_its_direction(seed, scale, axis):
    s = scale * normal(seed, (3, 2, 4))
    v = squash(s, axis)
    before, after = np.linalg.norm(s, axis=axis), np.linalg.norm(v, axis=axis)
    assert (after < np.minimum(1, before)).all()
    np.testing.assert_allclose((s * v).sum(axis), before * after, rtol=1e-12)


@given(seed=seeds, axis=st.sampled_from([0, 1, -1]))
def test_the_gradient_of_squash_is_right_to_second_order(seed, axis):
    check_grad(lambda s: squash(s, axis), normal(seed, (2, 3, 2)) + 0.1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gradient_of_squash_at_the_zero_vector_is_finite_to_second_order(dtype):
    s = Tensor(np.zeros((2, 3), dtype))
    g = grad((squash(s) * np.ones(3, dtype)).sum(), s, create_graph=True)
    assert np.isfinite(g.data).all()
    assert np.isfinite(grad((g * g).sum(), s)).all()


def test_the_formula_as_it_is_printed_has_no_gradient_at_the_zero_vector():
    """Why squash is written in another way."""

    def printed(s):
        length = ops.sqrt(ops.sum(s * s, axis=-1, keepdims=True))
        return length**2 / (1 + length**2) * s / length

    s = Tensor(np.zeros(3))
    with np.errstate(invalid="ignore", divide="ignore"):
        assert np.isnan(grad(printed(s).sum(), s)).all()


# --- Routing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("routings", [1, 2, 3])
@settings(max_examples=max(1, settings.default.max_examples // 25))  # test_every_layer.py draws more
@given(seed=seeds)
def test_the_full_gradient_is_what_finite_differences_say_to_second_order(routings, seed):
    check_layer(capsules(seed, routings), normal(seed + 1, (2, 4, 2)), training=True)


@pytest.mark.parametrize("routing_gradient", ["last", "none"])
@pytest.mark.parametrize("routings", [2, 3])
def test_the_other_gradients_are_not_and_the_checker_says_so(routing_gradient, routings):
    layer = capsules(0, routings, routing_gradient)
    with pytest.raises(GradientError):
        check_layer(layer, normal(1, (2, 4, 2)), training=True)


@pytest.mark.parametrize("routings", [1, 2, 3, 4])
def test_the_three_gradients_belong_to_the_same_values_and_differ_where_there_is_something_to_route(routings):
    x, found = Tensor(normal(1, (2, 4, 2))), {}
    for kind in ("full", "last", "none"):
        y = capsules(0, routings, kind)(x)
        found[kind] = y.data, grad((y * normal(2, y.shape)).sum(), x)
    values, gradients = zip(*found.values(), strict=True)
    assert np.array_equal(values[0], values[1]) and np.array_equal(values[0], values[2])
    different = [not np.allclose(gradients[a], gradients[b]) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert different == [routings > 1] * 3


def test_a_stopped_prediction_in_all_but_the_last_iteration_is_the_gradient_called_none():
    """The form in which it is usually written: two names for the predictions, one of them a constant."""
    layer, x = capsules(0, 3, "none"), Tensor(normal(1, (2, 4, 2)))
    predictions = ops.einsum("jdie,nid->nije", layer.kernel, x)
    stopped, b = predictions.data, np.zeros((2, 4, 3))
    for iteration in range(3):
        c = ops.softmax(b, axis=-1)
        last = iteration == 2
        v = squash(ops.sum(c[..., None] * (predictions if last else stopped), axis=1))
        if not last:
            b = b + ops.sum(stopped * v[:, None], axis=-1)
    c = normal(2, v.shape)
    y = layer(x)
    np.testing.assert_allclose(y.data, v.data, rtol=1e-12)
    expected = grad((v * c).sum(), [x, layer.kernel])
    for g, right in zip(grad((y * c).sum(), [x, layer.kernel]), expected, strict=True):
        np.testing.assert_allclose(g, right, rtol=1e-10, atol=1e-14)


def test_one_routing_is_uniform_averaging():
    layer, x = capsules(0, 1), normal(1, (5, 4, 2))
    predictions = np.einsum("jdie,nid->nije", layer.kernel.data, x)
    np.testing.assert_allclose(layer(x).data, squash(predictions.sum(1) / 3), rtol=1e-12)


@pytest.mark.parametrize("routings", [0, -1])
def test_no_routing_is_an_error(routings):
    with pytest.raises(ValueError, match=f"routings is {routings}"):
        Capsules(4, 2, 3, 2, routings=routings)


def test_an_unknown_gradient_is_an_error():
    with pytest.raises(ValueError, match="routing_gradient is 'all', expected one of 'full', 'last', 'none'"):
        Capsules(4, 2, 3, 2, routing_gradient="all")


@pytest.mark.parametrize("sizes", [(0, 2, 3, 2), (4, 0, 3, 2), (4, 2, 0, 2), (4, 2, 3, 0)])
def test_no_capsules_or_dimensions_are_an_error(sizes):
    with pytest.raises(ValueError, match="is 0, expected an integer of at least 1"):
        Capsules(*sizes)


@given(seed=seeds)
def test_every_capsule_is_shorter_than_one(seed):
    v = capsules(seed)(10 * normal(seed, (3, 4, 2)))
    assert (np.linalg.norm(v.data, axis=-1) < 1).all()


@given(seed=seeds)
def test_what_is_returned_does_not_depend_on_the_rest_of_the_batch(seed):
    layer, x = capsules(seed), normal(seed + 1, (3, 4, 2))
    others = x.copy()
    others[1:] = 100 * normal(seed + 2, (2, 4, 2))
    np.testing.assert_allclose(layer(x).data[0], layer(others).data[0], rtol=1e-13)


@given(seed=seeds, order=st.permutations(range(4)))
def test_the_order_of_the_input_capsules_does_not_matter(seed, order):
    layer, x = capsules(seed), normal(seed + 1, (3, 4, 2))
    twin = capsules(seed)
    twin.kernel = Tensor(layer.kernel.data[:, :, order])
    np.testing.assert_allclose(twin(x[:, order]).data, layer(x).data, rtol=1e-10)
    if order != [0, 1, 2, 3]:  # the weights must go with them
        assert not np.allclose(layer(x[:, order]).data, layer(x).data)


def test_the_gradient_at_input_capsules_of_length_zero_is_finite():
    layer, x = capsules(), Tensor(np.zeros((2, 4, 2)))
    y = layer(x)
    for g in grad(ops.norm(y, axis=-1).sum(), [x, layer.kernel]):
        assert np.isfinite(g).all()


@pytest.mark.parametrize("shape", [(3, 5, 2), (3, 4, 3), (3, 4)])
def test_capsules_that_do_not_fit_are_refused(shape):
    with pytest.raises(ValueError, match=r"Capsules\(4, 2, 3, 2.*\(N, 4, 2\)"):
        capsules()(np.ones(shape))


# --- Primary capsules --------------------------------------------------------------------------------


def test_primary_capsules_are_pixels_times_types_of_vectors_along_the_last_axis():
    layer = PrimaryCapsules(3, 4, 5, kernel_size=3, strides=2)
    u = layer(normal(0, (2, 9, 7, 3)))
    assert u.shape == (2, 4 * 3 * 4, 5)
    channels = mg.to_numpy(layer.convolution(normal(0, (2, 9, 7, 3))))
    np.testing.assert_allclose(u.data[1, 4 * (3 * 2 + 1) + 3], squash(channels[1, 2, 1, 15:]), rtol=1e-6)


@pytest.mark.parametrize("capsules, dimensions", [(0, 8), (8, 0)])
def test_primary_capsules_without_capsules_or_dimensions_are_an_error(capsules, dimensions):
    with pytest.raises(ValueError, match="PrimaryCapsules"):
        PrimaryCapsules(1, capsules, dimensions, 3)
