"""Model: what a user's own model gets from it, and that nothing that comes in or out of a file goes unlooked at."""

import json
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from models.test_every_model import ROWS, arrays_of, every_model

import minigan as mg
from minigan import models
from minigan.autograd import grad
from minigan.layers import Dense, Sequential, Tanh
from minigan.losses import mean_squared_error
from minigan.models import DCGAN, GAN, VAE, WGANGP, CapsGAN, CapsNet, Model, TransformingAutoencoder
from minigan.models.model import plain
from minigan.optimizers import Adam, linear_decay

# --- A model of one's own: a few lines ----------------------------------------------------------------


@dataclass(kw_only=True, eq=False)
class Autoencoder(Model):
    features: int = 3
    latent_size: int = 2
    learning_rate: float = 1e-2
    decay_steps: int = 50

    name = "autoencoder"

    def __post_init__(self):
        self.encoder = Sequential(Dense(self.features, self.latent_size), Tanh())
        self.decoder = Dense(self.latent_size, self.features)
        weights = self.encoder.parameters() + self.decoder.parameters()
        self.optimizer = Adam(weights, linear_decay(self.learning_rate, self.decay_steps, final=0.1))

    def train_step(self, batch):
        x = self.checked(batch)
        loss = mean_squared_error(self.decoder(self.encoder(x, training=True)), x)
        self.optimizer.step(grad(loss, self.optimizer.parameters))
        return {"loss": loss.data}

    def generate(self, z):
        return self.decoder(z)


X = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)


def bits(model):
    return {name: array.tobytes() for name, array in model.state().items()}


def test_a_model_of_ones_own_has_settings_networks_optimizers_and_a_repr():
    model = Autoencoder(latent_size=1)
    assert model.settings == {"features": 3, "latent_size": 1, "learning_rate": 1e-2, "decay_steps": 50}
    assert list(model.networks) == ["encoder", "decoder"] and list(model.optimizers) == ["optimizer"]
    assert repr(model) == "Autoencoder(features=3, latent_size=1, learning_rate=0.01, decay_steps=50)"
    assert model.summary().startswith(repr(model)) and "decoder: Dense" in model.summary()
    assert set(model.state()) >= {
        "networks/decoder/kernel",
        "optimizers/optimizer/m.0",
        "optimizers/optimizer/steps",
    }
    assert model.sample(4).shape == (4, 3)


def test_it_learns_and_comes_back_from_its_file_with_every_bit(tmp_path):
    model = Autoencoder()
    losses = [float(model.train_step(X)["loss"]) for _ in range(30)]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.npz")
    again = Autoencoder.load(tmp_path / "model.npz")
    assert bits(again) == bits(model) and again.settings == model.settings
    for _ in range(3):
        model.train_step(X)
        again.train_step(X)
    assert bits(again) == bits(model)


def test_a_model_that_lacks_a_part_says_which():
    @dataclass(kw_only=True, eq=False)
    class Nothing(Model):
        latent_size: int = 2

    with pytest.raises(TypeError, match="Nothing defines no train_step"):
        Nothing().train_step(X)
    with pytest.raises(TypeError, match="Nothing defines no generate"):
        Nothing().sample(2)


# --- Every model --------------------------------------------------------------------------------------


@every_model
def test_every_model_comes_back_from_its_file_and_goes_on_with_the_same_bits(name, tmp_path):
    model = ROWS[name].make()
    model.train_step(ROWS[name].batch(4))
    model.save(tmp_path / "model.npz")
    again = type(model).load(tmp_path / "model.npz")
    assert bits(again) == bits(model) and again.settings == model.settings
    for one in (model, again):
        mg.seed(5)
        one.train_step(ROWS[name].batch(4))
    assert bits(again) == bits(model)


@every_model
def test_every_model_can_be_pickled(name):
    model = ROWS[name].make()
    again = pickle.loads(pickle.dumps(model))
    assert bits(again) == bits(model)
    for one in (model, again):
        mg.seed(5)
        one.train_step(ROWS[name].batch(4))
    assert bits(again) == bits(model)


@every_model
def test_numpy_numbers_among_the_settings_are_numbers(name):
    model = ROWS[name].make()
    as_numpy = {
        key: np.float64(s) if type(s) is float else np.int64(s) if type(s) is int else s
        for key, s in model.settings.items()
    }
    as_numpy |= {
        k: tuple(map(np.float64, s))
        for k, s in as_numpy.items()
        if k in ("learning_rates", "weights", "r1_weights", "betas")
    }
    twin = type(model)(**as_numpy)
    assert json.loads(json.dumps(twin.settings)) == json.loads(json.dumps(model.settings))
    twin.train_step(ROWS[name].batch(4))
    dtypes = {a.dtype for key, a in twin.state().items() if not key.endswith(("steps", "learning_rate"))}
    assert dtypes == {np.dtype(np.float32)}


@every_model
def test_a_state_that_does_not_fit_changes_nothing(name):
    model = ROWS[name].make()
    before, state = bits(model), model.state()
    last = next(key for key in reversed(state) if ".0" in key)
    for wrong in (
        state | {"networks/none/kernel": np.zeros(1)},
        {key: a for key, a in state.items() if key != last},
        {key: a + 1 for key, a in state.items() if key != last} | {last: np.zeros((9, 9, 9), np.float32)},
        {key: a + 1 for key, a in state.items() if key != last} | {last: np.full_like(state[last], np.nan)},
    ):
        with pytest.raises(ValueError, match="load_state"):
            model.load_state(wrong)
        assert bits(model) == before


@every_model
def test_settings_are_given_by_name(name):
    model = ROWS[name].make()
    with pytest.raises(TypeError):
        type(model)(*model.settings.values())


@every_model
@pytest.mark.parametrize("key", ["decay_steps", "latent_size", "width", "image_size", "capsules"])
@pytest.mark.parametrize("wrong", [0, -2, 2.5, "4"])
def test_a_size_without_sense_is_refused_where_it_is_given(name, key, wrong):
    model = ROWS[name].make()
    if key in model.settings:
        with pytest.raises((ValueError, TypeError), match=f"{key} is {wrong!r}, expected"):
            type(model)(**model.settings | {key: wrong})


@every_model
def test_learning_rates_and_weights_without_sense_are_refused(name):
    model = ROWS[name].make()
    wrong = {
        "learning_rate": [0.0, -1.0, float("nan")],
        "learning_rates": [(0.1,), (0.1, 0.0), 0.1, (0.1, float("inf"))],
        "betas": [(0.5, 1.0), (-0.1, 0.9)],
        "average_decay": [1.0, -0.1],
        "r1_weight": [-1.0],
        "r1_every": [0],
        "weights": [(1.0, 1.0, 1.0), (1.0, 1.0, 1.0, -1.0)],
        "r1_weights": [(1.0,), (1.0, -1.0)],
        "reconstructed_share": [-0.1, 1.1],
        "smoothing": [-0.1, 0.5],
        "categories": [-1, 1000],
        "noise": [-0.1],
        "penalty_weight": [-1.0],
        "critic_steps": [0],
        "kind": ["none"],
        "upsampling": ["cubic"],
        "likelihood": ["poisson"],
    }
    for key in wrong.keys() & model.settings.keys():
        for value in wrong[key]:
            with pytest.raises((ValueError, TypeError), match=f"{key}.* (is|are) .*expected"):
                type(model)(**model.settings | {key: value})


# --- Pictures and noise, where they come in -----------------------------------------------------------


def with_images(batch, change):
    return (change(batch[0]), *batch[1:]) if isinstance(batch, tuple) else change(batch)


WRONG_IMAGES = {
    "bytes": lambda x: ((x + 1) * 127).astype(np.uint8),
    "0 to 255": lambda x: (x + 1) * 127,
    "not a number": lambda x: np.where(np.arange(x.size).reshape(x.shape) == 3, np.float32(np.nan), x),
    "infinite": lambda x: np.where(np.arange(x.size).reshape(x.shape) == 3, np.float32(np.inf), x),
    "another size": lambda x: x[:, 1:],
    "no channels": lambda x: x[..., 0],
    "none at all": lambda x: x[:0],
    "a list": lambda x: x.tolist(),
}


@every_model
@pytest.mark.parametrize("wrong", WRONG_IMAGES)
def test_pictures_that_cannot_be_meant_are_refused_in_words_about_the_data(name, wrong):
    model, batch = ROWS[name].make(), with_images(ROWS[name].batch(4), WRONG_IMAGES[wrong])
    before = bits(model)
    with pytest.raises((ValueError, TypeError), match=f"{type(model).__name__}: images "):
        model.train_step(batch)
    for method in ("encode", "reconstruct", "predict", "poses", "elbo"):
        if hasattr(model, method):
            shifts = [np.zeros((4, 2), np.float32)] * (method == "reconstruct" and hasattr(model, "poses"))
            with pytest.raises((ValueError, TypeError), match=f"{type(model).__name__}: images "):
                getattr(model, method)(batch[0] if isinstance(batch, tuple) else batch, *shifts)
    assert bits(model) == before


@every_model
def test_pictures_in_float64_train_the_same_model_in_float32(name):
    model, twin, batch = ROWS[name].make(), ROWS[name].make(), ROWS[name].batch(4)
    twin.load_state(model.state())
    for one, images in ((model, batch), (twin, with_images(batch, lambda x: x.astype(np.float64)))):
        mg.seed(5)
        one.train_step(images)
    assert bits(twin) == bits(model)
    assert arrays_of(batch)[0].dtype == np.float32


@pytest.mark.parametrize(
    ("n", "error"), [(2.5, TypeError), ("3", TypeError), (None, TypeError), (0, ValueError), (-1, ValueError)]
)
def test_a_number_of_samples_without_sense_is_refused(n, error):
    with pytest.raises(error, match=f"sample: n is {n!r}, expected an integer of at least 1"):
        Autoencoder().sample(n)


@pytest.mark.parametrize(
    "noise",
    [np.full((2, 2), np.nan), np.full((2, 2), np.inf), np.array([["a", "b"]] * 2), np.zeros((2, 2), complex)],
)
def test_noise_that_is_none_is_refused(noise):
    with pytest.raises(ValueError, match="sample: noise is not of finite real numbers"):
        Autoencoder().sample(2, noise)


def test_examples_that_are_no_images_may_have_any_shape_and_range():
    model = Autoencoder()
    model.train_step(100 * X)
    for wrong in (X[0], X[:0], X.astype(int), X.tolist(), None):
        with pytest.raises(
            ValueError, match=r"Autoencoder: expected a batch \(N, ...\) of floating-point numbers"
        ):
            model.train_step(wrong)
    with pytest.raises(ValueError, match="Autoencoder: not all numbers of the batch are finite"):
        model.train_step(np.where(X == X[0, 0], np.float32(np.inf), X))


# --- Old names ----------------------------------------------------------------------------------------

OLD = [
    (
        DCGAN,
        {"image_size": 4, "width": 2, "latent_size": 3},
        {"colours": 3, "sorts": 2},
        {"channels": 3, "categories": 2},
    ),
    (CapsGAN, {"image_size": 8, "width": 2}, {"colours": 2, "sorts": 1}, {"channels": 2, "categories": 1}),
    (WGANGP, {"image_size": 4, "width": 2}, {"learning_rate": 0.1}, {"learning_rates": (0.1, 0.1)}),
    (VAE, {"image_size": 4, "width": 2}, {"deviation": 0.5}, {"std": 0.5}),
    (CapsNet, {"image_size": 14}, {"largest_shift": 1}, {"max_shift": 1}),
    (TransformingAutoencoder, {"image_size": 4}, {"largest_shift": 1}, {"max_shift": 1}),
    (models.AEGAN, {"image_size": 4, "width": 2}, {"colours": 3}, {"channels": 3}),
]


@pytest.mark.parametrize(("kind", "rest", "old", "new"), OLD, ids=[kind.__name__ for kind, *_ in OLD])
def test_an_old_keyword_warns_and_is_understood(kind, rest, old, new):
    with pytest.warns(DeprecationWarning) as warned:
        model = kind(**rest, **old)
    assert {key: model.settings[key] for key in new} == new
    assert sorted(str(w.message) for w in warned) == sorted(
        f"{kind.__name__}: {a} is now called {b}" for a, b in zip(old, new, strict=True)
    )
    assert warned[0].filename == __file__


def test_an_unknown_keyword_is_still_unknown():
    with pytest.raises(TypeError, match="hues"):
        DCGAN(hues=3)


# --- Small things -------------------------------------------------------------------------------------


def test_plain_numbers():
    assert plain([np.float32(0.5), (np.int64(2), "a"), None]) == (0.5, (2, "a"), None)
    assert type(plain(np.float64(1.0))) is float and type(plain(np.bool_(True))) is bool


def test_two_models_are_two_also_with_the_same_settings():
    one, other = Autoencoder(), Autoencoder()
    assert one != other and len({one, other}) == 2


def test_the_file_of_another_model_is_refused(tmp_path):
    path = tmp_path / "model.npz"
    Autoencoder().save(path)
    with pytest.raises(ValueError, match=r"model\.npz: holds the model 'autoencoder', expected 'vae'"):
        VAE.load(path)


def test_a_bare_gan_is_loaded_into_networks_of_its_structure(tmp_path):
    def networks():
        return {"generator": Dense(2, 3), "discriminator": Dense(3, 1)}

    model = GAN(**networks(), latent_size=2)
    model.train_step(X)
    model.save(tmp_path / "gan.npz")
    assert bits(GAN.load(tmp_path / "gan.npz", **networks())) == bits(model)
    with pytest.raises(ValueError, match=r"gan\.npz: GAN: give it a generator and a discriminator"):
        GAN.load(tmp_path / "gan.npz")
