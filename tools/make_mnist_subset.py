"""Make minigan/data/mnist_subset.npz, the 10,000 MNIST images that minigan ships.

    python tools/make_mnist_subset.py FOLDER           write the file
    python tools/make_mnist_subset.py FOLDER --check   compare the shipped file instead

FOLDER holds train-images-idx3-ubyte and train-labels-idx1-ubyte, gzipped or not; they must have the
published SHA-256. Without FOLDER they are looked for and downloaded as load_mnist(full=True) does.
minigan must be importable (pip install -e .).

Of each digit 1,000 training images are drawn at random, and all 10,000 are shuffled together. The
pixels are unchanged. `index` tells where in the training set each image comes from.
"""

import argparse
from pathlib import Path

import numpy as np

from minigan.data.mnist import SUBSET, load_mnist_pixels

SEED = 1998  # the year of MNIST's paper
PER_CLASS = 1_000


def choose(labels: np.ndarray) -> np.ndarray:
    """Positions of PER_CLASS examples of each of the ten classes, shuffled, int32."""
    # RandomState, because NumPy promises never to change what it draws from a seed.
    random = np.random.RandomState(SEED)
    of_class = [random.permutation(np.flatnonzero(labels == digit)) for digit in range(10)]
    chosen = np.concatenate([positions[:PER_CLASS] for positions in of_class])
    return random.permutation(chosen).astype(np.int32)


def make_subset(folder: Path | None) -> dict[str, np.ndarray]:
    """The arrays of the subset by name, cut from the verified originals."""
    images, labels = load_mnist_pixels("train", full=True, folder=folder)
    index = choose(labels)
    return {"images": images[index], "labels": labels[index], "index": index}


def differences(expected: dict[str, np.ndarray], path: Path) -> list[str]:
    """What is wrong with the file at `path`: one line for each array, none if all is right."""
    with np.load(path, allow_pickle=False) as shipped:
        found = {name: shipped[name] for name in shipped.files}
    problems = [f"{name} should not be there" for name in found.keys() - expected.keys()]
    for name, array in expected.items():
        if name not in found:
            problems.append(f"{name} is missing")
        elif found[name].dtype != array.dtype or not np.array_equal(found[name], array):
            problems.append(f"{name} differs")
    return problems


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the MNIST subset that minigan ships.")
    parser.add_argument("folder", nargs="?", type=Path, help="folder with the original files")
    parser.add_argument("--output", type=Path, default=SUBSET, help="the file (%(default)s)")
    parser.add_argument("--check", action="store_true", help="compare the file, write nothing")
    arguments = parser.parse_args()

    subset = make_subset(arguments.folder)
    if arguments.check:
        problems = differences(subset, arguments.output)
        if problems:
            raise SystemExit(f"{arguments.output}: " + ", ".join(problems))
        print(f"{arguments.output} is what this script makes")
    else:
        # NumPy dates every member of the archive 1980-01-01: the same arrays give the same bytes.
        images, labels, index = subset["images"], subset["labels"], subset["index"]
        np.savez_compressed(arguments.output, images=images, labels=labels, index=index)
        print(f"wrote {arguments.output}, {arguments.output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
