"""The package is a book: every chapter imports only from earlier ones, and the cover opens quickly."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import minigan

ROOT = Path(minigan.__file__).parent

#: Every module or folder of the package, in reading order; within a folder, its modules.
CHAPTERS = [
    "threads", "backend", "autograd", "gradcheck", "ops", "trace", "matrix", "gradcases", "layers", "losses",
    "optimizers", "data", "models", "parallel", "training", "hints", "images", "judge", "measures", "evaluation",
    "runs", "gpucheck",
]  # fmt: skip
READERS = {"runs", "gpucheck"}  # what uses the package as a script would, by `import minigan as mg`
SECTIONS = {
    "ops": [
        "broadcasting",
        "elementwise",
        "reduction",
        "shape",
        "contraction",
        "geometry",
        "convolution",
        "resampling",
        "upsampled_convolution",
        "normalization",
        "routing",
        "operators",
    ],
    "layers": ["base", "initializers"],  # and then the layers themselves, in any order that has no circles
}


def imports(path):
    """The modules of the package that a file imports: at its top, inside functions, but not as a script."""
    module = ("minigan", *path.relative_to(ROOT).with_suffix("").parts)
    tree = ast.parse(path.read_text())
    tree.body = [
        node for node in tree.body if not (isinstance(node, ast.If) and "__main__" in ast.dump(node.test))
    ]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(module[: -node.level]) if node.level else ""
            source = ".".join(filter(None, [base, node.module]))
            # `from minigan import ops` imports the module ops, `from minigan.ops import sum` the module ops
            found += [
                (f"{source}.{alias.name}" if is_module(f"{source}.{alias.name}") else source, node.lineno)
                for alias in node.names
            ]
    return [(name, line) for name, line in found if name.split(".")[0] == "minigan"]


def is_module(name):
    path = ROOT.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def files():
    return sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def name_of(path):
    return str(path.relative_to(ROOT).with_suffix("")).replace("/", ".")


def test_every_module_has_its_place_in_the_reading_order():
    names = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in files()}
    assert names <= set(CHAPTERS), f"say in this test where {sorted(names - set(CHAPTERS))} come in the book"
    sections = {path.stem for path in (ROOT / "ops").glob("*.py")} - {"__init__"}
    assert sections <= set(SECTIONS["ops"])


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_imports_point_to_earlier_chapters(path):
    chapter, *sections = name_of(path).split(".")
    for name, line in imports(path):
        _, *parts = name.split(".")
        where = f"{path.name}:{line} imports {name}"
        if not parts:
            assert chapter in READERS, f"{where}: the cover holds every chapter; import the one that is meant"
        elif parts[0] != chapter:
            assert CHAPTERS.index(parts[0]) < CHAPTERS.index(chapter), (
                f"{where}, which comes later in the book"
            )
        elif sections != ["__init__"]:
            assert len(parts) > 1, f"{where}, the table of contents of its own chapter"
            order = SECTIONS.get(chapter, [])
            if parts[1] in order and sections[0] in order:
                assert order.index(parts[1]) < order.index(sections[0]), f"{where}, which comes later"


def test_no_chapter_imports_in_circles():
    """Also inside the chapters whose sections may come in any order."""
    graph = {
        name_of(p): {n.removeprefix("minigan.") for n, _ in imports(p)}
        for p in files()
        if p.stem != "__init__"
    }
    done = set()
    while len(done) < len(graph):
        free = {name for name, needs in graph.items() if name not in done and not (needs & set(graph)) - done}
        assert free, f"these import each other in a circle: {sorted(set(graph) - done)}"
        done |= free


def fresh(code):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_cover_opens_without_pictures_gpus_or_the_network():
    code = "import sys, minigan; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = set(fresh(code).split())
    assert "numpy" in loaded
    assert not loaded & {
        "matplotlib",
        "PIL",
        "cupy",
        "requests",
        "ssl",
        "http",
        "torch",
        "hypothesis",
        "pytest",
    }


def test_the_cover_does_not_import_the_checker_so_that_it_runs_as_a_command():
    assert fresh("import sys, minigan; print('minigan.gradcheck' in sys.modules)") == "False\n"


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_every_module_opens_with_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_what_the_package_promises_is_there():
    for name in minigan.__all__:
        assert getattr(minigan, name) is not None
    for name in minigan.ops.__all__:
        assert getattr(minigan.ops, name).__doc__, f"minigan.ops.{name} has no docstring"
