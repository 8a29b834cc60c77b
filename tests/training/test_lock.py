"""The lock of a folder: one process at a time, and none is left behind by a process that was killed."""

import subprocess
import sys

import pytest
from training_tools import Regression, batches

from minigan.training import fit
from minigan.training.lock import locked

pytest.importorskip("fcntl")

HOLDER = """
import sys, time
from pathlib import Path
from minigan.training.lock import locked
with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


def test_who_comes_second_is_told_in_one_line_until_the_first_is_gone(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(BlockingIOError, match="is in use: another process trains in it"):
            fit(Regression(), batches(), 1, tmp_path)
        assert list(tmp_path.iterdir()) == []
    finally:
        holder.kill()
        holder.communicate()
    assert fit(Regression(), batches(), 1, tmp_path)


def test_it_is_given_back_at_the_end_also_after_an_error(tmp_path):
    with pytest.raises(RuntimeError, match="oh"), locked(tmp_path):
        raise RuntimeError("oh")
    with locked(tmp_path), pytest.raises(BlockingIOError), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass
