"""A run that is killed, at whatever moment, goes on to the folder of one that was not."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minigan

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
WORKER = Path(__file__).parents[1] / "kill_worker.py"


def killed(folder, moments):
    """(number of operations that can be the last one, the lines of the report)."""
    path = os.pathsep.join([str(Path(minigan.__file__).parents[1]), *sys.path])
    done = subprocess.run(
        [sys.executable, WORKER, folder, *map(str, moments)],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    operations, *lines = done.stdout.splitlines()
    return int(operations.split()[0]), lines


def test_killed_at_some_operations_and_moments(tmp_path):
    operations, lines = killed(tmp_path, [2, 5, 6, 8, 9, 13, 14, "0.2", "0.6"])
    assert operations > 15
    assert [line.split()[1] for line in lines] == ["same"] * 9, lines


@pytest.mark.slow
def test_killed_at_every_operation(tmp_path):
    operations, _ = killed(tmp_path / "a", [])
    _, lines = killed(tmp_path / "b", range(1, operations + 1))
    assert [line for line in lines if not line.endswith(" same")] == []


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path):
    moments = np.random.default_rng().uniform(0.05, 1.1, 200)
    _, lines = killed(tmp_path, [f"{moment:.6f}" for moment in moments])
    assert [line for line in lines if not line.endswith(" same")] == []
