"""The script that a session becomes computes the same numbers, to the bit."""

import numpy as np
import pytest

from minigan.lab import script
from minigan.lab.knobs import Settings
from minigan.lab.session import Session


def run(source):
    names = {"__name__": "script"}
    exec(compile(source, "script.py", "exec"), names)  # noqa: S102 - our own script
    return names


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"data": "grid", "packing": 2, "r1_weight": 0.5, "optimizer": "rmsprop", "beta_2": 0.9},
        {"data": "moons", "input_noise": 0.1, "slope_weight": 1.0, "noise": "uniform", "latent_size": 3},
        {
            "data": "drawn",
            "points": [[0.5, 0.5], [-1, 0]],
            "optimizer": "sgd",
            "beta_1": 0.5,
            "decay_steps": 0,
        },
        {"batch_std": "on", "average_decay": 0.9, "optimizer": "sgd"},
        {"kind": "wasserstein", "d_steps": 5, "g_steps": 2, "hidden": 3, "activation": "tanh", "packing": 4},
    ],
)
def test_the_script_does_the_same_with_the_package(settings, capsys):
    session = Session(Settings(**{"width": 8, "batch": 12, "seed": 3} | settings))
    session.act("b", 3)
    session.act("d", 2)
    session.change({"g_rate": 0.01, "kind": "hinge", "beta_2": 0.95, "input_noise": 0.2, "g_steps": 3})
    session.act("g", 2)
    session.act("b", 2)
    names = run(script.of(session))
    for letter in "GD":
        for a, b in zip(names[letter].arrays(), getattr(session.model, letter).arrays(), strict=True):
            assert np.array_equal(a, b)
    if session.settings.average_decay:
        for a, b in zip(names["average"].arrays(), session.model.average.arrays(), strict=True):
            assert np.array_equal(a, b)
    assert "step 0:" in capsys.readouterr().out


def test_the_script_of_a_plain_training_speaks_of_nothing_else():
    session = Session(Settings(width=8))
    session.act("b", 2)
    source = script.of(session)
    for word in ("penalty", "input_noise", "average", "Minibatch", "minigan.lab", "n_d", "change", "//"):
        assert word not in source


def test_another_seed_is_another_training():
    session = Session(Settings(width=8))
    session.act("b", 2)
    names = run(script.of(session).replace("mg.seed(0)", "mg.seed(1)"))
    assert not np.array_equal(names["G"].arrays()[0], session.model.G.arrays()[0])
