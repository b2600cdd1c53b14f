"""Who has which share of an account: on a day, as known at a recording, and through time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from models import db
from models.attribution import Attribution
from models.audit import Recording
from models.clients import Account
from models.partners import Broker
from portal.refusals import NotFound
from portal.versions import current


@dataclass(frozen=True)
class Span:
    """One attribution row as recorded; `share` is parts per million."""

    broker_no: str
    share: int
    state: str
    valid_from: date
    valid_to: date
    confirmed_on: date | None
    recorded_at: datetime
    recorded_by: str
    row_id: int

    def state_on(self, day: date) -> str:
        """The state that counts on a day: a confirmed row is pending before its confirmed_on (commission rules §1)."""
        return "pending" if self.state == "confirmed" and self.confirmed_on is not None and day < self.confirmed_on else self.state


def account_id_of(account_no: str) -> int:
    """The id of an account. Raises NotFound."""
    account_id = db.session.execute(select(Account.id).where(Account.account_no == account_no)).scalar()
    if account_id is None:
        raise NotFound("there is no account %(number)s", number=account_no)
    return account_id


def spans(account_id: int, known: int | None = None, on: date | None = None) -> list[Span]:
    """The attribution rows of an account as known at a recording (None: now), all or those of one day, by broker number."""
    row = current(Attribution, known, Attribution.account_id == account_id).subquery()
    query = (
        select(Broker.broker_no, row.c.share, row.c.state, row.c.valid_from, row.c.valid_to, row.c.confirmed_on, Recording.recorded_at, Recording.actor_label, row.c.id)
        .join(Broker, Broker.id == row.c.broker_id)
        .join(Recording, Recording.id == row.c.recording_id)
    )
    if on is not None:
        query = query.where(row.c.valid_from <= on, row.c.valid_to > on)
    return sorted((Span(*found) for found in db.session.execute(query)), key=lambda span: (span.broker_no.encode(), span.valid_from))
