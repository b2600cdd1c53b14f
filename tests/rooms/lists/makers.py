"""Saved views and kept files for the permission matrix."""

from __future__ import annotations

import secrets
from datetime import timedelta

from models import db
from models.identity import User
from models.lists import ExportFile, SavedView
from models.schedules import ExportSchedule
from portal import clock
from portal.transaction import transaction
from tests.matrix import Which, maker


def somebody_else(user: User | None) -> int:
    """The key of a user who is not this one."""
    found = db.session.execute(db.select(User.id).where(User.id != (user.id if user else 0)).order_by(User.id).limit(1)).scalar_one_or_none()
    return found or 0


@maker("view_no")
def view_no(user: User | None, which: Which) -> str:
    """A view of one's own, or another's private one."""
    if which == "missing" or user is None:
        return secrets.token_urlsafe(16)
    with transaction():
        owner = user.id if which == "own" else somebody_else(user)
        row = SavedView(public_id=secrets.token_urlsafe(16), endpoint="lists.exports", name=secrets.token_hex(8), query="form=csv", owner_id=owner, created_at=clock.now())
        db.session.add(row)
        db.session.flush()
        return row.public_id


@maker("export_no")
def export_no(user: User | None, which: Which) -> str:
    """A file of one's own, or another's."""
    if which == "missing" or user is None:
        return secrets.token_urlsafe(16)
    moment = clock.now()
    with transaction():
        row = ExportFile(
            public_id=secrets.token_urlsafe(16),
            owner_id=user.id if which == "own" else somebody_else(user),
            endpoint="lists.exports",
            address="/exports",
            title="x",
            name="x.csv",
            form="csv",
            columns=[],
            rows=0,
            size=0,
            made_at=moment,
            expires_at=moment + timedelta(days=1),
        )
        db.session.add(row)
        db.session.flush()
        return row.public_id


@maker("order_no")
def order_no(user: User | None, which: Which) -> str:
    """A list that comes by itself to oneself, or to another."""
    if which == "missing" or user is None:
        return secrets.token_urlsafe(12)
    owner, moment = user.id if which == "own" else somebody_else(user), clock.now()
    with transaction():
        said = {"endpoint": "lists.exports", "address": "/exports", "title": "x", "form": "csv", "columns": [], "locale": "en", "rhythm": "daily"}
        row = ExportSchedule(public_id=secrets.token_urlsafe(12), owner_id=owner, next_on=moment.date(), since=moment, ended_why="", **said)
        db.session.add(row)
        db.session.flush()
        return row.public_id
