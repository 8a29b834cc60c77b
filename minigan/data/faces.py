"""Pixel faces: 10,000 drawn heads of 16x16 pixels in colour, with their attributes.

They are not photographs: DiceBear composes them at random from parts that somebody drew by hand, so that it is
known of each face what it has.  The file was made by tools/make_faces.py; source and licence are in LICENSE.faces.
"""

import hashlib
from pathlib import Path

import numpy as np

from minigan.data.pixels import scaled

FACES = Path(__file__).with_name("faces.npz")
WITHOUT_GLASSES = Path(__file__).with_name("faces_without_glasses.npz")
SHA256 = "1d7a933e5f7da8173d882e79e556a24db3a270b735846f7d2827ae8d9741c5f4"  # of the pixels, row by row
SHA256_WITHOUT = "50d03b68c3cc1ba7700674153451aee9c68400f3a7af2ab9fbf370d7c84a4f07"
ROWS = slice(4, 9)  # in which a face with glasses and the same face without them differ


def load_faces() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Images, float32 (10000, 16, 16, 3) in [-1, 1], and attributes, name -> a word for each face (10000,).

    The parts clothing, eyes, mouth, hair, glasses, hat, beard and accessories have words such as "dark05", and ""
    where a face has none: attributes["glasses"] != "" tells who wears glasses.  background, skin, and the parts'
    colours, such as hair_color, have words such as "#cab188".  (A hat may hide the hair.)

    Raises ValueError if the shipped file is damaged.
    """
    pixels, attributes = load_face_pixels()
    return scaled(pixels), attributes


def load_face_pixels() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The pixels, uint8 (10000, 16, 16, 3), and the attributes of `load_faces`."""
    with np.load(FACES, allow_pickle=False) as file:
        pixels = file["palette"][file["index"]]
        names = [name for name in file.files if f"{name}_names" in file.files]
        attributes = {name: file[f"{name}_names"][file[name]] for name in names}
    if (found := hashlib.sha256(pixels).hexdigest()) != SHA256:
        raise ValueError(f"{FACES}: the pixels have SHA-256 {found}, expected {SHA256}")
    return pixels, attributes


def load_face_pairs() -> tuple[np.ndarray, np.ndarray]:
    """The same faces without and with glasses, float32 (1966, 16, 16, 3) in [-1, 1] each.

    With glasses they are those of `load_faces` that wear some, in this order.  Nothing else differs.

    Raises ValueError if a shipped file is damaged.
    """
    pixels, attributes = load_face_pixels()
    worn = pixels[attributes["glasses"] != ""]
    bare = worn.copy()
    with np.load(FACES, allow_pickle=False) as file, np.load(WITHOUT_GLASSES, allow_pickle=False) as rows:
        bare[:, ROWS] = file["palette"][rows["rows"]]
    if (found := hashlib.sha256(bare).hexdigest()) != SHA256_WITHOUT:
        raise ValueError(f"{WITHOUT_GLASSES}: the pixels have SHA-256 {found}, expected {SHA256_WITHOUT}")
    return scaled(bare), scaled(worn)
