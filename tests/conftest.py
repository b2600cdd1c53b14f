"""Fixtures: an application on a fresh, migrated database for each test, on SQLite or on PostgreSQL.

PORTAL_TEST_DATABASE=postgresql://user@host/ runs the same suite there: one database is migrated once, and tests use copies of it.
"""

from __future__ import annotations

import copy
import gc
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Connection, Dialect, Engine, event
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

import tests.profiles  # noqa: F401 - every property looks as long as the profile says
from models import db
from portal import create_app
from portal.settings import Settings
from tests.places import SERVER, migrated_place
from tests.shelf import drop, shelf_of

IN_MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30
if "TMPDIR" not in os.environ and IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ROOM:
    os.environ["TMPDIR"] = tempfile.tempdir = str(IN_MEMORY)  # nothing of a test needs to outlive a power cut, so no commit waits for a disk


class _Compiled(BytecodeCache):
    """The templates that this process has compiled, by their text: each portal of a test loads the same ones anew."""

    def __init__(self) -> None:
        self.codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """What was compiled from this very text."""
        bucket.code = self.codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        if bucket.code is not None:
            self.codes[bucket.key, bucket.checksum] = bucket.code


def _remember_routes() -> None:
    """Werkzeug reads each route's text letter by letter, and writes and compiles two functions for it, in each portal anew; what comes of
    it depends on nothing but the text, the kinds of parameters and the map's manners. (With defaults it depends on them too: not kept.)"""
    read: dict[tuple[object, ...], Rule] = {}
    read_one = Rule.compile

    def once(rule: Rule) -> None:
        if rule.defaults:
            return read_one(rule)
        key = (rule.rule, rule.subdomain, rule.host, rule.map.host_matching, rule.merge_slashes, *rule.map.converters.values())
        first = read.get(key)
        if first is None:
            read_one(rule)
            first = read[key] = copy.copy(rule)
            first.map = None  # type: ignore[assignment]
        rule._parts, rule._trace, rule._converters, rule.arguments = first._parts, first._trace, first._converters, set(first.arguments)
        rule._build = first._build.__func__.__get__(rule)  # type: ignore[attr-defined]
        rule._build_unknown = first._build_unknown.__func__.__get__(rule)  # type: ignore[attr-defined]
        return None

    Rule.compile = once  # type: ignore[method-assign]


_remember_routes()
Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Compiled()}


def pytest_collection_finish() -> None:
    """What was imported stays to the end; nobody need look through it again and again for what could be thrown away."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """pytest-flask would push one context around each test, and every client would then share one signed-in user."""


ENGINES: weakref.WeakSet[Engine] = weakref.WeakSet()
COMPILED: dict[tuple[object, ...], tuple[Dialect, LRUCache[Any, Any]]] = {}
"""The statements that this process has written out, by the kind of database."""


@event.listens_for(Engine, "engine_connect")
def _share_what_is_compiled(connection: Connection) -> None:
    """SQLAlchemy writes each statement out once for an engine. Each portal of a test has an engine of its own, but they all speak to
    databases of one kind, so what one has written out serves the others. Rows and connections are shared by none."""
    engine, dialect = connection.engine, connection.dialect
    ENGINES.add(engine)
    kind = (type(dialect), dialect.dbapi, dialect.server_version_info, dialect._on_connect_isolation_level)
    shared, compiled = COMPILED.setdefault(kind, (dialect, LRUCache(5_000)))
    if engine.dialect is not shared or engine._compiled_cache is not compiled:
        connection.dialect = engine.dialect = shared
        engine._compiled_cache = compiled


@pytest.fixture(autouse=True)
def _no_pool_outlives_its_test() -> Iterator[None]:
    """Portals that a test makes beside its own keep a pool each, which is closed with the test. Those of a whole file are still served."""
    before = weakref.WeakSet(ENGINES)
    yield
    for engine in set(ENGINES) - set(before):
        engine.dispose()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated, empty database that each test copies: a file's path, or a database's name."""
    place = migrated_place(tmp_path_factory.mktemp("template"))
    yield place.name if SERVER else str(place.folder / "portal.db")
    if SERVER:
        shelf_of(SERVER, place.name).clear()
        drop(SERVER, place.name)


@contextmanager
def settings_in(folder: Path, migrated: str) -> Iterator[Settings]:
    """Settings of a portal whose instance lies in a folder, on a copy of the migrated database."""
    values: dict[str, Any] = {"instance": str(folder / "instance"), "testing": True, "password_cost": "quick", "locale": "en"}
    if not SERVER:
        Path(values["instance"]).mkdir()
        shutil.copy(migrated, Path(values["instance"]) / "portal.db")
        yield Settings(**values)
        return
    shelf = shelf_of(SERVER, migrated)
    name = shelf.take()
    try:
        yield Settings(**values, database_url=SERVER + name)
    finally:
        shelf.put_back(name)


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
