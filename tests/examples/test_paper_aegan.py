"""PaperAEGAN: the equations and settings of the paper, with numbers worked by hand."""

import math

import numpy as np
import pytest
from models.test_aegan import linear

import minigan as mg
from minigan.layers import BatchNormalization, Dense, LayerNormalization, MinibatchStdDev, Sequential
from minigan.models.aegan import TERMS, Cycle, six_terms

paper_aegan = pytest.importorskip("paper_aegan", reason="the examples are not installed beside the package")
PaperAEGAN = paper_aegan.PaperAEGAN


def softplus(a):
    return math.log1p(math.exp(a))


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


@pytest.fixture
def stepped(monkeypatch):
    """The numbers of a step, the gradients that each optimizer was given, and z; nothing is moved.

    G(z) = 2 z, E(x) = x + 1, D_x(x) = x, D_z(z) = -z, and x = 1: so ẑ = 2, x̃ = 4, x̂ = 2 z, z̃ = 2 z + 1.
    """
    networks = (linear(2, 0), linear(1, 1), linear(1, 0), linear(-1, 0))
    model, seen = PaperAEGAN(four=networks, latent_size=1), {}
    for key, optimizer in model.optimizers.items():
        monkeypatch.setattr(optimizer, "step", lambda grads, key=key: seen.update({key: grads}))
    mg.seed(3)
    z = float(mg.backend.normal((1, 1))[0, 0])
    mg.seed(3)
    return model.train_step(np.ones((1, 1), np.float32)), seen, z


def test_the_targets_of_the_discriminators_are_smooth_and_the_two_fakes_count_half(stepped):
    numbers, _, z = stepped

    def bce(a, t):
        return softplus(a) - t * a

    d_x = bce(1, 0.95) + (bce(2 * z, 0.05) + bce(4, 0.05)) / 2
    d_z = bce(-z, 0.95) + (bce(-2, 0.05) + bce(-2 * z - 1, 0.05)) / 2
    assert float(numbers["image discriminator"]) == pytest.approx(d_x, rel=1e-5)
    assert float(numbers["latent discriminator"]) == pytest.approx(d_z, rel=1e-5)


def test_the_six_terms_by_hand(stepped):
    numbers, _, z = stepped
    by_hand = softplus(-2 * z), softplus(-4), softplus(2), softplus(2 * z + 1), 3, (z + 1) ** 2
    assert [float(numbers[name]) for name in TERMS] == pytest.approx(by_hand, rel=1e-5)


def test_g_and_e_follow_the_six_terms_with_the_weights_1_1_10_5(stepped):
    """The derivatives with respect to the biases: each of G moves x̂, x̃ and z̃, each of E moves ẑ, 2 x̃ and z̃."""
    _, seen, z = stepped
    x_hat, x_tilde, z_tilde = sigmoid(2 * z) - 1, sigmoid(4) - 1, sigmoid(2 * z + 1)
    of_g = x_hat + x_tilde + z_tilde + 10 * 1 + 5 * 2 * (z + 1)
    of_e = 2 * x_tilde + sigmoid(2) + z_tilde + 10 * 2 + 5 * 2 * (z + 1)
    for key, expected in (("g_optimizer", of_g), ("e_optimizer", of_e)):
        bias = next(g for g in seen[key] if g.shape == (1,))
        assert bias.item() == pytest.approx(expected, rel=1e-5)


def test_its_networks_and_settings_are_those_of_the_paper():
    model = PaperAEGAN(image_size=8, width=2, latent_size=3)
    assert model.weights == (1, 1, 10, 5) and model.categories == 0 and model.r1_weights == (0, 0)
    assert model.prior(np.ones((2, 3), np.float32)).tolist() == [[1, 1, 1]] * 2  # normal, without a choice
    kinds = {type(layer) for network in (model.G, model.E, model.D_x) for layer in network.layers}
    assert LayerNormalization in kinds and not kinds & {BatchNormalization, MinibatchStdDev}
    assert [layer.dense.kernel.shape[0] for layer in model.D_z.layers[1:-1]] == [3, 35, 67, 99]
    assert {(o.beta_1, o.beta_2, o.clip_norm) for o in model.optimizers.values()} == {(0.5, 0.999, 1.0)}


def test_it_trains_comes_back_from_a_file_and_can_be_told_apart(tmp_path):
    x = np.random.default_rng(0).uniform(-1, 1, (3, 4, 4, 1)).astype(np.float32)
    model = PaperAEGAN(image_size=4, width=2, latent_size=3)
    model.train_step(x)
    model.save(tmp_path / "model.npz")
    again = PaperAEGAN.load(tmp_path / "model.npz")
    assert np.array_equal(again.reconstruct(x), model.reconstruct(x)) and again.settings == model.settings
    with pytest.raises(ValueError, match="holds the model 'paper_aegan', expected 'aegan'"):
        mg.models.AEGAN.load(tmp_path / "model.npz")


def test_noise_without_sense_is_refused():
    with pytest.raises(ValueError, match="PaperAEGAN: dropout is -0.1, expected a finite number at least 0"):
        PaperAEGAN(dropout=-0.1)


def test_one_call_of_g_or_two_are_the_same_where_nothing_looks_at_the_batch():
    model = PaperAEGAN(image_size=4, width=2, latent_size=3, noise=0.0, dropout=0.0)
    rng = np.random.default_rng(0)
    x, z = rng.uniform(-1, 1, (3, 4, 4, 1)), rng.standard_normal((3, 3))
    for name in TERMS:
        both, apart = (
            float(six_terms(Cycle(model.G, model.E, x, z, both), model.D_x, model.D_z)[name]())
            for both in (True, False)
        )
        assert both == pytest.approx(apart, rel=1e-5)


def test_grow_adds_features_beside_those_that_came():
    grow = paper_aegan.Grow(2, 3, 0.0)
    x = np.array([[1.0, -2.0]], np.float32)
    y = grow(x).data
    assert y.shape == (1, 5) and np.array_equal(y[:, :2], x)
    assert isinstance(grow.dense, Dense) and not isinstance(grow, Sequential)
