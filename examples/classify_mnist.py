"""Train a small convolutional network that tells handwritten digits apart, to evaluate GANs with it.

    python examples/classify_mnist.py             some minutes on two CPU cores
    python examples/classify_mnist.py --quick     a few seconds, on 1,024 images
    python examples/classify_mnist.py --help      all flags

The training images are all 60,000 of MNIST, moved by up to two pixels in each direction: a digit stays
the same digit wherever it stands.  Besides, the network sees images that are no digits, and learns to be
sure of nothing there: without them it takes any noise for an eight, and is sure of it.  Where the full set
is not there and cannot be downloaded, the shipped 10,000 are used, 1,000 of them for the test.
The network: minigan/evaluation/classifier.py.

The weights that ship were written by

    OPENBLAS_NUM_THREADS=1 python examples/classify_mnist.py --save minigan/data/classifier.npz

The same machine, libraries and number of threads give the same bits; others give as good a classifier.
"""

import argparse
import math
import os
import sys
from pathlib import Path

import numpy as np

import minigan as mg
from minigan import backend
from minigan.data import Batches
from minigan.evaluation.classifier import Classifier, load_classifier, save_classifier
from minigan.losses import softmax_cross_entropy
from minigan.optimizers import Adam
from minigan.runs import full_if_possible, natural, new_folder, positive, split_labelled_digits
from minigan.training import fit

EPOCHS = 6
BATCH_SIZE = 100
LEARNING_RATE = 2e-3
SHIFT = 2  # pixels
NO_DIGITS = 25  # images in a step, besides the digits


class Model:
    """What `fit` trains: the network, its optimizer, and one step."""

    def __init__(self, steps: int) -> None:
        self.classifier, self.steps = Classifier(), steps
        self.optimizer = Adam(self.classifier.parameters(), LEARNING_RATE)
        self.networks = {"classifier": self.classifier}
        self.optimizers = {"classifier": self.optimizer}

    def train_step(self, batch: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
        images, labels = batch
        # From LEARNING_RATE down to zero along half a cosine: large steps first, fine ones last.
        done = self.optimizer.steps / self.steps
        self.optimizer.learning_rate = LEARNING_RATE * max(0.5 * (1 + math.cos(math.pi * done)), 1e-3)
        x = np.concatenate([shifted(images), no_digits(images[:NO_DIGITS])])
        one_hot = np.eye(10, dtype=np.float32)[labels]
        targets = np.concatenate([one_hot, np.full((len(x) - len(images), 10), 0.1, np.float32)])
        logits = self.classifier(backend.to_device(x), training=True)  # (N + NO_DIGITS, 10)
        loss = softmax_cross_entropy(logits, backend.to_device(targets))
        self.optimizer.step(mg.grad(loss, self.classifier.parameters()))
        right = (mg.to_numpy(logits)[: len(images)].argmax(axis=1) == labels).mean()
        return {"loss": loss.data, "accuracy": right}


def shifted(images: np.ndarray) -> np.ndarray:
    """The images (N, H, W, C), each moved by up to SHIFT pixels in both directions, background coming in."""
    n, height, width, _ = images.shape
    pad = ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0))
    wide = np.pad(images, pad, constant_values=-1)
    top, left = backend.generator.integers(2 * SHIFT + 1, size=(2, n, 1))
    rows, columns = top + np.arange(height), left + np.arange(width)  # (N, H), (N, W)
    return wide[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]


def no_digits(images: np.ndarray) -> np.ndarray:
    """Images made of `images` (N, 28, 28, 1), but of small pieces in disorder, and of noise: no digits."""
    n, height, width, _ = images.shape
    side = int(backend.generator.choice([1, 2, 4]))  # of the pieces, in pixels
    pieces = images.reshape(n, height // side, side, width // side, side).swapaxes(2, 3)
    pieces = pieces.reshape(n, -1, side, side)
    pieces = pieces[:, backend.generator.permutation(pieces.shape[1])]
    pieces = pieces.reshape(n, height // side, width // side, side, side).swapaxes(2, 3)
    noise = backend.generator.uniform(-1, 1, images.shape)
    share, contrast, brightness = backend.generator.random((3, n, 1, 1, 1))
    mixed = share * pieces.reshape(images.shape) + (1 - share) * noise
    return (contrast * mixed + (1 - contrast) * (2 * brightness - 1)).astype(np.float32)  # in [-1, 1]


def accuracy(classifier: Classifier, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """The share of the images that are read right, and the share that is read with confidence (p > 0.9)."""
    p = classifier.predict_proba(images)
    return float((p.argmax(axis=1) == labels).mean()), float((p.max(axis=1) > 0.9).mean())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--epochs", type=positive, default=EPOCHS, help="passes over the images")
    parser.add_argument("--seed", type=natural, default=0, help="of weights, shifts and data order")
    parser.add_argument("--subset", action="store_true", help="the shipped 10,000 images, without a download")
    parser.add_argument("--quick", action="store_true", help="a few seconds only, to see that it runs")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="for history.csv and the checkpoint (default: a new one in runs/)%(default).0s",
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the weights, as they ship")
    args = parser.parse_args()
    mg.use("cpu")  # whatever MINIGAN_DEVICE says, the weights are the same
    full = full_if_possible(not (args.subset or args.quick))
    (images, labels), (test_images, test_labels) = split_labelled_digits(full)
    test = "10,000 test images" if full else "1,000 training images kept for it"
    if args.quick:
        images, labels, args.epochs = images[:1024], labels[:1024], min(args.epochs, 2)
    mg.seed(args.seed)
    batches = Batches((images, labels), BATCH_SIZE, seed=args.seed)
    model = Model(args.epochs * len(batches))

    def show_accuracy(epoch: int) -> None:
        right, _ = accuracy(model.classifier, test_images, test_labels)
        print(f"after epoch {epoch}: {right:.2%} of the {test} are right", flush=True)

    try:
        out = args.out or new_folder("classifier")
        done = fit(model, batches, args.epochs, out, after_epoch=show_accuracy)
    except FileExistsError as error:
        parser.error(str(error))
    if not done:
        sys.exit(130)
    if args.save:
        command = f"python examples/classify_mnist.py --epochs {args.epochs} --seed {args.seed}"
        command += " --quick" * args.quick + " --subset" * args.subset
        about = {
            "command": command,
            "seed": args.seed,
            "images": len(images),
            "minigan": mg.__version__,
            "numpy": np.__version__,
            "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "not set"),
        }
        save_classifier(args.save, model.classifier, about)
        right, sure = accuracy(
            load_classifier(args.save), test_images, test_labels
        )  # with its rounded weights
        save_classifier(args.save, model.classifier, about | {"test": test, "accuracy": right, "sure": sure})
        print(f"{right:.2%} right, {sure:.2%} sure; written: {args.save}")


if __name__ == "__main__":
    main()
