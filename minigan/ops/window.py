"""Where the taps of a kernel fall: strides, padding and dilation in every spelling, as plain numbers.

Chapter 4.6; read nothing before it.
"""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any, NamedTuple

Pair = tuple[int, int]
Size = int | Pair
Padding = str | int | tuple[Pair, Pair]


class Geometry(NamedTuple):
    """Where the taps of a kernel fall; the same for all three operations of the family."""

    image: Pair  # (H, W), of x
    kernel: Pair  # (KH, KW), of w
    result: Pair  # (OH, OW), of y
    strides: Pair  # S
    padding: Pair  # P: rows above and columns left of the image; those below and right follow
    dilation: Pair  # D


def geometry(
    name: str, image: Pair, kernel: Pair, strides: Size, padding: Padding, dilation_rate: Size
) -> Geometry:
    """Every spelling of strides, padding and dilation as plain numbers, with the size of the result."""
    strides, dilation = pair(name, "strides", strides), pair(name, "dilation_rate", dilation_rate)
    extent = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    sides = _sides(name, padding, image, extent, strides)
    if min(image) < 1:
        raise ValueError(f"{name}: an image of {image} pixels, with padding {sides}, has no pixel")
    each = zip(image, sides, extent, strides, strict=True)
    height, width = ((n + sum(p) - e) // s + 1 for n, p, e, s in each)
    if min(height, width, *kernel) < 1:
        raise ValueError(
            f"{name}: no output pixel: a kernel of {kernel} pixels (spread over {tuple(extent)}) does not fit "
            f"into an image of {image} pixels with padding {sides}"
        )
    return Geometry(image, kernel, (height, width), strides, (sides[0][0], sides[1][0]), dilation)


def _sides(name: str, padding: Padding, image: Pair, extent: list[int], strides: Pair) -> tuple[Pair, Pair]:
    """padding as ((top, bottom), (left, right))."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        each = zip(image, strides, extent, strict=True)
        rows, columns = (max((math.ceil(n / s) - 1) * s + e - n, 0) for n, s, e in each)
        return (rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)
    sides: Any = ((padding, padding),) * 2 if isinstance(padding, Integral) else padding
    try:
        (top, bottom), (left, right) = sides
        if all(isinstance(p, Integral) and int(p) >= 0 for p in (top, bottom, left, right)):
            return (int(top), int(bottom)), (int(left), int(right))
    except (TypeError, ValueError):  # it is no pair of pairs
        pass
    raise ValueError(
        f"{name}: padding is {padding!r}, expected 'valid', 'same', a number of pixels, or ((top, bottom), "
        "(left, right)), none of them negative"
    )


def transposed_size(result: Pair, kernel: Pair, strides: Size, padding: Padding, dilation_rate: Size) -> Pair:
    """The default size of the image of a transposed convolution."""
    name = "conv2d_transpose"
    strides, dilation = pair(name, "strides", strides), pair(name, "dilation_rate", dilation_rate)
    extent = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    if padding == "same":
        height, width = (o * s for o, s in zip(result, strides, strict=True))
    elif padding == "valid":
        height, width = (o * s + max(e - s, 0) for o, s, e in zip(result, strides, extent, strict=True))
    else:
        sides = _sides(name, padding, (0, 0), extent, strides)
        each = zip(result, strides, extent, sides, strict=True)
        height, width = (s * (o - 1) + e - sum(p) for o, s, e, p in each)
    return height, width


def pair(name: str, argument: str, value: Size) -> Pair:
    """One positive number for both axes, or one for each."""
    both: Any = value if hasattr(value, "__len__") else (value, value)
    if len(both) != 2 or not all(isinstance(v, Integral) and int(v) > 0 for v in both):
        raise ValueError(f"{name}: {argument} is {value!r}, expected a positive integer or a pair of them")
    return int(both[0]), int(both[1])
