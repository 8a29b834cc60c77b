"""A server of the laboratory and a headless browser, for the tests of the page."""

import threading

import lab_browser
import pytest

from minigan.lab.server import Server, serve


@pytest.fixture(scope="module")
def server():
    server = Server(grace=1e9)
    thread = threading.Thread(target=serve, args=(server,), daemon=True)
    thread.start()
    yield server
    server.was_open, server.pages, server.left = True, 0, -2e9
    thread.join(10)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = lab_browser.Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def page(browser, server):
    """The page at the beginning of a training with small networks; afterwards, no complaint."""
    browser.complaints.clear()
    browser.size(1280, 800)
    browser.dark(False)
    browser.open(lab_browser.address(server, {"start": {"width": 8, "batch": 20}}))
    yield browser
    browser.evaluate("lab.busy")
    assert browser.complaints == []
