"""Where the taps of a kernel fall: strides, padding and dilation in every spelling, as plain numbers.

Part II; read nothing before it.  For any number of spatial axes: a size is a tuple with a number for each.
"""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any, NamedTuple

Sizes = tuple[int, ...]
Size = int | Sizes
Padding = str | int | tuple[tuple[int, int], ...]


class Window(NamedTuple):
    """Where the taps of a kernel fall; the same for all three operations of the convolution."""

    image: Sizes  # (H, W), of x
    kernel: Sizes  # (KH, KW), of w
    result: Sizes  # (OH, OW), of y
    strides: Sizes  # S
    padding: Sizes  # P: zeros before the image; those behind it follow from the other numbers
    dilation: Sizes  # D

    @property
    def framed(self) -> Sizes:
        """The size of the image with its padding, and with all that a tap can reach."""
        return tuple(
            max(p + n, s * (o - 1) + d * (k - 1) + 1) for n, k, o, s, p, d in zip(*self, strict=True)
        )

    @property
    def inside(self) -> tuple[slice, ...]:
        """Where the image lies in the framed one."""
        return (slice(None), *(slice(p, p + n) for n, p in zip(self.image, self.padding, strict=True)))

    def seen_by(self, tap: Sizes) -> tuple[slice, ...]:
        """What tap k of the kernel sees of the framed image, a pixel for each pixel of the result."""
        each = zip(tap, self.result, self.strides, self.dilation, strict=True)
        return (slice(None), *(slice(d * k, d * k + s * (o - 1) + 1, s) for k, o, s, d in each))


def window(
    name: str, image: Sizes, kernel: Sizes, strides: Size, padding: Padding, dilation_rate: Size
) -> Window:
    """Every spelling of strides, padding and dilation as plain numbers, with the size of the result."""
    strides = per_axis(name, "strides", strides, len(image))
    dilation = per_axis(name, "dilation_rate", dilation_rate, len(image))
    extent = _extent(kernel, dilation)
    found = sides(name, padding, image, extent, strides)
    if min(image) < 1:
        raise ValueError(f"{name}: an image of {image} pixels, with padding {found}, has no pixel")
    each = zip(image, found, extent, strides, strict=True)
    result = tuple([(n + sum(p) - e) // s + 1 for n, p, e, s in each])
    if min(*result, *kernel) < 1:
        raise ValueError(
            f"{name}: no output pixel: a kernel of {kernel} pixels (spread over {extent}) does not fit "
            f"into an image of {image} pixels with padding {found}"
        )
    return Window(image, kernel, result, strides, tuple([before for before, _ in found]), dilation)


def _extent(kernel: Sizes, dilation: Sizes) -> Sizes:
    return tuple([d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)])


def sides(
    name: str, padding: Padding, image: Sizes, extent: Sizes, strides: Sizes
) -> tuple[tuple[int, int], ...]:
    """padding as (before, after) for each axis.  Raises ValueError if it is none."""
    if padding == "valid":
        return ((0, 0),) * len(image)
    if padding == "same":
        each = zip(image, strides, extent, strict=True)
        totals = [max((math.ceil(n / s) - 1) * s + e - n, 0) for n, s, e in each]
        return tuple([(total // 2, total - total // 2) for total in totals])
    pairs: Any = ((padding, padding),) * len(image) if isinstance(padding, Integral) else padding
    try:
        found = tuple([(before, after) for before, after in pairs])
        if len(found) == len(image) and all(
            isinstance(p, Integral) and p >= 0 for side in found for p in side
        ):
            return tuple([(int(before), int(after)) for before, after in found])
    except (TypeError, ValueError):  # it is no pair for each axis
        pass
    raise ValueError(
        f"{name}: padding is {padding!r}, expected 'valid', 'same', a number of pixels, or ((top, bottom), "
        "(left, right)), none of them negative"
    )


def transposed_size(
    name: str, result: Sizes, kernel: Sizes, strides: Size, padding: Padding, dilation_rate: Size
) -> Sizes:
    """The default size of the image of a transposed convolution."""
    strides = per_axis(name, "strides", strides, len(result))
    extent = _extent(kernel, per_axis(name, "dilation_rate", dilation_rate, len(result)))
    each = zip(
        result, strides, extent, sides(name, padding, (0,) * len(result), extent, strides), strict=True
    )
    if padding == "same":
        return tuple([o * s for o, s, _, _ in each])
    if padding == "valid":
        return tuple([o * s + max(e - s, 0) for o, s, e, _ in each])
    return tuple([s * (o - 1) + e - sum(p) for o, s, e, p in each])


def per_axis(name: str, argument: str, value: Size, axes: int = 2) -> Sizes:
    """One positive number for all spatial axes, or one for each."""
    all_of: Any = tuple(value) if isinstance(value, tuple | list) else (value,) * axes
    is_integer = [isinstance(v, Integral) and not isinstance(v, bool) and v > 0 for v in all_of]
    if len(all_of) != axes or not all(is_integer):
        raise ValueError(f"{name}: {argument} is {value!r}, expected a positive integer or {axes} of them")
    return tuple([int(v) for v in all_of])
