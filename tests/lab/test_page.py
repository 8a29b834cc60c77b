"""The page in a real browser: what a person does on it does what it says, without a complaint of the console."""

import json
from urllib.parse import quote

import lab_browser
import numpy as np
import pytest
from lab_browser import address, press, turn

from minigan.lab import recording
from minigan.lab.knobs import Settings
from minigan.lab.presets import PRESETS
from minigan.lab.session import Session

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(lab_browser.program() is None, reason="there is no Chromium: apt install chromium"),
]


def digest(page):
    return page.evaluate("lab.busy.then(() => call('digest')).then(answer => answer.digest)")


def act(page, action, n):
    page.evaluate(
        f"inOrder(async () => take(await call('act', {{action: '{action}', n: {n}, since: since()}})))"
    )


def test_the_whole_page_is_within_1280_by_800_and_a_console_error_would_be_noticed(page):
    for dark in (False, True):
        page.dark(dark)
        assert page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        ) == [1280, 800]
        for part in ("knobs", "middle", "right", "status"):
            box = page.evaluate(f"document.getElementById('{part}').getBoundingClientRect().toJSON()")
            assert 0 <= box["left"] and box["right"] <= 1280 and box["bottom"] <= 800, part
        assert page.evaluate("$('knobs').scrollHeight <= $('knobs').clientHeight")
    page.evaluate("console.error('this is a test')")
    assert page.complaints
    page.complaints.clear()


def test_on_a_tablet_nothing_is_wider_than_the_screen(page):
    page.size(820, 1180)
    assert page.evaluate("document.documentElement.scrollWidth <= 820")


def test_every_control_has_a_name_for_a_screen_reader(page):
    page.command("Accessibility.enable")
    nodes = page.command("Accessibility.getFullAXTree")["nodes"]
    controls = [n for n in nodes if n.get("role", {}).get("value") in
                ("button", "combobox", "spinbutton", "slider", "checkbox", "tab", "image")]  # fmt: skip
    assert len(controls) > 45
    assert [n["role"] for n in controls if not n.get("name", {}).get("value") and not n["ignored"]] == []


def test_three_thousand_steps_find_all_eight_modes(browser, server):
    browser.open(address(server, {}))
    browser.evaluate("document.getElementById('speed').value = 20; document.getElementById('run').click()")
    browser.wait("lab.frame.moment >= 3000", 400)
    browser.evaluate("lab.running && document.getElementById('run').click()")
    browser.evaluate("goTo(3000)")
    assert browser.evaluate("lab.frame.modes")["covered"] == 8
    assert browser.evaluate("$('counted').textContent").startswith("8 of 8 modes")
    assert browser.complaints == []


def test_back_in_time_the_state_is_the_one_that_was_there_and_training_goes_on_from_it(page):
    act(page, "b", 30)
    early = digest(page)
    act(page, "b", 20)
    late = digest(page)
    assert early != late
    page.evaluate("$('moment').value = 30; $('moment').dispatchEvent(new Event('input')); lab.busy")
    assert digest(page) == early and page.evaluate("lab.frame.moment") == 30
    assert page.evaluate("lab.curves.moment.length") == 50, "the curves keep what lies ahead"
    act(page, "b", 20)
    assert digest(page) == late and page.evaluate("lab.curves.moment.length") == 50


def test_run_and_pause_and_single_steps(page):
    page.key(" ", "Space")
    page.wait("lab.frame.moment >= 20")
    assert page.evaluate("$('run').textContent") == "Pause"
    page.key(" ", "Space")
    moment = page.evaluate("lab.busy.then(() => lab.frame.moment)")
    steps = page.evaluate("lab.frame.steps")
    page.key("d", "KeyD")
    page.key("g", "KeyG")
    page.wait(f"lab.frame.moment === {moment + 2}")
    assert page.evaluate("lab.frame.steps") == [steps[0] + 1, steps[1] + 1]


@pytest.mark.parametrize("number", range(len(PRESETS)))
def test_a_preset_sets_its_settings_and_its_cure_changes_them(page, number):
    preset = PRESETS[number]
    turn(page, "preset", number)
    for name, value in preset.settings.items():
        assert page.evaluate(f"lab.still.settings.{name}") == value
        assert type(value)(page.evaluate(f"$('knob-{name}').value")) == value
    act(page, "b", 2)
    assert page.evaluate("$('cure').hidden") == (not preset.cures)
    for cure in preset.cures:
        press(page, "cure")
        page.wait(
            f"lab.still.settings.{next(iter(cure.settings))} === {json.dumps(next(iter(cure.settings.values())))}"
        )
        assert page.evaluate("lab.frame.moment") == (0 if cure.anew else 2)


def test_a_knob_that_is_wrong_is_refused_in_words_and_changes_nothing(page):
    before = digest(page)
    turn(page, "knob-g_rate", "7")
    assert "rate of G" in page.evaluate("$('status').textContent")
    assert digest(page) == before


def test_data_can_be_drawn_with_the_mouse_and_with_the_keyboard(page):
    press(page, "draw")
    box = page.evaluate("$('plane').getBoundingClientRect().toJSON()")
    x, y = box["left"] + box["width"] * 0.75, box["top"] + box["height"] * 0.25
    page.mouse("mouseMoved", x, y)
    page.mouse("mousePressed", x, y, button="left", buttons=1, clickCount=1)
    page.mouse("mouseMoved", x + box["width"] / 8, y, button="left", buttons=1)
    page.mouse("mouseReleased", x + box["width"] / 8, y, button="left", clickCount=1)
    page.evaluate("$('plane').focus()")
    page.key("ArrowRight")
    page.key("Enter")
    press(page, "draw")
    page.wait("lab.still.settings.data === 'drawn'")
    points = page.evaluate("lab.still.settings.points")
    np.testing.assert_allclose(points, [[1, 1], [1.5, 1], [0.1, 0]], atol=0.03)
    act(page, "b", 5)
    assert page.evaluate("lab.frame.modes") is None


def test_a_point_tells_its_numbers_and_is_followed(page):
    x, y = page.evaluate(
        "(() => { const box = $('plane').getBoundingClientRect(), [x, y] = lab.plane.place(lab.frame.fake[7]);"
        "return [box.left + x, box.top + y]; })()"
    )
    page.mouse("mouseMoved", x, y)
    assert page.evaluate("$('tip').textContent").startswith("z (")
    page.mouse("mousePressed", x, y, button="left", clickCount=1)
    page.mouse("mouseReleased", x, y, button="left", clickCount=1)
    chosen = page.evaluate("lab.chosen")
    assert chosen >= 0
    told, point = (
        page.evaluate("$('about-point').textContent"),
        page.evaluate(f"call('point', {{index: {chosen}}})"),
    )
    assert f"D {point['D']:.3f}" in told and f"x ({point['x'][0]:.2f}" in told
    assert f"gradient ({point['gradient'][0]:.2f}".replace("-0.00", "0.00") in told.replace("-0.00", "0.00")
    act(page, "b", 5)
    assert page.evaluate("lab.plane.trail.length") >= 1
    page.evaluate("$('plane').focus()")
    page.key("ArrowRight")
    assert page.evaluate("lab.chosen") == (chosen + 1) % 300


def test_the_address_brings_everything_back(page, server):
    act(page, "b", 10)
    turn(page, "knob-r1_weight", "0.5")
    press(page, "step-d")
    page.evaluate("$('hide-source').click()")
    state, there = page.evaluate("location.href"), digest(page)
    assert page.evaluate("lab.frame.moment") == 11
    page.open(server.address)
    assert digest(page) != there
    page.open(state)
    assert digest(page) == there and page.evaluate("lab.frame.moment") == 11
    assert page.evaluate("getComputedStyle($('code-box')).display") == "none"
    assert page.evaluate("$('knob-r1_weight').value") == "0.5"


def test_an_address_that_makes_no_sense_is_told_and_does_no_harm(browser, server):
    for tail in ("#%7Bnonsense", "#" + quote('{"start": {"width": 1000000}}')):
        browser.open(server.address + tail)
        assert browser.evaluate("$('status').classList.contains('error')")


def test_the_script_that_is_copied_gives_the_same_numbers(page, server):
    act(page, "b", 7)
    press(page, "step-g")
    press(page, "copy")
    page.wait("lab.script")
    names = {"__name__": "script"}
    exec(compile(page.evaluate("lab.script"), "script.py", "exec"), names)  # noqa: S102 - our own script
    for a, b in zip(names["G"].arrays(), server.commands.session.model.G.arrays(), strict=True):
        assert np.array_equal(a, b)


def test_slow_motion_lights_the_lines_and_takes_one_step_of_each(page):
    page.evaluate(
        "lab.pause = 5; lab.seen = []; new MutationObserver(() => { const row = document.querySelector('#source .lit');"
        "if (row) lab.seen.push(row.textContent); }).observe($('source'), {subtree: true, attributes: true, attributeFilter: ['class']});"
    )
    page.evaluate("slowMotion()")
    seen = " ".join(page.evaluate("lab.seen"))
    for words in ("discriminator_loss", "generator_loss", "grad(loss", "6 arrays, norms"):
        assert words in seen
    assert page.evaluate("lab.frame.steps") == [1, 1]
    there, session = digest(page), Session(Settings(width=8, batch=20))
    session.act("d")
    session.act("g")
    assert there == session.digest()


def test_names_in_the_source_open_theirs(page):
    page.evaluate("showSource('d_step')")
    page.evaluate(
        "[...document.querySelectorAll('#source button')].find(b => b.textContent === 'grad').click()"
    )
    page.wait("$('source').textContent.includes('minigan/autograd.py')")


def test_the_graph_is_walked_from_the_loss_to_the_weights(page):
    page.evaluate("inOrder(showGraph)")
    assert page.evaluate("document.querySelectorAll('#graph g.box').length") > 20
    page.evaluate("lab.pause = 1; walkBack()")
    assert page.evaluate("document.querySelectorAll('#graph g.box:not(.lit)').length") == 0
    page.evaluate("document.querySelector('#graph g.box').dispatchEvent(new Event('click'))")
    assert page.evaluate("$('formula').textContent").strip()


def test_toggles_take_layers_from_the_plane(page):
    shot = "[...$('plane').getContext('2d').getImageData(0, 0, 500, 500).data].reduce((a, b) => (a * 31 + b) % 1e9, 7)"
    act(page, "b", 20)
    pictures = {page.evaluate(shot)}
    for name in ("surface", "real", "fake", "arrows", "grid", "centres"):
        page.evaluate(f"$('show-{name}').click()")
        pictures.add(page.evaluate(shot))
    assert len(pictures) == 7


def test_a_recorded_run_plays_at_once_without_a_server(browser, tmp_path):
    browser.complaints.clear()
    (tmp_path / "lab.html").write_text(
        recording.page(recording.record(Settings(width=8), steps=60, every=10))
    )
    browser.open((tmp_path / "lab.html").as_uri())
    browser.wait("lab.frame.moment === 60 && !lab.running")
    browser.evaluate("goTo(35)")
    assert browser.evaluate("lab.frame.moment") == 30
    assert browser.evaluate("lab.curves.moment.length") == 60
    assert browser.evaluate(
        "$('knob-width').disabled && $('source').textContent.includes('minigan/lab/model.py')"
    )
    browser.evaluate("$('restart').click(); lab.busy")
    assert browser.evaluate("lab.frame.moment") == 0
    assert browser.complaints == []
