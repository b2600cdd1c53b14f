"""What a sign-in leaves behind when it is disabled: shown and counted before anybody does it.

Sessions and links are this room's own. What stands further right (clients, leads, cases, approvals) is counted by who knows it: it
registers how when the portal is built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from models import db
from models.identity import OneTimeLink, User
from portal.identity.queries import live_sessions
from portal.notices.kinds import N_


@dataclass(frozen=True)
class Left:
    """Something that ends, or that is left without anyone: what, how many, and what becomes of it (texts to translate). `alarming`: nobody else is there for it."""

    what: str
    count: int
    then: str
    alarming: bool = False


Counter = Callable[[User, datetime, date], Iterable[Left]]
COUNTERS: list[Counter] = []


def register(counter: Counter) -> Counter:
    """Let a counter be asked: who leaves, at which moment, on which day of the firm. It returns what it counts, also where that is 0."""
    if counter not in COUNTERS:
        COUNTERS.append(counter)
    return counter


def left_by(user: User, moment: datetime, today: date) -> list[Left]:
    """What disabling a sign-in ends and leaves behind; nothing of which there is none."""
    found = [*_of_identity(user, moment), *(one for counter in COUNTERS for one in counter(user, moment, today))]
    return [one for one in found if one.count]


def _of_identity(user: User, moment: datetime) -> Iterable[Left]:
    links = select(func.count()).select_from(OneTimeLink).where(OneTimeLink.user_id == user.id, OneTimeLink.used_at.is_(None), OneTimeLink.expires_at > moment)
    yield Left(N_("Sessions"), len(live_sessions([user.id], moment)), N_("They end at once; what was typed and not sent is lost."))
    yield Left(N_("One-time links"), db.session.execute(links).scalar_one(), N_("They open nothing any more."))
