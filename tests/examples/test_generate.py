"""generate.py draws from a run without training it; the walk between two points stays among the data."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minigan
from minigan import evaluation
from minigan.models import MLPGAN
from minigan.runs import Run, batches_for, load_run, model_class, parse_run, run_parser

SCRIPT = Path(minigan.__file__).parents[1] / "examples" / "generate.py"

pytestmark = pytest.mark.skipif(
    not SCRIPT.exists(), reason="the examples are not installed beside the package"
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a tiny trained run."""
    folder = tmp_path_factory.mktemp("generate") / "run"
    images = np.random.default_rng(0).uniform(-1, 1, (16, 4, 4, 1)).astype(np.float32)
    args = parse_run(run_parser("A test.", 1, 8), "tiny", ["--out", str(folder)])
    model = MLPGAN(image_shape=(4, 4, 1), latent_size=3)
    with Run(args, model, batches_for(args, images)) as run:
        for epoch in run.epochs():
            for batch in run.batches(epoch):
                run.log(model.train_step(batch))
    return folder


def generate(monkeypatch, *flags):
    monkeypatch.setattr(sys, "argv", ["generate.py", *map(str, flags)])
    runpy.run_path(str(SCRIPT), run_name="__main__")


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_it_draws_samples_and_walks_and_prints_where_they_are(trained, monkeypatch, capsys):
    before = (trained / "checkpoint.npz").read_bytes()
    generate(monkeypatch, trained)
    assert capsys.readouterr().out.splitlines() == [
        str(trained / "generated.png"),
        str(trained / "interpolations.png"),
    ]
    assert pixels(trained / "generated.png").shape == ((10 * 6 - 2) * 3, (10 * 6 - 2) * 3)
    walks = pixels(trained / "interpolations.png")
    height, width = (10 * 6 - 2) * 3, (12 * 6 - 2) * 3
    title, grid = walks[:-height], walks[-height:, :width]
    assert (title < 128).any() and (title >= 128).mean() > 0.8 and grid.shape == (height, width)  # on white
    assert (grid[4 * 3 : 6 * 3] == 64).all()  # the gap between two rows
    assert (trained / "checkpoint.npz").read_bytes() == before


def test_count_seed_and_out_are_obeyed(trained, monkeypatch, tmp_path):
    for name, flags in {"a": ["--seed", 1], "b": ["--seed", 1], "c": ["--seed", 2]}.items():
        generate(monkeypatch, trained, "--count", 4, "--out", tmp_path / name, *flags)
    a, b, c = (pixels(tmp_path / name / "generated.png") for name in "abc")
    assert a.shape == ((2 * 6 - 2) * 3, (2 * 6 - 2) * 3)
    assert np.array_equal(a, b) and not np.array_equal(a, c)
    expected = load_run(trained).sample(4, np.random.default_rng(1).standard_normal((4, 3)))
    np.testing.assert_allclose(a[1:12:3, 1:12:3] / 127.5 - 1, expected[0, ..., 0], atol=0.005)


@pytest.mark.parametrize(("flags", "name", "size"), [([], "faces", 16), (["digits"], "digits", 28)])
def test_without_a_run_it_draws_from_what_is_shipped_into_a_new_folder(
    monkeypatch, tmp_path, capsys, flags, name, size
):
    monkeypatch.chdir(tmp_path)
    generate(monkeypatch, *flags)
    folder = Path("runs") / name
    assert capsys.readouterr().out.splitlines() == [
        str(folder / "generated.png"),
        str(folder / "interpolations.png"),
    ]
    side = (10 * (size + 2) - 2) * 3
    assert pixels(folder / "generated.png").shape[:2] == (side, side)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["nowhere"], "nowhere is not the folder of a run"),
        (["cats"], "cats is not the folder of a run"),
        (["{run}", "--count", "0"], "argument --count: '0' is not an integer of at least 1"),
        (["{run}", "--seed", "-1"], "argument --seed"),
    ],
)
def test_a_mistake_is_answered_in_one_line(trained, monkeypatch, capsys, flags, words):
    with pytest.raises(SystemExit) as stopped:
        generate(monkeypatch, *[flag.format(run=trained) for flag in flags])
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err.splitlines()[-1]


OWN = """
from dataclasses import dataclass
from sizes import HIDDEN
from minigan.models import MLPGAN
from minigan.runs import Run, batches_for, parse_run, run_parser

@dataclass(kw_only=True, eq=False)
class MyGAN(MLPGAN):
    g_hidden: tuple[int, ...] = (HIDDEN,)
    name = "my_gan"

def train(images, out):
    args = parse_run(run_parser("A test.", 1, 8), "my_gan", ["--out", str(out)])
    model = MyGAN(image_shape=images.shape[1:], latent_size=3)
    with Run(args, model, batches_for(args, images)) as run:
        for epoch in run.epochs():
            for batch in run.batches(epoch):
                run.log(model.train_step(batch))

class NoModel:
    pass
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The file of a model that is not one of the package, and the folder of a run of it, of 28x28 pixels."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "my_gan.py").write_text(OWN)
    (folder / "sizes.py").write_text("HIDDEN = 7")
    images = np.random.default_rng(0).uniform(-1, 1, (16, 28, 28, 1)).astype(np.float32)
    model_class(f"{folder}/my_gan.py:MyGAN")  # its folder is on the path
    runpy.run_path(str(folder / "my_gan.py"), run_name="my_gan")["train"](images, folder / "run")
    return folder


def test_a_model_of_ones_own_is_opened_if_its_class_is_given(own, monkeypatch, capsys):
    generate(monkeypatch, own / "run", "--count", 4, "--model", f"{own}/my_gan.py:MyGAN")
    assert capsys.readouterr().out.splitlines()[0] == str(own / "run" / "generated.png")
    kind = model_class(f"{own}/my_gan.py:MyGAN")
    model = load_run(own / "run", model=kind)
    assert type(model) is kind and model.g_hidden == (7,) and model.g_optimizer.steps == 2


def test_a_model_of_ones_own_is_evaluated_if_its_class_is_given(own, monkeypatch, capsys):
    flags = [own / "run", "--samples", 500, "--model", f"{own}/my_gan.py:MyGAN"]
    seen = []
    monkeypatch.setattr(evaluation, "evaluate", lambda samples, training: seen.append(samples.shape) or [])
    far = lambda samples, originals: (np.zeros(500, int), np.ones(500))
    monkeypatch.setattr(evaluation, "nearest", far)
    monkeypatch.setattr(sys, "argv", ["evaluate.py", *map(str, flags)])
    runpy.run_path(str(SCRIPT.with_name("evaluate.py")), run_name="__main__")
    assert seen == [(500, 28, 28, 1)]
    assert capsys.readouterr().out.splitlines()[-2:] == [
        str(own / "run" / f) for f in ("nearest.png", "distances.png")
    ]


def test_a_run_names_no_code_and_runs_none(own, monkeypatch, capsys):
    text = (own / "run" / "config.json").read_text()
    assert "my_gan.py" not in text and "MyGAN" not in text
    with pytest.raises(
        ValueError, match=r"unknown model 'my_gan', .*; a class of your own is given as load_run"
    ):
        load_run(own / "run")
    with pytest.raises(ValueError, match="unknown model 'my_gan', expected one of mlp_gan$"):
        load_run(own / "run", model=MLPGAN)
    with pytest.raises(TypeError, match="expected a subclass of minigan.models.Model"):
        load_run(own / "run", model="my_gan.py")


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("MyGAN", "not of the form FILE.py:CLASS"),
        ("my_gan:MyGAN", "not of the form FILE.py:CLASS"),
        ("nowhere.py:MyGAN", "there is no file nowhere.py"),
        ("{own}/my_gan.py:NoModel", "defines no model NoModel"),
        ("{own}/my_gan.py:Absent", "defines no model Absent"),
    ],
)
def test_a_class_that_is_no_model_is_refused_in_one_line(own, monkeypatch, capsys, flag, words):
    with pytest.raises(SystemExit):
        generate(monkeypatch, own / "run", "--model", flag.format(own=own))
    assert words in capsys.readouterr().err.splitlines()[-1]


def test_a_walk_follows_the_great_circle():
    slerp = runpy.run_path(str(SCRIPT))["slerp"]
    a, b = np.array([2.0, 0, 0]), np.array([0, 4.0, 0])
    np.testing.assert_allclose(slerp(a, b, 0.0), a, atol=1e-15)
    np.testing.assert_allclose(slerp(a, b, 1.0), b, atol=1e-15)
    middle = slerp(a, b, 0.5)
    np.testing.assert_allclose(middle, 3 * np.array([1, 1, 0]) / np.sqrt(2))
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 64))
    for t in np.linspace(0, 1, 5):
        length = (1 - t) * np.linalg.norm(a) + t * np.linalg.norm(b)
        assert np.linalg.norm(slerp(a, b, t)) == pytest.approx(length)
