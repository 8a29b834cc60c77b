"""The server of the laboratory: the page and its commands, for this machine and for who knows the token only.

Of every request the host must be this machine's, the origin that of the page, and the path must begin with a
random token.  Files are found in a table, never by a path.  The server ends when the page has been closed.
"""

from __future__ import annotations

import secrets
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from minigan.lab import webassembly
from minigan.lab.commands import Commands
from minigan.lab.recording import SCRIPTS, runs_here

HERE = Path(__file__).parent
FILES = {"": "page.html"} | {name: name for name in ("lab.css", "worker.js", *SCRIPTS)}
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".zip": "application/zip",
}
LARGEST = 2**18  # bytes of a command
GRACE = 5.0  # seconds without a page after which the server ends: reloading it takes less
POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; connect-src 'self'"


class Refused(Exception):
    """A request that is not answered, with the status that says why."""


class Server(ThreadingHTTPServer):
    """Serves one session on 127.0.0.1; port 0 is any that is free.

    With a folder that holds Pyodide, the page does not ask this session, but runs Python itself.
    """

    daemon_threads = True

    def __init__(self, port: int = 0, grace: float = GRACE, pyodide: Path | None = None):
        self.files = {name: HERE / file for name, file in FILES.items()}
        self.pyodide = pyodide is not None
        if pyodide is not None:
            self.files |= {path.name: path for path in webassembly.files(pyodide)}
        self.commands, self.lock = Commands(), threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)
        self.token = secrets.token_urlsafe(24)
        self.pages, self.left, self.grace = 0, time.monotonic(), grace
        self.was_open = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/{self.token}/"

    def server_close(self) -> None:
        self.commands.close()
        super().server_close()

    def is_deserted(self) -> bool:
        """The page was open, and has been closed for a while."""
        return self.was_open and not self.pages and time.monotonic() - self.left > self.grace


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        self.answered(self.get)

    def do_POST(self) -> None:
        self.answered(self.post)

    def answered(self, answer: Any) -> None:
        try:
            answer(self.checked())
        except Refused as refused:
            status = refused.args[0]
            self.close_connection = True
            self.send(status, f"{status.value} {status.phrase}\n".encode(), "text/plain")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def checked(self) -> str:
        """What stands after the token in the path of a request that may be answered."""
        hosts = {f"{name}:{self.server.server_port}" for name in ("127.0.0.1", "localhost")}
        if self.headers.get_all("Host", []) not in [[host] for host in hosts]:
            raise Refused(HTTPStatus.MISDIRECTED_REQUEST)
        if self.headers.get("Origin") not in {None, *(f"http://{host}" for host in hosts)}:
            raise Refused(HTTPStatus.FORBIDDEN)
        _, token, *rest = [*self.path.split("/"), ""][:4]
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            raise Refused(HTTPStatus.FORBIDDEN)
        return rest[0]

    def get(self, name: str) -> None:
        if self.path == f"/{self.server.token}/alive":
            return self.stay()
        if self.path != f"/{self.server.token}/{name}":
            raise Refused(HTTPStatus.NOT_FOUND)
        if self.server.pyodide and name == "minigan.zip":
            return self.send(HTTPStatus.OK, webassembly.source(), KINDS[".zip"])
        if name not in self.server.files:
            raise Refused(HTTPStatus.NOT_FOUND)
        path = self.server.files[name]
        body = path.read_bytes()
        if self.server.pyodide and name == "":
            body = runs_here(body.decode(), "./").encode()
        self.send(HTTPStatus.OK, body, KINDS.get(path.suffix, "application/octet-stream"))

    def post(self, name: str) -> None:
        if self.path != f"/{self.server.token}/command":
            raise Refused(HTTPStatus.NOT_FOUND)
        if self.headers.get("Content-Type") != "application/json":
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            raise Refused(HTTPStatus.LENGTH_REQUIRED)
        if int(length) > LARGEST:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        with self.server.lock:
            answer = self.server.commands.reply(self.rfile.read(int(length)))
        self.send(HTTPStatus.OK, answer, "application/json")

    def stay(self) -> None:
        """A stream that never ends, by which the server sees whether the page is still there."""
        with self.server.lock:
            self.server.pages += 1
            self.server.was_open = True
        try:
            self.close_connection = True
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            while True:
                self.wfile.write(b": alive\n\n")
                time.sleep(0.5)
        finally:
            with self.server.lock:
                self.server.pages -= 1
                self.server.left = time.monotonic()

    def send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", POLICY),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: requests come many times a second."""


def serve(server: Server) -> None:
    """Answer until the page is closed."""
    with server:
        server.timeout = 0.5  # seconds after which to look whether somebody is there
        while not server.is_deserted():
            server.handle_request()
