"""Train pix2pix on pairs: it turns an image into another one, such as a grey face into one in colour.

    python examples/image_to_image.py                             grey to colour, about two minutes on two CPU cores
    python examples/image_to_image.py --kind L1                   the same without the adversarial term
    python examples/image_to_image.py --task outline              from outlines to faces
    python examples/image_to_image.py --task super-resolution     from half the size
    python examples/image_to_image.py --task inpaint              a square is missing
    python examples/image_to_image.py --task glasses              put glasses on a face
    python examples/image_to_image.py --quick                     a few seconds

A tenth of the pairs is kept out of training.  samples.png shows some of them, in groups of three rows: the input x,
what G makes of it, and the true y.  The table at the end is about all of them:

    L1        mean |y - G(x)|, of images in [-1, 1]; for "inpaint", in the hole only
    PSNR      10 log10 (2² / mean (y - G(x))²), in dB: 2 is the range of the images
    detail    mean difference of neighbouring pixels, in % of that of the true images
    colour    mean difference of the largest and the smallest channel, likewise: the images may be pale

with the same numbers of what one would do without a network.  Other data, where the task allows it: --data mnist, or a
folder of pictures.  The model: minigan/models/image_to_image.py; the pairs: minigan/data/pairs.py.
"""

import argparse
import sys
from collections.abc import Mapping

import numpy as np

from minigan.data import load_face_pairs, pairs
from minigan.data.pixels import resized, with_channels
from minigan.models import ImageToImage
from minigan.models.image_to_image import KINDS
from minigan.ops import upsample2d
from minigan.runs import Run, batches_for, image_grid, labelled, load_images, parse_run, run_parser

BATCH_SIZE = 16
EPOCHS = {"colourise": 4, "super-resolution": 4, "inpaint": 4, "outline": 4, "glasses": 20}  # task -> epochs
UNSEEN = 10  # one pair in so many is kept out of training
COLUMNS, GROUPS = 12, 3  # images in a row of samples.png, and groups of three rows


def main() -> None:
    parser = run_parser(__doc__, EPOCHS["colourise"], BATCH_SIZE, data="faces")
    parser.add_argument(
        "--task", choices=EPOCHS, default="colourise", help="what to learn; glasses has 20 epochs"
    )
    parser.add_argument("--kind", choices=KINDS, default="L1+cGAN", help="the terms of the loss of G")
    epochs = EPOCHS[parser.parse_known_args()[0].task]
    parser.set_defaults(epochs=epochs, decay_epochs=epochs)
    args = parse_run(parser, "image_to_image")
    x, y = load_pairs(args)  # (N, H, W, in_channels) and (N, H, W, channels) in [-1, 1]
    order = np.random.default_rng(0).permutation(len(x))
    unseen, seen = np.split(order, [-(-len(x) // UNSEEN)])
    batches = batches_for(args, (x[seen], y[seen]))
    model = ImageToImage(
        image_size=y.shape[1],
        in_channels=x.shape[-1],
        channels=y.shape[-1],
        kind=args.kind,
        decay_steps=args.decay_epochs * len(batches),
    )
    x, true, typical = x[unseen], y[unseen], y[seen].mean(axis=0)

    def picture(scale: int) -> np.ndarray:
        shown = min(GROUPS * COLUMNS, len(x))
        return beside(x[:shown], model.translate(x[:shown]), true[:shown], scale)

    with Run(args, model, batches, picture) as run:  # its folder and checkpoint, --resume, Ctrl-C
        for epoch in run.epochs():
            for batch in run.batches(epoch):  # inputs and outputs
                run.log(model.train_step(batch))
            run.draw(picture(2))
    found = {f"G, {args.kind}": model.translate(x)} | baselines(args.task, x, typical)
    run.finish(table=table(args.task, x, true, found))


def load_pairs(args: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of the task, or the end of the program with the reason in words."""
    if args.task == "glasses":
        if args.data != "faces" or args.image_size or args.channels:
            sys.exit("error: --task glasses needs the faces that come with minigan, as they are")
        return load_face_pairs()
    y = load_images(args)
    if args.task == "colourise" and y.shape[-1] == 1:
        sys.exit("error: --task colourise needs images in colour")
    damage = {
        "colourise": pairs.grey,
        "super-resolution": pairs.coarse,
        "inpaint": pairs.with_hole,
        "outline": pairs.outline,
    }[args.task]
    return damage(y), y


def beside(x: np.ndarray, drawn: np.ndarray, true: np.ndarray, scale: int) -> np.ndarray:
    """Groups of three rows: inputs, what G makes of them, and the true images."""
    parts = with_channels(x, true.shape[-1]), drawn, true
    rows = [part[i : i + COLUMNS] for i in range(0, len(x), COLUMNS) for part in parts]
    grid = image_grid(np.concatenate(rows), COLUMNS, scale=scale)
    return labelled(grid, rows=["x", "G(x)", "y"] * (len(rows) // 3), size=7 * scale)


def baselines(task: str, x: np.ndarray, typical: np.ndarray) -> dict[str, np.ndarray]:
    """What one would make of inputs x without a network, by name; `typical` is the mean y of training."""
    if task == "colourise":
        tint = typical - pairs.grey(typical[np.newaxis])[0]  # (H, W, channels)
        return {"grey, as it is": x + 0 * tint, "grey, with the mean tint": np.clip(x + tint, -1, 1)}
    if task == "super-resolution":
        smooth = upsample2d(resized(x, x.shape[1] // 2), 2, interpolation="bilinear")
        return {"nearest": x, "bilinear": smooth}
    if task == "inpaint":
        return {"the mean of the border": pairs.mean_of_border(x)}
    if task == "outline":
        return {"the mean image": np.broadcast_to(typical, (len(x), *typical.shape))}
    return {"no glasses, as it is": x}


def table(task: str, x: np.ndarray, true: np.ndarray, found: Mapping[str, np.ndarray]) -> str:
    """A line for each of what was found for inputs x, by name."""
    mask = (x == pairs.HOLE).all(axis=-1) if task == "inpaint" else np.ones(true.shape[:3], bool)
    lines = [f"{len(x):,} unseen pairs, {task}".ljust(34) + "     L1     PSNR   detail   colour"]
    for name, images in found.items():
        numbers = mean_error(images[mask], true[mask]), psnr(images[mask], true[mask])
        shares = [100 * f(images) / max(f(true), 1e-12) for f in (detail, colour)]
        line = f"{name:<34}{numbers[0]:7.4f}{numbers[1]:6.2f} dB{shares[0]:7.1f} %"
        lines.append(line + (f"{shares[1]:7.1f} %" if true.shape[-1] == 3 else ""))
    return "\n".join(lines)


def mean_error(images: np.ndarray, true: np.ndarray) -> float:
    return float(np.abs(images - true).mean())


def psnr(images: np.ndarray, true: np.ndarray) -> float:
    """The peak signal-to-noise ratio of images in [-1, 1], in dB: ∞ if they are the true ones."""
    error = float(((images - true) ** 2).mean())
    return 10 * float(np.log10(4 / error)) if error else float("inf")


def detail(images: np.ndarray) -> float:
    """The mean difference of neighbouring pixels of images (N, H, W, C)."""
    return float(np.mean([np.abs(np.diff(images, axis=axis)).mean() for axis in (1, 2)]))


def colour(images: np.ndarray) -> float:
    """The mean difference of the largest and the smallest channel: 0 for grey."""
    return float((images.max(axis=-1) - images.min(axis=-1)).mean())


if __name__ == "__main__":
    main()
