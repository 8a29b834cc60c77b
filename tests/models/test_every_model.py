"""One row for each model, and what must hold for every row: steps, samples, settings, separation.

A model that is added to `minigan.models` fails `test_every_model_has_a_row` until it has a row here.
"""

import json
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest

import minigan as mg
from minigan import models
from minigan.autograd import primitives
from minigan.models import (
    AEGAN,
    DCGAN,
    GAN3D,
    MLPGAN,
    VAE,
    WGANGP,
    CapsGAN,
    CapsNet,
    ConditionalGAN,
    CycleGAN,
    ImageToImage,
    TransformingAutoencoder,
)
from minigan.models import model as model_file
from minigan.runs import MODELS


def tiny_images(n, size=4):
    return np.random.default_rng(0).uniform(-1, 1, (n, size, size, 1)).astype(np.float32)


@dataclass
class Row:
    make: Callable[[], Any]  # a small one
    batch: Callable[[int], Any]  # n -> n examples
    trains: dict[str, set[str]]  # optimizer -> the networks that its step changes
    computed: dict[str, set[str]] | None = (
        None  # and whose gradients are computed since the step before, if others
    )


ROWS = {
    "AEGAN": Row(
        lambda: AEGAN(image_size=4, width=2, latent_size=3, categories=2),
        tiny_images,
        {
            "g_optimizer": {"generator"},
            "e_optimizer": {"encoder"},
            "d_x_optimizer": {"image_discriminator"},
            "d_z_optimizer": {"latent_discriminator"},
        },
        {  # one call of `grad` for G and E
            "g_optimizer": {"generator", "encoder"},
            "e_optimizer": set(),
            "d_x_optimizer": {"image_discriminator"},
            "d_z_optimizer": {"latent_discriminator"},
        },
    ),
    "GAN3D": Row(
        lambda: GAN3D(size=4, width=2, latent_size=3, categories=2),
        lambda n: tiny_images(n)[..., np.newaxis, :].repeat(4, axis=3),
        {"g_optimizer": {"generator"}, "d_optimizer": {"discriminator"}},
    ),
    "DCGAN": Row(
        lambda: DCGAN(image_size=4, width=2, latent_size=3, categories=2),
        tiny_images,
        {"g_optimizer": {"generator"}, "d_optimizer": {"discriminator"}},
    ),
    "WGANGP": Row(
        lambda: WGANGP(image_size=4, width=2, latent_size=3, categories=0),
        tiny_images,
        {"g_optimizer": {"generator"}, "d_optimizer": {"discriminator"}},
    ),
    "MLPGAN": Row(
        lambda: MLPGAN(image_shape=(4, 4, 1), latent_size=3),
        tiny_images,
        {"g_optimizer": {"generator"}, "d_optimizer": {"discriminator"}},
    ),
    "CapsGAN": Row(
        lambda: CapsGAN(image_size=12, width=2, categories=2, capsules=2, dimensions=3, latent_size=3),
        lambda n: tiny_images(n, 12),
        {"g_optimizer": {"generator"}, "d_optimizer": {"discriminator"}},
    ),
    "ConditionalGAN": Row(
        lambda: ConditionalGAN(image_size=4, width=2, latent_size=3, conditions=2),
        lambda n: (tiny_images(n), np.arange(n) % 2),
        {"g_optimizer": {"generator"}, "d_optimizer": {"discriminator"}},
    ),
    "ImageToImage": Row(
        lambda: ImageToImage(image_size=4, width=2),
        lambda n: (tiny_images(n), -tiny_images(n)),
        {"g_optimizer": {"generator"}, "d_optimizer": {"discriminator"}},
    ),
    "CycleGAN": Row(
        lambda: CycleGAN(image_size=4, width=2),
        lambda n: (tiny_images(n), -tiny_images(n)),
        {"optimizer": {"G", "F"}, "d_optimizer": {"D_A", "D_B"}},
    ),
    "CapsNet": Row(
        lambda: CapsNet(
            image_size=4,
            filters=2,
            kernel_size=2,
            strides=1,
            capsules=2,
            dimensions=3,
            classes=3,
            class_dimensions=4,
            decoder_units=(5, 6),
            max_shift=1,
        ),
        lambda n: (tiny_images(n), np.arange(n) % 3),
        {"optimizer": {"class_capsules", "decoder"}},
    ),
    "TransformingAutoencoder": Row(
        lambda: TransformingAutoencoder(image_size=4, capsules=3, recognition_units=2, generation_units=2),
        tiny_images,
        {"optimizer": {"pose_capsules"}},
    ),
    "VAE": Row(
        lambda: VAE(image_size=4, width=8, latent_size=3),
        tiny_images,
        {"optimizer": {"encoder", "decoder"}},
    ),
}


def arrays_of(batch):
    """The arrays of a batch: the images, and what else a model is trained with."""
    return batch if isinstance(batch, tuple) else (batch,)


PAPERS = set(models.__all__) - {"GAN", "Model"}  # which need networks, or a subclass: test_model, test_gan

every_model = pytest.mark.parametrize("name", ROWS)


def test_every_model_has_a_row():
    assert set(ROWS) == PAPERS


def test_every_model_can_be_found_again_by_its_name():
    assert {kind.__name__ for kind in MODELS.values()} == PAPERS
    assert all(name == kind.name for name, kind in MODELS.items())


def bits(state):
    return {name: array.tobytes() for name, array in state.items()}


def changed(model, action):
    """The networks that `action` changed."""
    before = {name: bits(network.state()) for name, network in model.networks.items()}
    action()
    return {name for name, network in model.networks.items() if bits(network.state()) != before[name]}


# --- Training ----------------------------------------------------------------------------------------


@every_model
@pytest.mark.parametrize("n", [1, 5, 8])
def test_a_step_returns_finite_numbers_and_changes_every_network(name, n):
    model = ROWS[name].make()
    for _ in range(3):
        metrics = {}
        networks = changed(
            model, lambda metrics=metrics: metrics.update(model.train_step(ROWS[name].batch(n)))
        )
        assert networks == set(model.networks)
        assert all(np.isfinite(float(number)) for number in metrics.values())
    shown = [column for columns in model.curves.values() for column in columns]
    assert set(shown) <= set(metrics)


@every_model
def test_the_step_of_one_optimizer_leaves_the_other_networks_bit_identical(name, monkeypatch):
    model = ROWS[name].make()
    seen = {}
    for key, optimizer in model.optimizers.items():

        def step(grads, key=key, original=optimizer.step):
            seen[key] = changed(model, lambda: original(grads))

        monkeypatch.setattr(optimizer, "step", step)
    for _ in range(2):
        model.train_step(ROWS[name].batch(6))
        assert seen == ROWS[name].trains
        seen.clear()


@every_model
def test_every_weight_of_a_trained_network_is_trained_by_exactly_one_optimizer(name):
    model = ROWS[name].make()
    owned = [id(p) for optimizer in model.optimizers.values() for p in optimizer.parameters]
    assert len(owned) == len(set(owned))
    for key, networks in ROWS[name].trains.items():
        own = {id(p) for p in model.optimizers[key].parameters}
        assert own == {id(p) for network in networks for p in model.networks[network].parameters()}


@contextmanager
def vjps_counted():
    """id of an array -> how many vjps with respect to it have run inside the with-block."""
    counts, originals = {}, {op: (op.vjps, op.each) for op in primitives.values()}

    def counting(i, vjp):
        def counted(g, y, *args, **keywords):
            counts[id(args[i])] = counts.get(id(args[i]), 0) + 1
            return vjp(g, y, *args, **keywords)

        return counted

    for op, (vjps, each) in originals.items():
        op.vjps = tuple(vjp and counting(i, vjp) for i, vjp in enumerate(vjps))
        if each:
            op.each = lambda i, *args, each=each, **kw: counting(i, partial(each, i))(*args, **kw)
    try:
        yield counts
    finally:
        for op, (vjps, each) in originals.items():
            op.vjps, op.each = vjps, each


@every_model
def test_a_step_computes_no_weight_gradient_of_a_network_that_it_does_not_train(name, monkeypatch):
    model, trains = ROWS[name].make(), ROWS[name].computed or ROWS[name].trains
    for key, optimizer in model.optimizers.items():

        def step(grads, key=key, original=optimizer.step):
            computed = {
                network
                for network, layer in model.networks.items()
                if any(id(p.data) in counts for p in layer.parameters())
            }
            assert computed == trains[key]
            counts.clear()
            original(grads)
            seen.append(key)

        monkeypatch.setattr(optimizer, "step", step)
    seen = []
    with vjps_counted() as counts:
        for _ in range(2):
            model.train_step(ROWS[name].batch(6))
    assert set(seen) == set(trains)


@every_model
def test_everything_stays_in_float32(name):
    model = ROWS[name].make()
    for _ in range(2):
        model.train_step(ROWS[name].batch(4))
    parts = [*model.networks.values(), *model.optimizers.values()]
    dtypes = {
        array.dtype
        for part in parts
        for key, array in part.state().items()
        if key not in ("steps", "learning_rate")
    }
    assert dtypes == {np.dtype(np.float32)}


@every_model
def test_the_seed_decides_every_bit_of_a_training(name):
    def trained(seed):
        mg.seed(seed)
        model = ROWS[name].make()
        for i in range(3):
            model.train_step(ROWS[name].batch(4 + i))
        return [bits(part.state()) for part in [*model.networks.values(), *model.optimizers.values()]]

    assert trained(1) == trained(1)
    assert trained(1) != trained(2)


@every_model
def test_a_step_leaves_the_batch_as_it_was(name):
    model, batch = ROWS[name].make(), ROWS[name].batch(4)
    for array in arrays_of(batch):
        array.flags.writeable = False
    before = [array.tobytes() for array in arrays_of(batch)]
    model.train_step(batch)
    assert [array.tobytes() for array in arrays_of(batch)] == before


# --- Samples -----------------------------------------------------------------------------------------


@every_model
def test_samples_are_images_between_minus_one_and_one(name):
    model = ROWS[name].make()
    model.train_step(ROWS[name].batch(4))
    for n in (1, 7):
        images = model.sample(n)
        assert isinstance(images, np.ndarray) and images.dtype == np.float32
        assert images.shape == arrays_of(ROWS[name].batch(n))[0].shape
        assert np.abs(images).max() <= 1


@every_model
def test_the_same_noise_draws_the_same_images_and_moves_nothing(name):
    model = ROWS[name].make()
    model.train_step(ROWS[name].batch(4))
    noise = np.random.default_rng(0).standard_normal((5, model.latent_size))
    generator = mg.backend.generator.bit_generator.state

    def sample():
        images.append(model.sample(5, noise))

    images = []
    assert changed(model, sample) == set()
    sample()
    assert images[0].tobytes() == images[1].tobytes()
    assert mg.backend.generator.bit_generator.state == generator
    assert not np.array_equal(images[0][0], images[0][1])


@every_model
def test_without_noise_the_seed_decides_the_samples(name):
    model = ROWS[name].make()

    def sample(seed):
        mg.seed(seed)
        return model.sample(3).tolist()

    assert sample(1) == sample(1) != sample(2)


@every_model
def test_many_samples_are_drawn_in_parts_with_the_same_result(name, monkeypatch):
    model = ROWS[name].make()
    noise = np.random.default_rng(0).standard_normal((7, model.latent_size))
    whole = model.sample(7, noise)
    monkeypatch.setattr(model_file, "CHUNK", 3)
    np.testing.assert_allclose(model.sample(7, noise), whole, rtol=1e-5, atol=1e-6)


@every_model
def test_samples_that_cannot_be_drawn_are_refused(name):
    model = ROWS[name].make()
    for n in (0, -3):
        with pytest.raises(ValueError, match=f"sample: n is {n}"):
            model.sample(n)
    for shape in ((4, model.latent_size), (3, model.latent_size + 1), (3 * model.latent_size,)):
        with pytest.raises(ValueError, match="sample: noise has shape"):
            model.sample(3, np.zeros(shape))


# --- Settings ----------------------------------------------------------------------------------------


@every_model
def test_the_settings_rebuild_the_same_architecture_also_from_json(name):
    model = ROWS[name].make()
    text = json.loads(json.dumps(model.settings))
    settings = {k: tuple(v) if isinstance(v, list) else v for k, v in text.items()}
    twin = type(model)(**settings)
    assert twin.settings == model.settings
    for parts in ("networks", "optimizers"):
        ours, theirs = getattr(model, parts), getattr(twin, parts)
        assert list(ours) == list(theirs)
        for key in ours:
            theirs[key].load_state(ours[key].state())  # raises if a name or a shape differs
    noise = np.random.default_rng(0).standard_normal((2, model.latent_size))
    assert np.array_equal(twin.sample(2, noise), model.sample(2, noise))


@every_model
def test_every_setting_can_be_given(name):
    model = ROWS[name].make()
    for key in model.settings:
        type(model)(**{**model.settings, key: model.settings[key]})


@pytest.mark.parametrize("model", [AEGAN, CapsGAN, DCGAN, VAE, WGANGP, ImageToImage, CycleGAN])
@pytest.mark.parametrize("image_size", [0, 30])
def test_an_image_size_that_cannot_be_halved_twice_is_refused(model, image_size):
    with pytest.raises(
        ValueError, match=f"image_size is {image_size}, expected (a multiple of 4|an integer)"
    ):
        model(image_size=image_size)
