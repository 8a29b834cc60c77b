"""Storage: named arrays and a header in one .npz file, which appears whole or not at all.

Nothing in a file is executed, and nothing is unpacked before its name, shape and type are known to be right.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

FORMAT = 2
HEADER_BYTES = 1 << 20


def write(path: str | Path, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write the file.  FloatingPointError, with the file left as it was, if a number is not finite."""
    path = Path(path)
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise FloatingPointError(f"{name} is not finite: training has diverged; {path} is left as it was")
    text = np.array(json.dumps({"format": FORMAT} | dict(header)))
    unfinished = path.with_name(path.name + ".part")
    with open(unfinished, "wb") as file:
        np.savez(file, **{"header": text} | dict(arrays))  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)


def read_header(path: str | Path) -> dict[str, Any]:
    """The header.  ValueError or FileNotFoundError that names the file."""
    return read(path, None)[0]


def read(
    path: str | Path, like: Mapping[str, np.ndarray] | None
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """(header, arrays) of a file whose arrays have the names, shapes and types of `like`."""
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        with zipfile.ZipFile(path) as file:
            members = {info.filename.removesuffix(".npy"): info for info in file.infolist()}
            if members["header"].file_size > HEADER_BYTES:
                raise ValueError("its header is too large")
            header = json.loads(str(_array(file, "header")))
            if header["format"] != FORMAT:
                raise ValueError(f"it has format {header['format']}, this version of minigan reads {FORMAT}")
            if like is None:
                return header, {}
            names = set(members) - {"header"}
            if names != set(like):
                raise ValueError(
                    f"missing {sorted(set(like) - names)[:3]}, unexpected {sorted(names - set(like))[:3]}"
                )
            return header, {name: _array(file, name, expected) for name, expected in like.items()}
    except Exception as error:  # noqa: BLE001 - what a damaged file raises depends on how it is damaged
        raise ValueError(f"{path} cannot be read: {error}") from error


def _array(file: zipfile.ZipFile, name: str, like: np.ndarray | None = None) -> np.ndarray:
    with file.open(f"{name}.npy") as member:
        version = np.lib.format.read_magic(member)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(member)
    if like is not None and (shape, dtype) != (like.shape, like.dtype):
        raise ValueError(f"{name} is {dtype} {shape}, expected {like.dtype} {like.shape}")
    with file.open(f"{name}.npy") as member:
        return np.lib.format.read_array(member, allow_pickle=False)
