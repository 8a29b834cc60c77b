"""Damaged, strange and hostile files at every public door: the right answer, or one line that names the file.

No file is executed, and none takes more than 300 megabytes.  `fuzz_worker.py` makes the files and opens them.
"""

import gzip
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from damage import MEGABYTE, gzipped, npz_of_zeros, taller
from PIL import Image

import minigan

pytest.importorskip("resource")
ROOT = Path(minigan.__file__).parents[1]
WORKER = Path(__file__).parents[1] / "fuzz_worker.py"
DOORS = (
    "checkpoint",
    "config",
    "history",
    "classifier",
    "idx",
    "idx-gz",
    "mnist",
    "mnist-gz",
    "png",
    "jpeg",
    "vox",
)

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork") or not (ROOT / "examples").exists(),
    reason="this system cannot fork, or the examples are not installed beside the package",
)


def complaints(folder, door, seed, count):
    """What the worker says of files that were not opened, or refused, as they should be."""
    path = os.pathsep.join([str(ROOT), *sys.path])
    done = subprocess.run(
        [sys.executable, WORKER, folder, door, str(seed), str(count)],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": path, "MINIGAN_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=3000,
        check=False,
    )
    *lines, last = done.stdout.splitlines() or [""]
    assert done.returncode == 0 and last.endswith("megabytes"), done.stdout + done.stderr
    return [line for line in lines if " opened by " in line]


def test_what_would_be_large_is_what_it_says_and_not_merely_broken():
    assert gzip.decompress(gzipped(b"head", 2)) == b"head" + bytes(2 * MEGABYTE)
    made = io.BytesIO()
    np.savez(made, header=np.ones(2), weights=np.ones(3), more=np.ones(4))
    with np.load(io.BytesIO(npz_of_zeros(made.getvalue(), 2))) as file:
        assert file["weights"].shape == (2 * MEGABYTE,) and not file["weights"].any()
        assert file["header"].tolist() == [1, 1] and file["more"].shape == (4,)
    made = io.BytesIO()
    Image.new("CMYK", (40, 16)).save(made, "JPEG", progressive=True, subsampling=0)
    with Image.open(io.BytesIO(taller(made.getvalue(), 50))) as picture:
        assert picture.size == (40, 50) and picture.info["progressive"]


@pytest.mark.parametrize("door", DOORS)
def test_some_damaged_files(tmp_path, door):
    assert complaints(tmp_path / "files", door, seed=0, count=12) == []


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS)
def test_many_damaged_files(tmp_path, door):
    assert complaints(tmp_path / "files", door, seed=1, count=400) == []
