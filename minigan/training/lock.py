"""A folder belongs to one training at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, WebAssembly: there the folder is not locked
    fcntl = None  # type: ignore[assignment]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Inside the with-block no other process can lock `folder`; BlockingIOError if one has.

    The operating system forgets the lock when the process ends, however it ends, so none is left behind.
    """
    if fcntl is None:
        yield
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(f"{folder} is in use: another process trains in it") from None
        except OSError:
            pass  # a file system without locks
        yield
    finally:
        os.close(file)
