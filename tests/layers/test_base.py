"""Layer: what counts as a weight, in which order, under which name; saving and loading."""

import copy

import numpy as np
import pytest
from layer_tools import randomised

import minigan as mg
from minigan.autograd import Tensor, grad
from minigan.layers import BatchNormalization, Dense, Layer, ReLU, Sequential


def network():
    return Sequential(Dense(3, 4), BatchNormalization(4), ReLU(), Sequential(Dense(4, 2, use_bias=False)))


class Block(Layer):
    """Two lists of parts, a list of weights, a part, a weight and an array."""

    def __init__(self):
        self.scale = Tensor([2.0])
        self.left = [Dense(1, 2), Dense(2, 1)]
        self.right = (Dense(1, 3),)
        self.shifts = [Tensor([0.0]), Tensor([1.0])]
        self.last = Dense(3, 1)
        self.count = np.zeros(1, np.float32)
        self.note = "not a weight"


def test_names_follow_the_attributes_in_the_order_in_which_they_were_set():
    assert list(Block().state()) == [
        "scale",
        "left.0.kernel",
        "left.0.bias",
        "left.1.kernel",
        "left.1.bias",
        "right.0.kernel",
        "right.0.bias",
        "shifts.0",
        "shifts.1",
        "last.kernel",
        "last.bias",
        "count",
    ]
    assert list(network().state()) == [
        "layers.0.kernel",
        "layers.0.bias",
        "layers.1.gamma",
        "layers.1.beta",
        "layers.1.moving_mean",
        "layers.1.moving_variance",
        "layers.3.layers.0.kernel",
    ]


def test_parameters_are_the_trained_part_of_the_state_in_the_same_order():
    model = randomised(network())
    trained = [a for name, a in model.state().items() if "moving" not in name]
    assert all(np.array_equal(p.data, a) for p, a in zip(model.parameters(), trained, strict=True))
    assert all(p is q for p, q in zip(model.parameters(), model.parameters(), strict=True))


def test_arrays_are_those_behind_the_state_and_not_copies():
    model = randomised(network())
    for array in model.arrays():
        array += 1
    assert all(np.array_equal(a, s) for a, s in zip(model.arrays(), model.state().values(), strict=True))


def test_state_is_a_copy_in_both_directions():
    model = network()
    state = model.state()
    for array in state.values():
        array += 1
    assert not np.array_equal(model.state()["layers.0.bias"], state["layers.0.bias"])
    model.load_state(state)
    for array in state.values():
        array += 1
    assert not np.array_equal(model.state()["layers.0.bias"], state["layers.0.bias"])


def test_loading_keeps_the_tensors_that_optimizers_hold():
    model = network()
    before = model.parameters()
    randomised(model)
    assert all(p is q for p, q in zip(before, model.parameters(), strict=True))


def test_what_is_loaded_is_used():
    x = np.ones((2, 3), np.float32)
    model, twin = randomised(network(), seed=1), randomised(network(), seed=2)
    assert not np.array_equal(model(x).data, twin(x).data)
    twin.load_state(model.state())
    assert np.array_equal(model(x).data, twin(x).data)
    assert np.array_equal(model(x, training=True).data, twin(x, training=True).data)


@pytest.mark.parametrize("fault", ["missing", "unexpected", "wrong shape"])
def test_a_state_that_does_not_fit_is_refused_before_anything_changes(fault):
    model, other = randomised(network(), seed=1), randomised(network(), seed=2)
    before, state = model.state(), other.state()
    last = list(state)[-1]
    if fault == "missing":
        del state[last]
    elif fault == "unexpected":
        state["layers.9.kernel"] = np.zeros(1)
    else:
        state[last] = state[last][:1]
    named = {"missing": r"missing \['layers.3", "unexpected": r"unexpected \['layers.9"}
    with pytest.raises(ValueError, match=named.get(fault, r"layers.3.*\(1, 2\), expected \(4, 2\)")):
        model.load_state(state)
    assert all(np.array_equal(before[name], a) for name, a in model.state().items())


def test_a_shared_part_counts_once_and_learns_from_both_places():
    shared = Dense(2, 2)
    model = Sequential(shared, ReLU(), shared)
    assert list(model.state()) == ["layers.0.kernel", "layers.0.bias"]
    assert [p is q for p, q in zip(model.parameters(), shared.parameters(), strict=True)] == [True, True]

    x = np.abs(np.random.default_rng(0).normal(size=(3, 2)))
    kernel = shared.kernel.data = np.array([[1.0, 0.5], [0.25, 2.0]])
    (g, _) = grad(model(x).sum(), model.parameters())
    once = x.sum(0)[:, None] * kernel.sum(1)  # d/dA of Σ x A B
    twice = (x @ kernel).sum(0)[:, None] * np.ones(2)  # d/dB of the same
    np.testing.assert_allclose(g, once + twice, rtol=1e-12)


def test_a_deep_copy_is_a_network_of_its_own():
    model = randomised(network())
    twin = copy.deepcopy(model)
    x = np.ones((2, 3), np.float32)
    assert np.array_equal(model(x).data, twin(x).data)
    for p in twin.parameters():
        p.data += 1
    assert not np.array_equal(model(x).data, twin(x).data)
    grad(twin(x).sum(), twin.parameters(), allow_unconnected=True)


def test_summary_is_a_table_of_names_shapes_and_numbers():
    model = Sequential(Dense(784, 256), BatchNormalization(256))
    *_, kernel, bias, gamma, beta, mean, variance, total = model.summary().splitlines()
    assert kernel.split() == ["layers.0.kernel", "(784,", "256)", "200,704"]
    assert bias.split() == ["layers.0.bias", "(256,)", "256"]
    assert gamma.split()[0] == "layers.1.gamma" and beta.split()[0] == "layers.1.beta"
    assert mean.endswith("256  (not trained)") and variance.endswith("256  (not trained)")
    assert total == "201,472 trained parameters"
    assert "Dense(784, 256)" in model.summary()


def test_summary_of_a_layer_without_weights():
    assert ReLU().summary() == "ReLU()\n0 trained parameters"


def test_the_abstract_layer_says_so():
    with pytest.raises(TypeError, match="Block is an abstract layer"):
        Block()(np.ones(3))


@pytest.mark.parametrize("wrong", [np.tanh, "Dense", Dense, [Dense(1, 1)]])
def test_sequential_refuses_what_is_not_a_layer_and_says_where(wrong):
    with pytest.raises(TypeError, match="Sequential: argument 1 is .*expected a Layer"):
        Sequential(ReLU(), wrong)


def test_sequential_hands_training_on_to_its_parts():
    class Spy(Layer):
        def __call__(self, x, training=False):
            seen.append(training)
            return x

    seen = []
    model = Sequential(Spy(), Sequential(Spy()))
    model(0)
    model(0, training=True)
    assert seen == [False, False, True, True]


def test_an_empty_sequential_is_the_identity():
    assert Sequential()(3) == 3


def test_same_seed_same_weights_other_seed_other_weights():
    def weights(seed):
        mg.seed(seed)
        return network().state()["layers.0.kernel"]

    assert np.array_equal(weights(1), weights(1))
    assert not np.array_equal(weights(1), weights(2))
