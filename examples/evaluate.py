"""Evaluate a trained run: how good are its digits, which are missing, and does it copy?

    python examples/evaluate.py runs/mlp_gan                    less than a minute
    python examples/evaluate.py runs/mlp_gan --samples 1000     quicker, with other baselines
    python examples/evaluate.py runs/my_gan --model my_gan.py:MyGAN

Prints a table in which each number stands beside its baseline, the one that real test images get, and draws
into the run folder

    nearest.png      samples, each beside its nearest training image: 50 at random, then of each digit (as the
                     classifier reads it) the 5 that are nearest
    distances.png    how far samples are from their nearest training image, and how far test images are

A run on other images than digits gets a table without a classifier, the 50 samples that are nearest, and the distances
of training images to the nearest other one.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from minigan.evaluation import (
    SIZES,
    digit_classifier,
    evaluate,
    evaluate_pictures,
    format_table,
    nearest,
    nearest_other,
    shipped_distances,
)
from minigan.runs import (
    image_grid,
    images_of_run,
    labelled,
    load_run,
    model_class,
    natural,
    parse_with_device,
    save_image,
)

AT_RANDOM, CLOSEST = 50, 50  # pairs in nearest.png
COLUMNS = 10  # pairs in a row


def main() -> None:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of a run, as printed by the training examples")
    yours = "the class of a model of your own: this file is run%(default).0s"
    parser.add_argument("--model", type=model_class, metavar="FILE.py:CLASS", help=yours)
    parser.add_argument("--samples", type=int, default=10_000, choices=SIZES, help="images to draw")
    parser.add_argument("--seed", type=natural, default=0, help="of the noise")
    args = parse_with_device(parser)
    try:
        model = load_run(args.run, args.model)
        if hasattr(model, "translate"):
            raise ValueError(f"{args.run}: this model turns images into images, and draws none from noise")
        flags = json.loads((args.run / "config.json").read_text())["flags"]
        originals = images_of_run(flags, model.image_shape)  # what it was trained on
        noise = np.random.default_rng(args.seed).standard_normal((args.samples, model.latent_size))
        samples = model.sample(args.samples, noise)
        if (flags.get("data") or "mnist") == "mnist" and samples.shape[1:] == (28, 28, 1):
            training = "full" if flags.get("full") else "subset"
            print(format_table(evaluate(samples, training)))
            draw(
                samples, originals, shipped_distances(training), closest_digits(samples, originals), args.run
            )
        else:
            print(format_table(evaluate_pictures(samples, originals)))
            others = nearest_other(originals, np.arange(min(len(originals), args.samples)))
            closest = np.argsort(nearest(samples, originals)[1])[:CLOSEST]
            draw(samples, originals, np.percentile(others, range(101)), closest, args.run)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(args.run / "nearest.png")
    print(args.run / "distances.png")


def closest_digits(samples: np.ndarray, originals: np.ndarray) -> np.ndarray:
    """The numbers of the samples that are nearest to a training image, of each digit some."""
    digits = digit_classifier().predict_proba(samples).argmax(axis=1)
    order = np.argsort(nearest(samples, originals)[1])
    return np.concatenate([order[digits[order] == digit][: CLOSEST // 10] for digit in range(10)])


def draw(
    samples: np.ndarray, originals: np.ndarray, percentiles: np.ndarray, closest: np.ndarray, out: Path
) -> None:
    """Save the two pictures; `percentiles` are those of the distances of real images, 0 to 100."""
    index, distances = nearest(samples, originals)
    shown = np.concatenate([np.arange(AT_RANDOM), closest])
    pairs = np.stack([samples[shown], originals[index[shown]]], axis=1)  # (pairs, 2, H, W, C)
    pairs = pairs.reshape(-1, *samples.shape[1:])
    title = "Pairs of a sample and, to its right, the training image that is nearest to it"
    save_image(out / "nearest.png", labelled(image_grid(pairs, columns=2 * COLUMNS), title))
    plot_distances(out / "distances.png", distances, percentiles)


def plot_distances(path: Path, samples: np.ndarray, percentiles: np.ndarray) -> None:
    """Two histograms: of the distances of the samples, and of those of real images."""
    from matplotlib.figure import Figure

    real = np.interp(np.linspace(0, 100, 10_000), np.arange(101), percentiles)  # with these percentiles
    bins = np.linspace(0, max(samples.max(), real.max()), 61).tolist()
    figure = Figure(figsize=(6.5, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.hist(samples, bins, density=True, alpha=0.6, label="samples")
    axes.hist(real, bins, density=True, histtype="step", color="black", label="real images")
    axes.axvline(percentiles[1], color="grey", linestyle=":", label="1 % of the real images are nearer")
    axes.set(xlabel="distance to the nearest training image (pixels in [-1, 1])", ylabel="density")
    axes.legend(loc="upper right", fontsize="small")
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
