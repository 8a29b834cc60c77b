"""Data: the images that --data, --image-size, --channels and --full ask for, or the end of the program in words."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from minigan.data import load_faces, load_fashion_mnist, load_folder, load_mnist
from minigan.data.pixels import resized, with_channels
from minigan.runs.flags import DATA_SETS

WITHOUT_FULL = 10_000  # images of Fashion-MNIST, as many as of the others
FOLDER_SIZE = 32  # of the pictures in a folder, without --image-size
UNSEEN = 10  # one image in so many is kept out of training by `split_images`


def load_images(args: argparse.Namespace, split: str = "train") -> np.ndarray:
    """The images (N, H, W, C) in [-1, 1] that the flags of `run_parser(..., data=...)` ask for.

    The program ends with one line if there are none such.
    """
    try:
        images = _load(args.data, args.full, args.image_size or FOLDER_SIZE, split)
    except (ImportError, OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    images = resized(images, args.image_size or images.shape[1])
    return with_channels(images, args.channels or images.shape[-1])


def _load(name: str, full: bool, size: int, split: str) -> np.ndarray:
    if name == "mnist":
        return load_mnist(split, full)[0]
    if name == "fashion":
        return load_fashion_mnist(split)[0][: None if full else WITHOUT_FULL]
    if full:
        raise ValueError("--full is for MNIST and Fashion-MNIST: of other data all images are used")
    if name == "faces":
        return load_faces()[0]
    try:
        return load_folder(name, size)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{error}; --data is one of {', '.join(DATA_SETS)}, or a folder") from error


def split_images(args: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Images to train on, and images to test on: those of the test set with --full, otherwise a tenth of all."""
    images = load_images(args)
    if args.full:
        return images, load_images(args, "test")
    order = np.random.default_rng(0).permutation(len(images))
    unseen = -(-len(images) // UNSEEN)
    return images[order[unseen:]], images[order[:unseen]]


def images_of_run(flags: dict, image_shape: tuple[int, ...]) -> np.ndarray:
    """The images that a run was trained on, by the flags in its config.json; MNIST where these name no data.

    image_shape  (H, W, C) of its model, which decides how large they are where a flag has changed that
    Raises ImportError, OSError or ValueError if they cannot be had, or have another shape all the same.
    """
    name = flags.get("data") or "mnist"
    if not isinstance(name, str):
        raise ValueError(f"data is {str(name)[:60]}, expected a name")  # noqa: TRY004 - what is wrong is the file
    images = _load(name, bool(flags.get("full")), image_shape[0], "train")
    if flags.get("image_size"):
        images = resized(images, image_shape[0])
    if flags.get("channels"):
        images = with_channels(images, image_shape[-1])
    if images.shape[1:] != tuple(image_shape):
        raise ValueError(
            f"the model draws images of {tuple(image_shape)}, but its data are of {images.shape[1:]}"
        )
    return images
