"""MNIST: 28x28 images of handwritten digits, the shipped 10,000 or all 70,000.

The subset lies beside this file: 10,000 of the 60,000 training images, 1,000 of each digit, made by
tools/make_mnist_subset.py. The full set is four IDX files, looked for in this order:

    1. the folder that the environment variable MINIGAN_DATA names,
    2. the cache folder (Linux: ~/.cache/minigan),
    3. the mirrors; what they send goes to the cache folder.

A file counts only if its unpacked content has the published SHA-256, wherever it comes from.

Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition",
Proc. IEEE 86 (1998); licence and attribution in LICENSE.mnist. Read before: idx.py.
"""

import hashlib
import os
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minigan.checks import choice, flag
from minigan.data.idx import parse_idx, read_content

SUBSET = Path(__file__).with_name("mnist_subset.npz")

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


class Published(NamedTuple):
    """One of the published files: its name, and size in bytes and SHA-256 of its unpacked content."""

    name: str
    size: int
    sha256: str


FILES = {  # split -> images, labels
    "train": (
        Published(
            "train-images-idx3-ubyte",
            47_040_016,
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        Published(
            "train-labels-idx1-ubyte",
            60_008,
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
    ),
    "test": (
        Published(
            "t10k-images-idx3-ubyte",
            7_840_016,
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        Published(
            "t10k-labels-idx1-ubyte",
            10_008,
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
}


def load_mnist(split: str = "train", full: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Images, float32 (N, 28, 28, 1) in [-1, 1] (background -1), and labels, int64 (N,).

    `full=False` loads the shipped subset of the training set, N = 10,000. `full=True` loads all of
    the split, N = 60,000 ("train") or 10,000 ("test"), and downloads it (12 MB) the first time.

    Raises ValueError for a split that does not exist and for a file that is not the published one,
    FileNotFoundError, which says what to put where, if a file is missing and cannot be downloaded.
    """
    pixels, labels = load_mnist_pixels(split, flag("load_mnist", full=full))
    # x / 127.5 - 1, subtracting first: x - 127.5 is exact, so only the division rounds.
    images = np.subtract(pixels, 127.5, dtype=np.float32)
    images /= 127.5
    return images[..., np.newaxis], labels.astype(np.int64)  # (N, 28, 28, 1), (N,)


def load_mnist_pixels(
    split: str = "train", full: bool = False, folder: str | os.PathLike[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The images as they were published, uint8 (N, 28, 28) with 0 = background, and uint8 labels.

    `folder` is looked into first for the full set; MINIGAN_DATA is its default.
    """
    choice("load_mnist", FILES, split=split)
    if full:
        folders = _folders(folder or os.environ.get("MINIGAN_DATA"))
        pixels, labels = (_load(file, split, folders) for file in FILES[split])
        return pixels, labels
    if split != "train":
        raise ValueError(
            f"load_mnist: the shipped MNIST subset was cut from the training set, so that it has no {split!r} "
            f"split; load_mnist({split!r}, full=True) loads the one of the full set"
        )
    with np.load(SUBSET, allow_pickle=False) as subset:
        return subset["images"], subset["labels"]


def cache_folder() -> Path:
    """The folder for downloaded data, where the operating system's conventions want it."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "minigan"


def _folders(first: str | os.PathLike[str] | None) -> list[Path]:
    """The folders to look into. A named one must exist, lest a typing error cost a download."""
    if not first:
        return [cache_folder()]
    if not Path(first).is_dir():
        raise FileNotFoundError(f"there is no data folder {os.fspath(first)}; see MINIGAN_DATA")
    return [Path(first), cache_folder()]


def _load(file: Published, split: str, folders: list[Path]) -> np.ndarray:
    """The array in one published file, from the first folder that has it or else from a mirror."""
    for folder in folders:
        for path in _places(folder, file.name):
            if path.is_file():
                return _read_found(file, path)

    # Here, because urllib takes longer to import than all of minigan and is rarely needed.
    from minigan.data.download import download

    target = cache_folder() / (file.name + ".gz")
    urls = [mirror + target.name for mirror in MIRRORS]
    limit = file.size + 1024  # gzip lengthens a little what it cannot shorten
    try:
        download(urls, target, lambda part: _read_verified(file, part), limit)
    except OSError as error:
        raise FileNotFoundError(_help_by_hand(file, split, folders, error)) from error
    return _read_verified(file, target)


def _places(folder: Path, name: str) -> list[Path]:
    """Where the file is, as people have it: with a dot in its name, gzipped, in a folder of its own name."""
    names = [n + suffix for n in (name, name.replace("-idx", ".idx")) for suffix in ("", ".gz")]
    return [place for n in names for place in (folder / n, folder / n / n)]


def _read_found(file: Published, path: Path) -> np.ndarray:
    try:
        return _read_verified(file, path)
    except ValueError as error:
        advice = "delete it and it is downloaded again, or replace it"
        raise ValueError(f"{error}; {path} is not the published {file.name}: {advice}") from error


def _read_verified(file: Published, path: Path) -> np.ndarray:
    """The array in the IDX file at `path`, or a ValueError if it is not the published one."""
    content = read_content(path, limit=file.size)
    array = parse_idx(content, path)
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != file.sha256:
        raise ValueError(f"{path}: found SHA-256 {sha256}, expected {file.sha256}")
    return array


def _help_by_hand(file: Published, split: str, folders: list[Path], error: OSError) -> str:
    lines = [
        f"{file.name} is not here and could not be downloaded: {error}",
        f"Put these files, gzipped (.gz) or not, into {folders[0]}, or into any folder and set",
        "the environment variable MINIGAN_DATA to it:",
    ]
    for needed in FILES[split]:
        lines.append(f"  {needed.name}  (SHA-256 when unpacked: {needed.sha256})")
    lines.append("Another machine can get them, with .gz after their names, from:")
    lines += [f"  {mirror}" for mirror in MIRRORS]
    lines.append("The shipped 10,000 training images need no download: load_mnist()")
    return "\n".join(lines)
