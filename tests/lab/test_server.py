"""The server answers its own page on this machine, and nobody else; it ends when the page is closed."""

import http.client
import json
import socket
import subprocess
import sys
import threading
import time

import pytest

from minigan.lab import webassembly
from minigan.lab.__main__ import main
from minigan.lab.server import FILES, LARGEST, Server, serve


@pytest.fixture
def server():
    server = Server(grace=0.2)
    thread = threading.Thread(target=serve, args=(server,), daemon=True)
    thread.start()
    yield server
    server.was_open, server.left = True, -1e9  # deserted: the loop ends by itself
    thread.join(10)
    assert not thread.is_alive()


def ask(server, method="POST", path=None, body=b'{"command": "digest"}', headers=None, host=None):
    """Status, headers and body of the answer to one request."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    path = f"/{server.token}/command" if path is None else path.replace("TOKEN", server.token)
    usual = {"Content-Type": "application/json", "Content-Length": str(len(body))} if method == "POST" else {}
    connection.putrequest(method, path, skip_host=True)
    for name, value in (
        {"Host": host or f"127.0.0.1:{server.server_port}"} | usual | (headers or {})
    ).items():
        if value is not None:
            connection.putheader(name, value)
    connection.endheaders(body if method == "POST" else None)
    answer = connection.getresponse()
    found = answer.status, answer.headers, answer.read()
    connection.close()
    return found


def test_a_command_is_answered_in_json(server):
    status, headers, body = ask(server)
    assert status == 200 and headers["Content-Type"] == "application/json"
    assert len(json.loads(body)["digest"]) == 16


def test_the_page_and_its_files_are_there_and_forbid_foreign_scripts(server):
    for name in FILES:
        status, headers, body = ask(server, "GET", f"/TOKEN/{name}")
        assert status == 200 and body
        assert "script-src 'self'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"


def test_with_pyodide_its_files_and_the_source_are_in_the_table_and_nothing_else(tmp_path):
    (tmp_path / "secret").write_text("secret")
    for name in webassembly.CORE:
        (tmp_path / name).write_text(json.dumps({"packages": {"numpy": {"file_name": "numpy.whl"}}}))
    (tmp_path / "numpy.whl").write_text("numpy")
    for pyodide, there in ((tmp_path, 200), (None, 404)):
        server = Server(grace=0.2, pyodide=pyodide)
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        for name in (*webassembly.CORE, "numpy.whl", "minigan.zip"):
            assert ask(server, "GET", f"/TOKEN/{name}")[0] == there
        assert ask(server, "GET", "/TOKEN/secret")[0] == 404
        assert ask(server, "GET", "/TOKEN/pyodide.asm.wasm")[1]["Content-Type"] in (
            "application/wasm",
            "text/plain",
        )
        assert (b'data-pyodide="./"' in ask(server, "GET", "/TOKEN/")[2]) == bool(pyodide)
        server.was_open, server.left = True, -1e9
        thread.join(10)


def test_localhost_is_this_machine_too(server):
    port = server.server_port
    assert ask(server, host=f"localhost:{port}", headers={"Origin": f"http://localhost:{port}"})[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:80"])
def test_another_host_is_refused(server, host):
    assert ask(server, host=host)[0] == 421
    assert ask(server, "GET", "/TOKEN/", host=host)[0] == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"])
def test_another_origin_is_refused(server, origin):
    assert ask(server, headers={"Origin": origin})[0] == 403


@pytest.mark.parametrize(
    "path", ["/", "/command", "//command", "/wrong/command", "/TOKENx/command", "*", "/%2e/"]
)
def test_a_wrong_token_is_refused(server, path):
    assert ask(server, path=path)[0] == 403
    assert ask(server, "GET", path)[0] == 403


@pytest.mark.parametrize(
    "path",
    ["/TOKEN", "/TOKEN/session.py", "/TOKEN/../lab.css", "/TOKEN/lab.css/..", "/TOKEN/%2e%2e/lab.css", "/TOKEN//lab.css",
     "/TOKEN/..%2fknobs.py", "/TOKEN/lab.css?x", "/TOKEN//etc/passwd", "/TOKEN/../../../../etc/passwd"],
)  # fmt: skip
def test_tricks_with_paths_find_nothing(server, path):
    assert ask(server, "GET", path)[0] == 404
    assert ask(server, "POST", path)[0] == 404


def test_a_large_body_is_refused_before_it_is_read(server):
    assert ask(server, body=b"", headers={"Content-Length": str(LARGEST + 1)})[0] == 413


@pytest.mark.parametrize("length", ["-1", "x", "²", "", None])
def test_a_body_without_a_length_is_refused(server, length):
    headers = {"Content-Length": length and length.encode()}
    assert ask(server, body=b"", headers=headers)[0] == 411


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_what_a_foreign_form_could_send_is_refused(server, kind):
    assert ask(server, headers={"Content-Type": kind})[0] == 415


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD"])
def test_other_methods_are_refused(server, method):
    assert ask(server, method, "/TOKEN/")[0] == 501


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", "Expecting"),
        (b"[]", "command is None"),
        (b'{"command": "__init__"}', "command is '__init__'"),
        (b'{"command": "session"}', "command is 'session'"),
        (b'{"command": "act", "action": "b", "power": 1}', "unexpected keyword"),
        (b'{"command": "act", "action": "b", "n": 0}', "n is 0"),
        (b'{"command": "start", "settings": {"width": 1e9}}', "width is 1000000000"),
        (b'{"command": "go_to", "moment": 7}', "is not kept"),
        (b"\xff", "decode"),
        (b"[" * 100_000, "recursion"),
    ],
)
def test_a_command_that_cannot_be_is_answered_with_a_sentence(server, body, sentence):
    status, _, answer = ask(server, body=body)
    assert status == 200 and sentence in json.loads(answer)["error"]
    assert ask(server)[0] == 200, "the server lives on"


def test_the_server_ends_when_the_page_is_closed():
    server = Server(grace=0.2)
    thread = threading.Thread(target=serve, args=(server,), daemon=True)
    thread.start()
    page = socket.create_connection(("127.0.0.1", server.server_port))
    page.sendall(
        f"GET /{server.token}/alive HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\n\r\n".encode()
    )
    assert b"200" in page.recv(100)
    time.sleep(1)
    assert thread.is_alive()
    page.close()
    thread.join(15)
    assert not thread.is_alive()


def test_the_command_prints_its_address_and_ends_with_ctrl_c():
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "from minigan.lab.__main__ import main; main(['--no-browser'])"
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout.readline().startswith("http://127.0.0.1:")
        program.send_signal(2)
        assert program.communicate(timeout=30) == ("", "") and program.returncode == 0


def test_the_help_tells_the_defaults(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert capsys.readouterr().out.count("default") == 5


def test_a_port_that_cannot_be_used_is_told(server, capsys):
    for port in (server.server_port, 70_000):
        with pytest.raises(SystemExit):
            main(["--no-browser", "--port", str(port)])
    assert "cannot be used" in (told := capsys.readouterr().err) and "expected 0 to 65535" in told


@pytest.mark.parametrize(
    "refused",
    [
        {"headers": {"Origin": "http://evil.example"}},
        {"host": "evil.example"},
        {"path": "/wrong/command"},
        {"headers": {"Content-Type": "text/plain"}},
        {"method": "GET"},
    ],
)
def test_code_of_strangers_is_not_run(server, tmp_path, refused):
    source = f"open({str(tmp_path / 'was_here')!r}, 'w').close()"
    body = json.dumps({"command": "run_python", "source": source}).encode()
    assert ask(server, **{"path": "/TOKEN/command", "body": body} | refused)[0] in (403, 404, 415, 421)
    assert server.commands.console.child is None
    assert ask(server, body=body)[0] == 200, "that of the page is"
    deadline = time.monotonic() + 60
    while json.loads(ask(server, body=b'{"command": "python_state"}')[2])["running"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert (tmp_path / "was_here").exists()


def test_the_end_of_the_server_ends_the_typed_code():
    server = Server()
    server.commands.answer("run_python", {"source": "while True: pass"})
    process = server.commands.console.child.process
    assert process.poll() is None
    server.server_close()
    assert process.poll() is not None


@pytest.mark.parametrize("name", ["pictures", "walk", "train", "run_python", "hint", "exercise"])
def test_the_commands_of_the_other_tabs_answer_nonsense_with_a_sentence(server, name):
    for arguments in ({}, {"of": [], "n": {}, "number": "x", "source": None}, {"number": 1e300, "of": None}):
        answer = json.loads(ask(server, body=json.dumps({"command": name} | arguments).encode())[2])
        assert answer["error"]
