"""A run: the flags that the examples share, the folder that they fill, and how to open it again.

Chapter 13; read `training`, `images` and `evaluation` before it.

    runs/mlp_gan/
        config.json        the model, its settings and the flags of the command
        history.csv        the numbers of the progress line, every 50 steps
        checkpoint.npz     everything that is needed to go on, or to draw
        samples/           a grid of images from the same noise after every epoch
        samples.png  samples.gif  curves.png, and what else the example draws

and end with a table of how good the digits are (`evaluation`).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import minigan as mg
from minigan.backend import DeviceError
from minigan.data import Batches, load_mnist
from minigan.evaluation.table import print_short_table
from minigan.training.monitor import Watch
from minigan.runs.pictures import image_grid, plot_history, save_animation, save_image
from minigan.models import AEGAN, DCGAN, MLPGAN, VAE, WGANGP, CapsGAN, CapsNet, TransformingAutoencoder
from minigan.training.parallel import ParallelError, Team, mpi_team
from minigan.training.fit import fit, load_checkpoint, read_history

MODELS = {
    model.name: model
    for model in (MLPGAN, DCGAN, WGANGP, CapsGAN, CapsNet, TransformingAutoencoder, AEGAN, VAE)
}

UNSEEN = 1000  # shipped images that `split_digits` keeps out of training
QUICK_IMAGES, QUICK_EPOCHS = 512, 2  # with --quick


def run_parser(description: str, epochs: int, batch_size: int, seed: int = 0) -> argparse.ArgumentParser:
    """The flags of every example, with this example's defaults; add the example's own flags to it."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--epochs", type=positive, default=epochs, help="passes over the images, in total")
    parser.add_argument("--batch-size", type=positive, default=batch_size, help="images in a step")
    parser.add_argument("--seed", type=natural, default=seed, help="of weights, noise and data order")
    _add_device(parser)
    parser.add_argument(
        "--full",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="all 60,000 images of MNIST, downloaded once",
    )
    parser.add_argument("--quick", action="store_true", help="a few seconds only, to see that it runs")
    parser.add_argument(
        "--data-parallel",
        action="store_true",
        help="share every batch between the processes that mpiexec -n 2 python ... has started",
    )
    where = parser.add_mutually_exclusive_group()  # "%(default).0s" keeps "(default: None)" out of the help
    where.add_argument(
        "--out", type=Path, metavar="FOLDER", help="the run folder (default: a new one in runs/)%(default).0s"
    )
    where.add_argument(
        "--resume", type=Path, metavar="FOLDER", help="go on with the run in this folder%(default).0s"
    )
    return parser


def parse_with_device(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Add --device to the flags of a script that keeps no run folder, parse them, and compute there."""
    _add_device(parser)
    args = parser.parse_args()
    try:
        mg.use(args.device)
    except DeviceError as error:
        parser.error(str(error))
    return args


def _add_device(parser: argparse.ArgumentParser) -> None:
    device = os.environ.get("MINIGAN_DEVICE", "cpu")
    parser.add_argument("--device", default=device, choices=("cpu", "cuda"), help="where to compute")


def positive(text: str) -> int:
    """The type of a flag that counts: 1, 2, 3 ..."""
    return _integer(text, 1)


def natural(text: str) -> int:
    """The type of a seed: 0, 1, 2 ..."""
    return _integer(text, 0)


def _integer(text: str, smallest: int) -> int:
    if not text.isdecimal() or int(text) < smallest:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of at least {smallest}")
    return int(text)


def parse_run(
    parser: argparse.ArgumentParser, name: str, argv: Sequence[str] | None = None
) -> argparse.Namespace:
    """Parse the flags, choose the run folder (`args.out`), set device and seed.

    A resumed run takes its flags from its own config.json; only --epochs, --device and --data-parallel may
    be given anew.  What cannot be done ends in the parser's error message.
    """
    args = parser.parse_args(argv)
    if args.quick:
        parser.set_defaults(epochs=QUICK_EPOCHS)
        args = parser.parse_args(argv)
    if args.resume:
        config = _read_config(parser, args.resume)
        parser.set_defaults(**config["flags"])
        resumed = parser.parse_args(argv)
        for flag, saved in config["flags"].items():
            if flag not in ("epochs", "device") and getattr(resumed, flag) != saved:
                parser.error(
                    f"--{flag.replace('_', '-')} is {getattr(resumed, flag)}, but the run has {saved}"
                )
        args, args.out = resumed, resumed.resume
    elif args.out is None:
        args.out = _new_folder(name)
    elif (args.out / "checkpoint.npz").exists():
        parser.error(
            f"{args.out} holds a run already: continue it with --resume {args.out}, or choose another --out"
        )
    try:
        mg.use(args.device)
        if args.data_parallel:
            args.out = mpi_team().of_leader(args.out)  # once it is there, others would choose another one
    except (DeviceError, ParallelError) as error:
        parser.error(str(error))
    mg.seed(args.seed)
    return args


def _read_config(parser: argparse.ArgumentParser, folder: Path) -> dict[str, Any]:
    try:
        return _config(folder)
    except (OSError, ValueError) as error:
        parser.error(str(error))


def _config(folder: Path) -> dict[str, Any]:
    """What is in the config.json of a run; FileNotFoundError or ValueError if there is no such thing."""
    path = folder / "config.json"
    if not path.exists():
        raise FileNotFoundError(f"{folder} is not the folder of a run: there is no {path}")
    try:
        config = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path} is not the configuration of a run: {error}") from error
    if not isinstance(config, dict) or not {"model", "settings", "flags"} <= set(config):
        raise ValueError(f"{path} is not the configuration of a run: model, settings or flags are missing")
    return config


def _new_folder(name: str) -> Path:
    """runs/name, or runs/name-2, runs/name-3 ... if that exists: no run overwrites another."""
    folder, number = Path("runs") / name, 1
    while folder.exists():
        number += 1
        folder = Path("runs") / f"{name}-{number}"
    return folder


def load_digits(full: bool, split: str = "train") -> np.ndarray:
    """The images of MNIST (N, 28, 28, 1), or the end of the program with the reason in words."""
    return load_labelled_digits(full, split)[0]


def load_labelled_digits(full: bool, split: str = "train") -> tuple[np.ndarray, np.ndarray]:
    """The images of MNIST (N, 28, 28, 1) and their labels (N,), or the end of the program."""
    try:
        return load_mnist(split, full)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


def split_digits(full: bool) -> tuple[np.ndarray, np.ndarray]:
    """Images to train on, and images to test on: MNIST's own with `full`, otherwise UNSEEN of the shipped."""
    (images, _), (unseen, _) = split_labelled_digits(full)
    return images, unseen


def split_labelled_digits(
    full: bool,
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """(images, labels) to train on, and to test on: those of `split_digits`."""
    images, labels = load_labelled_digits(full)
    if full:
        return (images, labels), load_labelled_digits(full, "test")
    order = np.random.default_rng(0).permutation(len(images))
    seen, unseen = order[UNSEEN:], order[:UNSEEN]
    return (images[seen], labels[seen]), (images[unseen], labels[unseen])


def full_if_possible(full: bool) -> bool:
    """`full`; or False, and the reason on stderr, if all of MNIST is not here and cannot be downloaded."""
    try:
        for split in ("train", "test") if full else ():
            load_mnist(split, full=True)
    except FileNotFoundError as error:
        print(f"{error}\nso: the shipped 10,000 training images, and less accuracy", file=sys.stderr)
        return False
    return full


def run(
    args: argparse.Namespace,
    model: Any,
    data: np.ndarray | tuple[np.ndarray, ...],
    pictures: Callable[[Any, np.ndarray], Mapping[str, np.ndarray]] | None = None,
    digits: bool = True,
) -> None:
    """Train `model` on images (N, H, W, C) as the flags say, draw, and print the folder last.

    data      the images, or a tuple of them and of what else belongs into a batch
    pictures  what else to do at the end: (model, images) -> {name: picture}, to be saved as name.png
    digits    whether its samples are meant to be digits, which the table at the end is about

    Ends the program with one line if the folder, its checkpoint or the batch size will not do.
    """
    arrays = data if isinstance(data, tuple) else (data,)
    if args.quick:
        arrays = tuple(array[:QUICK_IMAGES] for array in arrays)
    images = arrays[0]
    flags = {k: v for k, v in vars(args).items() if k not in ("out", "resume", "data_parallel")}
    config = {"model": model.name, "settings": model.settings, "flags": flags, "version": mg.__version__}
    team = mpi_team() if args.data_parallel else Team()
    try:
        batches = Batches(arrays if isinstance(data, tuple) else images, args.batch_size, seed=args.seed)
        team.rows(args.batch_size)
        if args.resume:
            load_checkpoint(model, args.out / "checkpoint.npz")  # `fit` will, too: this is to know early
        if team.leader:
            (args.out / "samples").mkdir(parents=True, exist_ok=True)
            (args.out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    noise = np.random.default_rng(args.seed).standard_normal((100, model.latent_size))

    def draw_samples(epoch: int) -> None:
        save_image(args.out / "samples" / f"epoch_{epoch:04d}.png", image_grid(model.sample(100, noise)))

    if team.leader and not args.resume:
        draw_samples(0)
    done = fit(model, batches, args.epochs, args.out, bool(args.resume), draw_samples, Watch(), team=team)
    if not team.leader:
        return
    save_image(args.out / "samples.png", image_grid(model.sample(100, noise), scale=3))
    save_animation(args.out / "samples.gif", sorted((args.out / "samples").glob("epoch_*.png")))
    plot_history(args.out / "curves.png", read_history(args.out / "history.csv"), model.curves)
    for name, picture in (pictures(model, images) if pictures else {}).items():
        save_image(args.out / f"{name}.png", picture)
    if not done:
        print(f"to continue: python {sys.argv[0]} --resume {args.out}")
    elif digits and images.shape[1:] == (28, 28, 1) and not args.quick:
        print_short_table(model, samples=2000, training="full" if args.full else "subset")
    print(args.out)


def load_run(folder: str | Path) -> Any:
    """The model of a run folder, with the weights of its checkpoint, ready to `sample`.

    Raises FileNotFoundError or ValueError that names the file which is missing or does not fit.
    """
    config, path = _config(Path(folder)), Path(folder) / "config.json"
    if config["model"] not in MODELS:
        raise ValueError(f"{path}: unknown model {config['model']!r}, expected one of {', '.join(MODELS)}")
    settings: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in config["settings"].items()
    }
    try:
        model = MODELS[config["model"]](**settings)
    except TypeError as error:
        raise ValueError(f"{path}: the settings do not fit this model: {error}") from error
    load_checkpoint(model, Path(folder) / "checkpoint.npz")
    return model
