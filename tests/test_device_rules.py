"""The rules that let one line of NumPy run on a GPU, read off the source without running it.

In the modules whose functions see arrays on the device, every `np.` function and keyword is one that CuPy has
(tests/cupy_api.json), and nothing is used that a GPU refuses or that only the backend can do.
"""

import ast
import json
from pathlib import Path

import numpy as np
import pytest

import minigan

ROOT = Path(minigan.__file__).parent
RECORD = json.loads(Path(__file__).with_name("cupy_api.json").read_text())
NAMES = RECORD["names"]

#: What works on the host, and why.
ON_THE_HOST = {
    "backend": "the seam itself: it knows both libraries",
    "fast": "quicker bodies for host arrays; whatever else comes is left to the plain ones",
    "drawing": "pictures and text, of numbers that were fetched",
    "exercises": "files to edit, in plain NumPy, and their checks",
    "interchange": "weights and files for other libraries, as arrays of the host",
    "lab": "points in the plane, on the host",
    "gradcheck": "differences are compared on the host; the cases are made there, and the checker moves them",
    "models.storage": "files",
    "data": "files and batches, before they are moved",
    "training": "files",
    "evaluation": "of samples, which are on the host",
    "runs": "folders, files and pictures",
    "gpucheck": "compares on the host",
}
#: What touches no array: types, numbers, and how NumPy warns.
ABOUT_NUMBERS = {
    "errstate",
    "inf",
    "ndarray",
    "generic",
    "dtype",
    "bool_",
    "iinfo",
    "result_type",
    "float32",
    "float64",
    "int64",
}
FORBIDDEN = {"np.add.at": "scatter_add", "np.lib.stride_tricks": "windows"}


def files():
    return sorted(path for path in ROOT.rglob("*.py"))


def name_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def on_the_device(path):
    return not {name_of(path), name_of(path).split(".")[0]} & set(ON_THE_HOST)


def dotted(node):
    """np.add.at for the expression of that name, "" for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""


def offences(source):
    """What a GPU would refuse in this source, one sentence each."""
    found, tree = [], ast.parse(source)
    spelled_out = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "numpy":
            found.append(f"from {node.module} import: write np. before the name, so that it can be checked")
        if isinstance(node, ast.Import):
            found += [
                f"import {alias.name} as {alias.asname}: its name here is np, so that it can be checked"
                for alias in node.names
                if alias.name.split(".")[0] == "numpy" and (alias.name, alias.asname) != ("numpy", "np")
            ]
        if isinstance(node, ast.Attribute) and id(node) not in spelled_out:  # np.add.at, but not its np.add
            found += name_refused(dotted(node))
        if isinstance(node, ast.Call):
            found += keywords_refused(node)
    return found


def name_refused(name):
    if not name.startswith("np."):
        return []
    ours = next((ours for its, ours in FORBIDDEN.items() if name.startswith(its)), None)
    if ours:
        return [f"{name}: use backend.{ours}"]
    place, _, function = name.removeprefix("np.").rpartition(".")
    if place == "random" and function != "default_rng":  # of the host, whose numbers are moved
        return [f"{name}: use backend.normal or backend.uniform"]
    if place in (*ABOUT_NUMBERS, "random") or (not place and function in (*ABOUT_NUMBERS, "random")):
        return []
    if place in RECORD["ufuncs"]:
        return [f"{name}: a method of a ufunc, which CuPy's arrays do not answer"]
    if place not in ("", "linalg"):
        return [f"{name} is in a part of NumPy that is not checked"]
    if not hasattr(np.linalg if place else np, function):
        return [f"{name} is not in NumPy"]
    return [] if function in NAMES[place] else [f"CuPy has no {name}"]


def keywords_refused(call):
    given = [keyword.arg for keyword in call.keywords if keyword.arg]
    name = dotted(call.func)
    found = [f"{name or 'a method'}({word}=...) is refused" for word in given if word in ("where", "initial")]
    place, _, function = name.removeprefix("np.").rpartition(".")
    spelled = NAMES.get(place, {}).get(function) if name.startswith("np.") else None
    if spelled:
        takes = eval(f"lambda {spelled}: None").__code__
        known = takes.co_varnames[: takes.co_argcount + takes.co_kwonlyargcount]
        anything = bool(takes.co_flags & 0x08)
        found += [f"CuPy's {name} takes no {word}=" for word in given if word not in known and not anything]
    return found


@pytest.mark.parametrize("path", list(filter(on_the_device, files())), ids=name_of)
def test_what_runs_on_the_device_uses_what_cupy_has(path):
    assert offences(path.read_text()) == []


def test_cupy_is_imported_in_the_backend_only():
    importing = [name_of(path) for path in files() if imports_cupy(path.read_text())]
    assert importing == ["backend"]


def imports_cupy(source):
    """`import cupy`, `from cupy import`, and import_module("cupy")."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "cupy" for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "cupy":
            return True
        if (
            isinstance(node, ast.Call)
            and dotted(node.func).rpartition(".")[2] in ("import_module", "__import__")
            and any(isinstance(a, ast.Constant) and str(a.value).startswith("cupy") for a in node.args)
        ):
            return True
    return False


def test_every_exception_is_a_module_or_a_folder():
    there = {part for path in files() for part in (name_of(path), name_of(path).split(".")[0])}
    assert set(ON_THE_HOST) <= there


@pytest.mark.parametrize(
    "line",
    [
        "np.add.at(x, i, y)",
        "np.lib.stride_tricks.sliding_window_view(x, 2)",
        "np.add(x, y, where=mask)",
        "x.sum(initial=0.0)",
        "np.max(x, initial=0.0)",
        "np.busday_count(x, y)",
        "np.vectorize(f)(x)",
        "np.zeros_like(x, device='cpu')",
        "np.no_such_function(x)",
        "np.linalg.no_such_function(x)",
        "np.linalg.arange(x)",
        "np.maximum.reduce(x)",
        "np.multiply.at(x, i, y)",
        "np.random.normal(size=3)",
        "np.random.rand(3)",
        "np.fft.fft(x)",
        "busy = np.busday_count",
        "import numpy",
        "import numpy as xp",
        "import numpy.linalg as la",
        "from numpy import add",
        "from numpy.linalg import norm",
    ],
)
def test_what_a_gpu_would_refuse_is_found(line):
    assert len(offences(line)) >= 1


@pytest.mark.parametrize(
    "line",
    [
        "import cupy",
        "from cupy import cuda",
        "import cupy.cuda",
        "importlib.import_module('cupy')",
        "import_module('cupy.cuda')",
        "__import__('cupy')",
    ],
)
def test_an_import_of_cupy_is_found(line):
    assert imports_cupy(line) and not imports_cupy("import numpy")
