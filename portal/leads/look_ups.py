"""How often an introducer may ask whether somebody is known: counted in the database, so that it holds with several workers.

What is over the limit is answered `later` and shows up for compliance; it says nothing about the person.
"""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from models import db
from models.leads import LeadLookUp
from portal.leads.introducers import Introducer
from portal.leads.terms import Terms
from portal.transaction import on_postgresql

LATER = "later"
DAY = timedelta(days=1)


class Limits(enum.Enum):
    """Which limits hold. A list handed in at once may use the whole day's; the firm's desk sees all leads anyway and has none."""

    ALL = "all"
    DAY = "day"
    NONE = "none"


def over_limit(introducer: Introducer, terms: Terms, moment: datetime, limits: Limits = Limits.ALL) -> bool:
    """Whether the introducer has asked as often as he may. Holds his lock until the transaction ends, so that of many at once none slips past."""
    return left(introducer, terms, moment, limits) == 0


def left(introducer: Introducer, terms: Terms, moment: datetime, limits: Limits = Limits.ALL) -> int | None:
    """How often the introducer may ask yet; None where nothing limits him. Holds his lock until the transaction ends."""
    if limits is Limits.NONE:
        return None
    if on_postgresql():
        db.session.execute(text("SELECT pg_advisory_xact_lock(727003, hashtext(:who))"), {"who": introducer.key})
    return seen_left(introducer, terms, moment, limits)


def seen_left(introducer: Introducer, terms: Terms, moment: datetime, limits: Limits = Limits.ALL) -> int:
    """The same to be shown: nothing is held, so it may be less a moment later."""
    room = []
    for span, most in ((timedelta(hours=1), terms.look_ups_an_hour), (DAY, terms.look_ups_a_day)):
        if limits is Limits.DAY and span != DAY:
            continue
        asked = select(func.count()).select_from(LeadLookUp)
        asked = asked.where(LeadLookUp.introducer == introducer.key, LeadLookUp.at > moment - span, LeadLookUp.answer != LATER)
        room.append(max(0, most - int(db.session.execute(asked).scalar_one())))
    return min(room)


def seconds_to_wait(introducer: Introducer, terms: Terms, moment: datetime) -> int:
    """Seconds until the introducer, who is over his limit, is heard again; at least one."""
    waits = [1]
    for span, most in ((timedelta(hours=1), terms.look_ups_an_hour), (timedelta(days=1), terms.look_ups_a_day)):
        counted = select(LeadLookUp.at).where(LeadLookUp.introducer == introducer.key, LeadLookUp.at > moment - span, LeadLookUp.answer != LATER)
        oldest = db.session.execute(counted.order_by(LeadLookUp.at.desc()).limit(1).offset(most - 1)).scalar()
        if oldest is not None:
            waits.append(int((oldest + span - moment).total_seconds()) + 1)
    return max(waits)


def remember(introducer: Introducer, answer: str, user_id: int | None, moment: datetime) -> None:
    """Write a question and its answer down."""
    db.session.add(LeadLookUp(introducer=introducer.key, at=moment, answer=answer, user_id=user_id))
