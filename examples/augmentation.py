"""Do the samples of a GAN help where digits are few?  A classifier with and without them, beside shifts and rotations.

    python examples/augmentation.py             trains a GAN and five classifiers for every seed
    python examples/augmentation.py --quick     a few seconds, too short to see anything

There are 20 real digits of each class, 200 in all.  Nothing else is learnt from: not by the classifier, a small
convolutional network, and not by the conditional GAN (minigan/models/conditional_gan.py) whose samples it gets.

    real digits                the 200 alone, with which the others are compared
    shifts and rotations       each is rotated by up to 15 degrees and shifted by up to 2 pixels, anew in every batch
    GAN                        half of every batch are samples of the GAN
    GAN, shifts and rotations  the same, and all of it is rotated and shifted, the samples too
    2,000 real digits          what ten times as many real digits would do

Each of them takes the same number of steps, with batches of the same size, and is tested on the 8,000 shipped digits
that are not among the 2,000.  The seed chooses the digits, the weights, the noise and the order, and the standard
error covers all of that.

It also prints what the samples are like: how often the classifier that comes with minigan, which has learnt from all
of MNIST and is used for nothing else here, reads the digit that was asked for; and how far they are from the 200.

What is finished is kept in the folder, and a command that was interrupted goes on after it.
"""

import argparse
import time
from collections.abc import Callable
from functools import cache
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from capsnet_affine import mapped
from d_features import (
    QUICK_STEPS,
    Batch,
    Classifier,
    Images,
    Results,
    accuracy,
    fitted,
    mean_and_error,
    of_each_class,
    report,
)
from failure_modes import finished

import minigan as mg
from minigan.data import Batches, load_mnist
from minigan.evaluation import digit_classifier, nearest
from minigan.layers import Dense, Flatten, LeakyReLU, Sequential
from minigan.models import ConditionalGAN
from minigan.models.dcgan import downsampling
from minigan.runs import image_grid, labelled, parse_with_device, positive, save_image

FEW, MANY = 20, 200  # real digits of each class
#: kind -> real digits of each class, the share of samples of the GAN in a batch, whether all of it is moved
KINDS = {
    "real digits": (FEW, 0.0, False),
    "shifts and rotations": (FEW, 0.0, True),
    "GAN": (FEW, 0.5, False),
    "GAN, shifts and rotations": (FEW, 0.5, True),
    "2,000 real digits": (MANY, 0.0, False),
}
GAN_STEPS, GAN_BATCH, GAN_WIDTH = 300, 40, 16
SAMPLES = 2000  # of the GAN, the same number of each class; a batch takes its own from these
STEPS, BATCH, WIDTH = 300, 50, 16  # of a classifier
ANGLE, SHIFT = 15.0, 2.0  # degrees and pixels, at most
SHOWN = 4  # rows of samples in the picture
#: what is printed about the samples, mean and standard error over the seeds
SEEN = {
    "as asked": "samples that are read as the digit asked for, %",
    "distance of samples": "median distance of a sample to the nearest of the 200 digits",
    "distance of others": "the same of a digit that is not one of them",
}


class Digits(NamedTuple):
    """Indices of the shipped digits: MANY of each class, (10, MANY), and those to test on."""

    known: np.ndarray
    test: np.ndarray


@cache
def shipped() -> tuple[Images, np.ndarray]:
    return load_mnist("train")


@cache
def chosen(seed: int) -> Digits:
    """What the seed chooses: the first FEW of each class are the real digits of most kinds."""
    _, labels = shipped()
    known = of_each_class(labels, MANY, np.random.default_rng(seed))
    return Digits(known.reshape(10, MANY), np.setdiff1d(np.arange(len(labels)), known))


def moved(x: Images, rng: np.random.Generator) -> Images:
    """Each image rotated around its middle and shifted, both at random."""
    angle = rng.uniform(-np.radians(ANGLE), np.radians(ANGLE), len(x))
    c, s = np.cos(angle), np.sin(angle)
    return mapped(x, np.array([[c, -s], [s, c]]).transpose(2, 0, 1), rng.uniform(-SHIFT, SHIFT, (len(x), 2)))


def samples_of_gan(seed: int, steps: int) -> Images:
    """Samples (SAMPLES, 28, 28, 1) of a conditional GAN that has seen FEW digits of each class: 0 to 9 in turn."""
    images, labels = shipped()
    known = chosen(seed).known[:, :FEW].ravel()
    mg.seed(seed)
    model = ConditionalGAN(width=GAN_WIDTH, decay_steps=steps)
    batches = Batches((images[known], labels[known]), GAN_BATCH, seed=seed)
    epochs = (batch for epoch in count() for batch in batches.epoch(epoch))
    for batch in islice(epochs, steps):
        model.train_step(batch)
    return model.sample(SAMPLES)


def convolutions(draw: Callable[[], Batch], steps: int) -> Classifier:
    """Images -> logits (N, 10): two strided convolutions and a dense layer."""
    halved = downsampling(1, WIDTH, LeakyReLU(0.2))  # (N, 7, 7, 2 · WIDTH)
    network = Sequential(*halved, Flatten(), Dense(7 * 7 * 2 * WIDTH, 10))
    return fitted(network, network.parameters(), draw, steps)


def classifier(kind: str, samples: Images, seed: int, steps: int) -> Classifier:
    """A network trained with what this kind gives it."""
    images, labels = shipped()
    each, share, is_moved = KINDS[kind]
    known, generated = chosen(seed).known[:, :each].ravel(), round(share * BATCH)
    rng = np.random.default_rng(seed)

    def draw() -> Batch:
        i, j = rng.choice(known, BATCH - generated), rng.integers(SAMPLES, size=generated)
        x = np.concatenate([images[i], samples[j]])
        return moved(x, rng) if is_moved else x, np.concatenate([labels[i], j % 10])

    mg.seed(seed)
    return convolutions(draw, steps)


def look_at_samples(samples: Images, seed: int) -> dict[str, float]:
    """How often they are the digit that was asked for, in %, and the median distance to the nearest of the real ones."""
    digits, (images, _) = chosen(seed), shipped()
    few = images[digits.known[:, :FEW].ravel()]
    read = digit_classifier().predict_proba(samples).argmax(axis=1)
    return {
        "as asked": 100 * float((read == np.arange(len(samples)) % 10).mean()),
        "distance of samples": float(np.median(nearest(samples, few)[1])),
        "distance of others": float(np.median(nearest(images[digits.test], few)[1])),
    }


def measure(args: argparse.Namespace) -> tuple[Results, list[dict[str, float]], float]:
    """The accuracies of all kinds, what the samples are like, and the CPU seconds of everything."""
    column = f"{FEW} real digits of each class"
    results: Results = {kind: {column: []} for kind in KINDS}
    seen, seconds = [], 0.0
    gan_steps, steps = (QUICK_STEPS, QUICK_STEPS) if args.quick else (args.gan_steps, STEPS)
    images, labels = shipped()
    for seed in range(args.seeds):
        path = args.out / f"samples-{gan_steps}-{seed}.npy"

        def gan(seed: int = seed, path: Path = path) -> dict[str, float]:
            started = time.process_time()
            samples = samples_of_gan(seed, gan_steps)
            np.save(path, samples)
            return look_at_samples(samples, seed) | {"seconds": time.process_time() - started}

        seen.append(finished(args.out, path.stem, gan))
        samples, test = np.load(path), chosen(seed).test[: 100 if args.quick else None]
        draw_samples(seed, samples, args.out / f"samples-{seed}.png")
        for kind in KINDS:

            def cell(kind: str = kind, seed: int = seed, samples: Images = samples, test: np.ndarray = test):
                started = time.process_time()
                found = accuracy(classifier(kind, samples, seed, steps), images[test], labels[test])
                return {"accuracy": found, "seconds": time.process_time() - started}

            name = f"{kind}-{gan_steps}-{steps}-{seed}".replace(" ", "_").replace(",", "")
            found = finished(args.out, name, cell)
            results[kind][column].append(found["accuracy"])
            seconds += found["seconds"]
    return results, seen, seconds + sum(one["seconds"] for one in seen)


def draw_samples(seed: int, samples: Images, path: Path) -> None:
    """Samples, and below each the nearest of the real digits that the GAN has seen."""
    images = shipped()[0][chosen(seed).known[:, :FEW].ravel()]
    rows = samples[: 10 * SHOWN]
    pairs = np.stack([rows, images[nearest(rows, images)[0]]], axis=1)  # (10 · SHOWN, 2, 28, 28, 1)
    pairs = pairs.reshape(SHOWN, 10, 2, *rows.shape[1:]).swapaxes(1, 2).reshape(-1, *rows.shape[1:])
    grid = image_grid(pairs, columns=10)
    save_image(path, labelled(grid, rows=["sample", "its nearest"] * SHOWN, columns=[*"0123456789"]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--gan-steps", type=positive, default=GAN_STEPS, help="of the training of the GAN")
    parser.add_argument("--seeds", type=positive, default=5, help="repetitions of everything")
    parser.add_argument("--quick", action="store_true", help="one seed, and hardly any training")
    parser.add_argument("--out", type=Path, default=Path("runs/augmentation"), help="folder; goes on in it")
    args = parse_with_device(parser)
    args.seeds = 1 if args.quick else args.seeds
    args.out.mkdir(parents=True, exist_ok=True)
    results, seen, seconds = measure(args)
    for name, words in SEEN.items():
        mean, error = mean_and_error([one[name] for one in seen])
        print(f"{words}: {mean:.1f} ± {error:.1f}")
    report(results, "real digits", seconds, args.out)
    print(args.out)


if __name__ == "__main__":
    main()
