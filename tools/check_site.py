"""Check the links inside a built site, without a network:  python tools/check_site.py docs/_build

Every link and picture of every page must lead to a file of the site, and every anchor to an element there.  Links
to other sites are counted, and not followed.
"""

import argparse
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The ids of a page, and what it points at."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.targets: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids |= {value for name in ("id", "name") if (value := found.get(name))}
        self.targets += [value for name in ("href", "src") if (value := found.get(name))]


def broken(root: Path) -> tuple[list[str], int]:
    """The links that lead nowhere, one sentence each, and how many lead inside the site."""
    root = root.resolve()
    pages = {path: Page(path) for path in sorted(root.rglob("*.html"))}
    faults, inside = [], 0
    for path, page in pages.items():
        for target in page.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            inside += 1
            file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            file = file / "index.html" if file.is_dir() else file
            anchor = unquote(parts.fragment)
            if not file.is_relative_to(root) or not file.exists():
                faults.append(f"{path.relative_to(root)}: {target} is no file of the site")
            elif anchor and file in pages and anchor not in pages[file].ids:
                faults.append(f"{path.relative_to(root)}: {target} has no such anchor")
    return faults, inside


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("site", type=Path, help="the folder that sphinx-build has written")
    site = parser.parse_args().site
    if not (site / "index.html").exists():
        parser.error(f"{site} is not a built site: there is no index.html")
    faults, inside = broken(site)
    print(*faults, f"{inside} links inside the site, {len(faults)} of them broken", sep="\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
