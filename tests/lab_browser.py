"""A headless browser for the tests of the laboratory's page, by the DevTools protocol over a small WebSocket."""

import base64
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
import urllib.request
from urllib.parse import quote


def program():
    """The path of a browser of the Chromium family, or None."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


class WebSocket:
    """A client that sends and receives text."""

    def __init__(self, address):
        host, port, path = re.fullmatch(r"ws://([^:/]+):(\d+)(/.*)", address).groups()
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.file = self.socket.makefile("rb")
        assert b"101" in self.file.readline()
        while self.file.readline().strip():
            pass

    def send(self, text):
        data, mask = text.encode(), os.urandom(4)
        size = len(data)
        head = bytes([0x81, 0x80 | size]) if size < 126 else bytes([0x81, 0xFE]) + struct.pack("!H", size)
        head = head if size < 65536 else bytes([0x81, 0xFF]) + struct.pack("!Q", size)
        masked = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
        self.socket.sendall(head + mask + masked)

    def receive(self):
        text = b""
        while True:
            first, second = self.file.read(2)
            size = second & 0x7F
            if size > 125:
                size = int.from_bytes(self.file.read(2 if size == 126 else 8), "big")
            text += self.file.read(size)
            if first & 0x80:
                return text.decode()

    def close(self):
        self.file.close()
        self.socket.close()


class Browser:
    """One page: `open` an address, `evaluate` JavaScript in it, and `complaints` of its console."""

    def __init__(self, folder, width=1280, height=800, flags=()):
        command = [
            program(), "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
            "--disable-background-networking", "--force-device-scale-factor=1", f"--user-data-dir={folder}",
            f"--window-size={width},{height}", *flags, "about:blank",
        ]  # fmt: skip
        # Debian's command is a script that starts the browser, so both are ended, as a group of processes.
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        port_file, deadline = folder / "DevToolsActivePort", time.monotonic() + 60
        while not port_file.exists() or not port_file.read_text().strip():
            assert time.monotonic() < deadline and self.process.poll() is None, "the browser does not start"
            time.sleep(0.1)
        port = port_file.read_text().split()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
            target = next(t for t in json.load(answer) if t["type"] == "page")
        self.socket, self.number, self.complaints = WebSocket(target["webSocketDebuggerUrl"]), 0, []
        for domain in ("Page", "Runtime", "Log"):
            self.command(f"{domain}.enable")
        self.size(width, height)

    def command(self, method, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.receive())
            self.note(message)
            if message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]

    def note(self, message):
        """Keep what the page complains of in its console."""
        parameters = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(parameters["exceptionDetails"])[:500])
        if message.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.complaints.append(parameters["entry"]["text"])
        if message.get("method") == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "assert"):
            self.complaints.append(str(parameters["args"])[:500])

    def open(self, address):
        """Go to an address in a new document, and wait until the page is ready."""
        self.command("Page.navigate", url="about:blank")
        self.command("Page.navigate", url=address)
        self.wait("document.body && document.body.dataset.ready === 'yes'")

    def evaluate(self, code):
        """The value of an expression, which may be a promise."""
        found = self.command(
            "Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True, timeout=300_000
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, condition, seconds=120):
        deadline = time.monotonic() + seconds
        while not self.evaluate(f"Boolean({condition})"):
            assert time.monotonic() < deadline, f"after {seconds} s not yet: {condition}; {self.complaints}"
            time.sleep(0.1)

    def mouse(self, kind, x, y, **parameters):
        self.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, **parameters)

    def key(self, key, code=None):
        for kind in ("keyDown", "keyUp"):
            self.command("Input.dispatchKeyEvent", type=kind, key=key, code=code or key)

    def size(self, width, height):
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def dark(self, on=True):
        features = [{"name": "prefers-color-scheme", "value": "dark" if on else "light"}]
        self.command("Emulation.setEmulatedMedia", features=features)

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.command("Page.captureScreenshot")["data"]))

    def close(self):
        self.socket.close()
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(20)


def address(server, state):
    """The address of the page of a server with a state in it."""
    return server.address + "#" + quote(json.dumps(state))


def press(page, name):
    page.evaluate(f"document.getElementById('{name}').click(); lab.busy")


def turn(page, name, value):
    """Change a control as a person does."""
    page.evaluate(
        f"(() => {{ const knob = document.getElementById('{name}'); knob.value = {json.dumps(value)};"
        "knob.dispatchEvent(new Event('change')); return lab.busy; })()"
    )
