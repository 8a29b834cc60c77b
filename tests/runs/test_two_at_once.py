"""Two runs that are started at the same moment: each gets a folder of its own, or the second one is told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import minigan
from minigan.runs import load_run

pytest.importorskip("fcntl")

RUN = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv.pop(1))
import kill_worker
kill_worker.run.plot_history = lambda path, rows, panels, references: path.write_text("")
print("ready", flush=True)
sys.stdin.readline()
kill_worker.train(*sys.argv[1:])
"""


def pair(folder, *flags):
    """(exit status, last line of stdout, stderr) of two runs of which neither begins before the other is ready."""
    path = os.pathsep.join([str(Path(minigan.__file__).parents[1]), *sys.path])
    started = [
        subprocess.Popen(
            [sys.executable, "-c", RUN, str(Path(__file__).parents[1]), *flags, "--seed", str(seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
            env=os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
        )
        for seed in (1, 2)
    ]  # fmt: skip
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=120) for process in started]
    return [(p.returncode, out.splitlines()[-1:], err) for p, (out, err) in zip(started, ended, strict=True)]


def check_pair(folder):
    folder.mkdir()
    both = pair(folder)
    assert [(code, err) for code, _, err in both] == [(0, "")] * 2, both
    assert sorted(out for _, out, _ in both) == [["runs/tiny"], ["runs/tiny-2"]]
    ended = sorted(pair(folder, "--out", "same"))
    assert [code for code, *_ in ended] in ([0, 1], [0, 2]), (
        ended
    )  # 2: it was ready only after the other's end
    assert ended[1][2].count("error: ") == 1 and "Traceback" not in ended[1][2]
    for name in ("runs/tiny", "runs/tiny-2", "same"):
        assert load_run(folder / name).g_optimizer.steps == 9


def test_two_runs_at_once(tmp_path):
    check_pair(tmp_path / "a")


@pytest.mark.slow
def test_ten_pairs_at_once(tmp_path):
    for number in range(10):
        check_pair(tmp_path / str(number))
