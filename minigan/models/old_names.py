"""Old names of settings, accepted for one release."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

Class = TypeVar("Class", bound=type)


def renamed(**new_names: str | tuple[str, Callable[[Any], Any]]) -> Callable[[Class], Class]:
    """A decorator of classes: `@renamed(colours="channels")` accepts `colours`, warns, and passes it on as `channels`.

    Where the value has changed, too, the new name comes with a function of the old value.
    """

    def accept_both(kind: Class) -> Class:
        make = kind.__init__  # type: ignore[misc]

        @functools.wraps(make)
        def __init__(self: Any, *args: Any, **keywords: Any) -> None:
            for old, new in new_names.items():
                name, convert = (new, lambda value: value) if isinstance(new, str) else new
                if old in keywords and name not in keywords:
                    warnings.warn(
                        f"{kind.__name__}: {old} is now called {name}", DeprecationWarning, stacklevel=2
                    )
                    keywords[name] = convert(keywords.pop(old))
            make(self, *args, **keywords)

        kind.__init__ = __init__  # type: ignore[misc]
        return kind

    return accept_both
