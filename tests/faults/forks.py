"""Children of a warm parent: a command runs in a real process of its own, and may be killed at any moment of it.

The parent has imported everything and has no threads, no pool and no connection, so that a fork costs milliseconds and a kill
lands inside the work. Whatever touches the database or a data frame runs in a child.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

READY, DONE = b"r", b"d"
LONGEST = 120.0


@dataclass(frozen=True)
class End:
    """How a child ended: `done` says that its work was finished, `seconds` how long it was at work before it ended or was killed."""

    done: bool
    killed: bool
    seconds: float
    status: int


def child(work: Callable[[Callable[[], None]], None], log: Path, *, kill_after: float | None = None) -> End:
    """Fork, and run `work(ready)` in the child, which calls `ready` when its preparations are over; kill -9 it `kill_after` seconds later."""
    source, sink = os.pipe()
    pid = os.fork()
    if pid == 0:
        _live(work, log, sink)
    os.close(sink)
    try:
        return _watched(pid, source, kill_after)
    finally:
        os.close(source)


def _live(work: Callable[[Callable[[], None]], None], log: Path, sink: int) -> None:
    """The child's life; it never returns into the parent's code."""
    status = 1
    try:
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        work(lambda: _say(sink, READY))
        _say(sink, DONE)
        status = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(status)


def _say(sink: int, word: bytes) -> None:
    os.write(sink, word)


def _watched(pid: int, source: int, kill_after: float | None) -> End:
    ready = os.read(source, 1)
    started = time.monotonic()
    limit = LONGEST if kill_after is None else kill_after
    finished = ready != READY or select.select([source], [], [], limit)[0]
    if not finished:
        os.kill(pid, signal.SIGKILL)
    seconds = time.monotonic() - started
    _, status = os.waitpid(pid, 0)
    said = os.read(source, 1)
    return End(said == DONE, os.WIFSIGNALED(status), seconds, status)
