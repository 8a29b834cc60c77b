"""Digits: what the examples train on and test on, or the end of the program with the reason in words."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from minigan.data import Batches, load_mnist

UNSEEN = 1000  # shipped images that `split_digits` keeps out of training
QUICK_IMAGES = 512  # with --quick


def load_digits(full: bool, split: str = "train") -> np.ndarray:
    """The images of MNIST (N, 28, 28, 1), or the end of the program with the reason in words."""
    return load_labelled_digits(full, split)[0]


def load_labelled_digits(full: bool, split: str = "train") -> tuple[np.ndarray, np.ndarray]:
    """The images of MNIST (N, 28, 28, 1) and their labels (N,), or the end of the program."""
    try:
        return load_mnist(split, full)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


def split_digits(full: bool) -> tuple[np.ndarray, np.ndarray]:
    """Images to train on, and images to test on: MNIST's own with `full`, otherwise UNSEEN of the shipped."""
    (images, _), (unseen, _) = split_labelled_digits(full)
    return images, unseen


def split_labelled_digits(
    full: bool,
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """(images, labels) to train on, and to test on: those of `split_digits`."""
    images, labels = load_labelled_digits(full)
    if full:
        return (images, labels), load_labelled_digits(full, "test")
    order = np.random.default_rng(0).permutation(len(images))
    seen, unseen = order[UNSEEN:], order[:UNSEEN]
    return (images[seen], labels[seen]), (images[unseen], labels[unseen])


def full_if_possible(full: bool) -> bool:
    """`full`; or False, and the reason on stderr, if all of MNIST is not here and cannot be downloaded."""
    try:
        for split in ("train", "test") if full else ():
            load_mnist(split, full=True)
    except FileNotFoundError as error:
        print(f"{error}\nso: the shipped 10,000 training images, and less accuracy", file=sys.stderr)
        return False
    return full


def batches_for(args: argparse.Namespace, data: np.ndarray | tuple[np.ndarray, ...]) -> Batches:
    """Batches of --batch-size in the order of --seed, of the first few examples only with --quick.

    The program ends with one line if there is not one full batch.
    """
    if args.quick:
        data = tuple(a[:QUICK_IMAGES] for a in data) if isinstance(data, tuple) else data[:QUICK_IMAGES]
    try:
        return Batches(data, args.batch_size, seed=args.seed)
    except ValueError as error:
        sys.exit(f"error: {error}")
