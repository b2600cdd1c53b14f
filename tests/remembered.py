"""Firms with which many stories begin: made through the portal's own doors once in a process, and put whole into later empty portals.

What is put in is what the doors left: every row, every sequence, the files of the instance folder (the keys that seal the
rows among them) and the files that were handed in. Each portal has its own; nothing of one story reaches another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
import time_machine
from flask import Flask
from sqlalchemy import text

from models import db
from portal.settings import Settings
from tests.shelf import Content, fill

OWN = {"secret_key"}
"""What a portal keeps for itself: it has signed with it already."""
NEW = 'SELECT NOT EXISTS (SELECT 1 FROM audit_entry) AND NOT EXISTS (SELECT 1 FROM recording) AND NOT EXISTS (SELECT 1 FROM "user")'


@dataclass(frozen=True)
class Left:
    """What the making of a firm left behind."""

    instance: dict[str, bytes]
    handed: dict[str, bytes]
    rows: Content | None


_LEFT: dict[tuple[object, ...], Left] = {}


def begin(app: Flask, folder: Path, make: Callable[..., None], *choices: object) -> None:
    """Do `make(app, folder, *choices)`, or put in what it left the first time. Where a portal is not new, or time is not the world's, it is always done."""
    settings: Settings = app.config["PORTAL"]
    if settings.data_keys or time_machine.escape_hatch.is_travelling() or folder.exists() or not _is_new(app):
        make(app, folder, *choices)
        return
    key = (make, choices, settings.allow_overrides, settings.demo, settings.jurisdiction)
    if key in _LEFT:
        _put_in(settings, folder, _LEFT[key])
        return
    make(app, folder, *choices)
    _let_go(app)
    _LEFT[key] = _left(settings, folder)


def _is_new(app: Flask) -> bool:
    with app.app_context():
        found = bool(db.session.execute(text(NEW)).scalar_one())
    _let_go(app)
    return found


def _let_go(app: Flask) -> None:
    """No connection stays: SQLite then folds its log into the one file."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _left(settings: Settings, folder: Path) -> Left:
    rows = None
    if settings.database_url:
        with psycopg.connect(settings.database_url) as connection:
            rows = Content.of(connection)
    return Left(_files(Path(settings.instance)), _files(folder), rows)


def _put_in(settings: Settings, folder: Path, left: Left) -> None:
    _write(Path(settings.instance), {name: data for name, data in left.instance.items() if name not in OWN})
    _write(folder, left.handed)
    if left.rows is not None:
        fill(settings.database_url, left.rows)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # a new file has a new number, by which a running portal sees that its keys have changed
        path.write_bytes(data)
        path.chmod(0o600)
