"""A portal on a database of its own, served by gunicorn's workers, and browsers that speak HTTP with it."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask

from models import db
from portal import create_app
from tests.people import token_in
from tests.places import Place, migrated_place

GUNICORN = ("--worker-class", "gthread", "--threads", "8", "--preload", "--timeout", "300", "--graceful-timeout", "10", "--log-level", "critical", "tests.guard.entry:entry()")
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def location(self) -> str:
        """Where it leads."""
        return self.headers.get("Location", "")


@dataclass
class Browser:
    """Holds cookies; each request is a connection of its own, so that any worker may answer."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def ask(self, method: str, path: str, fields: dict[str, Any] | None = None) -> Answer:
        """One request; cookies that come back are kept."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **self.headers}
        body = None
        if fields is not None:
            body, headers["Content-Type"] = urlencode(fields, doseq=True), "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read().decode(errors="replace"))
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";", 1)[0].partition("=")
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return answer

    def get(self, path: str) -> Answer:
        """Open a page."""
        return self.ask("GET", path)

    def post(self, path: str, **fields: Any) -> Answer:
        """Send a form with its token, which is fetched where none is held yet."""
        if not self.token:
            self.token = token_in(self.get("/forgot").text)
        return self.ask("POST", path, {"csrf_token": self.token, **fields})


@dataclass(frozen=True)
class Served:
    """A portal that is being served, and the same portal in this process, by which its people are made."""

    port: int
    app: Flask
    place: Place

    def browser(self, **more: Any) -> Browser:
        """A new browser."""
        return Browser(self.port, **more)

    def holding(self, token: str) -> Browser:
        """A browser that holds a session's token."""
        return self.browser(cookies={self.app.config["SIGN_IN_COOKIE"]: token})


@contextmanager
def served(database: str = "", *, of: Place | None = None, workers: int = 4, fault: str = "", **settings: Any) -> Iterator[Served]:
    """Serve a new, empty portal, or a copy of one; all of it is gone afterwards. `database`: address of a PostgreSQL server, else SQLite."""
    with tempfile.TemporaryDirectory(prefix="juyuan-guard-") as folder:
        place = of.copy(Path(folder) / "instance") if of else migrated_place(Path(folder) / "instance", database)
        app = create_app(place.settings(**settings))
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", str(workers), *GUNICORN],
            cwd=ROOT,
            env=_environment(place, fault, settings),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(port, process)
            yield Served(port, app, place)
        finally:
            stop(process)
            with app.app_context():
                db.session.remove()
                db.engine.dispose()
            place.drop()


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started here."""
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _environment(place: Place, fault: str, settings: dict[str, Any]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    told = {name: getattr(place.settings(**settings), name) for name in ("instance", "database_url", "testing", "password_cost", "locale", "proxies")}
    return kept | {f"PORTAL_{name.upper()}": str(int(value) if isinstance(value, bool) else value) for name, value in told.items()} | {"GUARD_FAULT": fault}


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a portal answers. Raises AssertionError where it does not."""
    for _ in range(600):
        assert process.poll() is None, "the portal did not start"
        try:
            if Browser(port).get("/healthz").status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the portal does not answer")
