"""Wrong arguments: one line where they come in, one sentence that says what came and what was expected.

    self.units = whole("Dense", units=units)                          an integer of at least 1
    self.rate = real("Dropout", least=0, below=1, rate=rate)          a number from 0 up to 1, 1 left out
    self.padding = choice("Conv2D", ("valid", "same"), padding=padding)

The first argument is who speaks, the keyword is the name of the argument that is checked; several keywords are
returned as a tuple.  What is returned is a plain Python number, where it is one: a NumPy number among the settings
of a layer would turn float32 into float64.  For a wrong type TypeError, for a wrong value ValueError.
"""

import functools
import math
import warnings
from collections.abc import Callable, Collection
from numbers import Integral, Real

import numpy as np


def whole(who: str, least: int = 1, **values):
    """Integers of at least `least`."""

    def clean(value):
        if _of_kind(value, Integral) < least:
            raise ValueError
        return int(value)

    return _each(who, f"an integer of at least {least}", values, clean)


def real(who: str, least=-math.inf, above=-math.inf, below=math.inf, most=math.inf, **values):
    """Finite numbers x with least ≤ x ≤ most and above < x < below."""
    bounds = {"at least": least, "above": above, "below": below, "at most": most}
    limits = " and ".join(f"{word} {bound:g}" for word, bound in bounds.items() if math.isfinite(bound))

    def clean(value):
        x = _of_kind(value, Real)
        if not (math.isfinite(x) and least <= x <= most and above < x < below):
            raise ValueError
        return x if isinstance(x, int) else float(x)

    return _each(who, f"a finite number {limits}".rstrip(), values, clean)


def wholes(who: str, least: int = 1, length: int | None = None, **values):
    """Tuples of integers of at least `least`, `length` of them if it is given (a list will do)."""
    return _each(
        who,
        f"{length or 'a tuple'} of integers of at least {least}",
        values,
        lambda value: tuple(whole(who, least, item=x) for x in _sequence(value, length)),
    )


def reals(who: str, length: int | None = None, least=-math.inf, above=-math.inf, below=math.inf, **values):
    """Tuples of finite numbers, `length` of them if it is given; limits as for `real`."""
    limits = {"least": least, "above": above, "below": below}
    bounds = " and ".join(
        f"{word} {x:g}".replace("least", "at least") for word, x in limits.items() if math.isfinite(x)
    )
    return _each(
        who,
        f"a tuple of {length or 'finite'} numbers {bounds}".rstrip(),
        values,
        lambda value: tuple(real(who, **limits, item=x) for x in _sequence(value, length)),
    )


def choice(who: str, options: Collection[str], **values):
    """One of the `options`."""

    def clean(value):
        if not isinstance(value, str) or value not in options:
            raise ValueError
        return value

    return _each(who, "one of " + ", ".join(map(repr, options)), values, clean)


def instance(who: str, kind: type | tuple[type, ...], **values):
    """Objects of a class, or of one of several."""
    names = " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
    return _each(who, f"a {names}", values, lambda value: _of_kind(value, kind))


def function(who: str, **values):
    """What can be called."""
    return _each(who, "a function", values, lambda value: _of_kind(value, Callable))


def images(who: str, shape: tuple[int, ...], x):
    """Images (N, *shape), N at least 1, of finite floating-point numbers in [-1, 1]; returned as they came.

    On a GPU the numbers are not looked at, because asking for them would wait for it.
    """
    dtype, expected = getattr(x, "dtype", None), f"(N, {', '.join(map(str, shape))}) with N at least 1"
    if dtype is None or dtype.kind != "f":
        came = type(x).__name__ if dtype is None else f"of dtype {dtype}"
        raise TypeError(f"{who}: images are {came}, expected an array of floating-point numbers in [-1, 1]")
    if x.shape[1:] != shape or len(x) < 1:
        raise ValueError(f"{who}: images have shape {x.shape}, expected {expected}")
    if isinstance(x, np.ndarray):
        low, high = x.min(), x.max()  # nan if one of the numbers is
        if not (low >= -1.001 and high <= 1.001):
            raise ValueError(f"{who}: images go from {low:g} to {high:g}, expected finite numbers in [-1, 1]")
    return x


def expect(layer, x, axis: int, size: int, shape: str) -> None:
    """An input of a layer that has `size` elements along `axis`."""
    if not hasattr(x, "shape"):
        raise TypeError(f"{layer!r} got a {type(x).__name__}, expected an array or a Tensor of shape {shape}")
    if len(x.shape) < max(-axis, axis + 1) or x.shape[axis] != size:
        raise ValueError(f"{layer!r} got an input of shape {x.shape}, expected {shape}")


def renamed(**new_names: str) -> Callable[[Callable], Callable]:
    """A decorator: `@renamed(count="input_dim")` accepts the old name of an argument for one release, and warns."""

    def decorate(f: Callable) -> Callable:
        @functools.wraps(f)
        def accepting(*args, **keywords):
            for old in new_names.keys() & keywords.keys():
                who, new = f.__qualname__.removesuffix(".__init__"), new_names[old]
                warnings.warn(f"{who}: {old} is now called {new}", DeprecationWarning, stacklevel=2)
                keywords.setdefault(new, keywords.pop(old))
            return f(*args, **keywords)

        return accepting

    return decorate


def _each(who: str, expected: str, values: dict, clean: Callable):
    """Every value as `clean` returns it; TypeError or ValueError, in words, where it raises one."""
    found = []
    for name, value in values.items():
        try:
            found.append(clean(value))
        except (OverflowError, TypeError, ValueError) as error:  # math.isfinite(10**400) overflows
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"{who}: {name} is {_short(value)}, expected {expected}") from None
    return found[0] if len(found) == 1 else tuple(found)


def _of_kind(value, kind):
    """The value, if it is of this kind, and no bool (which Python takes for an integer)."""
    if not isinstance(value, kind) or (kind in (Integral, Real) and isinstance(value, bool | np.bool_)):
        raise TypeError
    return value


def _sequence(value, length: int | None):
    if not isinstance(value, tuple | list):
        raise TypeError
    if length not in (None, len(value)):
        raise ValueError
    return value


def _short(value) -> str:
    """The value as a person would write it, if that is short; otherwise what it is."""
    if hasattr(value, "shape") and value.shape != ():
        return f"an array of shape {value.shape}"
    if isinstance(value, np.generic):
        value = value.item()
    text = repr(value)
    return text if len(text) <= 60 else f"a {type(value).__name__} {text[:57]}..."
