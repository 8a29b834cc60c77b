"""The run folder: what is in it, how it is continued, and that every mistake is answered in one line."""

import argparse
import json
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minigan as mg
from minigan import backend
from minigan.data import Batches, load_mnist
from minigan.models import MLPGAN
from minigan.runs import (
    Run,
    absolute_path,
    batches_for,
    digits,
    folder,
    full_if_possible,
    image_grid,
    load_digits,
    load_run,
    parse_run,
    pictures,
    run,
    run_parser,
    split_digits,
    split_labelled_digits,
)
from minigan.training import read_history
from minigan.training.lock import locked

IMAGES = np.random.default_rng(0).uniform(-1, 1, (40, 4, 4, 1)).astype(np.float32)


def parse(*flags):
    return parse_run(run_parser("A test.", epochs=3, batch_size=8), "tiny", [str(flag) for flag in flags])


def example(args, model, images=IMAGES):
    """What every example does."""
    batches = batches_for(args, images)
    with Run(args, model, batches) as run:
        for epoch in run.epochs():
            for batch in run.batches(epoch):
                run.log(model.train_step(batch))
            run.draw(image_grid(model.sample(100, run.noise)))
    run.finish()
    return args.out


def train(*flags, interrupt_at=None, by=signal.SIGINT):
    """Run the tiny example with these flags; returns its folder."""
    args = parse(*flags)
    model = MLPGAN(image_shape=(4, 4, 1), latent_size=3)
    if interrupt_at:
        original, calls = model.train_step, []

        def train_step(batch):
            calls.append(batch)
            if len(calls) == interrupt_at:
                signal.raise_signal(by)
            return original(batch)

        model.train_step = train_step
    return example(args, model)


def contents(folder):
    """Everything in the folder that must not depend on time: names, bytes of pictures and weights, rows."""
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
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.fsync", lambda file: None)
    monkeypatch.setattr(sys, "argv", ["examples/tiny.py"])


@pytest.fixture(autouse=True)
def no_matplotlib(monkeypatch):
    """Drawing the curves takes longer than a whole tiny run: write down what would be drawn."""

    def write_down(path, rows, panels, references):
        path.write_text(repr([[row[name] for names in panels.values() for name in names] for row in rows]))

    monkeypatch.setattr(run, "plot_history", write_down)


# --- The folder --------------------------------------------------------------------------------------


def test_the_folder_holds_what_is_promised(capsys, monkeypatch):
    monkeypatch.setattr(run, "plot_history", pictures.plot_history)
    folder = train()
    assert folder == Path("runs/tiny")
    assert capsys.readouterr().out.splitlines()[-1] == "runs/tiny"
    epochs = [f"samples/epoch_{i:04d}.png" for i in range(4)]
    drawn = [*epochs, "samples.png", "samples.gif", "curves.png"]
    assert set(contents(folder)) == {"config.json", "history.csv", "checkpoint.npz", "report.html", *drawn}
    for name in drawn:
        with Image.open(folder / name) as image:
            image.verify()
    with Image.open(folder / "samples.gif") as gif:
        assert gif.n_frames == 4
    assert [row["step"] for row in read_history(folder / "history.csv")] == [5, 10, 15]
    config = json.loads((folder / "config.json").read_text())
    assert config["model"] == "mlp_gan" and config["settings"]["latent_size"] == 3
    assert config["flags"] == {
        "epochs": 3,
        "batch_size": 8,
        "decay_epochs": 3,
        "seed": 0,
        "device": "cpu",
        "full": False,
        "quick": False,
    }
    assert config["version"] == mg.__version__


def test_the_folder_is_listed_in_the_docstring():
    for name in (
        "config.json",
        "history.csv",
        "checkpoint.npz",
        "samples/",
        "samples.png",
        "samples.gif",
        "curves.png",
        "report.html",
    ):
        assert name in folder.__doc__


def test_a_second_run_gets_a_folder_of_its_own():
    assert [train("--epochs", 1) for _ in range(3)] == [Path(f"runs/tiny{n}") for n in ("", "-2", "-3")]


def test_out_chooses_the_folder_and_its_parents_are_made(capsys):
    assert train("--epochs", 1, "--out", "a/b/c") == Path("a/b/c")
    assert capsys.readouterr().out.splitlines()[-1] == "a/b/c"


def test_the_same_seed_gives_the_same_bits_and_another_one_others():
    one, again, other = (train("--seed", seed, "--out", f"{i}") for i, seed in enumerate([4, 4, 5]))
    assert contents(one) == contents(again)
    assert contents(one)["checkpoint.npz"] != contents(other)["checkpoint.npz"]
    assert contents(one)["samples/epoch_0000.png"] != contents(other)["samples/epoch_0000.png"]


def test_the_seed_decides_the_weights_and_the_order_of_the_data():
    parse("--seed", 4)
    assert backend.generator.bit_generator.state == np.random.default_rng(4).bit_generator.state

    batches = batches_for(parse("--seed", 4), IMAGES)
    assert np.array_equal(batches.order(0), Batches(IMAGES, 8, seed=4).order(0))


def test_quick_takes_few_images_and_two_epochs_unless_told_otherwise(monkeypatch):
    monkeypatch.setattr(digits, "QUICK_IMAGES", 16)
    folder = train("--quick")
    assert [row["step"] for row in read_history(folder / "history.csv")] == [2, 4]
    assert parse("--quick", "--epochs", 3).epochs == 3  # also when it is the usual number
    assert parse("--quick", "--epochs", 1).epochs == 1


# --- Interrupt and resume ----------------------------------------------------------------------------


def test_images_to_test_on_are_kept_out_of_training_and_are_always_the_same():
    images, unseen = split_digits(full=False)
    assert images.shape == (9000, 28, 28, 1) and unseen.shape == (1000, 28, 28, 1)
    all_of_them = sorted(image.tobytes() for image in load_digits(full=False))
    assert sorted(image.tobytes() for image in np.concatenate([images, unseen])) == all_of_them
    mg.seed(1)
    assert np.array_equal(split_digits(full=False)[1], unseen)


def test_with_all_of_mnist_the_images_to_test_on_are_its_own(monkeypatch):
    monkeypatch.setattr(digits, "load_mnist", lambda split, full: ((full, split), "labels"))
    assert split_digits(full=True) == ((True, "train"), (True, "test"))
    assert split_labelled_digits(full=True) == (((True, "train"), "labels"), ((True, "test"), "labels"))


def test_labels_stay_with_their_images():
    label_of = {image.tobytes(): label for image, label in zip(*load_mnist(), strict=True)}
    for part, labels in split_labelled_digits(full=False):
        assert [label_of[image.tobytes()] for image in part] == labels.tolist()


def test_where_all_of_mnist_is_not_to_be_had_the_shipped_images_are_said_to_do(monkeypatch, capsys):
    def nothing(split, full):
        raise FileNotFoundError(f"no {split}")

    monkeypatch.setattr(digits, "load_mnist", nothing)
    assert full_if_possible(False) is False and capsys.readouterr().err == ""
    assert full_if_possible(True) is False and capsys.readouterr().err.startswith("no train\nso: the shipped")
    monkeypatch.setattr(digits, "load_mnist", lambda split, full: None)
    assert full_if_possible(True) is True


@pytest.mark.parametrize("step", [1, 5, 8, 15])
def test_ctrl_c_and_resume_end_in_the_same_folder_to_the_bit(step, capsys):
    straight = train("--out", "straight")
    with pytest.raises(SystemExit) as ended:
        train("--out", "stopped", interrupt_at=step)
    assert ended.value.code == 130
    *_, advice, last = capsys.readouterr().out.splitlines()
    assert advice == "to continue: python examples/tiny.py --resume stopped"
    assert last == "stopped"
    for name in ("samples.png", "samples.gif", "curves.png", "checkpoint.npz", "report.html"):
        assert (Path("stopped") / name).exists()
    mg.seed(99)
    train("--resume", "stopped")
    assert contents(Path("stopped")) == contents(straight)


def test_more_epochs_for_a_finished_run():
    straight = train("--out", "straight", "--epochs", 4)
    train("--out", "two", "--epochs", 2)
    train("--resume", "two", "--epochs", 4)
    assert contents(Path("two")) == contents(straight)


def test_a_resumed_run_remembers_its_flags():
    train("--out", "a", "--epochs", 1, "--batch-size", 10, "--seed", 6)
    args = parse("--resume", "a")
    assert (args.epochs, args.batch_size, args.seed, args.out) == (1, 10, 6, Path("a"))


def test_a_quick_run_stays_a_quick_run():
    train("--out", "a", "--quick", "--epochs", 1)
    assert (parse("--resume", "a").quick, parse("--resume", "a").epochs) == (True, 1)


# --- Mistakes ----------------------------------------------------------------------------------------


@pytest.fixture
def mistake(capsys):
    """Calls an action that must end the program; answers what it said, without the usage."""

    def calling(action):
        with pytest.raises(SystemExit) as stopped:
            action()
        if isinstance(stopped.value.code, str):  # Python prints it and exits with 1
            said = stopped.value.code
        else:
            assert stopped.value.code == 2
            said = capsys.readouterr().err.splitlines()[-1]
        assert "error: " in said and "\n" not in said
        return said

    return calling


@pytest.mark.parametrize(
    "flags",
    [["--epochs", "0"], ["--epochs", "x"], ["--batch-size", "-1"], ["--seed", "-1"], ["--seed", "1.5"]],
)
def test_wrong_numbers_name_the_flag(flags, mistake):
    said = mistake(lambda: parse(*flags))
    assert f"argument {flags[0]}: '{flags[1]}' is not an integer of at least" in said


def test_unknown_flags_and_devices_are_named(mistake):
    assert "--epoches" in mistake(lambda: parse("--epoches", 3))
    assert "'tpu'" in mistake(lambda: parse("--device", "tpu"))
    assert "not allowed with" in mistake(lambda: parse("--out", "a", "--resume", "b"))


def test_cuda_without_cupy_is_explained_in_words(mistake, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)  # importing it now fails
    monkeypatch.setattr(backend, "_modules", {"cpu": np})
    backend.cuda_status.cache_clear()
    said = mistake(lambda: parse("--device", "cuda"))
    backend.cuda_status.cache_clear()
    assert "device 'cuda' cannot be used. CuPy is not installed: pip install" in said


def test_a_batch_larger_than_the_data_is_refused_and_leaves_no_folder(mistake):
    assert "batch_size is 41, but there are 40 examples" in mistake(lambda: train("--batch-size", 41))
    assert not Path("runs").exists()


def test_a_run_is_never_overwritten(mistake):
    train("--out", "a", "--epochs", 1)
    before = contents(Path("a"))
    assert "a holds a run already: continue it with --resume a" in mistake(lambda: parse("--out", "a"))
    assert contents(Path("a")) == before


def test_a_file_in_the_place_of_the_folder_is_named(mistake):
    Path("a").write_text("I was here first")
    assert "'a" in mistake(lambda: train("--out", "a"))
    assert "'a" in mistake(lambda: train("--out", "a/b"))
    assert "a is not the folder of a run" in mistake(lambda: train("--resume", "a"))


@pytest.mark.parametrize(("flag", "value"), [("--seed", "1"), ("--batch-size", "9"), ("--quick", None)])
def test_a_resumed_run_keeps_its_flags(flag, value, mistake):
    train("--out", "a", "--epochs", 1)
    said = mistake(lambda: parse("--resume", "a", *([flag, value] if value else [flag])))
    assert f"{flag} is {value or True}, but the run has" in said


def spoil(folder, name, text):
    train("--out", folder, "--epochs", 1)
    path = Path(folder) / name
    path.unlink() if text is None else path.write_text(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.json", None),
        ("config.json", "{"),
        ("config.json", "[1]"),
        ("config.json", '{"model": "mlp_gan"}'),
        ("checkpoint.npz", None),
        ("checkpoint.npz", "garbage"),
    ],
)
def test_a_folder_that_is_no_run_is_named(name, text, mistake):
    spoil("a", name, text)
    before = contents(Path("a")) if name == "config.json" else None
    assert f"a/{name}" in mistake(lambda: train("--resume", "a"))
    with pytest.raises((ValueError, FileNotFoundError), match=f"a/{name}"):
        load_run("a")
    assert before is None or contents(Path("a")) == before
    assert "not the folder of a run" in mistake(lambda: train("--resume", "nowhere"))


# --- Opening a run again -----------------------------------------------------------------------------


def test_a_loaded_run_draws_what_the_trained_model_drew():
    args = parse("--epochs", 2)
    model = MLPGAN(image_shape=(4, 4, 1), latent_size=3)
    example(args, model)
    noise = np.random.default_rng(0).standard_normal((4, 3))
    loaded = load_run(str(args.out))
    assert loaded.settings == model.settings
    assert np.array_equal(loaded.sample(4, noise), model.sample(4, noise))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "no_such_gan"}, "unknown model 'no_such_gan', expected one of mlp_gan"),
        ({"settings": {"colour": "red"}}, 'has settings {"colour": "red"}, but .*checkpoint.npz has '),
    ],
)
def test_a_configuration_of_something_else_is_refused(changes, message):
    folder = train("--epochs", 1)
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(ValueError, match=f"config.json:? {message}"):
        load_run(folder)


# --- Interruption by signals ---------------------------------------------------------------------------


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_every_signal_saves_says_how_to_continue_and_is_in_the_exit_status(by, capsys):
    with pytest.raises(SystemExit) as ended:
        train("--out", "my run", interrupt_at=7, by=by)
    assert ended.value.code == 128 + by
    interrupted, advice, last = capsys.readouterr().out.splitlines()[-3:]
    assert interrupted == "interrupted after step 7: checkpoint saved in my run"
    assert advice == "to continue: python examples/tiny.py --resume 'my run'" and last == "my run"
    assert train("--resume", "my run") == Path("my run")


def test_a_second_ctrl_c_ends_in_one_line_and_what_is_saved_stays(capsys, monkeypatch):
    def twice(self, batch):
        if self.g_optimizer.steps == 7:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        return original(self, batch)

    original = MLPGAN.train_step
    monkeypatch.setattr(MLPGAN, "train_step", twice)
    with pytest.raises(SystemExit) as ended:
        train("--out", "a")
    assert ended.value.code == 130
    assert capsys.readouterr().out.splitlines()[-1] == "stopped; what is saved stays saved"
    assert load_run("a").g_optimizer.steps == 5


IMPORTED = """
import importlib.abc, signal, sys

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "minigan.runs.{module}":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Finder())
import minigan.runs
"""


@pytest.mark.parametrize("module", ["digits", "flags", "pictures", "run"])
def test_ctrl_c_while_the_runs_are_imported_ends_in_one_line(module):
    code = IMPORTED.replace("{module}", module)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "stopped before it began\n", "")


def test_ctrl_c_while_the_pictures_are_drawn_ends_in_one_line(monkeypatch, capsys):
    def pressed(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "save_animation", pressed)
    with pytest.raises(SystemExit) as ended:
        train("--out", "a")
    assert ended.value.code == 130 and "stopped" in capsys.readouterr().out
    load_run("a")


def test_a_training_that_diverges_ends_in_one_line(mistake, monkeypatch):
    def step(self, batch):
        return {"d_loss": np.float32("nan"), "g_loss": 1.0}

    monkeypatch.setattr(MLPGAN, "train_step", step)
    said = mistake(lambda: train("--out", "a"))
    assert "d_loss is nan at step 5: training has diverged" in said and "there is no checkpoint yet" in said


def test_a_full_disk_ends_in_one_line_and_what_is_saved_stays(mistake, monkeypatch):
    def full(path, picture):
        if "0002" in str(path):
            raise OSError(28, "No space left on device")
        path.write_bytes(b"picture")

    monkeypatch.setattr(run, "save_image", full)
    assert "No space left on device" in mistake(lambda: train("--out", "a"))
    assert load_run("a").g_optimizer.steps == 5


@pytest.mark.parametrize("size", [100, 300, 2000, 20_000], ids=lambda size: f"{size} bytes")
def test_a_disk_that_is_full_at_whatever_file_ends_in_one_line_and_the_run_goes_on_later(size, mistake):
    """Files that may not grow beyond so many bytes: config.json, a picture, the checkpoint fail in turn."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        assert "File too large" in mistake(lambda: train("--out", "a"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(Path("a").rglob("*.part")) == [] and not (Path("a") / "checkpoint.npz").exists()
    assert contents(train("--out", "a")) == contents(train("--out", "straight"))


@pytest.mark.parametrize("step", [3, 5, 9])
def test_a_folder_that_is_deleted_meanwhile_ends_in_one_line(step, mistake, monkeypatch):
    original = MLPGAN.train_step

    def train_step(self, batch):
        if self.g_optimizer.steps == step:
            shutil.rmtree("a")
        return original(self, batch)

    monkeypatch.setattr(MLPGAN, "train_step", train_step)
    assert "No such file or directory: 'a/" in mistake(lambda: train("--out", "a"))


def test_a_folder_that_may_not_be_written_to_ends_in_one_line(mistake, monkeypatch):
    train("--out", "a", "--epochs", 1)
    original = open

    def read_only(name, mode="r", *args, **keywords):
        if mode[0] in "wa" and str(name).startswith("a/"):
            raise PermissionError(13, "Permission denied", str(name))
        return original(name, mode, *args, **keywords)

    monkeypatch.setattr("builtins.open", read_only)
    before = contents(Path("a"))
    assert "Permission denied: 'a/" in mistake(lambda: train("--resume", "a", "--epochs", 2))
    assert contents(Path("a")) == before


def test_ctrl_c_where_nobody_waits_for_it_ends_in_one_line(capsys, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    parse("--out", "a")
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert capsys.readouterr() == ("stopped; what is saved stays saved\n", "")
    sys.excepthook(ZeroDivisionError, ZeroDivisionError("oh"), None)
    assert "ZeroDivisionError: oh" in capsys.readouterr().err


def test_a_mistake_in_the_loop_itself_is_a_traceback():
    args = parse("--out", "a")
    model = MLPGAN(image_shape=(4, 4, 1), latent_size=3)
    with pytest.raises(ZeroDivisionError), Run(args, model, batches_for(args, IMAGES)) as started:
        for epoch in started.epochs():
            for _ in started.batches(epoch):
                1 / 0  # noqa: B018


# --- A run that was killed -----------------------------------------------------------------------------


def killed_before_the_first_checkpoint(folder):
    train("--out", folder, "--epochs", 1)
    (folder / "checkpoint.npz").unlink()


def test_a_run_without_a_checkpoint_says_what_to_do_and_that_works(mistake):
    killed_before_the_first_checkpoint(Path("a b"))
    for attempt in (lambda: train("--resume", "a b"), lambda: sys.exit(f"error: {load_error('a b')}")):
        said = mistake(attempt)
        assert "was stopped before its first checkpoint" in said
        assert "start it again, with --out 'a b'" in said
    straight = train("--out", "straight", "--epochs", 1)
    assert contents(train("--out", "a b", "--epochs", 1)) == contents(straight)


def load_error(folder):
    with pytest.raises(FileNotFoundError) as error:
        load_run(folder)
    return error.value


def test_pictures_of_an_earlier_run_are_not_in_the_animation():
    samples = Path("a/samples")
    samples.mkdir(parents=True)
    for epoch in (1, 7):
        pictures.save_image(samples / f"epoch_{epoch:04d}.png", np.zeros((9, 9, 1), np.uint8))
    train("--out", "a", "--epochs", 2)
    with Image.open("a/samples.gif") as gif:
        assert gif.n_frames == 3


@pytest.mark.parametrize("epochs", [2, 3])
def test_the_configuration_is_written_whole_or_not_at_all_and_only_if_it_changes(
    epochs, mistake, monkeypatch
):
    train("--out", "a", "--epochs", 2)
    path = Path("a/config.json")
    before, content = path.stat(), path.read_bytes()
    if epochs == 3:

        def crash(*names):
            raise OSError("power cut")

        with monkeypatch.context() as patch:
            patch.setattr("os.replace", crash)
            assert "power cut" in mistake(lambda: train("--resume", "a", "--epochs", 3))
        assert path.read_bytes() == content
    train("--resume", "a", "--epochs", epochs)
    assert (path.stat().st_ino == before.st_ino) is (epochs == 2)
    assert json.loads(path.read_text())["flags"]["epochs"] == epochs


def test_names_of_new_folders_are_claimed_by_one_run_each():
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: folder.new_folder("tiny"), range(24)))
    assert len(set(names)) == 24 and all(name.is_dir() for name in names)


def test_a_folder_in_use_is_refused_in_one_line(mistake):
    train("--out", "a", "--epochs", 1)
    with locked(Path("a")):
        assert "a is in use: another process trains in it" in mistake(
            lambda: train("--resume", "a", "--epochs", 2)
        )
    Path("b").mkdir()
    with locked(Path("b")):
        assert "b is in use" in mistake(lambda: train("--out", "b"))
    assert list(Path("b").iterdir()) == []


# --- What a resumed run must have in common with itself --------------------------------------------------


def test_other_data_or_another_model_is_not_resumed(mistake):
    train("--out", "a", "--epochs", 1)
    before = contents(Path("a"))
    for change, words in (
        ({"images": -IMAGES}, "a/config.json has data "),
        ({"images": IMAGES[:39]}, "a/config.json has data "),
        ({"latent_size": 2}, "a/config.json has settings "),
        ({"r1_weight": 5.0}, "a/config.json has settings "),
    ):
        args, images = parse("--resume", "a", "--epochs", 2), change.pop("images", IMAGES)
        model = MLPGAN(**{"image_shape": (4, 4, 1), "latent_size": 3} | change)
        assert words in mistake(partial(example, args, model, images))
    assert contents(Path("a")) == before


DAMAGES = {
    "seed is null": ("flags", "seed", None),
    "seed is text": ("flags", "seed", "0"),
    "seed is negative": ("flags", "seed", -1),
    "seed is a fraction": ("flags", "seed", 0.5),
    "epochs are missing": ("flags", "epochs", ...),
    "epochs are true": ("flags", "epochs", True),
    "epochs are zero": ("flags", "epochs", 0),
    "quick is a number": ("flags", "quick", 1),
    "full is null": ("flags", "full", None),
    "an unknown flag": ("flags", "speed", 3),
    "an unknown device": ("flags", "device", "tpu"),
    "flags are a list": (None, "flags", []),
    "settings are null": (None, "settings", None),
    "settings are a word": (None, "settings", "many"),
    "model is a number": (None, "model", 3),
    "another model": (None, "model", "dcgan"),
    "data are missing": (None, "data", ...),
    "a setting is missing": ("settings", "latent_size", ...),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_configuration_is_refused_by_name(damage, mistake):
    train("--out", "a", "--epochs", 1)
    path, (part, name, value) = Path("a/config.json"), damage
    config = json.loads(path.read_text())
    inner = config[part] if part else config
    inner.pop(name, None)
    if value is not ...:
        inner[name] = value
    path.write_text(json.dumps(config))
    before = contents(Path("a"))
    assert "a/config.json" in mistake(lambda: train("--resume", "a"))
    assert contents(Path("a")) == before


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"[" * 100_000, b'"text"', b"null", b'{"model": NaN}'])
def test_a_configuration_that_is_none_is_refused_by_name(content, mistake):
    train("--out", "a", "--epochs", 1)
    Path("a/config.json").write_bytes(content)
    assert "a/config.json" in mistake(lambda: train("--resume", "a"))
    with pytest.raises(ValueError, match=r"a/config\.json"):
        load_run("a")


@pytest.mark.parametrize("flag", ["--out", "--resume"])
def test_an_empty_name_of_a_folder_is_refused(flag, mistake):
    assert f"argument {flag}: the name of the folder is empty" in mistake(lambda: parse(flag, ""))


def test_a_name_that_is_too_long_is_refused_in_one_line(mistake):
    assert "File name too long" in mistake(lambda: train("--out", "a" * 300))


def test_numbers_that_are_too_long_are_refused_in_one_line(mistake):
    said = mistake(lambda: parse("--epochs", "1" + "0" * 5000))
    assert "is not an integer of at least 1 and at most 18 digits" in said and len(said) < 200


def test_a_checkpoint_of_a_billion_epochs_is_finished_and_drawn_at_once():
    train("--out", "a", "--epochs", 1)
    with np.load("a/checkpoint.npz") as file:
        arrays = dict(file)
    header = bytes(arrays["header"]).decode()
    for old, new in (('"epoch": 1', '"epoch": 1000000000'), ('"step": 5', '"step": 5000000000')):
        assert old in header
        header = header.replace(old, new)
    arrays["header"] = np.frombuffer(header.encode(), np.uint8)
    with open("a/checkpoint.npz", "wb") as file:
        np.savez(file, **arrays)
    train("--resume", "a")


def test_a_path_to_data_is_kept_so_that_it_is_found_from_elsewhere(tmp_path):
    assert absolute_path("pictures") == str(tmp_path / "pictures")
    with pytest.raises(argparse.ArgumentTypeError, match="empty"):
        absolute_path("")


# --- How long the learning rates fall ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("epochs", "batch_size", "images", "steps"),
    [(35, 64, 10_000, 5460), (14, 32, 10_000, 4368), (35, 64, 60_000, 32_795), (35, 128, 10_000, 2730)],
)
def test_the_schedule_spans_the_epochs_of_the_example_on_the_data_at_hand(epochs, batch_size, images, steps):
    parser = run_parser("A test.", epochs, 64)
    args = parse_run(parser, "tiny", ["--batch-size", str(batch_size), "--epochs", "3"])
    batches = batches_for(args, np.zeros((images, 1), np.float32))
    assert args.decay_epochs * len(batches) == steps
    args = parse_run(parser, "tiny", ["--decay-epochs", "2", "--batch-size", str(batch_size)])
    assert args.decay_epochs == 2


def test_epochs_beyond_the_schedule_are_mentioned_in_one_line(capsys):
    train("--out", "a", "--epochs", 3)
    assert "learning rates" not in capsys.readouterr().out
    train("--resume", "a", "--epochs", 5)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "learning rates" in line]
    assert line.startswith("the learning rates fall over 3 epochs and stay where they are for the other 2 ")


def test_a_resumed_run_keeps_its_schedule(mistake):
    train("--out", "a", "--epochs", 1, "--decay-epochs", 7)
    assert parse("--resume", "a", "--epochs", 20).decay_epochs == 7
    assert "--decay-epochs is 9, but the run has 7" in mistake(
        lambda: parse("--resume", "a", "--decay-epochs", 9)
    )


# --- Several processes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"])
def test_processes_that_do_not_know_of_each_other_are_told_the_flag(variable, mistake, monkeypatch):
    monkeypatch.setenv(variable, "1")
    parse()
    monkeypatch.setenv(variable, "2")
    assert "mpiexec has started 2 processes: add --data-parallel" in mistake(parse)


def test_a_run_that_is_no_path_is_refused_by_name():
    with pytest.raises(TypeError, match="load_run: folder is 5, expected a path"):
        load_run(5)
