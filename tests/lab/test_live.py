"""The page that runs Python itself, in a real browser: WebAssembly does what the server does.

Pyodide and its NumPy are fetched once into the cache (tools/fetch_pyodide.py); where they cannot be had, or where
there is no browser, the tests are left out and say why.
"""

import importlib.util
import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import lab_browser
import numpy as np
import pytest

from minigan.lab import webassembly
from minigan.lab.frame import frame
from minigan.lab.knobs import Settings
from minigan.lab.server import Server, serve
from minigan.lab.session import Session

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(lab_browser.program() is None, reason="there is no Chromium: apt install chromium"),
]
TOOL = Path(__file__).parents[2] / "tools" / "fetch_pyodide.py"
SMALL = {"start": {"width": 8, "batch": 20}}


@pytest.fixture(scope="module")
def pyodide():
    """The folder with Pyodide."""
    specification = importlib.util.spec_from_file_location("fetch_pyodide", TOOL)
    tool = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(tool)
    try:
        return tool.fetch(tool.cache())
    except OSError as error:
        pytest.skip(f"Pyodide cannot be had here: {error}")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def address(pyodide, tmp_path_factory):
    """The address of a site with the page, served as a site of documentation is."""
    folder = tmp_path_factory.mktemp("site")
    webassembly.write(folder, pyodide, steps=60)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/laboratory.html"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = lab_browser.Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def live(browser, address):
    """The page with Python in it."""
    browser.open(address + "#" + quote(json.dumps(SMALL)))
    browser.wait("lab.frame.moment > 0")  # the recorded run plays before anything is loaded
    browser.evaluate("lab.shares = []; new MutationObserver(() => lab.shares.push($('loading').value))"
                     ".observe($('loading'), {attributes: true}); $('live').click()")  # fmt: skip
    browser.wait("!engine.now.recorded && $('status').textContent.includes('press Run')", 300)
    return browser


@pytest.fixture
def page(live):
    """At the beginning of a training with small networks; afterwards, no complaint."""
    live.complaints.clear()
    begin(live, SMALL["start"])
    yield live
    live.evaluate("lab.busy")
    assert live.complaints == []


def begin(page, settings):
    page.evaluate(f"start({json.dumps(settings)})")


def act(page, action, n):
    page.evaluate(
        f"inOrder(async () => take(await call('act', {{action: '{action}', n: {n}, since: since()}})))"
    )


def digest(page):
    return page.evaluate("lab.busy.then(() => call('digest')).then(answer => answer.digest)")


def test_loading_shows_how_much_has_come_and_afterwards_everything_can_be_used(live):
    shares = live.evaluate("lab.shares")
    assert len(shares) > 10 and shares == sorted(shares) and 0.9 < shares[-1] < 1.1
    assert live.evaluate("$('loading').hidden && $('live').hidden")
    assert (
        live.evaluate(
            "document.querySelectorAll('header :disabled:not([hidden]), #page-plane :disabled').length"
        )
        == 0
    )
    assert live.evaluate("lab.still.settings.width") == 8, "the address says so"
    assert live.complaints == []


def test_the_numbers_are_those_of_the_native_ones(page):
    act(page, "b", 20)
    act(page, "d", 1)
    session = Session(Settings(**SMALL["start"]))
    session.act("b", 20)
    session.act("d")
    there = page.evaluate(
        "({ ...lab.frame, surface: [...lab.frame.surface], d_fake: [...lab.frame.d_fake] })"
    )
    here = frame(session)
    for name in ("fake", "arrows", "d_fake", "grid"):
        np.testing.assert_allclose(there[name], here[name], atol=1e-4, err_msg=name)
    np.testing.assert_allclose(there["surface"], here["surface"].astype(float), atol=1)
    assert there["log"] == here["log"] and there["steps"] == here["steps"]


def test_three_thousand_steps_find_all_eight_modes(page):
    begin(page, {})
    page.evaluate("document.getElementById('speed').value = 20; document.getElementById('run').click()")
    page.wait("lab.frame.moment >= 3000", 400)
    page.evaluate("lab.running && document.getElementById('run').click()")
    page.evaluate("goTo(3000)")
    assert page.evaluate("lab.frame.modes")["covered"] == 8


def test_back_in_time_the_state_is_the_one_that_was_there_and_training_goes_on_from_it(page):
    act(page, "b", 30)
    early = digest(page)
    act(page, "b", 20)
    late = digest(page)
    assert early != late
    page.evaluate("$('moment').value = 30; $('moment').dispatchEvent(new Event('input')); lab.busy")
    assert digest(page) == early and page.evaluate("lab.frame.moment") == 30
    act(page, "b", 20)
    assert digest(page) == late


def test_the_address_brings_the_state_back(page):
    act(page, "b", 10)
    page.evaluate("change({r1_weight: 0.5}); step('d')")
    there, state = digest(page), page.evaluate("location.hash")
    begin(page, {"seed": 5})
    assert digest(page) != there
    page.evaluate(f"location.hash = {json.dumps(state)}")
    page.wait("lab.frame.moment === 11 && lab.still.settings.seed === 0")
    assert digest(page) == there


def test_slow_motion_sources_and_graph_work_as_well(page):
    page.evaluate("lab.pause = 1; slowMotion()")
    assert page.evaluate("lab.frame.steps") == [1, 1]
    page.evaluate("inOrder(() => showSource('grad'))")
    assert "minigan/autograd.py" in page.evaluate("$('source').textContent")
    page.evaluate("inOrder(showGraph)")
    assert page.evaluate("document.querySelectorAll('#graph g.box').length") > 20


def test_an_error_in_python_is_told_in_its_sentence(page):
    page.evaluate("start({width: 1e6})")
    assert page.evaluate("$('status').textContent").startswith("Settings: width is 1000000")


def test_without_a_network_one_sentence_says_so_and_the_recorded_run_plays_on(browser, address, tmp_path):
    page = lab_browser.Browser(tmp_path)
    try:
        page.open(address)
        assert page.evaluate(
            "document.documentElement.scrollHeight <= 800 && $('knobs').scrollHeight <= $('knobs').clientHeight"
        )
        page.evaluate("document.body.dataset.pyodide = 'http://127.0.0.1:9/'; $('live').click()")
        page.wait("$('status').classList.contains('error')")
        assert page.evaluate("$('status').textContent").startswith("Python cannot be loaded (")
        assert page.evaluate("$('live').disabled || $('live').hidden || !$('loading').hidden") is False
        page.evaluate("goTo(30)")
        assert page.evaluate("lab.frame.moment") == 30
    finally:
        page.close()


def test_the_local_server_brings_pyodide_from_its_folder_under_its_policy(pyodide, tmp_path):
    server = Server(grace=1e9, pyodide=pyodide)
    thread = threading.Thread(target=serve, args=(server,), daemon=True)
    thread.start()
    page = lab_browser.Browser(tmp_path)
    try:
        page.open(server.address + "#" + quote(json.dumps(SMALL)))
        act(page, "b", 3)
        assert page.evaluate("lab.frame.moment") == 3 and page.evaluate("engine.now instanceof PythonWorker")
        assert server.commands.session.now == 0, "the server has computed nothing"
        assert page.complaints == []
    finally:
        page.close()
        server.was_open, server.pages, server.left = True, 0, -2e9
        thread.join(10)


def test_the_other_tabs_work_without_a_server(page):
    page.evaluate("localStorage.clear(); $('open-digits').click(); lab.busy")
    page.wait("digits.answer && digits.answer.of === 'digits'")
    page.evaluate("$('samples').children[3].click(); lab.busy")
    page.evaluate("$('samples').children[7].click(); lab.busy")
    assert page.evaluate("digits.walk.length") == 33
    page.evaluate("$('small-run').click()")
    page.wait("digits.curves.step.length >= 40", 200)
    page.evaluate("$('small-run').click()")
    page.wait("$('small-run').textContent === 'Train on'")
    page.evaluate("lab.busy")
    page.evaluate("$('open-python').click()")
    page.wait("$('code').value.length > 10")
    page.evaluate("runPython('check')")
    printed = page.evaluate("$('printed').textContent")
    assert "0.48052149" in printed and "check_grad: the derivatives by x, w agree" in printed
    page.evaluate("stepBack()")
    assert page.evaluate("document.querySelectorAll('#typed-graph g.lit').length") == 1
    page.evaluate("openFile(1)")
    page.evaluate("runPython('exercise')")
    assert "the three dots are still there" in page.evaluate("$('printed').textContent")
    page.evaluate("openFile(0)")


def test_a_loop_without_end_is_stopped_with_its_python_and_a_new_one_begins(page):
    page.evaluate("$('open-python').click()")
    page.wait("$('code').value.length > 10")
    page.evaluate("void ($('code').value = 'while True: pass', runPython('run'))")
    page.wait("!$('python-stop').disabled")
    page.evaluate("$('python-stop').click()")
    page.wait("$('python-stop').disabled && $('status').textContent === 'Stopped'", 200)
    page.evaluate("$('code').value = 'print(5)'; runPython('run')")
    assert page.evaluate("$('printed').textContent") == "5\n"
    page.evaluate("localStorage.clear(); $('open-plane').click(); lab.busy")
