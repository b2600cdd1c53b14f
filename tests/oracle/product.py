"""The portal through its own doors: folders in, months closed, books out, all by the command line."""

from __future__ import annotations

import csv
import tempfile
import uuid
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from models import db
from models.identity import Role, User, UserRole, UserState

IMPORTER, BOSS, PREPARER, APPROVER = "import@example.com", "boss@example.com", "a@example.com", "b@example.com"
Row = dict[str, str]


def run(app: Flask, *arguments: str) -> str:
    """A command's output; anything but success fails the test with what the command said."""
    outcome = app.test_cli_runner().invoke(args=list(arguments))
    if outcome.exception and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    assert outcome.exit_code == 0, f"{' '.join(arguments)} → {outcome.exit_code}\n{outcome.output}"
    return outcome.output


def people(app: Flask) -> None:
    """Those who import, prepare and approve."""
    with app.app_context():
        for email in (IMPORTER, BOSS, PREPARER, APPROVER):
            user = User(public_id=uuid.uuid4().hex, email=email, name=email, state=UserState.ACTIVE, locale="en", theme="", created_at=datetime(2026, 1, 1, tzinfo=UTC))
            user.roles = [UserRole(role=role) for role in (Role.FINANCE, Role.COMPLIANCE)]
            db.session.add(user)
        db.session.commit()
        db.session.remove()


def import_folder(app: Flask, folder: str) -> None:
    """Read a folder of D files, approved by a second person."""
    run(app, "import", folder, "--approved-by", BOSS)


def close(app: Flask, period: str) -> None:
    """Close a month, though days of it are missing."""
    run(app, "commission", "close", "--period", period, "--prepared-by", PREPARER, "--approved-by", APPROVER, "--accept-missing")


def books(app: Flask, period: str) -> tuple[list[Row], list[Row]]:
    """The lines and statements of a closed month."""
    with tempfile.TemporaryDirectory() as folder:
        run(app, "commission", "export", "--period", period, "--format", "csv", "--out", folder)
        (lines,), (statements,) = (list(Path(folder).rglob(name)) for name in ("lines.csv", "statements.csv"))
        return _rows(lines), _rows(statements)


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))
