"""The shipped generators: small, said how they came to be, and drawn from at once."""

import numpy as np
import pytest

import minigan as mg
from minigan.models import DCGAN, storage
from minigan.runs import load_shipped, shipped


def tiny():
    return DCGAN(image_size=8, width=2, latent_size=3, categories=0)


def test_what_was_saved_draws_the_same_but_for_rounding_and_loading_draws_no_numbers(tmp_path):
    mg.seed(0)
    model = tiny()
    x = np.random.default_rng(0).uniform(-1, 1, (6, 8, 8, 1)).astype(np.float32)
    for _ in range(3):
        model.train_step(x)
    shipped.save_generator(tmp_path / "a.npz", model, {"command": "none"})
    before = mg.backend.generator.bit_generator.state
    again = shipped.load_generator(tmp_path / "a.npz")
    assert mg.backend.generator.bit_generator.state == before
    noise = np.random.default_rng(1).standard_normal((4, 3))
    np.testing.assert_allclose(again.sample(4, noise), model.sample(4, noise), atol=0.01)
    assert not np.array_equal(again.sample(4, noise), tiny().sample(4, noise))
    assert again.settings == model.settings


def test_files_that_are_no_generators_are_refused_by_name(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file .*none.npz"):
        shipped.load_generator(tmp_path / "none.npz")
    storage.write(tmp_path / "a.npz", {"model": "other", "settings": {}}, {})
    with pytest.raises(ValueError, match="a.npz: holds the model 'other', of which there is none"):
        shipped.load_generator(tmp_path / "a.npz")
    with pytest.raises(ValueError, match="there is no generator 'cats', expected one of"):
        load_shipped("cats")


@pytest.mark.parametrize("name", shipped.SHIPPED)
def test_each_draws_different_images_and_says_by_which_command_it_was_made(name):
    model = load_shipped(name)
    images = model.sample(20, np.random.default_rng(0).standard_normal((20, model.latent_size)))
    assert images.shape == (20, *model.image_shape)
    assert np.linalg.norm((images[:10] - images[10:]).reshape(10, -1), axis=1).min() > 3
    about = storage.read_header(shipped.PLACE / f"generator_{name}.npz")["about"]
    assert about["command"].startswith("python examples/") and "--seed" in about["command"]


def test_together_they_are_small():
    assert (
        sum((shipped.PLACE / f"generator_{name}.npz").stat().st_size for name in shipped.SHIPPED) <= 1_000_000
    )
