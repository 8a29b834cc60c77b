"""history.csv: what is in a row, and which rows are left after a crash."""

import numpy as np
import pytest
from training_tools import STEPS, Regression, batches, everything, history, straight

from minigan.training import fit, read_history


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr("os.fsync", lambda file: None)


def test_each_row_is_the_mean_since_the_last_one_and_an_epoch_ends_with_a_row(tmp_path):
    values = [float(v * v) for v in range(1, 2 * STEPS + 1)]
    model = Regression(at={i: lambda v=v: {"loss": v} for i, v in enumerate(values, 1)})
    fit(model, batches(), 2, tmp_path, log_every=3)
    steps = [3, 5, 6, 9, 10]
    expected = [np.mean(values[a:b]) for a, b in zip([0, *steps], steps, strict=False)]
    assert [row["step"] for row in history(tmp_path)] == steps
    assert [row["epoch"] for row in history(tmp_path)] == [1, 1, 2, 2, 2]
    assert [row["loss"] for row in history(tmp_path)] == expected


def test_rows_from_after_the_checkpoint_are_dropped_when_the_run_is_resumed(tmp_path):
    def crash():
        raise RuntimeError("power cut")

    _, expected, rows = straight(tmp_path / "straight", log_every=1)
    out = tmp_path / "crashed"
    with pytest.raises(RuntimeError, match="power cut"):
        fit(Regression(at={2 * STEPS + 4: crash}), batches(), 4, out, log_every=1)
    assert history(out)[-1]["step"] == 2 * STEPS + 3  # three rows too many
    model = Regression()
    fit(model, batches(), 2, out, resume=True, log_every=1)
    assert [row["step"] for row in history(out)] == list(range(1, 2 * STEPS + 1))
    fit(model, batches(), 4, out, resume=True, log_every=1)
    assert everything(model) == expected and history(out) == rows


@pytest.mark.parametrize("rest", ["11,3", "11,3,0.1,", "\n", "11,3,0.1,0.5,0.2"])
def test_a_row_that_a_crash_cut_short_does_not_hinder_a_resumed_run(tmp_path, rest):
    _, expected, rows = straight(tmp_path / "straight", log_every=5)
    out = tmp_path / "crashed"
    fit(Regression(), batches(), 2, out, log_every=5)
    with open(out / "history.csv", "a") as file:
        file.write(rest)
    model = Regression()
    fit(model, batches(), 4, out, resume=True, log_every=5)
    assert everything(model) == expected and history(out) == rows


def test_no_history_is_an_empty_one(tmp_path):
    assert read_history(tmp_path / "history.csv") == []
