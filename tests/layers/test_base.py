"""Layer: what counts as a weight, in which order, under which name; saving and loading."""

import copy

import numpy as np
import pytest
from layer_tools import randomised

import minigan as mg
from minigan import layers
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


# --- What is a weight, what a buffer, and what is neither -----------------------------------------------


class Own(Layer):
    """A user's layer with every kind of attribute."""

    def __init__(self):
        self.heads = {"a": Dense(2, 1), "b": {"c": Tensor([1.0])}}
        self.blocks = [[Dense(2, 2)], (Dense(2, 2), [Tensor([2.0])])]
        self.rate, self.size, self.momentum = np.float64(0.5), np.int64(3), np.float32(0.9)
        self.count = np.zeros(2, np.float32)
        self._seen = np.ones(5)
        self._last = Tensor(np.ones(3))

    def __call__(self, x, training=False):
        self.features = self.blocks[0][0](x)  # computed: no weight
        self._shown = self.features.data  # kept for looking at: no buffer
        return self.heads["a"](self.features)


NAMES = ["heads.a.kernel", "heads.a.bias", "heads.b.c", "blocks.0.0.kernel", "blocks.0.0.bias"]
NAMES += ["blocks.1.0.kernel", "blocks.1.0.bias", "blocks.1.1.0", "count"]


def test_weights_are_found_in_dictionaries_and_in_lists_of_lists():
    assert list(Own().state()) == NAMES
    assert len(Own().parameters()) == 8 and len(Own().buffers()) == 1


def test_what_was_computed_and_what_is_kept_with_an_underscore_are_no_part_of_the_state():
    layer = Own()
    layer(np.ones((1, 2), np.float32))
    assert list(layer.state()) == NAMES and len(layer.parameters()) == 8
    assert isinstance(layer.features, Tensor) and layer._shown.shape == (1, 2)


def test_a_number_of_numpy_is_a_setting_and_no_buffer():
    assert sorted(Dense(np.prod((28, 28)), np.int64(4)).state()) == ["bias", "kernel"]
    Dense(784, 4).load_state(Dense(np.prod((28, 28)), 4).state())
    assert repr(Dense(np.int64(3), np.int32(2))) == "Dense(3, 2)"


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
@pytest.mark.parametrize("own", [np.float32, np.float64])
def test_loading_keeps_the_precision_of_the_network(own, dtype):
    model = randomised(network(), own)
    state = {name: a.astype(dtype) for name, a in randomised(network(), np.float64, seed=1).state().items()}
    model.load_state(state)
    for name, a in model.state().items():
        assert a.dtype == own
        np.testing.assert_array_equal(a, state[name].astype(own))


@pytest.mark.parametrize("dtype", [np.int64, np.complex128, bool])
def test_loading_another_kind_of_number_is_refused_by_name(dtype):
    model = randomised(network())
    before = model.state()
    with pytest.raises(
        ValueError, match=f"Sequential.load_state: layers.0.bias has dtype {np.dtype(dtype)}, exp"
    ):
        model.load_state(before | {"layers.0.bias": np.ones(4, dtype)})
    assert all(np.array_equal(before[name], a) for name, a in model.state().items())


def test_astype_converts_weights_and_buffers_in_place():
    model = network()
    weights = model.parameters()
    model.astype(np.float64)
    assert {a.dtype for a in model.arrays()} == {np.dtype(np.float64)}
    assert all(p is q for p, q in zip(weights, model.parameters(), strict=True))
    assert model(np.ones((2, 3)), training=True).dtype == np.float64


def test_repr_is_the_call_that_makes_the_layer():
    made = [
        "Dense(2, 3)", "Dense(2, 3, use_bias=False)", "BatchNormalization(3, momentum=0.9)", "ReLU()",
        "Conv2D(1, 2, (3, 2), padding='same')", "UpSampling2D()", "UpSampling2D(size=(3, 3))", "Embedding(3, 2)",
        "MaxPooling2D(strides=(1, 1))", "Dropout(0.5)", "LeakyReLU(negative_slope=0.1)", "Reshape((2, 3))",
        "Capsules(4, 2, 3, 2, routings=1)", "SpectralNormalization(Dense(2, 3))",
    ]  # fmt: skip
    for text in made:
        layer = eval(text, vars(layers))
        assert repr(layer) == text or repr(eval(repr(layer), vars(layers))) == repr(layer)
        assert repr(layer).startswith(text.split("(")[0])
