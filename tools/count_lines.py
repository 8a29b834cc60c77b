"""How long is the book?  Counts the lines of the package, and writes the table of Part I into README.md.

    python tools/count_lines.py            print the counts; exit with 1 if a limit is exceeded
    python tools/count_lines.py --write    also write the table into README.md

Every line counts: code, docstrings, comments, blank lines.  A file of Part I counts down to the line that
begins with REST, if it has one: what stands below can be read later.
"""

import argparse
import ast
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "minigan"
BOOK = ("backend.py", "checks.py", "autograd.py", "ops", "layers", "losses.py", "optimizers.py", "models")
REST = "# --- To be read later"

#: everything else but the cover
AROUND = tuple(
    path.name for path in sorted(PACKAGE.iterdir()) if path.name not in (*BOOK, "fast", "__init__.py")
)

#: the files of Part I in reading order, and what each says
PART_I = {
    "autograd.py": "Tensor, primitive, `grad`: the chain rule",
    "ops/broadcasting.py": "repeating and summing are each other's transpose",
    "ops/elementwise.py": "`+`, `exp`, `tanh`, `relu`: each derivative below its function",
    "ops/contraction.py": "the matrix product and its two vjps",
    "layers/base.py": "a layer is what has weights",
    "layers/dense.py": "y = x W + b",
    "layers/activation.py": "the functions as layers",
    "layers/batch.py": "batch normalization as its formula",
    "layers/sequential.py": "one layer after the other",
    "losses.py": "what G and what D minimise; a loss that contains a gradient",
    "optimizers.py": "what to do with a gradient: Adam in five lines; learning rates that fall",
    "models/model.py": "a model is a dataclass of its settings",
    "models/gan.py": "**the training step of a GAN**",
    "models/categorical.py": "a choice that z may begin with",
    "models/mlp_gan.py": "**a GAN that draws digits**",
}
#: files of the book that teach nothing: how wrong arguments and files from outside are refused
GUARDS = ("checks.py", "models/storage.py")
#: files of Part III that came after the book was as long as it may be: a paper each, and short
ADDED = (
    "models/conditional_gan.py", "models/image_to_image.py", "models/cycle_gan.py", "models/gan3d.py",
    "ops/volume.py", "layers/volume.py",
)  # fmt: skip
LIMITS = {
    "Part I": 1250, "the book": 4200, "a file added since": 150, "a file of the book": 300,
    "a function of the book": 40,
}  # fmt: skip


def lines_of(path: Path, whole: bool = True) -> int:
    """The number of lines of a file, or of its part above REST."""
    lines = path.read_text().splitlines()
    if not whole:
        lines = lines[
            : next((i for i, line in enumerate(lines) if line.lstrip().startswith(REST)), len(lines))
        ]
    return len(lines)


def files_of_the_book() -> list[Path]:
    found = []
    for name in BOOK:
        path = PACKAGE / name
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return found


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def functions_of(path: Path) -> dict[str, int]:
    """name -> lines of code, without docstring, comments and blank lines, of every function of a file."""
    with tokenize.open(path) as file:
        source = file.read()
    lines, found = source.splitlines(), {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            body = range(node.lineno - 1, node.end_lineno or 0)
            if ast.get_docstring(node):
                doc = node.body[0]
                body = [i for i in body if not doc.lineno - 1 <= i < (doc.end_lineno or 0)]
            code = [i for i in body if lines[i].strip() and not lines[i].strip().startswith("#")]
            found[f"{name_of(path)}: {node.name}"] = len(code)
    return found


def counts() -> dict[str, int]:
    """What LIMITS are about."""
    files = files_of_the_book()
    functions = {name: n for path in files for name, n in functions_of(path).items()}
    return {
        "Part I": sum(lines_of(PACKAGE / name, whole=False) for name in PART_I),
        "the book": sum(lines_of(path) for path in files if name_of(path) not in (*GUARDS, *ADDED)),
        "a file added since": max(lines_of(PACKAGE / name) for name in ADDED),
        "a file of the book": max(map(lines_of, files)),
        "a function of the book": max(functions.values()),
    }


def table() -> str:
    """The rows of Part I as Markdown, and their sum."""
    rows = [f"| {lines_of(PACKAGE / name, False)} | `{name}` | {text} |" for name, text in PART_I.items()]
    return "\n".join(["| lines | file in `minigan/` | what it says |", "| ---: | --- | --- |", *rows])


def with_table(readme: str) -> str:
    """The text of README.md with the table that the files have now."""
    begin, end = "<!-- table of Part I -->\n", "<!-- end of the table -->"
    before, _, rest = readme.partition(begin)
    return before + begin + table() + "\n" + end + rest.partition(end)[2]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="write the table into README.md")
    args = parser.parse_args()
    found = counts()
    for name, count in found.items():
        print(f"{name:<24}{count:>6}   of at most {LIMITS[name]}")
    parts = {
        "and its guards": GUARDS,
        "and what was added": ADDED,
        "fast": "fast",
        "around": AROUND,
    }
    for name, places in parts.items():
        paths = [PACKAGE / place for place in ([places] if isinstance(places, str) else places)]
        print(
            f"{name:<24}{sum(lines_of(f) for p in paths for f in (p.rglob('*.py') if p.is_dir() else [p])):>6}"
        )
    if args.write:
        readme = ROOT / "README.md"
        readme.write_text(with_table(readme.read_text()))
    return int(any(found[name] > limit for name, limit in LIMITS.items()))


if __name__ == "__main__":
    sys.exit(main())
