"""Builds these pages as a site:  pip install -e '.[docs]'  and  sphinx-build -W docs docs/_build

The pages are plain Markdown that can be read as they are.  What only a site needs is added here: the navigation,
the README as a page, the reference of all public names (make_reference.py), and figures for a dark background.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import make_reference

project = "minigan"
author = "The minigan authors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "sphinx.ext.mathjax"]
html_theme = "furo"
html_title = "minigan"
html_static_path = ["_static"]
html_css_files = ["minigan.css"]
html_copy_source = False
html_show_copyright = False
exclude_patterns = ["_build"]

myst_enable_extensions = ["dollarmath"]
myst_dmath_double_inline = True
myst_fence_as_directive = ["math"]  # as GitHub writes a formula
myst_heading_anchors = 3

# Formulas that are wider than the window are broken into lines.
mathjax_path = "https://cdn.jsdelivr.net/npm/mathjax@4.1.3/tex-mml-chtml.js"
mathjax4_config = {
    "output": {"displayOverflow": "linebreak", "displayAlign": "left", "mtextInheritFont": True},
    "chtml": {"matchFontHeight": False, "scale": 1.05},
    "options": {"enableMenu": False, "menuOptions": {"settings": {"enrich": False}}},
}

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"

#: caption -> pages; the order in which to read them, and that of "previous" and "next"
NAVIGATION = {
    "Start": ["The README <readme>", "applications", "gallery", "no-detach"],
    "Part I: from exp to digits": ["backprop", "notation"],
    "Part II: images": ["convolution"],
    "Part III: one paper at a time": ["capsules", "aegan", "gan-3d", "image-to-image"],
    "Part IV: why to believe it": ["gradient-checking"],
    "Guide": [
        "guide/own-pictures", "guide/own-model", "guide/own-layer", "guide/own-primitive", "guide/conditional",
        "guide/features", "guide/learning-rate", "guide/when-it-fails", "guide/keras-and-pytorch",
        "guide/onnx",
    ],
    "Notebooks and exercises": ["lab", "notebooks/gradient", "notebooks/ring", "notebooks/digits", "exercises"],
    "Around the book": ["failure-modes", "evaluation", "reuse", "fast", "performance", "gpu", "design"],
    "Reference": make_reference.PAGES,
}  # fmt: skip


def navigation() -> str:
    """The tables of contents, which only the site shows."""
    trees = []
    for caption, pages in NAVIGATION.items():
        trees.append("\n".join(["```{toctree}", ":hidden:", f":caption: '{caption}'", "", *pages, "```"]))
    return "\n\n".join(trees)


def readme() -> str:
    """README.md as a page of the site: its links lead to the pages, the sources and the pictures."""
    text = (HERE.parent / "README.md").read_text()
    text = text.replace("](docs/)", "](index.md)").replace("](docs/", "](")
    text = re.sub(r"\[([^\]]*)\]\(minigan/([\w/]+)\.py\)", r'<a href="_modules/minigan/\2.html">\1</a>', text)
    # what is no page of the site stays as words: licences, examples
    return re.sub(r"\[([^\]]*)\]\((?:LICENSE|examples/|minigan/)[\w./]*\)", r"\1", text)


def add_what_the_site_needs(app, docname: str, source: list[str]) -> None:
    source[0] = re.sub(r"\]\((?:\.\./)+README\.md", "](/readme.md", source[0])
    if docname == "lab":
        source[0] += (
            '\n<p><a href="laboratory.html">The laboratory: a recorded run, which becomes a live one in this browser</a></p>\n'
        )
    if docname == "index":
        source[0] += "\n\n" + navigation()


def mark_figures(app, doctree) -> None:
    """Line drawings get a class, by which the style sheet turns them round on a dark background; an SVG does that itself."""
    from docutils import nodes

    for image in doctree.findall(nodes.image):
        if not image["uri"].endswith(".svg"):
            image["classes"].append("drawing" if image["uri"].startswith("figures/") else "picture")


def write_laboratory(app, error) -> None:
    """The page of the laboratory with a run inside it, and what it needs to run live; it takes some ten seconds."""
    from minigan.lab.webassembly import write

    if error is None:
        write(Path(app.outdir))


def setup(app) -> None:
    (HERE / "readme.md").write_text(readme())
    make_reference.write(HERE)
    app.connect("source-read", add_what_the_site_needs)
    app.connect("doctree-read", mark_figures)
    app.connect("build-finished", write_laboratory)
    app.connect("autodoc-process-docstring", make_reference.as_restructured_text)
    app.connect("autodoc-process-signature", make_reference.without_any)
