"""--data, --image-size and --channels: which images they mean, that a resumed run keeps them, and what is refused."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minigan
from minigan.data import load_faces, load_mnist
from minigan.models import DCGAN, MLPGAN
from minigan.runs import (
    Run,
    batches_for,
    data,
    images_of_run,
    load_images,
    parse_run,
    run,
    run_parser,
    split_images,
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder; curves, which take longer to draw than a tiny run, are not drawn."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "plot_history", lambda path, rows, panels, references: path.write_text(""))


def parse(*flags, default="mnist"):
    parser = run_parser("A test.", epochs=2, batch_size=8, data=default)
    return parse_run(parser, "tiny", [str(flag) for flag in flags])


def pictures(folder, n=12):
    folder.mkdir()
    for i in range(n):
        pixels = np.random.default_rng(i).integers(256, size=(20, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i:02}.png")


# --- Which images -------------------------------------------------------------------------------------


def test_the_default_is_the_examples_own_and_the_sizes_are_those_of_the_data():
    np.testing.assert_array_equal(load_images(parse()), load_mnist()[0])
    np.testing.assert_array_equal(load_images(parse(default="faces")), load_faces()[0])
    np.testing.assert_array_equal(load_images(parse("--data", "faces")), load_faces()[0])


def test_any_size_and_any_number_of_channels_can_be_had():
    images = load_images(parse("--data", "faces", "--image-size", 8, "--channels", 1))
    assert images.shape == (10_000, 8, 8, 1) and images.dtype == np.float32
    assert -1 <= images.min() < images.max() <= 1
    assert load_images(parse("--image-size", 32, "--channels", 3)).shape == (10_000, 32, 32, 3)


def test_a_folder_is_read_at_the_size_asked_for(tmp_path):
    pictures(tmp_path / "mine")
    assert load_images(parse("--data", "mine")).shape == (12, 32, 32, 3)
    assert load_images(parse("--data", "mine", "--image-size", 12, "--channels", 1)).shape == (12, 12, 12, 1)


def test_of_the_clothes_as_many_are_used_as_of_the_digits_unless_all_are_asked_for(monkeypatch):
    def clothes(split):
        return np.zeros((60_000 if split == "train" else 10_000, 4, 4, 1), np.float32), None

    monkeypatch.setattr(data, "load_fashion_mnist", clothes)
    assert len(load_images(parse("--data", "fashion"))) == 10_000
    seen, unseen = split_images(parse("--data", "fashion", "--full"))
    assert (len(seen), len(unseen)) == (60_000, 10_000)


def test_a_tenth_is_held_out_and_nothing_is_in_both_parts():
    seen, unseen = split_images(parse("--data", "faces"))
    assert (len(seen), len(unseen)) == (9000, 1000)
    together = np.concatenate([seen, unseen]).reshape(10_000, -1)
    assert len(np.unique(together, axis=0)) == 10_000


# --- What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ["--data", "nowhere"],
            "there is no folder .*nowhere; --data is one of faces, fashion, mnist, or a folder",
        ),
        (["--data", "faces", "--full"], "--full is for MNIST and Fashion-MNIST"),
        (["--data", "."], "expected PNG or JPEG files, but it has none"),
    ],
)
def test_data_that_is_not_there_ends_the_program_in_one_line(flags, message):
    with pytest.raises(SystemExit, match=f"^error: .*{message}"):
        load_images(parse(*flags))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--image-size", "30"], "30 is not a multiple of 4"),
        (["--image-size", "4"], "not an integer of at least 8"),
        (["--channels", "2"], "invalid choice: 2"),
        (["--data", " "], "the name of the folder is empty"),
    ],
)
def test_sizes_that_no_model_has_are_refused_by_the_parser(flags, message, capsys):
    with pytest.raises(SystemExit):
        parse(*flags)
    assert message in capsys.readouterr().err


def test_examples_that_need_digits_do_not_have_the_flags(capsys):
    with pytest.raises(SystemExit):
        parse("--data", "faces", default=None)
    assert "unrecognized arguments: " in capsys.readouterr().err


# --- A run --------------------------------------------------------------------------------------------


def example(*flags):
    """What an example does, on few images."""
    args = parse(*flags)
    images = load_images(args)[:40]
    model = MLPGAN(image_shape=images.shape[1:], latent_size=3, g_hidden=(8,), d_hidden=(8,))
    with Run(args, model, batches_for(args, images)) as started:
        for epoch in started.epochs():
            for batch in started.batches(epoch):
                started.log(model.train_step(batch))
    started.finish()
    return model


def state_of(model):
    return {name: array.tobytes() for name, array in model.state().items()}


def test_a_resumed_run_has_its_data_again_from_any_folder_and_the_same_bits(tmp_path, monkeypatch, capsys):
    pictures(tmp_path / "mine")
    flags = ["--data", "mine", "--image-size", 8, "--channels", 1]
    whole = example("--out", "whole", "--epochs", 2, *flags)
    example("--out", "half", "--epochs", 1, *flags)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = example("--resume", "../half", "--epochs", 2)
    assert state_of(again) == state_of(whole)
    config = json.loads((tmp_path / "half" / "config.json").read_text())
    assert config["flags"]["data"] == str(tmp_path / "mine")
    same = parse("--data", tmp_path / "mine", "--image-size", 8, "--channels", 1)
    np.testing.assert_array_equal(images_of_run(config["flags"], (8, 8, 1)), load_images(same))
    assert "mean distance of two pictures" in capsys.readouterr().out


def test_a_run_cannot_go_on_with_other_data(capsys):
    example("--out", "a", "--data", "faces", "--epochs", 1)
    with pytest.raises(SystemExit):
        example("--resume", "a", "--data", "mnist")
    assert "--data is mnist, but the run has faces" in capsys.readouterr().err


@pytest.mark.parametrize("absent", [False, True])
def test_a_run_from_before_the_flags_goes_on_with_the_defaults(absent, tmp_path):
    example("--out", "a", "--epochs", 1, "--data", "mnist", "--quick")
    path = tmp_path / "a" / "config.json"
    config = json.loads(path.read_text())
    for flag in ("data", "image_size", "channels"):
        config["flags"][flag] = None  # as AEGAN's example had it for digits
        if absent:
            del config["flags"][flag]
    path.write_text(json.dumps(config))
    args = parse("--resume", "a", "--epochs", 2)
    assert (args.data, args.image_size, args.channels) == ("mnist", None, None)
    assert len(images_of_run(config["flags"], (28, 28, 1))) == 10_000


def test_a_model_that_does_not_fit_the_data_of_its_run_is_noticed():
    with pytest.raises(
        ValueError, match=r"the model draws images of \(4, 4, 1\), but its data are of \(28, 28, 1\)"
    ):
        images_of_run({}, (4, 4, 1))
    with pytest.raises(ValueError, match="data is 3, expected a name"):
        images_of_run({"data": 3}, (4, 4, 1))


def test_the_table_is_that_of_pictures_unless_the_data_are_digits(capsys):
    example("--out", "a", "--data", "faces", "--epochs", 1)
    table = capsys.readouterr().out
    assert "distance to the nearest training picture" in table and "confident" not in table
    example("--out", "b", "--epochs", 1, "--image-size", 8)
    table = capsys.readouterr().out
    assert "distance to the nearest training picture" in table and "confident" not in table


def test_evaluate_py_knows_what_a_run_was_trained_on(tmp_path, monkeypatch, capsys):
    script = Path(minigan.__file__).parents[1] / "examples" / "evaluate.py"
    if not script.exists():
        pytest.skip("the examples are not installed beside the package")
    example("--out", "a", "--data", "faces", "--epochs", 1)
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["evaluate.py", "a", "--samples", "500"])
    runpy.run_path(str(script), run_name="__main__")
    out = capsys.readouterr().out
    assert "mean distance of two pictures" in out and "confident" not in out
    for name in ("nearest.png", "distances.png"):
        assert (tmp_path / "a" / name).stat().st_size > 0


def test_the_model_of_an_example_follows_the_data():
    images = load_images(parse("--data", "faces"))
    model = DCGAN(image_size=images.shape[1], channels=images.shape[-1], width=2)
    assert model.sample(2).shape == (2, 16, 16, 3)
