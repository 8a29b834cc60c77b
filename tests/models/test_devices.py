"""Every model takes the same steps on every device, and a step waits for nothing and moves little."""

import numpy as np
import pytest
import strict_device
from device_tools import assert_agree
from models.test_every_model import ROWS, every_model

import minigan as mg
from minigan.optimizers import update_all
from minigan.training import load_checkpoint, new_position, save_checkpoint

N = 6

#: name -> uploads of a step, of the batch and of each draw of noise, and the most calls that it may make with the
#: quicker bodies of `fast` and without: about a tenth more than when this was written
COSTS = {
    "AEGAN": (2, 1475, 1900),
    "CapsGAN": (2, 790, 975),
    "CapsNet": (3, 335, 490),
    "ConditionalGAN": (3, 600, 800),
    "CycleGAN": (2, 2470, 3015),
    "DCGAN": (2, 560, 760),
    "GAN3D": (2, 875, 1075),
    "ImageToImage": (2, 640, 915),
    "MLPGAN": (2, 395, 595),
    "TransformingAutoencoder": (3, 135, 250),
    "VAE": (2, 220, 450),
    "WGANGP": (3, 545, 745),
}


def trained(name, steps=2):
    """A model after `steps` steps on the current device, and what its last one answered."""
    mg.seed(3)
    model = ROWS[name].make()
    for _ in range(steps):
        metrics = model.train_step(ROWS[name].batch(N))
    return model, metrics


def arrays(model):
    return [array for network in model.networks.values() for array in network.arrays()]


@every_model
def test_every_device_trains_the_same_model(name, device):
    with mg.on("cpu"):
        expected, numbers = trained(name)
    found, metrics = trained(name)
    assert_agree(arrays(found), arrays(expected))
    assert list(metrics) == list(numbers)
    for key in metrics:
        np.testing.assert_allclose(
            float(metrics[key]), float(numbers[key]), rtol=1e-3, atol=1e-5, err_msg=key
        )


@every_model
def test_a_step_uploads_the_batch_and_the_noise_and_waits_for_nothing(name):
    with mg.on("strict"):
        model, _ = trained(name)
        batch = ROWS[name].batch(N)
        with strict_device.counted() as counts, strict_device.no_waiting():
            model.train_step(batch)
    assert counts.downloads == counts.waits == 0
    uploads, with_fast, without = COSTS[name]
    assert counts.uploads == uploads
    most_calls = without if update_all.forward is update_all.plain else with_fast
    assert counts.calls <= most_calls, "more calls than before: is there a slow path?"


@every_model
@pytest.mark.parametrize(("there", "here"), [("strict", "cpu"), ("cpu", "strict")])
def test_a_checkpoint_goes_from_one_device_to_the_other(name, there, here, tmp_path):
    with mg.on(there):
        saved, _ = trained(name)
        save_checkpoint(saved, tmp_path / "checkpoint.npz", new_position())
        at_first = everything(saved)
        saved.train_step(ROWS[name].batch(N))
        a_step_later = everything(saved)
    mg.seed(99)
    with mg.on(here):
        model = ROWS[name].make()
        load_checkpoint(model, tmp_path / "checkpoint.npz")
        for a, b in zip(everything(model), at_first, strict=True):
            np.testing.assert_array_equal(a, b)
        model.train_step(ROWS[name].batch(N))
        assert all(isinstance(array, mg.backend.module().ndarray) for array in arrays(model))
        for a, b in zip(everything(model), a_step_later, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def everything(model):
    """What a checkpoint keeps, on the host: the arrays of the networks and those of the optimizers."""
    states = [part.state() for part in [*model.networks.values(), *model.optimizers.values()]]
    return [mg.to_numpy(state[name]) for state in states for name in sorted(state)]


def test_a_step_that_waits_is_found():
    with mg.on("strict"), pytest.raises(strict_device.Waited), strict_device.no_waiting():
        float(trained("MLPGAN")[1]["d_loss"])
