"""The three parts of the package: who may import whom, that nothing goes in circles, and what an import costs.

The book computes everything and imports only itself, NumPy and the standard library; `fast` imports the book;
what stands around imports the book and each other.  Only minigan/__init__.py imports `fast`.
"""

import ast
import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minigan

ROOT = Path(minigan.__file__).parent

BOOK = {"backend", "checks", "autograd", "ops", "layers", "losses", "optimizers", "models"}
AROUND = {
    "data",
    "gradcheck",
    "drawing",
    "training",
    "evaluation",
    "exercises",
    "runs",
    "lab",
    "gpucheck",
    "interchange",
}
PARTS = {"book": BOOK, "fast": {"fast"}, "around": AROUND}
MAY_IMPORT = {"book": BOOK, "fast": BOOK | {"fast"}, "around": BOOK | AROUND}

#: What adds the sample calls of the primitives of `fast` where `fast` has been loaded by the cover.
LOOKS_INTO_FAST = {("gradcheck.cases", "minigan.fast.cases")}


def files():
    return sorted(path for path in ROOT.rglob("*.py"))


def name_of(path):
    """ops.shape for minigan/ops/shape.py, ops for minigan/ops/__init__.py, "" for minigan/__init__.py."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


def part_of(name):
    """The book, fast or around; "" for minigan/__init__.py and what is in no part."""
    return next((part for part, names in PARTS.items() if name.split(".")[0] in names), "")


@functools.cache
def is_module(name):
    path = ROOT.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


parsed = functools.cache(ast.parse)


def imports(source, name, everywhere=True):
    """(module, line) of all that a module of the package imports, or of what it imports when it is imported.

    Inside functions, under `if __name__ == "__main__"` and for a type checker as well, if `everywhere`.
    """
    package = ("minigan", *name.split("."))[: None if (ROOT / Path(*name.split("."))).is_dir() else -1]
    found = []
    for node in ast.walk(parsed(source)) if everywhere else at_module_level(parsed(source).body):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else ()
            origin = ".".join(filter(None, [*base, node.module]))
            # `from minigan import ops` imports the module ops, `from minigan.ops import sum` the module ops
            names = [f"{origin}.{alias.name}" for alias in node.names]
            found += [(long if is_module(long) else origin, node.lineno) for long in names]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in (
            "import_module",
            "__import__",
        ):
            found += [(a.value, node.lineno) for a in node.args if isinstance(a, ast.Constant)]
    return [(module, line) for module, line in found if isinstance(module, str)]


def at_module_level(body):
    """The statements that run when a module is imported."""
    for node in body:
        if isinstance(node, ast.If) and (
            "__main__" in ast.dump(node.test) or "TYPE_CHECKING" in ast.dump(node.test)
        ):
            continue
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With):
            for block in ("body", "orelse", "handlers", "finalbody"):
                yield from at_module_level(getattr(node, block, []))
        if isinstance(node, ast.ExceptHandler):
            yield from at_module_level(node.body)


def offences(source, name):
    """What a module may not import, one sentence each."""
    part, found = part_of(name), []
    for module, line in imports(source, name):
        top, _, inside = module.partition(".")
        where = f"minigan.{name}:{line} imports {module}"
        if (name, module) in LOOKS_INTO_FAST:
            continue
        if top == "minigan" and not inside and part != "around":
            found.append(f"{where}, the whole package: import the module that is meant")
        elif top == "minigan" and inside and inside.split(".")[0] not in MAY_IMPORT[part]:
            found.append(f"{where}, which {part} may not import")
        elif (name, top) == ("backend", "cupy") or part == "around":
            continue
        elif top not in {"minigan", "numpy", *sys.stdlib_module_names}:
            found.append(f"{where}, but {part} uses NumPy and the standard library only")
    return found


# --- The three rules ---------------------------------------------------------------------------------


def test_every_module_is_in_one_of_the_three_parts():
    homeless = [
        name_of(path) for path in files() if not part_of(name_of(path)) and path != ROOT / "__init__.py"
    ]
    assert homeless == []


@pytest.mark.parametrize("path", [path for path in files() if path != ROOT / "__init__.py"], ids=name_of)
def test_a_module_imports_what_its_part_may_import(path):
    assert offences(path.read_text(), name_of(path)) == []


def test_only_the_cover_imports_fast():
    importing = set()
    for path in files():
        name = name_of(path)
        if part_of(name) != "fast":
            found = {
                module
                for module, _ in imports(path.read_text(), name)
                if f"{module}.".startswith("minigan.fast.")
            }
            importing |= {(name, module) for module in found}
    assert importing == {("", "minigan.fast"), *LOOKS_INTO_FAST}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("ops.shape", "from minigan.fast import threads"),
        ("ops.shape", "from minigan import fast"),
        ("ops.shape", "from .. import fast"),
        ("ops.shape", "from ..fast.threads import chunked"),
        ("ops.shape", "def f():\n    import minigan.fast.threads"),
        ("losses", "if __name__ == '__main__':\n    from minigan.gradcheck import check_grad"),
        ("layers.base", "from minigan import data"),
        ("layers.base", "import minigan as mg"),
        ("models.gan", "import matplotlib.pyplot as plt"),
        ("models.gan", "def f():\n    import cupy"),
        ("ops", "import importlib\nimportlib.import_module('minigan.runs')"),
        ("fast.threads", "from minigan.training import fit"),
        ("fast.threads", "import threadpoolctl"),
        ("runs.run", "from minigan.fast import bodies"),
        ("gpucheck", "def f():\n    from minigan.fast.routing import agreement"),
    ],
)
def test_what_breaks_a_rule_is_found(name, source):
    assert len(offences(source, name)) == 1
    assert offences("import numpy as np\nimport math\nfrom minigan.autograd import Tensor", name) == []


def circles(graph):
    """Modules that import each other in circles."""
    graph, done = {name: needs & set(graph) - {name} for name, needs in graph.items()}, set()
    while free := {name for name, needs in graph.items() if name not in done and needs <= done}:
        done |= free
    return sorted(set(graph) - done)


def test_nothing_is_imported_in_circles():
    graph = {}
    for path in files():
        name = name_of(path)
        needs = {
            module.removeprefix("minigan").removeprefix(".")
            for module, _ in imports(path.read_text(), name, everywhere=False)
            if module.split(".")[0] == "minigan"
        }
        graph[name] = needs
    assert circles(graph) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["a", "b", "c"]


# --- The table of contents ---------------------------------------------------------------------------


def test_the_top_level_is_a_table_of_contents():
    names = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in files()} - {"__init__"}
    assert 14 <= len(names) <= 19
    assert names == BOOK | AROUND | {"fast"}


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_every_module_opens_with_what_it_is(path):
    assert ast.get_docstring(parsed(path.read_text()))


def test_what_the_package_promises_is_there():
    for name in minigan.__all__:
        assert getattr(minigan, name) is not None
    for name in minigan.ops.__all__:
        assert getattr(minigan.ops, name).__doc__, f"minigan.ops.{name} has no docstring"


# --- What an import costs, and what is there without `fast` --------------------------------------------


@functools.cache  # what is asked again is not computed again
def fresh(code, root=ROOT.parent, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": str(root)} | environment,
        cwd=root,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_minigan_imports_numpy_and_nothing_heavy():
    code = "import sys, minigan; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = set(fresh(code).split())
    assert "numpy" in loaded
    heavy = {"matplotlib", "PIL", "tqdm", "scipy", "cupy", "mpi4py", "torch", "hypothesis", "pytest"}
    network = {"requests", "ssl", "http", "socket"} - set(
        fresh("import sys, numpy; print(*sys.modules)").split()
    )
    assert not loaded & (heavy | network)


def test_what_stands_around_and_the_thread_pool_are_imported_when_they_are_asked_for():
    """concurrent.futures, which brings logging, and dataclasses take longer to import than the book itself."""
    loaded = "print(*[name for name in sys.modules if name not in before])"
    code = f"import sys, numpy, numpy.random; before = set(sys.modules); import minigan; {loaded}"
    parts = {name.split(".")[1] for name in fresh(code).split() if name.startswith("minigan.")}
    assert parts <= BOOK | {"fast", "drawing"} and "ops" in parts
    assert "minigan.drawing.html" not in fresh(code).split()
    assert not {"concurrent.futures", "logging", "dataclasses"} & set(fresh(code).split())
    assert fresh("import minigan as mg; print(mg.trace.__name__, mg.as_matrix.__name__)").split() == [
        "trace", "as_matrix",
    ]  # fmt: skip
    with pytest.raises(AttributeError, match="module 'minigan' has no attribute 'matrix'"):
        minigan.matrix  # noqa: B018


def test_the_checker_can_run_as_a_command_without_being_imported_twice():
    assert fresh("import sys, minigan; print('minigan.gradcheck.__main__' in sys.modules)") == "False\n"


@pytest.mark.parametrize("value", ["1", "0"])
def test_the_environment_decides_whether_fast_is_there(value):
    code = "import sys, minigan; print(any(name.startswith('minigan.fast') for name in sys.modules))"
    assert fresh(code, MINIGAN_FAST=value) == f"{value == '1'}\n"


STEP = """
import numpy as np
import minigan as mg
from minigan.layers import *

mg.seed(0)
network = Sequential(
    Dense(6, 2 * 4 * 4 * 4), LeakyReLU(), Reshape((4, 4, 8)), BatchNormalization(8), UpSampling2D(2),
    Conv2D(8, 6, 3, padding="same"), ReLU(), Conv2DTranspose(6, 4, 4, strides=2, padding="same"), Tanh(),
    PrimaryCapsules(4, 2, 4, 5, strides=5), Capsules(18, 4, 3, 5),
)
optimizer = mg.optimizers.Adam(network.parameters(), 0.01)
x = mg.backend.normal((32, 6))
for _ in range(3):
    loss = mg.losses.mean_squared_error(network(x, training=True), np.full((32, 3, 5), 0.1, np.float32))
    optimizer.step(mg.grad(loss, network.parameters()))
    print(float(loss))
for array in network.state().values():
    print(float(array.sum()), float((array * array).sum()))
"""


def numbers(root=ROOT.parent, **environment):
    return np.array(fresh(STEP, root, **environment).split(), float)


def test_without_fast_everything_is_computed_all_the_same(tmp_path):
    """With MINIGAN_FAST=0, and in a copy of the package from which the folder is deleted."""
    shutil.copytree(ROOT, tmp_path / "minigan", ignore=shutil.ignore_patterns("fast", "__pycache__", "*.npz"))
    expected = numbers(MINIGAN_FAST="1")
    assert len(expected) > 20 and np.isfinite(expected).all()
    for found in (numbers(MINIGAN_FAST="0"), numbers(tmp_path)):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
