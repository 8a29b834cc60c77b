"""Train AEGAN, a generator and an encoder that invert each other, on handwritten digits or other images.

    python examples/aegan_mnist.py                                   nine minutes of CPU time
    python examples/aegan_mnist.py --kind EGAN                       with some of its six terms only
    python examples/aegan_mnist.py --data faces                      on small drawn faces in colour
    python examples/aegan_mnist.py --data pictures --image-size 64   on the PNG and JPEG files in a folder
    python examples/aegan_mnist.py --quick                           a few seconds

Beside the samples it draws

    reconstructions.png    real images x, each with G(E(x)) to the right of it
    interpolations.png     from one real image to another: x, G(z) for z from E(x) to E(x'), and x'

of images that it was not trained on, and says how good such reconstructions are.
The networks and the training step: minigan/models/aegan.py.
"""

import argparse
from typing import Any

import numpy as np

from minigan.evaluation import digit_classifier
from minigan.models import AEGAN
from minigan.models.aegan import KINDS
from minigan.runs import (
    Run,
    batches_for,
    image_grid,
    labelled,
    parse_run,
    run_parser,
    split_images,
    split_labelled_digits,
)

EPOCHS = 9  # over which the learning rates fall
BATCH_SIZE = 32
PAIRS, COLUMNS = 50, 5  # pairs in reconstructions.png, and in one row of it
WALKS, STEPS = 10, 7  # rows of interpolations.png, and generated images in a row
#: settings for images that are not of ten kinds or so, each with its parts chosen by themselves, and in colour
OF_NO_KINDS: Any = {"categories": 0, "latent_size": 64, "r1_weights": (2.0, 0.1)}


def main() -> None:
    parser = run_parser(__doc__, EPOCHS, BATCH_SIZE, data="mnist")
    parser.add_argument("--kind", default="AEGAN", choices=KINDS, help="which of the six terms are on")
    args = parse_run(parser, "aegan")
    images, unseen = split_images(args)  # (N, H, W, C) and (n, H, W, C) in [-1, 1]
    batches = batches_for(args, images)
    model = AEGAN(
        image_size=images.shape[1],
        channels=images.shape[-1],
        kind=args.kind,
        decay_steps=args.decay_epochs * len(batches),
        **({} if args.data in ("mnist", "fashion") else OF_NO_KINDS),
    )
    with Run(args, model, batches) as run:  # its folder and checkpoint, --resume, Ctrl-C
        for epoch in run.epochs():
            for batch in run.batches(epoch):  # (N, H, W, C)
                run.log(model.train_step(batch))
            run.draw(image_grid(model.sample(100, run.noise)))
    if model.encoder:
        print(fidelity(unseen, model.reconstruct(unseen), labels_of(args, unseen)))
    run.finish(draw(model, unseen))


def labels_of(args: argparse.Namespace, unseen: np.ndarray) -> Any:
    """The labels (n,) of the unseen images, if these are digits as the classifier reads them; otherwise None."""
    is_digits = args.data == "mnist" and unseen.shape[1:] == (28, 28, 1)
    return split_labelled_digits(args.full)[1][1] if is_digits else None


def fidelity(x: np.ndarray, reconstructed: np.ndarray, labels: np.ndarray | None = None) -> str:
    """How far the images x are from their reconstructions, and from those of other images; if these have labels (n,),
    in how many of the reconstructions they can still be read."""
    error, other = (np.abs(y - x).mean() for y in (reconstructed, np.roll(reconstructed, 1, axis=0)))
    said = f"{len(x)} unseen images: mean |x - G(E(x))| {error:.4f} (of another image: {other:.4f})"
    if labels is None:
        return said
    kept = (digit_classifier().predict_proba(reconstructed).argmax(axis=1) == labels).mean()
    return f"{said}, label kept {100 * kept:.1f} %"


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
