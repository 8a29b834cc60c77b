"""MNIST: the shipped subset is what it claims, and the full set comes only from verified files."""

import gzip
import hashlib
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from minigan.data import load_mnist, mnist

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def subset():
    with np.load(mnist.SUBSET, allow_pickle=False) as file:
        return dict(file)


# The shipped subset


@pytest.mark.parametrize(
    "name, dtype, shape, sha256",
    [
        (
            "images",
            np.uint8,
            (10_000, 28, 28),
            "06171310ca8d96d912185809fa8073635694f33424c98af39b39864fed83ac8d",
        ),
        (
            "labels",
            np.uint8,
            (10_000,),
            "b613234d92133e8f895022405ae5afaed1b14846f490f174faf23abbdf5927e8",
        ),
        (
            "index",
            np.int32,
            (10_000,),
            "c4d1a454ee882289267304306c7e861e1d11797ffd7141060e9ed4b3f175150c",
        ),
    ],
)
def test_the_subset_is_unchanged(subset, name, dtype, shape, sha256):
    array = subset[name]
    assert array.dtype == dtype and array.shape == shape
    little_endian = array.astype(array.dtype.newbyteorder("<"))
    assert hashlib.sha256(little_endian.tobytes()).hexdigest() == sha256


def test_the_subset_has_a_thousand_different_training_images_of_each_digit(subset):
    np.testing.assert_array_equal(np.bincount(subset["labels"]), np.full(10, 1000))
    assert len(np.unique(subset["index"])) == 10_000
    assert subset["index"].min() >= 0 and subset["index"].max() < 60_000


def test_the_subset_is_shuffled(subset):
    for part in np.split(subset["labels"], 10):  # 1,000 each: about 100 of each digit
        assert np.bincount(part, minlength=10).min() > 60


def test_images_are_float32_between_minus_one_and_one(subset):
    images, labels = load_mnist()
    assert images.shape == (10_000, 28, 28, 1) and images.dtype == np.float32
    assert images.min() == -1 and images.max() == 1
    assert labels.shape == (10_000,) and labels.dtype == np.int64
    np.testing.assert_array_equal(labels, subset["labels"])


def test_every_grey_level_is_scaled_exactly(monkeypatch):
    levels = np.arange(256, dtype=np.uint8)
    monkeypatch.setattr(mnist, "load_mnist_pixels", lambda split, full: (levels, levels))
    images, _ = load_mnist()
    np.testing.assert_array_equal(images[:, 0], (levels / 127.5 - 1).astype(np.float32))


def test_the_subset_has_no_test_split():
    with pytest.raises(ValueError, match=r"load_mnist\('test', full=True\)"):
        load_mnist("test")
    with pytest.raises(
        ValueError, match="load_mnist: split is 'validation', expected one of 'train', 'test'"
    ):
        load_mnist("validation")


def test_the_subset_comes_with_its_licence():
    text = mnist.SUBSET.with_name("LICENSE.mnist").read_text(encoding="utf-8")
    for word in "LeCun", "Cortes", "Burges", "CC BY-SA 3.0", "NIST Special Database 3", "unchanged":
        assert word in text


# The full set on this machine


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("split", ["train", "test"])
def test_the_full_set_is_read_from_the_folder_that_the_environment_names(
    tiny, tmp_path, monkeypatch, split, packed
):
    tiny.write(tmp_path / "mine", packed)
    monkeypatch.setenv("MINIGAN_DATA", str(tmp_path / "mine"))
    images, labels = load_mnist(split, full=True)
    pixels, expected_labels = tiny.arrays[split]
    np.testing.assert_array_equal(np.rint(images[..., 0] * 127.5 + 127.5), pixels)
    np.testing.assert_array_equal(labels, expected_labels)
    assert images.dtype == np.float32 and labels.dtype == np.int64


@pytest.mark.parametrize("layout", ["{0}/{0}", "{1}", "{1}.gz", "{1}/{1}"])
def test_the_files_are_found_as_people_have_them(tiny, cache, tmp_path, monkeypatch, layout):
    tiny.write(tmp_path / "published", packed=layout.endswith(".gz"))
    for path in (tmp_path / "published").iterdir():
        name = path.name.removesuffix(".gz")
        place = tmp_path / "mine" / layout.format(name, name.replace("-idx", ".idx"))
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
    monkeypatch.setenv("MINIGAN_DATA", str(tmp_path / "mine"))
    monkeypatch.setenv("MINIGAN_OFFLINE", "1")
    np.testing.assert_array_equal(load_mnist("test", full=True)[1], tiny.arrays["test"][1])


def test_the_full_set_is_available_as_bytes(tiny, cache):
    tiny.write(cache, packed=True)
    pixels, labels = mnist.load_mnist_pixels("train", full=True)
    assert pixels.dtype == labels.dtype == np.uint8 and pixels.shape == (20, 28, 28)


def test_the_named_folder_comes_before_the_cache(tiny, cache, tmp_path, monkeypatch):
    cache.mkdir()
    for file in mnist.FILES["train"]:
        (cache / file.name).write_bytes(b"never read")
    tiny.write(tmp_path / "mine", packed=False)
    monkeypatch.setenv("MINIGAN_DATA", str(tmp_path / "mine"))
    assert len(load_mnist(full=True)[0]) == 20


def test_what_the_named_folder_lacks_comes_from_the_cache(tiny, cache, tmp_path, monkeypatch):
    tiny.write(cache, packed=True)
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("MINIGAN_DATA", str(tmp_path / "empty"))
    assert len(load_mnist(full=True)[0]) == 20


def test_a_named_folder_must_exist(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGAN_DATA", str(tmp_path / "typo"))
    with pytest.raises(FileNotFoundError, match="no data folder .*typo"):
        load_mnist(full=True)


def test_a_corrupt_file_is_named_and_not_used(tiny, cache):
    tiny.write(cache, packed=False)
    path = cache / mnist.FILES["train"][0].name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="found SHA-256 .*expected .*; .*delete it") as error:
        load_mnist(full=True)
    assert str(path) in str(error.value)

    path.write_bytes(content[:-1])
    message = f"{path.name}: at byte {len(content) - 1}: found the end of the file"
    with pytest.raises(ValueError, match=message):
        load_mnist(full=True)


@pytest.mark.parametrize(
    "platform, variable, folder",
    [
        ("linux", "XDG_CACHE_HOME", ".cache/minigan"),
        ("darwin", None, "Library/Caches/minigan"),
        ("win32", "LOCALAPPDATA", "AppData/Local/minigan"),
    ],
)
def test_the_cache_is_where_the_system_keeps_caches(monkeypatch, tmp_path, platform, variable, folder):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    if variable:
        monkeypatch.delenv(variable, raising=False)
    assert mnist.cache_folder() == tmp_path / folder
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
        assert mnist.cache_folder() == tmp_path / "elsewhere" / "minigan"


# The full set from the mirrors


@pytest.fixture
def mirrors(tiny, server, monkeypatch):
    """The tiny set on the second of two mirrors; the first one refuses everything."""
    tiny.serve(server, "/second/")
    monkeypatch.setattr(mnist, "MIRRORS", (f"{server.url}/first/", f"{server.url}/second/"))
    monkeypatch.delenv("MINIGAN_OFFLINE", raising=False)
    return server


def test_missing_files_are_downloaded_once(tiny, mirrors, cache):
    for _ in range(2):
        pixels, labels = mnist.load_mnist_pixels("test", full=True)
        np.testing.assert_array_equal(pixels, tiny.arrays["test"][0])
        np.testing.assert_array_equal(labels, tiny.arrays["test"][1])
    assert [path for path, _ in mirrors.requests] == [
        "/first/t10k-images-idx3-ubyte.gz",
        "/second/t10k-images-idx3-ubyte.gz",
        "/first/t10k-labels-idx1-ubyte.gz",
        "/second/t10k-labels-idx1-ubyte.gz",
    ]
    names = sorted(path.name for path in cache.iterdir())
    assert names == ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"]


def test_a_wrong_file_from_every_mirror_never_reaches_the_cache(mirrors, cache):
    wrong = gzip.compress(b"<html>please log in to this network</html>")
    for place in "first", "second":
        mirrors.files[f"/{place}/train-images-idx3-ubyte.gz"] = wrong
    with pytest.raises(FileNotFoundError, match="found the bytes 3c 68, expected 00 00"):
        load_mnist(full=True)
    assert list(cache.iterdir()) == []


def test_the_offline_error_says_which_files_to_put_where(tiny, cache):
    with pytest.raises(FileNotFoundError) as error:
        load_mnist("train", full=True)
    message = str(error.value)
    assert "MINIGAN_OFFLINE" in message and "MINIGAN_DATA" in message
    assert str(cache) in message
    for file in mnist.FILES["train"]:
        assert f"{file.name}  (SHA-256 when unpacked: {file.sha256})" in message
    for mirror in mnist.MIRRORS:
        assert mirror.startswith("https://") and mirror in message


# The script that makes the subset


@pytest.fixture(scope="module")
def tool():
    path = ROOT / "tools" / "make_mnist_subset.py"
    spec = importlib.util.spec_from_file_location("make_mnist_subset", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_chooses_a_thousand_of_each_digit(tool):
    labels = np.arange(30_000) % 10
    index = tool.choose(labels)
    np.testing.assert_array_equal(np.bincount(labels[index]), np.full(10, 1000))
    assert len(np.unique(index)) == 10_000
    np.testing.assert_array_equal(index, tool.choose(labels))


def test_the_script_writes_a_file_and_checks_it(tool, tiny, tmp_path, monkeypatch, capsys):
    tiny.write(tmp_path / "originals", packed=True)
    output, again = tmp_path / "subset.npz", tmp_path / "again.npz"
    monkeypatch.setattr(tool, "PER_CLASS", 1)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["tool", str(tmp_path / "originals"), *arguments])
        tool.main()

    run("--output", str(output))
    run("--output", str(again))
    assert output.read_bytes() == again.read_bytes()
    run("--output", str(output), "--check")
    assert "is what this script makes" in capsys.readouterr().out
    with np.load(output, allow_pickle=False) as made:
        changed = dict(made, images=made["images"] + 1)
    np.testing.assert_array_equal(changed["images"] - 1, tiny.arrays["train"][0][changed["index"]])

    np.savez(output, **changed)
    with pytest.raises(SystemExit, match="images differs"):
        run("--output", str(output), "--check")
