"""Train a 3-D GAN on solid digits of 16x16x16 voxels, or on MagicaVoxel's files.

    python examples/gan3d_mnist.py                   some four minutes on two CPU cores
    python examples/gan3d_mnist.py --flat            the same digits by a DCGAN, whose channels are the planes
    python examples/gan3d_mnist.py --data FOLDER     on your own .vox files, of up to 16x16x16 voxels
    python examples/gan3d_mnist.py --quick           a few seconds

A digit of MNIST becomes a cushion: the farther a pixel is from the edge of its stroke, the thicker.  Beside the samples
it draws turning.gif, and at the end it prints, with the same numbers of digits that were held out,

    confident, rarest digit, Fréchet distance    what the classifier of minigan/evaluation says of the front views
    cushion                                      how far a solid is the cushion that its front view would become: the
                                                 voxels that both have, as a share of those that one of them has

The networks: minigan/models/gan3d.py; the training step: minigan/models/gan.py; the data: minigan/data/voxels.py.
"""

import argparse
import sys

import numpy as np

from minigan.data import load_voxels, solid_digits
from minigan.data.voxels import SIZE, front, full, solids_of
from minigan.evaluation import (
    confident_share,
    digit_classifier,
    digit_shares,
    evaluate_pictures,
    format_table,
    frechet_distance,
)
from minigan.models import DCGAN, GAN3D
from minigan.runs import (
    Run,
    absolute_path,
    batches_for,
    parse_run,
    run_parser,
    save_turning,
    solid_grid,
    split_digits,
)

EPOCHS = 4  # over which the learning rates fall
BATCH_SIZE = 32
SAMPLES = 1000  # in the table
TURNING, COLUMNS = 24, 6  # samples in turning.gif, and in a row of it


def main() -> None:
    args = parse_run(flags(), "gan3d")
    solids, unseen = load(args)  # (N, 16, 16, 16, 1) with 1 for full and -1 for empty
    batches = batches_for(args, flat(solids) if args.flat else solids)
    steps = args.decay_epochs * len(batches)
    model = (
        DCGAN(image_size=SIZE, channels=SIZE, decay_steps=steps) if args.flat else GAN3D(decay_steps=steps)
    )
    noise = np.random.default_rng(args.seed).standard_normal((100, model.latent_size))

    def picture(scale: int) -> np.ndarray:
        return solid_grid(solid(model.sample(100, noise)), scale=scale)

    with Run(args, model, batches, picture) as run:  # its folder and checkpoint, --resume, Ctrl-C
        for epoch in run.epochs():
            for batch in run.batches(epoch):  # (N, 16, 16, 16, 1)
                run.log(model.train_step(batch))
            run.draw(picture(2))
    n = COLUMNS if args.quick else SAMPLES
    samples = solid(model.sample(n, np.random.default_rng(0).standard_normal((n, model.latent_size))))
    if run.group.is_rank_0:
        save_turning(run.out / "turning.gif", samples[:TURNING], COLUMNS)
    run.finish(table="" if args.quick else table(samples, solids, unseen))


def flags() -> argparse.ArgumentParser:
    parser = run_parser(__doc__, EPOCHS, BATCH_SIZE)
    parser.add_argument("--flat", action="store_true", help="a DCGAN instead, whose channels are the planes")
    own = "a folder of .vox files to train on (default: solid digits)%(default).0s"
    parser.add_argument("--data", type=absolute_path, metavar="FOLDER", help=own)
    return parser


def load(args: argparse.Namespace) -> tuple[np.ndarray, np.ndarray | None]:
    """Solids to train on, and digits that are held out; None if the solids are no digits."""
    if args.data is None:
        images, unseen = split_digits(args.full)
        return solid_digits(images), solid_digits(unseen)
    try:
        return load_voxels(args.data), None
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


def flat(solids: np.ndarray) -> np.ndarray:
    """Solids (N, D, H, W, 1) as images whose channels are the planes: (N, H, W, D)."""
    return np.ascontiguousarray(solids[..., 0].transpose(0, 2, 3, 1))


def solid(samples: np.ndarray) -> np.ndarray:
    """Solids (N, D, H, W, 1) of such images; solids stay as they are."""
    return samples if samples.ndim == 5 else samples.transpose(0, 3, 1, 2)[..., np.newaxis]


def table(samples: np.ndarray, solids: np.ndarray, unseen: np.ndarray | None) -> str:
    if unseen is None:  # as images of 16 channels: distances to the nearest solid, and to each other
        return format_table(evaluate_pictures(samples[..., 0], solids[..., 0]))
    classifier = digit_classifier()
    reference = classifier.features(front(solids))
    titles = ("confident (p > 0.9), %", "rarest digit, %", "Fréchet distance", "cushion, %")
    lines = ["  ".join(["".ljust(15), *titles])]
    for name, those in (("samples", samples), ("held-out digits", unseen[:SAMPLES])):
        features = classifier.features(front(those))
        p = classifier.head_proba(features)
        numbers = (
            100 * confident_share(p),
            100 * digit_shares(p).min(),
            frechet_distance(reference, features),
            100 * likeness(those),
        )
        cells = [f"{number:{len(title)}.2f}" for number, title in zip(numbers, titles, strict=True)]
        lines.append("  ".join([name.ljust(15), *cells]))
    return "\n".join(lines)


def likeness(solids: np.ndarray) -> float:
    """The mean share of the voxels of a solid, or of the cushion of its front view, that both of them have."""
    found = full(solids)  # (N, D, H, W)
    expected = full(solids_of(found.any(axis=1)))
    both, either = (f(found, expected).sum(axis=(1, 2, 3)) for f in (np.logical_and, np.logical_or))  # (N,)
    return float(np.mean(both / np.maximum(either, 1)))


if __name__ == "__main__":
    main()
