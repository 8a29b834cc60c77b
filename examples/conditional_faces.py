"""Train a conditional GAN on faces: it draws glasses, a hat and a beard where it is asked for them.

    python examples/conditional_faces.py             about two minutes of CPU time
    python examples/conditional_faces.py --quick     a few seconds

The condition is three bits, one for each attribute, and not a label for each of their eight combinations: of these some
are very rare, all three together in 5 faces of 10,000, and with bits a hat is learned from every face that has one.
Hats and beards are rare, too, 1 face of 20 each, so that faces with one of them are taken REPEATS times in an epoch.

The pictures of samples ask for glasses, for a hat, and for a beard in turn.  At the end it draws

    combinations.png    from the same noise in each column, a row for each combination

and prints how often a classifier of attributes, which was trained on real faces (minigan/evaluation/attributes.py),
reads what was asked for: beside what it reads right in faces that neither network has seen, and beside samples that were
asked for something else, which are right by chance only.
The networks and the training step: minigan/models/conditional_gan.py.
"""

import numpy as np

from minigan.evaluation import evaluate_pictures, format_table
from minigan.evaluation.attributes import face_attributes, train_classifier
from minigan.models import ConditionalGAN
from minigan.runs import Run, batches_for, image_grid, labelled, parse_run, run_parser

EPOCHS = 4  # over which the learning rates fall
BATCH_SIZE = 32
ASKED = ("glasses", "hat", "beard")
REPEATS = 5  # of a face with a hat or a beard in an epoch
COMBINATIONS = np.array([(g, h, b) for g in (0, 1) for h in (0, 1) for b in (0, 1)])  # (8, 3)
UNSEEN = 1000  # faces that are kept out of training
COLUMNS = 12  # of a picture
SAMPLES = 2000  # that the classifier reads


def main() -> None:
    args = parse_run(run_parser(__doc__, EPOCHS, BATCH_SIZE), "conditional_faces")
    images, bits = face_attributes(ASKED)  # (N, 16, 16, 3) in [-1, 1], (N, 3)
    order = np.random.default_rng(0).permutation(len(images))
    seen, unseen = order[UNSEEN:], order[:UNSEEN]
    repeated = np.repeat(seen, np.where(bits[seen, 1:].any(axis=1), REPEATS, 1))
    batches = batches_for(args, (images[repeated], bits[repeated].astype(np.float32)))
    model = ConditionalGAN(
        conditions=len(ASKED),
        image_size=16,
        channels=3,
        latent_size=64,
        width=48,
        r1_weight=2.0,
        decay_steps=args.decay_epochs * len(batches),
    )
    with Run(args, model, batches) as run:  # its folder and checkpoint, --resume, Ctrl-C
        for epoch in run.epochs():
            for batch in run.batches(epoch):  # images (N, 16, 16, 3) and bits (N, 3)
                run.log(model.train_step(batch))
            run.draw(image_grid(model.sample(100, run.noise)))  # glasses, a hat, a beard in turn
    picture = image_grid(combinations(model, run.noise), COLUMNS, scale=3)
    if not args.quick:
        print(table(model, images, bits, seen, unseen))
    run.finish({"combinations": labelled(picture, rows=[name(c) for c in COMBINATIONS])}, digits=False)


def name(combination: np.ndarray) -> str:
    """What a combination asks for, in words."""
    return " + ".join(word for word, bit in zip(ASKED, combination, strict=True) if bit) or "none"


def combinations(model: ConditionalGAN, noise: np.ndarray) -> np.ndarray:
    """COLUMNS images of each combination, row by row, from the same noise in every row: (8 · COLUMNS, H, W, C)."""
    z = np.tile(noise[:COLUMNS], (len(COMBINATIONS), 1))
    return model.sample(len(z), z, COMBINATIONS.repeat(COLUMNS, axis=0))


def table(model: ConditionalGAN, images, bits, seen, unseen) -> str:
    """How often the bits asked for are read in samples, in faces that were not trained on, and by chance."""
    classifier = train_classifier(images[seen], bits[seen])
    asked = COMBINATIONS[np.arange(SAMPLES) % len(COMBINATIONS)].astype(bool)
    noise = np.random.default_rng(0).standard_normal((SAMPLES, model.latent_size))
    samples = model.sample(SAMPLES, noise, asked)
    read = classifier.predict(samples)
    real = classifier.predict(images[unseen])
    columns = {
        f"{SAMPLES:,} samples, as asked": shares(read, asked),
        "samples asked for another row": shares(read, np.roll(asked, 3, axis=0)),
        f"{UNSEEN:,} unseen real faces": shares(real, bits[unseen]),
    }
    lines = [f"{'read right, %':<24}" + "".join(f"{title:>32}" for title in columns)]
    for i, row in enumerate(next(iter(columns.values()))):
        lines.append(f"{row:<24}" + "".join(f"{list(c.values())[i]:>32.1f}" for c in columns.values()))
    return "\n".join(lines) + "\n\n" + format_table(evaluate_pictures(samples, images[seen]))


def shares(read: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """name of a row -> % of the bits (N, 3) that are read as they should be: all three; each where it is 1, and 0."""
    right = read == truth
    found = {"all three": 100 * right.all(axis=1).mean()}
    for i, attribute in enumerate(ASKED):
        found[f"{attribute}, where asked"] = 100 * right[truth[:, i], i].mean()
        found[f"no {attribute}, where not"] = 100 * right[~truth[:, i], i].mean()
    return found


if __name__ == "__main__":
    main()
