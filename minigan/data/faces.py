"""Pixel faces: 10,000 drawn heads of 16x16 pixels in colour, with their attributes.

They are not photographs: DiceBear composes them at random from parts that somebody drew by hand, so that it is
known of each face what it has.  The file was made by tools/make_faces.py; source and licence are in LICENSE.faces.
"""

import hashlib
from pathlib import Path

import numpy as np

from minigan.data.pixels import scaled

FACES = Path(__file__).with_name("faces.npz")
SHA256 = "1d7a933e5f7da8173d882e79e556a24db3a270b735846f7d2827ae8d9741c5f4"  # of the pixels, row by row


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
