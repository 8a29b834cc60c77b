"""Download one file from the first mirror that has it, and let nobody see it before it is verified.

The bytes arrive in `NAME.part` beside the target. A broken connection leaves that file, and the next
attempt (the next mirror, or the next run) asks only for the rest. The finished part is verified, then
renamed: the target either does not exist or is right. Read before: nothing.
"""

import http.client
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path

SCHEMES = ("https",)
CHUNK = 1 << 16  # bytes per read, and so per update of the progress line


def download(
    urls: Iterable[str],
    target: Path,
    verify: Callable[[Path], object],
    size_limit: int,
    timeout: float = 30.0,
) -> None:
    """Fetch `target` from the first of `urls` whose file passes.

    `verify(path)` raises ValueError if the file at `path` is not the wanted one. `size_limit` is in
    bytes; `timeout` is in seconds without any byte arriving. Raises ConnectionError, with a line for
    each mirror, if none delivers, and at once if the environment says MINIGAN_OFFLINE=1.
    """
    if os.environ.get("MINIGAN_OFFLINE", "0") not in ("", "0"):
        raise ConnectionError("MINIGAN_OFFLINE is set, so the network is not used")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    failures = []
    for url in urls:
        try:
            _fetch(url, part, size_limit, timeout)
            verify(part)
        except ValueError as error:  # wrong bytes: nothing here is worth resuming
            part.unlink(missing_ok=True)
            failures.append(f"{url}: {error}")
        except (OSError, http.client.HTTPException) as error:  # what has arrived stays
            failures.append(f"{url}: {error}")
        else:
            os.replace(part, target)
            return
    raise ConnectionError(f"no mirror delivered {target.name}\n  " + "\n  ".join(failures))


def _fetch(url: str, part: Path, size_limit: int, timeout: float) -> None:
    """Append to `part` what it lacks of the file at `url`."""
    _require_scheme(url)
    done = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={done}-"} if done else {}
    opener = urllib.request.build_opener(_SameSchemeRedirects)
    try:
        response = opener.open(urllib.request.Request(url, headers=headers), timeout=timeout)
    except urllib.error.HTTPError as error:
        with error:
            if done and error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # nothing is left to send; verification decides whether the part is the file
            raise
    with response:
        if response.status != http.client.PARTIAL_CONTENT:
            done = 0  # this server sends the whole file
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
            raise ValueError(f"asked for byte {done} on, got {response.headers['Content-Range']}")
        length = response.headers.get("Content-Length")
        total = None if length is None else done + int(length)
        if total is not None and total > size_limit:
            raise ValueError(f"the file has {total} bytes, expected at most {size_limit}")

        # Not in append mode: should two programs download at once, each writes the same bytes to the
        # same places, and one that finishes late cannot lengthen the file that is already verified.
        with open(part, "r+b" if done else "wb") as file:
            file.seek(done)
            try:
                while chunk := response.read(CHUNK):
                    done += len(chunk)
                    if done > size_limit:
                        raise ValueError(f"more bytes than the expected {size_limit} at most")
                    file.write(chunk)
                    _show_progress(part.stem, done, total)
            finally:
                print(file=sys.stderr)
        if total is not None and done < total:
            raise ConnectionError(f"the connection closed after {done} of {total} bytes")


class _SameSchemeRedirects(urllib.request.HTTPRedirectHandler):
    """Follow redirects, but never from https to something that anybody on the way can change."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        _require_scheme(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _require_scheme(url: str) -> None:
    if url.partition("://")[0].lower() not in SCHEMES:
        raise ConnectionError(f"refused to open {url}: only {' or '.join(SCHEMES)} is allowed")


def _show_progress(name: str, done: int, total: int | None) -> None:
    size = "?" if total is None else f"{total / 1e6:.1f}"
    print(f"\r{name}: {done / 1e6:.1f} of {size} MB", end="", file=sys.stderr, flush=True)
