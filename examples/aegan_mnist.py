"""Train AEGAN, a generator and an encoder that invert each other, on handwritten digits or your own pictures.

    python examples/aegan_mnist.py                                   about six minutes on two CPU cores
    python examples/aegan_mnist.py --kind EGAN                       with some of its six terms only
    python examples/aegan_mnist.py --data pictures --image-size 64   on the PNG and JPEG files in a folder
    python examples/aegan_mnist.py --quick                           a few seconds

Beside the samples it draws

    reconstructions.png    real images x, each with G(E(x)) to the right of it
    interpolations.png     from one real image to another: x, G(z) for z from E(x) to E(x'), and x'

The networks and the training step: minigan/models/aegan.py.
"""

import sys

import numpy as np

from minigan.data import load_folder
from minigan.models import AEGAN
from minigan.models.aegan import KINDS
from minigan.runs import (
    Run,
    absolute_path,
    batches_for,
    image_grid,
    load_digits,
    parse_run,
    run_parser,
)

EPOCHS = 8  # over which the learning rates fall
BATCH_SIZE = 64
PAIRS, COLUMNS = 50, 5  # pairs in reconstructions.png, and in one row of it
WALKS, STEPS = 10, 7  # rows of interpolations.png, and generated images in a row


def main() -> None:
    parser = run_parser(__doc__, EPOCHS, BATCH_SIZE)
    parser.add_argument("--kind", default="AEGAN", choices=KINDS, help="which of the six terms are on")
    pictures = "PNG and JPEG files to train on%(default).0s"
    parser.add_argument("--data", type=absolute_path, metavar="FOLDER", help=pictures)
    parser.add_argument("--image-size", type=int, choices=(28, 32, 64), default=28, help="with --data")
    args = parse_run(parser, "aegan")
    if args.data:
        try:
            images = load_folder(args.data, args.image_size)  # (N, size, size, 1 or 3) in [-1, 1]
        except (ImportError, OSError, ValueError) as error:
            sys.exit(f"error: {error}")
    elif args.image_size != 28:
        parser.error("MNIST has 28x28 pixels: --image-size needs --data")
    else:
        images = load_digits(args.full)  # (N, 28, 28, 1) in [-1, 1]
    batches = batches_for(args, images)
    steps = args.decay_epochs * len(batches)
    model = AEGAN(image_size=args.image_size, channels=images.shape[-1], kind=args.kind, decay_steps=steps)
    with Run(args, model, batches) as run:  # its folder and checkpoint, --resume, Ctrl-C
        for epoch in run.epochs():
            for batch in run.batches(epoch):  # (N, H, W, C)
                run.log(model.train_step(batch))
            run.draw(image_grid(model.sample(100, run.noise)))
    run.finish(draw(model, images), digits=not args.data)


def draw(model: AEGAN, images: np.ndarray) -> dict[str, np.ndarray]:
    """The pictures that need an encoder; the images are among those that it was trained on."""
    if model.kind == "GAN":
        return {}
    x = images[:PAIRS]
    pairs = np.stack([x, model.reconstruct(x)], axis=1).reshape(-1, *x.shape[1:])
    ends = images[: 2 * WALKS].reshape(-1, 2, *x.shape[1:])
    rows = [np.concatenate([x[:1], model.sample(STEPS, walk(model.encode(x))), x[1:]]) for x in ends]
    return {
        "reconstructions": image_grid(pairs, columns=2 * COLUMNS, scale=3),
        "interpolations": image_grid(np.concatenate(rows), columns=STEPS + 2, scale=3),
    }


def walk(ends: np.ndarray) -> np.ndarray:
    """STEPS latents on the line from the first to the second of `ends` (2, latent_size)."""
    t = np.linspace(0, 1, STEPS)[:, np.newaxis]  # (STEPS, 1)
    return (1 - t) * ends[0] + t * ends[1]


if __name__ == "__main__":
    main()
