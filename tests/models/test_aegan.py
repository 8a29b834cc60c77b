"""AEGAN: which term teaches which network, by how much, and what each kind switches on."""

import math

import numpy as np
import pytest

import minigan as mg
from minigan.autograd import Tensor, grad
from minigan.gradcheck import GradientError, check_grad
from minigan.layers import Dense, LeakyReLU, Sequential, Tanh
from minigan.models import AEGAN
from minigan.models.aegan import KINDS, TERMS, Cycle, six_terms

rng = np.random.default_rng(0)
X, Z = rng.uniform(-0.9, 0.9, (3, 4, 4, 1)), rng.standard_normal((3, 2))

#: term -> the networks among G, E, D_x, D_z that its value depends on
DEPENDS = {
    "generated image": {"G", "D_x"},
    "reconstructed image": {"G", "E", "D_x"},
    "encoded latent": {"E", "D_z"},
    "recovered latent": {"G", "E", "D_z"},
    "image error": {"G", "E"},
    "latent error": {"G", "E"},
}

#: kind -> the networks that it trains
TRAINS = {
    "AE": {"generator", "encoder"},
    "GAN": {"generator", "image_discriminator"},
    "AAE": {"generator", "encoder", "latent_discriminator"},
    "EGAN": {"generator", "encoder", "image_discriminator"},
    "AEGAN": {"generator", "encoder", "image_discriminator", "latent_discriminator"},
}

every_term = pytest.mark.parametrize("name", TERMS)


def tiny(**settings):
    mg.seed(1)
    return AEGAN(**{"image_size": 4, "width": 2, "latent_size": 2, **settings})


def in_float64(network):
    network.astype(np.float64)
    return network


def four_networks(**settings):
    model = tiny(**settings)
    return {name: in_float64(getattr(model, name)) for name in ("G", "E", "D_x", "D_z")}


def value_of(name, nets, x=X, z=Z):
    return six_terms(Cycle(nets["G"], nets["E"], x, z), nets["D_x"], nets["D_z"])[name]()


# --- Gradient flow -----------------------------------------------------------------------------------


def flow(name, nets):
    """The networks of which at least one weight receives a gradient from this term, and those with none."""
    loss = value_of(name, nets)
    reached = set()
    for key, network in nets.items():
        gradients = grad(loss, network.parameters(), allow_unconnected=True)
        if any(np.abs(g).max() > 0 for g in gradients):
            reached.add(key)
    return reached


def test_the_table_has_every_term():
    assert set(DEPENDS) == set(TERMS)


@every_term
def test_a_term_reaches_the_networks_it_is_about_and_no_other(name):
    assert flow(name, four_networks()) == DEPENDS[name]


@every_term
def test_every_weight_of_g_and_e_that_a_term_is_about_receives_a_gradient(name):
    nets = four_networks()
    for key in DEPENDS[name] & {"G", "E"}:
        for g in grad(value_of(name, nets), nets[key].parameters()):
            assert np.abs(g).max() > 0


@every_term
def test_a_step_moves_g_and_e_where_its_term_reaches_them_and_nothing_else(name, monkeypatch):
    model, moved = tiny(), {}
    model.term_weights = {other: float(other == name) for other in TERMS}
    for key, optimizer in model.optimizers.items():

        def step(grads, key=key, original=optimizer.step):
            before = states(model)
            original(grads)
            moved[key] = {n for n, state in states(model).items() if state != before[n]}

        monkeypatch.setattr(optimizer, "step", step)
    model.train_step(X.astype(np.float32))
    assert moved == {
        "d_x_optimizer": {"D_x"},
        "d_z_optimizer": {"D_z"},
        "g_optimizer": DEPENDS[name] & {"G", "E"},
    }


def states(model):
    """The bits of the four networks."""
    nets = {name: getattr(model, name).state() for name in ("G", "E", "D_x", "D_z")}
    return {n: {key: a.tobytes() for key, a in state.items()} for n, state in nets.items()}


# --- Values and gradients ----------------------------------------------------------------------------


def check_term(name, nets, term_value=value_of, x=X, z=Z):
    """Finite differences of a term with respect to its data and every weight it depends on."""
    places = [
        (owner, attribute)
        for key in sorted(DEPENDS[name])
        for _, owner, attribute, weight in nets[key]._items()
        if isinstance(weight, Tensor)
    ]
    weights = [getattr(owner, attribute).data for owner, attribute in places]
    uses_z = name in ("generated image", "recovered latent", "latent error")

    def f(data, *tensors):
        mg.seed(7)  # the same noise every time
        for (owner, attribute), tensor in zip(places, tensors, strict=True):
            setattr(owner, attribute, tensor)
        return term_value(name, nets, *((x, data) if uses_z else (data, z)))

    return check_grad(f, z if uses_z else x, *weights, order=1, step=1e-5)  # kinks are never that near


@every_term
def test_the_gradient_of_a_term_agrees_with_finite_differences_through_all_its_networks(name):
    check_term(name, four_networks())


@every_term
def test_the_same_for_networks_of_another_shape(name):
    x = rng.standard_normal((3, 2))
    nets = {
        "G": Sequential(Dense(2, 4), Tanh(), Dense(4, 2)),
        "E": Sequential(Dense(2, 4), Tanh(), Dense(4, 2)),
        "D_x": Sequential(Dense(2, 4), LeakyReLU(0.1), Dense(4, 1)),
        "D_z": Sequential(Dense(2, 4), LeakyReLU(0.1), Dense(4, 1)),
    }
    nets = {key: in_float64(network) for key, network in nets.items()}
    check_term(name, nets, x=x)


def test_the_check_objects_to_a_term_whose_gradient_is_cut():
    def cut(name, nets, x, z):
        z_hat = nets["E"](x).data if isinstance(x, Tensor) else nets["E"](x)
        return ((nets["G"](z_hat) - x) ** 2).mean()

    with pytest.raises(GradientError):
        check_term("image error", four_networks(), cut)


def test_the_terms_are_what_the_paper_says_by_hand():
    """G doubles, E adds one, D_x and D_z return a constant."""
    double, add_one, three, minus_two = (in_float64(Dense(1, 1)) for _ in range(4))
    for layer, kernel, bias in ((double, 2.0, 0), (add_one, 1.0, 1.0), (three, 0, 3.0), (minus_two, 0, -2.0)):
        layer.kernel.data[:], layer.bias.data[:] = kernel, bias
    x, z = np.array([[1.0], [3.0]]), np.array([[0.0], [4.0]])
    terms = six_terms(Cycle(double, add_one, x, z), three, minus_two)
    values = {name: float(terms[name]()) for name in TERMS}
    assert values == pytest.approx(
        {
            "generated image": math.log1p(math.exp(-3)),
            "reconstructed image": math.log1p(math.exp(-3)),
            "encoded latent": math.log1p(math.exp(2)),
            "recovered latent": math.log1p(math.exp(2)),
            "image error": 4.0,  # x̃ = 2 (x + 1) = 4 and 8:  the mean of 3 and 5
            "latent error": 13.0,  # z̃ = 2 z + 1 = 1 and 9:  the mean of 1 and 25
        }
    )


def test_the_loss_of_a_discriminator_has_smoothed_targets_and_halves_the_two_fakes():
    model = tiny(noise=0.0, dropout=0.0, smoothing=0.1)
    x = X.astype(np.float32)
    mg.seed(3)
    z = mg.backend.normal((3, 2))
    cycle = Cycle(model.G, model.E, x, z)

    def bce(D, data, target):
        a = D(data).data.astype(np.float64)
        return (np.log1p(np.exp(a)) - target * a).mean()

    expected = {
        "image discriminator": bce(model.D_x, x, 0.9)
        + (bce(model.D_x, cycle.x_hat.data, 0.1) + bce(model.D_x, cycle.x_tilde.data, 0.1)) / 2,
        "latent discriminator": bce(model.D_z, z, 0.9)
        + (bce(model.D_z, cycle.z_hat.data, 0.1) + bce(model.D_z, cycle.z_tilde.data, 0.1)) / 2,
    }
    mg.seed(3)
    metrics = model.train_step(x)
    assert {name: float(metrics[name]) for name in expected} == pytest.approx(expected, rel=1e-5)


def test_the_loss_of_g_and_e_is_the_weighted_sum_of_the_terms(monkeypatch):
    model = tiny(noise=0.0, dropout=0.0, weights=(2.0, 3.0, 5.0, 7.0))
    seen = []
    monkeypatch.setattr(model.g_optimizer, "step", seen.extend)
    for name in ("d_x_optimizer", "d_z_optimizer"):
        monkeypatch.setattr(model.optimizers[name], "step", lambda grads: None)
    mg.seed(3)
    z = mg.backend.normal((3, 2))
    mg.seed(3)
    x = X.astype(np.float32)
    model.train_step(x)
    weights = {"image": 2.0, "latent": 3.0}
    cycle = Cycle(model.G, model.E, x, z)
    expected = [np.zeros_like(p.data) for p in model.g_optimizer.parameters]
    for name in TERMS:
        weight = {"image error": 5.0, "latent error": 7.0}.get(name) or weights[name.split()[1]]
        terms = six_terms(cycle, model.D_x, model.D_z)
        gradients = grad(terms[name](), model.g_optimizer.parameters, allow_unconnected=True)
        expected = [e + weight * g for e, g in zip(expected, gradients, strict=True)]
    for ours, theirs in zip(seen, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


# --- Kinds, schedule, use ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_trains_the_networks_that_its_terms_need(kind):
    model = tiny(kind=kind)
    before = {name: network.state() for name, network in model.networks.items()}
    for _ in range(2):
        metrics = model.train_step(X.astype(np.float32))
    assert {name for name in model.networks if "average" not in name} == TRAINS[kind]
    for name, network in model.networks.items():
        assert any(not np.array_equal(a, before[name][key]) for key, a in network.state().items()), name
    assert set(KINDS[kind]) <= set(metrics)
    assert {column for columns in model.curves.values() for column in columns} <= set(metrics)
    assert model.sample(2).shape == (2, 4, 4, 1)


def test_an_unknown_kind_is_refused():
    with pytest.raises(
        ValueError, match="kind is 'VAE', expected one of 'AE', 'GAN', 'AAE', 'EGAN', 'AEGAN'"
    ):
        tiny(kind="VAE")


@pytest.mark.parametrize("image_size", [0, 1, 30, 36])
def test_an_image_size_that_cannot_be_halved_is_refused(image_size):
    with pytest.raises(
        ValueError, match=f"image_size is {image_size}, expected (a number to be halved|an integer)"
    ):
        AEGAN(image_size=image_size)


@pytest.mark.parametrize(("image_size", "channels"), [(28, 1), (32, 3), (64, 3)])
def test_images_of_other_sizes_and_channels_go_through_all_four_networks(image_size, channels):
    model = AEGAN(image_size=image_size, channels=channels, width=2, latent_size=3)
    x = np.zeros((2, image_size, image_size, channels), np.float32)
    assert model.D_x(x).shape == model.D_z(model.encode(x)).shape == (2, 1)
    assert model.encode(x).shape == (2, 3)
    assert model.reconstruct(x).shape == x.shape


def test_networks_for_points_in_the_plane_can_be_given():
    def mlp(n_in, n_out):
        return Sequential(Dense(n_in, 16), LeakyReLU(0.2), Dense(16, n_out))

    mg.seed(0)
    four = mlp(2, 2), mlp(2, 2), mlp(2, 1), mlp(2, 1)
    model = AEGAN(four=four, latent_size=2, learning_rates=(1e-2, 1e-2))
    points = np.random.default_rng(0).standard_normal((64, 2)).astype(np.float32)
    errors = [float(model.train_step(points)["image error"]) for _ in range(60)]
    assert errors[-1] < errors[0] / 2
    assert model.sample(5).shape == (5, 2)


def test_the_learning_rates_fall_to_their_final_fraction():
    model = tiny(learning_rates=(0.1, 0.2), decay_steps=4)
    seen = []
    for _ in range(6):
        model.train_step(X.astype(np.float32))
        seen.append([optimizer.rate for optimizer in model.optimizers.values()])
    fractions = np.array([1, 0.75, 0.5, 0.25, 0.05, 0.05])
    np.testing.assert_allclose(seen, fractions[:, None] * [0.1, 0.2, 0.2])


def test_the_averages_start_from_the_networks_and_draw_and_encode():
    model = tiny()
    for name in ("generator", "encoder"):
        average = model.networks[f"average_{name}"]
        assert average is not model.networks[name]
        for key, array in average.state().items():
            assert np.array_equal(array, model.networks[name].state()[key])
    for _ in range(3):
        model.train_step(X.astype(np.float32))
    x = X.astype(np.float32)
    z = model.encode(x)
    assert np.array_equal(z, model.average_encoder(x).data)
    assert not np.array_equal(z, model.E(x).data)
    assert np.array_equal(model.reconstruct(x), model.sample(3, z))


def test_the_averages_forget_faster_at_first():
    model = tiny(average_decay=0.5)
    pairs = [(model.average_generator, model.G), (model.average_encoder, model.E)]
    expected = [[a.copy() for a in average.arrays()] for average, _ in pairs]
    for step in range(1, 13):
        model.train_step(X.astype(np.float32))
        decay = min(0.5, step / (9 + step))
        for i, (average, network) in enumerate(pairs):
            together = zip(expected[i], network.arrays(), strict=True)
            expected[i] = [decay * a + (1 - decay) * b for a, b in together]
            for a, b in zip(expected[i], average.arrays(), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
