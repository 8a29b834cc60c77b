"""Flags: what the examples can be told on the command line, and how a resumed run gets its own again."""

from __future__ import annotations

import argparse
import os
import runpy
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import minigan as mg
from minigan.backend import DeviceError
from minigan.models import Model
from minigan.runs.folder import holds_a_run, read_config
from minigan.training.parallel import ParallelError, mpi_group
from minigan.training.progress import end_quietly_without_a_reader, say

QUICK_EPOCHS = 2  # with --quick
DIGITS = 18  # of the largest integer
NOT_KEPT = ("out", "resume", "data_parallel", "run_name")  # in config.json
MAY_CHANGE = ("epochs", "device")  # when a run is resumed
#: where a run of an earlier release lacks one of these, or has None there, it has the default
DATA_FLAGS = ("data", "image_size", "channels")
DATA_SETS = ("faces", "fashion", "mnist")


def run_parser(
    description: str | None,
    epochs: int,
    batch_size: int,
    seed: int = 0,
    decay: bool = True,
    data: str | None = None,
) -> argparse.ArgumentParser:
    """The flags of every example, with this example's defaults; add the example's own flags to it.

    description  the docstring of the example, of which the first line is shown
    decay        whether its learning rates fall
    data         the default of --data, for an example that can be trained on any images
    """
    parser = argparse.ArgumentParser(
        description=(description or "").split("\n")[0],  # python -OO has no docstrings
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--epochs", type=positive, default=epochs, help="passes over the images, in total")
    add("--batch-size", type=positive, default=batch_size, help="images in a step")
    if decay:
        add("--decay-epochs", type=positive, default=epochs, help="passes over which the learning rates fall")
    add("--seed", type=natural, default=seed, help="of weights, noise and data order")
    _add_device(parser)
    if data:
        _add_data(parser, data)
    all_of = "MNIST or Fashion-MNIST" if data else "MNIST"
    on_or_off = argparse.BooleanOptionalAction
    add("--full", action=on_or_off, default=False, help=f"all 60,000 images of {all_of}, downloaded once")
    add("--quick", action="store_true", help="a few seconds only, to see that it runs")
    shared = "share every batch between the processes that mpiexec -n 2 python ... has started"
    add("--data-parallel", action="store_true", help=shared)
    where = parser.add_mutually_exclusive_group()  # "%(default).0s" keeps "(default: None)" out of the help
    new = "the run folder (default: a new one in runs/)%(default).0s"
    where.add_argument("--out", type=folder_name, metavar="FOLDER", help=new)
    old = "go on with the run in this folder%(default).0s"
    where.add_argument("--resume", type=folder_name, metavar="FOLDER", help=old)
    return parser


def _add_data(parser: argparse.ArgumentParser, default: str) -> None:
    add = parser.add_argument
    sets = f"what to train on: {', '.join(DATA_SETS)}, or a folder of PNG and JPEG files"
    add("--data", type=data_name, default=default, metavar="NAME", help=sets)
    own = "height and width, a multiple of 4 (default: those of the data; 32 of a folder)%(default).0s"
    add("--image-size", type=image_size, metavar="PIXELS", help=own)
    grey = "1 for grey, 3 for colour (default: as the data)%(default).0s"
    add("--channels", type=int, choices=(1, 3), help=grey)


def parse_with_device(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Add --device to the flags of a script that keeps no run folder, parse them, and compute there."""
    _end_without_a_traceback()
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


def folder_name(text: str) -> Path:
    """The type of a flag that names a folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the name of the folder is empty")
    return Path(text)


def model_class(text: str) -> Any:
    """The type of a flag that names a model of your own, as in my_gan.py:MyGAN; the file is run to get it."""
    file, colon, name = text.rpartition(":")
    if not (colon and file.endswith(".py") and name.isidentifier()):
        raise argparse.ArgumentTypeError(f"{text[:60]!r} is not of the form FILE.py:CLASS")
    path = Path(file)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {file}")
    sys.path.insert(0, str(path.parent.absolute()))  # for what the file itself imports
    found = runpy.run_path(file, run_name=path.stem).get(name)
    if not (isinstance(found, type) and issubclass(found, Model)):
        raise argparse.ArgumentTypeError(
            f"{file} defines no model {name}, a subclass of minigan.models.Model"
        )
    return found


def absolute_path(text: str) -> str:
    """The type of a flag that names files to read, so that a resumed run finds them from any folder."""
    return str(folder_name(text).absolute())


def image_size(text: str) -> int:
    """The type of --image-size: what every model can halve twice."""
    size = _integer(text, 8)
    if size % 4:
        raise argparse.ArgumentTypeError(f"{size} is not a multiple of 4")
    return size


def data_name(text: str) -> str:
    """The type of --data: a name of DATA_SETS, or the path of a folder."""
    return text if text in DATA_SETS else absolute_path(text)


def _integer(text: str, smallest: int) -> int:
    is_integer = text.isascii() and text.isdecimal() and len(text) <= DIGITS
    if not is_integer or int(text) < smallest:
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is not an integer of at least {smallest} and at most {DIGITS} digits"
        )
    return int(text)


def parse_run(
    parser: argparse.ArgumentParser, name: str, argv: Sequence[str] | None = None
) -> argparse.Namespace:
    """Parse the flags of a run that is called `name`, set device and seed.

    A resumed run takes its flags from its own config.json; only --epochs, --device and --data-parallel may
    be given anew.  What cannot be done ends in the parser's error message.
    """
    _end_without_a_traceback()
    args = parser.parse_args(argv)
    if args.quick:
        parser.set_defaults(epochs=QUICK_EPOCHS)
        args = parser.parse_args(argv)
    try:
        if args.resume:
            args = _resumed(parser, argv, args.resume)
        elif args.out and holds_a_run(args.out):
            raise ValueError(
                f"{args.out} holds a run already: continue it with --resume {shlex.quote(str(args.out))}, "
                "or choose another --out"
            )
        mg.use(args.device)
        if args.data_parallel:
            mpi_group()
        else:
            _check_alone()
    except (DeviceError, OSError, ParallelError, ValueError) as error:
        parser.error(str(error))
    mg.seed(args.seed)
    args.run_name = name
    return args


def _end_without_a_traceback() -> None:
    """From here on there is none for Ctrl-C, wherever nobody waits for it, nor for a pipe that is closed early.

    The exit status of Ctrl-C stays that of SIGINT.
    """

    def hook(kind: type[BaseException], error: BaseException, traceback: Any) -> None:
        if issubclass(kind, KeyboardInterrupt):
            say("stopped; what is saved stays saved")
        else:
            sys.__excepthook__(kind, error, traceback)

    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = hook
        end_quietly_without_a_reader()


def _check_alone() -> None:
    """Several processes that each train the same run, without knowing of each other, are a mistake."""
    for variable in ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE"):
        if os.environ.get(variable, "1") not in ("", "1"):
            raise ParallelError(f"mpiexec has started {os.environ[variable]} processes: add --data-parallel")


def kept_flags(args: argparse.Namespace) -> dict[str, Any]:
    """The flags that belong into config.json."""
    return {flag: value for flag, value in vars(args).items() if flag not in NOT_KEPT}


def _resumed(parser: argparse.ArgumentParser, argv: Sequence[str] | None, folder: Path) -> argparse.Namespace:
    """The flags of the run in this folder; ValueError if those of the command contradict them."""
    flags, path = read_config(folder)["flags"], folder / "config.json"
    known = kept_flags(parser.parse_args([]))
    flags |= {flag: known[flag] for flag in DATA_FLAGS if flag in known and flags.get(flag) is None}
    if set(flags) != set(known):
        missing, unknown = sorted(set(known) - set(flags)), sorted(set(flags) - set(known))
        raise ValueError(f"{path} does not fit this command: missing {missing}, unknown {str(unknown)[:200]}")
    words = [f"--{flag.replace('_', '-')}={value}" for flag, value in flags.items() if _has_value(value)]
    parser.exit_on_error = False
    try:
        again = parser.parse_args(words)
    except argparse.ArgumentError as error:
        raise ValueError(f"{path}: {error}") from error
    finally:
        parser.exit_on_error = True
    for flag, value in flags.items():
        is_bool = isinstance(known[flag], bool)
        if isinstance(value, bool) != is_bool or not is_bool and getattr(again, flag) != value:
            raise ValueError(f"{path}: {flag} is {repr(value)[:60]}")
    parser.set_defaults(**flags)
    args = parser.parse_args(argv)
    for flag, value in flags.items():
        if flag not in MAY_CHANGE and getattr(args, flag) != value:
            raise ValueError(f"--{flag.replace('_', '-')} is {getattr(args, flag)}, but the run has {value}")
    args.out = folder
    return args


def _has_value(value: Any) -> bool:
    """False for a flag that is on or off, or that was not given."""
    return value is not None and not isinstance(value, bool)
