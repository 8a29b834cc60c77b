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


def test_the_table_has_means_and_the_figure_is_drawn(tmp_path, monkeypatch, capsys):
    numbers = iter(range(100))
    monkeypatch.setattr(claim, "run", lambda *args: dict.fromkeys(claim.MEASURES, float(next(numbers))))
    command = ["aegan_claim.py", "--setting", "beta 0.9", "--seeds", "2", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", command)
    for _ in range(2):  # the second time from the folder
        claim.main()
        with open(tmp_path / "results.csv", newline="") as file:
            header, *rows = csv.reader(file)
        assert header == ["setting", "kind", "seeds", *claim.MEASURES]
        assert [row[:4] for row in rows] == [  # GAN: 0 and 2, AEGAN: 1 and 3
            ["beta 0.9", "GAN", "2", "1.000 ± 1.000"],
            ["beta 0.9", "AEGAN", "2", "2.000 ± 1.000"],
        ]
    assert next(numbers) == 4
    assert (tmp_path / "results.png").stat().st_size > 5000
