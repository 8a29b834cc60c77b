"""Solids: digits become cushions, and the .vox reader gives back what was written, or one line that says where not."""

import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigan.data import load_mnist, load_voxels, solid_digits, voxels
from minigan.data.voxels import SIZE, as_solids, front, full, parse_vox, solids_of

# --- Digits -------------------------------------------------------------------------------------------


def blank(rows, columns):
    """A digit whose pixels are white in these rows and columns."""
    image = np.full((1, 28, 28, 1), -1, np.float32)
    image[:, rows, columns] = 1
    return image


def test_the_thickness_of_a_square_by_hand():
    """10x10 pixels are 5x5 voxels.  At the edge the distance is 1, so 4 voxels deep; then 6; in the middle 8."""
    solid = full(solid_digits(blank(slice(8, 18), slice(10, 20))))[0]  # (D, H, W)
    thickness = solid.sum(axis=0)
    assert thickness[5:10, 6:11].tolist() == [
        [4, 4, 4, 4, 4],
        [4, 6, 6, 6, 4],
        [4, 6, 8, 6, 4],
        [4, 6, 6, 6, 4],
        [4, 4, 4, 4, 4],
    ]
    assert thickness.sum() == 16 * 4 + 8 * 6 + 8
    assert solid[:, 7, 8].tolist() == [False] * 4 + [True] * 8 + [False] * 4  # as much before as behind


def test_no_solid_is_thicker_than_four_erosions_make_it():
    everything = np.ones((1, SIZE, SIZE), bool)
    assert full(solids_of(everything)).sum(axis=1).max() == 2 * (1 + 4)


def test_a_pixel_counts_if_four_of_the_image_have_more_than_the_intensity_on_average():
    grey = blank(slice(8, 10), slice(8, 10))
    for intensity, is_full in ((0.36, True), (0.34, False)):
        grey[:, 8:10, 8:10] = 2 * intensity - 1
        assert full(solid_digits(grey)).any() == is_full


def test_digits_are_thin_solids_that_look_like_digits_from_the_front():
    images = load_mnist()[0][:200]
    solids = solid_digits(images)
    assert solids.shape == (200, 16, 16, 16, 1) and solids.dtype == np.float32
    assert set(np.unique(solids)) == {-1, 1} and 0.02 < full(solids).mean() < 0.05
    views = front(solids)
    assert views.shape == images.shape and views.dtype == np.float32
    assert (np.sign(views) == np.sign(images)).mean() > 0.93
    shifted = np.roll(images, 3, axis=2)
    assert (np.sign(views) == np.sign(shifted)).mean() < 0.9


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_the_solid_of_a_front_view_has_that_front_view(seed, share):
    fronts = np.random.default_rng(seed).uniform(size=(2, SIZE, SIZE)) < share
    assert (full(solids_of(fronts)).any(axis=1) == fronts).all()


def test_the_front_view_is_doubled_and_loses_its_frame():
    is_full = np.zeros((1, SIZE, SIZE, SIZE), bool)
    is_full[0, 3, 1, 2] = is_full[0, 9, 0, 0] = True  # the second one lies in the frame
    view = front(as_solids(is_full))[0, ..., 0]
    assert (view[:2, 2:4] == 1).all() and (view == 1).sum() == 4


@pytest.mark.parametrize(
    "images", [np.zeros((2, 28, 28)), np.zeros((2, 16, 16, 1)), np.full((2, 28, 28, 1), 255.0)]
)
def test_other_than_digits_are_refused(images):
    with pytest.raises(ValueError, match="solid_digits: images"):
        solid_digits(images)
    with pytest.raises(ValueError, match="full: images have shape"):
        front(images)


# --- Files --------------------------------------------------------------------------------------------


def chunk(name, content=b"", children=b""):
    return struct.pack("<4s2I", name, len(content), len(children)) + content + children


def vox(places, size=(16, 16, 16), before=b"", behind=b""):
    """The bytes of a .vox file with one model, of voxels at x, y, z, all of them of colour 7."""
    xyzi = struct.pack("<I", len(places)) + b"".join(bytes([*place, 7]) for place in places)
    return (
        b"VOX "
        + struct.pack("<I", 150)
        + chunk(
            b"MAIN", b"", before + chunk(b"SIZE", struct.pack("<3I", *size)) + chunk(b"XYZI", xyzi) + behind
        )
    )


MAGIC = "56 4f 58 20, as every .vox file begins"
PALETTE = chunk(b"RGBA", bytes(1024))
places_in = st.lists(st.tuples(*[st.integers(0, 15)] * 3), min_size=1, max_size=30)


def test_a_file_written_by_hand():
    content = bytes.fromhex(
        "564f5820 96000000 4d41494e 00000000 30000000"  # "VOX ", 150, "MAIN", 0 and 48 bytes
        "53495a45 0c000000 00000000 03000000 02000000 04000000"  # "SIZE", 12 and 0 bytes: 3, 2, 4
        "58595a49 0c000000 00000000 02000000 00000009 02010309"  # "XYZI": 2 voxels, (0, 0, 0) and (2, 1, 3)
    )
    assert parse_vox(content).tolist() == [[0, 0, 0], [2, 1, 3]]


@given(places_in)
def test_every_model_comes_back_and_other_chunks_are_skipped(places):
    other = chunk(b"nTRN", b"abc", chunk(b"SIZE"))  # what is in a child of another chunk is not looked at
    for content in (vox(places), vox(places, before=other), vox(places, behind=PALETTE)):
        assert parse_vox(content).tolist() == [list(place) for place in places]


def test_a_solid_stands_in_the_middle_of_the_floor_seen_from_the_front(tmp_path):
    """x goes to the right, y to the back, z up: a tower of 3 voxels, and at its foot one to the right and one behind."""
    tower = [(5, 9, 2), (5, 9, 3), (5, 9, 4), (6, 9, 2), (5, 10, 2)]
    (tmp_path / "tower.vox").write_bytes(vox(tower))
    solids = load_voxels(tmp_path)
    assert solids.shape == (1, 16, 16, 16, 1) and solids.dtype == np.float32
    found = np.argwhere(full(solids)[0]).tolist()  # of D, H, W: to the back, down, to the right
    assert sorted(found) == [[7, 13, 7], [7, 14, 7], [7, 15, 7], [7, 15, 8], [8, 15, 7]]


def test_a_folder_is_read_in_the_order_of_its_names_and_what_does_not_fit_is_named(tmp_path, capsys):
    (tmp_path / "inside").mkdir()
    files = {
        "b.vox": vox([(0, 0, 0), (1, 0, 0)]),
        "inside/a.VOX": vox([(0, 0, 0)]),
        "large.vox": vox([(0, 0, 0), (16, 0, 0)], size=(40, 40, 40)),
        "two.vox": vox([(0, 0, 0)], behind=chunk(b"SIZE", bytes(12)) + chunk(b"XYZI", bytes(4))),
        "text.vox": b"no voxels",
        "long.vox": bytes(voxels.MAX_BYTES + 1),
        "notes.txt": b"not even called one",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    assert full(load_voxels(tmp_path)).sum(axis=(1, 2, 3)).tolist() == [2, 1]
    assert capsys.readouterr().err.splitlines() == [
        f"skipped {tmp_path / 'large.vox'}: its model has 17 x 1 x 1 voxels, expected at most 16 along each side",
        f"skipped {tmp_path / 'long.vox'}: it has more than 1,048,576 bytes",
        f"skipped {tmp_path / 'text.vox'}: at byte 0: found the bytes 6e 6f 20 76, expected {MAGIC}",
        f"skipped {tmp_path / 'two.vox'}: at byte 20: found 2 sizes and 2 models, expected one of each",
    ]


def test_a_folder_without_solids_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder .*nowhere"):
        load_voxels(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"expected \.vox files, but it has none"):
        load_voxels(tmp_path)
    (tmp_path / "a.vox").write_bytes(b"")
    with pytest.raises(ValueError, match="none of its 1 can be used"):
        load_voxels(tmp_path)


ONE = vox([(1, 2, 3)])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "at byte 0: found the bytes , expected 56 4f 58 20"),
        (ONE[:19], "at byte 8: found the bytes 4d 41 49 4e .* expected a chunk that is called MAIN"),
        (ONE.replace(b"MAIN", b"PACK"), "at byte 8: found the bytes 50 41 43 4b"),
        (ONE[:-1], "at byte 12: found 0 and 44 bytes in MAIN, expected the other 43"),
        (ONE + b"a", "at byte 12: found 0 and 44 bytes in MAIN, expected the other 45"),
        (vox([(1, 2, 3)], behind=b"abc"), "at byte 64: found 3 bytes, expected a chunk"),
        (vox([(1, 2, 3)], behind=struct.pack("<4s2I", b"RGBA", 5, 0)), "at byte 68: found 5 and 0 bytes in a chunk"),
        (vox([]), "at byte 56: found 0 voxels in 4 bytes, expected at least one"),
        (vox([(1, 2, 3)], (16, 16, 3)), r"at byte 60: found a voxel at \[1 2 3\], expected one within \[16 16  3\]"),
        (ONE.replace(b"SIZE", b"SIZ_"), "found 0 sizes and 1 models, expected one of each"),
        (ONE.replace(b"\1\0\0\0\1\2\3", b"\2\0\0\0\1\2\3"), "at byte 56: found 2 voxels in 8 bytes"),
    ],
)  # fmt: skip
def test_errors_say_what_came_and_what_was_expected(content, message):
    with pytest.raises(ValueError, match=message):
        parse_vox(content)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda end: ONE[:20] + end))
def test_garbage_is_an_error_that_says_where(content):
    with pytest.raises(ValueError, match=r"^at byte \d+: found .*, expected "):
        parse_vox(content)


@settings(deadline=None)
@given(places_in, st.data())
def test_a_damaged_file_is_an_error_that_says_where_or_a_model_that_fits(places, data):
    content = bytearray(vox(places, behind=PALETTE))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))]
    try:
        found = parse_vox(bytes(content))
    except ValueError as error:
        assert str(error).startswith("at byte ") and "\n" not in str(error)
    else:
        assert (
            found.shape[1] == 3 and 0 < len(found) <= len(content) and found.min() >= 0 and found.max() < 256
        )


def test_a_file_that_says_that_it_is_large_takes_no_memory(tmp_path):
    most = 2**32 - 1
    bombs = [
        vox([(0, 0, 0)], size=(most, most, most)),
        ONE.replace(b"\1\0\0\0\1\2\3", struct.pack("<I", most) + b"\1\2\3"),
        vox([(0, 0, 0)], behind=struct.pack("<4s2I", b"RGBA", most, most)),
    ]
    for number, bomb in enumerate(bombs):
        (tmp_path / f"{number}.vox").write_bytes(bomb)
    (tmp_path / "long.vox").write_bytes(bytes(2**26))
    tracemalloc.start()
    assert len(load_voxels(tmp_path)) == 1  # the first one is honest: one voxel in a large empty space
    assert tracemalloc.get_traced_memory()[1] < 10 * voxels.MAX_BYTES
    tracemalloc.stop()
