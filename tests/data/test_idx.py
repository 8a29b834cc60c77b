"""The IDX reader gives back what was written, or one error that names the file and the place."""

import gzip
import re
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from minigan.data.idx import DTYPES, parse_idx, read_content, read_idx

any_array = st.sampled_from(sorted(DTYPES.items())).flatmap(
    lambda pair: st.tuples(
        st.just(pair[0]),
        arrays(np.dtype(pair[1]).newbyteorder("="), array_shapes(min_dims=1, min_side=0)),
    )
)
EXAMPLE = bytes.fromhex("00000802 00000002 00000003 010203040506")  # [[1, 2, 3], [4, 5, 6]], uint8


def write(array, code):
    header = bytes([0, 0, code, array.ndim])
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + sizes + array.astype(DTYPES[code]).tobytes()


def test_a_file_written_by_hand():
    np.testing.assert_array_equal(parse_idx(EXAMPLE, "example"), [[1, 2, 3], [4, 5, 6]])


def test_big_endian_numbers_are_turned_round():
    content = bytes.fromhex("00000b01 00000002 0102ffff")
    array = parse_idx(content, "example")
    np.testing.assert_array_equal(array, [0x0102, -1])
    assert array.dtype == np.int16 and array.dtype.isnative


@settings(deadline=None)
@given(any_array)
def test_every_array_comes_back(pair):
    code, array = pair
    back = parse_idx(write(array, code), "example")
    np.testing.assert_array_equal(back, array)
    assert back.dtype == array.dtype and back.shape == array.shape and back.flags.writeable


@settings(deadline=None)
@given(any_array, st.data())
def test_every_truncation_is_an_error_at_the_end(pair, data):
    code, array = pair
    content = write(array, code)
    length = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(ValueError, match=rf"^example: at byte {length}: found the end of the file"):
        parse_idx(content[:length], "example")


@settings(deadline=None)
@given(any_array, st.binary(min_size=1))
def test_bytes_behind_the_data_are_an_error(pair, extra):
    code, array = pair
    content = write(array, code)
    message = rf"^example: at byte {len(content)}: found more bytes"
    with pytest.raises(ValueError, match=message):
        parse_idx(content + extra, "example")


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_garbage_is_an_error_that_names_the_file(content):
    try:
        parse_idx(content, "example")
    except ValueError as error:
        assert str(error).startswith("example: at byte ")


@pytest.mark.parametrize(
    "content, message",
    [
        (b"<html>", "at byte 0: found the bytes 3c 68, expected 00 00"),
        (b"\0\0\x0a\1" + bytes(4), "at byte 2: found the type code 0x0a, expected one of 0x08"),
        (b"\0\0\x08\0", "at byte 3: found 0 dimensions, expected 1 to 32"),
        (b"\0\0\x08\xff" + bytes(4 * 255), "at byte 3: found 255 dimensions, expected 1 to 32"),
        (b"\0\0\x08\4" + bytes(4) + b"\xff" * 12, "at byte 4: found the shape"),
        (EXAMPLE[:-2], "at byte 16: found the end of the file, expected 18 bytes for shape"),
    ],
)
def test_errors_say_what_came_and_what_was_expected(content, message):
    with pytest.raises(ValueError, match=message):
        parse_idx(content, "example")


def test_gzip_is_recognised_by_content_not_by_name(tmp_path):
    for name, content in ("a", gzip.compress(EXAMPLE)), ("b.gz", EXAMPLE), ("c", EXAMPLE):
        (tmp_path / name).write_bytes(content)
        np.testing.assert_array_equal(read_idx(tmp_path / name), [[1, 2, 3], [4, 5, 6]])


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_damaged_gzip_is_an_error_that_names_the_file_or_does_no_harm(tmp_path_factory, data):
    content = bytes.fromhex("00000802 00000010 00000064") + bytes(range(100)) * 16  # (16, 100) uint8
    packed = bytearray(gzip.compress(content, mtime=0))
    # From byte 10 on: nothing protects the time stamp and the other fields of the gzip header.
    position = data.draw(st.integers(10, len(packed) - 1))
    packed[position] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.gz"
    path.write_bytes(packed)
    try:  # a few bits of gzip are padding, which nobody reads
        assert (read_idx(path) == np.arange(100)).all()
    except ValueError as error:
        assert re.search(r"damaged\.gz: at byte \d+: ", str(error))


def test_gzip_cut_short_or_too_long_is_an_error(tmp_path):
    path, packed = tmp_path / "file.gz", gzip.compress(EXAMPLE)
    path.write_bytes(packed[:-1])
    with pytest.raises(ValueError, match=f"at byte {len(packed) - 1}: found the end of the file"):
        read_idx(path)
    path.write_bytes(packed + b"xyz")
    with pytest.raises(ValueError, match=f"at byte {len(packed)}: found more bytes"):
        read_idx(path)


def test_a_small_file_cannot_unpack_to_more_than_the_limit(tmp_path):
    path = tmp_path / "bomb.gz"
    content = bytes.fromhex("00000801 00989680") + bytes(10_000_000)
    path.write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match="found a header for 10000008 bytes, expected at most 1000"):
        read_content(path, limit=1000)
    assert read_content(path, limit=10_000_008) == content


def test_a_small_file_that_honestly_says_that_it_is_large_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes.fromhex("00000801 08000000") + bytes(2**27)))
    tracemalloc.start()
    with pytest.raises(
        ValueError, match="bomb.gz: at byte 4: found a header for 134217736 bytes, expected at most"
    ):
        read_idx(path)
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


def test_a_header_beyond_all_memory_is_refused(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"\0\0\x0e\x20" + b"\xff" * 128)
    with pytest.raises(ValueError, match="a: at byte 4: found a header for "):
        read_idx(path)


@pytest.mark.parametrize("pack", [gzip.compress, bytes], ids=["gzipped", "plain"])
def test_no_more_is_unpacked_or_read_than_the_header_says(tmp_path, pack):
    path = tmp_path / "bomb"
    path.write_bytes(pack(EXAMPLE + bytes(100_000_000)))
    tracemalloc.start()
    with pytest.raises(ValueError, match="bomb: at byte 18: found more bytes"):
        read_idx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
