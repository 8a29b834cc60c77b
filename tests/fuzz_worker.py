"""What `runs/test_damaged_files.py` starts: damaged files at the public doors, in a process whose memory is measured.

python fuzz_worker.py FOLDER DOOR SEED COUNT

Every damaged file is opened by all functions that open such a file.  Printed is each that has ended otherwise than
it may: with the right answer, or with one line that names the file.  The last line is the peak of the memory.
"""

import contextlib
import gzip
import hashlib
import io
import os
import resource
import runpy
import shutil
import struct
import sys
import warnings
from pathlib import Path

import numpy as np
from damage import bombs, strange
from PIL import Image

from minigan.data import load_folder, load_mnist, load_voxels, mnist
from minigan.data.idx import read_idx
from minigan.evaluation.classifier import WEIGHTS, load_classifier
from minigan.models import MLPGAN
from minigan.runs import Run, batches_for, image_grid, load_run, parse_run, run, run_parser
from minigan.training import load_checkpoint, read_history

IMAGES = np.random.default_rng(0).uniform(-1, 1, (24, 4, 4, 1)).astype(np.float32)
SETTINGS = {"image_shape": (4, 4, 1), "latent_size": 3, "g_hidden": (4,), "d_hidden": (4,)}
EXAMPLES = Path(__file__).parents[1] / "examples"
MEGABYTES = 300
WITHOUT_NAME = (
    "none of its 1 can be read",
    "none of its 1 can be used",
    "the model draws images of",  # they have 4x4 pixels
    "load_mnist()",  # with --full
    "checkpoint.npz was made with other batches",  # with another --batch-size in config.json
)


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
        before, sys.argv = (
            sys.argv,
            [name, str(path.parent), *(["--count", "4"] if name == "generate.py" else [])],
        )
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
    "vox": ("vox/a.vox", [lambda path: load_voxels(path.parent).shape], False),
}  # fmt: skip


def honest(folder, door):
    """Make the files of the door, undamaged."""
    pixels = np.random.default_rng(1).integers(256, size=(40, 28, 28), dtype=np.uint8)
    idx = bytes.fromhex("00000803 00000028 0000001c 0000001c") + pixels.tobytes()
    for name in ("idx", "mnist", "mnist-gz", "png", "jpeg", "vox"):
        (folder / name).mkdir(parents=True)
    if DOORS[door][0].startswith("run/"):
        train("--out", folder / "run")
    shutil.copy(WEIGHTS, folder)
    (folder / "idx/plain").write_bytes(idx)
    (folder / "idx/packed.gz").write_bytes(gzip.compress(idx, mtime=0))
    labels = bytes.fromhex("00000801 00000028") + bytes(40)
    Image.fromarray(pixels[0]).save(folder / "png/a.png")
    Image.fromarray(pixels[0]).save(folder / "jpeg/a.jpg")
    voxels = (pixels[0] % 16).tobytes()  # 196 of them, 4 bytes each
    chunks = (
        b"SIZE"
        + struct.pack("<5I", 12, 0, 16, 16, 16)
        + b"XYZI"
        + struct.pack("<3I", 4 + len(voxels), 0, 196)
    )
    main = b"VOX \x96\0\0\0MAIN" + struct.pack("<2I", 0, len(chunks + voxels))
    (folder / "vox/a.vox").write_bytes(main + chunks + voxels)
    published = []
    for name, content in {"train-images-idx3-ubyte": idx, "train-labels-idx1-ubyte": labels}.items():
        (folder / "mnist" / name).write_bytes(content)
        (folder / "mnist-gz" / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
        published.append(mnist.Published(name, len(content), hashlib.sha256(content).hexdigest()))
    mnist.FILES["train"] = tuple(published)


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
    run.plot_history = lambda path, rows, panels, references: None
    honest(folder, door)
    name, opening, has_checksum = DOORS[door]
    path, rng = folder / name, np.random.default_rng(seed)
    content = path.read_bytes()
    expected = [
        None if opens in OF_A_RUN[:2] or "script" in opens.__qualname__ else opens(path) for opens in opening
    ]
    sys.addaudithook(executed)
    cases = folder / "cases"
    cases.mkdir()
    if not os.fork():  # in another process: what it takes to make a bomb is not to be measured
        warnings.simplefilter("ignore")
        every = [(bomb, False) for bomb in bombs(door, content)] + [
            strange(door, content, rng) for _ in range(count)
        ]
        for number, (case, by_chance) in enumerate(every):
            (cases / f"{number:06d}-{by_chance:d}").write_bytes(case)
        os._exit(0)
    assert os.wait()[1] == 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for case in sorted(cases.iterdir()):
        shutil.copy(case, path)
        by_chance = case.name.endswith("1")
        for i, opens in enumerate(opening):
            is_known = (
                has_checksum and by_chance or (door == "config" and i == 2)
            )  # the weights are elsewhere
            exact = expected[i] if is_known else None
            wrong = outcome(opens, path, path.name, exact)
            if wrong:
                print(f"{case} opened by {i}: {wrong}", flush=True)
            peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
            if peak > MEGABYTES:
                print(f"{case} opened by {i}: {peak} megabytes")
                return
    print(f"{len(list(cases.iterdir()))} files, {peak} megabytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
