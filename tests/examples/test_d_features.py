"""examples/d_features.py: features and errors by hand, what D may see, and a table that can be had again."""

import csv
import json
import math
import sys

import numpy as np
import pytest

import minigan as mg
from minigan.data import load_mnist
from minigan.layers import Conv2D, Dense, Flatten, LeakyReLU, Sequential
from minigan.models import DCGAN, VAE
from minigan.training import save_checkpoint

example = pytest.importorskip("d_features", reason="the examples are not installed beside the package")


@pytest.fixture
def play(tmp_path, monkeypatch):
    def run(*flags):
        words = ["d_features.py", *map(str, flags), "--quick", "--out", str(tmp_path / "out")]
        monkeypatch.setattr(sys, "argv", words)
        example.main()
        return tmp_path / "out"

    return run


def test_features_are_the_maxima_of_blocks_behind_each_convolution_by_hand():
    """A convolution that doubles, then one that negates; leaky ReLU keeps 0.2 of what is below zero."""
    D = Sequential(
        Conv2D(1, 1, 1, use_bias=False), LeakyReLU(0.2), Conv2D(1, 1, 1, use_bias=False), LeakyReLU(0.2),
        Flatten(), Dense(64, 1),
    )  # fmt: skip
    D.layers[0].kernel.data[...] = 2
    D.layers[2].kernel.data[...] = -1
    x = np.arange(64, dtype=np.float32).reshape(1, 8, 8, 1)
    row = example.features(D)(x).data
    assert row.shape == (1, 32)
    assert row[0, :5].tolist() == [18, 22, 26, 30, 50]  # twice 9, 11, 13, 15 and 25
    assert row[0, 16:21] == pytest.approx([0, -0.8, -1.6, -2.4, -6.4])  # -0.4 times 0, 2, 4, 6 and 16


def test_the_features_of_the_usual_d_are_96_channels_of_16_pixels():
    x = load_mnist()[0][:3]
    assert example.features(DCGAN().D)(x).shape == (3, 16 * (32 + 64))


def test_the_mean_and_its_standard_error_by_hand():
    assert example.mean_and_error([1, 2, 6]) == pytest.approx((3, math.sqrt(7 / 3)))
    mean, error = example.mean_and_error([4])
    assert mean == 4 and math.isnan(error)


def test_a_row_compares_seed_by_seed_with_the_baseline():
    results = {"plain": {"100": [80.0, 90.0]}, "other": {"100": [81.0, 95.0]}}
    assert example.rows_of(results, "plain") == [
        ("plain", "85.0 ± 5.00", ""),
        ("other", "88.0 ± 7.00", "+3.0 ± 2.00"),
    ]


def test_accuracy_counts_the_largest_logit():
    logits = np.array([[0, 1], [1, 0], [0, 1], [1, 0]])
    assert example.accuracy(lambda x: logits, np.zeros((4, 2)), np.array([1, 0, 0, 0])) == 75


def test_the_linear_classifier_separates_what_is_separable_and_its_penalty_shrinks_it():
    mg.seed(0)
    rng, labels = np.random.default_rng(0), np.arange(40) % 10
    x = 5 * np.eye(10)[labels].repeat(20, axis=1) + 0.1 * rng.standard_normal((40, 200))  # 20 numbers a class
    x = x.astype(np.float32)
    free, shrunk = (example.linear(x, labels, l2) for l2 in (0.0, 10.0))
    assert example.accuracy(free, x, labels) == 100
    assert np.ptp(shrunk(x)) < 0.2 * np.ptp(free(x))
    assert example.linear(x + 7, labels, 0.0)(x + 7).argmax(axis=1).tolist() == labels.tolist()


def test_from_scratch_every_layer_is_trained_and_the_last_one_of_d_is_not(monkeypatch):
    trained = []
    fitted = example.fitted
    monkeypatch.setattr(example, "fitted", lambda net, p, *rest: trained.extend(p) or fitted(net, p, *rest))
    x, labels = (array[:20] for array in load_mnist())
    mg.seed(0)
    classifier = example.from_scratch(lambda: (x, labels), steps=2)
    assert classifier(x).shape == (20, 10)
    mg.seed(0)
    D, head = DCGAN().D, Dense(1536, 10)
    before = [p.data for layer in (D.layers[0], D.layers[2], head) for p in layer.parameters()]
    assert [p.data.shape for p in trained] == [a.shape for a in before]
    assert all((p.data != a).any() for p, a in zip(trained, before, strict=True))


def test_of_each_class_takes_equally_many_and_depends_on_the_seed():
    labels = load_mnist()[1]
    first, again, other = (example.of_each_class(labels, 3, np.random.default_rng(s)) for s in (1, 1, 2))
    assert labels[first].tolist() == np.repeat(np.arange(10), 3).tolist()
    assert len(set(first)) == 30 and (first == again).all() and (first != other).any()


def test_d_sees_no_test_image(play, monkeypatch):
    seen = []

    def train_d(images, epochs, path):
        seen.append(images)
        DCGAN(width=2).save(path)
        return 0.0

    monkeypatch.setattr(example, "train_d", train_d)
    play()
    digits = example.divided()
    learnt, tested = ({x.tobytes() for x in images} for images in (digits.images, digits.test_images))
    assert len(digits.images) == 8000 and len(digits.test_images) == 2000 and not learnt & tested
    assert {x.tobytes() for x in seen[0]} <= learnt


def test_finished_cells_are_kept_and_seeds_give_the_same_numbers_again(play, capsys):
    out = play()
    table, cells = (out / "table.csv").read_bytes(), sorted((out / "finished").glob("*.json"))
    assert len(cells) == 1 + 4 * 2 and (out / "figure.png").stat().st_size > 5000
    accuracies = {path: json.loads(path.read_text()) for path in cells}
    for path in cells[::2]:
        path.unlink()
    capsys.readouterr()
    play()
    assert capsys.readouterr().out.count(" s\n") == len(cells[::2])
    assert (out / "table.csv").read_bytes() == table
    for path, before in accuracies.items():
        if isinstance(before, dict):
            assert json.loads(path.read_text())["accuracy"] == before["accuracy"]
    with open(out / "table.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header[1:] == ["100 labels", "minus untrained D", "1,000 labels", "minus untrained D"]
    assert [row[0] for row in rows] == list(example.KINDS)


def saved(folder, model):
    """What `load_run` needs."""
    folder.mkdir()
    config = {"model": model.name, "settings": model.settings, "flags": {}, "data": {}}
    (folder / "config.json").write_text(json.dumps(config))
    save_checkpoint(model, folder / "checkpoint.npz")
    return folder


def test_the_d_of_a_run_is_tested_on_images_that_no_run_has_seen(play, tmp_path, monkeypatch):
    asked = []

    def load(full, split):
        asked.append((full, split))
        return tuple(array[:50] for array in load_mnist())

    monkeypatch.setattr(example, "load_labelled_digits", load)
    out = play("--run", saved(tmp_path / "run", DCGAN(width=2)))
    assert asked == [(True, "test")]
    assert not list(out.glob("dcgan*.npz"))  # none is trained
    names = [path.stem for path in (out / "finished").iterdir()]
    assert len(names) == 8 and all("-run_" in name for name in names)
    play("--run", saved(tmp_path / "another", DCGAN(width=2)))
    assert len(list((out / "finished").iterdir())) == 16  # another D, other cells


def test_a_run_of_another_model_is_refused(play, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(example, "load_labelled_digits", lambda full, split: load_mnist())
    with pytest.raises(SystemExit):
        play("--run", saved(tmp_path / "run", VAE(width=2)))
    assert "holds the model vae, expected a dcgan of digits" in capsys.readouterr().err
