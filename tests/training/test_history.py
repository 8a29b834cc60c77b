"""history.csv: what is in a row, and which rows are left after a crash."""

import numpy as np
import pytest
from training_tools import STEPS, Regression, batches, ctrl_c, everything, history, straight

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


def test_names_that_not_every_step_reports_are_averaged_over_the_steps_that_do(tmp_path):
    """g_loss at every 3rd step only, and a penalty from the second epoch on."""

    def reports(step):
        numbers = {"d_loss": float(step)}
        numbers |= {"g_loss": 10.0 * step} if step % 3 == 0 else {}
        return numbers | ({"penalty": 1.0} if step > STEPS else {})

    model = Regression(at={i: lambda i=i: reports(i) for i in range(1, 2 * STEPS + 1)})
    fit(model, batches(), 2, tmp_path, log_every=2)
    rows = history(tmp_path)
    assert [row["step"] for row in rows] == [2, 4, 5, 6, 8, 10]
    assert [row["d_loss"] for row in rows] == [1.5, 3.5, 5, 6, 7.5, 9.5]
    assert [row.get("g_loss") for row in rows] == [None, 30, None, 60, None, 90]
    assert [row.get("penalty") for row in rows] == [None, None, None, 1, 1, 1]
    text = (tmp_path / "history.csv").read_text().splitlines()
    assert text[0] == "step,epoch,seconds,d_loss,g_loss,penalty"
    assert all(line.count(",") == 5 for line in text)


def test_such_a_run_is_resumed_as_if_it_had_not_been_interrupted(tmp_path):
    def model(first, last, stop=None):
        at = {
            i - first + 1: lambda i=i: {"loss": 0.1 * i} | ({"rare": i / 7} if i % 4 == 0 else {})
            for i in range(first, last + 1)
        }
        if stop:
            report = at[stop]
            at[stop] = lambda: ctrl_c() or report()
        return Regression(at=at)

    assert fit(model(1, 15), batches(), 3, tmp_path / "straight", log_every=5)
    assert not fit(model(1, 15, stop=7), batches(), 3, tmp_path / "two", log_every=5)
    assert fit(model(8, 15), batches(), 3, tmp_path / "two", resume=True, log_every=5)
    assert history(tmp_path / "two") == history(tmp_path / "straight")


def test_rows_are_appended_and_a_resumed_run_leaves_those_that_are_there_alone(tmp_path):
    fit(Regression(), batches(), 1, tmp_path, log_every=1)
    path = tmp_path / "history.csv"
    before, content = path.stat().st_ino, path.read_bytes()
    fit(Regression(), batches(), 2, tmp_path, resume=True, log_every=1)
    assert path.stat().st_ino == before and path.read_bytes().startswith(content)


def test_rows_too_many_are_cut_in_a_file_that_is_never_incomplete(tmp_path, monkeypatch):
    fit(Regression(), batches(), 1, tmp_path, log_every=1)
    path = tmp_path / "history.csv"
    path.write_text(path.read_text() + "6,2,0.5,0.1,0.05\n7,2,0.5")
    content = path.read_bytes()

    def crash(*names):
        raise OSError("power cut")

    monkeypatch.setattr("os.replace", crash)
    with pytest.raises(OSError, match="power cut"):
        fit(Regression(), batches(), 2, tmp_path, resume=True)
    assert path.read_bytes() == content
    monkeypatch.undo()
    assert [row["step"] for row in read_history(path)] == [1, 2, 3, 4, 5, 6]
    fit(Regression(), batches(), 2, tmp_path, resume=True)
    assert [row["step"] for row in read_history(path)] == [1, 2, 3, 4, 5, 10]


def test_a_row_counts_if_its_line_is_finished(tmp_path):
    path = tmp_path / "history.csv"
    whole = "step,loss\n1,0.25\n2,0.125\n"
    for length in range(len(whole) + 1):
        path.write_text(whole[:length])
        assert len(read_history(path)) == max(whole[:length].count("\n") - 1, 0)


@pytest.mark.parametrize(
    "content",
    [b"step,loss\n1,\xff\n", b"step,loss\n1,high\n", b"step,loss\n1,2,3\n", b"step,loss\n1\n", b"step,step\n1,2\n",
     b"a,b\n1,2\n", b"step,loss\n,2\n", b"\0\0\0\n", b"step,loss\n1,nan\n", b"step,loss\n1,-inf\n", b"step,loss\n1,1e999\n",
     b"step,loss\n1,1_0\n", "step,loss\n1,\u0661\n".encode(), b"step,loss\n2,1\n1,1\n", b"step,loss\n1,1\n1,1\n", b"step\n-1\n",
     b"step,loss\n1,\"2\n", b"\nstep,loss\n1,2\n"],
)  # fmt: skip
def test_what_is_no_history_is_refused_by_name(tmp_path, content):
    path = tmp_path / "history.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"history\.csv is not the history of a run"):
        read_history(path)


def test_a_folder_in_the_place_of_the_history_is_refused_by_name(tmp_path):
    (tmp_path / "history.csv").mkdir()
    with pytest.raises(ValueError, match=r"history\.csv is not the history of a run"):
        read_history(tmp_path / "history.csv")


@pytest.mark.parametrize("left", [1, 0])
def test_a_history_that_ends_before_the_checkpoint_is_noticed_when_the_run_is_resumed(tmp_path, capsys, left):
    straight(tmp_path, epochs=2)
    path = tmp_path / "history.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[: left and 1 + left]))
    assert fit(Regression(), batches(), 3, tmp_path, resume=True)
    last = 2 if left else 0
    said = (
        f"history.csv ends at step {last}, the checkpoint beside it is of step {2 * STEPS}: rows are missing"
    )
    assert said in capsys.readouterr().out


def test_a_complete_history_is_not_said_to_be_incomplete(tmp_path, capsys):
    with pytest.raises(RuntimeError):
        fit(Regression(at={8: crash_at_8}), batches(), 4, tmp_path, log_every=2)
    assert fit(Regression(), batches(), 4, tmp_path, resume=True)
    assert "missing" not in capsys.readouterr().out


def crash_at_8():
    raise RuntimeError("power cut")


def test_a_history_of_more_bytes_than_any_training_writes_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "history.csv"
    path.write_text("step,loss\n5,1\n")
    assert read_history(path) == [{"step": 5, "loss": 1}]
    monkeypatch.setattr("minigan.training.history.MAX_BYTES", 10)
    with pytest.raises(
        ValueError, match=r"history.csv is not the history of a run: it has more than 10 bytes"
    ):
        read_history(path)
