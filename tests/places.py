"""A portal's place: its folder and its database, which can be copied whole and thrown away. On SQLite or on PostgreSQL."""

from __future__ import annotations

import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg

from models import db
from portal import create_app
from portal.settings import Settings

SERVER = os.environ.get("PORTAL_TEST_DATABASE", "")
"""Address of a PostgreSQL server up to its last slash; empty: SQLite."""


@dataclass(frozen=True)
class Place:
    """A folder with keys (and the SQLite file), and the name of a database on `server` where there is one."""

    folder: Path
    server: str = ""
    name: str = ""

    def settings(self, **more: Any) -> Settings:
        """Settings of a portal that lives here."""
        values: dict[str, Any] = {"instance": str(self.folder), "testing": True, "password_cost": "quick", "locale": "en"} | more
        return Settings(**values, database_url=self.server + self.name if self.server else "")

    def copy(self, folder: Path, name: str = "") -> Place:
        """The same portal in another place. Nobody may be connected to this one."""
        shutil.copytree(self.folder, folder)
        made = Place(folder, self.server, (name or new_name()) if self.server else "")
        if self.server:
            _execute(self.server, f"CREATE DATABASE {made.name} TEMPLATE {self.name}")
        return made

    def drop(self) -> None:
        """Throw the place away."""
        if self.server:
            _execute(self.server, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        shutil.rmtree(self.folder, ignore_errors=True)


def new_name() -> str:
    """The name of a database that is not there yet."""
    return f"juyuan_test_{uuid.uuid4().hex[:12]}"


def migrated_place(folder: Path, server: str = SERVER) -> Place:
    """A new, migrated, empty portal."""
    place = Place(folder, server, new_name() if server else "")
    folder.mkdir(parents=True)
    if server:
        _execute(server, f"CREATE DATABASE {place.name}")
    app = create_app(place.settings())
    with app.app_context():
        flask_migrate.upgrade()
        db.session.remove()
        db.engine.dispose()
    return place


def _execute(server: str, statement: str) -> None:
    with psycopg.connect(server + "postgres", autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]
