"""A recorded run inside one HTML file: the same page, which plays without a server and without a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from minigan.lab import source
from minigan.lab.commands import Commands, packed
from minigan.lab.frame import frame, still
from minigan.lab.knobs import Settings
from minigan.lab.session import Session

HERE = Path(__file__).parent
SCRIPTS = (
    "engine.js",
    "plane.js",
    "tabs.js",
    "digits.js",
    "python.js",
    "lab.js",
)  # in their order on the page
STEPS, EVERY = 1500, 15  # of the run, and from one frame to the next
ROUNDED = ("fake", "arrows", "grid", "d_fake")


def record(settings: Settings, steps: int = STEPS, every: int = EVERY) -> dict[str, Any]:
    """What the page asks for while the run plays: the controls, the sources, and the frames."""
    session, frames = Session(settings), []
    for moment in range(0, steps + 1, every):
        if moment:
            session.act("b", every)
        found = frame(session, moment - every) | {"log": [], "oldest": 0}
        frames.append(found | {name: rounded(found[name]) for name in ROUNDED})
    sources = {name: source.of(name) for name in source.NAMES}
    return {"begin": Commands().begin(), "still": still(session), "sources": sources, "frames": frames}


def rounded(values: np.ndarray) -> list:
    """Two digits of every number, which is finer than a pixel, and takes less room than all of its bytes."""
    return values.astype(float).round(2).tolist()


def page(recording: dict[str, Any], pyodide: str = "") -> str:
    """One HTML file: style, scripts and the recording stand inside it.

    With an address of Pyodide it can run live as well: worker.js and minigan.zip lie beside it then.
    """
    text = (HERE / "page.html").read_text()
    if pyodide:
        text = runs_here(text, pyodide)
    style = f"<style>\n{(HERE / 'lab.css').read_text()}</style>"
    data = json.dumps(recording, separators=(",", ":"), allow_nan=False, default=packed).replace("</", "<\\/")
    scripts = [f"window.labRecording = {data};"]
    scripts += [(HERE / name).read_text() for name in ("recorded.js", *SCRIPTS)]
    text = replaced(text, '<link rel="stylesheet" href="lab.css">', style)
    links = "\n".join(f'<script src="{name}"></script>' for name in SCRIPTS)
    return replaced(text, links, "\n".join(f"<script>\n{s}\n</script>" for s in scripts))


def replaced(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise ValueError(f"page.html has {old!r} {text.count(old)} times, expected once")
    return text.replace(old, new)


def runs_here(text: str, pyodide: str) -> str:
    """A page that runs Python itself, with Pyodide from this address."""
    return replaced(text, "<body", f'<body data-pyodide="{pyodide}"')


def write(path: Path, steps: int = STEPS, pyodide: str = "") -> None:
    """Record the default run, and write the page."""
    path.write_text(page(record(Settings(), steps), pyodide), encoding="utf-8")
