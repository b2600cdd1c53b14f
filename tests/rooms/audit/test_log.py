"""A line stands in the change's own transaction, hashes to the same after it was read again, and never goes away."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from models import db
from models.audit import AuditEntry
from portal.actors import TERMINAL
from portal.audit import verify
from portal.audit.log import Line, write, write_many
from portal.transaction import transaction
from tests.rooms.audit.people import NOON


def count() -> int:
    return db.session.execute(select(func.count()).select_from(AuditEntry)).scalar_one()


def test_a_line_goes_when_its_change_goes(database: None) -> None:
    def fails() -> None:
        with transaction():
            write(TERMINAL, NOON, "test", "thing", "1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert count() == 0
    with transaction():
        write(TERMINAL, NOON, "test", "thing", "1")
    assert (count(), verify.verify().holds) == (1, True)


def test_what_json_changes_on_the_way_is_hashed_as_it_comes_back(database: None) -> None:
    with transaction():
        write(TERMINAL, NOON.astimezone(timezone(timedelta(hours=8))), "test", "thing", "1", before={10: "ten", 9: "nine"}, after=("a", None, "\x00 \u2028"))
    assert verify.verify().holds


def test_what_cannot_be_kept_exactly_is_refused(database: None) -> None:
    for after in (float("nan"), NOON, {1, 2}):
        with pytest.raises((ValueError, TypeError)), transaction():
            write(TERMINAL, NOON, "test", "thing", "1", after=after)
    with pytest.raises(ValueError, match="time zone"), transaction():
        write(TERMINAL, datetime(2026, 1, 1), "test", "thing", "1")  # noqa: DTZ001 - the fault itself
    assert count() == 0


def test_many_lines_take_the_lock_once(database: None) -> None:
    asked = []
    event.listen(db.engine, "before_cursor_execute", lambda conn, cursor, statement, *rest: asked.append(statement))
    with transaction():
        for number in range(20):
            write(TERMINAL, NOON, "test", "thing", str(number))
        write_many(TERMINAL, NOON, (Line("test", "thing", str(number), after={"n": number}) for number in range(5_001)))
        write(TERMINAL, NOON, "test", "thing", "last")
    locks = [statement for statement in asked if statement.startswith("SELECT audit_head")]
    assert len(locks) == 1
    assert len([statement for statement in asked if statement.startswith("INSERT")]) < 20 + 1 + 5
    assert (count(), verify.verify().holds) == (5_022, True)


def test_the_lock_is_taken_anew_in_each_transaction_and_after_a_savepoint(database: None) -> None:
    for number in range(3):
        with transaction():
            write(TERMINAL, NOON, "test", "thing", str(number))
            savepoint = db.session.begin_nested()
            write(TERMINAL, NOON, "test", "thing", "gone")
            savepoint.rollback()
            write(TERMINAL, NOON, "test", "thing", "stays")
    assert (count(), verify.verify().holds) == (6, True)


def test_many_writers_make_one_chain(app: Flask) -> None:
    def some(number: int) -> None:
        with app.app_context():
            for turn in range(5):
                with transaction():
                    write(TERMINAL, NOON, "test", "thing", f"{number}.{turn}")
                    write_many(TERMINAL, NOON, [Line("test", "thing", "a"), Line("test", "thing", "b")])
            db.session.remove()

    threads = [threading.Thread(target=some, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert (count(), verify.verify().holds) == (6 * 5 * 3, True)
