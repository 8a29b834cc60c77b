"""How `fuzz_worker.py` damages files: by chance, on purpose, and so that a small file would be large."""

import gzip
import io
import json
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image

STRANGE = [
    None, True, False, [], {}, "", "x" * 10**5, "0", -1, 0, 1, 2, 0.5, -0.0, 10**9, 2**31, 2**63, 2**64, 10**400, 1e308, "\x1b[31m",
    float("nan"), float("inf"), -float("inf"), [1], [10**9], [10**5, 10**5, 1], [[1, 2]], [None], {"a": 1}, [1] * 10**5, "mlp_gan", "dcgan",
]  # fmt: skip


def strange_json(content, rng):
    """A text in JSON of which one value, somewhere, is another one, is missing or comes twice; or a bomb."""
    kind = rng.integers(12)
    if kind == 0:
        return [b"[" * 10**5, b'{"a":' * 10**5, b"[" * 10**5 + b"]" * 10**5, b"[1, 2]", b"1e999", b"null"][
            rng.integers(6)
        ]
    value = json.loads(content)
    place, path = value, []
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = keys[rng.integers(len(keys))] if len(keys) else None
        if key is None or not isinstance(place[key], dict | list) or rng.random() < 0.3:
            break
        place, path = place[key], [*path, key]
    if key is None:
        return content
    strange = STRANGE[rng.integers(len(STRANGE))]
    if kind == 1:
        del place[key]
    elif kind == 2 and isinstance(place, dict):
        place["twice"] = strange
        return json.dumps(value).replace('"twice"', json.dumps(key)).encode()
    else:
        place[key] = strange
    return json.dumps(value).replace("1e+308", "1e999" if kind == 3 else "1e308").encode()


def npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def strange_npz(content, rng):
    """An archive of which one member has another content, and the right checksum."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        members = {name: file.read(name) for name in file.namelist()}
    name = list(members)[rng.integers(len(members))] if rng.random() < 0.5 else "header.npy"
    array = np.load(io.BytesIO(members[name]))
    changed = [
        lambda: npy(
            array.astype(
                [np.float64, np.float16, np.int8, np.uint64, complex, object, "S3", "U3", bool][
                    rng.integers(9)
                ]
            )
        ),
        lambda: npy(array.reshape(-1)[: rng.integers(array.size + 1)]),
        lambda: npy(np.resize(array, [1 + array.size, *array.shape])),
        lambda: npy(array.T),
        lambda: npy(np.zeros_like(array) + np.array([-1, 0, 127][rng.integers(3)]).astype(array.dtype)),
        lambda: npy(array * np.nan) if array.dtype.kind == "f" else npy(array),
        lambda: members[name][: rng.integers(len(members[name]))],
        lambda: members[name] + bytes(int(rng.integers(1, 10**6))),
        lambda: members[name].replace(b"'shape': (", b"'shape': (9" + b"9" * int(rng.integers(20)), 1),
        lambda: members[name].replace(b"'descr': '<", b"'descr': '" + b"<>|("[rng.integers(4) :][:1], 1),
        lambda: members[name].replace(b"NUMPY\x01", b"NUMPY\x02", 1),
        lambda: damaged(members[name], rng),
        lambda: None,
    ]
    if name == "header.npy" and rng.random() < 0.8:
        text = strange_json(array.tobytes(), rng)
        members[name] = npy(np.frombuffer(text, np.uint8))
    else:
        members[name] = changed[rng.integers(len(changed))]()
    if rng.random() < 0.1:
        members["zzz" * int(rng.integers(1, 1000)) + ".npy"] = npy(
            np.zeros(int(rng.integers(10**6)), np.uint8)
        )
    method = [zipfile.ZIP_STORED] * 7 + [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2]
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method[rng.integers(len(method))]) as file:
        for name, member in members.items():
            if member is not None:
                file.writestr(name, member)
    return made.getvalue()


def damaged(content, rng):
    """The bytes with some flipped, cut out, put in or at the end."""
    content, place = bytearray(content), int(rng.integers(len(content)))
    length = int(10 ** rng.uniform(0, 3))
    match rng.integers(6):
        case 0:
            content[place] ^= 1 << rng.integers(8)
        case 1:
            content[place : place + length] = rng.bytes(length)
        case 2:
            del content[place:]
        case 3:
            del content[place : place + length]
        case 4:
            content[place:place] = content[:length]
        case 5:
            content += [bytes(10**6), b"9,9,9\n", b"9,9", bytes(content), rng.bytes(length)][rng.integers(5)]
    return bytes(content)


def strange_idx(content, rng):
    """A file whose header says something else."""
    packed = content[:2] == b"\x1f\x8b"
    content = bytearray(gzip.decompress(content) if packed else content)
    place = int(rng.integers(16))
    content[place] = [0, 1, 2, 8, 13, 14, 127, 255][rng.integers(8)]
    content = bytes(content) + bytes([0, 0, 10**7][rng.integers(3)])
    return gzip.compress(content, 1) if packed else content


MEGABYTE = 10**6


def deflated(head, megabytes):
    """(the checksum, the length, the deflated bytes) of `head` and so many megabytes of zeros.

    One megabyte is compressed and repeated: what is large need not be made, only be unpacked.
    """
    packer, checksum = zlib.compressobj(1, zlib.DEFLATED, -15), zlib.crc32(head)
    start = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)  # nothing that follows refers to it
    block = packer.compress(bytes(MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(megabytes):
        checksum = zlib.crc32(bytes(MEGABYTE), checksum)
    return checksum, len(head) + megabytes * MEGABYTE, start + megabytes * block + packer.flush()


def gzipped(head, megabytes):
    """A gzip file of `head` and so many megabytes of zeros."""
    checksum, size, packed = deflated(head, megabytes)
    return b"\x1f\x8b\x08" + bytes(7) + packed + struct.pack("<2I", checksum, size)


def npz_of_zeros(content, megabytes):
    """The archive, of which one member has so many megabytes of zeros, deflated."""
    head = io.BytesIO()
    form = {"descr": "|u1", "fortran_order": False, "shape": (megabytes * MEGABYTE,)}
    np.lib.format.write_array_header_1_0(head, form)
    checksum, size, packed = deflated(head.getvalue(), megabytes)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file, zipfile.ZipFile(io.BytesIO(content)) as old:
        for i, name in enumerate(old.namelist()):
            file.writestr(name, packed if i == 1 else old.read(name))
            if i == 1:  # the directory at the end of the file tells how it is packed
                member = file.getinfo(name)
                member.compress_type, member.file_size, member.CRC = zipfile.ZIP_DEFLATED, size, checksum
    return made.getvalue()


def taller(jpeg, height):
    """The JPEG file, whose header promises this height."""
    at = next(i for i in range(len(jpeg)) if jpeg[i : i + 2] in (b"\xff\xc0", b"\xff\xc2"))  # start of frame
    return jpeg[: at + 5] + height.to_bytes(2, "big") + jpeg[at + 7 :]


def bombs(door, content):
    """Small files that would be large."""
    if door in ("checkpoint", "classifier"):
        yield npz_of_zeros(content, 400)
        for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
            made = io.BytesIO()
            with zipfile.ZipFile(made, "w", method) as file, zipfile.ZipFile(io.BytesIO(content)) as old:
                for i, name in enumerate(old.namelist()):
                    file.writestr(name, npy(np.zeros(3 * MEGABYTE, np.uint8)) if i == 1 else old.read(name))
            yield made.getvalue()
        text = json.loads(
            np.load(io.BytesIO(zipfile.ZipFile(io.BytesIO(content)).read("header.npy"))).tobytes()
        )
        for change in ({"g_hidden": [30_000, 30_000]}, {"latent_size": 10**8}, {"image_shape": [20_000, 20_000, 1]},
                       {"d_hidden": [1] * 200_000}, {"d_hidden": [10**12]}):  # fmt: skip
            made = io.BytesIO()
            header = json.dumps(text | {"settings": text.get("settings", {}) | change}).encode()
            with zipfile.ZipFile(made, "w") as file, zipfile.ZipFile(io.BytesIO(content)) as old:
                for name in old.namelist():
                    file.writestr(
                        name, npy(np.frombuffer(header, np.uint8)) if name == "header.npy" else old.read(name)
                    )
            yield made.getvalue()
    elif door == "config":
        for change in ({"g_hidden": [30_000, 30_000]}, {"latent_size": 10**8}, {"image_shape": [20_000, 20_000, 1]},
                       {"d_hidden": [1] * 200_000}, {"d_hidden": [10**12]}):  # fmt: skip
            config = json.loads(content)
            yield json.dumps(config | {"settings": config["settings"] | change}).encode()
        yield content + b" " * 10**8
    elif door in ("idx-gz", "mnist-gz"):
        for n in (10**9, 2**32 - 1):
            yield gzipped(b"\0\0\x08\x01" + n.to_bytes(4, "big"), 500)
    elif door in ("idx", "mnist"):
        yield b"\0\0\x0e\x03" + b"\xff" * 12 + bytes(1000)
        yield b"\0\0\x0e\x20" + b"\xff" * 128 + bytes(1000)
    elif door == "png":
        for mode in ("1", "P", "L", "LA", "RGB", "RGBA"):
            for side in (5000, 13_000) if mode == "1" else (5000,):
                made = io.BytesIO()
                clear = {"RGB": (1, 1, 1), "1": 0, "P": 0, "L": 0}
                Image.new(mode, (side, side)).save(
                    made, "PNG", transparency=clear.get(mode), compress_level=1
                )
                yield made.getvalue()
    elif door == "vox":
        yield content + bytes(10**8)
        yield content[:32] + b"\xff" * 12 + content[44:]
        yield content[:56] + b"\xff" * 4 + content[60:]
        many = (b"none" + bytes(8)) * 80_000
        yield content[:12] + bytes(4) + len(many).to_bytes(4, "little") + many
    elif door == "jpeg":
        for height, progressive in ((10_000, False), (16, True)):  # 400 megabytes of pixels
            made = io.BytesIO()
            Image.new("CMYK", (10_000, height)).save(made, "JPEG", progressive=progressive, subsampling=0)
            yield taller(made.getvalue(), 10_000)


def strange(door, content, rng):
    if rng.random() < 0.5:
        return damaged(content, rng), True
    if door in ("checkpoint", "classifier"):
        return strange_npz(content, rng), False
    if door == "config":
        return strange_json(content, rng), False
    if "idx" in door or "mnist" in door:
        return strange_idx(content, rng), False
    return damaged(damaged(content, rng), rng), True
