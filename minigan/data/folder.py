"""A folder of your own pictures: PNG and JPEG files of any size and shape become one array of images.

A picture is turned upright as its camera noted, laid on white where it is transparent, cut to the square
in its middle, and resized. Needs Pillow, which comes with matplotlib. Read before: pixels.py.
"""

import os
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from minigan.checks import path, whole
from minigan.data.pixels import scaled

SUFFIXES = (".png", ".jpg", ".jpeg")
MAX_PIXELS = 25_000_000  # of one picture; unpacked, it takes up to a dozen bytes for each


def load_folder(folder: str | Path, size: int) -> np.ndarray:
    """The pictures in `folder` and in the folders inside it, in the order of their names.

    float32 (N, size, size, C) in [-1, 1]; C is 1 if every pixel of every picture is grey, otherwise 3.
    A file or a folder that cannot be read is named on stderr and skipped.

    Raises ImportError without Pillow, FileNotFoundError if there is no such folder, ValueError if no
    picture is left.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("reading PNG and JPEG files needs Pillow: pip install pillow") from error
    root, size = path("load_folder", folder=folder), whole("load_folder", size=size)
    if not root.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    pictures, files = [], files_in(root, SUFFIXES)
    for file in files:
        try:
            with warnings.catch_warnings():  # Pillow's of many pixels: there is a limit of our own
                warnings.simplefilter("ignore")
                with Image.open(file, formats=("PNG", "JPEG")) as picture:  # whatever it is called
                    pictures.append(_prepared(picture, size))
        except Exception as error:  # noqa: BLE001 - what a broken file raises depends on how it is broken
            skipped(file, error)
    if not pictures:
        found = f"none of its {len(files)} can be read" if files else "it has none"
        raise ValueError(f"{folder}: expected PNG or JPEG files, but {found}")
    pixels = np.stack(pictures)  # (N, size, size, 3)
    if (pixels == pixels[..., :1]).all():
        pixels = pixels[..., :1]  # (N, size, size, 1)
    return scaled(pixels)


def files_in(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """The files with one of the suffixes in the folder and in those inside it, in the order of their names."""
    found = []
    for inside, _, names in os.walk(folder, onerror=lambda error: skipped(error.filename, error)):
        found += [Path(inside, name) for name in names if Path(name).suffix.lower() in suffixes]
    return sorted(path for path in found if path.is_file())


def skipped(path: Any, error: Exception) -> None:
    """Name on stderr a file or a folder that is left out, and why."""
    line = f"skipped {path}: {error}"  # a name can hold what would move the cursor or colour the screen
    print("".join(c if c.isprintable() else "?" for c in line), file=sys.stderr)


def _prepared(picture: Any, size: int) -> np.ndarray:
    """One picture of Pillow's as uint8 (size, size, 3)."""
    from PIL import Image, ImageOps

    width, height = picture.size
    picture.draft(None, (4 * size, 4 * size))  # a JPEG that is larger is made smaller while it is decoded
    if not picture.info.get("progressive"):  # that is decoded from all of its pixels at once
        width, height = picture.size
    if width * height > MAX_PIXELS:
        raise ValueError(f"it has {width} x {height} pixels, more than {MAX_PIXELS:,}")
    ImageOps.exif_transpose(picture, in_place=True)
    if picture.mode.startswith("I"):  # grey with 16 bits, which convert would cut off at 255
        picture = picture.convert("I")
    elif picture.mode not in ("L", "RGB", "RGBA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    picture = ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS)  # from here on it is small
    if picture.mode == "I":
        picture = picture.point(lambda grey: grey * (1 / 257)).convert("L")
    picture = picture.convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB"))
