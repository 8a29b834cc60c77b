"""Move in the latent space of an encoder of faces: put glasses on, take a hat off, and calculate with faces.

    python examples/aegan_mnist.py --data faces --out runs/aegan_faces     or vae_mnist.py
    python examples/latent_directions.py runs/aegan_faces
    python examples/latent_directions.py runs/aegan_faces --quick          a few seconds, few faces

The direction of an attribute is the mean latent E(x) of the faces that have it minus that of those that have not, of
the faces that the run was trained on.  It is added to unseen faces that lack the attribute, and taken from those that
have it: G(E(x) ± STRENGTH d).  And as in Radford, Metz and Chintala 2015, section 6.3.2, means of three latents are added,

    "with A and B" - "with B" + "with neither"    should be  "with A".

A classifier that was trained on real faces (minigan/evaluation/attributes.py) reads what came out.  Beside each number
are what it reads in the reconstruction G(E(x)), which was not moved, and after a step of the same length in a random
direction.  Into the folder of the run go directions.png and arithmetic.png.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from minigan.evaluation.attributes import ATTRIBUTES, face_attributes, train_classifier
from minigan.models import AEGAN, VAE
from minigan.runs import image_grid, labelled, load_run, natural, parse_with_device, save_image

UNSEEN = 1000  # faces on which the run was not trained: those of `split_images`
STRENGTH = 1.5  # how many times a direction is added
STRENGTHS = (0, 0.5, 1, 1.5, 2)  # in directions.png
SHOWN = ("glasses", "hat", "long hair", "smile", "dark skin")  # there, FACES of each
FACES = 3
PAIRS = (("glasses", "hat"), ("glasses", "long hair"), ("hat", "dark skin"), ("smile", "glasses"))  # A, B
MEANS, TRIPLE = 500, 3  # how often arithmetic is tried, and latents in each mean


def main() -> None:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        "run", type=Path, help="folder of a run of aegan_mnist.py or vae_mnist.py with --data faces"
    )
    parser.add_argument("--seed", type=natural, default=0, help="of the random directions and the triples")
    parser.add_argument("--quick", action="store_true", help="a few seconds only, to see that it runs")
    args = parse_with_device(parser)
    try:
        model = load_run(args.run)
        if not (isinstance(model, AEGAN | VAE) and model.image_shape == (16, 16, 3)):
            raise ValueError(
                f"{args.run} has no encoder of faces, expected an AEGAN or a VAE of images (16, 16, 3)"
            )
        study(model, args)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(args.run / "directions.png")
    print(args.run / "arithmetic.png")


def study(model: Any, args: argparse.Namespace) -> None:
    images, has = face_attributes()  # (N, 16, 16, 3) in [-1, 1], (N, attributes)
    order = np.random.default_rng(0).permutation(len(images))
    seen, unseen = order[UNSEEN:], order[:UNSEEN]
    if args.quick:
        seen = seen[:1500]
    rng = np.random.default_rng(args.seed)
    classifier = train_classifier(images[seen], has[seen], **({"epochs": 1} if args.quick else {}))
    z, moved = model.encode(images[seen]), model.encode(images[unseen])  # (M, latent_size), (n, latent_size)
    directions = {name: direction(z, has[seen, i]) for i, name in enumerate(ATTRIBUTES)}

    right = 100 * (classifier.predict(images[unseen]) == has[unseen]).mean(axis=0)
    print("the classifier, of unseen real faces, %: " + said(right))
    unmoved = classifier.predict(decode(model, moved))  # (n, attributes)
    print("and of their reconstructions:            " + said(100 * (unmoved == has[unseen]).mean(axis=0)))
    print()
    print(table(model, classifier, moved, has[unseen], unmoved, directions, rng))
    print()
    print(arithmetic(model, classifier, z, has[seen], rng, args.run / "arithmetic.png"))
    save_image(args.run / "directions.png", picture(model, images[unseen], has[unseen], moved, directions))


def said(shares: np.ndarray) -> str:
    return ", ".join(f"{name} {share:.1f}" for name, share in zip(ATTRIBUTES, shares, strict=True))


def decode(model: Any, z: np.ndarray) -> np.ndarray:
    """G(z) of latents as E returns them."""
    return model.decode(z) if isinstance(model, AEGAN) else model.sample(len(z), z)


def direction(z: np.ndarray, has: np.ndarray) -> np.ndarray:
    """The mean of the latents z (N, latent_size) of examples with an attribute, has (N,), minus that of the others."""
    return z[has].mean(axis=0) - z[~has].mean(axis=0)


def random_steps(rng: np.random.Generator, d: np.ndarray, n: int) -> np.ndarray:
    """n random directions of the length of d (latent_size,): (n, latent_size)."""
    steps = rng.standard_normal((n, len(d)))
    return (steps * (np.linalg.norm(d) / np.linalg.norm(steps, axis=1, keepdims=True))).astype(np.float32)


def effect(before: np.ndarray, after: np.ndarray, i: int, wanted: bool) -> tuple[float, float]:
    """% of examples, read before and after as bool (n, attributes), whose attribute i is as wanted afterwards,
    and mean % of the other attributes that are read differently than before."""
    others = np.delete(before != after, i, axis=1)
    return 100 * float((after[:, i] == wanted).mean()), 100 * float(others.mean())


def table(model, classifier, z, has, unmoved, directions, rng) -> str:
    """What comes of adding each direction to faces without the attribute, and of subtracting it from those with it."""
    lines = [
        f"{'':<18}{'':>7}{'----- as asked, % -----':>27}{'--- others changed, % ---':>29}",
        f"{'':<18}{'faces':>7}{'moved':>9}{'not':>9}{'random':>9}{'moved':>14}{'random':>15}",
    ]
    for i, (name, d) in enumerate(directions.items()):
        for sign, wanted in ((1, True), (-1, False)):
            chosen = has[:, i] != wanted
            start, before = z[chosen], unmoved[chosen]
            steps = (sign * d, random_steps(rng, d, len(start)))
            already, _ = effect(before, before, i, wanted)
            (asked, others), (by_chance, others_by_chance) = (
                effect(before, classifier.predict(decode(model, start + STRENGTH * step)), i, wanted)
                for step in steps
            )
            lines.append(
                f"{'+' if wanted else '-'} {name:<16}{len(start):>7}{asked:>9.1f}{already:>9.1f}{by_chance:>9.1f}"
                f"{others:>14.1f}{others_by_chance:>15.1f}"
            )
    return "\n".join(lines)


def arithmetic(model, classifier, z, has, rng, path: Path) -> str:
    """How often "with A and B" - "with B" + "with neither" is read as A without B; a picture of the first ones."""
    names, rows, labels = list(ATTRIBUTES), [], []
    lines = [f"{'':<46}{'A without B, %':>16}{'A, %':>8}{'B, %':>8}"]
    for a, b in PAIRS:
        i, j = names.index(a), names.index(b)
        kinds = [has[:, i] & has[:, j], ~has[:, i] & has[:, j], ~has[:, i] & ~has[:, j]]
        both, only_b, neither = (means(z[kind], rng) for kind in kinds)
        d = both - only_b
        chance = rng.standard_normal(d.shape)
        chance *= np.linalg.norm(d, axis=1, keepdims=True) / np.linalg.norm(chance, axis=1, keepdims=True)
        shown = []
        for title, latents in {
            f"({a} and {b}) - {b} + neither": neither + d,
            "  neither": neither,
            "  neither + a random step": neither + chance.astype(np.float32),
        }.items():
            drawn = decode(model, latents)
            read = classifier.predict(drawn)
            shares = (read[:, i] & ~read[:, j]).mean(), read[:, i].mean(), read[:, j].mean()
            lines.append(f"{title:<46}{100 * shares[0]:>16.1f}{100 * shares[1]:>8.1f}{100 * shares[2]:>8.1f}")
            shown.append(drawn)
        for k in range(2):
            parts = [decode(model, latents[k : k + 1])[0] for latents in (both, only_b, neither)]
            rows += [*parts, shown[0][k], shown[2][k]]
            labels.append(f"A = {a}, B = {b}")
    grid = image_grid(np.stack(rows), columns=5, scale=5)
    heads = ["A and B", "- B", "+ neither", "= A?", "random"]
    save_image(path, labelled(grid, rows=labels, columns=heads))
    return "\n".join(lines)


def means(z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """MEANS means of TRIPLE latents each, drawn from z (n, latent_size): (MEANS, latent_size)."""
    return z[rng.integers(len(z), size=(MEANS, TRIPLE))].mean(axis=1)


def picture(model, images, has, z, directions) -> np.ndarray:
    """FACES faces without each attribute: x, then G(E(x) + s d) for the STRENGTHS s."""
    rows, labels = [], []
    for name in SHOWN:
        for k in np.flatnonzero(~has[:, list(ATTRIBUTES).index(name)])[:FACES]:
            steps = np.stack([z[k] + s * directions[name] for s in STRENGTHS])
            rows += [images[k : k + 1], decode(model, steps.astype(np.float32))]
            labels.append(f"+ {name}")
    grid = image_grid(np.concatenate(rows), columns=1 + len(STRENGTHS), scale=4)
    return labelled(grid, rows=labels, columns=["x", *(f"{s:g} d" for s in STRENGTHS)])


if __name__ == "__main__":
    main()
