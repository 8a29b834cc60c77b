"""The 3-D GAN's example: its table, solids of one's own, resuming, and what is drawn from its run."""

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minigan
from minigan.data import load_mnist, solid_digits
from minigan.data.voxels import as_solids, full, solids_of
from minigan.runs import load_run
from minigan.training import read_history

EXAMPLES = Path(minigan.__file__).parents[1] / "examples"

pytestmark = pytest.mark.skipif(
    not EXAMPLES.exists(), reason="the examples are not installed beside the package"
)


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(str(EXAMPLES / "gan3d_mnist.py"))


def start(script, *flags, folder):
    command = [sys.executable, EXAMPLES / script, *map(str, flags)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def write_vox(path, side):
    """A cube with this many voxels along each side."""
    places = [(x, y, z) for x in range(side) for y in range(side) for z in range(side)]
    xyzi = len(places).to_bytes(4, "little") + b"".join(bytes([*place, 1]) for place in places)
    chunks = b"SIZE" + b"".join(n.to_bytes(4, "little") for n in (12, 0, 40, 40, 40))
    chunks += b"XYZI" + len(xyzi).to_bytes(4, "little") + bytes(4) + xyzi
    main = b"VOX " + (150).to_bytes(4, "little") + b"MAIN" + bytes(4) + len(chunks).to_bytes(4, "little")
    path.write_bytes(main + chunks)


def test_digits_become_images_with_planes_for_channels_and_come_back(example):
    solids = solid_digits(load_mnist()[0][:3])
    images = example["flat"](solids)
    assert images.shape == (3, 16, 16, 16) and images[1, 5, 6, 7] == solids[1, 7, 5, 6, 0]
    np.testing.assert_array_equal(example["solid"](images), solids)
    assert example["solid"](solids) is solids


def test_the_likeness_to_a_cushion_by_hand(example):
    """A digit is its own cushion; a column of 10 voxels, whose cushion has 4, has 4 of 10."""
    likeness = example["likeness"]
    assert likeness(solid_digits(load_mnist()[0][:5])) == 1
    column = np.zeros((1, 16, 16, 16), bool)
    column[0, 3:13, 8, 8] = True
    assert full(solids_of(column.any(axis=1))).sum() == 4
    assert likeness(as_solids(column)) == pytest.approx(0.4)
    assert likeness(as_solids(np.zeros_like(column))) == 0


def test_the_table_compares_the_samples_with_the_digits_that_were_held_out(example):
    solids = solid_digits(load_mnist()[0][:600])
    lines = example["table"](solids[:200], solids[200:], solids[:200]).splitlines()
    assert lines[0].split("  ")[-1] == "cushion, %"
    assert lines[1].split()[1:] == lines[2].split()[2:] and lines[1].split()[-1] == "100.00"
    worse = example["table"](np.roll(solids[:200], 4, axis=2), solids[200:], solids[:200]).splitlines()
    assert float(worse[1].split()[1]) < float(worse[2].split()[2]) - 30  # confident
    assert float(worse[1].split()[3]) > 3 * float(worse[2].split()[4])  # distance


@pytest.mark.slow
def test_it_goes_on_bit_for_bit_and_is_drawn_from(tmp_path):
    quick = ["--quick", "--batch-size", 128]
    for flags in (
        [*quick, "--epochs", 2, "--out", "whole"], [*quick, "--epochs", 1, "--out", "half"],
        ["--resume", "half", "--epochs", 2],
    ):  # fmt: skip
        done = start("gan3d_mnist.py", *flags, folder=tmp_path)
        assert done.returncode == 0, done.stderr
    noise = np.random.default_rng(0).standard_normal((2, 32))
    one, other = (load_run(tmp_path / name).sample(2, noise) for name in ("whole", "half"))
    assert one.tobytes() == other.tobytes()
    done = start("generate.py", "whole", "--count", 9, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert np.asarray(Image.open(tmp_path / "whole/generated.png")).shape == (180, 180, 3)
    done = start("evaluate.py", "whole", folder=tmp_path)
    assert done.returncode == 2 and done.stderr.splitlines()[-1].startswith("evaluate.py: error: ")


@pytest.mark.slow
def test_solids_of_a_folder_have_a_table_of_distances(tmp_path):
    (tmp_path / "solids").mkdir()
    for i in range(1, 9):
        write_vox(tmp_path / "solids" / f"{i}.vox", side=i)
    write_vox(tmp_path / "solids" / "large.vox", side=17)
    done = start(
        "gan3d_mnist.py",
        "--data",
        "solids",
        "--epochs",
        2,
        "--batch-size",
        4,
        "--out",
        "run",
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "large.vox: its model has 17 x 17 x 17 voxels" in done.stderr
    assert "distance to the nearest training picture" in done.stdout
    assert len(read_history(tmp_path / "run/history.csv")) > 0
    with Image.open(tmp_path / "run/turning.gif") as image:
        assert image.n_frames == 36
    done = start("gan3d_mnist.py", "--data", "nowhere", "--out", "other", folder=tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("error: there is no folder ")
