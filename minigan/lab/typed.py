"""What becomes of Python that a person has typed: its output, its error in short, and the graph of its loss.

    python -m minigan.lab.typed ANSWER PRINTED

does a job that comes as a line of JSON, in a process of its own: `console` starts and ends it.  Where there are no
processes, in WebAssembly, `console` calls `do` itself.

A job has a kind:  "run" runs the source;  "check" runs it, and checks the gradient of its loss against finite
differences;  "exercise" checks it as the exercise of a number.
"""

from __future__ import annotations

import ast
import io
import json
import linecache
import os
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from minigan.autograd import Tensor, ancestors
from minigan.drawing.graph import graph
from minigan.exercises.attempt import PASSED, examine
from minigan.exercises.catalogue import file_name
from minigan.gradcheck import check_grad
from minigan.layers import Layer
from minigan.models import Model

NAME = "<typed>"  # of the file, in tracebacks
PRINTED = 20_000  # characters that are kept
LONGEST = 3000  # characters of an error
FRAMES = 8  # lines of the typed code in a traceback
STEPS = 200  # of the backward walk


class Printed(io.TextIOBase):
    """A file to print to, which keeps the first characters only, and says so."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        self.keep, self.left = write, PRINTED

    def write(self, text: str) -> int:
        if self.left >= 0:
            self.keep(text[: self.left])
            self.left -= len(text)
            if self.left < 0:
                self.keep(f"\n(more than {PRINTED} characters: the rest is not kept)\n")
        return len(text)


def do(job: dict[str, Any], write: Callable[[str], Any]) -> dict[str, Any]:
    """The result of a job: problem ("" if there is none), graph, and passed, where it applies; `write` gets the output."""
    result: dict[str, Any] = {"problem": "", "graph": None, "passed": None}
    names: dict[str, Any] = {"__name__": "__main__"}
    printed = Printed(write)
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            if job["kind"] == "exercise":
                return result | attempted(job["number"], job["source"])
            y = run(job["source"], names)
            if y is not None:
                result["graph"] = drawn(y, names)
            if job["kind"] == "check":
                print(checked(y, names))
        except SystemExit as end:
            result["problem"] = f"the program ended itself: exit({end.code!r:.50})" if end.code else ""
        except BaseException as error:  # noqa: BLE001 - whatever the typed code raises
            result["problem"] = told(error)
    return result


def run(source: str, names: dict[str, Any]) -> Tensor | None:
    """Run it as an interactive session does, which prints the value of an expression.

    Returns the Tensor that is called `loss`; otherwise the last expression that is a Tensor, if there is one.
    """
    linecache.cache[NAME] = len(source), None, source.splitlines(keepends=True), NAME
    last = None
    for statement in ast.parse(source, NAME).body:
        if isinstance(statement, ast.Expr):
            value = eval(compile(ast.Expression(statement.value), NAME, "eval"), names)
            if value is not None:
                print(repr(value))
            last = value if isinstance(value, Tensor) else last
        else:
            exec(compile(ast.Module([statement], []), NAME, "exec"), names)  # noqa: S102 - typed to be run
    return names["loss"] if isinstance(names.get("loss"), Tensor) else last


def told(error: BaseException) -> str:
    """The lines of the typed code that the error went through, and the error."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == NAME]
    lines = ["(more lines before)"] if len(frames) > FRAMES else []
    for frame in frames[-FRAMES:]:
        inside = "" if frame.name == "<module>" else f", in {frame.name}"
        lines.append(f"line {frame.lineno}{inside}: {frame.line}")
    said = "".join(traceback.format_exception_only(error)).strip().removeprefix(f'File "{NAME}", ')
    return "\n".join([*lines, said[:LONGEST]])


def drawn(y: Tensor, names: dict[str, Any]) -> dict[str, Any]:
    """The picture of y's graph, and the steps of `grad` through it."""
    picture = graph(y, **named(names))
    nodes = picture.data["nodes"]
    inputs: dict[int, list[int]] = {}
    for edge in picture.data["edges"]:
        inputs.setdefault(edge["to"], []).append(edge["from"])
    return {
        "svg": picture.svg,
        "note": picture.data["note"],
        "steps": [
            {
                "id": i,
                "inputs": inputs.get(i, []),
                "words": f"{title(nodes[i])}: {norm(nodes[i])}.\n{nodes[i]['formula']}\n"
                + "\n".join(f"to {title(nodes[k])}: {norm(nodes[k])} in all" for k in inputs.get(i, [])),
            }
            for i in picture.data["walk"][:STEPS]
        ],
    }


def title(node: dict[str, Any]) -> str:
    return f"{node['name'] or node['operation']} #{node['id']} {tuple(node['shape'])}"


def norm(node: dict[str, Any]) -> str:
    return "no gradient" if node["gradient_norm"] is None else f"‖g‖ {node['gradient_norm']:.3g}"


def named(names: dict[str, Any]) -> dict[str, Any]:
    """What the code has given names to, among what a graph can name."""
    return {
        name: thing
        for name, thing in names.items()
        if isinstance(thing, Tensor | Layer | Model) and not name.startswith("_") and name != "limit"
    }


def checked(y: Tensor | None, names: dict[str, Any]) -> str:
    """What `check_grad` says of y as a function of its variables, in float64."""
    if y is None:
        return "There is nothing to check: name a Tensor `loss`, or end with an expression that is one."
    f, variables = again(y)
    worst = check_grad(f, *[t.data.astype(np.float64) for t in variables])
    nodes = graph(y, **named(names)).data["nodes"]
    of = ", ".join(
        node["name"] or f"a variable {tuple(node['shape'])}"
        for node in nodes
        if node["operation"] == "variable"
    )
    return f"check_grad: the derivatives by {of} agree with finite differences, to second order; the largest error is {worst:.1g}"


def again(y: Tensor) -> tuple[Callable[..., Tensor], list[Tensor]]:
    """y as a function of the variables that it was made from, by the recipes; and these variables."""
    tensors = ancestors(y)
    variables = [t for t in tensors if not t.recipe and t.dtype.kind == "f"]

    def f(*values: Tensor) -> Tensor:
        new = {t.order: value for t, value in zip(variables, values, strict=True)}
        for t in tensors:
            if t.recipe:
                op, args, keywords, _ = t.recipe
                new[t.order] = op(*[replaced(a, new) for a in args], **keywords)
        return new[y.order]

    return f, variables


def replaced(a: Any, new: dict[int, Tensor]) -> Any:
    """The argument of an operation: a new Tensor for an old one, and numbers in float64."""
    if isinstance(a, Tensor):
        return new.get(a.order, a)
    return a.astype(np.float64) if getattr(a, "dtype", None) == np.float32 else a


def attempted(number: int, source: str) -> dict[str, Any]:
    """Whether the source solves an exercise; otherwise what is wrong, in words."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file_name(number)
        path.write_text(source, encoding="utf-8")
        words = examine(number, path)
    return {"passed": words == PASSED, "problem": "" if words == PASSED else words}


def end_with_the_server() -> None:
    with open(0, "rb") as stream:
        stream.read()  # until whoever started this process has ended
    os._exit(1)


def main(answer: str, printed: str) -> None:
    job = json.loads(sys.stdin.readline())
    sys.stdin = io.StringIO()
    threading.Thread(target=end_with_the_server, daemon=True).start()
    with open(printed, "w", encoding="utf-8", errors="backslashreplace", buffering=1) as file:

        def write(text: str) -> None:
            file.write(text)
            file.flush()

        result = do(job, write)
    partly = Path(answer + ".part")
    partly.write_text(json.dumps(result), encoding="utf-8")
    partly.replace(answer)
    os._exit(0)  # whatever threads the typed code has left


if __name__ == "__main__":
    main(*sys.argv[1:])
