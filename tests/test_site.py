"""The site: every page is in the navigation, the reference has every public name, and broken links are found."""

import importlib
import importlib.util
import re
import sys
from pathlib import Path

import pytest

import minigan

ROOT = Path(minigan.__file__).parents[1]

pytestmark = pytest.mark.skipif(not (ROOT / "docs" / "conf.py").exists(), reason="the pages are not here")


def load(path, monkeypatch):
    monkeypatch.syspath_prepend(str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def conf(monkeypatch):
    yield load(ROOT / "docs" / "conf.py", monkeypatch)
    sys.modules.pop("make_reference", None)


@pytest.fixture
def reference(monkeypatch):
    return load(ROOT / "docs" / "make_reference.py", monkeypatch)


@pytest.fixture
def checker(monkeypatch):
    return load(ROOT / "tools" / "check_site.py", monkeypatch)


def names(page):
    """The page itself, of `title <page>`."""
    return re.sub(r"^.*<(.*)>$", r"\1", page)


def test_every_page_is_in_the_navigation_once(conf):
    listed = [names(page) for pages in conf.NAVIGATION.values() for page in pages]
    assert len(listed) == len(set(listed))
    docs = ROOT / "docs"
    written = {str(p.relative_to(docs).with_suffix("")) for p in docs.rglob("*.md")} - {"index", "readme"}
    made = {page for page in listed if page.startswith("reference/")} | {"readme"}
    assert set(listed) - made == written
    assert all(f"\n{page}\n" in conf.navigation() for pages in conf.NAVIGATION.values() for page in pages)


def test_the_parts_come_in_reading_order(conf):
    captions = [caption.partition(":")[0] for caption in conf.NAVIGATION]
    parts = [caption for caption in captions if caption.startswith("Part")]
    assert parts == ["Part I", "Part II", "Part III", "Part IV"]
    assert captions.index("Around the book") > captions.index("Part IV")


def test_the_readme_as_a_page_links_to_pages_that_exist(conf):
    text = conf.readme()
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert local and [t for t in local if not (ROOT / "docs" / t).exists()] == []
    modules = re.findall(r'href="_modules/([^"]+)\.html"', text)
    assert modules and all((ROOT / f"{module}.py").exists() for module in modules)


@pytest.mark.parametrize(
    "package", ["minigan", "minigan.ops", "minigan.layers", "minigan.models", "minigan.data"]
)
def test_the_reference_has_every_public_name(reference, package):
    module = importlib.import_module(package)
    page = reference.page(package)
    for name in reference.public_names(module):
        assert f":: {package}.{name}\n" in page, name


def test_every_package_and_public_module_has_a_page_of_the_reference(reference):
    files = [path for path in (ROOT / "minigan").glob("*/__init__.py") if "__all__" in path.read_text()]
    assert {f"minigan.{path.parent.name}" for path in files} <= set(reference.MODULES)


def test_a_docstring_keeps_its_columns_and_its_examples_and_nothing_else_is_markup(reference):
    def converted(text):
        lines = text.splitlines()
        reference.as_restructured_text(None, "function", "f", None, None, lines)
        return "\n".join(lines)

    assert converted("y = |x| of `x`, *args and a_ b.") == r"y = \|x\| of ``x``, \*args and a\_ b."
    assert converted("One.  Two.") == "One.  Two."
    assert converted("Words.\n\n>>> 1 + 1\n2") == "Words.\n\n>>> 1 + 1\n2"
    columns = converted("Words.\n\n    data   the array\n    grad   its gradient")
    assert "code-block:: text" in columns and "       data   the array" in columns


def test_arrays_are_not_annotated_as_any(reference):
    assert reference.without_any(None, "", "", None, None, "(x: ~typing.Any, n: int = 2)", "~typing.Any") == (
        "(x, n: int = 2)",
        None,
    )
    assert reference.without_any(None, "", "", None, None, None, "int") == (None, "int")


def test_broken_links_and_anchors_of_a_site_are_found(checker, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text(
        '<h1 id="top">x</h1><a href="sub/">1</a><a href="sub/index.html#here">2</a><a href="#top">3</a>'
        '<a href="https://example.org/x#y">4</a><img src="a.png">'
    )
    (tmp_path / "sub" / "index.html").write_text('<b id="here"></b><a href="../index.html">1</a>')
    (tmp_path / "a.png").write_bytes(b"")
    assert checker.broken(tmp_path) == ([], 5)
    (tmp_path / "a.png").unlink()
    (tmp_path / "sub" / "index.html").write_text('<a href="../index.html#no">1</a><a href="../../etc">2</a>')
    faults, inside = checker.broken(tmp_path)
    assert inside == 6 and len(faults) == 4
    assert any("a.png is no file" in fault for fault in faults)
    assert any("#no has no such anchor" in fault for fault in faults)
