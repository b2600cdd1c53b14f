"""How the portal opens its database, and the start-up check of what it found there."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite  # carries a current SQLite; Python's own may have the WAL-reset bug
from flask import Flask
from psycopg import Error as DriverError
from psycopg.pq import Format, TransactionStatus
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DisconnectionError
from werkzeug.local import LocalProxy
from werkzeug.utils import import_string

from models import db
from portal.settings import ROOT, Settings

SAFE_SQLITE = (3, 51, 3)
"""First SQLite without the bug that can lose committed rows in WAL mode."""

CHANGES = ("INSERT", "UPDATE", "DELETE")
RESTED = 1.0
"""Seconds after which a connection of the pool is asked whether it lives. Asking each time is a way to the server for every page."""

PRAGMAS = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "busy_timeout": "30000",
    "secure_delete": "ON",
    "trusted_schema": "OFF",
    "mmap_size": "0",
}


def open_database(app: Flask, settings: Settings) -> None:
    """Bind Flask-SQLAlchemy to the configured database."""
    url = settings.database
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    if url.startswith("sqlite"):
        if sqlite.sqlite_version_info < SAFE_SQLITE:
            raise RuntimeError(f"SQLite {sqlite.sqlite_version} may lose rows in WAL mode; install pysqlite3>=0.6.1")
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"module": sqlite, "connect_args": {"timeout": 30, "check_same_thread": False}}
    else:
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
            "isolation_level": "AUTOCOMMIT",  # who only reads needs no BEGIN and no ROLLBACK: two ways to the server. transaction() begins
            "connect_args": {"options": "-c lock_timeout=30s -c idle_in_transaction_session_timeout=10min -c timezone=UTC -c work_mem=64MB -c jit=off"},
        }
    db.init_app(app)
    with app.app_context():
        if url.startswith("sqlite"):
            _tune_sqlite(db.engine)
        else:
            _tune_postgresql(db.engine)


def migrations(app: Flask) -> None:
    """Bind Flask-Migrate, which is loaded when it is first asked for: a web process never does."""

    def bound() -> Any:
        import_string("flask_migrate:Migrate")(app, db, directory=str(ROOT / "migrations"), render_as_batch=False)
        return app.extensions["migrate"]

    app.extensions["migrate"] = LocalProxy(bound)


def _tune_postgresql(engine: Engine) -> None:
    """Reading needs no transaction; what changes or locks something has one, though nobody began it: it ends with the session's commit or rollback."""
    event.listen(engine, "checkin", _note_rest)
    event.listen(engine, "checkout", _ask_the_rested)

    @event.listens_for(engine, "before_cursor_execute")
    def execute(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if context is not None and context.execution_options.get("in_bytes"):
            cursor.format = Format.BINARY
        if _changes_or_locks(statement, context) and _by_itself(connection):
            connection.connection.driver_connection.execute("BEGIN")


def _note_rest(driver: Any, record: Any) -> None:
    record.info["rests_since"] = time.monotonic()


def _ask_the_rested(driver: Any, record: Any, proxy: Any) -> None:
    """Ask a connection that nobody used for a while whether it still lives; the pool takes another for one that does not."""
    if time.monotonic() - record.info.get("rests_since", math.inf) > RESTED:
        try:
            driver.execute("")
        except DriverError as error:
            raise DisconnectionError from error


def _changes_or_locks(statement: str, context: Any) -> bool:
    changes = context is not None and (context.isinsert or context.isupdate or context.isdelete)
    return changes or statement.startswith(CHANGES) or "FOR UPDATE" in statement or "pg_advisory_xact_lock" in statement


def _by_itself(connection: Connection) -> bool:
    """Whether the server would keep at once what this connection says: it only read so far, and nobody asked for just that."""
    driver: Any = connection.connection.driver_connection
    return driver.autocommit and driver.info.transaction_status == TransactionStatus.IDLE and "isolation_level" not in connection.get_execution_options()


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for name, value in PRAGMAS.items():
            cursor.execute(f"PRAGMA {name}={value}")
        cursor.close()

    event.listen(engine, "begin", answer_begin)


def answer_begin(connection: Any) -> None:
    """Begin a transaction of SQLite: a read lock that must grow does not wait for a writer, it fails, so writers say so now."""
    immediate = connection.get_execution_options().get("begin_immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
