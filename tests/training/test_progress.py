"""What a person sees: a line for each epoch in a file, a bar in a terminal, and nothing that stops a training."""

import gc
import os
import re
import subprocess
import sys
import weakref
from pathlib import Path

import pytest
from training_tools import STEPS, Regression, batches, history

import minigan
from minigan.losses import mean_squared_error
from minigan.training import fit


def test_the_last_progress_line_shows_epoch_step_numbers_speed_and_time_left(tmp_path, capsys):
    fit(Regression(), batches(), 2, tmp_path)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("epoch 2/2  loss ")
    assert "half " in last and "images/s" in last and last.endswith("0:00 left")


def test_on_a_terminal_a_bar_overwrites_itself_and_fits(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    fit(Regression(), batches(), 2, tmp_path, log_every=1)
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and out.endswith("\n")
    lines = out.strip().split("\r")
    assert len(lines) >= 3 and all(len(line) <= 80 for line in lines)
    assert lines[-1].startswith("epoch 2/2  loss ") and "00:00 left" in lines[-1]


def test_into_a_file_goes_one_line_for_each_epoch(tmp_path, capsys):
    fit(Regression(), batches(), 4, tmp_path, log_every=1)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == [f"epoch {i}/4" for i in (1, 2, 3, 4)]


def test_the_losses_come_first_and_two_numbers_are_enough(tmp_path, capsys):
    report = {"a": 1.0, "d_loss": 2.0, "b": 3.0, "g_loss": 4.0}
    model = Regression(at={i: lambda: report for i in range(1, STEPS + 1)})
    fit(model, batches(), 1, tmp_path)
    assert "  d_loss 2.000  g_loss 4.000  " in capsys.readouterr().out


def test_a_warning_comes_above_the_bar(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    fit(Regression(), batches(), 1, tmp_path, log_every=5, monitor=lambda row: ["look here"])
    assert "\rwarning: look here\n" in re.sub(r"\r +\r", "\r", capsys.readouterr().out)


class NoTerminal:
    """A stdout that can only be written to."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass


class Broken(NoTerminal):
    def __init__(self, error, is_terminal):
        self.error, self.is_terminal = error, is_terminal

    def isatty(self):
        return self.is_terminal

    def write(self, text):
        raise self.error


@pytest.mark.parametrize("is_terminal", [False, True])
@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(5, "closed"), ValueError("closed file")])
def test_a_broken_pipe_or_a_closed_terminal_stops_nothing(tmp_path, monkeypatch, error, is_terminal):
    monkeypatch.setattr(sys, "stdout", Broken(error, is_terminal))
    assert fit(Regression(), batches(), 3, tmp_path, log_every=1, monitor=lambda row: ["a warning"])
    if sys.stdout.name == os.devnull:
        sys.stdout.close()


def test_a_stdout_that_is_none_or_no_file_stops_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert fit(Regression(), batches(), 2, tmp_path / "none")
    monkeypatch.setattr(sys, "stdout", NoTerminal())
    assert fit(Regression(), batches(), 2, tmp_path / "plain")
    assert sys.stdout.text.count("epoch") == 2


def test_a_step_may_report_tensors_whose_graphs_are_not_kept(tmp_path):
    model, alive = Regression(), []

    def train_step(x):
        loss = mean_squared_error(model.decoder(model.encoder(x)), x)
        alive.append(weakref.ref(loss))
        return {"loss": loss}

    model.train_step = train_step
    fit(model, batches(), 1, tmp_path)
    gc.collect()
    assert sum(ref() is not None for ref in alive) == 0
    (row,) = history(tmp_path)
    assert 0 < row["loss"] < 10


# --- Programs whose output nobody reads any more, as after `| head` --------------------------------------


def without_a_reader(*command, unbuffered="1"):
    """What a program says on stderr when the other end of its stdout is closed before it begins."""
    reader, writer = os.pipe()
    os.close(reader)
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered, "PYTHONPATH": str(EXAMPLES.parent)}
    done = subprocess.run(
        [sys.executable, *command], stdout=writer, stderr=subprocess.PIPE, text=True, env=environment, check=False
    )  # fmt: skip
    os.close(writer)
    return done.stderr


EXAMPLES = Path(minigan.__file__).parents[1] / "examples"
QUIET = "from minigan.training.progress import end_quietly_without_a_reader as quiet; quiet(); "


@pytest.mark.parametrize(("unbuffered", "characters"), [("1", 1), ("", 10_000), ("", 1)])
def test_a_closed_pipe_ends_a_program_without_a_traceback(unbuffered, characters):
    """While it prints, or when what is left is written at its end."""
    code = f"print({characters} * 'x')"
    assert without_a_reader("-c", QUIET + code, unbuffered=unbuffered) == ""
    assert "BrokenPipeError" in without_a_reader("-c", code, unbuffered=unbuffered)


def test_other_errors_keep_their_traceback():
    assert "ZeroDivisionError" in without_a_reader("-c", QUIET + "1 / 0")


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "minigan.gradcheck"],
        ["-m", "minigan.lab", "--help"],
        ["tiny.py", "--steps", "4"],
        ["generate.py", "--count", "1", "--out", "pictures"],
    ],
    ids=" ".join,
)
def test_the_programs_end_so(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if command[0].endswith(".py"):
        command = [EXAMPLES / command[0], *command[1:]]
        if not command[0].exists():
            pytest.skip("the examples are not installed beside the package")
    assert without_a_reader(*command) == ""
