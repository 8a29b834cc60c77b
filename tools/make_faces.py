"""Make minigan/data/faces.npz, the 10,000 pixel faces that minigan ships, and some of them without their glasses.

    npm install --prefix FOLDER @dicebear/core@9.4.3 @dicebear/pixel-art@9.4.3 @resvg/resvg-js@2.6.2
    python tools/make_faces.py FOLDER           write the files
    python tools/make_faces.py FOLDER --check   compare the shipped files instead

Needs Node.js 20 or newer; minigan must be importable (pip install -e .).

Face i is the one that DiceBear composes for the seed "minigan-i" on one of five backgrounds, drawn at 16x16 pixels.
The file holds the different colours as `palette` (K, 3), the pixels as `index` (10000, 16, 16) into it, and for each
attribute its different `names` and the number of each face's own, so that names[numbers] are words.

faces_without_glasses.npz has, of the faces that wear glasses, what DiceBear draws for the same seed and a probability of
glasses of 0: `rows` (1966, 5, 16), indices into the same palette, of the rows in which the two differ.
"""

import argparse
import base64
import hashlib
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from minigan.data.faces import FACES, ROWS, SHA256, SHA256_WITHOUT, WITHOUT_GLASSES

COUNT, SIZE = 10_000, 16
PARTS = ("accessories", "beard", "clothing", "eyes", "glasses", "hair", "hat", "mouth")

SCRIPT = """
import { createAvatar } from "@dicebear/core";
import * as style from "@dicebear/pixel-art";
import { Resvg } from "@resvg/resvg-js";
const backgroundColor = ["b6e3f4", "c0aede", "d1d4f9", "ffd5dc", "ffdfbf"];
for (const i of %s) {
  const avatar = createAvatar(style, { seed: `minigan-${i}`, backgroundColor, %s });
  const image = new Resvg(avatar.toString(), { fitTo: { mode: "width", value: %d } }).render();
  const pixels = Buffer.from(image.pixels).toString("base64");
  console.log(JSON.stringify({ pixels, attributes: avatar.toJson().extra }));
}
"""


def draw(
    folder: Path, numbers: Sequence[int] = range(COUNT), options: str = ""
) -> tuple[np.ndarray, dict[str, list[str]]]:
    """The pixels, uint8 (count, 16, 16, 3), and the attributes, name -> a word for each face.

    numbers  i of the seeds "minigan-i";  options  of DiceBear, besides, as in JavaScript
    """
    command = ["node", "--input-type=module", "--eval", SCRIPT % (list(numbers), options, SIZE)]
    lines = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    faces = [json.loads(line) for line in lines]
    content = b"".join(base64.b64decode(face["pixels"]) for face in faces)
    pixels = np.frombuffer(content, np.uint8).reshape(-1, SIZE, SIZE, 4)
    if (pixels[..., 3] != 255).any():
        raise SystemExit("not every pixel is opaque")
    return pixels[..., :3].copy(), attributes([face["attributes"] for face in faces])


def attributes(faces: list[dict[str, str]]) -> dict[str, list[str]]:
    """name -> a word for each face; "" for a part that it does not have, and for the colour of such a part."""
    found = {
        "background": [face["primaryBackgroundColor"] for face in faces],
        "skin": [face["skinColor"] for face in faces],
    }
    for part in PARTS:
        found[part] = [face.get(part, "") for face in faces]
        colors = [face[f"{part}Color"] if part in face else "" for face in faces if f"{part}Color" in face]
        if colors:  # a beard has the colour of the hair
            found[f"{part}_color"] = colors
    return found


def make_file(folder: Path) -> dict[str, np.ndarray]:
    """The arrays of the file by name.  The program ends if the pixels are not the published ones."""
    pixels, words = draw(folder)
    sha256 = hashlib.sha256(pixels.tobytes()).hexdigest()
    if sha256 != SHA256:
        raise SystemExit(f"the pixels have SHA-256 {sha256}, expected {SHA256}")
    palette, index = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    arrays = {"palette": palette, "index": index.reshape(pixels.shape[:3]).astype(np.uint16)}
    for name, each in words.items():
        names, numbers = np.unique(each, return_inverse=True)
        arrays |= {name: numbers.astype(np.uint8), f"{name}_names": names}
    return arrays


def make_rows(folder: Path, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of the file without glasses.  The program ends if the pixels are not the published ones."""
    worn = np.flatnonzero(arrays["glasses_names"][arrays["glasses"]] != "")
    pixels, _ = draw(folder, worn.tolist(), "glassesProbability: 0")
    sha256 = hashlib.sha256(pixels.tobytes()).hexdigest()
    if sha256 != SHA256_WITHOUT:
        raise SystemExit(f"without glasses the pixels have SHA-256 {sha256}, expected {SHA256_WITHOUT}")
    number = {tuple(color): i for i, color in enumerate(arrays["palette"].tolist())}
    rows = pixels[:, ROWS]
    index = [number[tuple(color)] for color in rows.reshape(-1, 3).tolist()]
    return {"rows": np.array(index, np.uint16).reshape(rows.shape[:3])}


def differences(expected: dict[str, np.ndarray], path: Path) -> list[str]:
    """The names of the arrays in which the file at `path` differs."""
    with np.load(path, allow_pickle=False) as shipped:
        found = {name: shipped[name] for name in shipped.files}
    names = sorted(found.keys() | expected.keys())
    return [
        n for n in names if n not in found or n not in expected or not np.array_equal(found[n], expected[n])
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the pixel faces that minigan ships.")
    parser.add_argument("folder", type=Path, help="where the npm packages are installed")
    parser.add_argument("--output", type=Path, default=FACES.parent, help="folder of the files (%(default)s)")
    parser.add_argument("--check", action="store_true", help="compare the files, write nothing")
    arguments = parser.parse_args()
    arrays = make_file(arguments.folder)
    files = {FACES.name: arrays, WITHOUT_GLASSES.name: make_rows(arguments.folder, arrays)}
    for name, content in files.items():
        path = arguments.output / name
        if not arguments.check:
            np.savez_compressed(path, **content)
            print(f"wrote {path}, {path.stat().st_size:,} bytes")
        elif problems := differences(content, path):
            raise SystemExit(f"{path} differs in {', '.join(problems)}")
        else:
            print(f"{path} is what this script makes")


if __name__ == "__main__":
    main()
