"""Who is about to leave the demonstration firm: the signals of two nights, and the letter of the staff member who goes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import db
from models.departure_signals import SignalRun
from models.departures import Departure, DepartureKind
from models.partners import Staff
from portal.actors import TERMINAL
from portal.demo import stories
from portal.demo.signed_in import acting
from portal.departures import register, signals
from portal.departures.register import Told
from portal.risk.gathering import Progress
from portal.transaction import transaction

BEFORE = timedelta(days=14)
"""Between the two nights whose signals are kept, so that it can be seen since when each stands."""
LETTER, NOTICE = timedelta(days=2), timedelta(days=30)
"""The letter came so long before the last settled day, and says that it is over so long after the day on which the firm is loaded."""


def add_signals(last: date, zone: ZoneInfo, moment: datetime, progress: Progress) -> int:
    """Keep the signals as of two days, each in a transaction of its own. Returns how many speak on the last settled day."""
    if db.session.execute(select(SignalRun.id).limit(1)).first() is not None:
        return 0
    kept = 0
    for day in (last - BEFORE, last):
        persons, found = signals.raised(day, zone, progress)
        with transaction():
            signals.keep(day, persons, found, actor=TERMINAL, moment=moment)
        kept = len(found)
    return kept


def add_letter(last: date, moment: datetime, today: date) -> str:
    """The staff member who was about to leave says so, inside the open transaction. Returns the number of the departure; empty where it stands."""
    if db.session.execute(select(Departure.id).join(Staff, Staff.id == Departure.staff_id).where(Staff.staff_no == stories.LEAVER)).first() is not None:
        return ""
    words = {"cause": "合同期满，个人发展", "destination": "另一家期货公司", "evidence": "收到书面辞职信"}
    told = Told(DepartureKind.STAFF_LEAVES, stories.LEAVER, min(last - LETTER, today), today + NOTICE, **words)
    return register.record(told, actor=acting("compliance@example.com"), moment=moment, today=today).number
