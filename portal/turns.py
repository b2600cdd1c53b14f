"""Whose turn it is to write to an embedded database.

SQLite lets one write at a time and lets the others ask again and again, in pauses of up to 100 ms: under load whoever came last is served first,
and somebody waits for seconds. Here writers stand in line: the threads of a process for its lock, the processes for a lock on a file
beside the database, which the system gives to whoever waits longest and takes back from a process that dies.

Nothing hangs on it but the order: SQLite's own lock still keeps writers apart, those too that do not stand in line.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

try:
    from fcntl import LOCK_EX, LOCK_UN, flock
except ImportError:  # Windows has none: there the threads of a process stand in line, and processes ask again and again
    flock = None  # type: ignore[assignment]
IN_LINE = flock is not None
"""Whether processes stand in line too."""

PATIENCE = 30.0
"""Seconds that a thread waits for its turn before it says that the database does not answer (as long as SQLite would, `busy_timeout`)."""
SUFFIX = "-turn"
"""Of the file beside the database. It is empty and may be taken away while nobody writes."""


class Turns:
    """The line of those who write to one database from this process."""

    def __init__(self, database: str | None) -> None:
        self._place = database + SUFFIX if database and IN_LINE else None
        self._lock, self._file, self._process = threading.Lock(), -1, 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the turn and keep it. Raises OperationalError after PATIENCE."""
        if not self._lock.acquire(timeout=PATIENCE):
            raise OperationalError("waiting for the turn to write", None, TimeoutError(f"others write for more than {PATIENCE:.0f} s"))
        try:
            file = self._opened()
            if file < 0:
                yield
                return
            flock(file, LOCK_EX)
            try:
                yield
            finally:
                flock(file, LOCK_UN)
        finally:
            self._lock.release()

    def _opened(self) -> int:
        """The file, opened once in each process: one that was opened before a fork would belong to both."""
        if self._place and self._process != os.getpid():
            self._file, self._process = os.open(self._place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), os.getpid()
        return self._file

    def __del__(self) -> None:
        if self._file >= 0 and self._process == os.getpid():
            os.close(self._file)


_TURNS: WeakKeyDictionary[Engine, Turns] = WeakKeyDictionary()
_MAKING = threading.Lock()


def turns_of(engine: Engine) -> Turns:
    """The line for the database of an engine."""
    with _MAKING:
        if engine not in _TURNS:
            _TURNS[engine] = Turns(engine.url.database)
        return _TURNS[engine]
