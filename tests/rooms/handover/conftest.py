"""The firm of these tests, settled, and who administers it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from models import db
from models.identity import Role
from portal.actors import Actor
from tests.rooms.handover.firm import settle_in, who


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    settle_in(app, tmp_path / "files")
    with app.app_context():
        yield app
        db.session.remove()


@pytest.fixture
def admin(firm: Flask) -> Actor:
    return who(firm, Role.ADMIN)
