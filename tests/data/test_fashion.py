"""Fashion-MNIST: files with the names of MNIST's that are taken for what they are only by their content."""

import gzip
import hashlib

import numpy as np
import pytest
from data.conftest import idx_bytes

from minigan.data import fashion, load_fashion_mnist, load_mnist, mnist, published


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """20 training and 10 test images in place of the published ones, found nowhere, and no network; split -> arrays."""
    rng, files, arrays = np.random.default_rng(0), {}, {}
    for split, n in ("train", 20), ("test", 10):
        arrays[split] = (
            rng.integers(256, size=(n, 28, 28), dtype=np.uint8),
            rng.integers(10, size=n, dtype=np.uint8),
        )
        contents = [idx_bytes(array) for array in arrays[split]]
        files[split] = tuple(
            published.Published(file.name, len(content), hashlib.sha256(content).hexdigest())
            for file, content in zip(fashion.FILES[split], contents, strict=True)
        )
    monkeypatch.setattr(fashion, "FILES", files)
    monkeypatch.setattr(fashion, "DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(fashion, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setenv("MINIGAN_OFFLINE", "1")
    monkeypatch.delenv("MINIGAN_DATA", raising=False)
    return arrays


def write(arrays, folder):
    folder.mkdir(parents=True)
    for split, pair in arrays.items():
        for file, array in zip(fashion.FILES[split], pair, strict=True):
            (folder / f"{file.name}.gz").write_bytes(gzip.compress(idx_bytes(array)))


@pytest.mark.parametrize("place", ["debian", "cache/fashion", "mine/fashion"])
@pytest.mark.parametrize("split", ["train", "test"])
def test_the_files_are_read_from_every_place_where_they_may_be(tiny, tmp_path, monkeypatch, place, split):
    write(tiny, tmp_path / place)
    if place.startswith("mine"):
        monkeypatch.setenv("MINIGAN_DATA", str(tmp_path / "mine"))
    images, labels = load_fashion_mnist(split)
    pixels, expected = tiny[split]
    assert (
        images.shape == (len(pixels), 28, 28, 1) and images.dtype == np.float32 and labels.dtype == np.int64
    )
    np.testing.assert_array_equal(np.rint(images[..., 0] * 127.5 + 127.5), pixels)
    np.testing.assert_array_equal(labels, expected)


def test_a_folder_for_mnist_alone_is_no_obstacle_and_one_that_is_missing_is_an_error(
    tiny, tmp_path, monkeypatch
):
    write(tiny, tmp_path / "debian")
    (tmp_path / "mine").mkdir()
    monkeypatch.setenv("MINIGAN_DATA", str(tmp_path / "mine"))
    assert len(load_fashion_mnist("test")[0]) == 10
    monkeypatch.setenv("MINIGAN_DATA", str(tmp_path / "typo"))
    with pytest.raises(FileNotFoundError, match="no data folder .*typo"):
        load_fashion_mnist()


def test_digits_are_not_taken_for_clothes_though_the_files_have_the_same_names(tiny, tmp_path, monkeypatch):
    others = {split: tuple(255 - array for array in pair) for split, pair in tiny.items()}
    write(others, tmp_path / "cache" / "fashion")
    with pytest.raises(ValueError, match="found SHA-256 .*expected .* is not the published train-images"):
        load_fashion_mnist()
    names = [[file.name for pair in module.FILES.values() for file in pair] for module in (mnist, fashion)]
    assert names[0] == names[1]


def test_mnist_does_not_look_into_the_folder_of_the_clothes(tiny, tmp_path, monkeypatch):
    write(tiny, tmp_path / "mine" / "fashion")
    monkeypatch.setattr(mnist, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setenv("MINIGAN_DATA", str(tmp_path / "mine"))
    with pytest.raises(FileNotFoundError, match="MINIGAN_OFFLINE"):
        load_mnist("test", full=True)


def test_without_the_files_the_error_says_what_to_put_where(tiny, tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        load_fashion_mnist()
    message = str(error.value)
    for word in (
        "MINIGAN_OFFLINE",
        "dataset-fashion-mnist",
        *(file.sha256 for file in fashion.FILES["train"]),
    ):
        assert word in message


def test_other_splits_are_refused_and_every_class_has_a_word():
    with pytest.raises(
        ValueError, match="load_fashion_mnist: split is 'validation', expected one of 'train', 'test'"
    ):
        load_fashion_mnist("validation")
    assert len(set(fashion.CLASSES)) == 10


@pytest.mark.slow
def test_the_published_files_if_they_are_here():
    try:
        images, labels = load_fashion_mnist("test")
    except FileNotFoundError:
        pytest.skip("Fashion-MNIST is not on this machine")
    assert images.shape == (10_000, 28, 28, 1) and np.bincount(labels).tolist() == [1000] * 10
