"""The documentation is true: its code runs, prints what it says, and is the code of the package.

In README.md and the pages of docs a fenced block is, by the words after its three backticks,

    python, with >>>       run as a doctest; spaces do not matter, and ... stands for anything
    python, without >>>    run; what it prints must be the `text` block directly below, or nothing
    python source=FILE     an excerpt, which must be in that file word for word; a line "# ..." leaves out
    text, console, math    not run

The blocks of a page share one namespace, from top to bottom, and run in an empty folder.

With MINIGAN_FAST=0 nothing here imports `minigan.fast`: its modules and its page are left out.
"""

import contextlib
import doctest
import importlib
import importlib.util
import io
import json
import re
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import minigan
from minigan.autograd import primitives

ROOT = Path(__file__).parents[1]
FAST = "minigan.fast" in sys.modules  # the quicker bodies run
MADE = ("readme.md",)  # by docs/conf.py, and not in the repository
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if (FAST or page.name != "fast.md") and page.name not in MADE]
NOT_RUN = ("text", "console", "math")
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@dataclass
class Block:
    """A fenced block: its words, its code, the line on which the code begins, and where it ends."""

    kind: str
    source: str | None
    code: str
    line: int
    span: tuple[int, int]


def blocks_of(text):
    """The fenced blocks of a page.  AssertionError for one that this file would not understand."""
    blocks = []
    for match in re.finditer(r"^```([^\n]*)\n(.*?)^```[ ]*$", text, re.MULTILINE | re.DOTALL):
        kind, _, option = match[1].strip().partition(" ")
        line = text[: match.start(2)].count("\n") + 1
        source = option.removeprefix("source=") if option.startswith("source=") else None
        assert kind in ("python", "pycon", *NOT_RUN), f"line {line - 1}: what is a block of {kind!r}?"
        assert not option or source, f"line {line - 1}: what is {option!r}?"
        blocks.append(Block(kind, source, match[2], line, match.span()))
    assert text.count("```") == 2 * len(blocks), "a block is indented, or not closed"
    return blocks


def run_page(text, name="page"):
    """Run the blocks of a page and compare.  AssertionError with everything that differs."""
    namespace = {"__name__": "docs"}
    report = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    blocks = blocks_of(text)
    for i, block in enumerate(blocks):
        where = f"{name}, line {block.line}"
        if block.source:
            if not is_excerpt(block.code, (ROOT / block.source).read_text()):
                report.write(f"{where}: this is not in {block.source}:\n{block.code}")
        elif block.kind in NOT_RUN:
            continue
        elif ">>>" in block.code:
            examples = doctest.DocTestParser().get_doctest(block.code, namespace, where, name, block.line - 1)
            runner.run(examples, out=report.write, clear_globs=False)
            namespace.update(examples.globs)
        else:
            got = io.StringIO()
            with contextlib.redirect_stdout(got):
                exec(compile(block.code, where, "exec"), namespace)  # noqa: S102 - our own pages
            below = blocks[i + 1] if i + 1 < len(blocks) else None
            directly = below and below.kind == "text" and not text[block.span[1] : below.span[0]].strip()
            want = below.code if directly and got.getvalue() else ""
            if not doctest.OutputChecker().check_output(want, got.getvalue(), FLAGS):
                report.write(f"{where}: expected\n{want}\ngot\n{got.getvalue()}")
    if report.getvalue():
        raise AssertionError(report.getvalue())


def is_excerpt(code, source):
    """True if the pieces of `code` between the lines "# ..." are in `source`, in this order."""
    place = 0
    for piece in re.split(r"^\s*# \.\.\.\n", code, flags=re.MULTILINE):
        candidates = [textwrap.indent(piece.strip("\n"), indent) for indent in ("", "    ", "        ")]
        places = [source.find(f"\n{c}\n", place) for c in candidates]
        if piece.strip() and max(places) < 0:
            return False
        place = max(place, *places)
    return True


@pytest.fixture
def as_a_reader(tmp_path, monkeypatch):
    """An empty folder, and nothing that a page changes stays changed."""
    monkeypatch.chdir(tmp_path)
    before = dict(primitives)
    with np.printoptions():
        yield
    primitives.clear()
    primitives.update(before)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_on_every_page_runs_and_prints_what_the_page_says(page, as_a_reader):
    run_page(page.read_text(), page.name)


def module_names():
    """minigan and all of its modules, found without importing them."""
    files = [file.relative_to(ROOT).with_suffix("") for file in sorted((ROOT / "minigan").rglob("*.py"))]
    names = [".".join(file.parts).removesuffix(".__init__") for file in files]
    return [name for name in names if FAST or not f"{name}.".startswith("minigan.fast.")]


@pytest.mark.parametrize("name", module_names())
def test_docstring_examples(name, as_a_reader):
    module = importlib.import_module(name)
    report = io.StringIO()
    for example in doctest.DocTestFinder().find(module, name):
        doctest.DocTestRunner(optionflags=FLAGS, verbose=False).run(example, out=report.write)
    if report.getvalue():
        raise AssertionError(report.getvalue())


# --- What the pages point at -------------------------------------------------------------------------


def prose(text):
    """The page without its blocks and its `code`."""
    for block in reversed(blocks_of(text)):
        text = text[: block.span[0]] + text[block.span[1] :]
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(text):
    """The targets that the headings of a page make: lower case, no punctuation, - for a space."""
    without_blocks = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", without_blocks, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page, text):
    """The relative links of a page that lead nowhere."""
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(text)) + re.findall(r'(?:src|href)="([^"]+)"', prose(text))
    broken = []
    for target in targets:
        path, _, anchor = target.partition("#")
        file = page.parent / path
        known = anchors(file.read_text() if path else text) if anchor and file.exists() else set()
        if not re.match(r"[a-z]+:", target) and (not file.exists() or anchor and anchor not in known):
            broken.append(target)
    return broken


def faults_of_formulas(text):
    """What GitHub or the site would not typeset: an open brace or environment, or what Markdown eats in between.

    Formulas are LaTeX: blocks of the kind `math`, and $...$ in a line, where a backslash before punctuation is lost.
    """
    inline = re.findall(r"(?<![\\$`\w])\$([^$\n]+)\$", prose(text))
    faults = [f"${tex}$" for tex in inline if re.search(r"\\[^a-zA-Z]", tex) or tex != tex.strip()]
    for tex in [*inline, *(block.code for block in blocks_of(text) if block.kind == "math")]:
        begun, ended = (re.findall(rf"\\{word}\{{(\w+)\}}", tex) for word in ("begin", "end"))
        bare = re.sub(r"\\[{}]", "", tex)
        if (
            bare.count("{") != bare.count("}")
            or begun != ended[::-1]
            or len(re.findall(r"\\left\b", tex)) != len(re.findall(r"\\right\b", tex))
        ):
            faults.append(tex)
    return faults + [line for line in prose(text).splitlines() if line.count("$") % 2]


def exists(dotted):
    """True if minigan, its modules and their attributes have this name."""
    found, path = minigan, "minigan"
    for name in dotted.split(".")[1:]:
        path = f"{path}.{name}"
        if not hasattr(found, name):
            try:
                importlib.import_module(path)
            except ImportError:
                return False
        found = getattr(found, name)
    return True


def unknown_names(text):
    """The names mg.something, files and tests that a page mentions and that do not exist."""
    names = set(re.findall(r"(?<![\w/.])(?:mg|minigan)(?:\.[A-Za-z_]\w*)+", text))
    names = {re.sub(r"^mg\b", "minigan", name) for name in names}
    files = set(re.findall(r"`((?:minigan|tests|docs|examples|benchmarks|tools)/[\w/.]*)`", text))
    tests = set(re.findall(r"`(test_\w+)`", text))
    defined = "\n".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    return sorted(
        [name for name in names if not exists(name)]
        + [file for file in files if not (ROOT / file).exists()]
        + [test for test in tests if f"def {test}(" not in defined]
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_files_tests_and_public_names_exist(page):
    text = page.read_text()
    assert broken_links(page, text) == []
    assert unknown_names(text) == []
    assert faults_of_formulas(text) == []


def script(name):
    """A script of docs/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def make_index():
    return script("make_index")


def test_a_notebook_has_a_cell_for_every_block_and_no_outputs(tmp_path, capsys):
    make_notebooks = script("make_notebooks")
    make_notebooks.main(tmp_path)
    made = sorted(tmp_path.glob("*.ipynb"))
    assert [path.stem for path in made] == ["digits", "gradient", "ring"]
    for path in made:
        found, page = (
            json.loads(path.read_text()),
            (ROOT / "docs" / "notebooks" / f"{path.stem}.md").read_text(),
        )
        assert (found["nbformat"], found["nbformat_minor"]) == (4, 5)
        cells = found["cells"]
        assert len({cell["id"] for cell in cells}) == len(cells)
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        assert code == [block.code.strip("\n") for block in blocks_of(page) if block.kind == "python"]
        assert all(cell["outputs"] == [] for cell in cells if cell["cell_type"] == "code")
        words = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        assert "```" not in words and words.startswith("# ")


def test_the_index_has_the_first_line_of_every_module(make_index):
    index = (ROOT / "docs" / "index.md").read_text()
    assert make_index.with_table(index) == index, "run python docs/make_index.py"


def test_the_reading_order_names_files_that_exist_and_each_once(make_index):
    names = make_index.reading_order()
    assert len(names) == len(set(names))
    assert [name for name in names if not (ROOT / "minigan" / name).exists()] == []


def test_every_module_begins_with_a_sentence_that_stands_alone(make_index):
    for path in make_index.files():
        assert len(make_index.first_line(path)) > 10, path


def test_the_gallery_has_every_example_and_every_picture():
    gallery = (ROOT / "docs" / "gallery.md").read_text()
    examples = [path.name for path in (ROOT / "examples").glob("*.py")]
    assert examples and [name for name in examples if f"examples/{name}" not in gallery] == []
    pages = "".join(page.read_text() for page in PAGES)
    unused = [
        path.name for path in (ROOT / "docs" / "gallery").iterdir() if f"gallery/{path.name}" not in pages
    ]
    assert unused == []


def test_figures_are_small():
    for kind, limit in (("png", 200_000), ("svg", 100_000), ("gif", 600_000)):
        for figure in (ROOT / "docs").rglob(f"*.{kind}"):
            assert figure.stat().st_size < limit, figure


def test_every_animation_is_there_and_shows_one_frame_at_a_time(tmp_path, capsys):
    script("make_animations").main(tmp_path)
    for made in tmp_path.iterdir():
        committed = ROOT / "docs" / "figures" / made.name
        frames = [frame_times(ElementTree.parse(path)) for path in (made, committed)]
        assert len(frames[0]) == len(frames[1]) >= 9, made.name
        for time in np.linspace(0.001, 0.999, 200):
            assert sum(begin <= time < end for begin, end in frames[1]) == 1, (made.name, time)
    assert len(list(tmp_path.iterdir())) == 5


def frame_times(picture):
    """From when to when each frame of an animation can be seen, as shares of its length."""
    found = []
    for motion in picture.iter("{http://www.w3.org/2000/svg}animate"):
        times = [*map(float, motion.get("keyTimes").split(";")), 1.0]
        i = motion.get("values").split(";").index("visible")
        found.append((times[i], times[i + 1]))
    return found


# --- The runner itself -------------------------------------------------------------------------------

WRONG = {
    "a wrong number": "```python\n>>> 1 + 1\n3\n```\n",
    "an exception": "```python\n>>> 1 / 0\n```\n",
    "a wrong number below": "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n",
    "output that the page hides": "```python\nprint(1 + 1)\n```\nwords\n```text\n2\n```\n",
    "an excerpt from nowhere": "```python source=minigan/gradcheck/trace.py\ndef trance(loss):\n```\n",
    "pieces in the wrong order": (
        "```python source=minigan/gradcheck/trace.py\nimport numpy as np\n# ...\nfrom typing import Any\n```\n"
    ),
    "half a line": "```python source=minigan/gradcheck/trace.py\nimport numpy\n```\n",
    "a name from another page": "```python\n>>> np.ones(1)\narray([1.])\n```\n",
    "a block of a kind that nobody runs": "```py\n>>> 1 + 1\n3\n```\n",
    "an indented block": "  ```python\n  >>> 1 + 1\n  3\n  ```\n",
    "an open block": "```python\n>>> 1 + 1\n3\n",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_the_runner_notices(text, as_a_reader):
    with pytest.raises(AssertionError):
        run_page(text)


def test_the_runner_accepts(as_a_reader):
    run_page("")
    run_page("# Words only\n")
    run_page("```python\nx = 1\n```\n```python\n>>> x + 1\n2\n>>> print('a    b')\na b\n```\n")
    run_page("```python\nprint(0.123)\n```\n\n```text\n0.1...\n```\n\n```text\nnot run\n```\n")
    run_page(
        "```python source=minigan/gradcheck/trace.py\nimport numpy as np\n# ...\ndef trace(loss: Tensor) -> str:\n```\n"
    )


def test_the_other_checks_notice():
    page = ROOT / "docs" / "index.md"
    links = "[a](nowhere.md) [b](https://example.org) ![c](../LICENSE) [d](#none) [e](#one-thing)"
    assert broken_links(page, links + "\n# One thing!\n") == ["nowhere.md", "#none"]
    assert unknown_names("mg.grad, mg.data.ring. minigan.losses.nothing mg.gard `minigan/no.py`") == [
        "minigan.gard",
        "minigan.losses.nothing",
        "minigan/no.py",
    ]
    assert unknown_names("`test_nothing_at_all`") == ["test_nothing_at_all"]


def test_a_formula_that_would_not_be_typeset_is_noticed():
    block = "```math\n{}\n```\n"
    right = [
        "$x_i$ and `$HOME`, $\\lVert s \\rVert$",
        block.format(r"\begin{aligned} \{x\} &= 1 \end{aligned}"),
    ]
    wrong = [
        "$\\|s\\|$",
        "$ x $",
        "$a",
        block.format("x_{i"),
        block.format(r"\begin{aligned} x"),
        block.format(r"\left( x )"),
    ]
    assert [faults_of_formulas(text) for text in right] == [[], []]
    assert all(faults_of_formulas(text) for text in wrong)


def test_a_line_that_is_missing_or_old_in_the_index_is_noticed(make_index):
    index = (ROOT / "docs" / "index.md").read_text()
    line = next(line for line in index.splitlines() if line.startswith("| `minigan/autograd.py` |"))
    for changed in (index.replace(f"{line}\n", ""), index.replace(line, f"{line} It is long.")):
        assert make_index.with_table(changed) != changed
    without = index.replace(f"{line}\n", "")
    assert line in make_index.with_table(without).splitlines()
