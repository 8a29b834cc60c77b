"""Train capsules that tell handwritten digits apart, and draw what they have seen.

    python examples/capsnet_mnist.py             about eight minutes on two CPU cores
    python examples/capsnet_mnist.py --paper     the full network of the paper: better on a GPU
    python examples/capsnet_mnist.py --quick     a few seconds

It learns from all 60,000 training images of MNIST, each moved by up to two pixels, and is tested on the 10,000
test images; where the full set is not there and cannot be downloaded, or with --no-full, it learns from 9,000 of
the shipped images and is tested on the other 1,000.  Beside the samples, capsules that are noise, it draws

    reconstructions.png    rows of test images x, each with a row below it of what the decoder draws from the longest
                           capsule; then the first images that are misread, the reading drawn, and the true digit
    tweaks.png             two digits, each drawn from a capsule of 16 numbers: a row for every number, which is changed by
                           -0.25, -0.20, ..., 0.25, while the others stay

The model: minigan/models/capsnet.py.
"""

import numpy as np

from minigan.models import CapsNet
from minigan.runs import (
    Run,
    batches_for,
    full_if_possible,
    image_grid,
    labelled,
    parse_run,
    run_parser,
    split_labelled_digits,
)

EPOCHS = 8  # over which the learning rate falls
BATCH_SIZE = 64
PAPER = {"filters": 256, "kernel_size": 9, "strides": 1, "capsules": 32}  # instead of the defaults
ROWS, COLUMNS = 3, 16  # pairs of rows in reconstructions.png, and images in a row
TWEAKED = (2, 4)  # digits
TWEAKS = np.linspace(-0.25, 0.25, 11)
CHANGES = [f"{tweak:+.2f}".replace("+0.00", "0") if i % 2 else "" for i, tweak in enumerate(TWEAKS)]
READ = "Test images, and what the decoder draws from their longest capsules"


def main() -> None:
    parser = run_parser(__doc__, EPOCHS, BATCH_SIZE)
    parser.set_defaults(full=True)
    parser.add_argument(
        "--paper", action="store_true", help="the network of the paper, with 8 million weights"
    )
    args = parse_run(parser, "capsnet")
    args.full = full_if_possible(args.full and not args.quick)
    (images, labels), (unseen, their_labels) = split_labelled_digits(args.full)
    batches = batches_for(args, (images, labels))
    model = CapsNet(decay_steps=args.decay_epochs * len(batches), **(PAPER if args.paper else {}))
    with Run(args, model, batches) as run:  # its folder and checkpoint, --resume, Ctrl-C
        for epoch in run.epochs():
            for batch in run.batches(epoch):  # images (N, 28, 28, 1) and labels (N,)
                run.log(model.train_step(batch))
            run.draw(image_grid(model.sample(100, run.noise)))
    run.finish(finish(model, unseen, their_labels), digits=False)


def finish(model: CapsNet, x: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Print how many of the images x (n, 28, 28, 1) are read right, and draw what capsules say of them."""
    v = model.encode(x)  # (n, 10, 16)
    predicted = np.linalg.norm(v, axis=-1).argmax(axis=-1)
    wrong = np.flatnonzero(predicted != labels)
    error = ((model.decode(v) - x) ** 2).sum(axis=(1, 2, 3)).mean() / 4  # of intensities from 0 to 1
    print(
        f"{1 - len(wrong) / len(x):.2%} of {len(x):,} test images are right; squared error of a drawing {error:.1f}"
    )

    right, wrong = np.flatnonzero(predicted == labels)[: ROWS * COLUMNS], wrong[:COLUMNS]
    rows = [
        part[i : i + COLUMNS]
        for i in range(0, len(right), COLUMNS)
        for part in (x[right], model.decode(v[right]))
    ]
    names = ["image", "drawn"] * (len(rows) // 2)
    if len(wrong):
        rows += [x[wrong], model.decode(v[wrong]), model.decode(v[wrong], labels[wrong])]
        names += ["misclassified", "as predicted", "as true digit"]
    tweaks = [tweaked(model, v[labels == digit][:1], digit) for digit in TWEAKED]
    return {
        "reconstructions": labelled(image_grid(padded(rows), COLUMNS, scale=2), READ, names),
        "tweaks": np.hstack(tweaks),
    }


def padded(rows: list[np.ndarray]) -> np.ndarray:
    """The rows of images one after the other, each filled up with black to COLUMNS images."""
    return np.concatenate(
        [np.pad(row, ((0, COLUMNS - len(row)), (0, 0), (0, 0), (0, 0)), constant_values=-1) for row in rows]
    )


def tweaked(model: CapsNet, v: np.ndarray, digit: int) -> np.ndarray:
    """A picture of capsules v (1, 10, 16), with a row for every dimension of the capsule of this digit."""
    changed = np.repeat(v, 16 * len(TWEAKS), axis=0).reshape(16, len(TWEAKS), 10, 16)
    for dimension in range(16):
        changed[dimension, :, digit, dimension] += TWEAKS
    images = model.decode(changed.reshape(-1, 10, 16), np.full(16 * len(TWEAKS), digit))
    grid = image_grid(images, columns=len(TWEAKS), scale=1)
    named = labelled(
        grid,
        f"The capsule of a {digit}: each of its 16 numbers changed",
        [str(i) for i in range(16)],
        CHANGES,
        11,
    )
    return np.pad(named, ((0, 0), (0, 16), (0, 0)), constant_values=255)


if __name__ == "__main__":
    main()
