"""A rehearsal: everything happens and nothing is kept, while all others go on writing.

On SQLite it happens in a copy of the file, thrown away afterwards. On PostgreSQL it happens in a transaction that is rolled
back; it takes neither the head of the audit log nor the clock of knowledge, which every writer locks: what it records has
numbers of its own, far above all real ones, and it writes no line into the log.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite
from sqlalchemy import Engine, create_engine, event

from models import db
from models.base import PortalSession
from portal.database import answer_begin
from portal.transaction import on_postgresql, transaction
from portal.turns import SUFFIX

FIRST_NUMBER = 2**61
"""Recordings of rehearsals are numbered from here on; no real one ever comes so far."""
FORGOTTEN = 24 * 3600
"""Seconds after which a copy belongs to a rehearsal that died."""
FAST = {"journal_mode": "MEMORY", "synchronous": "OFF", "foreign_keys": "ON", "trusted_schema": "OFF", "mmap_size": "0"}
"""The copy is lost with the machine anyway, so nothing waits for its disk."""


class _Ends(Exception):
    pass


@contextmanager
def rehearsal(folder: Path) -> Iterator[None]:
    """Let what happens inside happen to nobody. `folder` takes the copy of an SQLite database, for its owner's eyes."""
    with _elsewhere(folder):
        try:
            with transaction():
                db.session().info["rehearsal"] = FIRST_NUMBER + secrets.randbits(60)
                yield
                raise _Ends
        except _Ends:
            return


def number() -> int | None:
    """In a rehearsal, the number of its last recording; else None."""
    found: int | None = db.session().info.get("rehearsal")
    return found


def next_number() -> int:
    """In a rehearsal, the number of its next recording."""
    info = db.session().info
    info["rehearsal"] += 1
    return int(info["rehearsal"])


@contextmanager
def _elsewhere(folder: Path) -> Iterator[None]:
    """Bind the session to a copy of an SQLite file; PostgreSQL needs none."""
    if on_postgresql():
        yield
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(folder)
    path = folder / f"rehearsal-{secrets.token_hex(8)}.db"
    session: PortalSession = db.session()  # type: ignore[assignment]
    session.rollback()
    engine = _copy(path)
    try:
        session.bound_to = engine
        yield
    finally:
        session.rollback()
        session.bound_to = None
        engine.dispose()
        for suffix in ("", SUFFIX):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def _copy(path: Path) -> Engine:
    """A copy of the database as it stands now, made while others write."""
    path.touch(mode=0o600)
    target = sqlite.connect(str(path))
    source = db.engine.raw_connection()
    try:
        driver: Any = source.driver_connection
        driver.backup(target)
    finally:
        source.close()
        target.close()
    engine = create_engine(f"sqlite:///{path}", module=sqlite, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        for name, value in FAST.items():
            connection.execute(f"PRAGMA {name}={value}")

    event.listen(engine, "begin", answer_begin)
    return engine


def _sweep(folder: Path) -> None:
    """Delete the copies of rehearsals that died."""
    for path in folder.glob("rehearsal-*.db*"):
        if time.time() - path.stat().st_mtime > FORGOTTEN:
            path.unlink(missing_ok=True)
