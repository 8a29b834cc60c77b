"""vae_mnist.py: its walks begin and end where it says, and with two dimensions they cover the plane."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import minigan
from minigan.models import VAE
from minigan.runs import image_grid

SCRIPT = Path(minigan.__file__).parents[1] / "examples" / "vae_mnist.py"

pytestmark = pytest.mark.skipif(
    not SCRIPT.exists(), reason="the examples are not installed beside the package"
)

x = np.random.default_rng(0).uniform(-1, 1, (60, 8, 8, 1)).astype(np.float32)


def vivid(latent_size):
    """An untrained model whose images are not all grey."""
    model = VAE(image_size=8, width=8, latent_size=latent_size)
    for p in model.optimizer.parameters:
        p.data *= 2
    return model


def pictures_of(model):
    """The pictures that are drawn at the end, cut into images again: (rows, columns, 8, 8) in 0 to 255."""
    pictures = runpy.run_path(str(SCRIPT))["finish"](model, x)
    sides = {
        name: 3 * (10 * n - 2) for name, n in (("reconstructions", 10), ("walk", 12))
    }  # without the labels
    return {name: cells(picture[-sides[name] :, : sides[name]]) for name, picture in pictures.items()}


def cells(picture, scale=3, gap=2):
    pixels = np.pad(picture[::scale, ::scale, 0], ((0, gap), (0, gap)))
    rows, columns = (size // (8 + gap) for size in pixels.shape)
    return pixels.reshape(rows, 8 + gap, columns, 8 + gap).swapaxes(1, 2)[..., :8, :8]


def as_drawn(images):
    return np.stack([image_grid(image[np.newaxis], scale=1)[..., 0] for image in images])


def close(a, b):
    return np.abs(a.astype(int) - b.astype(int)).max() <= 1  # one step of rounding


def test_a_walk_leads_from_one_reconstruction_to_another(capsys):
    model = vivid(3)
    drawn = pictures_of(model)
    again = as_drawn(model.reconstruct(x))
    assert close(drawn["walk"][:, 0], again[:12]) and close(drawn["walk"][:, -1], again[12:24])
    assert not close(drawn["walk"][:, 0], drawn["walk"][:, -1])
    assert close(drawn["reconstructions"][:, 0::2].reshape(50, 8, 8), as_drawn(x[:50]))
    assert close(drawn["reconstructions"][:, 1::2].reshape(50, 8, 8), again[:50])
    assert capsys.readouterr().out == f"test ELBO (bernoulli): {model.elbo(x):.2f} nats\n"


def test_a_latent_plane_is_shown_whole_at_equal_steps_of_probability():
    model = vivid(2)
    rows = pictures_of(model)["walk"]
    corner = 1.7317  # the normal distribution has 1/24 beyond it
    z = np.array([[-corner, corner], [corner, corner], [-corner, -corner], [corner, -corner]])
    expected = as_drawn(model.sample(4, z))
    assert rows.shape == (12, 12, 8, 8)
    assert close(rows[[0, 0, -1, -1], [0, -1, 0, -1]], expected)
    assert not close(expected[0], expected[1]) and not close(expected[0], expected[2])
