"""Weights go to Keras and PyTorch and come back: the outputs of the networks agree, and what does not fit is refused."""

import warnings

import numpy as np
import pytest

import minigan as mg
from minigan.interchange import from_keras, from_torch, to_keras, to_torch
from minigan.layers import (
    BatchNormalization,
    Capsules,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Dense,
    Embedding,
    Flatten,
    Layer,
    LayerNormalization,
    LeakyReLU,
    ReLU,
    Reshape,
    Sequential,
    SpectralNormalization,
    Tanh,
)
from minigan.models import DCGAN, MLPGAN

CLOSE = {"rtol": 1e-6, "atol": 1e-6}


def trained(network, shape):
    """A network in double precision whose weights and running statistics are all different from their start."""
    rng = np.random.default_rng(0)
    network.astype(np.float64)
    state = network.state()
    moved = {name: array + 0.3 * rng.random(array.shape) for name, array in state.items()}
    network.load_state(moved)
    return network, rng.standard_normal(shape)


def mlp():
    return Sequential(
        Dense(5, 7, use_bias=False), BatchNormalization(7), ReLU(), Dense(7, 6), LayerNormalization(6), Tanh()
    )  # fmt: skip


def convolutional():
    return Sequential(
        Conv2D(3, 4, 3), LeakyReLU(0.2), Conv2D(4, 6, 4, strides=2, padding="same"), BatchNormalization(6),
        Conv2DTranspose(6, 5, 4, strides=2, padding="same"), ReLU(), Conv2DTranspose(5, 2, 3, use_bias=False),
    )  # fmt: skip


class Nested(Layer):
    """A layer with parts in an attribute, a list and a dictionary."""

    def __init__(self):
        self.first, self.rest = Dense(3, 4), [Dense(4, 4), Dense(4, 2)]
        self.heads = {"left": Dense(2, 1)}

    def __call__(self, x, training=False):
        x = self.first(x)
        for layer in self.rest:
            x = layer(x)
        return self.heads["left"](x)


NETWORKS = {
    "mlp": mlp, "convolutional": convolutional, "nested": Nested, "embedding": lambda: Sequential(Embedding(4, 3)),
    "a generator": lambda: MLPGAN(g_hidden=(6,), latent_size=4, image_shape=(4, 4, 1)).G,
    "a discriminator of images": lambda: DCGAN(width=2, image_size=8).D,
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("there", "back"), [(to_keras, from_keras), (to_torch, from_torch)])
def test_there_and_back_are_the_same_bits(name, there, back):
    mg.seed(1)
    source, target = NETWORKS[name](), NETWORKS[name]()
    source.load_state({n: a + 0.25 for n, a in source.state().items()})
    back(target, there(source))
    for key, array in source.state().items():
        np.testing.assert_array_equal(target.state()[key], array)


def test_what_is_returned_is_a_copy():
    network = Dense(2, 3)
    before = network.state()
    for array in [*to_keras(network), *to_torch(network).values()]:
        array[...] = 7
    for name, array in network.state().items():
        np.testing.assert_array_equal(array, before[name])


def test_names_and_shapes_in_pytorch_by_hand():
    shapes = {name: array.shape for name, array in to_torch(convolutional()).items()}
    assert shapes == {
        "0.weight": (4, 3, 3, 3), "0.bias": (4,), "2.weight": (6, 4, 4, 4), "2.bias": (6,),
        "3.weight": (6,), "3.bias": (6,), "3.running_mean": (6,), "3.running_var": (6,), "3.num_batches_tracked": (),
        "4.weight": (6, 5, 4, 4), "4.bias": (5,), "6.weight": (5, 2, 3, 3),
    }  # fmt: skip
    assert list(to_torch(Nested()))[::2] == [
        "first.weight",
        "rest.0.weight",
        "rest.1.weight",
        "heads.left.weight",
    ]


def test_names_of_sequentials_in_one_another():
    inner = Sequential(Dense(2, 3), Dense(3, 2, use_bias=False))
    assert list(to_torch(Sequential(ReLU(), inner, Dense(2, 1)))) == [
        "1.0.weight", "1.0.bias", "1.1.weight", "2.weight", "2.bias",
    ]  # fmt: skip


@pytest.mark.parametrize("convert", [to_keras, to_torch])
@pytest.mark.parametrize(
    "layer", [Capsules(4, 2, 3, 2), SpectralNormalization(Dense(2, 2))], ids=["capsules", "spectral"]
)
def test_a_layer_without_a_counterpart_is_refused(convert, layer):
    with pytest.raises(TypeError, match=f"{type(layer).__name__} has no counterpart"):
        convert(Sequential(layer))


def test_what_does_not_fit_is_refused_and_changes_nothing():
    network = mlp()
    before, arrays, state = network.state(), to_keras(network), to_torch(network)
    wrong = [
        (from_keras, arrays[:-1], r"from_keras: 8 weights, expected 9: layers.0.kernel"),
        (from_keras, [arrays[0].T, *arrays[1:]], r"kernel has shape \(7, 5\), expected \(5, 7\)"),
        (from_torch, {**state, "9.weight": np.ones(1)}, r"unexpected \['9.weight'\]"),
        (from_torch, {n: a for n, a in state.items() if n != "3.bias"}, r"missing \['3.bias'\]"),
        (
            from_torch,
            {**state, "0.weight": state["0.weight"].T},
            r"kernel has shape \(7, 5\), expected \(5, 7\)",
        ),
        (from_torch, {**state, "0.weight": np.ones(3)}, r"kernel has shape \(3,\)"),
        (from_torch, {**state, "1.running_var": -state["1.running_var"]}, "negative"),
        (from_torch, {**state, 3: np.ones(1)}, r"unexpected \['3'\]"),
        (
            from_torch,
            {**state, "3.bias": np.full_like(state["3.bias"], np.nan)},
            "from_torch: 3.bias has numbers that are not finite",
        ),
        (
            from_keras,
            [np.full((5, 7), -np.inf), *arrays[1:]],
            "from_keras: layers.0.kernel has numbers that are not",
        ),
        (
            from_keras,
            [np.full((5, 7), 1e39), *arrays[1:]],
            "from_keras: layers.0.kernel has numbers that are not",
        ),
        (from_keras, None, "from_keras: weights is None, expected a Sequence"),
        (from_keras, (a for a in arrays), "from_keras: weights is .*, expected a Sequence"),
        (from_torch, list(state), "from_torch: state is .*, expected a Mapping"),
    ]
    for load, given, words in wrong:
        with pytest.raises((TypeError, ValueError), match=words):
            load(network, given)
    with pytest.raises(TypeError, match="to_torch: network is"):
        to_torch(network.state())
    for name, array in network.state().items():
        np.testing.assert_array_equal(array, before[name])


def test_parameters_of_pytorch_are_arrays_and_what_numpy_cannot_read_is_named():
    torch = pytest.importorskip("torch")
    network = Sequential(Dense(2, 3))
    other = torch.nn.Sequential(torch.nn.Linear(2, 3))
    from_torch(network, dict(other.named_parameters()))
    np.testing.assert_array_equal(network.state()["layers.0.kernel"], other[0].weight.detach().numpy().T)
    for unread in (torch.bfloat16, torch.device("meta")):
        state = {name: tensor.to(unread) for name, tensor in other.state_dict().items()}
        with pytest.raises(TypeError, match="from_torch: 0.weight must be an array or a tensor on the CPU"):
            from_torch(network, state)
    with pytest.raises(TypeError, match="from_torch: state is .*, expected a Mapping"):
        from_torch(network, other)


# --- The other libraries compute the same numbers ----------------------------------------------------


def bare(network, x, training=False):
    with mg.no_grad():
        return network(x, training)


def tensors(torch, state):
    return {name: torch.from_numpy(array) for name, array in state.items()}


def test_pytorch_computes_the_same_of_vectors():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    network, x = trained(mlp(), (8, 5))
    other = nn.Sequential(
        nn.Linear(5, 7, bias=False), nn.BatchNorm1d(7, eps=1e-3, momentum=0.01), nn.ReLU(), nn.Linear(7, 6),
        nn.LayerNorm(6, eps=1e-3), nn.Tanh(),
    ).double()  # fmt: skip
    other.load_state_dict(tensors(torch, to_torch(network)))
    with torch.no_grad():
        np.testing.assert_allclose(bare(network, x), other.eval()(torch.from_numpy(x)).numpy(), **CLOSE)
        np.testing.assert_allclose(
            bare(network, x, training=True), other.train()(torch.from_numpy(x)).numpy(), **CLOSE
        )
        np.testing.assert_allclose(network.layers[1].moving_mean, other[1].running_mean.numpy(), **CLOSE)


def test_pytorch_computes_the_same_of_images():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    network, x = trained(convolutional(), (2, 9, 9, 3))
    other = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.LeakyReLU(0.2), nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(4, 6, 4, stride=2),
    )  # fmt: skip
    # 7 pixels, "same": 4 of the result, (4 - 1) · 2 + 4 - 7 = 3 of padding, of which the smaller half is at the top
    other = nn.Sequential(
        other[0], other[1], nn.Sequential(other[2], other[3]), nn.BatchNorm2d(6, eps=1e-3),
        nn.ConvTranspose2d(6, 5, 4, stride=2, padding=1), nn.ReLU(), nn.ConvTranspose2d(5, 2, 3, bias=False),
    ).double()  # fmt: skip
    state = tensors(torch, to_torch(network))
    state = {name.replace("2.", "2.1.") if name.startswith("2.") else name: t for name, t in state.items()}
    other.load_state_dict(state)
    with torch.no_grad():
        y = other.eval()(torch.from_numpy(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()
    assert bare(network, x).shape == y.shape
    np.testing.assert_allclose(bare(network, x), y, **CLOSE)


def test_pytorch_computes_the_same_of_volumes():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    network, x = trained(
        Sequential(Conv3D(2, 3, (2, 3, 3)), Tanh(), Conv3DTranspose(3, 2, 2, strides=2)), (2, 4, 5, 6, 2)
    )
    other = nn.Sequential(
        nn.Conv3d(2, 3, (2, 3, 3)), nn.Tanh(), nn.ConvTranspose3d(3, 2, 2, stride=2)
    ).double()
    other.load_state_dict(tensors(torch, to_torch(network)))
    with torch.no_grad():
        y = other(torch.from_numpy(x).permute(0, 4, 1, 2, 3)).permute(0, 2, 3, 4, 1).numpy()
    np.testing.assert_allclose(bare(network, x), y, **CLOSE)


def test_weights_of_pytorch_are_taken_over():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    torch.manual_seed(0)
    other = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    network = Sequential(Dense(4, 8), ReLU(), Dense(8, 3))
    from_torch(network, other.state_dict())
    x = np.random.default_rng(0).standard_normal((6, 4), dtype=np.float32)
    with torch.no_grad():
        np.testing.assert_allclose(bare(network, x), other(torch.from_numpy(x)).numpy(), **CLOSE)


def test_keras_computes_the_same(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keras = pytest.importorskip("keras")
        layers = keras.layers
        network, x = trained(
            Sequential(
                Conv2D(3, 4, 3, strides=2, padding="same"), BatchNormalization(4), LeakyReLU(0.2),
                Conv2DTranspose(4, 5, 3, strides=2, padding="same"), LayerNormalization(5), Flatten(), Dense(320, 6),
                Reshape((1, 2, 3)), Conv2DTranspose(3, 2, 4, strides=2),
            ),
            (2, 7, 7, 3),
        )  # fmt: skip
        keras.config.set_dtype_policy("float64")
        other = keras.Sequential([
            keras.Input((7, 7, 3)), layers.Conv2D(4, 3, strides=2, padding="same"), layers.BatchNormalization(),
            layers.LeakyReLU(negative_slope=0.2), layers.Conv2DTranspose(5, 3, strides=2, padding="same"),
            layers.LayerNormalization(), layers.Flatten(), layers.Dense(6), layers.Reshape((1, 2, 3)),
            layers.Conv2DTranspose(2, 4, strides=2),
        ])  # fmt: skip
        other.set_weights(to_keras(network))
        y = np.asarray(other(x).detach().cpu())
        np.testing.assert_allclose(bare(network, x), y, **CLOSE)
        again = Sequential(*network.layers)
        before = again.state()
        from_keras(again, other.get_weights())
        for name, array in again.state().items():
            np.testing.assert_array_equal(array, before[name])
