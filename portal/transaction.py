"""The one commit of the house. A door (route, job, command) opens a transaction, calls verbs, and speaks outside after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from psycopg.pq import TransactionStatus
from sqlalchemy import text

from models import db
from portal.turns import turns_of

_BEGINNING: dict[bool, dict[str, Any]] = {True: {"isolation_level": "READ COMMITTED"}, False: {"begin_immediate": True}}
"""How a transaction begins, by whether it does on PostgreSQL."""


@contextmanager
def transaction() -> Iterator[None]:
    """Commit what happens inside, or roll all of it back. Takes SQLite's write lock at the beginning, not half-way.

    A transaction inside a transaction would commit half of the outer one, so it is refused.
    """
    session = db.session()
    if session.info.get("writing"):
        raise RuntimeError("a transaction is open already: only doors open one")
    session.rollback()
    session.info["writing"] = True
    try:
        with _turn():
            try:
                session.connection(execution_options=_BEGINNING[on_postgresql()])
                yield
                session.commit()
                spoken = session.info.pop("afterwards", [])
            except BaseException:
                session.rollback()
                session.info.clear()  # what was remembered of the rolled back rows never was
                raise
    finally:
        session.info["writing"] = False
    for speak in spoken:
        speak()


@contextmanager
def snapshot() -> Iterator[None]:
    """What is read inside is of one moment, and may be taken row by row. SQLite's readers see one moment anyway; inside of a
    transaction, and of another snapshot, what is read stays as it is there.

    Outside of both PostgreSQL answers each question by itself: that is all a page needs, and costs no BEGIN and no ROLLBACK.
    """
    connection = db.session().connection()
    driver: Any = connection.connection.driver_connection
    if not on_postgresql() or not driver.autocommit or driver.info.transaction_status != TransactionStatus.IDLE:
        yield
        return
    connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        yield
    finally:
        if not connection.closed:  # else it went back to the pool, which ended what was begun
            driver.rollback()


def _turn() -> AbstractContextManager[None]:
    """Stand in line with those who write, where the database has none of its own."""
    return nullcontext() if on_postgresql() else turns_of(db.session().get_bind().engine).taken()


def afterwards(speak: Callable[[], None]) -> None:
    """Do something outside once the open transaction is committed; it is forgotten where that is rolled back."""
    db.session().info.setdefault("afterwards", []).append(speak)


def on_postgresql() -> bool:
    """Whether the session speaks to PostgreSQL."""
    return db.session().get_bind().dialect.name == "postgresql"


def lock_months() -> None:
    """Serialise those who close or prepare months. SQLite's write lock does so already."""
    if on_postgresql():
        db.session.execute(text("SELECT pg_advisory_xact_lock(727001)"))
