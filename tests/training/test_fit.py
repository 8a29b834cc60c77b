"""fit: interrupted and resumed it gives the bits of an uninterrupted run, and a checkpoint is never lost."""

import signal
import threading
import time

import numpy as np
import pytest
from training_tools import STEPS, Regression, batches, ctrl_c, everything, history, straight

import minigan as mg
from minigan.training import fit, load_checkpoint, read_history


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr("os.fsync", lambda file: None)


# --- Resume: the same bits ---------------------------------------------------------------------------


@pytest.mark.parametrize("log_every", [1, 2, 7])
def test_train_2n_is_train_n_stop_resume_train_n(tmp_path, log_every):
    model, expected, rows = straight(tmp_path / "straight", 4, log_every)
    first, second = Regression(), Regression()
    assert fit(first, batches(), 2, tmp_path / "two", log_every=log_every)
    mg.seed(99)  # a new process starts from other numbers
    assert fit(second, batches(), 4, tmp_path / "two", resume=True, log_every=log_every)
    assert everything(second) == expected
    assert history(tmp_path / "two") == rows
    np.testing.assert_array_equal(first.seen + second.seen, model.seen)


@pytest.mark.parametrize("step", range(1, 4 * STEPS + 1))
def test_ctrl_c_after_any_step_loses_nothing(tmp_path, step):
    model, expected, rows = straight(tmp_path / "straight")
    first, second = Regression(at={step: ctrl_c}), Regression()
    assert fit(first, batches(), 4, tmp_path / "two", log_every=2) is False
    assert len(first.seen) == step
    mg.seed(99)
    assert fit(second, batches(), 4, tmp_path / "two", resume=True, log_every=2) is True
    assert everything(second) == expected
    assert history(tmp_path / "two") == rows
    np.testing.assert_array_equal(first.seen + second.seen, model.seen)


def test_interrupted_again_and_again(tmp_path):
    _, expected, rows = straight(tmp_path / "straight")
    out, calls = tmp_path / "many", 0
    while not fit(model := Regression(at={3: ctrl_c}), batches(), 4, out, resume=calls > 0, log_every=2):
        calls += 1
    assert calls == 6  # after the steps 3, 6, ..., 18; the last two need no third
    assert everything(model) == expected
    assert history(out) == rows


def test_a_finished_run_can_be_resumed_without_effect(tmp_path):
    _, expected, rows = straight(tmp_path)
    model = Regression()
    assert fit(model, batches(), 4, tmp_path, resume=True, log_every=2) is True
    assert model.seen == [] and everything(model) == expected and history(tmp_path) == rows


def test_after_epoch_is_called_once_for_each_epoch_however_often_the_run_is_interrupted(tmp_path):
    calls = []
    fit(Regression(at={7: ctrl_c}), batches(), 3, tmp_path, after_epoch=calls.append)
    fit(Regression(at={3: ctrl_c}), batches(), 3, tmp_path, resume=True, after_epoch=calls.append)
    fit(Regression(), batches(), 3, tmp_path, resume=True, after_epoch=calls.append)
    assert calls == [1, 2, 3]


def test_the_seconds_of_a_resumed_run_go_on_where_they_were(tmp_path):
    fit(Regression(at={2: lambda: time.sleep(0.2)}), batches(), 1, tmp_path, log_every=1)
    fit(Regression(), batches(), 2, tmp_path, resume=True, log_every=1)
    seconds = [row["seconds"] for row in read_history(tmp_path / "history.csv")]
    assert len(seconds) == 10 and seconds == sorted(seconds) and seconds[5] > 0.2


def test_a_folder_that_holds_a_run_is_refused_and_left_as_it_was(tmp_path):
    _, _, rows = straight(tmp_path)
    checkpoint = (tmp_path / "checkpoint.npz").read_bytes()
    with pytest.raises(FileExistsError, match="holds a run already: resume it, or choose another folder"):
        straight(tmp_path)
    assert history(tmp_path) == rows and (tmp_path / "checkpoint.npz").read_bytes() == checkpoint


def test_what_a_run_left_that_was_stopped_before_its_first_checkpoint_is_not_mixed_with_the_new_one(tmp_path):
    _, expected, rows = straight(tmp_path / "straight")
    (tmp_path / "stopped").mkdir()
    (tmp_path / "stopped" / "history.csv").write_text("step,epoch,seconds,loss\n2,1,0.1,7.0\n4,1")
    _, again, rows_again = straight(tmp_path / "stopped")
    assert again == expected and rows_again == rows


# --- Divergence --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [np.float32("nan"), np.float32("inf"), float("nan")])
@pytest.mark.parametrize("log_every", [1, 50])
def test_a_loss_that_is_not_finite_stops_the_run_and_leaves_the_last_checkpoint(tmp_path, number, log_every):
    model = Regression(at={STEPS + 3: lambda: {"loss": number}})
    kept = []
    with pytest.raises(FloatingPointError, match=r"loss is (nan|inf) at step .*diverged"):
        fit(model, batches(), 3, tmp_path, after_epoch=lambda epoch: kept.append(epoch), log_every=log_every)
    assert kept == [1]
    assert load_checkpoint(Regression(), tmp_path / "checkpoint.npz")["step"] == STEPS
    assert all(np.isfinite(list(row.values())).all() for row in read_history(tmp_path / "history.csv"))


def test_weights_that_are_not_finite_never_get_into_a_checkpoint(tmp_path):
    model = Regression()

    def burst():
        model.decoder.kernel.data[0, 0] = np.nan

    model.at = {2 * STEPS: burst}  # after the loss of the last step of an epoch was computed
    with pytest.raises(FloatingPointError, match=r"networks/decoder/kernel is not finite"):
        fit(model, batches(), 4, tmp_path)
    assert load_checkpoint(Regression(), tmp_path / "checkpoint.npz")["epoch"] == 1


@pytest.mark.parametrize("log_every", [1, 50])
def test_it_says_truly_whether_there_is_a_checkpoint(tmp_path, log_every):
    nothing = Regression(at={2: lambda: {"loss": np.nan}})
    with pytest.raises(FloatingPointError, match="there is no checkpoint yet"):
        fit(nothing, batches(), 3, tmp_path / "a", log_every=log_every)
    late = Regression(at={STEPS + 2: lambda: {"loss": np.nan}})
    with pytest.raises(FloatingPointError, match=f"the checkpoint in {tmp_path / 'b'} is of step {STEPS}$"):
        fit(late, batches(), 3, tmp_path / "b", log_every=log_every)
    resumed = Regression(at={2: lambda: {"loss": np.nan}})
    with pytest.raises(FloatingPointError, match=f"is of step {STEPS}$"):
        fit(resumed, batches(), 3, tmp_path / "b", resume=True, log_every=log_every)


def test_what_makes_no_sense_is_refused_before_anything_is_written(tmp_path):
    out = tmp_path / "out"
    for changes, error, words in (
        ({"epochs": -1}, ValueError, "epochs is -1, expected an integer of at least 1"),
        ({"log_every": 0}, ValueError, "log_every is 0"),
        ({"batches": [1, 2]}, TypeError, "batches is .*, expected a Batches"),
        ({"model": None}, TypeError, "expected one with networks, optimizers and train_step"),
        ({"watched": 3}, TypeError, "unknown argument watched"),
    ):
        arguments = {"model": Regression(), "batches": batches(), "epochs": 1, "out": out}
        with pytest.raises(error, match=words):
            fit(**arguments | changes)
    assert not out.exists()


def test_the_old_names_of_two_arguments_still_work_and_say_so(tmp_path):
    rows = []
    with pytest.warns(DeprecationWarning, match="watch is now called monitor"):
        fit(Regression(), batches(), 1, tmp_path, watch=lambda row: rows.append(row) or [])
    assert len(rows) == 1


# --- Ctrl-C ------------------------------------------------------------------------------------------


def test_a_second_ctrl_c_stops_at_once_and_the_last_checkpoint_stays(tmp_path):
    def twice():
        ctrl_c()
        ctrl_c()

    with pytest.raises(KeyboardInterrupt):
        fit(Regression(at={STEPS + 2: twice}), batches(), 3, tmp_path)
    assert load_checkpoint(Regression(), tmp_path / "checkpoint.npz")["step"] == STEPS


@pytest.mark.parametrize("ending", ["done", "interrupted", "twice", "failed"])
def test_afterwards_ctrl_c_is_as_it_was(tmp_path, ending):
    def fail():
        raise RuntimeError

    happening = {"interrupted": ctrl_c, "twice": lambda: (ctrl_c(), ctrl_c()), "failed": fail}.get(ending)
    before = signal.getsignal(signal.SIGINT)
    try:
        fit(Regression(at={2: happening}), batches(), 1, tmp_path)
    except (KeyboardInterrupt, RuntimeError):
        assert ending in ("twice", "failed")
    assert signal.getsignal(signal.SIGINT) is before


def test_it_says_that_it_was_interrupted_and_where_the_checkpoint_is(tmp_path, capsys):
    fit(Regression(at={2: ctrl_c}), batches(), 1, tmp_path)
    assert f"interrupted after step 2: checkpoint saved in {tmp_path}" in capsys.readouterr().out


def test_it_works_in_a_thread_that_receives_no_signals(tmp_path):
    _, _, rows = straight(tmp_path / "straight")
    result = []

    def work():
        result.append(fit(Regression(), batches(), 4, tmp_path / "thread", log_every=2))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert result == [True]
    assert history(tmp_path / "thread") == rows
