"""The mails of a day in one: who wants a group gathered gets, at his hour, one mail with everything that was written for it since the last.

What is gathered is taken out of the queue and put into the one mail in the same transaction, so nothing goes out twice and nothing is lost.
What is urgent, or would come too late, goes out at once all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, insert, select, text

from models import db
from models.outbox import MessageChoice, MessageState, MessageWay, OutboxMessage
from portal.notices.kinds import KINDS, N_, register
from portal.notices.quiet import ZONE
from portal.transaction import on_postgresql

DIGEST = "notices.digest"
HOURS = range(8, 21)
"""At which hours it may come: outside the quiet ones of every day."""
USUAL = 18
MOST = 60
"""So many of a day are told one by one; of more, how many there are."""

register(DIGEST, N_("%(count)s notices"), "digest", label=N_("The notices of a day in one mail"), mail=N_("Your notices of the day: %(count)s"), listed=False)


def next_at(moment: datetime, hour: int) -> datetime:
    """The first moment after this one at which it is a person's hour in Shanghai (UTC).

    >>> from datetime import UTC
    >>> next_at(datetime(2026, 11, 27, 9, 0, tzinfo=UTC), 18).isoformat(), next_at(datetime(2026, 11, 27, 10, 0, tzinfo=UTC), 18).isoformat()
    ('2026-11-27T10:00:00+00:00', '2026-11-28T10:00:00+00:00')
    """
    here = moment.astimezone(ZONE)
    at = here.replace(hour=hour, minute=0, second=0, microsecond=0)
    return (at if at > here else at + timedelta(days=1)).astimezone(UTC)


def _gathered(moment: datetime) -> ColumnElement[bool]:
    return and_(OutboxMessage.digest, OutboxMessage.state == MessageState.WAITING, OutboxMessage.send_at <= moment)


def is_due(moment: datetime) -> bool:
    """Whether the mail of a day is to be put together for somebody."""
    return db.session.execute(select(OutboxMessage.id).where(_gathered(moment)).limit(1)).first() is not None


def gather(moment: datetime) -> int:
    """Put together every mail of a day that is due, inside the open transaction. Returns how many. Verb."""
    if on_postgresql():
        db.session.execute(text("SELECT pg_advisory_xact_lock(727008)"))  # two who gather would share a person's notices out; SQLite's write lock sees to it
    rows = list(db.session.scalars(select(OutboxMessage).where(_gathered(moment)).order_by(OutboxMessage.user_id, OutboxMessage.id)))
    unwanted = _unwanted()
    people: dict[int, list[OutboxMessage]] = {}
    for row in rows:
        still = row.kind in KINDS and (row.user_id, KINDS[row.kind].group.value) not in unwanted and (row.until is None or row.until > moment)
        if row.user_id is not None and still:
            people.setdefault(row.user_id, []).append(row)
    made = [_mail(user_id, parts, moment) for user_id, parts in people.items()]
    db.session.execute(delete(OutboxMessage).where(OutboxMessage.id.in_([row.id for row in rows])), execution_options={"synchronize_session": False})
    if made:
        db.session.execute(insert(OutboxMessage), made)
    db.session.expire_all()
    return len(made)


def _unwanted() -> set[tuple[int, str]]:
    """Which groups people have said no to by mail since."""
    said = select(MessageChoice.user_id, MessageChoice.topic).where(MessageChoice.way == MessageWay.MAIL, ~MessageChoice.wanted)
    return {(row.user_id, row.topic) for row in db.session.execute(said)}


def _mail(user_id: int, parts: Sequence[OutboxMessage], moment: datetime) -> dict[str, object]:
    key = hashlib.sha256("\n".join(part.business_key for part in parts).encode()).hexdigest()[:24]
    items = [{"kind": part.kind, "values": part.values} for part in parts[:MOST]]
    plain: dict[str, object] = {"address": "", "locale": "", "secret_sealed": None, "failure": "", "attempts": 0, "urgent": False, "digest": False}
    said = {
        "business_key": f"{MessageWay.MAIL}:{DIGEST}:{key}:{user_id}",
        "way": MessageWay.MAIL,
        "kind": DIGEST,
        "user_id": user_id,
        "link": "/notices",
        "state": MessageState.WAITING,
    }
    return {**plain, **said, "values": {"count": len(parts)}, "about": {"items": items}, "created_at": moment, "send_at": moment, "until": None}
