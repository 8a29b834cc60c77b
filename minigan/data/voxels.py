"""Voxels: solids of 16x16x16 small cubes, made of digits, or read from MagicaVoxel's files.

A solid is (D, H, W, 1), planes from the front to the back, rows from the top, columns from the left; 1 where there is
a voxel, -1 where there is none.

    solid_digits    a digit as a cushion: the farther a pixel is from the edge of its stroke, the thicker
    load_voxels     a folder of .vox files of your own
    front           what one sees of solids from the front, as images of MNIST's size

The file format, all numbers little-endian unsigned 32-bit integers unless said:

    "VOX ", version, then chunks: name (4 bytes), length of its content, length of its children, content, children
    MAIN            holds all the others
    SIZE            x (to the right), y (to the back), z (up)
    XYZI            the number of voxels, then x, y, z and the number of a colour for each, a byte each

Other chunks are skipped, the palette RGBA too: the 3-D GAN knows full and empty only.

Source: https://github.com/ephtracy/voxel-model, "MagicaVoxel-file-format-vox.txt".  Read before: folder.py.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from minigan.checks import images as checked_images
from minigan.checks import path
from minigan.data.folder import files_in, skipped

SIZE = 16  # voxels of a side
INTENSITY = 0.35  # above which a pixel of a digit is one of its voxels
EROSIONS = 4  # after so many a stroke grows no thicker
MAX_BYTES = 2**20  # of a .vox file; 16x16x16 voxels take 2**14


def solid_digits(images: np.ndarray) -> np.ndarray:
    """Solids, float32 (N, 16, 16, 16, 1), of digits (N, 28, 28, 1) in [-1, 1].

    A pixel at distance d from the edge of its stroke, 1 at the edge itself and at most EROSIONS, becomes 2 (1 + d) voxels,
    half of them before and half of them behind the middle.
    """
    images = checked_images("solid_digits", (28, 28, 1), images)
    padded = np.pad(images[..., 0], ((0, 0), (2, 2), (2, 2)), constant_values=-1)  # (N, 32, 32)
    intensity = (padded.reshape(-1, SIZE, 2, SIZE, 2).mean(axis=(2, 4)) + 1) / 2  # (N, 16, 16)
    return solids_of(intensity > INTENSITY)


def solids_of(fronts: np.ndarray) -> np.ndarray:
    """The solids of `solid_digits`, float32 (N, 16, 16, 16, 1), of what is full in the front view, bool (N, 16, 16)."""
    distance, left = np.zeros(fronts.shape, int), fronts
    for _ in range(EROSIONS):
        distance += left
        framed = np.pad(left, ((0, 0), (1, 1), (1, 1)))
        left = left & framed[:, :-2, 1:-1] & framed[:, 2:, 1:-1] & framed[:, 1:-1, :-2] & framed[:, 1:-1, 2:]
    from_middle = np.abs(np.arange(SIZE) - (SIZE - 1) / 2).reshape(-1, 1, 1)  # (D, 1, 1): ½, 3/2, ...
    is_full = fronts[:, np.newaxis] & (from_middle < 1 + distance[:, np.newaxis])  # (N, D, H, W)
    return as_solids(is_full)


def as_solids(is_full: np.ndarray) -> np.ndarray:
    """float32 (N, D, H, W, 1) with 1 and -1, of bool (N, D, H, W)."""
    return np.where(is_full, np.float32(1), np.float32(-1))[..., np.newaxis]


def full(solids: np.ndarray) -> np.ndarray:
    """Where solids (N, 16, 16, 16, 1) have a voxel, bool (N, 16, 16, 16): where the number is above 0."""
    return checked_images("full", (SIZE, SIZE, SIZE, 1), solids)[..., 0] > 0


def front(solids: np.ndarray) -> np.ndarray:
    """What one sees of solids (N, 16, 16, 16, 1) from the front, as images (N, 28, 28, 1): white where a voxel is.

    A pixel is doubled, and the frame that `solid_digits` added is cut off.
    """
    seen = full(solids).any(axis=1).repeat(2, axis=1).repeat(2, axis=2)[:, 2:-2, 2:-2]  # (N, 28, 28)
    return as_solids(seen)


# --- Files ------------------------------------------------------------------------------------------


def load_voxels(folder: str | Path) -> np.ndarray:
    """The solids in the .vox files of `folder` and of the folders inside it, in the order of their names.

    float32 (N, 16, 16, 16, 1), each in the middle of the floor.  A file that cannot be read, that holds another number
    of models than one, or a model that is larger is named on stderr and skipped.

    Raises FileNotFoundError if there is no such folder, ValueError if no solid is left.
    """
    root = path("load_voxels", folder=folder)
    if not root.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    solids, files = [], files_in(root, (".vox",))
    for file in files:
        try:
            solids.append(placed(read_vox(file)))
        except (OSError, ValueError) as error:
            skipped(file, error)
    if not solids:
        found = f"none of its {len(files)} can be used" if files else "it has none"
        raise ValueError(f"{folder}: expected .vox files, but {found}")
    return as_solids(np.stack(solids))


def placed(voxels: np.ndarray) -> np.ndarray:
    """The voxels x, y, z (N, 3) of one model as bool (16, 16, 16), in the middle of the floor."""
    corner, extent = voxels.min(axis=0), np.ptp(voxels, axis=0) + 1
    if (extent > SIZE).any():
        came = " x ".join(map(str, extent))
        raise ValueError(f"its model has {came} voxels, expected at most {SIZE} along each side")
    x, y, z = (voxels - corner + [*(SIZE - extent[:2]) // 2, 0]).T
    is_full = np.zeros((SIZE, SIZE, SIZE), bool)
    is_full[y, SIZE - 1 - z, x] = True
    return is_full


def read_vox(path: str | os.PathLike[str]) -> np.ndarray:
    """The places x, y, z of the voxels of the one model in a .vox file, int64 (N, 3), N at least 1."""
    with open(path, "rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
    return parse_vox(content)


def parse_vox(content: bytes) -> np.ndarray:
    """The same of the bytes of a .vox file.  Raises ValueError, which says at which byte what was found."""
    if content[:4] != b"VOX ":
        raise _error(0, f"the bytes {content[:4].hex(' ')}", "56 4f 58 20, as every .vox file begins")
    if len(content) < 20 or content[8:12] != b"MAIN":
        raise _error(8, f"the bytes {content[8:20].hex(' ')}", "a chunk that is called MAIN")
    length, children = struct.unpack_from("<2I", content, 12)
    if 20 + length + children != len(content):
        raise _error(
            12, f"{length} and {children} bytes in MAIN", f"the other {len(content) - 20} of the file"
        )
    found: dict[bytes, list[tuple[int, int]]] = {b"SIZE": [], b"XYZI": []}
    for name, start, end in _chunks(content, 20 + length):
        found.get(name, []).append((start, end))
    (sizes, models) = found.values()
    if len(sizes) != 1 or len(models) != 1:
        raise _error(20, f"{len(sizes)} sizes and {len(models)} models", "one of each")
    (start, end) = sizes[0]
    if end - start != 12:
        raise _error(start, f"a size of {end - start} bytes", "12")
    return _voxels(content, *models[0], np.array(struct.unpack_from("<3I", content, start)))


def _chunks(content: bytes, start: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, first byte, end) of the content of each chunk from `start` on, without its children."""
    while start < len(content):
        left = len(content) - start - 12
        if left < 0:
            raise _error(start, f"{left + 12} bytes", "a chunk, which begins with 12, or the end")
        name, length, children = struct.unpack_from("<4s2I", content, start)
        if length + children > left:
            raise _error(start + 4, f"{length} and {children} bytes in a chunk", f"at most {left}")
        yield name, start + 12, start + 12 + length
        start += 12 + length + children


def _voxels(content: bytes, start: int, end: int, size: np.ndarray) -> np.ndarray:
    """The places in the content of an XYZI chunk."""
    n = struct.unpack_from("<I", content, start)[0] if end - start >= 4 else 0
    if end - start != 4 + 4 * n or not n:
        raise _error(
            start,
            f"{n} voxels in {end - start} bytes",
            "at least one, in 4 bytes each and 4 for their number",
        )
    voxels = np.frombuffer(content, np.uint8, 4 * n, start + 4).reshape(n, 4)[:, :3].astype(np.int64)
    if (voxels >= size).any():
        worst = int((voxels >= size).any(axis=1).argmax())
        raise _error(start + 4 + 4 * worst, f"a voxel at {voxels[worst]}", f"one within {size}")
    return voxels


def _error(offset: int, found: str, expected: str) -> ValueError:
    return ValueError(f"at byte {offset}: found {found}, expected {expected}")
