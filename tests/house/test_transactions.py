"""Who only reads begins no transaction; what changes or locks something has one, whoever began it; a snapshot is of one moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from flask import Flask
from psycopg.pq import TransactionStatus
from sqlalchemy import func, insert, select, text, update

from models import db
from models.identity import Role, User, UserState
from portal import database
from portal.settings import Settings
from portal.transaction import on_postgresql, snapshot, transaction
from tests.people import seat, someone
from tests.places import SERVER

PLAIN = {"name": "", "state": UserState.ACTIVE, "locale": "en", "theme": "auto", "created_at": datetime(2026, 1, 1, tzinfo=UTC)}
SERVERS = pytest.mark.skipif(not SERVER, reason="SQLite begins in this process, which costs no way to a server")


def names() -> list[str]:
    """The names of all users, as the session reads them."""
    return list(db.session.execute(select(User.name).order_by(User.id)).scalars())


def status() -> TransactionStatus:
    """Whether the server has a transaction open for the session."""
    driver: Any = db.session().connection().connection.driver_connection
    found: TransactionStatus = driver.info.transaction_status
    return found


def elsewhere(app: Flask, change: Callable[[], None]) -> None:
    """Let somebody else do something and be done with it."""

    def do() -> None:
        with app.app_context(), transaction():
            change()

    one = threading.Thread(target=do)
    one.start()
    one.join()


def rename(name: str) -> None:
    """Give every user a name."""
    db.session.execute(update(User).values(name=name), execution_options={"synchronize_session": False})


@SERVERS
def test_reading_begins_nothing(app: Flask, database: None) -> None:
    someone(app, Role.ADMIN)
    assert names() == ["Somebody"]
    assert status() is TransactionStatus.IDLE
    with transaction():
        assert names() == ["Somebody"]
        assert status() is TransactionStatus.INTRANS, "control: a transaction is seen"


@SERVERS
@pytest.mark.parametrize("change", ["core", "words", "lock", "object"])
def test_what_changes_or_locks_has_a_transaction_though_nobody_began_it(app: Flask, database: None, change: str) -> None:
    user = someone(app, Role.ADMIN)
    if change == "core":
        rename("changed")
    elif change == "words":
        db.session.execute(text("UPDATE \"user\" SET name = 'changed'"))
    elif change == "lock":
        db.session.execute(select(User.id).with_for_update())
    else:
        db.session.get_one(User, user).name = "changed"
        db.session.flush()
    assert status() is TransactionStatus.INTRANS


def test_a_change_that_nobody_committed_is_not_kept(app: Flask, database: None) -> None:
    someone(app, Role.ADMIN)
    names()
    rename("changed")
    assert names() == ["changed"]
    db.session.rollback()
    assert names() == ["Somebody"]
    rename("changed")
    db.session.commit()
    assert names() == ["changed"], "control: one that was is"


def test_what_a_snapshot_reads_is_of_one_moment(app: Flask, database: None) -> None:
    someone(app, Role.ADMIN)
    with snapshot():
        assert names() == ["Somebody"]
        elsewhere(app, lambda: rename("changed"))
        assert names() == ["Somebody"]
        with snapshot():
            assert names() == ["Somebody"], "one inside of another is the same"
    db.session.rollback()
    assert names() == ["changed"]


@SERVERS
def test_control_outside_of_a_snapshot_each_answer_is_of_its_own_moment(app: Flask, database: None) -> None:
    someone(app, Role.ADMIN)
    assert names() == ["Somebody"]
    elsewhere(app, lambda: rename("changed"))
    assert names() == ["changed"]


def test_rows_are_taken_one_by_one_in_a_snapshot(app: Flask, database: None) -> None:
    with transaction():
        db.session.execute(insert(User).values(**PLAIN), [{"public_id": f"p{n}", "email": f"{n}@firm.example"} for n in range(2500)])
    with snapshot():
        found = db.session.execute(select(User.id).order_by(User.id).execution_options(yield_per=100)).scalars()
        first = next(found)
        assert [first, *found] == list(range(first, first + 2500))
    assert not on_postgresql() or status() is TransactionStatus.IDLE
    assert db.session.execute(select(func.count(User.id))).scalar_one() == 2500


def test_a_snapshot_ends_with_a_transaction_and_with_an_error(app: Flask, database: None) -> None:
    someone(app, Role.ADMIN)
    with snapshot():
        names()
        with transaction():
            rename("changed")
    with pytest.raises(ZeroDivisionError), snapshot():
        1 / len(names()[1:])
    assert names() == ["changed"]
    assert not on_postgresql() or status() is TransactionStatus.IDLE


@SERVERS
def test_a_connection_that_died_while_it_rested_is_not_handed_out(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    client = seat(app, someone(app, Role.ADMIN))

    def cut_off() -> int:
        """Let the server end every connection of the portal's; they lie in the pool."""
        with app.app_context():
            db.engine.dispose()
        assert client.get("/admin/users").status_code == 200
        ended = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        with psycopg.connect(settings.database_url, autocommit=True) as other:
            return int(other.execute(ended).fetchall()[0][0])

    monkeypatch.setattr(database, "RESTED", -1.0)
    assert cut_off() == 1
    assert client.get("/admin/users").status_code == 200
    monkeypatch.setattr(database, "RESTED", 3600.0)
    assert cut_off() == 1
    assert client.get("/admin/users").status_code == 503, "control: one that nobody asks is found dead in the midst of a page"
    assert client.get("/admin/users").status_code == 200, "and the pool takes new ones from then on"
