"""The settings refuse what cannot be, and say what differs from the defaults."""

import pytest

from minigan.lab.knobs import KNOBS, Settings


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"width": 1000}, "width is 1000"),
        ({"width": 2.5}, "width is 2.5"),
        ({"kind": "cubic"}, "kind is 'cubic'"),
        ({"g_rate": float("nan")}, "g_rate is nan"),
        ({"packing": 3}, "expected a multiple of packing"),
        ({"data": "drawn"}, "expected at least one point"),
        ({"data": "drawn", "points": [[3, 0]]}, "x is 3"),
        ({"points": [[0, 0]] * 1001}, "at most 1000 points"),
        ({"points": [[0]]}, r"a point is \[0\], expected \(x, y\)"),
        ({"points": [0.5]}, r"a point is 0.5, expected \(x, y\)"),
        ({"hue": 3}, "'hue' is no setting"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(settings, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        Settings.of(settings)


def test_every_setting_has_a_knob_and_its_default_is_within_the_limits():
    assert set(KNOBS) == set(Settings().as_dict()) - {"points"}


def test_only_differences_are_told_and_they_lead_back():
    assert Settings().differences() == {}
    settings = Settings(data="drawn", points=[[0.5, 1]], width=16)
    assert settings.differences() == {"data": "drawn", "width": 16, "points": ((0.5, 1),)}
    assert Settings.of(settings.differences()) == settings
    assert settings.changed({"width": 8}).width == 8
