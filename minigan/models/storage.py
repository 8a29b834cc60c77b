"""Files of weights: a header in JSON and named arrays, in the .npz format of NumPy.

A file from outside is not trusted.  Nothing in it is compressed, so a small file holds little; names, shapes and
dtypes are looked at before a number is read; the settings in it build no network that is larger than the file;
and nothing in it is ever executed.
"""

from __future__ import annotations

import json
import os
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from minigan import backend

FORMAT = 2  # raised when older files can no longer be read
HEADER_BYTES = 2**20  # the longest header
DIRECTORY_BYTES = 2**23  # the longest list of names, for some 40,000 arrays


def write(path: str | Path, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write header and arrays to one file, which appears whole or not at all.

    Raises FloatingPointError, and leaves the file as it was, if a number is not finite.
    """
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise FloatingPointError(f"{name} is not finite: training has diverged; {path} is left as it was")
    text = json.dumps({"format": FORMAT, **header}).encode()
    with replacing(path) as file, zipfile.ZipFile(file, "w") as members:
        for name, array in {"header": np.frombuffer(text, np.uint8), **arrays}.items():
            with members.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                npy.write_array(member, np.asanyarray(array), allow_pickle=False)


@contextmanager
def replacing(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of the one at `path` when the with-block ends without an error."""
    unfinished = Path(f"{path}.part")
    try:
        with open(unfinished, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_header(path: str | Path) -> dict[str, Any]:
    """The header of a file.  Raises FileNotFoundError or ValueError, in one line that names the file."""
    with _opened(path) as members:
        return _header(members)


def read(path: str | Path, like: Mapping[str, np.ndarray]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays of a file, which must have the names, shapes and dtypes of `like`.

    Floats of another precision are converted; what is not finite, or of another kind, is refused by name.
    """
    with _opened(path) as members:
        header = _header(members)
        names = [name.removesuffix(".npy") for name in members.namelist() if name != "header.npy"]
        if missing := sorted(set(like) - set(names)):
            raise ValueError(f"{len(missing)} arrays are missing, such as {missing[0]!r}")
        if unknown := sorted(set(names) - set(like)):
            raise ValueError(f"{len(unknown)} arrays are of another model, such as {unknown[0][:80]!r}")
        return header, {name: _array(members, name, expected) for name, expected in like.items()}


@contextmanager
def errors_name(path: str | Path) -> Iterator[None]:
    """What is wrong with a file inside the with-block becomes a ValueError of one line that names it."""
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {path}") from None
    except Exception as error:  # what a damaged file raises depends on where it is damaged
        if str(error).startswith(f"{path}: "):
            raise
        text = " ".join(str(error).split())[:300] or type(error).__name__
        raise ValueError(f"{path}: {text}") from error


@contextmanager
def building(path: str | Path) -> Iterator[None]:
    """Inside the with-block a model is made as a file says it: of no more numbers than can be in the file."""
    with errors_name(path), backend.at_most(os.path.getsize(path)):
        yield


def parsed_json(text: str | bytes) -> Any:
    """What a text in JSON says.  ValueError for a name that comes twice, and for NaN, which JSON does not have."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a name comes twice")
        return dict(pairs)

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no number of JSON")

    return json.loads(text, object_pairs_hook=unique, parse_constant=refuse)


@contextmanager
def _opened(path: str | Path) -> Iterator[zipfile.ZipFile]:
    with errors_name(path), open(path, "rb") as file:
        _check_directory(file)
        with zipfile.ZipFile(file) as members:
            if len(set(members.namelist())) < len(members.namelist()):
                raise ValueError("two arrays have the same name")
            if any(member.compress_type != zipfile.ZIP_STORED for member in members.infolist()):
                raise ValueError("its arrays are compressed, which those of minigan are not")
            yield members


def _check_directory(file: BinaryIO) -> None:
    """ValueError if the list of names at the end, which zipfile keeps in memory, is none or too long."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - 98))
    end = (
        file.read()
    )  # the end of the list: 22 bytes, and before them 76 more if the file is larger than 2 GB
    size = int.from_bytes(end[-10:-6], "little")
    if end[-42:-38] == b"PK\6\7":
        size = int.from_bytes(end[-58:-50], "little")
    if end[-22:-18] != b"PK\5\6" or size > DIRECTORY_BYTES:
        raise ValueError("this is no checkpoint of minigan: not a zip file, or one with too many names")


def _header(members: zipfile.ZipFile) -> dict[str, Any]:
    if "header.npy" not in members.namelist():
        raise ValueError("this is no checkpoint of minigan: it has no header")
    with members.open("header.npy") as member:
        shape, _, dtype = _described(member)
        if dtype.kind == "U":
            raise ValueError(f"this checkpoint has format 1, this version of minigan reads format {FORMAT}")
        if dtype != np.uint8 or len(shape) != 1 or shape[0] > HEADER_BYTES:
            raise ValueError("this is no checkpoint of minigan: its header is too long or of another type")
        header = parsed_json(_bytes(member, shape[0]))
    came = header.get("format") if isinstance(header, dict) else None
    if type(came) is not int or came != FORMAT:
        raise ValueError(f"this checkpoint has format {came}, this version of minigan reads format {FORMAT}")
    return header


def _array(members: zipfile.ZipFile, name: str, expected: np.ndarray) -> np.ndarray:
    with members.open(f"{name}.npy") as member:
        shape, fortran, dtype = _described(member)
        if shape != expected.shape:
            raise ValueError(f"{name} has shape {shape}, expected {expected.shape}")
        if dtype != expected.dtype and (dtype.kind, expected.dtype.kind) != ("f", "f"):
            raise ValueError(f"{name} is of dtype {dtype}, expected {expected.dtype}")
        numbers = np.frombuffer(_bytes(member, expected.size * dtype.itemsize), dtype)
    with np.errstate(over="ignore"):
        array = numbers.reshape(shape, order="F" if fortran else "C").astype(expected.dtype, order="C")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} is not finite")
    return array


def _bytes(member: Any, size: int) -> bytes:
    """The rest of a member, of which there must be `size` bytes."""
    content = member.read(size)
    if len(content) < size or member.read(1):  # at the end the checksum is compared
        raise ValueError(f"{member.name} is shorter or longer than its shape says")
    return content


def _described(member: Any) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether the first axis is the quickest, and dtype of an array, before it is read."""
    if npy.read_magic(member) != (1, 0):
        raise ValueError(f"{member.name} is not in version 1.0 of NumPy's format")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a description that NumPy can guess is not one that it has written
        return npy.read_array_header_1_0(member)
