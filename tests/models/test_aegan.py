"""AEGAN: which term teaches which network, by how much, and what each kind switches on."""

import json
import math

import numpy as np
import pytest

import minigan as mg
from minigan.autograd import Tensor, grad
from minigan.gradcheck import GradientError, check_grad
from minigan.layers import Dense, LeakyReLU, Sequential, Tanh
from minigan.losses import r1_penalty
from minigan.models import AEGAN, storage
from minigan.models.aegan import KINDS, TERMS, Cycle, six_terms

rng = np.random.default_rng(0)
X, Z = rng.uniform(-0.9, 0.9, (3, 4, 4, 1)), rng.standard_normal((3, 3))

#: term -> the networks among G, E, D_x, D_z that its value depends on
DEPENDS = {
    "generated image": {"G", "D_x"},
    "reconstructed image": {"G", "E", "D_x"},
    "encoded latent": {"E", "D_z"},
    "recovered latent": {"G", "E", "D_z"},
    "image error": {"G", "E"},
    "latent error": {"G", "E"},
}

#: and, where G draws x̂ and x̃ in one call, through the statistics of its batch normalization
THROUGH_THE_BATCH = DEPENDS | {"generated image": {"G", "E", "D_x"}}

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
    return AEGAN(**{"image_size": 4, "width": 2, "latent_size": 3, "categories": 2, **settings})


def in_float64(network):
    network.astype(np.float64)
    return network


def four_networks(**settings):
    model = tiny(**settings)
    return {name: in_float64(getattr(model, name)) for name in ("G", "E", "D_x", "D_z")}


def value_of(name, nets, x=X, z=Z, both=True):
    return six_terms(Cycle(nets["G"], nets["E"], x, z, both), nets["D_x"], nets["D_z"])[name]()


# --- Gradient flow -----------------------------------------------------------------------------------


def flow(name, nets, both=True):
    """The networks of which at least one weight receives a gradient from this term, rounding aside."""
    loss = value_of(name, nets, both=both)
    reached = set()
    for key, network in nets.items():
        gradients = grad(loss, network.parameters(), allow_unconnected=True)
        if any(np.abs(g).max() > 1e-12 for g in gradients):
            reached.add(key)
    return reached


def test_the_table_has_every_term():
    assert set(DEPENDS) == set(TERMS)


@every_term
def test_a_term_reaches_the_networks_it_is_about_and_no_other(name):
    assert flow(name, four_networks(), both=False) == DEPENDS[name]


@every_term
def test_drawing_both_images_in_one_call_adds_one_path_through_the_statistics_of_the_batch(name):
    assert flow(name, four_networks()) == THROUGH_THE_BATCH[name]


@every_term
def test_drawing_both_in_one_call_changes_nothing_where_no_network_looks_at_the_batch(name):
    nets = dense_networks()
    together, apart = (value_of(name, nets, Z, Z, both=both) for both in (True, False))
    assert float(together) == pytest.approx(float(apart), rel=1e-12)


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
    reached = THROUGH_THE_BATCH[name]
    assert moved == {
        "d_x_optimizer": {"D_x"},
        "d_z_optimizer": {"D_z"},
        "g_optimizer": {"G"} & reached,
        "e_optimizer": {"E"} & reached,
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
    weights = [getattr(owner, attribute).data.copy() for owner, attribute in places]
    uses_z = name in ("generated image", "recovered latent", "latent error")

    def f(data, *tensors):
        mg.seed(7)  # the same noise every time
        for (owner, attribute), tensor in zip(places, tensors, strict=True):
            setattr(owner, attribute, tensor)
        return term_value(name, nets, *((x, data) if uses_z else (data, z)))

    return check_grad(f, z if uses_z else x, *weights, order=1, step=1e-5)  # kinks are never that near


@every_term
@pytest.mark.usefixtures("few_directions")
def test_the_gradient_of_a_term_agrees_with_finite_differences_through_all_its_networks(name):
    check_term(name, four_networks())


def dense_networks():
    mg.seed(2)
    shapes = {
        "G": (3, 3, Tanh()),
        "E": (3, 3, Tanh()),
        "D_x": (3, 1, LeakyReLU(0.1)),
        "D_z": (3, 1, LeakyReLU(0.1)),
    }
    return {
        key: in_float64(Sequential(Dense(n, 4), layer, Dense(4, k))) for key, (n, k, layer) in shapes.items()
    }


@every_term
def test_the_same_for_networks_of_another_shape(name):
    check_term(name, dense_networks(), x=rng.standard_normal((3, 3)))


@pytest.mark.usefixtures("few_directions")
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


def linear(kernel, bias):
    layer = Dense(1, 1)
    layer.kernel.data[:], layer.bias.data[:] = kernel, bias
    return layer


def test_the_losses_of_the_discriminators_by_hand():
    """D_x(x) = x and D_z(z) = -z; G doubles, E adds one; x = 1, and z comes from the seed."""
    mg.seed(3)
    z = float(mg.backend.normal((1, 1))[0, 0])
    settings = {"latent_size": 1, "categories": 0, "reconstructed_share": 0.25, "r1_weights": (0.0, 0.0)}
    model = AEGAN(four=(linear(2, 0), linear(1, 1), linear(1, 0), linear(-1, 0)), **settings)
    mg.seed(3)
    metrics = model.train_step(np.ones((1, 1), np.float32))

    def softplus(a):
        return math.log1p(math.exp(a))

    # real 1;  x̂ = 2 z with 3/4, x̃ = 2 (1 + 1) = 4 with 1/4
    expected = softplus(-1) + 0.75 * softplus(2 * z) + 0.25 * softplus(4)
    assert float(metrics["image discriminator"]) == pytest.approx(expected, rel=1e-5)
    # real -z;  ẑ = 1 + 1 = 2, so -2, and z̃ = 2 z + 1, so -2 z - 1, with ½ each
    expected = softplus(z) + 0.5 * softplus(-2) + 0.5 * softplus(-2 * z - 1)
    assert float(metrics["latent discriminator"]) == pytest.approx(expected, rel=1e-5)


def test_the_steps_descend_the_losses_with_their_weights(monkeypatch):
    """What the four optimizers are given is the gradient of the equations, term by term."""
    model = tiny(weights=(2.0, 3.0, 5.0, 7.0), r1_weights=(0.4, 0.3), r1_every=2, reconstructed_share=0.1)
    seen = {}
    for key, optimizer in model.optimizers.items():
        monkeypatch.setattr(optimizer, "step", lambda grads, key=key: seen.update({key: grads}))
    x = X.astype(np.float32)
    mg.seed(3)
    model.train_step(x)
    mg.seed(3)
    z = model.prior(mg.backend.normal((3, 3)))
    c = Cycle(model.G, model.E, x, z)

    def bce(D, data, t):
        a = D(data.data if isinstance(data, Tensor) else data, training=True)
        return mg.ops.mean(mg.ops.softplus(a) - t * a)

    d_x = bce(model.D_x, x, 1) + 0.9 * bce(model.D_x, c.x_hat, 0) + 0.1 * bce(model.D_x, c.x_tilde, 0)
    d_z = bce(model.D_z, z, 1) + 0.5 * bce(model.D_z, c.z_hat, 0) + 0.5 * bce(model.D_z, c.z_tilde, 0)
    losses = {  # at step 0 there is a penalty: 2 · γ/2 · ‖∇D‖²
        "d_x_optimizer": d_x + 0.4 * r1_penalty(model.D_x, x),
        "d_z_optimizer": d_z + 0.3 * r1_penalty(model.D_z, z),
    }
    t = {name: term() for name, term in six_terms(c, model.D_x, model.D_z).items()}
    losses["g_optimizer"] = losses["e_optimizer"] = (
        2 * (t["generated image"] + t["reconstructed image"])
        + 3 * (t["encoded latent"] + t["recovered latent"])
        + 5 * t["image error"]
        + 7 * t["latent error"]
    )
    for key, loss in losses.items():
        expected = grad(loss, model.optimizers[key].parameters)
        for ours, theirs in zip(seen[key], expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5, err_msg=key)


def test_the_penalty_comes_at_every_so_many_steps():
    model, sizes = tiny(r1_every=3, r1_weights=(1e6, 0.0)), []
    for _ in range(5):
        model.train_step(X.astype(np.float32))
        sizes.append(max(float(np.abs(m).max()) for m in model.d_x_optimizer.slots["m"]))
    assert [size > 1e3 for size in sizes] == [True, False, False, True, False]  # β₁ = 0: m is the gradient


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


def test_more_categories_than_numbers_are_refused():
    with pytest.raises(ValueError, match="AEGAN: categories is 4, expected a finite number at most 3"):
        tiny(categories=4)


@pytest.mark.parametrize(("image_size", "channels"), [(28, 1), (32, 3), (64, 3)])
def test_images_of_other_sizes_and_channels_go_through_all_four_networks(image_size, channels):
    model = AEGAN(image_size=image_size, channels=channels, width=2, latent_size=3, categories=2)
    x = np.zeros((2, image_size, image_size, channels), np.float32)
    assert model.D_x(x).shape == model.D_z(model.encode(x)).shape == (2, 1)
    assert model.encode(x).shape == (2, 3)
    assert model.reconstruct(x).shape == x.shape


def test_networks_for_points_in_the_plane_can_be_given():
    def mlp(n_in, n_out):
        return Sequential(Dense(n_in, 16), LeakyReLU(0.2), Dense(16, n_out))

    mg.seed(0)
    four = mlp(2, 2), mlp(2, 2), mlp(2, 1), mlp(2, 1)
    model = AEGAN(four=four, latent_size=2, categories=0, learning_rates=(1e-2, 1e-2, 1e-2, 1e-2))
    points = np.random.default_rng(0).standard_normal((64, 2)).astype(np.float32)
    errors = [float(model.train_step(points)["image error"]) for _ in range(60)]
    assert errors[-1] < errors[0] / 2
    assert model.sample(5).shape == (5, 2)


def test_the_learning_rates_fall_to_their_final_fraction():
    model = tiny(learning_rates=(0.1, 0.2, 0.3, 0.4), decay_steps=4)
    seen = []
    for _ in range(6):
        model.train_step(X.astype(np.float32))
        seen.append([optimizer.rate for optimizer in model.optimizers.values()])
    fractions = np.array([1, 0.75, 0.5, 0.25, 0.05, 0.05])
    np.testing.assert_allclose(seen, fractions[:, None] * [0.1, 0.2, 0.3, 0.4])


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
    assert np.array_equal(model.reconstruct(x), model.average_generator(z).data)
    assert np.array_equal(model.reconstruct(x), model.decode(z))


def test_samples_come_from_the_prior_and_reconstructions_from_the_code_that_e_returned():
    model = tiny()
    noise = np.array([[0.5, 0.2, -1.0]])
    assert np.array_equal(model.sample(1, noise), model.decode(np.array([[3, 0, -1]], np.float32)))
    codes = model.encode(X.astype(np.float32))
    np.testing.assert_allclose(codes[:, :2].sum(axis=1), 3, rtol=1e-5)  # 3 softmax: soft, not one-hot
    assert ((codes[:, :2] > 1e-3) & (codes[:, :2] < 3 - 1e-3)).all()


def test_a_gan_has_no_encoder_and_says_so():
    with pytest.raises(ValueError, match="AEGAN: kind 'GAN' has no encoder"):
        tiny(kind="GAN").encode(X.astype(np.float32))


# --- Files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_is_saved_and_loaded_after_any_step_takes_the_same_steps(kind, tmp_path):
    def bits(model):
        return {name: array.tobytes() for name, array in model.state().items()}

    def step(model, i):
        mg.seed(i)
        model.train_step(X.astype(np.float32))

    straight, again = tiny(kind=kind, r1_every=3), tiny(kind=kind, r1_every=3)
    for i in range(5):
        step(straight, i)
        step(again, i)
        again.save(tmp_path / "model.npz")
        again = AEGAN.load(tmp_path / "model.npz")
        assert bits(again) == bits(straight)


def test_a_checkpoint_of_the_networks_before_is_refused_in_one_sentence(tmp_path):
    """Before, an AEGAN had two learning rates, and noise and dropout among its settings."""
    model, path = tiny(), tmp_path / "model.npz"
    settings = {"image_size": 4, "channels": 1, "latent_size": 3, "width": 2, "kind": "AEGAN"}
    settings |= {"weights": (1.0, 1.0, 10.0, 5.0), "learning_rates": (1e-3, 1e-3), "decay_steps": 3120}
    settings |= {"smoothing": 0.05, "noise": 0.01, "dropout": 0.005, "average_decay": 0.995}
    storage.write(path, {"model": "aegan", "settings": json.loads(json.dumps(settings))}, model.state())
    with pytest.raises(ValueError, match=r"model\.npz: .*unexpected keyword argument 'noise'") as caught:
        AEGAN.load(path)
    assert "\n" not in str(caught.value)


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
