"""Make notebooks of the pages in docs/notebooks:  python docs/make_notebooks.py [FOLDER]

A block of Python becomes a cell of code, and the text between two blocks a cell of words.  What a page says that a block
prints is left out: the notebook prints it itself.  They are written to docs/_build/notebooks unless another folder is
named, and are not committed: the pages are what is tested, and a notebook that is run holds what it has computed then.
"""

import json
import re
import sys
from pathlib import Path

PAGES = Path(__file__).parent / "notebooks"
OUT = Path(__file__).parent / "_build" / "notebooks"
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```[ ]*$\n?", re.MULTILINE | re.DOTALL)


def cells_of(page: str) -> list[dict]:
    """The cells of a page, in the form of a notebook file."""
    cells, end = [], 0
    for block in BLOCK.finditer(page):
        cells.append(_cell("markdown", page[end : block.start()]))
        if block[1] == "python":
            cells.append(_cell("code", block[2]))
        end = block.end()
    cells.append(_cell("markdown", page[end:]))
    cells = [cell for cell in cells if cell["source"]]
    return [cell | {"id": f"cell-{i}"} for i, cell in enumerate(cells)]


def _cell(kind: str, text: str) -> dict:
    cell = {"cell_type": kind, "metadata": {}, "source": text.strip("\n").splitlines(keepends=True)}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def notebook(page: str) -> dict:
    """The whole notebook, format 4.5."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells_of(page)}


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for page in sorted(PAGES.glob("*.md")):
        path = out / f"{page.stem}.ipynb"
        path.write_text(json.dumps(notebook(page.read_text()), indent=1, ensure_ascii=False) + "\n")
        print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else OUT)
