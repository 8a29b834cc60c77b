"""MNIST: 28x28 images of handwritten digits, the shipped 10,000 or all 70,000.

The subset lies beside this file: 10,000 of the 60,000 training images, 1,000 of each digit, made by
tools/make_mnist_subset.py. The full set is four IDX files, looked for in this order:

    1. the folder that the environment variable MINIGAN_DATA names,
    2. the cache folder (Linux: ~/.cache/minigan),
    3. the mirrors; what they send goes to the cache folder.

A file counts only if its unpacked content has the published SHA-256, wherever it comes from.

Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition",
Proc. IEEE 86 (1998); licence and attribution in LICENSE.mnist. Read before: published.py.
"""

import os
from pathlib import Path

import numpy as np

from minigan.checks import choice, flag
from minigan.data.pixels import scaled
from minigan.data.published import Published, cache_folder, load_published

SUBSET = Path(__file__).with_name("mnist_subset.npz")

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


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
    return scaled(pixels)[..., np.newaxis], labels.astype(np.int64)  # (N, 28, 28, 1), (N,)


def load_mnist_pixels(
    split: str = "train", full: bool = False, folder: str | os.PathLike[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The images as they were published, uint8 (N, 28, 28) with 0 = background, and uint8 labels.

    `folder` is looked into first for the full set; MINIGAN_DATA is its default.
    """
    choice("load_mnist", FILES, split=split)
    if full:
        folders = _folders(folder or os.environ.get("MINIGAN_DATA"))
        instead = "The shipped 10,000 training images need no download: load_mnist()"
        needed = FILES[split]
        pixels, labels = (load_published(file, needed, folders, MIRRORS, instead) for file in needed)
        return pixels, labels
    if split != "train":
        raise ValueError(
            f"load_mnist: the shipped MNIST subset was cut from the training set, so that it has no {split!r} "
            f"split; load_mnist({split!r}, full=True) loads the one of the full set"
        )
    with np.load(SUBSET, allow_pickle=False) as subset:
        return subset["images"], subset["labels"]


def _folders(first: str | os.PathLike[str] | None) -> list[Path]:
    """The folders to look into. A named one must exist, lest a typing error cost a download."""
    if not first:
        return [cache_folder()]
    if not Path(first).is_dir():
        raise FileNotFoundError(f"there is no data folder {os.fspath(first)}; see MINIGAN_DATA")
    return [Path(first), cache_folder()]
