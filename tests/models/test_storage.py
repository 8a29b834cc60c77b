"""Files of weights: what comes back, and what a hostile or damaged file cannot do."""

import io
import json
import os
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest

from minigan.models import storage

LIKE = {
    "networks/G/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "networks/G/bias": np.zeros(3, np.float32),
    "optimizers/g/steps": np.array(7),
    "optimizers/g/learning_rate": np.array(0.1),
}
HEADER = {"model": "gan", "settings": {"latent_size": 2}}


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda file: None)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint.npz"


def npy(array, **keywords):
    file = io.BytesIO()
    np.save(file, array, **keywords)
    return file.getvalue()


def header(content=None):
    content = {"format": storage.FORMAT} | HEADER if content is None else content
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return npy(np.frombuffer(text, np.uint8))


def forge(path, compression=zipfile.ZIP_STORED, **changes):
    """A file like those of `write`, with some members changed (None: left out)."""
    members = {"header": header()} | {name: npy(array) for name, array in LIKE.items()} | changes
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            if content is not None:
                file.writestr(f"{name}.npy", content)


# --- What is written comes back -----------------------------------------------------------------------


def test_what_is_written_comes_back_with_every_bit(path):
    storage.write(path, HEADER, LIKE)
    found, arrays = storage.read(path, LIKE)
    assert found == {"format": 2} | HEADER == storage.read_header(path)
    assert list(arrays) == list(LIKE)
    for name, array in arrays.items():
        assert (array.dtype, array.shape, array.tobytes()) == (
            LIKE[name].dtype,
            LIKE[name].shape,
            LIKE[name].tobytes(),
        )
        assert array.flags.writeable and array.flags.c_contiguous


def test_numpy_can_open_it_too(path):
    storage.write(path, HEADER, LIKE)
    with np.load(path) as file:
        assert np.array_equal(file["networks/G/kernel"], LIKE["networks/G/kernel"])


def test_the_same_numbers_give_the_same_bytes(path, tmp_path):
    storage.write(path, HEADER, LIKE)
    storage.write(tmp_path / "other.npz", HEADER, LIKE)
    assert path.read_bytes() == (tmp_path / "other.npz").read_bytes()


def test_columns_first_can_be_read(path):
    forge(path, **{"networks/G/kernel": npy(np.asfortranarray(LIKE["networks/G/kernel"]))})
    assert np.array_equal(storage.read(path, LIKE)[1]["networks/G/kernel"], LIKE["networks/G/kernel"])


@pytest.mark.parametrize("dtype", [np.float64, np.float16, ">f4"])
def test_floats_of_another_precision_become_those_that_are_expected(path, dtype):
    forge(path, **{"networks/G/kernel": npy(LIKE["networks/G/kernel"].astype(dtype))})
    kernel = storage.read(path, LIKE)[1]["networks/G/kernel"]
    assert kernel.dtype == np.float32 and np.array_equal(kernel, LIKE["networks/G/kernel"])


# --- Whole or not at all ------------------------------------------------------------------------------


def test_a_number_that_is_not_finite_leaves_the_file_as_it_was(path):
    storage.write(path, HEADER, LIKE)
    before = path.read_bytes()
    for wrong in (np.nan, np.inf):
        with pytest.raises(FloatingPointError, match="networks/G/bias is not finite"):
            storage.write(path, HEADER, LIKE | {"networks/G/bias": np.full(3, wrong)})
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]


def test_a_disk_that_is_full_leaves_the_file_as_it_was(path, monkeypatch):
    storage.write(path, HEADER, LIKE)
    before = path.read_bytes()

    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        storage.write(path, HEADER, {})
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]


# --- Files from outside -------------------------------------------------------------------------------

ZEROS = npy(np.zeros(2**24, np.uint8))  # 16 MB, which compress to 16 kB

HOSTILE = {
    "an unknown member": ({"zzz": ZEROS}, "1 arrays are of another model, such as 'zzz'"),
    "a kernel of a wrong shape": ({"networks/G/kernel": ZEROS}, r"networks/G/kernel has shape \(16777216,\)"),
    "a header without end": ({"header": ZEROS}, "header is too long"),
    "a header of text": ({"header": npy(np.array("{}" + " " * 10**6))}, "has format 1"),
    "a header of lists": ({"header": header(b"[" * 10**5)}, ": "),
    "a header that is no dictionary": ({"header": header([])}, "has format None"),
    "a header that is no JSON": ({"header": header(b"{'format': 2}")}, "Expecting property name"),
    "a header that is no text": ({"header": header(b"\xff\xfe")}, ": "),
    "a later format": ({"header": header({"format": 3})}, "has format 3, this version of minigan reads format 2"),
    "no header": ({"header": None}, "no header"),
    "a missing array": ({"networks/G/bias": None}, "1 arrays are missing, such as 'networks/G/bias'"),
    "objects": ({"networks/G/bias": npy(np.array([{}, 1, 2], object), allow_pickle=True)}, "networks/G/bias is of dtype object"),
    "integers for weights": ({"networks/G/bias": npy(np.zeros(3, np.int32))}, "networks/G/bias is of dtype int32"),
    "complex weights": ({"networks/G/bias": npy(np.zeros(3, complex))}, "networks/G/bias is of dtype complex128"),
    "complex steps": ({"optimizers/g/steps": npy(np.array(1j))}, "optimizers/g/steps is of dtype complex128"),
    "half a step": ({"optimizers/g/steps": npy(np.array(1.5))}, "optimizers/g/steps is of dtype float64"),
    "weights that are not numbers": ({"networks/G/bias": npy(np.full(3, np.nan, np.float32))}, "networks/G/bias is not finite"),
    "weights too large for float32": ({"networks/G/bias": npy(np.full(3, 1e300))}, "networks/G/bias is not finite"),
    "fields": ({"networks/G/bias": npy(np.zeros(3, [("a", "f4")]))}, "networks/G/bias is of dtype"),
    "an array cut short": ({"networks/G/kernel": npy(LIKE["networks/G/kernel"])[:-5]}, ": "),
    "an array that is none": ({"networks/G/bias": b"\x93NUMPY\x01\x00garbage"}, ": "),
    "a shape that is code": (
        {"networks/G/bias": npy(np.zeros(3, np.float32)).replace(b"(3,)", b"(x,)")}, ": ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_one_line_that_names_it_and_fills_no_memory(name, path):
    changes, message = HOSTILE[name]
    forge(path, **changes)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message) as raised:
            storage.read(path, LIKE)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    assert str(raised.value).startswith(str(path)) and "\n" not in str(raised.value)


def test_a_pickle_is_not_opened(path):
    class Bomb:
        def __reduce__(self):
            return (os.mkdir, (str(path.parent / "executed"),))

    for content in (pickle.dumps(Bomb()), npy(np.array([Bomb()], object), allow_pickle=True)):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="not a zip file, or one with"):
            storage.read(path, LIKE)
    forge(path, **{"networks/G/bias": npy(np.array([Bomb()] * 3, object), allow_pickle=True)})
    with pytest.raises(ValueError, match="dtype object"):
        storage.read(path, LIKE)
    assert not (path.parent / "executed").exists()


def test_a_name_that_comes_twice_is_refused(path):
    forge(path)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as file:
        file.writestr("networks/G/bias.npy", npy(np.ones(3, np.float32)))
    with pytest.raises(ValueError, match="two arrays have the same name"):
        storage.read(path, LIKE)


def test_a_size_that_is_a_lie_is_found_out(path):
    """The directory says that a member is short; what comes out of it is no longer than that."""
    forge(path, **{"networks/G/bias": npy(np.zeros(3, np.float32)) + b"\0" * 10**6})
    with pytest.raises(ValueError, match=r"networks/G/bias\.npy is shorter or longer than its shape says"):
        storage.read(path, LIKE)
    with zipfile.ZipFile(path) as file:
        size = file.getinfo("networks/G/bias.npy").file_size
    content = path.read_bytes().replace(size.to_bytes(4, "little"), (140).to_bytes(4, "little"))
    path.write_bytes(content)
    with pytest.raises(ValueError, match="CRC"):
        storage.read(path, LIKE)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_compressed_is_not_opened(method, path):
    forge(path, method, header=ZEROS, zzz=ZEROS)
    tracemalloc.start()
    try:
        for read in (storage.read_header, lambda path: storage.read(path, LIKE)):
            with pytest.raises(ValueError, match="its arrays are compressed"):
                read(path)
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


def test_names_without_end_are_not_read(path):
    with zipfile.ZipFile(path, "w") as file:
        for number in range(1000):
            file.writestr(f"{number:08500d}", b"")
    assert path.stat().st_size < 20e6
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="too many names"):
            storage.read_header(path)
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("text", ['{"format": 2, "format": 2}', '{"format": 2, "a": NaN}', '{"format": 2, "a": -Infinity}',
                                  '{"format": true}', '{"format": 2.0}', '{"format": 2, "a": 1%s}' % ("0" * 5000)])  # fmt: skip
def test_a_header_that_is_no_strict_json_is_refused(text, path):
    forge(path, header=header(text.encode()))
    with pytest.raises(ValueError, match=r"checkpoint\.npz: "):
        storage.read_header(path)


@pytest.mark.parametrize("read", [storage.read_header, lambda path: storage.read(path, LIKE)])
def test_no_file_a_folder_and_no_archive_are_refused_by_name(read, path, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file .*checkpoint.npz"):
        read(path)
    with pytest.raises(ValueError, match=str(tmp_path)):
        read(tmp_path)
    for content in (b"", b"PK", b"\0" * 1000):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"checkpoint\.npz: "):
            read(path)


def test_a_file_cut_anywhere_or_with_a_byte_changed_is_right_or_refused(path):
    storage.write(path, HEADER, LIKE)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    damaged = [whole[:n] for n in rng.integers(len(whole), size=60)]
    for place in rng.integers(len(whole), size=200):
        damaged.append(whole[:place] + bytes([whole[place] ^ int(rng.integers(1, 256))]) + whole[place + 1 :])
    for content in damaged:
        path.write_bytes(content)
        try:
            found, arrays = storage.read(path, LIKE)
        except ValueError as error:
            assert str(error).startswith(str(path)) and "\n" not in str(error)
        else:
            assert found["format"] == 2
            assert all(np.array_equal(arrays[name], LIKE[name]) for name in LIKE)


def test_a_checkpoint_of_format_1_is_refused_in_one_sentence(path):
    np.savez(path, header=np.array(json.dumps({"format": 1, "position": {}})), **LIKE)
    with pytest.raises(ValueError, match="has format 1, this version of minigan reads format 2$"):
        storage.read_header(path)
