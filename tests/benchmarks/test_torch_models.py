"""The networks and the training step that the benchmarks give PyTorch are those of minigan."""

import sys
from pathlib import Path

import numpy as np
import pytest

import minigan as mg
from minigan.data import load_mnist
from minigan.layers import BatchNormalization, MaxPooling2D, Sequential
from minigan.models import DCGAN, MLPGAN, gan

pytest.importorskip("torch", reason="PyTorch is not installed")
BENCHMARKS = Path(mg.__file__).parents[1] / "benchmarks"
if not BENCHMARKS.exists():
    pytest.skip("the benchmarks are not installed beside the package", allow_module_level=True)
sys.path.append(str(BENCHMARKS))

STEPS = 9  # with the penalty in the first, the fifth and the last
SETTINGS = {"learning_rates": (1e-3, 5e-4), "decay_steps": 20, "r1_every": 4, "r1_weight": 5.0}
#: small models that have every layer of the examples'
MAKE = {
    "MLPGAN": lambda: MLPGAN(categories=20, g_hidden=(64, 64), d_hidden=(64, 32), **SETTINGS),
    "DCGAN": lambda: DCGAN(width=4, **SETTINGS),
}


def trained(ours, theirs, monkeypatch):
    """The losses (2 models, STEPS, 2) on the same images and the same noise."""
    import torch

    rng = np.random.default_rng(0)
    noise = [rng.standard_normal((16, ours.latent_size), dtype=np.float32) for _ in range(STEPS)]
    images = load_mnist()[0][: 16 * STEPS].reshape(STEPS, 16, 28, 28, 1)
    draws = [iter(noise), iter(noise)]
    monkeypatch.setattr(gan, "normal", lambda shape: next(draws[0]))
    monkeypatch.setattr(theirs, "noise", lambda n: torch.from_numpy(next(draws[1])))
    rows = [[model.train_step(batch) for batch in images] for model in (ours, theirs)]
    return np.array([[[float(row[name]) for name in ("d_loss", "g_loss")] for row in part] for part in rows])


@pytest.mark.parametrize("name", MAKE)
def test_the_steps_are_the_same_from_the_same_weights_and_noise(name, monkeypatch):
    from torch_models import TorchGAN

    model = MAKE[name]()
    theirs = TorchGAN(model)
    losses = trained(model, theirs, monkeypatch)
    np.testing.assert_allclose(*losses[:, 0], rtol=1e-5)
    np.testing.assert_allclose(*losses, rtol=1e-3)  # ε of Adam is another, and so are the roundings
    z = np.random.default_rng(1).standard_normal((20, 32)).astype(np.float32)
    np.testing.assert_allclose(model.sample(20, z), theirs.sample(20, z), atol=0.01)


@pytest.mark.parametrize("change", ["no penalty", "the rates swapped", "other weights", "no decay"])
def test_another_recipe_is_noticed(change, monkeypatch):
    from torch_models import TorchGAN

    model = MAKE["DCGAN"]()
    theirs = TorchGAN(MAKE["DCGAN"]() if change == "other weights" else model)
    if change == "no penalty":
        monkeypatch.setattr(theirs, "penalty", lambda real: 0.0)
    elif change == "the rates swapped":
        theirs.rates.reverse()
    elif change == "no decay":
        theirs.rates = list(model.learning_rates)
    ours, other = trained(model, theirs, monkeypatch)
    assert not np.allclose(ours, other, rtol=1e-3)


def test_what_is_averaged_is_the_moving_average_and_not_the_generator():
    from torch_models import TorchGAN, arrays

    theirs = TorchGAN(MAKE["MLPGAN"]())
    assert len(arrays(theirs.G)) == len(MAKE["MLPGAN"]().G.arrays())
    before = [array.detach().clone() for array in arrays(theirs.average)]
    theirs.train_step(load_mnist()[0][:16])
    after = [[array.detach() for array in arrays(network)] for network in (theirs.average, theirs.G)]
    for old, average, new in zip(before, *after, strict=True):
        np.testing.assert_allclose(average, 0.1 * old + 0.9 * new, atol=1e-6)  # 0.1 in step 1: warm_up


def test_a_layer_without_counterpart_is_refused():
    from torch_models import twin

    with pytest.raises(TypeError, match="no counterpart of MaxPooling2D"):
        twin(Sequential(BatchNormalization(3), MaxPooling2D(2)), (4, 4, 3))
