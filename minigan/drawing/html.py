"""A Tensor, a layer, a model and a training as HTML, as a notebook shows them.

Names and numbers from outside are escaped.  Colours come from the notebook.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from minigan.autograd import Tensor
from minigan.backend import to_numpy
from minigan.layers import Layer

NUMBERS = 64  # of a Tensor, that are written out
PICTURES = 24  # of a batch of images, that are shown
BINS = 24
ROWS = 40  # of a table
MOST = 1e300  # larger numbers have no difference, and no sum, in float64


def html_of(thing: Any) -> str:
    """A Tensor, a Layer or a model as HTML."""
    if isinstance(thing, Tensor):
        return tensor_html(thing)
    return layer_html(thing) if isinstance(thing, Layer) else model_html(thing)


def tensor_html(t: Tensor) -> str:
    """Few numbers as a table, images as pictures, everything else as a histogram; and where it comes from."""
    values = to_numpy(t)
    made_by = f"made by {t.recipe[0].name}" if t.recipe else "a variable"
    title = f"<b>Tensor</b> {t.shape}, {t.dtype}, {escape(made_by)}"
    if t.grad is not None:
        title += f"; |grad| = {float(np.linalg.norm(to_numpy(t.grad).ravel())):.4g}"
    finite = values[np.isfinite(values)].astype(np.float64) if values.dtype.kind == "f" else values
    if finite.size < values.size:
        title += f"; <b>{values.size - finite.size} numbers are not finite</b>"
    if values.size <= NUMBERS and values.ndim <= 2:
        body = table([[f"{v:.5g}" for v in row] for row in np.atleast_2d(values)]) if values.size else ""
    elif _are_images(values):
        shown = values[:PICTURES]
        more = f" (the first {PICTURES})" if len(values) > PICTURES else ""
        body = "".join(_picture(image) for image in shown) + f"<br>{len(values)} images, black is -1{more}"
    else:
        body = histogram(finite.ravel()) if finite.size else ""
        if finite.size:
            with np.errstate(all="ignore"):  # the square of 1e200
                mean, std = finite.mean(), finite.std()
            body += f"<br>mean {mean:.4g}, std {std:.4g}, from {finite.min():.4g} to {finite.max():.4g}"
    return f"<div>{title}<br>{body}</div>"


def layer_html(layer: Layer) -> str:
    """The call that makes the layer, and its weights."""
    return f"<div><pre style='font-family:monospace'>{escape(repr(layer))}</pre>{_weights(layer)}</div>"


def model_html(model: Any) -> str:
    """The settings of a model, and its networks, each to be unfolded."""
    settings = table([[name, repr(value)] for name, value in model.settings.items()], ("setting", "value"))
    optimizers = [[name, type(o).__name__, o.steps] for name, o in model.optimizers.items()]
    networks = "".join(
        f"<details><summary><b>{escape(name)}</b>: {_count(net)} numbers</summary>{layer_html(net)}</details>"
        for name, net in model.networks.items()
    )
    steps = table(optimizers, ("optimizer", "", "steps taken"))
    return f"<div><b>{escape(type(model).__name__)}</b>{networks}{settings}{steps}</div>"


def training_html(training: Any) -> str:
    """How far a training is, its last numbers, and its curves."""
    from minigan.drawing.curves import curves_svg

    position, rows = training.position, training.history.rows if hasattr(training, "history") else []
    title = f"<b>{escape(type(training).__name__)}</b> in {escape(str(training.out))}: "
    title += f"epoch {position['epoch']} of {training.total}, step {position['step']:,}"
    panels = getattr(training.model, "curves", None) or default_panels(rows)
    curves = curves_svg(rows, panels) if rows else "nothing is logged yet"
    return f"<div>{title}<br>{curves}{_last_row(rows)}</div>"


def history_html(rows: Sequence[Mapping[str, float]]) -> str:
    """The curves of a history, and its last row."""
    from minigan.drawing.curves import curves_svg

    return (
        f"<div>{curves_svg(rows, default_panels(rows))}{_last_row(rows)}</div>"
        if rows
        else "<div>no rows</div>"
    )


def default_panels(rows: Sequence[Mapping[str, float]]) -> dict[str, list[str]]:
    """The losses in one panel, everything else in another."""
    names = [
        name
        for name in dict.fromkeys(n for row in rows for n in row)
        if name not in ("step", "epoch", "seconds")
    ]
    panels = {
        "loss": [name for name in names if "loss" in name],
        "other numbers": [name for name in names if "loss" not in name],
    }
    return {title: columns for title, columns in panels.items() if columns}


# --- Parts -------------------------------------------------------------------------------------------


def table(rows: Iterable[Sequence[Any]], head: Sequence[str] = ()) -> str:
    """An HTML table of ROWS rows at most; cells are escaped, numbers are aligned to the right."""
    rows = list(rows)
    left_out = len(rows) - ROWS
    parts = ["<table>"]
    if head:
        parts.append(
            "<tr>"
            + "".join(f"<th style='text-align:left;padding-right:1em'>{escape(h)}</th>" for h in head)
            + "</tr>"
        )
    for row in rows[:ROWS]:
        cells = "".join(
            f"<td style='text-align:{_side(cell)};padding-right:1em'>{escape(str(cell))}</td>" for cell in row
        )
        parts.append(f"<tr>{cells}</tr>")
    return "".join(parts) + "</table>" + (f"and {left_out} more rows" if left_out > 0 else "")


def _side(cell: Any) -> str:
    try:
        float(str(cell).replace(",", ""))
    except ValueError:
        return "left"
    return "right"


def _weights(layer: Layer) -> str:
    rows = [
        (name, str(value.shape), f"{value.size:,}", "yes" if isinstance(value, Tensor) else "no")
        for name, _, _, value in layer._items()
    ]
    return table(rows, ("weight", "shape", "numbers", "trained")) if rows else "It has no weights."


def _count(layer: Layer) -> str:
    return f"{sum(p.size for p in layer.parameters()):,}"


def _last_row(rows: Sequence[Mapping[str, float]]) -> str:
    return (
        table([[name, f"{value:.5g}"] for name, value in rows[-1].items()], ("last row", "")) if rows else ""
    )


def _are_images(values: np.ndarray) -> bool:
    """Batches (N, H, W, 1 or 3) of at least 8x8 pixels in [-1, 1]."""
    return (
        values.ndim == 4 and values.shape[3] in (1, 3) and min(values.shape[1:3]) >= 8 and values.dtype.kind == "f"
        and bool((np.abs(values[:PICTURES]) <= 1.001).all())
    )  # fmt: skip


def _picture(image: np.ndarray) -> str:
    pixels = np.clip(np.rint((image + 1) * 127.5), 0, 255).astype(np.uint8)
    side = max(56, pixels.shape[1])
    return f"<img width='{side}' alt='' style='image-rendering:pixelated;margin:1px' src='{png_uri(pixels)}'>"


def png_uri(pixels: np.ndarray) -> str:
    """A data URI of a PNG of pixels (H, W, 1 or 3), uint8: signature, header, rows behind a 0 each, end."""
    height, width, channels = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 0 if channels == 1 else 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def histogram(values: np.ndarray) -> str:
    """How often which numbers occur, as bars."""
    values = np.clip(values.astype(np.float64), -MOST, MOST)
    low, high = values.min(), values.max()
    largest = max(abs(low), abs(high))
    margin = (
        0.0 if high - low > max(1e-9 * largest, 1e-300) else max(0.5, 1e-9 * largest)
    )  # (almost) one number
    counts, edges = np.histogram(values, BINS, (low - margin, high + margin))
    bars = "".join(
        f"<rect x='{10 * i}' y='{60 - 60 * count / counts.max():.1f}' width='9' height='{60 * count / counts.max():.1f}'>"
        f"<title>{edges[i]:.3g} to {edges[i + 1]:.3g}: {count:,}</title></rect>"
        for i, count in enumerate(counts)
    )
    return (
        f"<svg width='{10 * BINS}' height='62' fill='#0072b2' role='img' aria-label='Histogram'>{bars}"
        f"<rect y='60' width='{10 * BINS}' height='1' fill='gray'/></svg>"
    )
