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
from typing import BinaryIO

import numpy as np

DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_DIMENSIONS = 32  # what every NumPy can hold
CHUNK = 1 << 16  # bytes unpacked at a time
MAX_RATIO, ALWAYS = 32, 1 << 26  # a gzipped file may unpack to so many times its size, and to so many bytes


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """The array in the IDX file at `path`, gzipped or not, in the byte order of this machine.

    Not more is read, or unpacked, than the header says that there is, and a byte to see that there is no more.
    """
    return parse_idx(read_content(path), path)


def parse_idx(content: bytes | bytearray, path: str | os.PathLike[str]) -> np.ndarray:
    """The array in the unpacked bytes of an IDX file. `path` only names the file in errors."""
    shape, dtype, start, end = _header(content, path)
    if len(content) < end:
        raise _error(path, len(content), "the end of the file", f"{end} bytes for shape {shape}")
    if len(content) > end:
        raise _error(path, end, "more bytes", f"the end of the file for shape {shape}")
    try:
        array = np.frombuffer(content, dtype, offset=start).reshape(shape)
    except ValueError as error:  # no elements, yet sizes whose product is beyond all memory
        raise _error(path, 4, f"the shape {shape}", f"a shape that NumPy can hold ({error})") from error
    return array.astype(dtype.newbyteorder("="))  # a copy: writable, and aligned


def _header(
    content: bytes | bytearray, path: str | os.PathLike[str]
) -> tuple[tuple[int, ...], np.dtype, int, int]:
    """(shape, type, first byte of the numbers, end of the file) from the beginning of an IDX file."""
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
    return shape, dtype, start, start + math.prod(shape) * dtype.itemsize


def read_content(path: str | os.PathLike[str], limit: int | None = None) -> bytearray:
    """The bytes of an IDX file, unpacked if it is gzipped (by content; the name does not matter).

    A few kilobytes can unpack to more than any memory holds: ValueError if there is more than the header says,
    or than `limit`, or than a file of this size can honestly hold.
    """
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        read = _Unpacker(file, path).read if packed else file.read
        content = bytearray(read(4 + 4 * MAX_DIMENSIONS))
        end = _header(content, path)[3]
        limit = max(MAX_RATIO * size, ALWAYS) if limit is None else limit
        if end > limit:
            raise _error(path, 4, f"a header for {end} bytes", f"at most {limit} in a file of {size}")
        while len(content) <= end and (chunk := read(min(CHUNK, end + 1 - len(content)))):
            content += chunk
        return content


class _Unpacker:
    """Reads from a gzipped file, a little at a time."""

    def __init__(self, file: BinaryIO, path: str | os.PathLike[str]) -> None:
        self.file, self.path = file, path
        self.unpacker = zlib.decompressobj(wbits=31)  # 31: a gzip header, then the largest window

    def read(self, size: int) -> bytes:
        """The next `size` unpacked bytes, fewer only at the end of the file, which must be a proper one."""
        content = bytearray()
        while len(content) < size and not self.unpacker.eof:
            offset = self.file.tell()
            packed = self.unpacker.unconsumed_tail or self.file.read(CHUNK)
            if not packed:
                raise _error(self.path, offset, "the end of the file", "more gzip data")
            try:
                content += self.unpacker.decompress(packed, size - len(content))
            except zlib.error as error:
                found = f"damaged gzip data before here ({error})"
                raise _error(self.path, self.file.tell(), found, "valid gzip data") from error
        extra = len(self.unpacker.unused_data)
        if self.unpacker.eof and (extra or self.file.read(1)):
            raise _error(self.path, self.file.tell() - extra, "more bytes", "the end of the gzip data")
        return bytes(content)


def _error(path: str | os.PathLike[str], offset: int, found: str, expected: str) -> ValueError:
    return ValueError(f"{os.fspath(path)}: at byte {offset}: found {found}, expected {expected}")
