"""How the portal opens its database, and the start-up check of what it found there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite  # carries a current SQLite; Python's own may have the WAL-reset bug
from flask import Flask
from sqlalchemy import Engine, event

from models import db
from portal.settings import Settings

SAFE_SQLITE = (3, 51, 3)
"""First SQLite without the bug that can lose committed rows in WAL mode."""

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
            "pool_pre_ping": True,
            "connect_args": {"options": "-c lock_timeout=30s -c idle_in_transaction_session_timeout=10min -c timezone=UTC"},
        }
    db.init_app(app)
    with app.app_context():
        if url.startswith("sqlite"):
            _tune_sqlite(db.engine)


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for name, value in PRAGMAS.items():
            cursor.execute(f"PRAGMA {name}={value}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # A read lock that must grow does not wait for a writer, it fails: writers say so at the beginning.
        immediate = connection.get_execution_options().get("begin_immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
