"""A generator as an ONNX file: ONNX Runtime computes what minigan computes, and what cannot be exported is refused."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import minigan as mg
from minigan import layers as L
from minigan.interchange import save_onnx
from minigan.models import AEGAN, DCGAN, MLPGAN, VAE, WGANGP, CapsGAN, ConditionalGAN
from minigan.models.categorical import CategoricalCode, SoftCategoricalCode
from minigan.runs.shipped import SHIPPED, load_shipped

NO_ONNX = "onnx and onnxruntime are not installed: pip install 'minigan[onnx]' onnxruntime"


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    """A function that exports a network, and returns what ONNX Runtime makes of it: a function of arrays."""
    pytest.importorskip("onnx", reason=NO_ONNX)
    onnxruntime = pytest.importorskip("onnxruntime", reason=NO_ONNX)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1

    def exported(network, input_shape):
        file = tmp_path_factory.mktemp("onnx") / "network.onnx"
        save_onnx(file, network, input_shape)
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        return lambda x: session.run(["output"], {"input": x})[0]

    return exported


def difference(runtime, network, input_shape, n=5):
    """The largest difference between both outputs, for two sizes of a batch.

    Biases, scales and running statistics are moved away from their start, as by training.
    """
    rng = np.random.default_rng(0)
    moved = {key: a + 0.3 * rng.random(a.shape) * (a.ndim == 1) for key, a in network.state().items()}
    network.load_state({key: array.astype(np.float32) for key, array in moved.items()})
    run, found = runtime(network, input_shape), []
    for size in (1, n):
        x = rng.standard_normal((size, *input_shape)).astype(np.float32)
        y, expected = run(x), mg.to_numpy(mg.ops.value(network(x)))
        assert y.shape == expected.shape and y.dtype == np.float32
        found.append(np.abs(y - expected).max())
    return max(found)


# --- The generators of the package ---------------------------------------------------------------------

MODELS = {
    "MLPGAN": lambda: MLPGAN(),
    "DCGAN, transpose": lambda: DCGAN(),
    "DCGAN, nearest": lambda: DCGAN(upsampling="nearest"),
    "DCGAN, kernel 5": lambda: DCGAN(kernel_size=5, width=8),
    "DCGAN, kernel 3, three channels": lambda: DCGAN(kernel_size=3, width=8, image_size=16, channels=3),
    "WGANGP": lambda: WGANGP(),
    "CapsGAN": lambda: CapsGAN(),
    "AEGAN": lambda: AEGAN(),
}


@pytest.mark.parametrize("name", MODELS)
def test_onnx_runtime_draws_what_the_model_draws(name, runtime):
    mg.seed(0)
    model = MODELS[name]()
    assert difference(runtime, model.G, (model.latent_size,)) <= 1e-5
    assert model.G(np.eye(model.latent_size, dtype=np.float32)).data.std() > 0.01  # not saturated


def test_what_the_guide_exports_draws_what_the_models_sample(runtime):
    """The networks of the table in docs/guide/onnx.md: of a GAN, a conditional GAN, an AEGAN and a VAE."""
    mg.seed(0)
    z, labels = np.random.default_rng(0).standard_normal((6, 32)).astype(np.float32), np.arange(6)
    gan, conditional, aegan, vae = DCGAN(), ConditionalGAN(), AEGAN(), VAE(latent_size=32)
    latents = conditional.joined(z, conditional.codes(labels, 6))
    from_noise = L.Sequential(CategoricalCode(aegan.categories), aegan.average_generator)
    for network, x, expected in (
        (gan.average, z, gan.sample(6, z)),
        (conditional.average, latents, conditional.sample(6, z, labels)),
        (aegan.average_generator, z[:, : aegan.latent_size], aegan.decode(z[:, : aegan.latent_size])),
        (from_noise, z[:, : aegan.latent_size], aegan.sample(6, z[:, : aegan.latent_size])),
        (L.Sequential(vae.decoder, L.Sigmoid()), z, (vae.sample(6, z) + 1) / 2),
    ):
        np.testing.assert_allclose(runtime(network, x.shape[1:])(x), expected, rtol=0, atol=1e-5)


def test_the_lines_of_the_guide_run(runtime, tmp_path, monkeypatch):
    page = Path(mg.__file__).parents[1] / "docs" / "guide" / "onnx.md"
    if not page.exists():
        pytest.skip("the pages are not installed beside the package")
    (code,) = re.findall(r"^```text\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    found = {}
    exec(code, found)  # noqa: S102 - our own page
    assert found["images"].shape == (100, 16, 16, 3)
    np.testing.assert_allclose(found["images"], found["model"].sample(100, found["z"]), rtol=0, atol=1e-5)
    assert (tmp_path / "faces.png").stat().st_size > 1000


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_generator_draws_the_same(name, runtime):
    model = load_shipped(name)
    size = model.average.layers[0].in_features
    z = np.random.default_rng(1).standard_normal((20, size)).astype(np.float32)
    drawn = runtime(model.average, (size,))(z)
    np.testing.assert_allclose(drawn, model.average(z).data, rtol=0, atol=1e-5)
    assert np.abs(drawn).max() > 0.9  # pictures, not grey


def test_the_statistics_of_training_are_in_the_file(runtime):
    """The normalization at inference, after running averages have moved, and not that of a batch."""
    mg.seed(0)
    model = MLPGAN(g_hidden=(8,), d_hidden=(8,), image_shape=(4, 4, 1), latent_size=3)
    for _ in range(3):
        model.train_step(np.random.default_rng(2).uniform(-1, 1, (6, 4, 4, 1)).astype(np.float32))
    z = np.random.default_rng(3).standard_normal((7, 3)).astype(np.float32)
    drawn = runtime(model.average, (3,))(z)
    np.testing.assert_allclose(drawn, model.sample(7, z), rtol=0, atol=1e-5)
    assert np.abs(drawn - model.average(z, training=True).data).max() > 1e-3


# --- Each layer ------------------------------------------------------------------------------------------

LAYERS = {
    "activations": (lambda: [L.ReLU(), L.LeakyReLU(0.3), L.ELU(0.7), L.Sigmoid(), L.Tanh(), L.Softmax()], (4,)),
    "a slope of a leaky ReLU": (lambda: [L.LeakyReLU(0.3)], (4,)),
    "an exponential linear unit": (lambda: [L.ELU(0.7)], (4,)),
    "nothing at inference": (lambda: [L.Dropout(0.5), L.GaussianNoise(1), L.GaussianDropout(0.5)], (3, 2)),
    "normalizations": (lambda: [L.Dense(3, 5), L.LayerNormalization(5, 0.1), L.BatchNormalization(5)], (3,)),
    "dense on every pixel": (lambda: [L.Dense(3, 2)], (4, 5, 3)),
    "reshape, flatten, reshape": (lambda: [L.Reshape((2, -1, 3)), L.Flatten(), L.Reshape((4, 3))], (12,)),
    "upsampling": (lambda: [L.UpSampling2D((2, 3))], (3, 2, 4)),
    "bilinear upsampling": (lambda: [L.UpSampling2D((2, 3), "bilinear")], (3, 2, 4)),
    "a hard code": (lambda: [CategoricalCode(3)], (5,)),
    "a soft code": (lambda: [SoftCategoricalCode(3)], (5,)),
    "nothing but a code": (lambda: [CategoricalCode(4)], (4,)),
    "sequentials in sequentials": (lambda: [L.Sequential(L.Dense(2, 3), L.Sequential(L.ReLU())), L.Tanh()], (2,)),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_each_layer_computes_the_same(name, runtime):
    mg.seed(0)
    make, input_shape = LAYERS[name]
    assert difference(runtime, L.Sequential(*make()), input_shape) <= 1e-5


def test_a_layer_alone_and_in_double_precision(runtime):
    network = L.Dense(3, 2)
    network.astype(np.float64)
    x = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    np.testing.assert_allclose(runtime(network, (3,))(x), network(x).data, rtol=0, atol=1e-5)


@given(
    kind=st.sampled_from([L.Conv2D, L.Conv2DTranspose]),
    image=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    padding=st.sampled_from(["same", "valid", 1, ((0, 1), (2, 0))]),
    use_bias=st.booleans(),
)
def test_convolutions_of_every_geometry_compute_the_same(
    kind, image, kernel, strides, dilation, padding, use_bias, runtime
):
    layer = kind(2, 3, kernel, strides, padding, dilation, use_bias)
    try:
        layer(np.zeros((1, *image, 2), np.float32))
    except ValueError:
        assume(False)  # no pixel of the result
    assert difference(runtime, layer, (*image, 2), n=2) <= 1e-5


# --- The file, and what is refused ------------------------------------------------------------------------


def test_the_file_says_what_goes_in_and_what_comes_out(tmp_path):
    onnx = pytest.importorskip("onnx", reason=NO_ONNX)
    model = MLPGAN(g_hidden=(6,), latent_size=4, image_shape=(4, 4, 1))
    save_onnx(tmp_path / "g.onnx", model.average, (4,))
    graph = onnx.load(tmp_path / "g.onnx").graph
    ends = {
        end.name: [d.dim_param or d.dim_value for d in end.type.tensor_type.shape.dim]
        for end in [*graph.input, *graph.output]
    }
    assert ends == {"input": ["N", 4], "output": ["N", 4, 4, 1]}
    assert [path.name for path in tmp_path.iterdir()] == ["g.onnx"]


class Twice(L.Dense):
    """A layer of a user, which computes something else than its base."""

    def __call__(self, x, training=False):
        return 2 * super().__call__(x)


@pytest.mark.parametrize(
    ("network", "input_shape", "error", "words"),
    [
        (L.Sequential(L.Dense(2, 4), L.MinibatchStdDev()), (2,), TypeError, "MinibatchStdDev cannot be exported, only "),
        (Twice(2, 2), (2,), TypeError, "Twice cannot be exported, only Sequential, Dense"),
        (L.Dense(2, 4), (3,), ValueError, r"Dense\(2, 4\) got an input of shape \(1, 3\)"),
        (SimpleNamespace(), (3,), TypeError, "save_onnx: network is namespace"),
        (L.Dense(2, 4), 2, TypeError, "save_onnx: input_shape is 2, expected"),
        (L.Dense(2, 4), (0,), ValueError, "save_onnx: input_shape is"),
    ],
    ids=lambda value: value.strip("\\()") if isinstance(value, str) else "",
)  # fmt: skip
def test_what_cannot_be_exported_is_refused_in_one_sentence(network, input_shape, error, words, tmp_path):
    pytest.importorskip("onnx", reason=NO_ONNX)
    with pytest.raises(error, match=words) as refused:
        save_onnx(tmp_path / "no.onnx", network, input_shape)
    assert "\n" not in str(refused.value) and not list(tmp_path.iterdir())


def test_without_onnx_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"save_onnx needs onnx: pip install 'minigan\[onnx\]'"):
        save_onnx(tmp_path / "no.onnx", L.Dense(2, 2), (2,))
    assert not list(tmp_path.iterdir())


def test_a_difference_would_be_found(runtime):
    """The comparison objects to a network that is not the one of the file."""
    mg.seed(0)
    network = L.Sequential(L.Dense(3, 4), L.Tanh())
    run, x = runtime(network, (3,)), np.ones((2, 3), np.float32)
    network.layers[0].kernel.data = network.layers[0].kernel.data + np.float32(1e-3)
    assert np.abs(run(x) - network(x).data).max() > 1e-4
