"""Record what CuPy has of NumPy: names, parameters, and what waits for the GPU.

    pip install cupy-cuda13x               70 MB; neither a GPU nor a driver is needed
    python tools/record_cupy.py            writes tests/cupy_api.json
    python tools/record_cupy.py --check    compares with it instead, as CI does

The record lets the tests refuse, on any machine, a function or a keyword that NumPy has and CuPy lacks.
Where a CuPy is installed, tests/test_cupy_record.py compares the record with it.

CuPy's Python functions have a signature.  Its ufuncs and the methods of its arrays are compiled and have none,
but the first line of their documentation shows it.
"""

import argparse
import importlib
import inspect
import json
import re
import sys
from pathlib import Path

import numpy as np

RECORD = Path(__file__).parents[1] / "tests" / "cupy_api.json"

#: the places whose names are compared, the same in both libraries
PLACES = ("", "linalg", "lib.stride_tricks", "ndarray", "random.Generator")


def record(cupy) -> dict:
    """{"version", "names": {place: {name: parameters}}, "ufuncs", "waits"} of this CuPy.

    parameters  as they would stand in a def, every default being None; None for an attribute
    waits       "place name" of what may wait for the GPU, as the documentation of the name says
    """
    names, ufuncs, waits = {}, [], []
    for place in PLACES:
        theirs, ours = find(cupy, place), find(np, place)
        names[place] = {}
        for name in sorted(set(dir(theirs)) & set(dir(ours))):
            thing = getattr(theirs, name)
            if name.startswith("_") or inspect.ismodule(thing) or isinstance(thing, type):
                continue
            if callable(thing):
                names[place][name] = parameters(name, thing)
                if isinstance(thing, cupy.ufunc):
                    ufuncs.append(name)
                if "synchronize" in (thing.__doc__ or ""):
                    waits.append(f"{place} {name}".strip())
            elif place == "ndarray":
                names[place][name] = None
    return {"version": cupy.__version__, "names": names, "ufuncs": ufuncs, "waits": waits}


def find(library, place: str):
    """What is at a place such as "random.Generator" of NumPy or CuPy."""
    for part in filter(None, place.split(".")):
        if inspect.ismodule(library) and not hasattr(library, part):
            importlib.import_module(f"{library.__name__}.{part}")
        library = getattr(library, part)
    return library


def parameters(name: str, function) -> str:
    """The parameters of a function: "a, axis=None, *, dtype=None"."""
    try:
        signature = inspect.signature(function)
    except ValueError:
        return from_documentation(name, function.__doc__ or "")
    bare = [
        p.replace(annotation=p.empty, default=p.empty if p.default is p.empty else None)
        for p in signature.parameters.values()
    ]
    return str(signature.replace(parameters=bare, return_annotation=signature.empty))[1:-1]


def from_documentation(name: str, documentation: str) -> str:
    """The same from a first line like "_ndarray_base.sort(self, int axis=-1) -> _ndarray_base"."""
    first = documentation.strip().partition("\n")[0].replace("\\*", "*")
    found = re.fullmatch(r"(?:\w+\.)?\w+\((.*)\)(?: -> .*)?", first)
    if not found or "[" in found[1]:  # optional parameters in brackets: frexp and its like
        return "*args, **keywords"
    listed = []
    for parameter in re.findall(r"[^,(]+(?:\([^)]*\))?[^,]*", found[1]):
        variable, equals, _ = parameter.partition("=")
        listed.append(variable.split()[-1] + ("=None" if equals else ""))
    return ", ".join(listed)


def differences(found: dict, recorded: dict) -> list[str]:
    """What is not the same in two records, one line for each name."""
    lines = []
    for place in sorted({*found["names"], *recorded["names"]}):
        new, old = found["names"].get(place, {}), recorded["names"].get(place, {})
        for name in sorted({*new, *old}):
            if new.get(name, "missing") != old.get(name, "missing"):
                was, now = (f"{names.get(name, 'missing')}" for names in (old, new))
                lines.append(f"{place} {name}: recorded is ({was}), found ({now})".strip())
    for key in ("version", "ufuncs", "waits"):
        if found[key] != recorded[key]:
            lines.append(f"{key}: recorded is {recorded[key]}, found {found[key]}")
    return lines


def main() -> int:
    """Write the record, or compare with it; 1 if it differs, else 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the record differs")
    check = parser.parse_args().check
    import cupy

    libraries = f"CuPy {cupy.__version__} and NumPy {np.__version__}"
    if not check:
        RECORD.write_text(json.dumps(record(cupy), indent=0, sort_keys=True) + "\n")
        print(f"{libraries}: {RECORD}, {RECORD.stat().st_size // 1024} kB")
        return 0
    lines = differences(record(cupy), json.loads(RECORD.read_text()))
    if lines:
        print(
            f"{RECORD.name} is not what {libraries} have; python tools/record_cupy.py writes it anew:",
            *lines,
            sep="\n",
        )
        return 1
    print(f"{RECORD.name} is what {libraries} have")
    return 0


if __name__ == "__main__":
    sys.exit(main())
