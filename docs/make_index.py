"""Write the table of the source files into docs/index.md:  python docs/make_index.py

A file's line is the first line of its docstring, and its part is the one that the docstring names.
"""

import ast
import importlib.util
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- the files, by docs/make_index.py -->\n", "<!-- end of the files -->"
#: Parts II and III in reading order; Part I has its order in tools/count_lines.py, the other files are sorted
ORDER = (
    "ops/reduction.py", "ops/shape.py", "ops/window.py", "ops/convolution.py", "ops/resampling.py",
    "layers/reshaping.py", "layers/convolution.py", "layers/normalization.py", "models/dcgan.py", "models/wgan_gp.py",
    "layers/capsule.py", "layers/regularization.py", "models/conditional_gan.py", "models/image_to_image.py", "models/cycle_gan.py",
    "ops/volume.py", "layers/volume.py", "models/gan3d.py", "models/capsnet.py", "models/capsgan.py",
    "models/transforming_autoencoder.py", "models/aegan.py", "models/vae.py",
)  # fmt: skip
AROUND = (
    "data",
    "drawing",
    "training",
    "evaluation",
    "exercises",
    "runs",
    "lab",
    "gpucheck",
    "interchange",
)
LEFT_OUT = "exercises/files"  # files for the learner to edit

#: key of a part -> its heading, and what is said below it
PARTS = {
    "I": (
        "Part I: from `exp` to digits",
        "Read these in this order, and you have followed one gradient from a GAN's loss down to NumPy.",
    ),
    "II": (
        "Part II: images",
        "Convolution, the DCGAN, and the GAN whose loss contains a gradient. The operations come first.",
    ),
    "III": ("Part III: one paper at a time", "In any order; `einsum` and the capsule layers before the capsules."),
    "IV": (
        "Part IV: why to believe it",
        "`gradcheck` compares every gradient with finite differences. It stands around the book.",
    ),
    "rest": ("The rest of the book", "To look up when one of the others needs it."),
    "fast": ("fast: the same numbers in less time", "Not needed to understand anything ([how it works](fast.md))."),
    "around": ("Around the book", "What feeds, trains, measures and runs the models."),
}  # fmt: skip


@cache
def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text())) or ""


def first_line(path: Path) -> str:
    return docstring(path).partition("\n")[0].rstrip(".")


def part_of(path: Path) -> str:
    """The key of the part that a file of the package belongs to."""
    top = path.relative_to(ROOT / "minigan").parts[0]
    if top in ("fast", "gradcheck"):
        return {"fast": "fast", "gradcheck": "IV"}[top]
    if top in AROUND:
        return "around"
    named = re.search(r"^Part (I+)(?:;| begins)", docstring(path), re.MULTILINE)
    return named[1] if named else "rest"


def files() -> list[Path]:
    found = sorted(f for f in (ROOT / "minigan").rglob("*.py") if f.name != "__init__.py")
    return [f for f in found if not f.is_relative_to(ROOT / "minigan" / LEFT_OUT)]


def reading_order() -> list[str]:
    """The files that have a place in the reading order, without the folder of the package."""
    spec = importlib.util.spec_from_file_location("count_lines", ROOT / "tools" / "count_lines.py")
    count_lines = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(count_lines)  # type: ignore[union-attr]
    return [*count_lines.PART_I, *ORDER]


def table() -> str:
    """All parts as Markdown."""
    place = {f"minigan/{name}": i for i, name in enumerate(reading_order())}
    names = {path.relative_to(ROOT).as_posix(): path for path in files()}
    sections = []
    for key, (heading, words) in PARTS.items():
        here = sorted((n for n in names if part_of(names[n]) == key), key=lambda n: place.get(n, len(place)))
        rows = [f"| `{name}` | {first_line(names[name])} |" for name in here]
        header = [f"### {heading}\n", f"{words}\n", "| file | in one line |", "| --- | --- |"]
        sections.append("\n".join([*header, *rows]))
    return "\n\n".join(sections)


def with_table(page: str) -> str:
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    index = ROOT / "docs" / "index.md"
    index.write_text(with_table(index.read_text()))
