"""Train AEGAN, a generator and an encoder that invert each other, on handwritten digits or your own pictures.

    python examples/aegan_mnist.py                                   eleven minutes of CPU time
    python examples/aegan_mnist.py --kind EGAN                       with some of its six terms only
    python examples/aegan_mnist.py --data pictures --image-size 64   on the PNG and JPEG files in a folder
    python examples/aegan_mnist.py --quick                           a few seconds

Beside the samples it draws

    reconstructions.png    real images x, each with G(E(x)) to the right of it
    interpolations.png     from one real image to another: x, G(z) for z from E(x) to E(x'), and x'

of digits that it was not trained on, and says how good such reconstructions are.
The networks and the training step: minigan/models/aegan.py.
"""

import argparse
import sys
from typing import Any

import numpy as np

from minigan.data import load_folder
from minigan.evaluation import digit_classifier
from minigan.models import AEGAN
from minigan.models.aegan import KINDS
from minigan.runs import (
    Run,
    absolute_path,
    batches_for,
    image_grid,
    labelled,
    parse_run,
    run_parser,
    split_labelled_digits,
)

EPOCHS = 11  # over which the learning rates fall
BATCH_SIZE = 32
PAIRS, COLUMNS = 50, 5  # pairs in reconstructions.png, and in one row of it
WALKS, STEPS = 10, 7  # rows of interpolations.png, and generated images in a row


def main() -> None:
    parser = run_parser(__doc__, EPOCHS, BATCH_SIZE)
    parser.add_argument("--kind", default="AEGAN", choices=KINDS, help="which of the six terms are on")
    pictures = "PNG and JPEG files to train on%(default).0s"
    parser.add_argument("--data", type=absolute_path, metavar="FOLDER", help=pictures)
    parser.add_argument("--image-size", type=int, choices=(28, 32, 64), default=28, help="with --data")
    args = parse_run(parser, "aegan")
    images, unseen, labels = load_images(parser, args)  # (N, H, W, C) and (n, H, W, C) in [-1, 1], (n,)
    batches = batches_for(args, images)
    steps = args.decay_epochs * len(batches)
    model = AEGAN(image_size=args.image_size, channels=images.shape[-1], kind=args.kind, decay_steps=steps)
    with Run(args, model, batches) as run:  # its folder and checkpoint, --resume, Ctrl-C
        for epoch in run.epochs():
            for batch in run.batches(epoch):  # (N, H, W, C)
                run.log(model.train_step(batch))
            run.draw(image_grid(model.sample(100, run.noise)))
    if model.encoder and labels is not None:
        print(fidelity(unseen, model.reconstruct(unseen), labels))
    run.finish(draw(model, unseen), digits=not args.data)


def load_images(parser: argparse.ArgumentParser, args: argparse.Namespace) -> tuple[Any, Any, Any]:
    """Images to train on, images to reconstruct, and the labels of these; of a folder, the same and None."""
    if args.data:
        try:
            images = load_folder(args.data, args.image_size)
        except (ImportError, OSError, ValueError) as error:
            sys.exit(f"error: {error}")
        return images, images, None
    if args.image_size != 28:
        parser.error("MNIST has 28x28 pixels: --image-size needs --data")
    (images, _), unseen = split_labelled_digits(args.full)
    return images, *unseen


def fidelity(x: np.ndarray, reconstructed: np.ndarray, labels: np.ndarray) -> str:
    """How far the images x are from their reconstructions, and in how many of these the label can still be read."""
    kept = (digit_classifier().predict_proba(reconstructed).argmax(axis=1) == labels).mean()
    error = np.abs(reconstructed - x).mean()
    return f"{len(x)} unseen images: mean |x - G(E(x))| {error:.4f}, label kept {100 * kept:.1f} %"


def draw(model: AEGAN, images: np.ndarray) -> dict[str, np.ndarray]:
    """The pictures that need an encoder."""
    if model.encoder is None:
        return {}
    x = images[:PAIRS]
    pairs = np.stack([x, model.reconstruct(x)], axis=1).reshape(-1, *x.shape[1:])
    ends = images[: 2 * WALKS].reshape(-1, 2, *x.shape[1:])
    rows = [np.concatenate([x[:1], model.decode(walk(model.encode(x))), x[1:]]) for x in ends]
    grids = [
        image_grid(pairs, columns=2 * COLUMNS, scale=3),
        image_grid(np.concatenate(rows), columns=STEPS + 2, scale=3),
    ]
    names = ["x", *["G(z)"] * STEPS, "x'"]
    return {
        "reconstructions": labelled(
            grids[0],
            "Real images x, each with its reconstruction G(E(x))",
            columns=["x", "G(E(x))"] * COLUMNS,
        ),
        "interpolations": labelled(
            grids[1], "In each row, G(z) for z in equal steps from E(x) to E(x')", columns=names
        ),
    }


def walk(ends: np.ndarray) -> np.ndarray:
    """STEPS latents on the line from the first to the second of `ends` (2, latent_size)."""
    t = np.linspace(0, 1, STEPS)[:, np.newaxis]  # (STEPS, 1)
    return (1 - t) * ends[0] + t * ends[1]


if __name__ == "__main__":
    main()
