"""Where the taps of a kernel fall: strides, padding and dilation in every spelling, as tuples of numbers."""

import math
from typing import NamedTuple

from minigan.checks import are_whole, per_axis, short

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
        each = zip(*self, strict=True)
        return tuple([max(p + n, s * (o - 1) + _extent(k, d)) for n, k, o, s, p, d in each])

    @property
    def inside(self) -> tuple[slice, ...]:
        """Where the image lies in the framed one."""
        return (slice(None), *(slice(p, p + n) for n, p in zip(self.image, self.padding, strict=True)))

    def seen_by(self, tap: Sizes) -> tuple[slice, ...]:
        """What tap k of the kernel sees of the framed image, a pixel for each pixel of the result."""
        each = zip(tap, self.result, self.strides, self.dilation, strict=True)
        return (slice(None), *(slice(d * k, d * k + s * (o - 1) + 1, s) for k, o, s, d in each))


def window(name: str, image: Sizes, kernel: Sizes, strides: Size, padding: Padding, dilation_rate: Size):
    """Every spelling of strides, padding and dilation as plain numbers, with the size of the result."""
    strides = per_axis(name, "strides", strides, len(image))
    dilation = per_axis(name, "dilation_rate", dilation_rate, len(image))
    extent = tuple(map(_extent, kernel, dilation))
    around = sides(name, padding, image, extent, strides)
    if min(image) < 1:
        raise ValueError(f"{name}: an image of {image} pixels, with padding {around}, has no pixel")
    each = zip(image, around, extent, strides, strict=True)
    result = tuple([(n + sum(p) - e) // s + 1 for n, p, e, s in each])
    if min(*result, *kernel) < 1:
        raise ValueError(
            f"{name}: no output pixel: a kernel of {kernel} pixels (spread over {extent}) does not fit "
            f"into an image of {image} pixels with padding {around}"
        )
    return Window(image, kernel, result, strides, tuple([before for before, _ in around]), dilation)


def _extent(kernel: int, dilation: int) -> int:
    return dilation * (kernel - 1) + 1


def sides(name: str, padding: Padding, image: Sizes, extent: Sizes, strides: Sizes):
    """padding as (before, after) for each axis.  Raises ValueError if it is none."""
    if isinstance(padding, str) and padding == "same":
        each = zip(image, strides, extent, strict=True)
        totals = [max((math.ceil(n / s) - 1) * s + e - n, 0) for n, s, e in each]
        return tuple([(total // 2, total - total // 2) for total in totals])
    pixels = 0 if isinstance(padding, str) and padding == "valid" else padding
    pairs = pixels if isinstance(pixels, tuple | list) else [(pixels, pixels)] * len(image)
    if len(pairs) == len(image) and all(are_whole(pair, 2, least=0) for pair in pairs):
        return tuple([(int(before), int(after)) for before, after in pairs])
    raise ValueError(
        f"{name}: padding is {short(padding)}, expected 'valid', 'same', a number of pixels, or ((top, bottom), "
        "(left, right)), none of them negative"
    )


def transposed_size(
    name: str, result: Sizes, kernel: Sizes, strides: Size, padding: Padding, dilation_rate: Size
):
    """The default size of the image of a transposed convolution."""
    strides = per_axis(name, "strides", strides, len(result))
    extent = tuple(map(_extent, kernel, per_axis(name, "dilation_rate", dilation_rate, len(result))))
    around = sides(name, padding, (0,) * len(result), extent, strides)
    each = zip(result, strides, extent, around, strict=True)
    if padding == "same":
        return tuple([o * s for o, s, _, _ in each])
    if padding == "valid":
        return tuple([o * s + max(e - s, 0) for o, s, e, _ in each])
    return tuple([s * (o - 1) + e - sum(p) for o, s, e, p in each])
