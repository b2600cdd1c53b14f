"""A receiver of webhooks for tests: a real HTTP server on this machine that keeps what came, and answers as a test says."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Came:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The body, read."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed_with(self, secret: str) -> bool:
        """Whether one of its signatures is HMAC-SHA256 of the time, a point and the body: worked out here, not by the portal."""
        parts = [part.split("=", 1) for part in self.headers["Juyuan-Signature"].split(",")]
        sent_at = dict(parts)["t"]
        wanted = hmac.new(secret.encode(), f"{sent_at}.".encode() + self.body, hashlib.sha256).hexdigest()
        return wanted in [value for name, value in parts if name == "v1"]


@dataclass
class Receiver:
    """What came, and how the server behaves: the status by path (200 without one), words of the answer, a place to redirect to, seconds to wait."""

    port: int = 0
    came: list[Came] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    answer: str = "taken"
    redirects_to: str = ""
    slow: dict[str, float] = field(default_factory=dict)
    drips: bool = False

    def url(self, path: str = "/hooks", host: str = "127.0.0.1") -> str:
        """An address at this server."""
        return f"http://{host}:{self.port}{path}"

    def at(self, path: str) -> list[Came]:
        """What came to a path."""
        return [one for one in self.came if one.path == path]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver: Receiver = self.server.receiver  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        receiver.came.append(Came(self.path, dict(self.headers.items()), body))
        time.sleep(receiver.slow.get(self.path, 0))
        self.send_response(302 if receiver.redirects_to else receiver.statuses.get(self.path, 200))
        if receiver.redirects_to:
            self.send_header("Location", receiver.redirects_to)
        if receiver.drips:
            self.flush_headers()
            for _ in range(100):
                self.wfile.write(b"X-Drip: 1\r\n")
                time.sleep(0.1)
        self.send_header("Content-Length", str(len(receiver.answer.encode())))
        self.end_headers()
        self.wfile.write(receiver.answer.encode())

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Nothing on the terminal."""


@contextmanager
def open_receiver() -> Iterator[Receiver]:
    """A receiver for as long as a test needs it."""
    receiver = Receiver()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        server.receiver = receiver  # type: ignore[attr-defined]
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
