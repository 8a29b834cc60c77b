"""A folder of pictures: cut, resized, scaled; what is broken is named and skipped."""

import builtins
import os

import numpy as np
import pytest
from PIL import Image

from minigan.data import folder
from minigan.data.folder import load_folder


def save(path, pixels, **keywords):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path, **keywords)


def colour(height, width, rgb):
    return np.full((height, width, 3), rgb, np.uint8)


def test_pictures_become_images_between_minus_one_and_one_in_the_order_of_their_names(tmp_path):
    save(tmp_path / "b.png", colour(8, 8, (255, 255, 255)))
    save(tmp_path / "a.png", colour(8, 8, (0, 0, 0)))
    save(tmp_path / "inside" / "C.JPG", colour(8, 8, (255, 0, 0)), quality=100, subsampling=0)
    images = load_folder(tmp_path, 4)
    assert images.dtype == np.float32 and images.shape == (3, 4, 4, 3)
    assert (images[0] == -1).all() and (images[1] == 1).all()
    np.testing.assert_allclose(images[2], np.broadcast_to([1, -1, -1], (4, 4, 3)), atol=0.03)


def test_grey_pictures_have_one_channel_unless_a_pixel_of_one_is_coloured(tmp_path):
    save(tmp_path / "a.png", np.full((5, 5), 51))
    save(tmp_path / "b.jpg", colour(5, 5, (51, 51, 51)))
    images = load_folder(tmp_path, 5)
    assert images.shape == (2, 5, 5, 1)
    np.testing.assert_allclose(images, 51 / 127.5 - 1, atol=1e-6)
    save(tmp_path / "c.png", colour(5, 5, (51, 51, 52)))
    assert load_folder(tmp_path, 5).shape == (3, 5, 5, 3)


def test_the_square_in_the_middle_is_kept(tmp_path):
    wide = colour(4, 12, (0, 0, 0))
    wide[:, 4:8] = 255
    save(tmp_path / "wide.png", wide)
    save(tmp_path / "high.png", wide.transpose(1, 0, 2))
    assert (load_folder(tmp_path, 4) == 1).all()


def test_the_size_is_the_one_asked_for_up_and_down(tmp_path):
    save(tmp_path / "small.png", np.full((3, 3), 102))
    save(tmp_path / "large.png", np.full((90, 70), 102))
    np.testing.assert_allclose(load_folder(tmp_path, 32), np.full((2, 32, 32, 1), -0.2), atol=1e-6)


def test_transparent_means_white(tmp_path):
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:2, :, 3] = 255  # the upper half is black, the lower half black and invisible
    save(tmp_path / "a.png", pixels)
    images = load_folder(tmp_path, 4)
    assert (images[0, :2] == -1).all() and (images[0, 2:] == 1).all()


def test_sixteen_bits_are_scaled_and_not_cut_off(tmp_path):
    """65535 is white, as 255 is with 8 bits: 257 times as much, and what is less than 1 of the 255 is cut off."""
    grey = np.arange(256).reshape(16, 16)
    for more in (0, 1, 100, 200, 256):
        Image.fromarray(np.minimum(257 * grey + more, 65535).astype(np.uint16)).save(tmp_path / "a.png")
        np.testing.assert_allclose(load_folder(tmp_path, 16)[0, :, :, 0], grey / 127.5 - 1, atol=1e-6)


def test_a_picture_is_turned_as_its_camera_noted(tmp_path):
    pixels = np.zeros((4, 4), np.uint8)
    pixels[0] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    save(tmp_path / "a.png", pixels, exif=exif)
    images = load_folder(tmp_path, 4)
    assert (images[0, 3] == 1).all() and (images[0, :3] == -1).all()


def test_a_broken_file_is_named_and_skipped(tmp_path, capsys):
    save(tmp_path / "good.png", colour(40, 40, (1, 2, 3)))
    whole = (tmp_path / "good.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.jpeg").write_text("no picture")
    (tmp_path / "notes.txt").write_text("not even called one")
    assert len(load_folder(tmp_path, 8)) == 1
    errors = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in errors] == [
        f"skipped {tmp_path / name}" for name in ("cut.png", "empty.png", "text.jpeg")
    ]


def test_a_folder_without_pictures_is_refused(tmp_path, capsys):
    with pytest.raises(FileNotFoundError, match="there is no folder .*nowhere"):
        load_folder(tmp_path / "nowhere", 8)
    with pytest.raises(ValueError, match="expected PNG or JPEG files, but it has none"):
        load_folder(tmp_path, 8)
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(ValueError, match="none of its 1 can be read"):
        load_folder(tmp_path, 8)


def test_without_pillow_the_error_says_what_to_install(tmp_path, monkeypatch):
    original = builtins.__import__

    def refuse(name, *args):
        if name == "PIL":
            raise ImportError(name)
        return original(name, *args)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match="pip install pillow"):
        load_folder(tmp_path, 8)


# --- Files that are not what they are called ----------------------------------------------------------


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "EPS"])
def test_only_the_two_formats_that_are_meant_are_opened_whatever_a_file_is_called(tmp_path, capsys, kind):
    save(tmp_path / "good.png", colour(8, 8, (1, 2, 3)))
    Image.fromarray(colour(8, 8, (200, 0, 0))).save(tmp_path / "other.png", format=kind)
    assert len(load_folder(tmp_path, 8)) == 1
    assert f"skipped {tmp_path / 'other.png'}: cannot identify image file" in capsys.readouterr().err


def test_a_picture_with_too_many_pixels_is_named_before_it_is_unpacked(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(folder, "MAX_PIXELS", 99)
    save(tmp_path / "a.png", np.zeros((9, 11)))
    assert len(load_folder(tmp_path, 8)) == 1
    save(tmp_path / "b.png", np.zeros((10, 10)))
    assert len(load_folder(tmp_path, 8)) == 1
    assert "b.png: it has 10 x 10 pixels, more than 99" in capsys.readouterr().err


def test_a_large_jpeg_is_made_smaller_while_it_is_decoded_and_looks_the_same(tmp_path):
    gradient = np.linspace(0, 255, 640).astype(np.uint8)
    save(tmp_path / "large.jpg", np.broadcast_to(gradient, (640, 640)), quality=95)
    save(tmp_path / "same.png", np.broadcast_to(gradient, (640, 640)))
    large, same = load_folder(tmp_path, 8)
    np.testing.assert_allclose(large, same, atol=0.02)


def test_a_jpeg_counts_as_large_as_it_is_decoded(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(folder, "MAX_PIXELS", 10_000)
    save(tmp_path / "baseline.jpg", np.zeros((640, 640)))  # decoded to 80 x 80
    save(
        tmp_path / "progressive.jpg", np.zeros((640, 640)), progressive=True
    )  # kept whole while it is decoded
    assert len(load_folder(tmp_path, 8)) == 1
    assert "progressive.jpg: it has 640 x 640 pixels, more than 10,000" in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_pictures_of_every_kind_of_pixel_are_read(tmp_path, mode):
    picture = Image.new("RGB", (40, 40), "white").convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = Image.fromarray(np.full((40, 40), 65535, np.uint16))
    picture.save(tmp_path / ("a.jpg" if mode == "CMYK" else "a.png"))
    assert load_folder(tmp_path, 8).tolist() == np.ones((1, 8, 8, 1)).tolist()


def test_a_name_cannot_write_to_the_terminal(tmp_path, capsys):
    (tmp_path / "a\x1b[31m.png").write_text("no picture")
    with pytest.raises(ValueError, match="none of its 1"):
        load_folder(tmp_path, 8)
    err = capsys.readouterr().err
    assert "\x1b" not in err and "a?[31m.png" in err


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is forbidden to this user")
def test_a_folder_that_cannot_be_read_is_named(tmp_path, capsys):
    save(tmp_path / "good.png", colour(8, 8, (1, 2, 3)))
    (tmp_path / "locked").mkdir(mode=0)
    assert len(load_folder(tmp_path, 8)) == 1
    assert f"skipped {tmp_path / 'locked'}" in capsys.readouterr().err


def test_an_error_while_a_folder_is_listed_is_named(tmp_path, capsys, monkeypatch):
    save(tmp_path / "good.png", colour(8, 8, (1, 2, 3)))
    original = os.scandir

    def scandir(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return original(path)

    (tmp_path / "locked").mkdir()
    monkeypatch.setattr(os, "scandir", scandir)
    assert len(load_folder(tmp_path, 8)) == 1
    assert f"skipped {tmp_path / 'locked'}: [Errno 13] Permission denied" in capsys.readouterr().err
