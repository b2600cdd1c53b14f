"""The one commit of the house. A door (route, job, command) opens a transaction, calls verbs, and speaks outside after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from sqlalchemy import text

from models import db
from portal.turns import turns_of


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
                session.connection(execution_options={"begin_immediate": True})
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
