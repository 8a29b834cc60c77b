"""IDX, the file format of MNIST: a header that tells type and shape, then the numbers, row by row.

    byte 0, 1           zero
    byte 2              type of the numbers, see DTYPES
    byte 3              d, the number of dimensions
    byte 4 ... 3 + 4d   the d sizes, each a big-endian unsigned 32-bit integer
    the rest            the numbers, big-endian, last dimension fastest

A file may be gzipped. Every error is a ValueError that names the file, the byte offset in it, what
was found there and what was expected.

Source: http://yann.lecun.com/exdb/mnist/, "The IDX file format". Read before: nothing.
"""

import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np

DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_DIMENSIONS = 32  # what every NumPy can hold
CHUNK = 1 << 16  # bytes unpacked at a time


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """The array in the IDX file at `path`, gzipped or not, in the byte order of this machine."""
    return parse_idx(read_content(path), path)


def parse_idx(content: bytes, path: str | os.PathLike[str]) -> np.ndarray:
    """The array in the unpacked bytes of an IDX file. `path` only names the file in errors."""
    if len(content) < 4:
        raise _error(path, len(content), "the end of the file", "a header of at least 4 bytes")
    if content[:2] != b"\0\0":
        raise _error(path, 0, f"the bytes {content[:2].hex(' ')}", "00 00, as every IDX file begins")
    code, dimensions = content[2], content[3]
    if code not in DTYPES:
        known = ", ".join(f"0x{known:02x}" for known in DTYPES)
        raise _error(path, 2, f"the type code 0x{code:02x}", f"one of {known}")
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        raise _error(path, 3, f"{dimensions} dimensions", f"1 to {MAX_DIMENSIONS}")

    start = 4 + 4 * dimensions
    if len(content) < start:
        raise _error(path, len(content), "the end of the file", f"a header of {start} bytes")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    dtype = np.dtype(DTYPES[code])
    end = start + math.prod(shape) * dtype.itemsize
    if len(content) < end:
        raise _error(path, len(content), "the end of the file", f"{end} bytes for shape {shape}")
    if len(content) > end:
        extra = len(content) - end
        raise _error(path, end, f"{extra} more bytes", f"the end of the file for shape {shape}")
    try:
        array = np.frombuffer(content, dtype, offset=start).reshape(shape)
    except ValueError as error:  # no elements, yet sizes whose product is beyond all memory
        raise _error(path, 4, f"the shape {shape}", f"a shape that NumPy can hold ({error})") from error
    return array.astype(dtype.newbyteorder("="))  # a copy: writable, and aligned


def read_content(path: str | os.PathLike[str], limit: int | None = None) -> bytes:
    """The bytes of a file, unpacked if it is gzipped (by content; the name does not matter).

    A gzipped file may unpack to at most `limit` bytes, if a limit is given: a few kilobytes can
    unpack to more than any memory holds.
    """
    packed = Path(path).read_bytes()
    if not packed.startswith(b"\x1f\x8b"):
        return packed
    unpacker = zlib.decompressobj(wbits=31)  # 31: a gzip header, then the largest window
    content = bytearray()
    for offset in range(0, len(packed), CHUNK):
        try:
            content += unpacker.decompress(packed[offset : offset + CHUNK])
        except zlib.error as error:
            found = f"damaged gzip data here or in the next {CHUNK} bytes ({error})"
            raise _error(path, offset, found, "valid gzip data") from error
        if limit is not None and len(content) > limit:
            raise _error(path, offset, f"data beyond {limit} unpacked bytes", "the end of the data")
    if not unpacker.eof:
        raise _error(path, len(packed), "the end of the file", "more gzip data")
    if unpacker.unused_data:
        extra = len(unpacker.unused_data)
        raise _error(path, len(packed) - extra, f"{extra} more bytes", "the end of the gzip data")
    return bytes(content)


def _error(path: str | os.PathLike[str], offset: int, found: str, expected: str) -> ValueError:
    return ValueError(f"{os.fspath(path)}: at byte {offset}: found {found}, expected {expected}")
