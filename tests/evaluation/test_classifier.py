"""The classifier: the file that ships is the one that was measured, it can tell digits apart, and says so plainly."""

import hashlib
import re
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import minigan as mg
from minigan import backend, runs
from minigan.data import load_mnist
from minigan.evaluation import classifier as module
from minigan.evaluation.classifier import (
    WEIGHTS,
    Classifier,
    about,
    digit_classifier,
    load_classifier,
    save_classifier,
)
from minigan.models import MLPGAN
from minigan.runs import split_labelled_digits

SCRIPT = Path(mg.__file__).parents[1] / "examples" / "classify_mnist.py"


@pytest.fixture(scope="module")
def digits():
    """500 images of the shipped training set, and their labels."""
    images, labels = load_mnist()
    return images[:500], labels[:500]


def test_the_shipped_file_is_the_one_that_was_measured():
    content = WEIGHTS.read_bytes()
    assert hashlib.sha256(content).hexdigest() == module.SHA256
    assert len(content) < 500_000
    assert about()["accuracy"] >= 0.992 and about()["images"] == 60_000
    assert about()["test"] == "10,000 test images" and "classify_mnist.py" in about()["command"]


def test_a_damaged_file_is_refused(tmp_path, monkeypatch):
    damaged = bytearray(WEIGHTS.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    monkeypatch.setattr(module, "WEIGHTS", tmp_path / "classifier.npz")
    module.WEIGHTS.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"classifier.npz: found SHA-256 \w+, expected " + module.SHA256):
        digit_classifier.__wrapped__()


def test_it_reads_the_digits_that_it_was_trained_on(digits):
    images, labels = digits
    p = digit_classifier().predict_proba(images)
    assert (p.argmax(axis=1) == labels).mean() > 0.99
    assert (p.max(axis=1) > 0.9).mean() > 0.97


@pytest.mark.slow
def test_it_reads_the_test_images_as_well_as_its_file_says():
    try:
        images, labels = load_mnist("test", full=True)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    p = digit_classifier().predict_proba(images)
    assert (p.argmax(axis=1) == labels).mean() == pytest.approx(about()["accuracy"], abs=2e-4)
    assert (p.max(axis=1) > 0.9).mean() == pytest.approx(about()["sure"], abs=2e-4)


def test_it_is_not_sure_of_noise(digits):
    """A classifier that has seen digits only takes all of these for some digit, and is sure of it."""
    images, _ = digits
    rng = np.random.default_rng(0)
    normal = rng.standard_normal(images.shape, dtype=np.float32)
    no_digits = {
        "uniform": rng.uniform(-1, 1, images.shape).astype(np.float32),
        "drowned": np.clip(images + 2 * normal, -1, 1),
        "pixels in disorder": rng.permuted(images.reshape(500, -1), axis=1).reshape(images.shape),
        "grey": np.linspace(-1, 1, 500, dtype=np.float32)[:, None, None, None] + np.zeros_like(images),
        "untrained generator": MLPGAN().sample(500),
    }
    for name, noise in no_digits.items():
        assert (digit_classifier().predict_proba(noise).max(axis=1) > 0.9).mean() < 0.02, name


def test_probabilities_are_those_of_the_network_and_features_lie_below_them(digits):
    images, _ = digits
    features, p = digit_classifier().features(images[:7]), digit_classifier().predict_proba(images[:7])
    assert features.shape == (7, 64) and (features >= 0).all() and features.dtype == np.float32
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    with mg.no_grad():
        logits = digit_classifier()(images[:7])
    np.testing.assert_allclose(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), p, atol=1e-5)
    np.testing.assert_allclose(digit_classifier().head_proba(features), p, atol=1e-6)


def test_what_it_sees_in_an_image_does_not_depend_on_the_others(digits, monkeypatch):
    images, _ = digits
    together = digit_classifier().features(images[:30])
    monkeypatch.setattr(module, "AT_ONCE", 4)
    np.testing.assert_allclose(digit_classifier().features(images[:30]), together, atol=1e-4)
    np.testing.assert_allclose(digit_classifier().features(images[29::-1]), together[::-1], atol=1e-4)


def test_looking_changes_nothing(digits):
    images, _ = digits
    before, random = digit_classifier().state(), backend.generator.bit_generator.state
    digit_classifier().predict_proba(images[:50])
    assert backend.generator.bit_generator.state == random
    for name, array in digit_classifier().state().items():
        assert np.array_equal(array, before[name]), name


def test_loading_it_takes_no_random_numbers_from_a_run():
    before = backend.generator.bit_generator.state
    load_classifier(WEIGHTS)
    assert backend.generator.bit_generator.state == before


def test_it_looks_on_the_host_whatever_the_device(digits, monkeypatch):
    nowhere = SimpleNamespace(ndarray=type("Array", (), {}))  # a device on which nothing can be made
    monkeypatch.setitem(backend._modules, "elsewhere", nowhere)
    with mg.on("elsewhere"):
        found = load_classifier(WEIGHTS).predict_proba(digits[0][:5])
    assert np.array_equal(found, digit_classifier().predict_proba(digits[0][:5]))


def test_it_is_loaded_once():
    assert digit_classifier() is digit_classifier()


def test_what_is_saved_is_what_is_loaded_up_to_half_precision(tmp_path):
    made = Classifier()
    for name in ("a", "b"):
        save_classifier(tmp_path / name, made, {"seed": 3})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert about(tmp_path / "a") == {"seed": 3}
    again = load_classifier(tmp_path / "a").state()
    for name, array in made.state().items():
        assert again[name].dtype == np.float32
        np.testing.assert_allclose(again[name], array, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((3, 28, 28), np.float32), r"shape \(3, 28, 28\), expected \(N, 28, 28, 1\)"),
        (np.zeros((3, 32, 32, 1), np.float32), r"shape \(3, 32, 32, 1\)"),
        (np.zeros((0, 28, 28, 1), np.float32), "N > 0"),
        (np.zeros((3, 28, 28, 1), np.uint8), "images are uint8 from 0 to 0"),
        (np.full((3, 28, 28, 1), 255.0), r"float64 from 255.0 to 255.0, expected .* in \[-1, 1\]"),
        (np.full((3, 28, 28, 1), -2.0), "from -2.0 to -2.0"),
        (np.full((3, 28, 28, 1), np.nan), "from nan to nan"),
    ],
)
def test_what_is_no_image_is_refused(images, words):
    with pytest.raises(ValueError, match=words):
        digit_classifier().features(images)


# --- examples/classify_mnist.py ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def script():
    """What is in the script, by name."""
    if not SCRIPT.exists():
        pytest.skip("the examples are not installed beside the package")
    return runpy.run_path(str(SCRIPT))


def classify(monkeypatch, capsys, *flags):
    monkeypatch.setattr(sys, "argv", ["classify_mnist.py", *map(str, flags)])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    return capsys.readouterr().out


def test_a_quick_run_learns_says_how_much_and_writes_the_same_file_every_time(
    script, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (images, labels), (unseen, digits) = split_labelled_digits(False)
    few = (images[:256], labels[:256]), (unseen[:50], digits[:50])
    monkeypatch.setattr(runs, "split_labelled_digits", lambda full: few)
    first = classify(monkeypatch, capsys, "--quick", "--epochs", 1, "--save", "a.npz")
    assert len(re.findall(r"after epoch 1: \d+\.\d\d% of the 1,000 training images kept", first)) == 1
    assert "written: a.npz" in first.splitlines()[-1]
    classify(monkeypatch, capsys, "--quick", "--epochs", 1, "--save", "b.npz", "--out", "elsewhere")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"a.npz", "b.npz", "runs", "elsewhere"}
    said = about(tmp_path / "a.npz")
    assert said["images"] == 256 and said["command"].endswith("--epochs 1 --seed 0 --quick")
    assert 0 <= said["accuracy"] <= 1 and f"{said['accuracy']:.2%} right" in first


def test_its_steps_lower_the_loss_and_its_learning_rate_ends_near_zero(script, digits):
    model = script["Model"](steps=12)
    losses = [float(model.train_step((digits[0][:100], digits[1][:100]))["loss"]) for _ in range(12)]
    assert losses[-1] < 0.5 * losses[0]
    assert 0 < model.optimizer.learning_rate < 0.05 * script["LEARNING_RATE"]


def test_shifted_images_are_the_same_images_elsewhere(script):
    image = np.full((1, 28, 28, 1), -1.0, np.float32)
    image[0, 10, 12] = 0.5
    found = np.argwhere(script["shifted"](image.repeat(400, axis=0)) == 0.5)  # (image, row, column, 0)
    assert found[:, 0].tolist() == list(range(400))
    places = {tuple(place) for place in found[:, 1:3].tolist()}
    assert places == {(i, j) for i in range(8, 13) for j in range(10, 15)}
    at_the_rim = script["shifted"](np.ones((50, 28, 28, 1), np.float32))
    assert set(np.unique(at_the_rim)) == {-1.0, 1.0}  # what comes in is background


def test_what_it_learns_as_no_digits_are_other_images_every_time_and_of_every_brightness(script, digits):
    made = np.concatenate([script["no_digits"](digits[0][:25]) for _ in range(40)])
    assert made.shape == (1000, 28, 28, 1) and made.dtype == np.float32
    assert -1 <= made.min() and made.max() <= 1
    assert len(np.unique(made.reshape(1000, -1), axis=0)) == 1000
    means = made.mean(axis=(1, 2, 3))
    assert means.min() < -0.8 and means.max() > 0.8
