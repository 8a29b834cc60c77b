"""fit: interrupted and resumed it gives the bits of an uninterrupted run, and a checkpoint is never lost."""

import json
import os
import signal
import threading
import time

import numpy as np
import pytest

import minigan as mg
from minigan import backend
from minigan.training import fit as training
from minigan.autograd import grad
from minigan.data import Batches
from minigan.layers import BatchNormalization, Dense, Dropout, Sequential, Tanh
from minigan.losses import mean_squared_error
from minigan.optimizers import SGD, Adam
from minigan.training import (
    fit,
    load_checkpoint,
    new_position,
    read_history,
    save_checkpoint,
)

EXAMPLES = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
STEPS = 5  # in an epoch


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda file: None)


def batches():
    return Batches(EXAMPLES, batch_size=8, seed=3)


class Regression:
    """x -> x through a bottleneck, with everything that must survive: slots of two optimizers, running
    statistics, dropout and noise from the generator.

    at  step number -> what happens in that step
    """

    def __init__(self, at=None, features=3):
        mg.seed(5)
        self.encoder = Sequential(
            Dense(features, 4), BatchNormalization(4, momentum=0.8), Tanh(), Dropout(0.3)
        )
        self.decoder = Dense(4, features)
        self.networks = {"encoder": self.encoder, "decoder": self.decoder}
        self.optimizers = {
            "encoder": Adam(self.encoder.parameters(), 0.01),
            "decoder": SGD(self.decoder.parameters(), 0.05, momentum=0.9),
        }
        self.at = at or {}
        self.seen = []  # the batches

    def train_step(self, x):
        self.seen.append(x)
        loss = mean_squared_error(
            self.decoder(self.encoder(x, training=True)), x + backend.normal(x.shape) * 0.1
        )
        weights = [self.encoder.parameters(), self.decoder.parameters()]
        gradients = grad(loss, [*weights[0], *weights[1]])
        self.optimizers["encoder"].step(gradients[: len(weights[0])])
        self.optimizers["decoder"].step(gradients[len(weights[0]) :])
        happening = self.at.get(len(self.seen))
        return (happening and happening()) or {"loss": loss.data, "half": loss.data / 2}


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


def everything(model):
    """All bits that the next step depends on."""
    parts = [*model.networks.items(), *model.optimizers.items()]
    return [
        [(name, key, array.tobytes()) for name, part in parts for key, array in part.state().items()],
        backend.generator.bit_generator.state,
    ]


def history(folder):
    """The rows without the column that measures time."""
    return [
        {name: number for name, number in row.items() if name != "seconds"}
        for row in read_history(folder / "history.csv")
    ]


def straight(folder, epochs=4, log_every=2):
    model = Regression()
    assert fit(model, batches(), epochs, folder, log_every=log_every) is True
    return model, everything(model), history(folder)


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


def test_a_new_run_in_an_old_folder_starts_from_nothing(tmp_path):
    _, expected, rows = straight(tmp_path)
    _, again, rows_again = straight(tmp_path)
    assert again == expected and rows_again == rows


# --- History -----------------------------------------------------------------------------------------


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


# --- Checkpoints -------------------------------------------------------------------------------------


def test_a_checkpoint_brings_back_everything(tmp_path):
    model, twin = Regression(), Regression()
    for x in batches().epoch(0):
        model.train_step(x)
    save_checkpoint(model, tmp_path / "a.npz")
    expected = everything(model)
    mg.seed(99)
    position = load_checkpoint(twin, tmp_path / "a.npz")
    assert everything(twin) == expected
    assert position == new_position()
    assert os.listdir(tmp_path) == ["a.npz"]


@pytest.mark.parametrize("culprit", ["savez", "replace", "fsync"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one_valid(tmp_path, monkeypatch, culprit, error):
    path = tmp_path / "checkpoint.npz"
    model = Regression()
    save_checkpoint(model, path)
    expected, content = everything(model), path.read_bytes()
    for x in batches().epoch(0):
        model.train_step(x)

    def fail(*args, **keywords):
        if culprit == "savez":
            args[0].write(b"half a file")
        raise error

    monkeypatch.setattr(training.np if culprit == "savez" else training.os, culprit, fail)
    with pytest.raises(type(error)):
        save_checkpoint(model, path)
    monkeypatch.undo()
    assert path.read_bytes() == content
    twin = Regression()
    load_checkpoint(twin, path)
    assert everything(twin) == expected
    save_checkpoint(model, path)  # and the next one is written over the ruins
    load_checkpoint(twin, path)
    assert everything(twin) == everything(model)


def write_npz(path, **arrays):
    with open(path, "wb") as file:
        np.savez(file, **arrays)


def header(**changes):
    facts = {"format": training.FORMAT, "position": new_position(), "generator": {}}
    return np.array(json.dumps(facts | changes))


FOREIGN = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("no checkpoint\n" * 100),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-400]),
    "beginning only": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "one byte flipped": lambda path: flip_a_byte(path),
    "no header": lambda path: write_npz(path, weights=np.ones(3)),
    "header is no JSON": lambda path: write_npz(path, header=np.array("{")),
    "header is a list": lambda path: write_npz(path, header=np.array("[1, 2]")),
    "header says too little": lambda path: write_npz(path, header=np.array('{"format": 1}')),
    "another format": lambda path: write_npz(path, header=header(format=99)),
    "no weights": lambda path: write_npz(path, header=header()),
    "one array": lambda path: np.save(open(path, "wb"), np.ones(3)),  # noqa: SIM115
    "pickle": lambda path: write_npz(path, header=np.array([{"format": 1}], dtype=object)),
}


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    place = content.index(b"layers.0.kernel.npy") + 19 + 128 + 8  # inside the numbers of the first kernel
    content[place] ^= 1
    path.write_bytes(content)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("spoil", FOREIGN.values(), ids=FOREIGN)
def test_a_file_that_is_no_checkpoint_is_refused_and_named(tmp_path, spoil):
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(Regression(), path)
    spoil(path)
    model = Regression()
    expected = everything(model)
    with pytest.raises(ValueError, match=r"checkpoint\.npz"):
        load_checkpoint(model, path)
    assert everything(model) == expected
    with pytest.raises(ValueError, match=r"checkpoint\.npz"):
        fit(model, batches(), 1, tmp_path, resume=True)


def test_the_checkpoint_of_another_model_is_refused_and_the_part_named(tmp_path):
    save_checkpoint(Regression(features=2), tmp_path / "checkpoint.npz")
    with pytest.raises(ValueError, match=r"checkpoint\.npz does not fit this model: encoder: .*kernel"):
        load_checkpoint(Regression(), tmp_path / "checkpoint.npz")


def test_nothing_to_resume_is_an_error_in_words(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no checkpoint .*checkpoint\.npz"):
        fit(Regression(), batches(), 1, tmp_path, resume=True)


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


# --- The progress line -------------------------------------------------------------------------------


def test_the_last_progress_line_shows_epoch_step_numbers_speed_and_time_left(tmp_path, capsys):
    fit(Regression(), batches(), 2, tmp_path)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("epoch 2/2  step 10/10  loss ")
    assert "half " in last and "images/s" in last and last.endswith("0:00 left")


def test_on_a_terminal_the_line_overwrites_itself(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    fit(Regression(), batches(), 2, tmp_path, log_every=1)
    out = capsys.readouterr().out
    assert out.count("\r") == 10 and out.count("\n") == 1 and out.endswith("left\n")
    assert all(len(line) >= len("epoch 1/2") for line in out.split("\r")[1:])
