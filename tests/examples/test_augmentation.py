"""examples/augmentation.py: who learns from which images, and a table that can be had again."""

import csv
import sys

import numpy as np
import pytest

from minigan.data import load_mnist

example = pytest.importorskip("augmentation", reason="the examples are not installed beside the package")


def test_the_few_digits_are_20_of_each_class_and_none_of_them_is_tested():
    labels, digits = load_mnist()[1], example.chosen(1)
    assert (labels[digits.known] == np.arange(10)[:, None]).all() and digits.known.shape == (10, 200)
    assert len(digits.test) == 8000 and not set(digits.test) & set(digits.known.ravel())
    assert (example.chosen(2).known != digits.known).any()


def test_the_gan_sees_the_few_digits_alone(monkeypatch):
    seen = []
    step = example.ConditionalGAN.train_step
    monkeypatch.setattr(
        example.ConditionalGAN, "train_step", lambda self, batch: seen.append(batch) or step(self, batch)
    )
    monkeypatch.setattr(example, "GAN_WIDTH", 2)
    monkeypatch.setattr(example, "SAMPLES", 20)
    first, again, other = (example.samples_of_gan(seed, steps=6) for seed in (0, 0, 1))
    assert first.shape == (20, 28, 28, 1) and (first == again).all() and (first != other).any()
    images, labels = load_mnist()
    few = example.chosen(0).known[:, :20].ravel()
    known = {(images[i].tobytes(), labels[i]) for i in few}
    assert len(seen) == 18 and {(x.tobytes(), c) for x, c in zip(*seen[0], strict=True)} <= known
    assert {(x.tobytes(), c) for batch in seen[:5] for x, c in zip(*batch, strict=True)} == known


@pytest.mark.parametrize("kind", example.KINDS)
def test_a_batch_is_what_the_kind_says(kind, monkeypatch):
    """Samples are images of 9.0 here, real digits lie in [-1, 1], and what is moved is marked by adding 100."""
    batches = []
    monkeypatch.setattr(
        example, "convolutions", lambda draw, steps: batches.extend(draw() for _ in range(40))
    )
    monkeypatch.setattr(example, "moved", lambda x, rng: x + 100)
    example.classifier(kind, np.full((2000, 28, 28, 1), 9, np.float32), seed=0, steps=1)
    each, share, moved = example.KINDS[kind]
    x, c = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    assert ((x > 50) == moved).all()
    x = x - 100 * moved
    generated = (x == 9).all(axis=(1, 2, 3))
    assert len(x) == 40 * 50 and generated.mean() == share
    images, labels = load_mnist()
    known = example.chosen(0).known[:, :each].ravel()
    allowed = {(np.rint(images[i] * 99).tobytes(), labels[i]) for i in known}
    pairs = zip(x[~generated], c[~generated], strict=True)
    assert {(np.rint(image * 99).tobytes(), label) for image, label in pairs} <= allowed
    assert set(c) == set(range(10))


def test_moved_by_nothing_is_the_same_and_otherwise_each_image_is_moved_anew(monkeypatch):
    x = load_mnist()[0][:4]
    one = example.moved(x[[0, 0]], np.random.default_rng(0))
    assert one.shape == (2, 28, 28, 1) and np.abs(one[0] - one[1]).max() > 0.5
    assert one.min() >= -1 and one.max() <= 1
    monkeypatch.setattr(example, "ANGLE", 0.0)
    monkeypatch.setattr(example, "SHIFT", 0.0)
    assert example.moved(x, np.random.default_rng(0)) == pytest.approx(x, abs=1e-6)


def test_copies_of_the_few_digits_have_distance_zero():
    images, digits = load_mnist()[0], example.chosen(0)
    copies = images[digits.known[:, :20].T.ravel()]  # 0 to 9 in turn
    seen = example.look_at_samples(copies, 0)
    assert seen["distance of samples"] == 0 and seen["as asked"] > 95 and seen["distance of others"] > 10
    assert example.look_at_samples(copies[::-1].copy(), 0)["as asked"] < 5


def test_finished_cells_are_kept_and_the_table_has_a_row_for_each_kind(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["augmentation.py", "--quick", "--out", str(tmp_path)])
    monkeypatch.setattr(example, "GAN_WIDTH", 2)
    monkeypatch.setattr(example, "SAMPLES", 100)
    example.main()
    assert capsys.readouterr().out.count(" s\n") == 6
    table = (tmp_path / "table.csv").read_bytes()
    (tmp_path / "finished" / "GAN-2-2-0.json").unlink()
    example.main()
    out = capsys.readouterr().out
    assert out.count(" s\n") == 1 and "read as the digit asked for" in out
    assert (tmp_path / "table.csv").read_bytes() == table
    with open(tmp_path / "table.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["accuracy in %", "20 real digits of each class", "minus real digits"]
    assert [row[0] for row in rows] == list(example.KINDS)
    assert all((tmp_path / name).stat().st_size > 3000 for name in ("figure.png", "samples-0.png"))
