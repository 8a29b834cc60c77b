"""Wrong arguments: one line where they come in, one sentence that says what came and what was expected.

Chapter 1.2; nothing to read before it.

    self.units = whole("Dense", units=units)                          an integer of at least 1
    self.rate = real("Dropout", least=0, below=1, rate=rate)          a number from 0 up to 1, 1 left out
    self.padding = choice("Conv2D", ("valid", "same"), padding=padding)

The first argument is who speaks, the keyword is the name of the argument that is checked.  Each function
returns what came, as a plain Python number where it is one: so a NumPy number among the settings of a layer
is a number, and does not turn float32 into float64.  Several keywords are returned as a tuple.

The type is wrong: TypeError.  The value is wrong: ValueError.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable, Collection
from numbers import Integral, Real
from typing import Any

import numpy as np


def whole(who: str, least: int = 1, **values: Any) -> Any:
    """Integers of at least `least`."""

    def check(value: Any) -> tuple[bool, bool, int]:
        is_integer = isinstance(value, Integral) and not isinstance(value, bool | np.bool_)
        return is_integer, is_integer and value >= least, int(value) if is_integer else 0

    return _each(who, values, f"an integer of at least {least}", check)


def real(
    who: str,
    least: float = -math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    most: float = math.inf,
    **values: Any,
) -> Any:
    """Finite numbers x with least ≤ x ≤ most and above < x < below."""
    bounds = {"at least": least, "above": above, "below": below, "at most": most}
    limits = [f"{word} {bound:g}" for word, bound in bounds.items() if math.isfinite(bound)]
    expected = " ".join(["a finite number", " and ".join(limits)]).rstrip()

    def check(value: Any) -> tuple[bool, bool, float]:
        is_number = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
        number = (int(value) if isinstance(value, int) else float(value)) if is_number else 0.0
        inside = math.isfinite(number) and least <= number <= most and above < number < below
        return is_number, inside, number

    return _each(who, values, expected, check)


def choice(who: str, options: Collection[Any], **values: Any) -> Any:
    """One of the `options`."""
    expected = "one of " + ", ".join(map(repr, options))

    def check(value: Any) -> tuple[bool, bool, Any]:
        return True, isinstance(value, str) and value in options, value

    return _each(who, values, expected, check)


def instance(who: str, kind: type | tuple[type, ...], **values: Any) -> Any:
    """Objects of a class, or of one of several."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    expected = "a " + " or ".join(k.__name__ for k in kinds)
    return _each(who, values, expected, lambda value: (isinstance(value, kind), True, value))


def function(who: str, **values: Any) -> Any:
    """What can be called."""
    return _each(who, values, "a function", lambda value: (callable(value), True, value))


def wholes(who: str, least: int = 1, length: int | None = None, **values: Any) -> Any:
    """Tuples of integers of at least `least`, `length` of them if it is given (a list will do)."""
    size = "a tuple" if length is None else f"{length}"
    expected = f"{size} of integers of at least {least}"

    def check(value: Any) -> tuple[bool, bool, Any]:
        if not isinstance(value, tuple | list):
            return False, False, value
        integers = all(isinstance(v, Integral) and not isinstance(v, bool | np.bool_) for v in value)
        fits = length in (None, len(value)) and all(v >= least for v in value if integers)
        return integers, fits, tuple(map(int, value)) if integers else ()

    return _each(who, values, expected, check)


def reals(who: str, length: int | None = None, **limits_and_values: Any) -> Any:
    """Tuples of finite numbers, `length` of them if it is given; limits as for `real`."""
    limits = {
        name: limits_and_values.pop(name)
        for name in ("least", "above", "below", "most")
        if name in limits_and_values
    }
    found = []
    for name, value in limits_and_values.items():
        if not isinstance(value, tuple | list) or length not in (None, len(value)):
            count = "" if length is None else f"{length} "
            raise TypeError(f"{who}: {name} is {_short(value)}, expected a tuple of {count}numbers")
        found.append(tuple(real(who, **limits, **{f"{name}[{i}]": v}) for i, v in enumerate(value)))
    return found[0] if len(found) == 1 else tuple(found)


def images(who: str, shape: tuple[int, ...], x: Any) -> Any:
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


def expect(layer: Any, x: Any, axis: int, size: int, shape: str) -> None:
    """An input of a layer that has `size` elements along `axis`."""
    if not hasattr(x, "shape"):
        raise TypeError(f"{layer!r} got a {type(x).__name__}, expected an array or a Tensor of shape {shape}")
    if len(x.shape) < max(-axis, axis + 1) or x.shape[axis] != size:
        raise ValueError(f"{layer!r} got an input of shape {x.shape}, expected {shape}")


def renamed(**new_names: str) -> Callable[[Callable], Callable]:
    """A decorator: `@renamed(count="input_dim")` accepts the old name of an argument for one release, and warns."""

    def decorate(f: Callable) -> Callable:
        @functools.wraps(f)
        def accepting(*args: Any, **keywords: Any) -> Any:
            for old in new_names.keys() & keywords.keys():
                who, new = f.__qualname__.removesuffix(".__init__"), new_names[old]
                warnings.warn(f"{who}: {old} is now called {new}", DeprecationWarning, stacklevel=2)
                keywords.setdefault(new, keywords.pop(old))
            return f(*args, **keywords)

        return accepting

    return decorate


def _each(
    who: str, values: dict[str, Any], expected: str, check: Callable[[Any], tuple[bool, bool, Any]]
) -> Any:
    """Every value as `check` returns it: (is its type right, is its value right, the value)."""
    found = []
    for name, value in values.items():
        right_type, right_value, clean = check(value)
        if not (right_type and right_value):
            error = ValueError if right_type else TypeError
            raise error(f"{who}: {name} is {_short(value)}, expected {expected}")
        found.append(clean)
    return found[0] if len(found) == 1 else tuple(found)


def _short(value: Any) -> str:
    """The value as a person would write it, if that is short; otherwise what it is."""
    if hasattr(value, "shape") and value.shape != ():
        return f"an array of shape {value.shape}"
    if isinstance(value, np.generic):
        value = value.item()
    text = repr(value)
    return text if len(text) <= 60 else f"a {type(value).__name__} {text[:57]}..."
