"""What a person sees: a line for each epoch in a file, a bar in a terminal, and nothing that stops a training."""

from training_tools import Regression, batches

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
