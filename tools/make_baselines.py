"""Make minigan/data/baselines.json, the numbers that real test images get from minigan.evaluation.

    python tools/make_baselines.py            write the file
    python tools/make_baselines.py --check    compare the shipped file instead

The full MNIST set is looked for and downloaded as load_mnist(full=True) does.  The first N of the 10,000 test
images, in a random order (as published, the second half is harder than the first), take the place of N
samples, for each N of minigan.evaluation.SIZES; the reference is the shipped subset of the training images.
"""

import argparse
import json
from typing import Any

import numpy as np

from minigan.data import load_mnist
from minigan.evaluation.classifier import SHA256
from minigan.evaluation.metrics import nearest
from minigan.evaluation.table import BASELINES, SIZES, Features, embed, measured, shipped_reference

SEED = 1998  # the year of MNIST's paper
DIGITS = 6  # significant ones
TOLERANCE = 1e-3  # relative; another matrix library rounds differently, and a bin or two may tip over


def make_baselines() -> dict[str, Any]:
    images, _ = load_mnist("test", full=True)
    test = embed(images[np.random.RandomState(SEED).permutation(len(images))])
    distances = {
        name: nearest(test.images, load_mnist("train", full=name == "full")[0])[1]
        for name in ("subset", "full")
    }
    return {
        "made by": "tools/make_baselines.py",
        "classifier": SHA256,
        "nearest": {name: rounded(np.percentile(d, np.arange(101))) for name, d in distances.items()},
        "metrics": {str(n): baselines(test, distances["subset"], n) for n in SIZES},
    }


def baselines(test: Features, distances: np.ndarray, n: int) -> dict[str, list[float]]:
    first = Features(*(part[:n] for part in test))
    found = measured(first, shipped_reference(), distances[:n], distances)
    return {name: rounded(numbers) for name, numbers in found.items()}


def rounded(numbers: Any) -> list[float]:
    return [float(f"{number:.{DIGITS}g}") for number in numbers]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare the file, write nothing")
    made = make_baselines()
    if not parser.parse_args().check:
        BASELINES.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n")
        print(f"wrote {BASELINES}")
        return
    shipped = json.loads(BASELINES.read_text())
    for n, of_size in made["metrics"].items():
        for name, numbers in of_size.items():
            found = shipped["metrics"][n][name]
            close = np.allclose(numbers, found, rtol=TOLERANCE, atol=2 if "bins" in name else TOLERANCE)
            print(f"{'same' if close else 'DIFFERS':<8} {n:>6} {name}: {numbers} {'' if close else found}")


if __name__ == "__main__":
    main()
