"""examples/aegan_claim.py: each setting changes what it says, and the table has a row for each kind."""

import csv
import sys

import numpy as np
import pytest

from minigan.data import load_mnist
from minigan.evaluation import digit_classifier
from minigan.layers import MinibatchStdDev

claim = pytest.importorskip("aegan_claim", reason="the examples are not installed beside the package")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(claim, "WIDTH", 2)
    monkeypatch.setattr(claim, "SAMPLES", 20)
    features = digit_classifier().features(load_mnist("train")[0][:100])
    monkeypatch.setattr(claim, "real_features", lambda: features)


def test_a_setting_changes_one_thing():
    usual = claim.make("as it is", "AEGAN", 5)
    assert usual.learning_rates == (5e-3, 1e-3, 2.5e-3, 1e-3) and usual.decay_steps == 5
    assert claim.make("rates x 4", "AEGAN", 5).learning_rates == (2e-2, 4e-3, 1e-2, 4e-3)
    assert {o.beta_1 for o in claim.make("beta 0.9", "GAN", 5).optimizers.values()} == {0.9}
    layers = [claim.make(s, "GAN", 5).D_x.layers for s in ("as it is", "no MinibatchStdDev")]
    assert [any(isinstance(layer, MinibatchStdDev) for layer in network) for network in layers] == [
        True,
        False,
    ]
    assert claim.make("as it is", "paper", 5).name == "paper_aegan"
    assert claim.make("as it is", "GAN, as long", 5).kind == "GAN"


def test_every_kind_of_every_setting_takes_a_step_and_is_measured():
    for setting, kinds in claim.SETTINGS.items():
        for kind in kinds:
            found = claim.run(setting, kind, 1, seed=0)
            assert set(found) == set(claim.MEASURES) and all(np.isfinite(list(found.values())))


def test_in_the_plane_every_optimizer_is_changed_and_modes_are_counted(monkeypatch):
    trained = []
    monkeypatch.setattr(claim, "train", lambda model, *args: trained.append(model))
    for setting in claim.PLANE:
        for kind in ("GAN", "AEGAN"):
            found = claim.run_plane(setting, kind, 5, seed=0)
            assert set(found) == {"modes", "quality", "reverse KL", "seconds"}
    steps = [
        {(o.beta_1, round(o.learning_rate(0), 6)) for o in model.optimizers.values()} for model in trained
    ]
    usual, heavy, fast = {(0.0, 0.003)}, {(0.9, 0.003)}, {(0.0, 0.03)}
    assert steps == [heavy, heavy, fast, fast, usual, usual, usual, usual]
    assert [len(model.optimizers) for model in trained[:2]] == [2, 4]


def test_the_table_has_means_and_the_figure_is_drawn(tmp_path, monkeypatch, capsys):
    numbers, part = iter(range(100)), claim.PARTS["digits"]
    run = lambda *args: dict.fromkeys(claim.MEASURES, float(next(numbers)))
    monkeypatch.setitem(claim.PARTS, "digits", part._replace(run=run))
    flags = ["--part", "digits", "--setting", "beta 0.9", "--seeds", "2", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["aegan_claim.py", *flags])
    for _ in range(2):  # the second time from the folder
        claim.main()
        with open(tmp_path / "digits.csv", newline="") as file:
            header, *rows = csv.reader(file)
        assert header == ["setting", "kind", "seeds", *claim.MEASURES]
        assert [row[:4] for row in rows] == [  # GAN: 0 and 2, AEGAN: 1 and 3
            ["beta 0.9", "GAN", "2", "1.000 ± 1.000"],
            ["beta 0.9", "AEGAN", "2", "2.000 ± 1.000"],
        ]
    assert next(numbers) == 4
    assert (tmp_path / "digits.png").stat().st_size > 5000


def test_a_setting_of_another_part_is_refused(monkeypatch, capsys):
    for flags in (["--setting", "ring"], ["--setting", "ring", "--part", "digits"]):
        monkeypatch.setattr(sys, "argv", ["aegan_claim.py", *flags])
        with pytest.raises(SystemExit):
            claim.main()
        assert "--setting needs --part" in capsys.readouterr().err
