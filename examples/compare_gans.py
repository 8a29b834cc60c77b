"""Let two trained GANs play against each other: each discriminator reads the other one's images.

    python examples/compare_gans.py runs/capsgan runs/dcgan     less than a minute

This is the generative adversarial metric (Im, Kim, Jiang and Memisevic 2016).  With ε the share of images
that a discriminator gets wrong,

    r_samples = ε(D1 on G2(z)) / ε(D2 on G1(z))      wrong is to take the other's image for a real one
    r_test    = ε(D1 on x) / ε(D2 on x)              wrong is to take a test image x of MNIST for a generated one

the first GAN wins if r_samples < 1, for its discriminator is fooled less often, and the second if
r_samples > 1.  But a discriminator that takes everything for generated is never fooled.  So there is only a
winner if the two are equally good at test images: r_test ≈ 1, which means here from 0.8 to 1.25.

It needs the 10,000 test images of MNIST, which are not shipped: they are downloaded once (2 MB), before
anything else is done.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from minigan.autograd import no_grad
from minigan.backend import to_device, to_numpy
from minigan.models import DCGAN, MLPGAN, CapsGAN
from minigan.runs import load_digits, load_run, natural, parse_with_device, positive

REAL_FROM = {
    model.name: model.UNDECIDED for model in (MLPGAN, DCGAN, CapsGAN)
}  # what D returns if it cannot tell
FAIR = 0.8, 1 / 0.8  # the r_test with which there may be a winner
BATCH = 50  # images in a forward pass of D: it sees how much they differ, so not one by one


def main() -> None:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog="It needs the test images of MNIST, which are downloaded once (2 MB).",
    )  # fmt: skip
    parser.add_argument("run_a", type=Path, help="folder of a run, as printed by the training examples")
    parser.add_argument("run_b", type=Path, help="folder of another run")
    parser.add_argument("--samples", type=positive, default=10_000, help="images of each generator")
    parser.add_argument("--seed", type=natural, default=0, help="of the noise")
    args = parse_with_device(parser)
    try:
        models = [load_run(run) for run in (args.run_a, args.run_b)]
    except (FileNotFoundError, ValueError) as error:
        parser.error(str(error))
    for model in models:
        if model.name not in REAL_FROM:
            sys.exit(f"error: {model.name} has no discriminator that says real or generated")

    print("this needs the 10,000 test images of MNIST, which are downloaded if they are not here", flush=True)
    x = load_digits(True, "test")
    rng = np.random.default_rng(args.seed)
    samples = [m.sample(args.samples, rng.standard_normal((args.samples, m.latent_size))) for m in models]
    for drawn in samples:
        if drawn.shape[1:] != x.shape[1:]:
            sys.exit(f"error: a run draws images of {drawn.shape[1:]}, and the test images are {x.shape[1:]}")
    fooled = [taken_for_real(model, other) for model, other in zip(models, reversed(samples), strict=True)]
    blind = [1 - taken_for_real(model, x) for model in models]
    print(f"{'':40}  {args.run_a!s:>16}  {args.run_b!s:>16}")
    for name, (a, b) in (
        ("D takes the other's samples for real", fooled),
        ("D takes test images for generated", blind),
    ):
        print(f"{name:40}  {100 * a:14.1f} %  {100 * b:14.1f} %")
    r_samples, r_test = ratio(*fooled), ratio(*blind)
    print(
        f"r_samples {r_samples:.3f}, r_test {r_test:.3f}: {outcome(r_samples, r_test, args.run_a, args.run_b)}"
    )


def taken_for_real(model: object, images: np.ndarray) -> float:
    """The share of images (N, 28, 28, 1) that the D of this model takes for real."""
    with no_grad():
        outputs = [to_numpy(model.D(to_device(images[i : i + BATCH]))) for i in range(0, len(images), BATCH)]
    return float((np.concatenate(outputs) > REAL_FROM[model.name]).mean())


def ratio(a: float, b: float) -> float:
    """a / b of two error rates; two that never err are equal."""
    return a / b if b else (np.inf if a else 1.0)


def outcome(r_samples: float, r_test: float, first: object, second: object) -> str:
    """Who wins, in words, by the rules at the top."""
    if not FAIR[0] <= r_test <= FAIR[1]:
        return "no winner, because the discriminators are not equally good at test images"
    if r_samples == 1:
        return "a tie"
    return f"{first if r_samples < 1 else second} wins"


if __name__ == "__main__":
    main()
