"""The book stays as short as the README says, and the README's table is that of the files."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("count_lines", ROOT / "tools" / "count_lines.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_book_is_within_its_limits(tool):
    found = tool.counts()
    assert found.keys() == tool.LIMITS.keys()
    assert {name: n for name, n in found.items() if n > tool.LIMITS[name]} == {}


def test_the_table_of_the_readme_is_written_from_the_count(tool):
    readme = (ROOT / "README.md").read_text()
    assert tool.table() in readme
    assert tool.with_table(readme) == readme


def test_a_longer_file_and_a_longer_function_are_noticed(tool, tmp_path, monkeypatch):
    """The counter objects: to a file of more than 300 lines, or of 150, and to a function of 41 lines of code."""
    body = "\n".join(["    x = 1"] * 40 + ["    # a comment", ""] * 300)
    (tmp_path / "backend.py").write_text(
        f'"""A file."""\n\n\ndef f():\n    """Docstring\n    of two."""\n{body}\n'
    )
    monkeypatch.setattr(tool, "PACKAGE", tmp_path)
    monkeypatch.setattr(tool, "BOOK", ("backend.py",))
    monkeypatch.setattr(tool, "PART_I", {"backend.py": "all of it"})
    monkeypatch.setattr(tool, "ADDED", ("backend.py",))
    found = tool.counts()
    assert found["a function of the book"] == 41
    assert found["a file of the book"] > 300
    assert found["a file added since"] > 150
    assert found["the book"] == 0 < found["Part I"]


def test_what_was_added_exists_and_belongs_to_the_book(tool):
    book = {tool.name_of(path) for path in tool.files_of_the_book()}
    assert set(tool.ADDED) <= book and not set(tool.ADDED) & {*tool.PART_I, *tool.GUARDS}
