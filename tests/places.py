"""A portal's place: its folder and its database, which can be copied whole and thrown away. On SQLite or on PostgreSQL."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask_migrate

from models import db
from portal import create_app
from portal.settings import Settings
from tests.shelf import create, drop, shelf_of

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

    def copy(self, folder: Path) -> Place:
        """The same portal in another place. Nobody may be connected to this one."""
        shutil.copytree(self.folder, folder)
        return Place(folder, self.server, create(self.server, self.name) if self.server else "")

    def set_back(self, base: Place) -> None:
        """Make a copy again what its base is; whoever is still connected to it is cut off."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(base.folder, self.folder)
        if self.server:
            shelf_of(self.server, base.name).make_new(self.name)

    def drop(self) -> None:
        """Throw the place away."""
        if self.server:
            drop(self.server, self.name)
        shutil.rmtree(self.folder, ignore_errors=True)


def migrated_place(folder: Path, server: str = SERVER) -> Place:
    """A new, migrated, empty portal."""
    place = Place(folder, server, create(server) if server else "")
    folder.mkdir(parents=True, exist_ok=True)
    app = create_app(place.settings())
    with app.app_context():
        flask_migrate.upgrade()
        db.session.remove()
        db.engine.dispose()
    return place
