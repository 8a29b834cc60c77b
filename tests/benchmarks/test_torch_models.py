"""The networks and the training step that the benchmarks give PyTorch are those of minigan."""

import sys
from pathlib import Path

import numpy as np
import pytest

import minigan as mg
from minigan.data import load_mnist
from minigan.models import DCGAN, MLPGAN, gan

pytest.importorskip("torch", reason="PyTorch is not installed")
sys.path.append(str(Path(mg.__file__).parents[1] / "benchmarks"))

STEPS = 9  # with the penalty in the first, the fifth and the last


def pair(name):
    """A small model of each kind that has every layer of the example's, and its counterpart."""
    from torch_models import TorchGAN

    rates = {"learning_rates": (1e-3, 5e-4), "decay_steps": 20, "r1_every": 4}
    if name == "MLPGAN":
        model = MLPGAN(categories=20, g_hidden=(64, 64), d_hidden=(64, 32), **rates)
    else:
        model = DCGAN(width=4, **rates)
    return model, TorchGAN(model)


def trained(ours, theirs, monkeypatch, steps=STEPS):
    """The losses of the steps (steps, 2) of both, on the same images and noise."""
    import torch

    rng = np.random.default_rng(0)
    noise = [rng.standard_normal((16, ours.latent_size), dtype=np.float32) for _ in range(steps)]
    images = load_mnist()[0][: 16 * steps].reshape(steps, 16, 28, 28, 1)
    draws = [iter(noise), iter(noise)]
    monkeypatch.setattr(gan, "normal", lambda shape: next(draws[0]))
    monkeypatch.setattr(theirs, "noise", lambda n: torch.from_numpy(next(draws[1])))
    found = []
    for model in (ours, theirs):
        rows = [model.train_step(batch) for batch in images]
        found.append(np.array([[float(row["d_loss"]), float(row["g_loss"])] for row in rows]))
    return found


@pytest.mark.parametrize("name", ["MLPGAN", "DCGAN"])
def test_the_steps_are_the_same_from_the_same_weights_and_noise(name, monkeypatch):
    ours, theirs = trained(*(models := pair(name)), monkeypatch)
    print(np.abs(ours - theirs))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5)
    np.testing.assert_allclose(ours, theirs, rtol=2e-3)
    z = np.random.default_rng(1).standard_normal((20, 32)).astype(np.float32)
    images = [model.sample(20, z) for model in models]
    print(np.abs(images[0] - images[1]).max())
    assert images[0].shape == images[1].shape
    np.testing.assert_allclose(*images, atol=0.02)  # PyTorch's average of the variances is another
