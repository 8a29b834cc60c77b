"""Files of weights: a header in JSON and named arrays, in the .npz format of NumPy.

A file from outside is not trusted.  Names, sizes, shapes and dtypes are looked at before a number is read, so
a small file cannot fill the memory, and nothing in it is ever executed.
"""

import json
import os
import zipfile
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

FORMAT = 2  # raised when older files can no longer be read
HEADER_BYTES = 2**20  # the longest header


def write(path: str | Path, header: Mapping, arrays: Mapping[str, np.ndarray]) -> None:
    """Write header and arrays to one file, which appears whole or not at all; FloatingPointError for nan, inf."""
    path = Path(path)
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise FloatingPointError(f"{name} is not finite: training has diverged; {path} is left as it was")
    text = np.frombuffer(json.dumps({"format": FORMAT, **header}).encode(), np.uint8)
    unfinished = path.with_name(path.name + ".part")
    try:
        with open(unfinished, "wb") as file:
            with zipfile.ZipFile(file, "w") as members:
                for name, array in {"header": text, **arrays}.items():
                    with members.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                        npy.write_array(member, np.asanyarray(array), allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_header(path: str | Path) -> dict:
    """The header of a file.  Raises FileNotFoundError or ValueError, in one line that names the file."""
    with errors_name(path), zipfile.ZipFile(path) as members:
        return _header(members)


def read(path: str | Path, like: Mapping[str, np.ndarray]) -> tuple[dict, dict[str, np.ndarray]]:
    """Header and arrays of a file, which must have the names, shapes and, up to precision, dtypes of `like`."""
    with errors_name(path), zipfile.ZipFile(path) as members:
        header = _header(members)
        names = {name.removesuffix(".npy") for name in members.namelist() if name != "header.npy"}
        if missing := sorted(set(like) - names):
            raise ValueError(f"{len(missing)} arrays are missing, such as {missing[0]!r}")
        if unknown := sorted(names - set(like)):
            raise ValueError(f"{len(unknown)} arrays are of another model, such as {unknown[0][:80]!r}")
        return header, {name: _array(members, name, expected) for name, expected in like.items()}


@contextmanager
def errors_name(path: str | Path):
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


def _header(members: zipfile.ZipFile) -> dict:
    names = members.namelist()
    if len(set(names)) != len(names):
        raise ValueError("two arrays have the same name")
    if "header.npy" not in names:
        raise ValueError("this is no checkpoint of minigan: it has no header")
    with members.open("header.npy") as member:
        shape, _, dtype = _described(member)
        old = dtype.kind == "U"  # the header of format 1 was text
        if not old and (dtype != np.uint8 or len(shape) != 1 or shape[0] > HEADER_BYTES):
            raise ValueError("this is no checkpoint of minigan: its header is too long or of another type")
        header = {"format": 1} if old else json.loads(member.read(shape[0]))
    if (came := header.get("format") if isinstance(header, dict) else None) != FORMAT:
        raise ValueError(f"this checkpoint has format {came}, this version of minigan reads format {FORMAT}")
    return header


def _array(members: zipfile.ZipFile, name: str, expected: np.ndarray) -> np.ndarray:
    with members.open(f"{name}.npy") as member:
        shape, fortran, dtype = _described(member)
        if shape != expected.shape:
            raise ValueError(f"{name} has shape {shape}, expected {expected.shape}")
        if dtype != expected.dtype and (dtype.kind, expected.dtype.kind) != ("f", "f"):
            raise ValueError(f"{name} is of dtype {dtype}, expected {expected.dtype}")
        numbers = np.frombuffer(member.read(expected.size * dtype.itemsize), dtype)
    with np.errstate(over="ignore"):
        array = numbers.reshape(shape, order="F" if fortran else "C").astype(expected.dtype, order="C")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} is not finite")
    return array


def _described(member) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether the first axis is the quickest, and dtype of an array, before it is read."""
    version = npy.read_magic(member)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"an array is in version {version} of NumPy's format, expected (1, 0)")
    return (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(member)
