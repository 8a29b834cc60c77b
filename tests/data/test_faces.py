"""The pixel faces: the shipped file is what it claims, its attributes say what the pictures show."""

import hashlib
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from minigan.data import faces, load_face_pairs, load_faces

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shipped():
    return faces.load_face_pixels()


def test_there_are_ten_thousand_different_faces_in_a_small_file(shipped):
    pixels, _ = shipped
    assert pixels.shape == (10_000, 16, 16, 3) and pixels.dtype == np.uint8
    assert len(np.unique(pixels.reshape(10_000, -1), axis=0)) == 10_000
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == faces.SHA256
    assert faces.FACES.stat().st_size < 900_000


def test_images_are_float32_between_minus_one_and_one(shipped):
    images, attributes = load_faces()
    assert images.shape == (10_000, 16, 16, 3) and images.dtype == np.float32
    np.testing.assert_array_equal(np.rint(images * 127.5 + 127.5), shipped[0])
    assert {each.shape for each in attributes.values()} == {(10_000,)}
    assert {"glasses", "hat", "beard", "hair", "hair_color", "skin", "background"} < set(attributes)


def test_the_upper_left_pixel_has_the_colour_of_the_background(shipped):
    pixels, attributes = shipped
    named = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in attributes["background"]])
    np.testing.assert_array_equal(pixels[:, 0, 0], named)


def test_glasses_are_where_the_attribute_says(shipped):
    """What most faces with the same attributes have in common: dark glasses make the rows of the eyes darker."""
    pixels, attributes = shipped
    dark = np.char.startswith(attributes["glasses"], "dark")
    without = attributes["glasses"] == ""
    rows = pixels[:, 5:8, 4:12].mean(axis=(1, 2, 3))
    assert rows[dark].mean() < rows[without].mean() - 20
    assert 0.15 < 1 - without.mean() < 0.25
    assert (
        not (attributes["glasses_color"] == "")[~without].any()
        and (attributes["glasses_color"][without] == "").all()
    )


def test_pairs_are_the_same_faces_and_differ_in_the_glasses_only():
    without, worn = load_face_pairs()
    images, attributes = load_faces()
    has_glasses = attributes["glasses"] != ""
    np.testing.assert_array_equal(worn, images[has_glasses])
    assert without.shape == worn.shape == (1966, 16, 16, 3) and without.dtype == np.float32
    differ = (without != worn).any(axis=-1)
    assert np.flatnonzero(differ.any(axis=(0, 2))).tolist() == [4, 5, 6, 7, 8]
    assert differ.sum(axis=(1, 2)).min() > 0 and 28 < differ.sum(axis=(1, 2)).mean() < 29
    style = attributes["glasses"][has_glasses]
    glasses = attributes["glasses_color"][has_glasses]
    for i in np.flatnonzero(style == "dark03")[:20]:  # the row under the lenses has the colour of the frame
        rgb = [int(glasses[i][j : j + 2], 16) for j in (1, 3, 5)]
        np.testing.assert_array_equal(np.rint(worn[i, 7, 6:12] * 127.5 + 127.5), np.tile(rgb, (6, 1)))
    assert faces.WITHOUT_GLASSES.stat().st_size < 60_000


def test_a_damaged_file_of_pairs_is_refused(tmp_path, monkeypatch):
    with np.load(faces.WITHOUT_GLASSES) as file:
        np.savez_compressed(tmp_path / "pairs.npz", rows=file["rows"][::-1])
    monkeypatch.setattr(faces, "WITHOUT_GLASSES", tmp_path / "pairs.npz")
    with pytest.raises(ValueError, match=r"pairs.npz: the pixels have SHA-256 .*, expected "):
        load_face_pairs()


def test_a_damaged_file_is_refused(tmp_path, monkeypatch):
    with np.load(faces.FACES) as file:
        arrays = dict(file)
    arrays["index"] = arrays["index"][::-1]
    np.savez_compressed(tmp_path / "faces.npz", **arrays)
    monkeypatch.setattr(faces, "FACES", tmp_path / "faces.npz")
    with pytest.raises(ValueError, match=r"faces.npz: the pixels have SHA-256 .*, expected 1d7a933e"):
        load_faces()


def test_the_faces_come_with_their_licence():
    text = faces.FACES.with_name("LICENSE.faces").read_text(encoding="utf-8")
    for word in ("DiceBear", "9.4.3", "minigan-9999", "CC0 1.0", "publicdomain/zero/1.0", "no photographs"):
        assert word in text


# The script that makes them


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("make_faces", ROOT / "tools" / "make_faces.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_script_writes_what_load_faces_reads_and_checks_it(tool, shipped, tmp_path, monkeypatch, capsys):
    words = {name: list(each) for name, each in shipped[1].items()}
    bare = np.rint(load_face_pairs()[0] * 127.5 + 127.5).astype(np.uint8)
    asked = []

    def draw(folder, numbers=range(10_000), options=""):
        asked.append((len(numbers), options))
        return (bare, {}) if options else (shipped[0], words)

    monkeypatch.setattr(tool, "draw", draw)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["tool", "nowhere", "--output", str(tmp_path), *arguments])
        tool.main()

    run()
    run("--check")
    assert asked == 2 * [(10_000, ""), (1966, "glassesProbability: 0")]
    assert capsys.readouterr().out.count("is what this script makes") == 2
    for path in (faces.FACES, faces.WITHOUT_GLASSES):
        with np.load(tmp_path / path.name) as made, np.load(path) as file:
            assert set(made.files) == set(file.files)
            assert all(np.array_equal(made[name], file[name]) for name in file.files)
            name = made.files[-1]
            changed = dict(made, **{name: made[name][::-1]})
        np.savez_compressed(tmp_path / path.name, **changed)
        with pytest.raises(SystemExit, match=f"differs in {name}"):
            run("--check")
        run()
    bare = bare[::-1]
    with pytest.raises(SystemExit, match="without glasses the pixels have SHA-256"):
        run()
    monkeypatch.setattr(tool, "draw", lambda folder: (shipped[0][::-1], {}))
    with pytest.raises(SystemExit, match="the pixels have SHA-256"):
        run()


def test_a_part_that_is_missing_has_no_word_and_no_colour(tool):
    face = json.loads(
        '{"primaryBackgroundColor": "#b6e3f4", "skinColor": "#8d5524", "hat": "variant01", "hatColor": "#2663a3",'
        ' "glassesColor": "#4b4b4b", "hair": "long18", "hairColor": "#cab188"}'
    )
    found = tool.attributes([face])
    assert found["hat"] == ["variant01"] and found["hat_color"] == ["#2663a3"]
    assert found["glasses"] == [""] and found["glasses_color"] == [""] and found["beard"] == [""]
    assert found["background"] == ["#b6e3f4"] and "beard_color" not in found
