"""Evaluate: a table of how good the samples of a generator are, every number beside its baseline.

Read `classifier` and `metrics` before it.

    table = evaluate(model.sample(10_000))
    print(format_table(table))

The baseline of a metric is what real test images get in the place of the samples.  A distance of 3 says nothing
until one knows whether real images have 1 or 2.9.  Most metrics depend on the number of images, so the two sets
have the same size.  A generator may well be better than a baseline: it has learnt from the images that it is
compared with, and the test images were written by other people.

What is compared with what: the reference is the shipped 10,000 training images of MNIST, also for a model
that was trained on all 60,000, so that numbers of different runs can be compared.  Only the search for copies
uses the images that the model was trained on.  The package holds no test images; their numbers were
computed by tools/make_baselines.py and are shipped in data/baselines.json.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minigan.checks import choice, flag, images, instance, whole
from minigan.data import load_mnist
from minigan.evaluation.classifier import checked_images, digit_classifier
from minigan.evaluation.metrics import (
    confident_share,
    density_coverage,
    different_bins,
    digit_shares,
    frechet_distance,
    kernel_distance,
    mean_distance,
    memorisation,
    nearest,
    nearest_other,
    precision_recall,
)

BASELINES = Path(__file__).parents[1] / "data" / "baselines.json"
SIZES = (500, 1000, 2000, 5000, 10_000)  # numbers of samples for which baselines are shipped

#: what a model was trained on, where baselines are shipped
TRAINED_ON = ("subset", "full")

#: name of a metric -> how to print its numbers; those of SHORT are in every table
FORMS = {
    "confident (p > 0.9), %": "{:.1f}",
    "least common digit, %": "{:.1f}",
    "digits 0 to 9, %": "{:.0f}",
    "Fréchet distance": "{:.2f}",
    "nearest training image (1: as unseen)": "{:.3f}",
    "nearer than 99 % of unseen images, %": "{:.1f}",
    "kernel distance and its std": "{:.4f}",
    "precision": "{:.3f}",
    "recall": "{:.3f}",
    "density": "{:.3f}",
    "coverage": "{:.3f}",
    "different bins of 100": "{:.0f}",
}
SHORT = tuple(FORMS)[:5]

#: the metrics that ask no classifier, for pictures of anything
PICTURE_FORMS = {
    "distance to the nearest training picture": "{:.2f}",
    "the same as a ratio (1: as another real one)": "{:.3f}",
    "nearer than 99 % of real pictures, %": "{:.1f}",
    "mean distance of two pictures": "{:.2f}",
}


class Row(NamedTuple):
    """One line of a table: a metric, its numbers for the samples, its numbers for real unseen images."""

    name: str
    samples: tuple[float, ...]
    baseline: tuple[float, ...]


class Features(NamedTuple):
    """Images, and what the classifier says of them."""

    images: np.ndarray  # (N, 28, 28, 1)
    features: np.ndarray  # (N, 64)
    probabilities: np.ndarray  # (N, 10)


def embed(images: np.ndarray) -> Features:
    features = digit_classifier().features(images)
    return Features(images, features, digit_classifier().head_proba(features))


def evaluate(samples: np.ndarray, training: str | np.ndarray = "subset", short: bool = False) -> list[Row]:
    """The table of `samples` (N, 28, 28, 1) in [-1, 1], digits that a generator has drawn.

    training  what it was trained on: "subset", the shipped images of MNIST, or "full", all of them; N must be
              one of SIZES then.  Or images of digits of your own: one half of them, chosen at random, is the
              reference, the other half takes the place of the test images, and N is cut to its number
    short     only the metrics of SHORT, in a few seconds

    Raises ValueError for images that the classifier cannot read, and for an N that has no baseline.
    """
    samples, short = checked_images("evaluate", samples), flag("evaluate", short=short)
    if not isinstance(training, str):
        training = checked_images("evaluate: training", training)
        half = len(training) // 2
        order = np.random.default_rng(0).permutation(len(training))
        originals, unseen = training[order[half:]], embed(training[order[:half]])
        samples, reference = samples[:half], embed(originals)
        distances = nearest(unseen.images, originals)[1]
        unseen = Features(*(part[: len(samples)] for part in unseen))
        baseline = measured(unseen, reference, distances[: len(samples)], distances, short)
    else:
        choice("evaluate", TRAINED_ON, training=training)
        if len(samples) not in SIZES:
            raise ValueError(
                f"evaluate: {len(samples)} samples, expected one of {', '.join(map(str, SIZES))}"
            )
        originals, _ = load_mnist("train", full=training == "full")
        reference, distances = shipped_reference(), shipped_distances(training)
        baseline = _baselines()["metrics"][str(len(samples))]
    found = measured(embed(samples), reference, nearest(samples, originals)[1], distances, short)
    return [Row(name, tuple(numbers), tuple(baseline[name])) for name, numbers in found.items()]


def measured(
    images: Features,
    reference: Features,
    distances: np.ndarray,
    real_distances: np.ndarray,
    short: bool = False,
) -> dict[str, tuple[float, ...]]:
    """name -> numbers, of one set of images, generated or real.

    distances       of the images to the nearest training image each;  real_distances  those of unseen images
    """
    shares = digit_shares(images.probabilities)
    ratio, near = memorisation(distances, real_distances)
    found: list[tuple[float, ...]] = [
        (100 * confident_share(images.probabilities),),
        (100 * float(shares.min()),),
        tuple(100 * shares),
        (frechet_distance(reference.features, images.features),),
        (ratio,),
    ]
    if not short:
        found += [
            (100 * near,),
            kernel_distance(reference.features, images.features),
            *((number,) for number in precision_recall(reference.features, images.features)),
            *((number,) for number in density_coverage(reference.features, images.features)),
            (different_bins(reference.images, images.images),),
        ]
    return dict(zip(FORMS, found, strict=False))


def evaluate_pictures(samples: np.ndarray, originals: np.ndarray) -> list[Row]:
    """The table of samples (N, H, W, C) of anything, beside the pictures (M, H, W, C) that G was trained on.

    It tells a generator that copies, or that draws the same again and again; not how good its pictures are: for that,
    look at them.  Distances are those of pixels in [-1, 1].  The baseline is what N of the originals, chosen at
    random, get in the place of the samples, with the nearest of the other originals.
    """
    samples = _pictures("evaluate_pictures", samples)
    originals = images("evaluate_pictures", samples.shape[1:], originals)
    chosen = np.random.default_rng(0).permutation(len(originals))[: len(samples)]
    apart = nearest_other(originals, chosen)

    def numbers(pictures: np.ndarray, distances: np.ndarray) -> tuple[float, ...]:
        ratio, near = memorisation(distances, apart)
        return float(np.median(distances)), ratio, 100 * near, mean_distance(pictures)

    found = numbers(samples, nearest(samples, originals)[1])
    baseline = numbers(originals[chosen], apart)
    return [Row(*row) for row in zip(PICTURE_FORMS, zip(found), zip(baseline), strict=True)]


def picture_table(model: Any, originals: np.ndarray, samples: int = 2000, seed: int = 0) -> str:
    """What an example ends with that was not trained on digits; always of the same samples."""
    originals = _pictures("picture_table", originals)
    return format_table(evaluate_pictures(_sampled("picture_table", model, samples, seed), originals))


def _sampled(who: str, model: Any, samples: int, seed: int) -> np.ndarray:
    if not all(hasattr(model, name) for name in ("latent_size", "sample")):
        raise TypeError(f"{who}: model is a {type(model).__name__}, expected one with latent_size and sample")
    rng = np.random.default_rng(whole(who, least=0, seed=seed))
    return model.sample(samples, rng.standard_normal((whole(who, samples=samples), model.latent_size)))


def _pictures(who: str, pictures: np.ndarray) -> np.ndarray:
    if np.ndim(pictures) != 4:
        raise ValueError(f"{who}: pictures have shape {np.shape(pictures)}, expected (N, H, W, C)")
    return images(who, pictures.shape[1:], pictures)


def format_table(rows: Sequence[Row]) -> str:
    """The table as text: a line for each metric, the numbers of the samples and their baselines."""
    instance("format_table", (list, tuple), rows=rows)
    instance("format_table", Row, **{f"rows[{i}]": row for i, row in enumerate(rows)})
    cells = [("", "samples", "real images")]
    for name, *columns in rows:
        form = (FORMS | PICTURE_FORMS)[name]
        samples, baseline = (" ".join(map(form.format, numbers)) for numbers in columns)
        cells.append((name, samples, baseline))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        f"{name:<{widths[0]}}  {samples:>{widths[1]}}  {baseline:>{widths[2]}}"
        for name, samples, baseline in cells
    )


def short_table(model: Any, samples: int = 10_000, training: str = "subset", seed: int = 0) -> str:
    """What every example ends with: the short table of fresh samples of `model`, always the same ones."""
    choice("short_table", TRAINED_ON, training=training)
    return format_table(evaluate(_sampled("short_table", model, samples, seed), training, short=True))


# --- What is shipped --------------------------------------------------------------------------------


@functools.cache
def shipped_reference() -> Features:
    """The shipped training images, embedded once."""
    return embed(load_mnist("train")[0])


def shipped_distances(training: str = "subset") -> np.ndarray:
    """Percentiles 0 to 100 of the distance of the test images to the nearest training image: (101,).

    Their median and their percentiles are those of all 10,000 distances.
    """
    return np.array(_baselines()["nearest"][choice("shipped_distances", TRAINED_ON, training=training)])


@functools.cache
def _baselines() -> dict[str, Any]:
    return json.loads(BASELINES.read_text())
