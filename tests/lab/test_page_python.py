"""The Python tab in a real browser: the README's example, its graph and backward pass, endless loops, an exercise."""

import json

import lab_browser
import pytest
from exercise_solutions import SOLUTIONS
from lab_browser import press, turn

from minigan.lab.console import EXAMPLE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(lab_browser.program() is None, reason="there is no Chromium: apt install chromium"),
]


@pytest.fixture
def tab(page):
    page.evaluate("localStorage.clear()")
    press(page, "open-python")
    page.wait("$('code').value.length > 10")
    return page


def run(page, code=None, kind="run"):
    """What stands in the output after a run."""
    if code is not None:
        page.evaluate(f"$('code').value = {json.dumps(code)}")
    page.evaluate(f"runPython('{kind}')")
    return page.evaluate("$('printed').textContent")


def text(page, name):
    return page.evaluate(f"$('{name}').textContent")


def lit(page):
    return page.evaluate(
        "[...document.querySelectorAll('#typed-graph g.lit .title')].map(t => t.textContent)"
    )


def test_the_example_runs_and_its_graph_is_drawn(tab):
    assert tab.evaluate("$('code').value") == EXAMPLE
    tab.evaluate("$('code').focus()")
    tab.command("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", modifiers=2)
    tab.wait("document.querySelectorAll('#typed-graph rect.box').length === 3")
    assert "0.48052149" in text(tab, "printed") and "True" in text(tab, "printed")
    assert tab.evaluate("$('typed-graph').scrollWidth <= $('typed-graph').clientWidth"), "a small one fits"
    filled = tab.evaluate("getComputedStyle(document.querySelector('#typed-graph rect.page')).fill")
    tab.dark()
    assert tab.evaluate("getComputedStyle(document.querySelector('#typed-graph rect.page')).fill") != filled


def test_the_backward_pass_is_walked_step_by_step(tab):
    run(tab)
    assert lit(tab) == []
    told = []
    for number in (1, 2, 3):
        press(tab, "back-step")
        assert text(tab, "back-count") == f"{number} of 3"
        told += [(lit(tab), text(tab, "back-words").split(".\n")[0])]
    assert [boxes for boxes, _ in told] == [["loss  #4"], ["tanh  #3"], ["matrix_product  #2"]]
    assert told[2][1] == "matrix_product #2 (1, 1): ‖g‖ 0.961" and "to w #1" in text(tab, "back-words")
    assert tab.evaluate("$('back-step').disabled")
    reached = "[...document.querySelectorAll('#typed-graph g.reached .title')].map(t => t.textContent).sort()"
    assert tab.evaluate(reached) == ["loss  #4", "tanh  #3", "w  #1", "x  #0"]
    press(tab, "back-start")
    assert lit(tab) == [] and not tab.evaluate("$('back-step').disabled")
    tab.evaluate("lab.pause = 1; walkTyped()")
    assert lit(tab) == ["matrix_product  #2"]


def test_check_grad_is_one_button(tab):
    press(tab, "python-grad")
    tab.wait("$('printed').textContent.includes('check_grad: the derivatives by x, w agree')")


def test_an_error_shows_the_typed_lines_and_a_later_run_is_free_of_it(tab):
    shown = run(tab, "def f(x):\n    return x.nothing\nf(3)")
    assert "line 2, in f: return x.nothing" in shown and "AttributeError" in shown and "typed.py" not in shown
    assert "There is no graph" in text(tab, "typed-graph") and tab.evaluate("$('back-step').disabled")
    assert run(tab, "print('<b>bold</b>')") == "<b>bold</b>\n"
    assert tab.evaluate("document.querySelector('#printed b')") is None


def test_a_loop_without_end_is_stopped_while_the_plane_still_learns(tab):
    tab.evaluate("void ($('code').value = 'print(7, flush=True)\\nwhile True: pass', runPython('run'))")
    tab.wait("$('printed').textContent.startsWith('7')")
    tab.evaluate("inOrder(async () => take(await call('act', {action: 'b', n: 2, since: since()})))")
    assert tab.evaluate("lab.frame.moment") == 2
    press(tab, "python-stop")
    tab.wait("$('python-stop').disabled", 30)
    assert text(tab, "printed") == "7\nStopped."


def test_an_exercise_that_is_not_solved_fails_and_its_solution_passes(tab):
    assert tab.evaluate("$('file').options.length") == 31 and tab.evaluate("$('hint').hidden")
    turn(tab, "file", 1)
    tab.wait("$('code').value.includes('cube')")
    press(tab, "hint")
    tab.wait("$('hints').children.length === 1")
    assert text(tab, "hint") == "Hint 2 of 2"
    assert "the three dots are still there" in run(tab, kind="exercise")
    source = tab.evaluate("$('code').value")
    ((old, new),) = SOLUTIONS[1]
    assert run(tab, source.replace(old, new), "exercise") == "Solved."
    assert tab.evaluate("$('file').options[1].textContent").startswith("✓ 1.")
    turn(tab, "file", 0)
    tab.wait("$('code').value.includes('check_grad')")
    turn(tab, "file", 1)
    tab.wait(f"$('code').value.includes({json.dumps(new)})")
    press(tab, "file-reset")
    tab.wait(f"!$('code').value.includes({json.dumps(new)})")


def test_what_was_typed_is_there_again_after_the_page_is_loaded_anew(tab, server):
    run(tab, "print(1)  # mine")
    tab.open(server.address)
    press(tab, "open-python")
    tab.wait("$('code').value.length > 3")
    assert tab.evaluate("$('code').value") == "print(1)  # mine"


def test_the_field_indents_and_can_be_left_with_the_keyboard(tab):
    tab.evaluate("$('code').value = 'def f():'; $('code').focus(); $('code').setSelectionRange(8, 8)")
    tab.key("Enter")
    assert tab.evaluate("$('code').value") == "def f():\n    "
    tab.key("Tab")
    assert tab.evaluate("$('code').value") == "def f():\n        "
    tab.key("Escape")
    tab.command("Input.dispatchKeyEvent", type="rawKeyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)
    assert tab.evaluate("document.activeElement.id") != "code"
    assert tab.evaluate("$('code').value") == "def f():\n        "


def test_the_tab_is_within_1280_by_800_and_every_control_has_a_name(tab):
    run(tab)
    for dark in (False, True):
        tab.dark(dark)
        size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        assert tab.evaluate(size) == [1280, 800]
        assert tab.evaluate("$('back-words').getBoundingClientRect().bottom <= 800")
    tab.command("Accessibility.enable")
    nodes = tab.command("Accessibility.getFullAXTree")["nodes"]
    controls = [n for n in nodes if n.get("role", {}).get("value") in
                ("button", "combobox", "textbox", "tab", "image", "region", "log")]  # fmt: skip
    assert len(controls) > 12
    assert [n["role"] for n in controls if not n.get("name", {}).get("value") and not n["ignored"]] == []
    tab.size(820, 1180)
    assert tab.evaluate("document.documentElement.scrollWidth <= 820")
