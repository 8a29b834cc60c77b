"""report.html: a run on one page, in one file that needs no network.

It has the samples of the epochs under a slider, the curves, what the monitor warned of, the table of the metrics, the
settings, and the command that goes on.  All names and texts are escaped, and the page forbids itself to load anything.
"""

from __future__ import annotations

import base64
import io
import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from minigan.drawing.curves import Reference, curves_svg
from minigan.drawing.html import table
from minigan.models import AEGAN, GAN, CapsGAN, storage
from minigan.training import Monitor

FRAME_BYTES = 1_800_000  # of all sample grids together, before they are written as text
PICTURE_BYTES = 300_000  # of the other pictures
FRAMES = 150  # sample grids, at most
PNG_BYTES = 80_000  # a larger picture becomes a JPEG

STYLE = """
:root { color-scheme: light dark; --page: #fff; --text: #1b1f23; --quiet: #555e68; --line: #ccd2d8; --code: #f2f4f6;
        --warning: #a84300; }
@media (prefers-color-scheme: dark) { :root { --page: #14181d; --text: #e6e9ec; --quiet: #a4adb7; --line: #39424b;
        --code: #1f262e; --warning: #ff9b5e; } }
* { box-sizing: border-box; }
body { background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; max-width: 1180px;
       margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
img { max-width: 100%; height: auto; image-rendering: pixelated; display: block; }
#shown { width: 596px; } input[type=range] { width: min(596px, 100%); display: block; margin: .5rem 0; }
button { font: inherit; padding: .2rem .8rem; } output { margin-left: 1rem; }
pre { background: var(--code); padding: .7rem; overflow-x: auto; border-radius: 4px; font-size: .85rem; }
td, th { padding: .15rem 1rem .15rem 0; vertical-align: top; border-bottom: 1px solid var(--line);
         overflow-wrap: anywhere; font-size: .9rem; }
table { border-collapse: collapse; } .two { display: flex; flex-wrap: wrap; gap: 1rem 3rem; }
.two > div { min-width: 0; } .quiet { color: var(--quiet); } .warning { color: var(--warning); }
svg { max-width: 100%; height: auto; vertical-align: top; }
"""

SCRIPT = """
const frames = JSON.parse(document.getElementById("frames").textContent);
const [shown, slider, epoch, play] = ["shown", "slider", "epoch", "play"].map(id => document.getElementById(id));
let timer = null;
function show() { const [name, uri] = frames[slider.value]; shown.src = uri; epoch.textContent = "epoch " + name; }
function stop() { clearInterval(timer); timer = null; play.textContent = "Play"; }
slider.addEventListener("input", () => { stop(); show(); });
play.addEventListener("click", () => {
  if (timer) return stop();
  if (slider.value == frames.length - 1) slider.value = 0;
  show(); play.textContent = "Stop";
  timer = setInterval(() => { slider.value++; show(); if (slider.value == frames.length - 1) stop(); },
                      Math.max(80, 6000 / frames.length));
});
"""


def write_report(
    folder: Path,
    config: Mapping[str, Any],
    rows: Sequence[Mapping[str, float]],
    state: str,
    command: str,
    panels: Mapping[str, Sequence[str]],
    references: Mapping[str, Sequence[Reference]],
    last_epoch: int,
    pictures: Mapping[str, np.ndarray] | None = None,
    metrics: str = "",
) -> None:
    """Write report.html into the folder of a run; it appears whole or not at all.

    config      what is in config.json;  rows  of history.csv
    state       how far the run is, in words;  command  that goes on
    panels      title -> columns, of the curves;  references  title -> numbers to compare with
    last_epoch  pictures of later ones are of a longer run, and left out
    pictures    the example's own, by name;  metrics  the table, as text, if there is one
    """
    name = f"{config['model']}: {folder.name}"
    sections = [
        f"<h1>{escape(name)}</h1><div>{escape(state)}</div>",
        _samples(folder / "samples", last_epoch),
        _section("Curves", f"{curves_svg(rows, panels, references)}{_explained(references)}"),
        _section("Warnings", _warnings(rows)),
        _section("How good are the samples?", f"<pre>{escape(metrics)}</pre>" if metrics else ""),
        *_pictures(pictures or {}),
        _section("To continue", f"<pre>{escape(command)}</pre>"),
        _configuration(config),
    ]
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(name)}</title><style>{STYLE}</style></head>\n<body>{''.join(sections)}</body></html>\n"
    )
    with storage.replacing(folder / "report.html") as file:
        file.write(page.encode())


def reference_lines(model: Any) -> dict[str, list[Reference]]:
    """Title of a panel -> the numbers that mean something there; none for a model of which none are known."""
    if isinstance(model, CapsGAN):
        return {"length of the capsule": [(model.UNDECIDED, "19/30: D cannot tell")]}
    if isinstance(model, AEGAN):
        return {
            "adversarial terms": [(math.log(2), "log 2: D cannot tell")],
            "discriminators": [(2 * math.log(2), "2 log 2: D cannot tell")],
        }
    kind = type(model)
    if isinstance(model, GAN) and (kind.d_loss, kind.g_loss, kind.curves) == (
        GAN.d_loss,
        GAN.g_loss,
        GAN.curves,
    ):
        return {
            "loss": [
                (2 * math.log(2), "2 log 2: d_loss at equilibrium"),
                (math.log(2), "log 2: g_loss there"),
            ],
            "probability of being real": [(0.5, "1/2: D cannot tell")],
        }
    return {}


def warnings_of(rows: Sequence[Mapping[str, float]]) -> list[tuple[float, str]]:
    """(step, warning) of all that the monitor said, or would have said, of these rows."""
    monitor = Monitor()
    return [(row["step"], warning) for row in rows for warning in monitor(row)]


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>" if body else ""


def _explained(references: Mapping[str, Sequence[Reference]]) -> str:
    if not references:
        return ""
    return (
        '<p class="quiet">Dashed lines: where a curve would be if D could not tell real from generated. '
        "Smoothed targets and penalties move a curve away from them.</p>"
    )


def _warnings(rows: Sequence[Mapping[str, float]]) -> str:
    found = warnings_of(rows)
    if not found:
        return '<p class="quiet">The monitor gave none.</p>'
    items = "".join(f"<li>step {step:,.0f}: {escape(warning)}</li>" for step, warning in found)
    return f'<ul class="warning">{items}</ul>'


def _configuration(config: Mapping[str, Any]) -> str:
    parts = []
    for title, key in (("Settings of the model", "settings"), ("Flags", "flags"), ("Data", "data")):
        rows = [
            [name, value if isinstance(value, str) else json.dumps(value)]
            for name, value in config[key].items()
        ]
        parts.append(f"<div><h2>{title}</h2>{table(rows)}</div>")
    version = escape(str(config.get("version", "unknown")))
    return f'<section class="two">{"".join(parts)}</section><p class="quiet">minigan {version}</p>'


# --- Pictures ----------------------------------------------------------------------------------------


def _samples(folder: Path, last_epoch: int) -> str:
    """The sample grids of some or all epochs, the last one shown, and a slider."""
    numbers = {path.stem.removeprefix("epoch_"): path for path in folder.glob("epoch_*.png")}
    paths = {int(n): path for n, path in numbers.items() if n.isdecimal() and int(n) <= last_epoch}
    if not paths:
        return ""
    frames = _frames([paths[n] for n in sorted(paths)], sorted(paths))
    last = frames[-1]
    left_out = f" ({len(frames)} of {len(paths)} pictures, evenly chosen)" if len(frames) < len(paths) else ""
    body = (
        f'<img id="shown" alt="A grid of samples" src="{last[1]}">'
        f'<input id="slider" type="range" min="0" max="{len(frames) - 1}" value="{len(frames) - 1}" '
        'aria-label="epoch"><button id="play" type="button">Play</button>'
        f'<output id="epoch">epoch {last[0]}</output>'
        f'<p class="quiet">The same noise, or the same inputs, in every epoch; epoch 0 is before training{left_out}.</p>'
        f'<script type="application/json" id="frames">{json.dumps(frames)}</script><script>{SCRIPT}</script>'
    )
    return _section("Samples", body)


def _frames(paths: Sequence[Path], epochs: Sequence[int]) -> list[tuple[int, str]]:
    """(epoch, data URI) of as many pictures, evenly chosen, as FRAMES and FRAME_BYTES allow; the last is always there."""
    from PIL import Image

    def encoded(path: Path) -> tuple[str, bytes]:
        with Image.open(path) as image:
            pixels = np.asarray(image)
            return _encoded(pixels[..., np.newaxis] if pixels.ndim == 2 else pixels[..., :3])

    count = min(len(paths), FRAMES, max(1, FRAME_BYTES // len(encoded(paths[-1])[1])))
    while True:
        chosen = np.unique(np.linspace(len(paths) - 1, 0, count).round().astype(int))
        found = [encoded(paths[i]) for i in chosen]
        size = sum(
            len(data) for _, data in [*found, found[-1]]
        )  # the last is there twice: it is shown at first
        if count == 1 or size <= FRAME_BYTES:
            return [(epochs[i], _uri(*one)) for i, one in zip(chosen, found, strict=True)]
        count = max(1, count * 3 // 4)


def _pictures(pictures: Mapping[str, np.ndarray]) -> list[str]:
    """Sections with the example's own pictures, as long as there is room."""
    sections, room = [], PICTURE_BYTES
    for name, picture in pictures.items():
        kind, data = _encoded(picture)
        room -= len(data)
        if room >= 0:
            alt = escape(name.replace("_", " "))
            sections.append(_section(name.replace("_", " "), f'<img alt="{alt}" src="{_uri(kind, data)}">'))
    return sections


def _encoded(picture: np.ndarray) -> tuple[str, bytes]:
    """("png" or "jpeg", bytes) of a uint8 picture (H, W, 1 or 3); pixels that are only repeated are stored once."""
    from PIL import Image

    while _is_doubled(picture):
        picture = picture[::2, ::2]
    image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    file = io.BytesIO()
    image.save(file, format="PNG", optimize=True)
    if len(file.getvalue()) <= PNG_BYTES:
        return "png", file.getvalue()
    file = io.BytesIO()
    image.save(file, format="JPEG", quality=85)
    return "jpeg", file.getvalue()


def _is_doubled(picture: np.ndarray) -> bool:
    height, width = picture.shape[:2]
    if height < 4 or width < 4 or height % 2 or width % 2:
        return False
    return bool((picture[::2, ::2].repeat(2, axis=0).repeat(2, axis=1) == picture).all())


def _uri(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
