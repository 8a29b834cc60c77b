"""Wrong arguments: one line where they come in, one sentence that says what came and what was expected.

    self.units = whole("Dense", units=units)                          an integer of at least 1
    self.rate = real("Dropout", least=0, below=1, rate=rate)          a number from 0 up to 1, 1 left out
    self.padding = choice("Conv2D", ("valid", "same"), padding=padding)

The first argument is who speaks, the keyword is the name of the argument that is checked; several keywords are
returned as a tuple.  What is returned is a plain Python number, where it is one: a NumPy number among the settings
of a layer would turn float32 into float64.  For a wrong type TypeError, for a wrong value ValueError.
"""

import functools
import inspect
import os
import warnings
from collections.abc import Callable, Collection
from functools import partial
from math import inf, isfinite
from numbers import Integral, Real
from pathlib import Path

import numpy as np

FLAG = (bool, np.bool_)


def whole(who: str, least: int = 1, **values):
    """Integers of at least `least`."""
    return _each(who, lambda: f"an integer of at least {least}", values, Integral, lambda x: x >= least, int)


def wholes(who: str, least: int = 1, length: int | None = None, **values):
    """Tuples of integers of at least `least`, `length` of them if it is given (a list will do)."""
    return _tuples(
        who,
        lambda: f"{length or 'a tuple of'} integers of at least {least}",
        values,
        length,
        lambda x: x if type(x) is int and x >= least else whole(who, least, item=x),
    )


def real(who: str, least=-inf, above=-inf, below=inf, most=inf, **values):
    """Finite numbers x with least ≤ x ≤ most and above < x < below."""

    def fits(x):
        return isfinite(x) and least <= x <= most and above < x < below

    def plain(x):
        return x if isinstance(x, int) else float(x)

    limits = partial(_limits, least, above, below, most)
    return _each(who, lambda: f"a finite number{limits()}", values, Real, fits, plain)


def reals(who: str, length: int, least=-inf, above=-inf, below=inf, most=inf, **values):
    """Tuples of `length` numbers, each as for `real` (a list will do)."""
    expected = f"{length} finite numbers{_limits(least, above, below, most)}"
    return _tuples(who, expected, values, length, lambda x: real(who, least, above, below, most, item=x))


def choice(who: str, options: Collection[str], **values):
    """One of the `options`."""
    return _each(who, "one of " + ", ".join(map(repr, options)), values, str, lambda x: x in options)


def flag(who: str, **values):
    """True or False."""
    return _each(who, "True or False", values, FLAG, convert=bool)


def path(who: str, **values):
    """Names of files and folders, as Paths."""
    return _each(who, "a path", values, str | os.PathLike, convert=Path)


def instance(who: str, kind, **values):
    """Objects of a class, or of one of several."""

    def expected() -> str:
        return "a " + " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))

    return _each(who, expected, values, kind)


def instances(who: str, kind: type, length: int, **values):
    """Tuples of `length` objects of a class (a list will do)."""
    expected = f"{length} objects that are a {kind.__name__} each"
    return _tuples(who, expected, values, length, lambda x: instance(who, kind, item=x))


def _each(who: str, expected, values: dict, kind, fits=lambda x: True, convert=lambda x: x):
    """Every value, converted; TypeError if it is of another kind, ValueError if it does not fit, in words.

    expected  the words, or a function that makes them: what is right costs a microsecond
    """
    found = []
    for name, value in values.items():
        try:
            if (
                not isinstance(value, kind) or kind is not FLAG and isinstance(value, FLAG)
            ):  # to Python an integer
                raise TypeError
            if not fits(value):
                raise ValueError
            found.append(convert(value))
        except (TypeError, ValueError, OverflowError) as error:  # math.isfinite(10**400) overflows
            error_type = TypeError if isinstance(error, TypeError) else ValueError
            words = expected() if callable(expected) else expected
            raise error_type(f"{who}: {name} is {short(value)}, expected {words}") from None
    return found[0] if len(found) == 1 else tuple(found)


def _tuples(who: str, expected, values: dict, length: int | None, convert: Callable):
    def fits(xs):
        return length in (None, len(xs))

    return _each(who, expected, values, tuple | list, fits, lambda xs: tuple(convert(x) for x in xs))


def _limits(least, above, below, most) -> str:
    """For example " at least 0 and below 1"."""
    limits = {"at least": least, "above": above, "below": below, "at most": most}
    return " and".join(f" {word} {limit:g}" for word, limit in limits.items() if isfinite(limit))


def short(value) -> str:
    """The value as a person would write it, if that is short; otherwise what it is."""
    if getattr(value, "shape", ()) != ():
        return f"an array of shape {value.shape}"
    text = " ".join(repr(value.item() if isinstance(value, np.generic) else value).split())
    return text if len(text) <= 60 else f"a {type(value).__name__} {text[:57]}..."


def axes_of(who: str, axis, ndim: int) -> tuple[int, ...]:
    """`axis` (an int, a tuple of ints, or None for all) as a tuple of non-negative ints."""
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    for a in axes:
        if not isinstance(a, Integral) or not -ndim <= int(a) < ndim:
            raise ValueError(f"{who}: axis {short(a)} does not exist: there are {ndim} axes")
    return tuple([int(a) % ndim for a in axes])


def per_axis(who: str, argument: str, value, axes: int = 2) -> tuple[int, ...]:
    """One positive number for all spatial axes, or one for each."""
    values = value if isinstance(value, tuple | list) else (value,) * axes
    if not are_whole(values, axes, least=1):
        raise ValueError(
            f"{who}: {argument} is {short(value)}, expected a positive integer or {axes} of them"
        )
    return tuple([int(v) for v in values])


def are_whole(values, length: int, least: int) -> bool:
    """True for as many integers of at least `least`, in a tuple or a list."""
    if not isinstance(values, tuple | list) or len(values) != length:
        return False
    return all(isinstance(v, Integral) and not isinstance(v, bool) and int(v) >= least for v in values)


def misuse(op, values: list, keywords: dict, error: Exception) -> Exception:
    """The error of the forward function of a primitive, with what it was given and what it takes."""
    takes = inspect.signature(op.plain)
    names = list(takes.parameters)
    for i, value in enumerate(values if op.each else values[: len(op.vjps)]):
        if not (hasattr(value, "shape") or isinstance(value, int | float)):
            came = f"{op.name}: {names[min(i, len(names) - 1)]} is {short(value)}"
            return TypeError(f"{came}, expected an array, a Tensor or a number")
    kind = next((k for k in (TypeError, ValueError, IndexError) if isinstance(error, k)), TypeError)
    given = [str(v.shape) if hasattr(v, "shape") else short(v) for v in values]
    given += [f"{name}={short(v)}" for name, v in keywords.items()]
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in takes.parameters.values()]
    expected = f"{op.name}{inspect.Signature(bare)}"
    return kind(f"{op.name}({', '.join(given)}): {' '.join(str(error).split())[:120]}; expected {expected}")


def check_labels(who: str, classes: int, x):
    """Labels (N,): integers from 0 to classes - 1; returned as they came."""
    came = f"of dtype {x.dtype}"
    if x.dtype.kind in "iuf" and x.size and isinstance(x, np.ndarray):  # asking a GPU would wait for it
        came += f", from {x.min()} to {x.max()}"
        if x.dtype.kind != "f" and 0 <= x.min() and x.max() < classes:
            return x
    elif x.dtype.kind in "iu":
        return x
    raise ValueError(f"{who}: labels are {came}, expected integers from 0 to {classes - 1}")


def pair(who: str, x) -> tuple:
    """A batch that is a pair (images, labels)."""
    if not isinstance(x, tuple) or len(x) != 2:
        raise ValueError(f"{who}: expected a batch that is a pair (images, labels)")
    return x


def numbers(who: str, shape: tuple[int, ...], **values) -> np.ndarray:
    """An array of this shape, of finite real numbers, as float32."""
    ((name, x),) = values.items()
    x = np.asarray(x)
    if x.shape != shape:
        raise ValueError(f"{who}: {name} has shape {x.shape}, expected {shape}")
    if x.dtype.kind not in "fiu" or not np.isfinite(x).all():
        raise ValueError(f"{who}: {name} is not of finite real numbers, as expected")
    return x.astype(np.float32, copy=False)


def batch(who: str, x):
    """A batch (N, ...) of finite floating-point numbers, N at least 1; returned as it came."""
    if getattr(getattr(x, "dtype", None), "kind", None) != "f" or x.ndim < 2 or not len(x):
        raise ValueError(f"{who}: expected a batch (N, ...) of floating-point numbers, N at least 1")
    if isinstance(x, np.ndarray) and not np.isfinite(x).all():
        raise ValueError(f"{who}: not all numbers of the batch are finite, as expected")
    return x


def images(who: str, shape: tuple[int, ...], x):
    """Images (N, *shape), N at least 1, of finite floating-point numbers in [-1, 1]; returned as they came."""
    dtype = getattr(x, "dtype", None)
    if dtype is None or dtype.kind != "f":
        came = type(x).__name__ if dtype is None else f"of dtype {dtype}"
        raise TypeError(f"{who}: images are {came}, expected an array of floating-point numbers in [-1, 1]")
    if x.shape[1:] != shape or len(x) < 1:
        expected = f"(N, {', '.join(map(str, shape))}) with N at least 1"
        raise ValueError(f"{who}: images have shape {x.shape}, expected {expected}")
    if isinstance(x, np.ndarray):  # asking a GPU would wait for it
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


def renamed(**new_names):
    """A decorator of classes: `@renamed(count="input_dim")` accepts the old name for one release, and warns.

    Where the value has changed, too, the new name comes with a function of the old value.
    """

    def accept_both(kind):
        make = kind.__init__

        @functools.wraps(make)
        def __init__(self, *args, **keywords):
            for old, new in new_names.items():
                name, convert = new if isinstance(new, tuple) else (new, lambda value: value)
                if old in keywords and name not in keywords:
                    what = f"{kind.__name__}: {old} is now called {name}"
                    warnings.warn(what, DeprecationWarning, stacklevel=2)
                    keywords[name] = convert(keywords.pop(old))
            make(self, *args, **keywords)

        kind.__init__ = __init__
        return kind

    return accept_both
