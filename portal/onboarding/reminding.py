"""What of which broker lapses soon, and telling the broker, his manager and compliance about it, each once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, select

from models import db
from models.commission import Agreement
from models.identity import Role, User, UserRole, UserState
from models.onboarding import LapseMark, Lapsing
from models.partners import Broker, BrokerState, BrokerStatus, BrokerVersion, Licence, PersonKind, Staff
from portal.actors import Actor
from portal.audit import log
from portal.notices.kinds import N_, register
from portal.notices.verbs import tell_each
from portal.onboarding.lapsing import AHEAD, Days, due, lapses_on
from portal.versions import current

SOON = "onboarding.lapse"
"""The kind of the notice."""
register(
    SOON,
    N_("The %(what)s of broker %(broker)s lapses on %(day)s, in %(days)s days: pay stops that day."),
    "brokers",
    label=N_("A licence or an agreement lapses soon"),
    words=("what",),
    tone="warn",
)
NAMES = {Lapsing.LICENCE.value: N_("licence"), Lapsing.AGREEMENT.value: N_("agreement")}


@dataclass(frozen=True)
class Coming:
    """Something of an active broker's that ends, with nothing after it: `on` is the first day without it."""

    broker_id: int
    broker_no: str
    name: str
    branch_id: int
    manager_id: int | None
    what: Lapsing
    on: date


def coming(today: date, ahead: int = max(AHEAD)) -> list[Coming]:
    """What of active brokers lapses within so many days, the soonest first. A licence is asked of persons only."""
    version, broker = current(BrokerVersion).subquery(), Broker
    status = current(BrokerStatus).where(BrokerStatus.status == BrokerState.ACTIVE.value, BrokerStatus.valid_from <= today, BrokerStatus.valid_to > today).subquery()
    query = select(broker.id, broker.broker_no, version.c.name, version.c.kind, version.c.branch_id, version.c.manager_staff_id)
    query = query.join(version, version.c.broker_id == broker.id).join(status, status.c.broker_id == broker.id)
    spans = {what: _spans(current(model), today) for what, model in ((Lapsing.LICENCE, Licence), (Lapsing.AGREEMENT, Agreement))}
    found = []
    for row in db.session.execute(query):
        for what in Lapsing:
            on = lapses_on(spans[what].get(row.id, ()), today)
            if on is not None and on <= today + timedelta(days=ahead) and (what is Lapsing.AGREEMENT or row.kind == PersonKind.PERSON):
                found.append(Coming(row.id, row.broker_no, row.name, row.branch_id, row.manager_staff_id, what, on))
    return sorted(found, key=lambda one: (one.on, one.broker_no.encode(), one.what))


def remind(today: date, actor: Actor, moment: datetime) -> int:
    """Say what lapses in 60, 30 or 7 days, each once, and keep a mark of it. Returns how many lapses were spoken of. Verb."""
    soon, marked = coming(today), _marked(today)
    fresh = [(one, days) for one in soon if (days := due(one.on, today, marked[one.broker_id, one.what.value, one.on]))]
    if not fresh:
        return 0
    db.session.add_all(LapseMark(broker_id=one.broker_id, what=one.what.value, lapses_on=one.on, days_before=ahead, at=moment) for one, days in fresh for ahead in days)
    db.session.flush()
    tell_each(_told([one for one, _ in fresh], today), SOON, actor=actor, moment=moment)
    lines = (log.Line("lapse.told", "broker", one.broker_no, None, {"what": one.what.value, "lapses_on": str(one.on), "days_before": days}) for one, days in fresh)
    log.write_many(actor, moment, lines)
    return len(fresh)


def _told(fresh: list[Coming], today: date) -> Iterator[tuple[int, str, dict[str, str | int]]]:
    """Whom to tell what: the broker, his manager, and everybody of compliance; nobody twice."""
    users = select(User.id, User.broker_no, User.staff_no).where(User.state != UserState.DISABLED)
    of_broker, of_staff = defaultdict(set), defaultdict(set)
    for row in db.session.execute(users.where(User.broker_no.is_not(None) | User.staff_no.is_not(None))):
        of_broker[row.broker_no].add(row.id)
        of_staff[row.staff_no].add(row.id)
    staff = dict(db.session.execute(select(Staff.id, Staff.staff_no)).all())
    watching = set(db.session.execute(users.with_only_columns(User.id).join(UserRole).where(UserRole.role == Role.COMPLIANCE.value)).scalars())
    for one in fresh:
        values: dict[str, str | int] = {"what": NAMES[one.what.value], "broker": one.broker_no, "day": str(one.on), "days": (one.on - today).days}
        own, manager = of_broker.get(one.broker_no, set()), of_staff.get(staff.get(one.manager_id or 0, ""), set())
        for user in sorted(own | manager | watching):
            yield user, "/terms" if user in own else "/onboarding/lapsing", values


def _spans(rows: Select[Any], today: date) -> dict[int, list[Days]]:
    found: dict[int, list[Days]] = defaultdict(list)
    for row in db.session.execute(rows).scalars():
        if row.valid_to > today:
            found[row.broker_id].append((row.valid_from, row.valid_to))
    return found


def _marked(today: date) -> dict[tuple[int, str, date], set[int]]:
    found: dict[tuple[int, str, date], set[int]] = defaultdict(set)
    marks = select(LapseMark.broker_id, LapseMark.what, LapseMark.lapses_on, LapseMark.days_before).where(LapseMark.lapses_on >= today)
    for broker, what, on, days in db.session.execute(marks):
        found[broker, what, on].add(days)
    return found
