"""How many forms may be sent at a link and from an address: counted in the database, so that it holds with several workers.

The limits say nothing about whom a form is about: they are the same for a new person and for one that the firm knows.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, text

from models import db
from models.introductions import FormOutcome, SentForm
from portal.refusals import Refusal
from portal.transaction import on_postgresql

WINDOW = timedelta(minutes=15)
PER_ADDRESS = 10
PER_LINK = 60
KEPT = timedelta(days=180)
"""How long a row stays: far longer than a stamp lives, so that none can be used again."""


class TooMany(Refusal):
    """The limit is reached; `seconds` says when the next form is heard."""

    status = 429


def address_digest(secret: str, address: str) -> str:
    """Under what an address is counted: a keyed digest, so that the table names no one."""
    return hmac.digest(secret.encode(), f"introduction:{address}".encode(), "sha256").hex()


def lock(link_id: int, address: str, stamp: str) -> None:
    """Hold the link's, the address's and the stamp's count until the transaction ends. SQLite's write lock does so already."""
    if on_postgresql():
        for value in sorted({f"link:{link_id}", f"address:{address}", f"stamp:{stamp}"}):
            db.session.execute(text("SELECT pg_advisory_xact_lock(727005, hashtext(:value))"), {"value": value})


def used(stamp: str) -> bool:
    """Whether a stamp, by its digest, was used up by an earlier form."""
    return db.session.execute(select(SentForm.id).where(SentForm.stamp_digest == stamp)).first() is not None


def wait(link_id: int, address: str, moment: datetime, *, one_place: bool) -> int:
    """Seconds until the next form of this link and address is heard; 0 where it is heard now.

    Where visitors stand in `one_place` (an event) they share one address, and only the link's limit counts.
    """
    of_link = _wait(SentForm.link_id == link_id, PER_LINK, moment)
    return of_link if one_place else max(of_link, _wait(SentForm.address_digest == address, PER_ADDRESS, moment))


def _wait(these: ColumnElement[bool], most: int, moment: datetime) -> int:
    counted = (these, SentForm.outcome != FormOutcome.THROTTLED, SentForm.at > moment - WINDOW)
    if db.session.execute(select(func.count()).where(*counted)).scalar_one() < most:
        return 0
    newest = select(SentForm.at).where(*counted).order_by(SentForm.at.desc()).limit(1).offset(most - 1)
    return max(1, int((db.session.execute(newest).scalar_one() + WINDOW - moment).total_seconds()) + 1)


def too_many(seconds: int) -> TooMany:
    """The refusal to raise once the try is written down."""
    return TooMany("Too many forms came from here just now. Nothing is lost: try again in %(minutes)s minutes.", minutes=-(-seconds // 60), seconds=seconds)


def remember(link_id: int, address: str, moment: datetime, outcome: FormOutcome, stamp: str | None = None) -> None:
    """Write a sent form down; with a `stamp` it is used up by it."""
    db.session.add(SentForm(at=moment, link_id=link_id, address_digest=address, stamp_digest=stamp, outcome=outcome))
    db.session.flush()


def forget_old(moment: datetime) -> int:
    """Delete the rows whose time is over. Returns how many."""
    gone: Any = db.session.execute(delete(SentForm).where(SentForm.at < moment - KEPT), execution_options={"synchronize_session": False})
    return int(gone.rowcount)
