"""Published data sets: files of known content, found on this machine or downloaded once.

A file counts only if its unpacked content has the published SHA-256, wherever it comes from: names say nothing,
those of Fashion-MNIST are MNIST's. Read before: idx.py, download.py.
"""

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minigan.data.idx import parse_idx, read_content


class Published(NamedTuple):
    """One of the published files: its name, and size in bytes and SHA-256 of its unpacked content."""

    name: str
    size: int
    sha256: str


def cache_folder() -> Path:
    """The folder for downloaded data, where the operating system's conventions want it."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "minigan"


def load_published(
    file: Published,
    needed: Sequence[Published],
    folders: Sequence[Path],
    mirrors: Sequence[str],
    instead: str,
) -> np.ndarray:
    """The array in one published file, from the first of `folders` that has it or else from a mirror.

    What is downloaded goes into the last of the folders. If that fails, FileNotFoundError says by which folder
    the files that are `needed` will be found, and what can be done `instead`.
    """
    for folder in folders:
        for path in _places(folder, file.name):
            if path.is_file():
                return _read_found(file, path)

    # Here, because urllib takes longer to import than all of minigan and is rarely needed.
    from minigan.data.download import download

    target = folders[-1] / (file.name + ".gz")
    urls = [mirror + target.name for mirror in mirrors]
    limit = file.size + 1024  # gzip lengthens a little what it cannot shorten
    try:
        download(urls, target, lambda part: _read_verified(file, part), limit)
    except OSError as error:
        raise FileNotFoundError(_help_by_hand(file, needed, folders[0], mirrors, instead, error)) from error
    return _read_verified(file, target)


def _places(folder: Path, name: str) -> list[Path]:
    """Where the file is, as people have it: with a dot in its name, gzipped, in a folder of its own name."""
    names = [n + suffix for n in (name, name.replace("-idx", ".idx")) for suffix in ("", ".gz")]
    return [place for n in names for place in (folder / n, folder / n / n)]


def _read_found(file: Published, path: Path) -> np.ndarray:
    try:
        return _read_verified(file, path)
    except ValueError as error:
        advice = "delete it and it is downloaded again, or replace it"
        raise ValueError(f"{error}; {path} is not the published {file.name}: {advice}") from error


def _read_verified(file: Published, path: Path) -> np.ndarray:
    """The array in the IDX file at `path`, or a ValueError if it is not the published one."""
    content = read_content(path, limit=file.size)
    array = parse_idx(content, path)
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != file.sha256:
        raise ValueError(f"{path}: found SHA-256 {sha256}, expected {file.sha256}")
    return array


def _help_by_hand(
    file: Published,
    needed: Sequence[Published],
    folder: Path,
    mirrors: Sequence[str],
    instead: str,
    error: OSError,
) -> str:
    lines = [
        f"{file.name} is not here and could not be downloaded: {error}",
        f"Put these files, gzipped (.gz) or not, into {folder}, or into any folder and set",
        "the environment variable MINIGAN_DATA to it:",
    ]
    lines += [f"  {each.name}  (SHA-256 when unpacked: {each.sha256})" for each in needed]
    lines.append("Another machine can get them, with .gz after their names, from:")
    lines += [f"  {mirror}" for mirror in mirrors]
    return "\n".join([*lines, instead])
