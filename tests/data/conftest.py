"""A web server on the loopback address and a tiny stand-in for the published MNIST files."""

import gzip
import hashlib
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from minigan.data import download, mnist


class Server:
    """Serves `files` (path -> bytes); `faults` (path -> word) says what goes wrong, and how."""

    def __init__(self, url):
        self.url = url
        self.files = {}
        self.faults = {}
        self.requests = []  # (path, Range header or None)


@pytest.fixture
def server(monkeypatch):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked_range = self.headers.get("Range")
            site.requests.append((self.path, asked_range))
            fault = site.faults.get(self.path)
            body = site.files.get(self.path)
            if fault == "forbidden":
                return self.send_error(403)
            if body is None:
                return self.send_error(404)
            if fault == "redirect to ftp":
                self.send_response(302)
                self.send_header("Location", "ftp://127.0.0.1" + self.path)
                return self.end_headers()

            start = 0
            if asked_range and fault != "no ranges":
                start = int(asked_range.removeprefix("bytes=").removesuffix("-"))
                if start >= len(body):
                    return self.send_error(416)
                self.send_response(206)
                first = 0 if fault == "wrong range" else start
                self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
            else:
                self.send_response(200)
            body = body[start:]
            if fault != "no length":
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if fault == "slow":
                time.sleep(0.4)
            self.wfile.write(body[: len(body) // 2] if fault == "interrupted" else body)

        def log_message(self, *arguments):
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Server(f"http://127.0.0.1:{httpd.server_port}")
    threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setattr(download, "SCHEMES", ("http",))  # the package itself allows only https
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("MINIGAN_OFFLINE", raising=False)
    yield site
    httpd.shutdown()
    httpd.server_close()


def idx_bytes(array, code=0x08):
    """The IDX file of an array whose type has this code."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


class TinyMNIST:
    """Arrays, IDX bytes and names of a full set of 20 training and 10 test images."""

    def __init__(self):
        random = np.random.default_rng(0)
        self.arrays, self.contents, self.published = {}, {}, {}
        for split, n in ("train", 20), ("test", 10):
            images = random.integers(256, size=(n, 28, 28), dtype=np.uint8)
            labels = random.integers(10, size=n, dtype=np.uint8)
            self.arrays[split] = images, labels
            self.published[split] = tuple(
                self._publish(file.name, array)
                for file, array in zip(mnist.FILES[split], (images, labels), strict=True)
            )

    def _publish(self, name, array):
        content = self.contents[name] = idx_bytes(array)
        return mnist.Published(name, len(content), hashlib.sha256(content).hexdigest())

    def write(self, folder, packed):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.contents.items():
            if packed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(content))
            else:
                (folder / name).write_bytes(content)

    def serve(self, server, prefix):
        for name, content in self.contents.items():
            server.files[f"{prefix}{name}.gz"] = gzip.compress(content)


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """An empty cache folder, and no other place to look into."""
    monkeypatch.delenv("MINIGAN_DATA", raising=False)
    monkeypatch.setattr(mnist, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def tiny(monkeypatch, cache):
    """The tiny set in place of the published one, with the network refused."""
    tiny = TinyMNIST()
    monkeypatch.setattr(mnist, "FILES", tiny.published)
    monkeypatch.setenv("MINIGAN_OFFLINE", "1")
    return tiny
