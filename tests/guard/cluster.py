"""Several processes of one portal, as several hosts would run them: each with a folder of its own, keys from the settings, one database."""

from __future__ import annotations

import base64
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from flask import Flask

from models import db
from portal import create_app
from portal.settings import Settings
from tests.guard.served import GUNICORN, ROOT, Browser, free_port, stop, wait_for
from tests.places import migrated_place

STALE_AFTER = 4
"""Seconds of silence after which these workers take a job up again."""
_TAKEN = re.compile(r"job (\S+) \((\S+)\): attempt (\d+)")
_ENDED = re.compile(r"job (\S+): (done|failed|cancelled|waiting|.*another worker)")


@dataclass
class Worker:
    """A worker's process and what it says."""

    name: str
    process: subprocess.Popen[bytes]
    said: Path

    def taken(self) -> list[tuple[str, str, int]]:
        """Which jobs it took: number, kind, attempt."""
        return [(job, kind, int(attempt)) for job, kind, attempt in _TAKEN.findall(self.said.read_text(errors="replace"))]

    def busy_with(self, job: str) -> bool:
        """Whether it took a job and has not said how that ended."""
        text = self.said.read_text(errors="replace")
        return any(one == job for one, *_ in self.taken()) and not any(one == job for one, _ in _ENDED.findall(text))


@dataclass
class Cluster:
    """The web processes' ports, the workers, and the same portal in this process, by which people are made and books read."""

    app: Flask
    ports: list[int]
    workers: list[Worker]
    asked: int = 0
    killed: str = ""
    pages: Counter[int] = field(default_factory=Counter)

    def browser(self, token: str, form_token: str = "") -> Browser:
        """A browser of a signed-in person whose requests go to the web processes in turn."""
        self.asked += 1
        port = self.ports[self.asked % len(self.ports)]
        self.pages[port] += 1
        return Browser(port, {self.app.config["SIGN_IN_COOKIE"]: token}, token=form_token)

    def kill(self, worker: Worker) -> None:
        """SIGKILL, as a host's power cut would."""
        worker.process.kill()
        worker.process.wait()
        self.killed = worker.name


@contextmanager
def cluster(database: str, redis: str, *, web: int, workers: int, fault: str = "") -> Iterator[Cluster]:
    """Serve a new, empty portal by so many web processes and workers; all of it is gone afterwards."""
    with ExitStack() as over:
        folder = Path(over.enter_context(tempfile.TemporaryDirectory(prefix="juyuan-workers-")))
        place = migrated_place(folder / "made", database)
        over.callback(place.drop)
        keys = {"secret_key": secrets.token_hex(32), "data_keys": f"k1:{_key()}", "receipt_keys": _key()}
        settings = place.settings(redis_url=redis, allow_overrides=True, **keys)
        app = create_app(settings)
        over.callback(_let_go, app)
        found = Cluster(app, [], [])
        for number in range(web):
            found.ports.append(free_port())
            command = ["gunicorn", "--bind", f"127.0.0.1:{found.ports[-1]}", "--workers", "1", *GUNICORN]
            process = _started(command, settings, folder / f"web-{number + 1}", "")
            over.callback(stop, process)
            wait_for(found.ports[-1], process)
        for number in range(workers):
            home = folder / f"worker-{number + 1}"
            command = ["flask", "--app", "tests.guard.entry:worker", "jobs", "work", "--stale-after", str(STALE_AFTER)]
            process = _started(command, settings, home, fault)
            over.callback(stop, process)
            found.workers.append(Worker(home.name, process, home / "said.txt"))
        yield found


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _started(command: list[str], settings: Settings, home: Path, fault: str) -> subprocess.Popen[bytes]:
    """A process with a folder of its own, which holds nothing."""
    home.mkdir()
    told: dict[str, Any] = {f.name: getattr(settings, f.name) for f in fields(settings)} | {"instance": str(home)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    environment = kept | {f"PORTAL_{name.upper()}": str(int(value) if isinstance(value, bool) else value) for name, value in told.items() if value not in ("", ())}
    with (home / "said.txt").open("wb") as said:
        return subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=environment | {"GUARD_FAULT": fault}, stdout=said, stderr=said)


def _let_go(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def until(what: Any, seconds: float = 300, every: float = 0.05) -> Any:
    """Wait until something is there. Raises AssertionError where it does not come."""
    for _ in range(int(seconds / every)):
        if found := what():
            return found
        time.sleep(every)
    raise AssertionError("it did not come")
