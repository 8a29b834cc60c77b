"""The classifier of attributes: what the faces have, which are taken more often, and that it learns and repeats itself."""

import numpy as np
import pytest

import minigan as mg
from minigan import backend
from minigan.data import load_faces
from minigan.evaluation.attributes import (
    ATTRIBUTES,
    AttributeClassifier,
    face_attributes,
    rare_repeated,
    train_classifier,
)

rng = np.random.default_rng(0)


def pictures(n):
    """Noise of 8x8 pixels with a bright corner, a dark middle, or both; and which."""
    has = rng.random((n, 2)) < 0.5
    images = rng.uniform(-0.3, 0.3, (n, 8, 8, 1)).astype(np.float32)
    images[has[:, 0], :2, :2] = 0.9
    images[has[:, 1], 3:5, 3:5] = -0.9
    return images, has


def test_the_faces_have_what_their_words_say():
    images, has = face_attributes()
    assert (
        images.shape == (10_000, 16, 16, 3) and has.shape == (10_000, len(ATTRIBUTES)) and has.dtype == bool
    )
    words = load_faces()[1]
    for name, expected in {
        "glasses": words["glasses"] != "",
        "long hair": np.char.startswith(words["hair"], "long"),
        "smile": np.char.startswith(words["mouth"], "happy"),
    }.items():
        np.testing.assert_array_equal(has[:, list(ATTRIBUTES).index(name)], expected)
    np.testing.assert_array_equal(face_attributes(["hat", "beard"])[1], has[:, 1:3])
    with pytest.raises(ValueError, match=r"^face_attributes: name is 'moustache', expected one of"):
        face_attributes(["moustache"])


def test_examples_with_a_rare_attribute_are_taken_five_times():
    has = np.zeros((40, 2), bool)
    has[:20, 0] = True  # a half
    has[[3, 30], 1] = True  # one of twenty
    taken = np.bincount(rare_repeated(has))
    assert taken.tolist() == [5 if i in (3, 30) else 1 for i in range(40)]


def test_it_learns_two_attributes_at_once():
    classifier = train_classifier(*pictures(1000), epochs=3)
    images, has = pictures(400)
    assert (classifier.predict(images) == has).mean() > 0.97
    assert (classifier.predict(images) == ~has).mean() < 0.03  # the measure can tell


def test_the_same_data_give_the_same_classifier_and_no_random_number_is_used_up():
    data = pictures(120)
    mg.seed(5)
    first = train_classifier(*data, epochs=1)
    drawn = backend.normal((3,))
    again = train_classifier(*data, epochs=1)
    for a, b in zip(first.parameters(), again.parameters(), strict=True):
        np.testing.assert_array_equal(a.data, b.data)
    mg.seed(5)
    np.testing.assert_array_equal(drawn, backend.normal((3,)))


def test_what_it_cannot_read_is_refused():
    classifier = AttributeClassifier(8, 1, 2)
    assert classifier.predict(np.zeros((3, 8, 8, 1), np.float32)).shape == (3, 2)
    for wrong, error in (
        (np.zeros((3, 8, 8, 3), np.float32), ValueError),
        (np.full((3, 8, 8, 1), 7.0), ValueError),
        (np.zeros((3, 8, 8, 1), int), TypeError),
    ):
        with pytest.raises(error, match=r"^AttributeClassifier: images"):
            classifier.predict(wrong)
    with pytest.raises(ValueError, match=r"^AttributeClassifier: attributes is 0, expected"):
        AttributeClassifier(8, 1, 0)
    with pytest.raises(ValueError, match=r"^train_classifier: attributes have shape \(3, 2\), expected"):
        train_classifier(np.zeros((4, 8, 8, 1), np.float32), np.zeros((4, 2), bool)[:3])
