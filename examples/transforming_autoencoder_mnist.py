"""Train a transforming autoencoder: capsules that find out by themselves what a position is.

    python examples/transforming_autoencoder_mnist.py             about two minutes on two CPU cores
    python examples/transforming_autoencoder_mnist.py --quick     a few seconds

The capsules see a digit, are told a shift (Δx, Δy), and must draw the digit shifted.  Nobody tells them what
their two numbers, the pose, should mean.  Afterwards they look at images x that they have not been trained
on, and at the same images really shifted, x'.  If a pose is a position, then it has changed by the shift:
for each capsule, and for x and y separately, the table at the end has

    R²       the squared correlation of the pose change q(x') - q(x) with the shift: the share of the shift's
             variance that a straight line through the pose changes explains
    slope    of the line that predicts the pose change from the shift: 1 pixel of pose for 1 of shift is ideal

Both are weighted: a capsule says nothing about where something is that it does not see, so that an image
counts as much as the capsule is present in x and in x', p(x) p(x').  The last line of the table is about the
mean pose change of all capsules, with the same weights.  It also draws

    shifted.png    in groups of three rows: images x, the same shifted, and what the capsules draw when they
                   see x and are told the shift
    samples.png    what the capsules draw at poses and presences that are noise: strokes, not digits

The model: minigan/models/transforming_autoencoder.py.
"""

import numpy as np

from minigan.models import TransformingAutoencoder
from minigan.models.augmentation import shifted
from minigan.runs import Run, batches_for, image_grid, labelled, parse_run, run_parser, split_digits

EPOCHS = 60  # over which the learning rate falls
BATCH_SIZE = 64
ROWS, COLUMNS = 4, 12  # groups in shifted.png, and images in a row
SHOWN = "Digits, the same digits shifted by up to two pixels, and what the capsules draw for that shift"


def main() -> None:
    args = parse_run(run_parser(__doc__, EPOCHS, BATCH_SIZE), "transforming_autoencoder")
    images, unseen = split_digits(args.full)  # (N, 28, 28, 1) in [-1, 1]
    batches = batches_for(args, images)
    model = TransformingAutoencoder(decay_steps=args.decay_epochs * len(batches))
    with Run(args, model, batches) as run:  # its folder and checkpoint, --resume, Ctrl-C
        for epoch in run.epochs():
            for batch in run.batches(epoch):  # (N, 28, 28, 1)
                run.log(model.train_step(batch))
            run.draw(image_grid(model.sample(100, run.noise)))
    run.finish(finish(model, unseen), digits=False)


def finish(model: TransformingAutoencoder, x: np.ndarray) -> dict[str, np.ndarray]:
    """Print what the poses of images x (n, 28, 28, 1) have to do with known shifts, and draw the shifted."""
    m = model.max_shift
    shifts = np.random.default_rng(0).integers(-m, m + 1, (len(x), 2)).astype(np.float32)
    target, drawn = shifted(x, shifts), model.reconstruct(x, shifts)
    (p, q), (p_after, q_after) = model.poses(x), model.poses(target)  # (n, K), (n, K, 2) each
    weights, change = (p * p_after)[..., np.newaxis], q_after - q  # (n, K, 1), (n, K, 2)
    mean = (weights * change).sum(axis=1, keepdims=True) / weights.sum(axis=1, keepdims=True)  # (n, 1, 2)

    r2, slope = agreement(change, shifts, weights)  # (K, 2) each
    mean_r2, mean_slope = agreement(mean, shifts, np.ones_like(mean))
    best = r2.mean(axis=1).argmax()
    print(f"squared error of the drawing, intensity from 0 to 1: {((drawn - target) ** 2).mean() / 4:.4f}")
    print(f"{'':24} R² x   R² y   slope x   slope y")
    for name, a, b in (
        ("median over the capsules", np.median(r2, axis=0), np.median(slope, axis=0)),
        ("best capsule", r2[best], slope[best]),
        ("mean of the capsules", mean_r2[0], mean_slope[0]),
    ):
        print(f"{name:24} {a[0]:4.2f}   {a[1]:4.2f}   {b[0]:7.2f}   {b[1]:7.2f}")

    rows = [part[i : i + COLUMNS] for i in range(0, ROWS * COLUMNS, COLUMNS) for part in (x, target, drawn)]
    grid = image_grid(np.concatenate(rows), columns=COLUMNS, scale=2)
    return {"shifted": labelled(grid, SHOWN, ["image x", "x shifted", "drawn from x"] * ROWS)}


def agreement(change: np.ndarray, shifts: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted R² and slope of pose changes (n, K, 2) against shifts (n, 2): (K, 2) each.

    weights (n, K, 1 or 2).
    """
    weights = weights / weights.sum(axis=0)
    shifts = shifts[:, np.newaxis]  # (n, 1, 2)
    change = change - (weights * change).sum(axis=0)
    shifts = shifts - (weights * shifts).sum(axis=0)  # (n, K, 2)
    together, of_shifts = (weights * change * shifts).sum(axis=0), (weights * shifts**2).sum(axis=0)
    return together**2 / ((weights * change**2).sum(axis=0) * of_shifts), together / of_shifts


if __name__ == "__main__":
    main()
