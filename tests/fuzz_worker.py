"""What `runs/test_damaged_files.py` starts: damaged files at the public doors, in a process whose memory is measured.

python fuzz_worker.py FOLDER DOOR SEED COUNT

Every damaged file is opened by all functions that open such a file.  Printed is each that has ended otherwise than
it may: with the right answer, or with one line that names the file.  The last line is the peak of the memory.
"""

import contextlib
import gzip
import io
import json
import os
import resource
import runpy
import shutil
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from minigan.data import load_folder, load_mnist, mnist
from minigan.data.idx import read_idx
from minigan.evaluation.classifier import WEIGHTS, load_classifier
from minigan.models import MLPGAN
from minigan.runs import Run, batches_for, image_grid, load_run, parse_run, run, run_parser
from minigan.training import load_checkpoint, read_history

IMAGES = np.random.default_rng(0).uniform(-1, 1, (24, 4, 4, 1)).astype(np.float32)
SETTINGS = {"image_shape": (4, 4, 1), "latent_size": 3, "g_hidden": (4,), "d_hidden": (4,)}
EXAMPLES = Path(__file__).parents[1] / "examples"
MEGABYTES = 300
WITHOUT_NAME = ("none of its 1 can be read", "classifier: images have shape", "load_mnist()")  # right: 4x4 pixels, --full


# --- The doors -----------------------------------------------------------------------------------------


def train(*flags):
    """A tiny run of two epochs with three steps each."""
    args = parse_run(run_parser("A test.", epochs=2, batch_size=8), "tiny", list(map(str, flags)))
    model = MLPGAN(**SETTINGS)
    with Run(args, model, batches_for(args, IMAGES)) as started:
        for epoch in started.epochs():
            for batch in started.batches(epoch):
                started.log(model.train_step(batch))
            started.draw(image_grid(model.sample(100, started.noise)))


def resumed(path):
    """In a copy of the folder: it must not be changed by a resumed run."""
    copy = path.parent.with_name("copy")
    shutil.copytree(path.parent, copy)
    try:
        train("--resume", copy, "--epochs", 3)
    finally:
        shutil.rmtree(copy)


def script(name):
    def start(path):
        before, sys.argv = sys.argv, [name, str(path.parent), *(["--count", "4"] if name == "generate.py" else [])]
        try:
            runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        finally:
            sys.argv = before

    return start


def checkpoint(path):
    model = MLPGAN(**SETTINGS)
    load_checkpoint(model, path)
    return bits(model)


def bits(model):
    return {name: array.tobytes() for name, array in model.state().items()}


def digits(path):
    os.environ["MINIGAN_DATA"] = str(path.parent)
    return [array.tobytes() for array in load_mnist("train", full=True)]


OF_A_RUN = [resumed, script("generate.py"), lambda path: bits(load_run(path.parent))]
#: door -> the file in the folder, the functions that open it, and whether damage is found by a checksum
DOORS = {
    "checkpoint": ("run/checkpoint.npz", [checkpoint, lambda path: bits(MLPGAN.load(path)), *OF_A_RUN, script("evaluate.py")], True),
    "config": ("run/config.json", [*OF_A_RUN, script("evaluate.py")], False),
    "history": ("run/history.csv", [read_history, resumed], False),
    "classifier": ("classifier.npz", [lambda path: bits(load_classifier(path))], True),
    "idx": ("idx/plain", [read_idx], False),
    "idx-gz": ("idx/packed.gz", [read_idx], True),
    "mnist": ("mnist/train-images-idx3-ubyte", [digits], True),
    "mnist-gz": ("mnist-gz/train-images-idx3-ubyte.gz", [digits], True),
    "png": ("png/a.png", [lambda path: load_folder(path.parent, 8).shape], False),
    "jpeg": ("jpeg/a.jpg", [lambda path: load_folder(path.parent, 8).shape], False),
}  # fmt: skip


def honest(folder, door):
    """Make the files of the door, undamaged."""
    pixels = np.random.default_rng(1).integers(256, size=(40, 28, 28), dtype=np.uint8)
    idx = bytes.fromhex("00000803 00000028 0000001c 0000001c") + pixels.tobytes()
    for name in ("idx", "mnist", "mnist-gz", "png", "jpeg"):
        (folder / name).mkdir(parents=True)
    if DOORS[door][0].startswith("run/"):
        train("--out", folder / "run")
    shutil.copy(WEIGHTS, folder)
    (folder / "idx/plain").write_bytes(idx)
    (folder / "idx/packed.gz").write_bytes(gzip.compress(idx, mtime=0))
    labels = bytes.fromhex("00000801 00000028") + bytes(40)
    Image.fromarray(pixels[0]).save(folder / "png/a.png")
    Image.fromarray(pixels[0]).save(folder / "jpeg/a.jpg")
    published = []
    for name, content in {"train-images-idx3-ubyte": idx, "train-labels-idx1-ubyte": labels}.items():
        (folder / "mnist" / name).write_bytes(content)
        (folder / "mnist-gz" / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
        published.append(mnist.Published(name, len(content), mnist.hashlib.sha256(content).hexdigest()))
    mnist.FILES["train"] = tuple(published)


# --- The damage ----------------------------------------------------------------------------------------

STRANGE = [
    None, True, False, [], {}, "", "x" * 10**5, "0", -1, 0, 1, 2, 0.5, -0.0, 10**9, 2**31, 2**63, 2**64, 10**400, 1e308, "\x1b[31m",
    float("nan"), float("inf"), -float("inf"), [1], [10**9], [10**5, 10**5, 1], [[1, 2]], [None], {"a": 1}, [1] * 10**5, "mlp_gan", "dcgan",
]  # fmt: skip


def strange_json(content, rng):
    """A text in JSON of which one value, somewhere, is another one, is missing or comes twice; or a bomb."""
    kind = rng.integers(12)
    if kind == 0:
        return [b"[" * 10**5, b'{"a":' * 10**5, b"[" * 10**5 + b"]" * 10**5, b"[1, 2]", b"1e999", b"null"][rng.integers(6)]
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
        lambda: npy(array.astype([np.float64, np.float16, np.int8, np.uint64, complex, object, "S3", "U3", bool][rng.integers(9)])),
        lambda: npy(array.reshape(-1)[: rng.integers(array.size + 1)]),
        lambda: npy(np.resize(array, [1 + array.size, *array.shape])),
        lambda: npy(array.T),
        lambda: npy(np.full_like(array, [-1, 0, 127][rng.integers(3)])),
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
        members["zzz" * int(rng.integers(1, 1000)) + ".npy"] = npy(np.zeros(int(rng.integers(10**6)), np.uint8))
    method = [zipfile.ZIP_STORED] * 7 + [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2]
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method[rng.integers(len(method))]) as file:
        for name, content in members.items():
            if content is not None:
                file.writestr(name, content)
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


def bombs(door, content):
    """Small files that would be large."""
    if door in ("checkpoint", "classifier"):
        for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
            made = io.BytesIO()
            with zipfile.ZipFile(made, "w", method, compresslevel=1) as file, zipfile.ZipFile(io.BytesIO(content)) as old:
                for name in old.namelist():
                    zeros = npy(np.zeros(4 * 10**8 if method == zipfile.ZIP_DEFLATED else 3 * 10**7, np.uint8)) if name == old.namelist()[1] else old.read(name)
                    file.writestr(name, zeros)
            yield made.getvalue()
        text = json.loads(np.load(io.BytesIO(zipfile.ZipFile(io.BytesIO(content)).read("header.npy"))).tobytes())
        for change in ({"g_hidden": [30_000, 30_000]}, {"latent_size": 10**8}, {"image_shape": [20_000, 20_000, 1]},
                       {"d_hidden": [1] * 200_000}, {"d_hidden": [10**12]}):  # fmt: skip
            made = io.BytesIO()
            with zipfile.ZipFile(made, "w") as file, zipfile.ZipFile(io.BytesIO(content)) as old:
                for name in old.namelist():
                    header = json.dumps(text | {"settings": text.get("settings", {}) | change}).encode()
                    file.writestr(name, npy(np.frombuffer(header, np.uint8)) if name == "header.npy" else old.read(name))
            yield made.getvalue()
    elif door == "config":
        for change in ({"g_hidden": [30_000, 30_000]}, {"latent_size": 10**8}, {"image_shape": [20_000, 20_000, 1]},
                       {"d_hidden": [1] * 200_000}, {"d_hidden": [10**12]}):  # fmt: skip
            config = json.loads(content)
            yield json.dumps(config | {"settings": config["settings"] | change}).encode()
        yield content + b" " * 10**8
    elif door in ("idx-gz", "mnist-gz"):
        for n in (10**9, 2**32 - 1):
            yield gzip.compress(b"\0\0\x08\x01" + n.to_bytes(4, "big") + bytes(5 * 10**8), 1)
    elif door in ("idx", "mnist"):
        yield b"\0\0\x0e\x03" + b"\xff" * 12 + bytes(1000)
        yield b"\0\0\x0e\x20" + b"\xff" * 128 + bytes(1000)
    elif door == "png":
        for mode in ("1", "P", "L", "LA", "RGB", "RGBA"):
            for side in (5000, 13_000) if mode == "1" else (5000,):
                made = io.BytesIO()
                clear = {"RGB": (1, 1, 1), "1": 0, "P": 0, "L": 0}
                Image.new(mode, (side, side)).save(made, "PNG", transparency=clear.get(mode), compress_level=1)
                yield made.getvalue()
    elif door == "jpeg":
        for progressive in (False, True):
            made = io.BytesIO()
            Image.new("CMYK", (12_000, 12_000)).save(made, "JPEG", progressive=progressive, subsampling=0)
            yield made.getvalue()


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


# --- The judgement -------------------------------------------------------------------------------------


def outcome(opens, path, name, expected):
    """What is wrong with how `opens` has ended; nothing if it may end so."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            found = opens(path)
    except (ValueError, OSError) as error:
        message = str(error)
    except SystemExit as error:
        message = error.code if isinstance(error.code, str) else said.getvalue().strip().split("\n")[-1]
    except BaseException as error:  # noqa: BLE001 - a traceback
        return f"{type(error).__name__}: {str(error)[:300]}"
    else:
        return "" if expected is None or found == expected else "another answer, and nothing said"
    if "\n" in message.strip() or not any(word in message for word in (name, *WITHOUT_NAME)):
        return f"not one line that names the file: {message[:300]!r}"
    if len(message) > 1500:
        return f"{len(message)} characters: {message[:100]!r}"
    return ""


def executed(event, arguments):
    """Nothing that a file says is ever run."""
    if event in ("os.system", "subprocess.Popen", "pickle.find_class", "os.exec", "os.posix_spawn"):
        raise AssertionError(f"{event} {arguments}")


def main(folder, door, seed, count):
    warnings.simplefilter("error")
    run.plot_history = lambda path, rows, panels: None
    honest(folder, door)
    name, opening, has_checksum = DOORS[door]
    path, rng = folder / name, np.random.default_rng(seed)
    content = path.read_bytes()
    expected = [None if opens in OF_A_RUN[:2] or "script" in opens.__qualname__ else opens(path) for opens in opening]
    sys.addaudithook(executed)
    cases = folder / "cases"
    cases.mkdir()
    if not os.fork():  # in another process: what it takes to make a bomb is not to be measured
        every = [(bomb, False) for bomb in bombs(door, content)] + [strange(door, content, rng) for _ in range(count)]
        for number, (case, by_chance) in enumerate(every):
            (cases / f"{number:06d}-{by_chance:d}").write_bytes(case)
        os._exit(0)
    assert os.wait()[1] == 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number, case in enumerate(sorted(cases.iterdir())):
        shutil.copy(case, path)
        by_chance = case.name.endswith("1")
        for i, opens in enumerate(opening):
            exact = expected[i] if has_checksum and by_chance or "load_run" in str(opens.__code__.co_names) else None
            wrong = outcome(opens, path, path.name, exact)
            if wrong:
                print(f"{case} opened by {i}: {wrong}", flush=True)
            peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
            if peak > MEGABYTES:
                print(f"{case} opened by {i}: {peak} megabytes")
                return
    print(f"{number + 1} files, {peak} megabytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
