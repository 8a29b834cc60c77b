"""Train CycleGAN on faces with and without glasses, without any pairs: it puts glasses on, and takes them off.

    python examples/cycle_gan_faces.py             some minutes on two CPU cores
    python examples/cycle_gan_faces.py --quick     a few seconds

It is trained on faces that wear glasses, and on other faces that wear none.  A tenth of those with glasses is kept out
of training; of these the same faces without glasses are known as well, so that the truth is there to compare with.
samples.png shows some: a face a, G(a) with glasses, F(G(a)) without them again, and a face b with glasses, F(b), and
the true face without.  The table at the end is about all of them:

    worn      the share that a small classifier reads as wearing glasses; it is trained here, on real faces
    outside   mean difference from what went in, in the rows where no glasses are: 0 is best
    L1        mean difference from the true face, of images in [-1, 1]

with the same numbers of what one would do without a network: leave the face as it is, or copy the rows of the eyes
from a face of the other kind.  The model: minigan/models/cycle_gan.py.
"""

from collections.abc import Mapping

import numpy as np

import minigan as mg
from minigan.backend import to_device
from minigan.data import Batches, load_face_pairs, load_faces
from minigan.data.faces import ROWS
from minigan.layers import Dense, Flatten, LeakyReLU, Sequential
from minigan.losses import binary_cross_entropy
from minigan.models import CycleGAN
from minigan.models.dcgan import downsampling
from minigan.models.model import in_chunks
from minigan.optimizers import Adam
from minigan.runs import Run, batches_for, image_grid, labelled, parse_run, run_parser

EPOCHS = 4  # over which the learning rates fall
BATCH_SIZE = 16
UNSEEN = 197  # faces with glasses, kept out of training; and as many without, for the classifier
CLASSIFIER_STEPS = 400
COLUMNS = 12  # faces in a row of samples.png
LABELS = ("a", "G(a)", "F(G(a))", "b", "F(b)", "true")


def main() -> None:
    args = parse_run(run_parser(__doc__, EPOCHS, BATCH_SIZE), "cycle_gan")
    images, attributes = load_faces()  # (10000, 16, 16, 3) in [-1, 1]
    without, worn = images[attributes["glasses"] == ""], images[attributes["glasses"] != ""]
    bare, b = (faces[-UNSEEN:] for faces in load_face_pairs())  # unseen faces, without and with glasses
    a, worn = without[:-UNSEEN], worn[:-UNSEEN]  # to train on; fewer wear glasses, so they come several times
    again = np.random.default_rng(0).integers(len(worn), size=len(a))
    batches = batches_for(args, (a, worn[again]))
    model = CycleGAN(image_size=16, channels=3, decay_steps=args.decay_epochs * len(batches))

    def picture(scale: int) -> np.ndarray:
        a, with_glasses = bare[:COLUMNS], b[-COLUMNS:]
        on, off = model.translate(a), model.translate_back(with_glasses)
        rows = [a, on, model.translate_back(on), with_glasses, off, bare[-COLUMNS:]]
        return labelled(image_grid(np.concatenate(rows), COLUMNS, scale=scale), rows=LABELS, size=7 * scale)

    with Run(args, model, batches, picture) as run:  # its folder and checkpoint, --resume, Ctrl-C
        for epoch in run.epochs():
            for batch in run.batches(epoch):  # faces without glasses, and other faces with glasses
                run.log(model.train_step(batch))
            run.draw(picture(2))
    classifier = trained_classifier(a, worn, 5 if args.quick else CLASSIFIER_STEPS)
    copied = pasted(bare, worn), pasted(b, a)
    results = {
        "glasses on: G(a)": (model.translate(bare), bare, b),
        "  a as it is": (bare, bare, b),
        "  eyes of a face with glasses": (copied[0], bare, b),
        "glasses off: F(b)": (model.translate_back(b), b, bare),
        "  b as it is": (b, b, bare),
        "  eyes of a face without": (copied[1], b, bare),
    }
    run.finish(digits=False, table=table(classifier, results, without[-UNSEEN:]))


def trained_classifier(without: np.ndarray, worn: np.ndarray, steps: int) -> Sequential:
    """x (N, 16, 16, 3) -> a logit (N, 1): does this face wear glasses?  Trained on as many of both kinds."""
    mg.seed(0)
    network = Sequential(*downsampling(3, 16, LeakyReLU(0.2)), Flatten(), Dense(4 * 4 * 32, 1))
    optimizer = Adam(network.parameters(), 2e-3)
    batches = Batches((without[: len(worn)], worn), 32)
    for step in range(steps):
        epoch, number = divmod(step, len(batches))
        pair = next(batches.epoch(epoch, start=number))
        logits = network(to_device(np.concatenate(pair)), training=True)  # (64, 1)
        targets = to_device(np.repeat(np.array([[0], [1]], np.float32), 32, axis=0))
        optimizer.step(mg.grad(binary_cross_entropy(logits, targets), network.parameters()))
    return network


def share_worn(classifier: Sequential, images: np.ndarray) -> float:
    """The share of images that the classifier reads as wearing glasses, in %."""
    return 100 * float((in_chunks(classifier, images) > 0).mean())


def pasted(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The images with the rows of the eyes of other faces, chosen at random."""
    copies = images.copy()
    copies[:, ROWS] = others[np.random.default_rng(0).integers(len(others), size=len(images)), ROWS]
    return copies


def outside(images: np.ndarray, before: np.ndarray) -> float:
    """The mean difference in the rows that glasses do not touch."""
    return float(np.delete(np.abs(images - before), range(16)[ROWS], axis=1).mean())


def table(classifier: Sequential, results: Mapping[str, tuple[np.ndarray, ...]], without: np.ndarray) -> str:
    """A line for each result, by name: images, what they were made from, and the true images."""
    _, worn, bare = results["  b as it is"]
    right = (100 - share_worn(classifier, without) + share_worn(classifier, worn)) / 2
    lines = [f"{len(bare)} unseen faces".ljust(34) + "    worn   outside        L1"]
    for name, (images, before, true) in results.items():
        numbers = outside(images, before), float(np.abs(images - true).mean())
        lines.append(f"{name:<34}{share_worn(classifier, images):6.1f} %{numbers[0]:10.4f}{numbers[1]:10.4f}")
    return "\n".join([*lines, f"the classifier reads {right:.1f} % of unseen real faces right"])


if __name__ == "__main__":
    main()
