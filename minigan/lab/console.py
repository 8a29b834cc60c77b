"""Python that is typed on the page: started, looked at and stopped; and the exercises.

The code runs in a process of its own with the same interpreter, and with the rights of whoever started the laboratory.
So a loop without end can be stopped, and the training in the plane is not touched.  Read before it: `typed`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from minigan.checks import choice, whole
from minigan.exercises.attempt import environment
from minigan.exercises.catalogue import EXERCISES, original
from minigan.exercises.exercise import title
from minigan.lab import typed

LIMIT = 600.0  # seconds after which typed code is stopped
KINDS = ("run", "check", "exercise")
IN_PLACE = sys.platform == "emscripten"  # there are no processes

#: the README's example, and a line that names its loss
EXAMPLE = """import numpy as np
import minigan as mg
from minigan.gradcheck import check_grad
def f(x, w):
    return mg.ops.tanh(x @ w).sum()
x, w = mg.Tensor(np.array([[0.5, -1.0]])), mg.Tensor(np.array([[1.0], [0.3]]))
mg.grad(f(x, w), w)
check_grad(f, x.data, w.data) < 1e-9  # against finite differences; the gradient of the gradient, too
loss = f(x, w)  # the graph of `loss` is drawn, or that of the last Tensor
"""


class Child:
    """A process that does one job."""

    def __init__(self, job: dict[str, Any], limit: float) -> None:
        self.limit, self.began = limit, time.monotonic()
        self.folder = tempfile.TemporaryDirectory()
        self.answer, self.printed = (Path(self.folder.name) / name for name in ("answer", "printed"))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "minigan.lab.typed", str(self.answer), str(self.printed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(),
            text=True,
            encoding="utf-8",
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()  # and left open: the process ends when we do

    def state(self) -> dict[str, Any]:
        """What it has printed, and its result, once it has ended; it is stopped when it takes too long."""
        if time.monotonic() - self.began > self.limit:
            return self.stop(f"Stopped after {self.limit:g} seconds: it does not end, or takes too long.")
        status = self.process.poll()
        said = self.printed.read_text(encoding="utf-8") if self.printed.exists() else ""
        if status is None:
            return {"running": True, "printed": said}
        if self.answer.exists():
            result = json.loads(self.answer.read_text(encoding="utf-8"))
        else:
            result = {"problem": f"The process ended before the code was done (exit status {status})."}
        return self.ended(said, result)

    def stop(self, words: str) -> dict[str, Any]:
        self.process.kill()
        self.process.wait()
        said = self.printed.read_text(encoding="utf-8") if self.printed.exists() else ""
        return self.ended(said, {"problem": words})

    def ended(self, said: str, result: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.folder.cleanup()
        return {"running": False, "printed": said, "graph": None, "passed": None} | result


class Console:
    """What the page asks for: one job at a time."""

    NAMES = ("python", "run_python", "python_state", "stop_python", "exercise", "hint")

    def __init__(self) -> None:
        self.child: Child | None = None
        self.last: dict[str, Any] = {
            "running": False,
            "printed": "",
            "problem": "",
            "graph": None,
            "passed": None,
        }

    def python(self) -> dict[str, Any]:
        """What the page needs once: the first text, and the exercises."""
        exercises = [
            {"number": number, "title": title(original(number).read_text(encoding="utf-8")), "hints": len(exercise.hints)}
            for number, exercise in EXERCISES.items()
        ]  # fmt: skip
        return {"example": EXAMPLE, "exercises": exercises}

    def run_python(self, source: str, kind: str = "run", number: int = 1) -> dict[str, Any]:
        """Begin a job; what ran before is stopped.  The state, in which it may be done already."""
        if not isinstance(source, str):
            raise TypeError(f"run_python: source is a {type(source).__name__}, expected a str")
        job = {"kind": choice("run_python", KINDS, kind=kind), "source": source, "number": known(number)}
        self.stop_python()
        if IN_PLACE:
            said: list[str] = []
            result = typed.do(job, said.append)
            self.last = {"running": False, "printed": "".join(said)} | result
        else:
            self.child = Child(job, EXERCISES[number].seconds if kind == "exercise" else LIMIT)
        return self.python_state()

    def python_state(self) -> dict[str, Any]:
        """running, printed; and problem, graph, passed, once it has ended."""
        if self.child is not None:
            self.last = self.child.state()
            if not self.last["running"]:
                self.child = None
        return self.last

    def stop_python(self) -> dict[str, Any]:
        if self.child is not None:
            self.last, self.child = self.child.stop("Stopped."), None
        return self.last

    def exercise(self, number: int) -> dict[str, Any]:
        """The file of an exercise as it comes, with its hole or its bug."""
        return {"source": original(known(number)).read_text(encoding="utf-8")}

    def hint(self, number: int, i: int) -> dict[str, Any]:
        """Hint i of an exercise, from 0 on."""
        hints = EXERCISES[known(number)].hints
        if whole("hint", least=0, i=i) >= len(hints):
            raise ValueError(f"hint: i is {i}, expected 0 to {len(hints) - 1}")
        return {"hint": hints[i]}


def known(number: int) -> int:
    if whole("exercise", number=number) not in EXERCISES:
        raise ValueError(f"exercise: number is {number}, expected 1 to {len(EXERCISES)}")
    return number
