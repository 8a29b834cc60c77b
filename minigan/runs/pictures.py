"""Pictures: sample grids, animations, curves of a run.

Needs matplotlib (which brings Pillow), imported on first use.
Images are (N, H, W, C) in [-1, 1]; C is 1 or 3.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

#: Okabe and Ito (2008), without their yellow: for people with any of the usual kinds of colour blindness
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
FEW = 2  # points of a curve that are marked


def image_grid(images: np.ndarray, columns: int | None = None, gap: int = 2, scale: int = 2) -> np.ndarray:
    """Images side by side, row by row, as one uint8 picture (H', W', C).

    columns  images in a row; the smallest square that holds them all by default
    gap      pixels between the images;  scale  every pixel becomes scale x scale pixels
    Raises ValueError if `images` is not (N, H, W, 1 or 3) with N > 0, TypeError if its numbers are integers.
    """
    images = np.asarray(images)
    if images.dtype.kind != "f":
        raise TypeError(f"image_grid: images are {images.dtype}, expected floating-point numbers in [-1, 1]")
    if images.ndim != 4 or images.shape[3] not in (1, 3) or not len(images):
        raise ValueError(
            f"image_grid: images have shape {images.shape}, expected (N, H, W, 1 or 3) with N > 0"
        )
    n, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    pixels = np.clip(np.rint((images + 1) * 127.5), 0, 255)
    pixels = np.where(np.isnan(pixels), 0, pixels).astype(np.uint8)  # a network that has diverged draws black
    cells = np.full((rows * columns, height + gap, width + gap, channels), 64, np.uint8)  # dark grey gaps
    cells[:n, :height, :width] = pixels
    grid = cells.reshape(rows, columns, height + gap, width + gap, channels)
    grid = grid.swapaxes(1, 2).reshape(rows * (height + gap), columns * (width + gap), channels)
    return grid[: -gap or None, : -gap or None].repeat(scale, axis=0).repeat(scale, axis=1)


def labelled(
    picture: np.ndarray,
    title: str = "",
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    size: int = 15,
) -> np.ndarray:
    """A uint8 picture (H, W, 1 or 3) in a white frame that says what it shows: (H', W', 1 or 3).

    title    above everything; "\\n" begins a new line
    rows     a label for each of so many rows of equal height, on the left; columns  likewise, above
    size     of the letters, in pixels
    """
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    letters = (
        f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf"  # it has Greek and mathematical letters
    )
    font = ImageFont.truetype(letters, size)
    height, width = picture.shape[:2]
    left = max([math.ceil(font.getlength(row)) + size for row in rows], default=0)
    heading = (title.count("\n") + 1) * (size + 5) + 6 if title else 0
    top = heading + (size + 8 if columns else 0)
    wide = max([left + width, *(math.ceil(font.getlength(line)) + 8 for line in title.split("\n"))])
    framed = np.full((top + height, wide, picture.shape[2]), 255, np.uint8)
    framed[top:, left : left + width] = picture
    image = Image.fromarray(framed[..., 0] if framed.shape[2] == 1 else framed)
    draw = ImageDraw.Draw(image)
    black: Any = 0 if framed.shape[2] == 1 else (0, 0, 0)
    for i, line in enumerate(title.split("\n")):
        draw.text((4, 3 + i * (size + 5)), line, black, font)
    for i, label in enumerate(rows):
        draw.text((left - size // 2, top + (i + 0.5) * height / len(rows)), label, black, font, anchor="rm")
    for j, label in enumerate(columns):
        draw.text((left + (j + 0.5) * width / len(columns), top - 4), label, black, font, anchor="ms")
    return np.asarray(image).reshape(framed.shape)


def save_image(path: str | Path, picture: np.ndarray) -> None:
    """Write a uint8 picture (H, W, 1 or 3) as a PNG."""
    from PIL import Image

    Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).save(path, format="PNG")


def save_animation(path: str | Path, pictures: Sequence[str | Path], seconds: float = 6.0) -> None:
    """Write PNG files of one size as a GIF that plays for `seconds` and then rests on the last one."""
    from PIL import Image

    if not pictures:
        raise ValueError(f"save_animation: no pictures to make {path} of")
    frames = [Image.open(picture).copy() for picture in pictures]
    each = max(20, round(1000 * seconds / len(frames)))
    durations = [each] * (len(frames) - 1) + [2000]
    frames[0].save(path, format="GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)


def plot_history(
    path: str | Path,
    rows: Sequence[Mapping[str, float]],
    panels: Mapping[str, Sequence[str]],
    references: Mapping[str, Sequence[tuple[float, str]]] | None = None,
) -> None:
    """Draw columns of a history over the steps, one panel for each {title: names of columns}.

    references  {title: (number, what it means)} to draw as dashed lines
    A curve of one or two points has marks, and starts at step 0, so that it can be seen.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5 * len(panels), 3.2), layout="constrained")
    for axes, (title, names) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
    ):
        longest = 0
        for name, color in zip(names, itertools.cycle(COLORS)):
            points = [(row["step"], row[name]) for row in rows if name in row]  # not every step reports it
            marker = "o" if 0 < len(points) <= FEW else ""
            label = name if points else f"{name}: no numbers yet"
            xy = zip(*points, strict=True) if points else ((), ())
            axes.plot(*xy, label=label, linewidth=1.4, color=color, marker=marker)
            longest = max(longest, len(points))
        for (number, meaning), style in zip((references or {}).get(title, ()), ("--", ":"), strict=False):
            axes.axhline(number, color="0.3", linewidth=1, linestyle=style, label=meaning)
        axes.set(title=title, xlabel="step")
        if longest <= FEW:
            axes.set_xlim(left=0)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    figure.savefig(path, dpi=110)
