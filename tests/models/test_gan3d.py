"""The 3-D GAN's own part: its networks and their sizes.  The rules of a GAN's step: test_every_model, gan_tools."""

import numpy as np
import pytest
from gan_tools import keeps_the_rules_of_a_gan

import minigan as mg
from minigan.autograd import grad
from minigan.backend import normal
from minigan.layers import Conv3D, Conv3DTranspose
from minigan.models import GAN3D

SETTINGS = {"size": 8, "width": 2, "latent_size": 3, "categories": 2}


def solids(n=6, size=8):
    return np.random.default_rng(0).uniform(-1, 1, (n, size, size, size, 1)).astype(np.float32)


def make(**settings):
    mg.seed(1)
    return GAN3D(**SETTINGS | settings)


def test_it_keeps_the_rules_of_a_gan():
    keeps_the_rules_of_a_gan(GAN3D, solids(), **SETTINGS)


def test_by_default_its_networks_double_and_halve_16_voxels_twice():
    model = GAN3D()
    sizes, x = [], normal((2, 32))
    for layer in model.G.layers:
        x = layer(x)
        if isinstance(layer, Conv3DTranspose):
            sizes.append(x.shape)
    for layer in model.D.layers:
        x = layer(x)
        if isinstance(layer, Conv3D):
            sizes.append(x.shape)
    grown, shrunk = [(2, 8, 8, 8, 16), (2, 16, 16, 16, 1)], [(2, 8, 8, 8, 16), (2, 4, 4, 4, 32)]
    assert sizes == grown + shrunk and x.shape == (2, 1)


@pytest.mark.parametrize("size", [4, 8, 12])
def test_samples_are_solids_of_every_size_it_can_have(size):
    model = make(size=size)
    model.train_step(solids(size=size))
    assert model.sample(3).shape == (3, size, size, size, 1) == (3, *model.image_shape)
    assert np.abs(model.sample(3)).max() <= 1


def test_the_gradient_of_each_loss_reaches_every_weight_of_its_network_and_every_voxel():
    model = make(categories=0)
    x, fake = solids(), model.G(normal((6, 3)), training=True)
    d_loss = model.d_loss(model.D(x, training=True), model.D(fake.data, training=True))
    for gradient in grad(d_loss, model.D.parameters()):
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0
    *weights, at_fake = grad(model.g_loss(model.D(fake, training=True)), [*model.G.parameters(), fake])
    for gradient in weights:
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0
    assert at_fake.shape == (6, 8, 8, 8, 1) and (at_fake != 0).mean() > 0.9


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 0}, "GAN3D: size is 0, expected an integer of at least 1"),
        ({"size": 18}, "GAN3D: size is 18, expected a multiple of 4"),
        ({"width": 0}, "GAN3D: width is 0, expected an integer of at least 1"),
        ({"categories": 4}, "GAN3D: categories is 4, expected 0 to latent_size, 3"),
    ],
)
def test_settings_that_make_no_networks_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        make(**settings)


@pytest.mark.parametrize("shape", [(6, 8, 8, 8), (6, 8, 8, 4, 1), (6, 8, 8, 8, 2)])
def test_other_than_solids_of_its_size_are_refused(shape):
    with pytest.raises(ValueError, match=r"GAN3D: images have shape .* expected \(N, 8, 8, 8, 1\)"):
        make().train_step(np.zeros(shape, np.float32))


@pytest.mark.slow
def test_it_learns_in_which_half_of_the_depth_a_slab_is():
    """Half of the solids are full in front, half at the back.  After 150 steps so are the samples, both kinds of them."""
    mg.seed(0)
    model = GAN3D(size=8, width=8, latent_size=4, categories=2, decay_steps=150)
    rng = np.random.default_rng(0)
    for _ in range(150):
        x = np.full((32, 8, 8, 8, 1), -1, np.float32)
        in_front = rng.integers(2, size=32) == 0
        x[in_front, :4], x[~in_front, 4:] = 1, 1
        model.train_step(x)
    is_full = model.sample(60)[..., 0] > 0
    first, last = is_full[:, :4].mean(axis=(1, 2, 3)), is_full[:, 4:].mean(axis=(1, 2, 3))
    assert (np.abs(first - last) > 0.9).mean() > 0.9
    assert 0.2 < (first > last).mean() < 0.8
