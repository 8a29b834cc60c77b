"""The table of a generator: known samples get the numbers they must get, beside baselines that fit."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minigan
from minigan.data import load_mnist
from minigan.evaluation import classifier, table
from minigan.evaluation.table import (
    BASELINES,
    FORMS,
    PICTURE_FORMS,
    SHORT,
    SIZES,
    Row,
    embed,
    evaluate,
    evaluate_pictures,
    format_table,
    shipped_distances,
    shipped_reference,
    short_table,
)
from minigan.models import MLPGAN
from minigan.runs import Run, batches_for, parse_run, run_parser

EXAMPLES = Path(minigan.__file__).parents[1] / "examples"
examples = pytest.mark.skipif(
    not EXAMPLES.exists(), reason="the examples are not installed beside the package"
)

CONFIDENT, LEAST, DIGITS, FRECHET, COPIES = SHORT
NEAR, KERNEL, PRECISION, RECALL, DENSITY, COVERAGE, BINS = tuple(FORMS)[5:]


@pytest.fixture(scope="module")
def digits():
    return load_mnist()


@pytest.fixture(scope="module", autouse=True)
def a_fifth_of_the_shipped_images():
    """What a model was trained on, where nothing else is said: to look at 10,000 images takes seconds."""
    shipped_reference.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            table, "load_mnist", lambda split, full=False: [a[:2000] for a in load_mnist(split, full)]
        )
        yield
    shipped_reference.cache_clear()


def numbers(rows):
    """name -> the first number of the samples, the first number of the baseline."""
    return {row.name: (row.samples[0], row.baseline[0]) for row in rows}


# --- Pictures of anything -----------------------------------------------------------------------------

DISTANCE, RATIO, COPIED, DIVERSITY = PICTURE_FORMS


def pictures(n, seed):
    return np.random.default_rng(seed).uniform(-1, 1, (n, 4, 4, 3)).astype(np.float32)


def test_other_pictures_of_the_same_kind_are_at_the_baseline():
    found = numbers(evaluate_pictures(pictures(400, 1), pictures(2000, 0)))
    for name, (samples, baseline) in found.items():
        assert samples == pytest.approx(baseline, rel=0.05, abs=2), name
    assert found[RATIO][1] == 1


def test_copies_and_a_generator_that_draws_the_same_again_and_again_are_found_out():
    originals = pictures(1000, 0)
    copies = numbers(evaluate_pictures(originals[:300], originals))
    assert copies[DISTANCE][0] == copies[RATIO][0] == 0 and copies[COPIED] == (100, pytest.approx(1, abs=0.5))
    same = numbers(evaluate_pictures(np.repeat(pictures(1, 5), 300, axis=0), originals))
    assert same[DIVERSITY][0] == 0 < same[DIVERSITY][1] and same[RATIO][0] > 0.7


def test_the_table_of_pictures_is_printed_beside_its_baseline():
    lines = format_table(evaluate_pictures(pictures(50, 1), pictures(60, 0))).splitlines()
    assert len(lines) == 1 + len(PICTURE_FORMS) and lines[0].split() == ["samples", "real", "images"]


# --- Known samples ----------------------------------------------------------------------------------


def test_unseen_real_digits_are_at_their_baseline_in_every_metric(digits):
    images, _ = digits
    found = numbers(evaluate(images[:400], training=images[400:1600]))
    for name, (samples, baseline) in found.items():
        near = {CONFIDENT: 3, LEAST: 4, DIGITS: 6, FRECHET: 3, COPIES: 0.1, NEAR: 3, KERNEL: 0.05, BINS: 8}
        assert samples == pytest.approx(baseline, abs=near.get(name, 0.12)), name


def test_noise_is_far_from_its_baseline(digits):
    images, _ = digits
    noise = np.random.default_rng(0).uniform(-1, 1, (300, 28, 28, 1)).astype(np.float32)
    found = numbers(evaluate(noise, training=images[:1000]))
    for name, factor in {FRECHET: 10, KERNEL: 10, COPIES: 1.5}.items():
        assert found[name][0] > factor * found[name][1], name
    for name in PRECISION, RECALL, DENSITY, COVERAGE:
        assert found[name][0] < 0.2 < found[name][1], name


def test_a_generator_that_draws_one_digit_only_is_found_out(digits):
    images, labels = digits
    found = numbers(evaluate(images[labels == 1][:300], training=images[5000:6000]))
    assert found[CONFIDENT][0] > 95 and found[PRECISION][0] > 0.7
    assert found[LEAST][0] == 0 and found[LEAST][1] > 4
    assert found[FRECHET][0] > 5 * found[FRECHET][1]
    assert found[RECALL][0] < 0.3 and found[RECALL][1] > 0.7
    assert found[COVERAGE][0] < 0.3


def test_a_generator_that_copies_is_found_out(digits):
    images, _ = digits
    found, baseline = numbers(evaluate(images[:500], short=True))[COPIES]  # the very images it was trained on
    assert found == 0.0 and baseline > 0.9


# --- What belongs together --------------------------------------------------------------------------


def test_the_short_table_is_the_beginning_of_the_full_one(digits):
    images, _ = digits
    short, full = evaluate(images[:100], images[:400], short=True), evaluate(images[:100], images[:400])
    assert tuple(row.name for row in short) == SHORT
    assert tuple(row.name for row in full) == tuple(FORMS)
    assert full[: len(short)] == short


def test_the_digits_are_counted_as_the_classifier_reads_them(digits):
    images, labels = digits
    chosen = np.concatenate([images[labels == digit][:count] for digit, count in ((3, 60), (8, 30), (0, 10))])
    row = evaluate(chosen, images[:400], short=True)[2]
    np.testing.assert_allclose(row.samples, [10, 0, 0, 60, 0, 0, 0, 0, 30, 0], atol=2)
    assert sum(row.samples) == pytest.approx(100) and sum(row.baseline) == pytest.approx(100)


def test_images_of_your_own_are_cut_in_two_and_the_samples_to_as_many(digits, monkeypatch):
    images, _ = digits
    seen = []
    monkeypatch.setattr(table, "embed", lambda x: seen.append(x) or embed(x))
    evaluate(images[:300], training=images[5000:5201], short=True)
    unseen, reference, samples = seen
    assert [len(x) for x in (unseen, reference, samples)] == [100, 101, 100]
    together = np.concatenate([unseen, reference]).reshape(201, -1)
    assert len(np.unique(together, axis=0)) == 201  # every image is on one side only
    assert np.array_equal(samples, images[:100])


def test_images_on_which_a_model_was_trained_are_not_looked_at_twice():
    assert shipped_reference() is shipped_reference()
    assert len(shipped_reference().features) == 2000


def test_copies_are_looked_for_among_the_images_that_the_model_was_trained_on(digits, monkeypatch):
    images, _ = digits
    shipped_reference()  # is kept, from the true images
    monkeypatch.setattr(table, "load_mnist", lambda split, full: (images[:700] if full else -images, None))
    samples = images[:500]
    assert numbers(evaluate(samples, training="full", short=True))[COPIES][0] == 0.0
    assert numbers(evaluate(samples, training="subset", short=True))[COPIES][0] > 1.0
    found = {evaluate(samples, training, short=True)[3] for training in ("full", "subset")}
    assert len(found) == 1  # the Fréchet distance is always that to the shipped images


@pytest.mark.parametrize(
    ("samples", "training", "words"),
    [
        (np.zeros((123, 28, 28, 1), np.float32), "subset", "123 samples, expected one of 500, 1000, "),
        (
            np.zeros((500, 28, 28, 1), np.float32),
            "test",
            "training is 'test', expected one of 'subset', 'full'",
        ),
        (np.zeros((500, 32, 32, 1), np.float32), "subset", r"shape \(500, 32, 32, 1\)"),
        (np.full((500, 28, 28, 1), 2.0), "subset", r"expected floating-point numbers in \[-1, 1\]"),
    ],
)
def test_what_has_no_baseline_is_refused(samples, training, words):
    with pytest.raises(ValueError, match=words):
        evaluate(samples, training)


# --- The shipped baselines -----------------------------------------------------------------------------


def test_the_baselines_were_made_with_the_classifier_that_ships():
    shipped = json.loads(BASELINES.read_text())
    assert shipped["classifier"] == classifier.SHA256
    assert set(shipped["metrics"]) == {str(n) for n in SIZES}
    for baselines in shipped["metrics"].values():
        assert list(baselines) == list(FORMS)


def test_the_baselines_are_what_real_images_get():
    baselines = json.loads(BASELINES.read_text())["metrics"]
    for n, of_size in baselines.items():
        assert of_size[CONFIDENT][0] > 97 and of_size[LEAST][0] > 6, n
        assert sum(of_size[DIGITS]) == pytest.approx(100, abs=0.01)
        assert of_size[COPIES][0] == pytest.approx(1, abs=0.03)
        assert abs(of_size[KERNEL][0]) < 0.05
    frechet = [baselines[str(n)][FRECHET][0] for n in SIZES]
    assert frechet == sorted(frechet, reverse=True)  # the fewer images, the larger it is by itself


def test_unseen_images_are_nearer_to_60000_images_than_to_10000():
    subset, full = shipped_distances("subset"), shipped_distances("full")
    assert subset.shape == full.shape == (101,)
    assert (np.diff(subset) >= 0).all() and (np.diff(full) >= 0).all()
    assert (full[1:100] < subset[1:100]).all() and full[50] > 0.8 * subset[50]


# --- The table as text ------------------------------------------------------------------------------


def test_the_table_stands_in_columns():
    rows = [
        Row(CONFIDENT, (65.12,), (97.9,)),
        Row(DIGITS, tuple(range(5, 15)), (10.0,) * 10),
        Row(KERNEL, (1.5, 0.25), (0.001, 0.0002)),
    ]
    assert format_table(rows).splitlines() == [
        "                                              samples                    real images",
        "confident (p > 0.9), %                           65.1                           97.9",
        "digits 0 to 9, %             5 6 7 8 9 10 11 12 13 14  10 10 10 10 10 10 10 10 10 10",
        "kernel distance and its std             1.5000 0.2500                  0.0010 0.0002",
    ]


class Copier:
    """A model that draws training images, chosen by the noise."""

    latent_size = 3

    def __init__(self, images):
        self.images, self.asked = images, []

    def sample(self, n, noise):
        self.asked.append(noise)
        assert noise.shape == (n, self.latent_size)
        return self.images[np.argsort(noise[:, 0])]


def test_every_example_ends_with_the_same_table_of_the_same_noise(digits):
    model = Copier(digits[0][:500])
    first = short_table(model, samples=500)
    assert short_table(model, samples=500) == first
    assert np.array_equal(*model.asked)
    assert [line.split("  ")[0] for line in first.splitlines()[1:]] == list(SHORT)
    copies = next(line for line in first.splitlines() if line.startswith(COPIES))
    assert copies.split()[-2] == "0.000"


# --- examples/evaluate.py ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory, digits):
    """The folder of a run that has just begun."""
    folder = tmp_path_factory.mktemp("evaluate") / "run"
    args = parse_run(run_parser("A test.", 1, 32), "tiny", ["--out", str(folder)])
    model = MLPGAN()
    with Run(args, model, batches_for(args, digits[0][:64])) as run:
        for epoch in run.epochs():
            for batch in run.batches(epoch):
                run.log(model.train_step(batch))
    return folder


def example(monkeypatch, *flags):
    monkeypatch.setattr(sys, "argv", ["evaluate.py", *map(str, flags)])
    runpy.run_path(str(EXAMPLES / "evaluate.py"), run_name="__main__")


@examples
def test_a_run_is_evaluated_and_its_pictures_drawn(trained, monkeypatch, capsys):
    before = {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()}
    example(monkeypatch, trained, "--samples", 500)
    *lines, nearest, distances = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(FORMS)
    assert all(line.startswith(name) for line, name in zip(lines[1:], FORMS, strict=True))
    assert (nearest, distances) == (str(trained / "nearest.png"), str(trained / "distances.png"))
    with Image.open(nearest) as picture:
        assert picture.width == 2 * (20 * 30 - 2)  # 10 pairs in a row, of 28 pixels with gaps of 2
        title = np.asarray(picture)[
            : picture.height % 60 + 4
        ]  # above rows of 60 pixels, the last one without a gap
        assert (title < 128).any() and (title >= 128).mean() > 0.8  # letters on white
        assert 6 <= (picture.height - len(title) + 4) // 60 <= 10
    with Image.open(distances) as picture:
        assert min(picture.size) > 300
    assert {path: path.read_bytes() for path in before} == before


@examples
@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["nowhere"], "nowhere is not the folder of a run"),
        (["{run}", "--samples", "77"], "argument --samples: invalid choice: 77"),
        (["{run}", "--seed", "-1"], "argument --seed"),
    ],
)
def test_a_mistake_is_answered_in_one_line(trained, monkeypatch, capsys, flags, words):
    with pytest.raises(SystemExit) as stopped:
        example(monkeypatch, *[flag.format(run=trained) for flag in flags])
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err.splitlines()[-1]
