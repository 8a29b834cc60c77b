"""Do capsules read digits that lie as none did in training?  CapsNet against a CNN with as many weights.

    python examples/capsnet_affine.py             about 35 minutes with one thread
    python examples/capsnet_affine.py --quick     a few seconds

All networks learn from the same training images of MNIST, moved by whole pixels, two at most in each direction, and
by nothing else.  They are tested on the test images as they are, and on the same images under one random affine
map each (`affine`), the same for all: around the middle of the image,

    p -> R(angle) [[1, shear], [0, 1]] diag(width, height) p + shift,

with angle in ±20°, shear in ±0.2, width and height in 0.8 to 1.2 and both shifts in ±2 pixels, each drawn evenly.
The shifts are no larger than in training: rotation, shear and size are what is new.

    CNN                  conv 5x5, 32; max pooling; conv 5x5, 64; max pooling; dense 209; dropout; dense 10
    CapsNet              as it is by default (minigan/models/capsnet.py)
    CapsNet, 1 routing   the same, but every capsule divides itself evenly: no routing by agreement
    CapsNet, last        the same as CapsNet, with routing_gradient="last": what is learnt from a part of the gradient
    CapsNet, none        and with "none"

Of CapsNet's weights, those of the decoder do not count here: it only helps in training.  Printed is the mean over the
seeds, with its standard error, of the share of the images that are read right.  After Ctrl-C, the same command goes
on where it stopped.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import minigan as mg
from minigan.backend import to_device
from minigan.data import Batches
from minigan.layers import Conv2D, Dense, Dropout, Flatten, Layer, MaxPooling2D, ReLU, Sequential
from minigan.losses import softmax_cross_entropy
from minigan.models import CapsNet
from minigan.models.augmentation import random_shifts, shifted
from minigan.models.model import in_chunks
from minigan.optimizers import Adam, linear_decay
from minigan.runs import digits, full_if_possible, parse_with_device, positive, split_labelled_digits
from minigan.training import fit

EPOCHS, SEEDS = 3, 3
BATCH_SIZE = 64
MAX_SHIFT = 2  # pixels, in training


class CNN:
    """What `fit` trains: convolutions, with as many weights as the capsules of a `CapsNet`."""

    def __init__(self, decay_steps: int, learning_rate: float = 2e-3) -> None:
        self.network = Sequential(
            Conv2D(1, 32, 5),  # (N, 24, 24, 32)
            ReLU(),
            MaxPooling2D(2),
            Conv2D(32, 64, 5),  # (N, 8, 8, 64)
            ReLU(),
            MaxPooling2D(2),
            Flatten(),
            Dense(4 * 4 * 64, 209),
            ReLU(),
            Dropout(0.5),
            Dense(209, 10),
        )
        self.optimizer = Adam(
            self.network.parameters(), linear_decay(learning_rate, decay_steps, CapsNet.FINAL)
        )
        self.networks: dict[str, Layer] = {"network": self.network}
        self.optimizers = {"network": self.optimizer}

    def train_step(self, batch: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
        images, labels = batch
        x = shifted(to_device(images), random_shifts(len(images), MAX_SHIFT))
        loss = softmax_cross_entropy(self.network(x, training=True), labels)
        self.optimizer.step(mg.grad(loss, self.network.parameters()))
        return {"loss": loss.data}

    def predict(self, images: np.ndarray) -> np.ndarray:
        return in_chunks(self.network, images).argmax(axis=-1)


def capsnet(steps: int, routings: int = 3, gradient: str = "full") -> CapsNet:
    model = CapsNet(routings=routings, max_shift=MAX_SHIFT, decay_steps=steps)
    model.class_capsules.classes.routing_gradient = gradient
    return model


#: name -> (makes a model whose learning rate falls over so many steps, the name of its network that reads)
CONTESTANTS: dict[str, tuple[Callable[[int], Any], str]] = {
    "CNN": (CNN, "network"),
    "CapsNet": (capsnet, "class_capsules"),
    "CapsNet, 1 routing": (partial(capsnet, routings=1), "class_capsules"),
    "CapsNet, last": (partial(capsnet, gradient="last"), "class_capsules"),
    "CapsNet, none": (partial(capsnet, gradient="none"), "class_capsules"),
}


def affine(images: np.ndarray, seed: int = 0) -> np.ndarray:
    """Images (N, H, W, 1) under one random affine map each, as at the top; the background comes in."""
    rng, n = np.random.default_rng(seed), len(images)
    angle, shear = rng.uniform(-math.radians(20), math.radians(20), n), rng.uniform(-0.2, 0.2, n)
    size, shift = rng.uniform(0.8, 1.2, (n, 2)), rng.uniform(-2, 2, (n, 2))
    c, s, one, zero = np.cos(angle), np.sin(angle), np.ones(n), np.zeros(n)
    turn = np.array([[c, -s], [s, c]]).transpose(2, 0, 1)  # (N, 2, 2)
    slant = np.array([[one, shear], [zero, one]]).transpose(2, 0, 1)
    return mapped(images, turn @ slant * size[:, np.newaxis], shift)


def mapped(images: np.ndarray, matrices: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Images (N, H, W, 1) whose points p = (x, y) have gone to M p + shift, by linear interpolation.

    matrices M (N, 2, 2);  shifts (N, 2) in pixels;  x leads right and y down from the middle of the image.
    """
    n, height, width, _ = images.shape
    y, x = np.mgrid[:height, :width]
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    to = np.stack([x, y], axis=-1).reshape(-1, 2) - middle  # (H·W, 2)
    source = (to - shifts[:, np.newaxis]) @ np.linalg.inv(matrices).transpose(0, 2, 1) + middle  # (N, H·W, 2)
    source = np.clip(source, -1, [width, height]) + 1  # in an image with a frame of one pixel, and one more
    intensity = np.pad((images[..., 0] + 1) / 2, ((0, 0), (1, 2), (1, 2)))
    left, top = np.floor(source).astype(int).transpose(2, 0, 1)  # (N, H·W) each
    right, down = (source - np.floor(source)).transpose(2, 0, 1)  # how far on to the next pixel
    image = np.arange(n)[:, np.newaxis]
    drawn = (1 - down) * ((1 - right) * intensity[image, top, left] + right * intensity[image, top, left + 1])
    drawn += down * (
        (1 - right) * intensity[image, top + 1, left] + right * intensity[image, top + 1, left + 1]
    )
    return (2 * drawn - 1).reshape(images.shape).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        "--epochs", type=positive, default=EPOCHS, help="passes over the images, for each network"
    )
    parser.add_argument("--seeds", type=positive, default=SEEDS, help="trainings of each network")
    parser.add_argument("--subset", action="store_true", help="the shipped 10,000 images, without a download")
    parser.add_argument("--quick", action="store_true", help="a few seconds only, to see that it runs")
    parser.add_argument(
        "--out", type=Path, default="runs/capsnet_affine", metavar="FOLDER", help="for the trained networks"
    )
    args = parse_with_device(parser)
    full = full_if_possible(not (args.subset or args.quick))
    (images, labels), (plain, its_labels) = split_labelled_digits(full)
    if args.quick:
        images, labels, args.epochs, args.seeds = (
            images[: digits.QUICK_IMAGES],
            labels[: digits.QUICK_IMAGES],
            1,
            2,
        )
    flags, path = {"epochs": args.epochs, "images": len(images)}, args.out / "config.json"
    if path.exists() and json.loads(path.read_text()) != flags:
        parser.error(f"{path} is of a comparison with other flags: choose another --out")
    args.out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(flags) + "\n")

    tests = [plain, affine(plain)]
    right: dict[str, list[list[float]]] = {name: [] for name in CONTESTANTS}
    weights = {}
    for seed in range(args.seeds):
        for name, (make, network) in CONTESTANTS.items():
            folder = args.out / f"{name.replace(', ', '_').replace(' ', '_')}_{seed}"
            print(f"training: {name}, seed {seed}", flush=True)
            mg.seed(seed)
            batches = Batches((images, labels), BATCH_SIZE, seed=seed)
            model = make(args.epochs * len(batches))
            done = fit(model, batches, args.epochs, folder, resume=(folder / "checkpoint.npz").exists())
            if not done:
                print("to continue, give the same command again")
                sys.exit(130)
            weights[name] = sum(p.data.size for p in model.networks[network].parameters())
            right[name].append([float((model.predict(x) == its_labels).mean()) for x in tests])
            shares = zip(("plain", "affine"), right[name][-1], strict=True)
            print(
                "read right: " + ", ".join(f"{share:.2%} of the {kind} images" for kind, share in shares),
                flush=True,
            )

    print(f"\nread right, of {len(plain):,}; mean of {args.seeds} trainings ± its standard error")
    print(f"{'':<22}{'weights':>8}{'plain':>18}{'affine':>18}")
    for name, shares in right.items():
        error = (
            np.std(shares, axis=0, ddof=1) / math.sqrt(args.seeds) if args.seeds > 1 else np.full(2, np.nan)
        )
        cells = [f"{m:.2%} ± {100 * e:.2f}" for m, e in zip(np.mean(shares, axis=0), error, strict=True)]
        print(f"{name:<22}{weights[name]:>8,}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    main()
