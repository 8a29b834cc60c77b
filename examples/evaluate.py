"""Evaluate a trained run: how good are its digits, which are missing, and does it copy?

    python examples/evaluate.py runs/mlp_gan                    less than a minute
    python examples/evaluate.py runs/mlp_gan --samples 1000     quicker, with other baselines
    python examples/evaluate.py runs/my_gan --model my_gan.py:MyGAN

Prints a table in which each number stands beside its baseline, the one that real test images get, and draws
into the run folder

    nearest.png      samples, each beside its nearest training image: 50 at random, then of each digit (as the
                     classifier reads it) the 5 that are nearest
    distances.png    how far samples are from their nearest training image, and how far test images are
"""

import argparse
import json
from pathlib import Path

import numpy as np

from minigan.data import load_mnist
from minigan.evaluation import SIZES, digit_classifier, evaluate, format_table, nearest, shipped_distances
from minigan.runs import image_grid, load_run, model_class, natural, parse_with_device, save_image

AT_RANDOM, OF_EACH_DIGIT = 50, 5  # pairs in nearest.png
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
        flags = json.loads((args.run / "config.json").read_text())["flags"]
        training = "full" if flags.get("full") else "subset"
        originals, _ = load_mnist("train", full=training == "full")  # what it was trained on
        noise = np.random.default_rng(args.seed).standard_normal((args.samples, model.latent_size))
        samples = model.sample(args.samples, noise)
        print(format_table(evaluate(samples, training)))
        draw(samples, originals, training, args.run)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(args.run / "nearest.png")
    print(args.run / "distances.png")


def draw(samples: np.ndarray, originals: np.ndarray, training: str, out: Path) -> None:
    """Save the two pictures."""
    index, distances = nearest(samples, originals)
    digits, order = digit_classifier().predict_proba(samples).argmax(axis=1), np.argsort(distances)
    closest = [order[digits[order] == digit][:OF_EACH_DIGIT] for digit in range(10)]
    shown = np.concatenate([np.arange(AT_RANDOM), *closest])
    pairs = np.stack([samples[shown], originals[index[shown]]], axis=1)  # (pairs, 2, 28, 28, 1)
    pairs = pairs.reshape(-1, *samples.shape[1:])
    save_image(out / "nearest.png", image_grid(pairs, columns=2 * COLUMNS))
    plot_distances(out / "distances.png", distances, shipped_distances(training))


def plot_distances(path: Path, samples: np.ndarray, percentiles: np.ndarray) -> None:
    """Two histograms: of the distances of the samples, and of those of the test images."""
    from matplotlib.figure import Figure

    test = np.interp(np.linspace(0, 100, 10_000), np.arange(101), percentiles)  # with these percentiles
    bins = np.linspace(0, max(samples.max(), test.max()), 61).tolist()
    figure = Figure(figsize=(6.5, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.hist(samples, bins, density=True, alpha=0.6, label="samples")
    axes.hist(test, bins, density=True, histtype="step", color="black", label="test images")
    axes.axvline(percentiles[1], color="grey", linestyle=":", label="1 % of the test images are nearer")
    axes.set(xlabel="distance to the nearest training image (pixels in [-1, 1])", ylabel="density")
    axes.legend(loc="upper right", fontsize="small")
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
