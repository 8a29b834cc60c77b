"""The tab of digits and faces in a real browser: samples, sliders, walks, and a small GAN that learns on the page."""

import json

import lab_browser
import pytest
from lab_browser import address, press, turn

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(lab_browser.program() is None, reason="there is no Chromium: apt install chromium"),
]
PIXELS = "((...canvases) => canvases.map(c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].join()))"
SAMPLES = f"{PIXELS}(...document.querySelectorAll('#samples canvas'))"


@pytest.fixture
def tab(page):
    press(page, "open-digits")
    page.evaluate("lab.busy")
    return page


def choose(page, i):
    page.evaluate(f"$('samples').children[{i}].click(); lab.busy")


def slide(page, name, value):
    page.evaluate(f"$('{name}').value = {value}; $('{name}').dispatchEvent(new Event('input')); lab.busy")


def test_the_samples_are_drawn_and_all_different(tab):
    drawn = tab.evaluate(SAMPLES)
    assert len(set(drawn)) == len(drawn) == 60
    assert tab.evaluate("$('samples').children[3].getAttribute('aria-label')").startswith("sample 4, digit 3")
    assert "without its D" in tab.evaluate("$('about-samples').textContent")
    turn(tab, "generator", "faces")
    assert tab.evaluate("document.querySelector('#samples canvas').width") == 16
    assert tab.evaluate("$('label').disabled")


def test_a_slider_changes_the_samples_and_zero_brings_them_back(tab):
    before = tab.evaluate(SAMPLES)
    slide(tab, "direction-0", 2.5)
    moved = tab.evaluate(SAMPLES)
    assert all(a != b for a, b in zip(before, moved, strict=True))
    assert tab.evaluate("document.querySelector('#directions output').textContent") == "2.5"
    press(tab, "moves-zero")
    assert tab.evaluate(SAMPLES) == before
    turn(tab, "z-seed", 5)
    assert tab.evaluate(SAMPLES) != before


def test_two_samples_are_chosen_and_walked_between(tab):
    choose(tab, 4)
    assert tab.evaluate("$('walk-t').disabled") and "A is sample 5" in tab.evaluate(
        "$('about-walk').textContent"
    )
    choose(tab, 16)
    samples = tab.evaluate(SAMPLES)
    for t, i in ((0, 4), (32, 16)):
        slide(tab, "walk-t", t)
        shown = tab.evaluate(f"{PIXELS}($('walk-picture'))")[0]
        far = max(abs(int(a) - int(b)) for a, b in zip(shown.split(","), samples[i].split(","), strict=True))
        assert far <= 1
    tab.evaluate("lab.pause = 1; $('walk-t').value = 0; playWalk()")
    assert tab.evaluate("$('walk-t').value") == "32" and tab.evaluate("$('walk-play').textContent") == "Play"
    assert tab.evaluate("[...document.querySelectorAll('[data-end]')].map(b => b.dataset.end)") == ["A", "B"]
    choose(tab, 1)
    assert tab.evaluate("digits.chosen") == [1] and tab.evaluate("$('walk-play').disabled")


def test_with_the_keyboard_one_goes_from_sample_to_sample(tab):
    tab.evaluate("$('samples').children[0].focus()")
    tab.key("ArrowRight")
    tab.key("ArrowDown")
    assert tab.evaluate("[...$('samples').children].indexOf(document.activeElement)") == 11
    assert tab.evaluate("document.querySelectorAll('#samples [tabindex=\"0\"]').length") == 1
    tab.evaluate("$('open-digits').focus()")
    tab.key("ArrowLeft")
    assert tab.evaluate("document.body.dataset.tab") == "plane"
    tab.key("d")
    tab.wait("lab.frame.moment === 1")


def test_the_keys_of_the_plane_do_nothing_in_another_tab(tab):
    tab.evaluate("document.activeElement.blur()")
    for key in ("d", "g", " "):
        tab.key(key)
    assert tab.evaluate("lab.busy.then(() => [lab.frame.moment, lab.running])") == [0, False]


def test_a_small_one_learns_digits_on_the_page(tab):
    press(tab, "small-run")
    assert tab.evaluate("$('small-run').textContent") == "Stop"
    tab.wait("digits.curves.step.length >= 1300", 400)
    press(tab, "small-run")
    tab.wait("$('small-run').textContent === 'Train on'")
    tab.evaluate("lab.busy")
    steps = tab.evaluate("digits.curves.step")
    assert steps == list(range(1, len(steps) + 1)), "every step has its numbers, once"
    losses = tab.evaluate("digits.curves.d_loss")
    assert len(losses) == len(steps) and all(0 < loss < 5 for loss in losses)
    assert tab.evaluate("document.querySelectorAll('#samples canvas').length") == 60
    assert tab.evaluate(
        "digits.answer.d.every((p, i) => $('samples').children[i].textContent === p.toFixed(2))"
    )
    bright = tab.evaluate(
        "pictures(digits.answer).map(p => p.data.filter((v, i) => i % 4 === 0 && v > 128).length)"
    )
    assert sum(5 < n < 80 for n in bright) > 50, "strokes on a dark background, as real digits have them"
    choose(tab, 0)
    choose(tab, 1)
    assert tab.evaluate("digits.walk.length") == 33
    press(tab, "small-restart")
    assert tab.evaluate("[digits.curves.step.length, digits.smallSeed]") == [0, 1]


def test_the_address_brings_the_tab_and_its_samples_back(tab, server):
    turn(tab, "generator", "faces")
    slide(tab, "direction-1", -2)
    choose(tab, 2)
    choose(tab, 3)
    there, shown = tab.evaluate("location.href"), tab.evaluate(SAMPLES)
    tab.open(server.address)
    assert tab.evaluate("document.body.dataset.tab") == "plane"
    tab.open(there)
    tab.evaluate("lab.busy")
    assert tab.evaluate("document.body.dataset.tab") == "digits"
    assert tab.evaluate(SAMPLES) == shown and tab.evaluate("digits.walk.length") == 33
    wrong = {
        "tab": "cats",
        "digits": {"of": "cats", "seed": "x", "label": {}, "moves": [1e9, None], "chosen": [-1, 99]},
    }
    tab.open(address(server, wrong))
    assert tab.evaluate("[document.body.dataset.tab, digits.of, digits.seed, digits.label]") == [
        "plane",
        "digits",
        0,
        None,
    ]
    assert tab.evaluate("digits.moves.slice(0, 2)") == [4, 0] and tab.evaluate("digits.chosen") == []


def test_the_tab_is_within_1280_by_800_and_every_control_has_a_name(tab):
    for dark in (False, True):
        tab.dark(dark)
        size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        assert tab.evaluate(size) == [1280, 800]
        inside = "[...document.querySelectorAll('#page-digits > section')].every(s => s.scrollHeight <= s.clientHeight && s.scrollWidth <= s.clientWidth)"
        assert tab.evaluate(inside)
    tab.command("Accessibility.enable")
    nodes = tab.command("Accessibility.getFullAXTree")["nodes"]
    controls = [n for n in nodes if n.get("role", {}).get("value") in
                ("button", "combobox", "spinbutton", "slider", "tab", "image")]  # fmt: skip
    assert len(controls) > 70
    assert [n["role"] for n in controls if not n.get("name", {}).get("value") and not n["ignored"]] == []
    tab.size(820, 1180)
    assert tab.evaluate("document.documentElement.scrollWidth <= 820")


def test_what_the_engine_refuses_is_said(tab):
    tab.evaluate(f"digits.of = {json.dumps('cats')}; refresh()")
    assert "of is 'cats'" in tab.evaluate("$('status').textContent")
