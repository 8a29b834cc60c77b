"""What `test_kill.py` starts: runs that are killed, each in a process of its own, and continued.

python kill_worker.py FOLDER MOMENT...

A moment is the number of a file that is opened for writing, renamed or made (the program dies with half of its
content written), or a fraction of the time that a run takes, as 0.37.  Printed is, for each moment, whether the
continued run has left the same folder as one that nobody disturbed; and how many such numbers there are.
"""

import os
import re
import signal
import sys
import time
from pathlib import Path

import numpy as np

from minigan.models import MLPGAN
from minigan.runs import Run, batches_for, image_grid, parse_run, run, run_parser
from minigan.training import read_history

IMAGES = np.random.default_rng(0).uniform(-1, 1, (24, 4, 4, 1)).astype(np.float32)
WRITING = os.O_WRONLY | os.O_RDWR


def train(*flags):
    """A tiny run of three epochs with three steps each."""
    args = parse_run(run_parser("A test.", epochs=3, batch_size=8), "tiny", list(map(str, flags)))
    model = MLPGAN(image_shape=(4, 4, 1), latent_size=3, g_hidden=(4,), d_hidden=(4,))
    with Run(args, model, batches_for(args, IMAGES)) as started:
        for epoch in started.epochs():
            for batch in started.batches(epoch):
                started.log(model.train_step(batch))
            started.draw(image_grid(model.sample(100, started.noise)))
    started.finish()


def in_a_process(action, seconds=None):
    """Its exit status, negative if it was killed; after so many seconds, if they are given, it is."""
    child = os.fork()
    if not child:
        try:
            sys.stdout = None
            action()
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the process ends here
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at(number, folder, note):
    """Die at that operation on the files of the folder; every one is noted."""
    count = 0

    def hook(event, arguments):
        nonlocal count
        is_write = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
        if not (is_write or event in ("os.rename", "os.mkdir")) or str(folder) not in str(arguments[0]):
            return
        count += 1
        os.write(note, b".")
        if count == number:
            if is_write:
                end = os.O_APPEND if arguments[2] & os.O_APPEND else os.O_TRUNC
                os.write(os.open(arguments[0], os.O_WRONLY | os.O_CREAT | end), b"9,4,0.5")
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def contents(folder):
    """All that must not depend on what has happened: names, bytes, rows without their seconds."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name == "history.csv":
            found[name] = [{k: v for k, v in row.items() if k != "seconds"} for row in read_history(path)]
        elif name == "checkpoint.npz":
            with np.load(path) as file:
                found[name] = {key: file[key].tobytes() for key in file if key != "header"}
        elif name == "report.html":  # it says where it is
            text = path.read_text().replace(f": {folder.name}<", ": FOLDER<")
            found[name] = re.sub(r"--resume .*?(?= --epochs|</pre>)", "--resume FOLDER", text)
        elif path.is_file() and path.suffix != ".part":
            found[name] = path.read_bytes()
    return found


def main(folder, *moments):
    run.plot_history = lambda path, rows, panels, references: path.write_text(str(len(rows)))
    folder.mkdir(parents=True, exist_ok=True)
    read, note = os.pipe()
    started = time.time()
    straight = folder / "straight"
    assert in_a_process(lambda: (killed_at(0, straight, note), train("--out", straight))) == 0
    seconds = time.time() - started
    print(len(os.read(read, 1 << 16)), "operations")
    for moment in moments:
        out = folder / moment
        if "." in moment:
            in_a_process(lambda out=out: train("--out", out), seconds * float(moment))
        else:
            number = int(moment)
            action = lambda n=number, out=out: (killed_at(n, out, note), train("--out", out))
            assert in_a_process(action) == -signal.SIGKILL
        flag = "--resume" if (out / "checkpoint.npz").exists() else "--out"
        again = in_a_process(lambda out=out, flag=flag: train(flag, out))
        same = again == 0 and contents(out) == contents(straight)
        print(moment, "same" if same else f"DIFFERS (exit {again}, {flag})", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
