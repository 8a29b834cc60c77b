"""The folder that a run fills, and how to open it again.

runs/mlp_gan/
    config.json        the model, its settings, the flags of the command and the data
    history.csv        the numbers of the training, every 50 steps
    checkpoint.npz     everything that is needed to go on, or to draw
    samples/           a grid of images from the same noise after every epoch
    samples.png  samples.gif  curves.png, and what else the example draws
    report.html        all of this on one page, in one file
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minigan import checks
from minigan.models import (
    AEGAN,
    DCGAN,
    GAN3D,
    MLPGAN,
    VAE,
    WGANGP,
    CapsGAN,
    CapsNet,
    ConditionalGAN,
    CycleGAN,
    ImageToImage,
    Model,
    TransformingAutoencoder,
    storage,
)
from minigan.training import load_checkpoint

CONFIG_BYTES = 2**20  # the longest config.json

MODELS: dict[str, Any] = {
    model.name: model
    for model in (
        MLPGAN,
        DCGAN,
        WGANGP,
        CapsGAN,
        CapsNet,
        ConditionalGAN,
        GAN3D,
        CycleGAN,
        ImageToImage,
        TransformingAutoencoder,
        AEGAN,
        VAE,
    )
}


def new_folder(name: str) -> Path:
    """A new, empty folder runs/name, or runs/name-2, runs/name-3 ...: no two runs get the same one."""
    folder, number = Path("runs") / name, 1
    folder.parent.mkdir(exist_ok=True)
    while True:
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1
            folder = Path("runs") / f"{name}-{number}"


def holds_a_run(folder: Path) -> bool:
    """True if there is something to continue in the folder."""
    return (folder / "checkpoint.npz").exists()


def resume_command(folder: Path) -> str:
    """What to type to continue the run."""
    return f"python {shlex.quote(sys.argv[0])} --resume {shlex.quote(str(folder))}"


def read_config(folder: Path) -> dict[str, Any]:
    """What is in the config.json of a run.  FileNotFoundError or ValueError, which name it, otherwise."""
    path = folder / "config.json"
    if not path.exists():
        raise FileNotFoundError(f"{folder} is not the folder of a run: there is no {path}")
    try:
        with open(path, "rb") as file:
            text = file.read(CONFIG_BYTES + 1)
        if len(text) > CONFIG_BYTES:
            raise ValueError(f"it has more than {CONFIG_BYTES:,} bytes")
        config = storage.parsed_json(text.decode())
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not the configuration of a run: {error}") from error
    expected = {"model": str, "settings": dict, "flags": dict, "data": dict}
    for name, kind in expected.items():
        if not isinstance(config, dict) or not isinstance(config.get(name), kind):
            raise ValueError(f"{path} is not the configuration of a run: {name} is missing or damaged")  # noqa: TRY004
    return config


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Write config.json, which appears whole or not at all; one that says the same already is left alone."""
    path, text = folder / "config.json", json.dumps(config, indent=2).encode() + b"\n"
    if path.exists() and path.read_bytes() == text:
        return
    with storage.replacing(path) as file:
        file.write(text)


def load_run(folder: str | Path, model: type[Model] | None = None) -> Any:
    """The model of a run folder, with the weights of its checkpoint, ready to `sample`.

    model  the class, if it is one of your own: a file holds its name and its settings, but no code, and does
           not say where code is.  Without it, one of MODELS

    Raises FileNotFoundError or ValueError that names the file which is missing or does not fit.
    """
    if not (model is None or isinstance(model, type) and issubclass(model, Model)):
        raise TypeError(f"load_run: model is {model!r:.60}, expected a subclass of minigan.models.Model")
    folder = Path(checks.path("load_run", folder=folder))
    config, where = read_config(folder), folder / "config.json"
    known = MODELS if model is None else {model.name: model}
    if config["model"] not in known:
        hint = (
            "" if model else "; a class of your own is given as load_run(folder, model=...), or with --model"
        )
        raise ValueError(
            f"{where}: unknown model {config['model'][:50]!r}, expected one of {', '.join(known)}{hint}"
        )
    require_checkpoint(folder)
    checkpoint = folder / "checkpoint.npz"
    header = storage.read_header(checkpoint)
    for name in ("model", "settings"):
        ours, other = (json.dumps(facts.get(name), sort_keys=True) for facts in (config, header))
        if ours != other:
            raise ValueError(f"{where} has {name} {ours[:200]}, but {checkpoint} has {other[:200]}")
    settings = {k: tuple(v) if isinstance(v, list) else v for k, v in config["settings"].items()}
    with storage.building(checkpoint):
        loaded = known[config["model"]](**settings)
    load_checkpoint(loaded, checkpoint)
    return loaded


def require_checkpoint(folder: Path) -> None:
    """FileNotFoundError, which says what to do, if a run was stopped before its first checkpoint."""
    if not holds_a_run(folder) and (folder / "config.json").exists():
        raise FileNotFoundError(
            f"the run in {folder} was stopped before its first checkpoint, there is no {folder / 'checkpoint.npz'}: "
            f"start it again, with --out {shlex.quote(str(folder))}"
        )
