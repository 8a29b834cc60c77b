"""What D has learned without labels: a linear classifier on D's features, when labels are few.

    python examples/d_features.py                     trains a D for two epochs
    python examples/d_features.py --run runs/dcgan    the D of a finished run, and the test images of MNIST
    python examples/d_features.py --quick             a few seconds, too short to see anything

After Radford, Metz and Chintala 2015, section 5: D is trained against G, on images without labels, and then stays as
it is.  The activations of each of its convolutions are max-pooled to 4x4 and put in one row, and a linear classifier
learns from such rows and a few labels.  Theirs is a linear SVM, here it is softmax regression with an L2 penalty.
With the same labels learn

    pixels          the same linear classifier, from the images themselves
    untrained D     the same, from the features of D as it was before its training
    trained D       the same, from the features of D after it
    D from scratch  the same layers, all of them trained, from these labels alone

D is trained once, with seed 0, on 8,000 of the shipped digits; the 2,000 others are the test images.  With --run they
are the 10,000 of MNIST's test set, from which no run learns, and the labels are those of shipped digits.  The seeds of
the table choose the images that have labels, equally many of each class, the weights that a classifier begins with, and
its batches.  So the standard error covers these, and not that another D might have learnt something else.

What is finished is kept in the folder, and a command that was interrupted goes on after it.
"""

import argparse
import csv
import math
import time
import zlib
from collections.abc import Callable, Iterable
from functools import cache, partial
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from failure_modes import STYLES, finished
from matplotlib.figure import Figure

import minigan as mg
from minigan.autograd import Tensor
from minigan.backend import to_device
from minigan.data import Batches, load_mnist
from minigan.layers import Conv2D, Dense, Flatten, LeakyReLU
from minigan.losses import softmax_cross_entropy
from minigan.models import DCGAN
from minigan.models.model import in_chunks
from minigan.ops import concatenate, max_pool2d, reshape
from minigan.ops import sum as total
from minigan.optimizers import Adam, linear_decay
from minigan.runs import load_labelled_digits, load_run, parse_with_device, positive

KINDS = ("pixels", "untrained D", "trained D", "D from scratch")
TESTED = 2000  # of the shipped digits
EPOCHS, BATCH = 2, 32  # of the training of D
SIDE = 4  # of the activations after pooling
#: number of labels -> weight of the penalty, the same for all features.  Of 0 and the powers of ten from 1e-4 to 1 it is the
#: best for both D, with the labels of a seed that is not in the table, and 2,000 shipped digits chosen by that seed
L2 = {100: 1e-1, 1000: 1e-2}
LINEAR_STEPS, LINEAR_RATE = 200, 3e-3
NETWORK_STEPS, NETWORK_BATCH, NETWORK_RATE = 300, 50, 2e-3
QUICK_STEPS = 2

Images = np.ndarray  # (N, 28, 28, 1) in [-1, 1]
Batch = tuple[Images, np.ndarray]  # images and labels (N,)
Classifier = Callable[[np.ndarray], np.ndarray]  # images or features of them -> logits (N, 10), on the host
Results = dict[str, dict[str, list[float]]]  # kind -> column of the table -> a number for each seed


# --- Data ------------------------------------------------------------------------------------------------


class Digits(NamedTuple):
    """Images to learn from and to test on, with their labels (N,)."""

    images: Images
    labels: np.ndarray
    test_images: Images
    test_labels: np.ndarray


def divided() -> Digits:
    """The shipped digits, TESTED of them to test on: always the same."""
    images, labels = load_mnist("train")
    order = np.random.default_rng(0).permutation(len(images))
    test, rest = order[:TESTED], order[TESTED:]
    return Digits(images[rest], labels[rest], images[test], labels[test])


def with_mnist_test() -> Digits:
    """The shipped digits, and MNIST's own to test on."""
    return Digits(*load_mnist("train"), *load_labelled_digits(full=True, split="test"))


def of_each_class(labels: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """The indices of `count` random examples of each class, (10 · count,)."""
    return np.concatenate([rng.permutation(np.flatnonzero(labels == k))[:count] for k in range(10)])


# --- Features and classifiers ----------------------------------------------------------------------------


def features(D: Any) -> Callable[[Any], Any]:
    """x (N, H, W, C) -> the activations of D's convolutions, max-pooled to SIDE x SIDE each: (N, features)."""

    def row(x):
        pooled = []
        for layer in takewhile(lambda layer: not isinstance(layer, Flatten), D.layers):
            x = layer(x)
            if isinstance(layer, LeakyReLU):  # of a convolution: (N, H, W, C)
                y = max_pool2d(x, -(-x.shape[1] // SIDE), padding="same")  # (N, SIDE, SIDE, C)
                pooled.append(reshape(y, (len(x), -1)))
        return concatenate(pooled, axis=1)

    return row


def linear(x: np.ndarray, labels: np.ndarray, l2: float, steps: int = LINEAR_STEPS) -> Classifier:
    """Features (N, features) -> logits (N, 10): softmax regression, on all of x (N, features) in every step.

    It minimises  mean of -log p[label] + l2 · Σ W².  The features are centred and all divided by one number.
    """
    mean = x.mean(axis=0)
    scale = (x - mean).std()
    head, x = Dense(x.shape[1], 10), to_device((x - mean) / scale)
    adam = Adam(head.parameters(), linear_decay(LINEAR_RATE, steps))
    for _ in range(steps):
        loss = softmax_cross_entropy(head(x), labels) + l2 * total(head.kernel * head.kernel)
        adam.step(mg.grad(loss, head.parameters()))
    return lambda x: in_chunks(head, (x - mean) / scale)


def fitted(
    network: Callable[[Any], Any], parameters: list[Tensor], draw: Callable[[], Batch], steps: int
) -> Classifier:
    """The network x -> logits (N, 10), its parameters trained on the batches (x, labels) that `draw` returns."""
    adam = Adam(parameters, linear_decay(NETWORK_RATE, steps))
    for _ in range(steps):
        x, labels = draw()
        adam.step(mg.grad(softmax_cross_entropy(network(to_device(x)), labels), parameters))
    return partial(in_chunks, network)


def from_scratch(draw: Callable[[], Batch], steps: int) -> Classifier:
    """The convolutions of a new D, their pooled activations, and a dense layer: all of it trained."""
    D = DCGAN().D
    row, head = (
        features(D),
        Dense(SIDE * SIDE * 3 * DCGAN.width, 10),
    )  # activations of width and 2 · width channels
    convolutions = [layer for layer in D.layers if isinstance(layer, Conv2D)]
    parameters = [p for layer in [*convolutions, head] for p in layer.parameters()]
    return fitted(lambda x: head(row(x)), parameters, draw, steps)


def accuracy(classifier: Classifier, x: np.ndarray, labels: np.ndarray) -> float:
    """How many of x get their label, in %."""
    return 100 * float((classifier(x).argmax(axis=1) == labels).mean())


# --- The comparison --------------------------------------------------------------------------------------


def new_dcgan(decay_steps: int | None = None) -> DCGAN:
    """The DCGAN with the usual settings and the weights of seed 0."""
    mg.seed(0)
    return DCGAN(decay_steps=decay_steps)


def train_d(images: Images, epochs: int, path: Path) -> float:
    """Trains a DCGAN without labels, saves it, and returns the CPU seconds that took."""
    started = time.process_time()
    batches = Batches(images, BATCH, seed=0)
    model = new_dcgan(epochs * len(batches))
    for epoch in range(epochs):
        for batch in batches.epoch(epoch):
            model.train_step(batch)
    model.save(path)
    return time.process_time() - started


def measure(args: argparse.Namespace) -> tuple[Results, float]:
    """The accuracies of all kinds with every number of labels, and the CPU seconds of everything."""
    seconds = 0.0
    if args.run:
        digits, model = with_mnist_test(), load_run(args.run)
        if (model.name, model.image_shape) != ("dcgan", (28, 28, 1)):
            raise ValueError(f"{args.run} holds the model {model.name}, expected a dcgan of digits")
        which = f"run_{checksum(model.D)}"
    else:
        digits = divided()
        which = "quick" if args.quick else f"{args.epochs}"
        path, few = args.out / f"dcgan-{which}.npz", 2 * BATCH if args.quick else None
        seconds = finished(args.out, path.stem, lambda: train_d(digits.images[:few], args.epochs, path))
        model = DCGAN.load(path)
    if args.quick:
        digits = digits._replace(test_images=digits.test_images[:100], test_labels=digits.test_labels[:100])
    of: dict[str, Callable[[Any], Any]] = {
        "pixels": Flatten(),
        "untrained D": features(new_dcgan().D),
        "trained D": features(model.D),
        "D from scratch": lambda images: images,
    }

    @cache
    def tested(kind: str) -> np.ndarray:
        return in_chunks(of[kind], digits.test_images)

    def cell(kind: str, count: int, seed: int) -> dict[str, float]:
        started = time.process_time()
        rng = np.random.default_rng(seed)
        known = of_each_class(digits.labels, count // 10, rng)
        mg.seed(seed)
        if kind == "D from scratch":

            def draw() -> Batch:
                i = rng.choice(known, NETWORK_BATCH)
                return digits.images[i], digits.labels[i]

            classifier = from_scratch(draw, QUICK_STEPS if args.quick else NETWORK_STEPS)
        else:
            steps = QUICK_STEPS if args.quick else LINEAR_STEPS
            x = in_chunks(of[kind], digits.images[known])
            classifier = linear(x, digits.labels[known], L2[count], steps)
        found = accuracy(classifier, tested(kind), digits.test_labels)
        return {"accuracy": found, "seconds": time.process_time() - started}

    results: Results = {kind: {f"{count:,} labels": [] for count in L2} for kind in KINDS}
    for seed in range(args.seeds):
        for kind in KINDS:
            for count in L2:
                name = f"{kind}-{count}-{which}-{'quick-' * args.quick}{seed}".replace(" ", "_")
                found = finished(args.out, name, partial(cell, kind, count, seed))
                results[kind][f"{count:,} labels"].append(found["accuracy"])
                seconds += found["seconds"]
    return results, seconds


def checksum(D: Any) -> str:
    """A short name of the weights: those of another run almost certainly have another one."""
    return f"{zlib.crc32(b''.join(mg.to_numpy(p.data).tobytes() for p in D.parameters())):08x}"


# --- What is shown ---------------------------------------------------------------------------------------


def mean_and_error(numbers: Iterable[float]) -> tuple[float, float]:
    """The mean and its standard error, which of one number is not known."""
    a = np.asarray(list(numbers), float)
    return float(a.mean()), float(a.std(ddof=1)) / math.sqrt(len(a)) if len(a) > 1 else math.nan


def rows_of(results: Results, baseline: str) -> list[tuple[str, ...]]:
    """For each kind and column: mean ± standard error, and that of the difference to the baseline, seed by seed."""
    rows = []
    for kind, columns in results.items():
        cells = [kind]
        for column, numbers in columns.items():
            differences = [a - b for a, b in zip(numbers, results[baseline][column], strict=True)]
            mean, error = mean_and_error(numbers)
            more, its_error = mean_and_error(differences)
            cells += [
                f"{mean:.1f} ± {error:.2f}",
                "" if kind == baseline else f"{more:+.1f} ± {its_error:.2f}",
            ]
        rows.append(tuple(cells))
    return rows


def report(results: Results, baseline: str, seconds: float, out: Path) -> None:
    """Print the table; write it as table.csv, and as figure.png."""
    columns = next(iter(results.values()))
    header = ["accuracy in %", *(cell for name in columns for cell in (name, f"minus {baseline}"))]
    rows = rows_of(results, baseline)
    with open(out / "table.csv", "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    seeds = len(next(iter(columns.values())))
    print(f"\nmean ± standard error over {seeds} seeds; {seconds:.0f} s of CPU time")
    for row in [header, *rows]:
        print(f"{row[0]:26}" + "".join(f"{cell:>20}" for cell in row[1:]))
    draw_results(results, baseline, out / "figure.png")


def draw_results(results: Results, baseline: str, path: Path) -> None:
    """Mean and standard error of each kind, the single seeds behind them, and a line through the baseline."""
    columns = list(next(iter(results.values())))
    figure = Figure(figsize=(8, 0.9 + 0.42 * len(results)), layout="constrained")
    panels = figure.subplots(1, len(columns), squeeze=False)[0]
    for number, (axes, column) in enumerate(zip(panels, columns, strict=True)):
        for place, (kind, found) in enumerate(results.items()):
            style = STYLES[kind != baseline]
            mean, error = mean_and_error(found[column])
            axes.plot(found[column], [place] * len(found[column]), "|", color="#666666", ms=9)
            mark = {"color": style["color"], "marker": style["marker"], "ms": 7, "capsize": 4}
            axes.errorbar(mean, place, xerr=np.nan_to_num(error), **mark)
            if kind == baseline:
                axes.axvline(mean, color=style["color"], linestyle=":", lw=1)
        axes.set(
            title=column,
            xlabel="accuracy in %: seeds, mean ± standard error",
            yticks=range(len(results)),
            ylim=(len(results) - 0.5, -0.5),
        )
        axes.set_yticklabels([] if number else results)
        axes.grid(axis="x", alpha=0.3)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    ready = "the D of this run of dcgan_mnist.py, for every seed%(default).0s"
    parser.add_argument("--run", type=Path, metavar="FOLDER", help=ready)
    parser.add_argument("--epochs", type=positive, default=EPOCHS, help="of the training of D")
    parser.add_argument("--seeds", type=positive, default=5, help="choices of the images that have labels")
    parser.add_argument("--quick", action="store_true", help="one seed, and hardly any training")
    parser.add_argument("--out", type=Path, default=Path("runs/d_features"), help="folder; goes on in it")
    args = parse_with_device(parser)
    if args.quick:
        args.seeds, args.epochs = 1, 1
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        results, seconds = measure(args)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    report(results, "untrained D", seconds, args.out)
    print(args.out)


if __name__ == "__main__":
    main()
