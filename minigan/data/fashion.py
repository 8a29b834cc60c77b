"""Fashion-MNIST: 70,000 photographs of clothes, 28x28 and grey, in the format of MNIST.

They are not shipped. The four IDX files are looked for in this order:

    1. the folder `fashion` in the one that the environment variable MINIGAN_DATA names,
    2. where Debian's package dataset-fashion-mnist puts them,
    3. the folder `fashion` in the cache folder (Linux: ~/.cache/minigan),
    4. the mirror; what it sends goes to the cache folder.

Source: Xiao, Rasul and Vollgraf 2017, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
algorithms"; MIT licence, Copyright (c) 2017 Zalando SE. Read before: published.py.
"""

import os
from pathlib import Path

import numpy as np

from minigan.checks import choice
from minigan.data.pixels import scaled
from minigan.data.published import Published, cache_folder, load_published

CLASSES = (
    "T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
MIRRORS = ("https://storage.googleapis.com/tensorflow/tf-keras-datasets/",)

FILES = {  # split -> images, labels
    "train": (
        Published(
            "train-images-idx3-ubyte",
            47_040_016,
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        Published(
            "train-labels-idx1-ubyte",
            60_008,
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
    ),
    "test": (
        Published(
            "t10k-images-idx3-ubyte",
            7_840_016,
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        Published(
            "t10k-labels-idx1-ubyte",
            10_008,
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
}


def load_fashion_mnist(split: str = "train") -> tuple[np.ndarray, np.ndarray]:
    """Images, float32 (N, 28, 28, 1) in [-1, 1] (background -1), and labels, int64 (N,), whose words are CLASSES.

    N is 60,000 ("train") or 10,000 ("test"); downloads 31 MB the first time, unless they are found.

    Raises ValueError for a split that does not exist and for a file that is not the published one,
    FileNotFoundError, which says what to put where, if a file is missing and cannot be downloaded.
    """
    choice("load_fashion_mnist", FILES, split=split)
    needed, folders = FILES[split], _folders(os.environ.get("MINIGAN_DATA"))
    instead = "Debian has them in the package dataset-fashion-mnist"
    pixels, labels = (load_published(file, needed, folders, MIRRORS, instead) for file in needed)
    return scaled(pixels)[..., np.newaxis], labels.astype(np.int64)  # (N, 28, 28, 1), (N,)


def _folders(named: str | None) -> list[Path]:
    """The folders to look into. A named one must exist, lest a typing error cost a download."""
    if named and not Path(named).is_dir():
        raise FileNotFoundError(f"there is no data folder {named}; see MINIGAN_DATA")
    return [*([Path(named) / "fashion"] if named else []), DEBIAN, cache_folder() / "fashion"]
