"""The laboratory without a server: Pyodide runs this package's source in the browser, in a Web Worker.

Pyodide is CPython and NumPy as WebAssembly.  The page loads it from Pyodide's own CDN, or from a folder that lies
beside it.  Read before it: `recording`, whose page this is.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from io import BytesIO
from pathlib import Path

from minigan.lab import recording

VERSION = "0.27.7"  # CPython 3.12 and NumPy 2.0
CDN = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"
CORE = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
PACKAGE = Path(__file__).parents[1]
DATA = ("mnist_subset.npz", "generator_digits.npz", "generator_faces.npz")  # what the page's Python may load


def source() -> bytes:
    """A zip file of the package's modules and of DATA, the same bytes each time."""
    found = BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted([*PACKAGE.rglob("*.py"), *(PACKAGE / "data" / name for name in DATA)]):
            member = zipfile.ZipInfo(
                path.relative_to(PACKAGE.parent).as_posix()
            )  # of 1980, whenever it is made
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, path.read_bytes())
    return found.getvalue()


def files(folder: Path) -> list[Path]:
    """What the page loads of Pyodide from a folder.  FileNotFoundError if it is not all there."""
    lock = folder / "pyodide-lock.json"
    names = list(CORE)
    if lock.exists():
        names.append(json.loads(lock.read_text(encoding="utf-8"))["packages"]["numpy"]["file_name"])
    for name in names:
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder} has no {name}, expected Pyodide {VERSION} with NumPy")
    return [folder / name for name in names]


def write(folder: Path, pyodide: Path | None = None, steps: int = recording.STEPS) -> None:
    """Write laboratory.html with a recorded run, and beside it what it needs to run live."""
    needed = files(pyodide) if pyodide else []
    folder.mkdir(parents=True, exist_ok=True)
    recording.write(folder / "laboratory.html", steps, "pyodide/" if pyodide else CDN)
    (folder / "minigan.zip").write_bytes(source())
    shutil.copyfile(PACKAGE / "lab" / "worker.js", folder / "worker.js")
    for path in needed:
        (folder / "pyodide").mkdir(exist_ok=True)
        shutil.copyfile(path, folder / "pyodide" / path.name)
