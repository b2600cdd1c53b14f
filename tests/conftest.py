"""Fixtures: an application on a fresh, migrated database for each test, on SQLite or on PostgreSQL.

PORTAL_TEST_DATABASE=postgresql://user@host/ runs the same suite there: one database is migrated once and copied for each test.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
import pytest
from flask import Flask

from models import db
from portal import create_app
from portal.settings import Settings

SERVER = os.environ.get("PORTAL_TEST_DATABASE", "")


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """pytest-flask would push one context around each test, and every client would then share one signed-in user."""


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated, empty database that each test copies: a file's path, or a database's name."""
    folder = tmp_path_factory.mktemp("template")
    name = f"juyuan_test_{uuid.uuid4().hex[:12]}"
    if SERVER:
        with psycopg.connect(SERVER + "postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
    app = create_app(Settings(instance=str(folder), database_url=SERVER + name if SERVER else "", testing=True))
    with app.app_context():
        flask_migrate.upgrade()
        db.session.remove()
        db.engine.dispose()
    yield name if SERVER else str(folder / "portal.db")
    if SERVER:
        with psycopg.connect(SERVER + "postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def settings_in(folder: Path, migrated: str) -> Iterator[Settings]:
    """Settings of a portal whose instance lies in a folder, on a copy of the migrated database."""
    values: dict[str, Any] = {"instance": str(folder / "instance"), "testing": True, "password_cost": "quick", "locale": "en"}
    if not SERVER:
        Path(values["instance"]).mkdir()
        shutil.copy(migrated, Path(values["instance"]) / "portal.db")
        yield Settings(**values)
        return
    name = f"juyuan_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(SERVER + "postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated}")
    yield Settings(**values, database_url=SERVER + name)
    with psycopg.connect(SERVER + "postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def settings(tmp_path: Path, migrated: str) -> Iterator[Settings]:
    """Settings of a portal of this test's own; override in a test by `dataclasses.replace`."""
    with settings_in(tmp_path, migrated) as settings:
        yield settings


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """A portal on a fresh, migrated database."""
    app = create_app(settings)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def database(app: Flask) -> Iterator[None]:
    """An application context, for tests that call verbs directly. Never hold it around client calls."""
    with app.app_context():
        yield
        db.session.remove()
