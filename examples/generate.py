"""Draw from a trained run, without training: new samples, and walks between points of the latent space.

    python examples/generate.py                 faces, from a generator that comes with minigan
    python examples/generate.py digits          a column for each digit, from another one
    python examples/generate.py runs/mlp_gan
    python examples/generate.py runs/mlp_gan --count 400 --seed 7
    python examples/generate.py runs/my_gan --model my_gan.py:MyGAN     a model of your own

A walk leads along the great circle from one latent point to another: the norm of a normal vector in d
dimensions is close to √d, so a straight line would cut through a region that G has never been trained on.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from minigan.models import ConditionalGAN
from minigan.runs import (
    SHIPPED,
    image_grid,
    labelled,
    load_run,
    load_shipped,
    model_class,
    natural,
    new_folder,
    parse_with_device,
    positive,
    save_image,
    solid_grid,
)

WALKS, STEPS = 10, 12  # rows of interpolations.png, and images in a row


def main() -> None:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    what = f"folder of a run, as printed by the training examples; or {' or '.join(SHIPPED)}: trained already"
    parser.add_argument("run", nargs="?", default="faces", help=what)
    yours = "the class of a model of your own: this file is run%(default).0s"
    parser.add_argument("--model", type=model_class, metavar="FILE.py:CLASS", help=yours)
    parser.add_argument("--count", type=positive, default=100, help="number of samples")
    parser.add_argument("--seed", type=natural, default=0, help="of the noise")
    parser.add_argument(
        "--out",
        type=Path,
        help="folder for the pictures (default: the run itself, or a new one in runs/)%(default).0s",
    )
    args = parse_with_device(parser)
    is_shipped = args.run in SHIPPED and not args.model
    try:
        model = load_shipped(args.run) if is_shipped else load_run(args.run, args.model)
        if hasattr(model, "translate"):
            raise ValueError(f"{args.run}: this model turns images into images, and draws none from noise")
        out = args.out or (new_folder(args.run) if is_shipped else Path(args.run))
        out.mkdir(parents=True, exist_ok=True)
        draw(model, args.count, args.seed, out)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(out / "generated.png")
    print(out / "interpolations.png")


def draw(model: Any, count: int, seed: int, out: Path) -> None:
    """Save the two pictures."""
    picture = solid_grid if len(getattr(model, "image_shape", ())) == 4 else image_grid
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((count, model.latent_size))
    save_image(out / "generated.png", picture(model.sample(count, noise), scale=3))

    start, end = rng.standard_normal((2, WALKS, model.latent_size))
    walk = np.stack(
        [slerp(a, b, t) for a, b in zip(start, end, strict=True) for t in np.linspace(0, 1, STEPS)]
    )
    labels = np.repeat(np.arange(WALKS), STEPS)  # a walk keeps to one digit, if the model can be asked for it
    images = (
        model.sample(len(walk), walk, labels % model.conditions)
        if isinstance(model, ConditionalGAN)
        else model.sample(len(walk), walk)
    )
    title = "In each row, a walk between two points of the latent space"
    save_image(out / "interpolations.png", labelled(picture(images, columns=STEPS, scale=3), title))


def slerp(a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
    """The point at fraction t of the way from a to b along the great circle; the length goes linearly."""
    length_a, length_b = np.linalg.norm(a), np.linalg.norm(b)
    angle = np.arccos(np.clip(a @ b / (length_a * length_b), -1, 1))
    direction = (np.sin((1 - t) * angle) * a / length_a + np.sin(t * angle) * b / length_b) / np.sin(angle)
    return direction * ((1 - t) * length_a + t * length_b)


if __name__ == "__main__":
    main()
