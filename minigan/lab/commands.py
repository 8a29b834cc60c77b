"""What the page can ask for: each command is a method, its arguments are what the page has sent.

The same commands answer for the server, and for the page that runs Python itself.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np

from minigan.checks import whole
from minigan.lab import frame, graph, presets, script, source
from minigan.lab.console import Console
from minigan.lab.digits import Digits
from minigan.lab.knobs import KNOBS, Settings
from minigan.lab.session import Session

MOST_ACTIONS = 200  # that one command may ask for


class Commands:
    """One session, and the commands of the page; those of the other tabs are in their own files."""

    NAMES = (
        "begin",
        "start",
        "act",
        "change",
        "go_to",
        "slow",
        "point",
        "source",
        "graph",
        "script",
        "digest",
    )

    def __init__(self) -> None:
        self.session = Session()
        self.console = Console()
        parts = (self, Digits(), self.console)
        self.commands = {name: getattr(part, name) for part in parts for name in part.NAMES}

    def answer(self, name: Any, arguments: dict[str, Any]) -> dict[str, Any]:
        """The result of a command, or {"error": sentence}."""
        try:
            if name not in self.commands:
                raise ValueError(f"command is {name!r:.60}, expected one of {', '.join(self.commands)}")
            return self.commands[name](**arguments)
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError, OSError) as error:
            return {"error": f"{error}"}

    def reply(self, body: str | bytes) -> bytes:
        """The answer in JSON to a command in JSON, {"command": name, ...}."""
        try:
            arguments = json.loads(body)
            name = arguments.pop("command") if isinstance(arguments, dict) else None
            result = self.answer(name, arguments)
        except (LookupError, RecursionError, ValueError) as error:
            result = {"error": f"{error}"}
        return json.dumps(result, allow_nan=False, separators=(",", ":"), default=packed).encode()

    def close(self) -> None:
        """End what still runs."""
        self.console.stop_python()

    def begin(self) -> dict[str, Any]:
        """What the page needs once: the controls, and the presets."""
        knobs = {name: knob.as_dict() | {"default": getattr(Settings, name)} for name, knob in KNOBS.items()}
        return {"knobs": knobs, "presets": presets.as_list(), "names": list(source.NAMES)}

    def start(self, settings: dict[str, Any]) -> dict[str, Any]:
        self.session.start(Settings.of(settings))
        return self.all()

    def act(self, action: str, n: int = 1, since: int = 0) -> dict[str, Any]:
        whole("act", n=n, least=1)
        self.session.act(action, min(n, MOST_ACTIONS))
        return frame.frame(self.session, since)

    def change(self, settings: dict[str, Any], since: int = 0) -> dict[str, Any]:
        self.session.change(settings)
        return self.all(since)

    def go_to(self, moment: int, since: int = 0) -> dict[str, Any]:
        self.session.go_to(whole("go_to", least=0, moment=moment))
        return self.all(since)

    def slow(self, action: str, since: int = 0) -> dict[str, Any]:
        """One step of D or of G, and the lines that ran, each with the numbers that it made."""
        lines = source.lines_run(self.session, action)
        return frame.frame(self.session, since) | {"lines": lines}

    def point(self, index: int) -> dict[str, Any]:
        return frame.point(self.session, whole("point", least=0, index=index))

    def source(self, name: str) -> dict[str, Any]:
        return source.of(name)

    def graph(self, of: str) -> dict[str, Any]:
        return graph.of(self.session, of)

    def script(self) -> dict[str, Any]:
        return {"script": script.of(self.session)}

    def digest(self) -> dict[str, Any]:
        return {"digest": self.session.digest()}

    def all(self, since: int = 0) -> dict[str, Any]:
        return frame.frame(self.session, since) | {"still": frame.still(self.session)}


def packed(array: Any) -> dict[str, Any]:
    """An array as JSON can say it: the base64 of its bytes, uint8 or float32.  `unpacked` in engine.js reads it."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"packed: {type(array).__name__}, expected an array")
    dtype = np.uint8 if array.dtype == np.uint8 else np.float32
    text = base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()
    return {"dtype": np.dtype(dtype).name, "shape": array.shape, "base64": text}
