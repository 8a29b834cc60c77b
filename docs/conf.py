"""Builds these pages as a site:  pip install -e '.[docs]'  and  sphinx-build docs docs/_build"""

project = "minigan"
author = "The minigan authors"
extensions = ["myst_parser", "sphinx.ext.viewcode"]
html_theme = "furo"
exclude_patterns = ["_build"]
suppress_warnings = [
    "myst.xref_missing",
    "toc.not_included",
]  # the README is outside; index.md has the tables
myst_heading_anchors = 3
