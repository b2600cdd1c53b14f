"""What the rules of signals are given: everybody who may leave, and what was recorded of his work by the evening of a day.

Nothing recorded later is read, and each table is asked once for everybody: the number of questions does not grow with people.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy import exists, select

from models import db
from models.audit import AuditEntry
from models.commission import Agreement
from models.departure_signals import SignalKind
from models.identity import User, UserSession
from models.leads import Claim
from models.partners import Broker, BrokerState, BrokerStatus, BrokerVersion, Licence, Staff, StaffVersion
from models.questions import ClientQuestion, FeeAsker, QuestionEntry, QuestionSubject
from portal.departures.exposure import Kind
from portal.departures.signal_clients import Clustered, clustered
from portal.departures.signal_rules import WEEKS
from portal.onboarding.lapsing import Days
from portal.risk import facts
from portal.risk.facts import Facts, evening
from portal.risk.gathering import Progress
from portal.versions import current

BACK = timedelta(days=730)
"""How far back deeds are read: a silence of a year, and the year of habit before it."""
LOOKED = ("clients.identity.reveal", "lead.phone_shown", "care.caller", "risk.looked", "exposure.looked")
"""Lines of the log that say that somebody looked a client or a lead up."""
TAKEN = "list.exported"
OF_CLIENTS = ("clients.", "risk.", "care", "leads", "exposure.", "handovers.", "segments.", "trades.", "return_visits.", "conversions.", "confirmations.", "suitability.")
"""Lists whose rows are clients or leads, by how their address is named; other lists that are taken out are not counted."""

Key = tuple[Kind, int]
"""Somebody: of which kind, and his row."""


class Who(NamedTuple):
    """Somebody who may leave."""

    kind: Kind
    id: int
    number: str


@dataclass
class Seen:
    """What is known of everybody on a day. Deeds are days of the firm's clock; weeks begin with the last seven days."""

    day: date
    people: list[Who]
    ends: dict[tuple[SignalKind, int], list[Days]] = field(default_factory=lambda: defaultdict(list))
    deeds: dict[tuple[SignalKind, Key], list[date]] = field(default_factory=lambda: defaultdict(list))
    clusters: dict[Key, list[Clustered]] = field(default_factory=dict)
    weeks: dict[tuple[SignalKind, Key], list[int]] = field(default_factory=dict)
    known_weeks: dict[Key, int] = field(default_factory=dict)


def seen(day: date, zone: ZoneInfo, progress: Progress) -> Seen:
    """Everything that the rules read, as known on the evening of a day."""
    known = facts.known_on(day, zone)
    recorded = facts.read(known, zone)
    found = Seen(day, [*_staff(day, known), *_brokers(day, known)])
    for kind, model in ((SignalKind.LICENCE_ENDS, Licence), (SignalKind.AGREEMENT_ENDS, Agreement)):
        row: Any = current(model, known).subquery()
        for broker_id, first, end in db.session.execute(select(row.c.broker_id, row.c.valid_from, row.c.valid_to).where(row.c.valid_to > day)):
            found.ends[kind, broker_id].append((first, end))
    users = _users(found.people, evening(day, zone))
    _contacts(found, recorded)
    _leads(found, zone)
    _sign_ins(found, users, zone)
    _look_ups(found, users, zone)
    found.clusters = clustered(recorded, _fee_requests(day, zone), day, zone, progress)
    return found


def _staff(day: date, known: int) -> list[Who]:
    row = current(StaffVersion, known).subquery()
    query = select(Staff.id, Staff.staff_no, row.c.left_on).join(row, row.c.staff_id == Staff.id).order_by(Staff.staff_no)
    return [Who(Kind.STAFF, key, number) for key, number, left in db.session.execute(query) if left is None or left > day]


def _brokers(day: date, known: int) -> list[Who]:
    row, status = current(BrokerVersion, known).subquery(), current(BrokerStatus, known).subquery()
    held = (status.c.valid_from <= day) & (status.c.valid_to > day) & status.c.status.in_([BrokerState.ACTIVE.value, BrokerState.SUSPENDED.value])
    query = select(Broker.id, Broker.broker_no).join(row, row.c.broker_id == Broker.id).join(status, status.c.broker_id == Broker.id).where(held).distinct()
    return [Who(Kind.BROKER, key, number) for key, number in db.session.execute(query.order_by(Broker.broker_no))]


def _users(people: Iterable[Who], until: datetime) -> dict[int, tuple[Key, datetime]]:
    """The sign-ins of people: whose each is, and since when it is there."""
    by_number = {(one.kind, one.number): (one.kind, one.id) for one in people}
    found = {}
    for row in db.session.execute(select(User.id, User.staff_no, User.broker_no, User.created_at).where(User.created_at < until)):
        key = by_number.get((Kind.STAFF, row.staff_no or "")) or by_number.get((Kind.BROKER, row.broker_no or ""))
        if key is not None:
            found[row.id] = (key, row.created_at)
    return found


def _contacts(found: Seen, recorded: Facts) -> None:
    """Days on which somebody spoke with a client."""
    heard, until = recorded.heard_by(found.day), int(evening(found.day, recorded.zone).timestamp())
    known = (pl.col("at") < until) & (pl.col("recorded_at") < heard) & (pl.col("replaced_at").is_null() | (pl.col("replaced_at") >= heard))
    day = pl.from_epoch("at", time_unit="s").dt.replace_time_zone("UTC").dt.convert_time_zone(str(recorded.zone)).dt.date().alias("day")
    for staff_id, on in recorded.contacts.filter(known).select("staff_id", day).unique().iter_rows():
        found.deeds[SignalKind.NO_CONTACT, (Kind.STAFF, staff_id)].append(on)


def _fee_requests(day: date, zone: ZoneInfo) -> pl.DataFrame:
    """Requests for lower fees that were written down by the evening of a day and not taken back by then: account_id, on, by_broker. What became of
    them is not looked at."""
    until, row = evening(day, zone), ClientQuestion
    back = exists().where(QuestionEntry.question_id == row.id, QuestionEntry.action == "withdraw", QuestionEntry.at < until)
    asked = select(row.account_id, row.asked_at, row.fee_asker).where(row.subject == QuestionSubject.FEES.value, row.asked_at < until, row.asked_at >= until - BACK, ~back)
    rows = [(account_id, at.astimezone(zone).date(), asker == FeeAsker.BROKER) for account_id, at, asker in db.session.execute(asked)]
    return pl.DataFrame(rows, schema={"account_id": pl.Int64, "on": pl.Date, "by_broker": pl.Boolean}, orient="row")


def _leads(found: Seen, zone: ZoneInfo) -> None:
    """Days on which somebody registered a lead."""
    until = evening(found.day, zone)
    query = select(Claim.staff_id, Claim.broker_id, Claim.registered_at).where(Claim.registered_at < until, Claim.registered_at >= until - BACK)
    for staff_id, broker_id, at in db.session.execute(query.where(Claim.staff_id.is_not(None) | Claim.broker_id.is_not(None))):
        who: Key = (Kind.STAFF, staff_id) if staff_id is not None else (Kind.BROKER, broker_id or 0)
        found.deeds[SignalKind.NO_LEAD, who].append(at.astimezone(zone).date())


def _sign_ins(found: Seen, users: dict[int, tuple[Key, datetime]], zone: ZoneInfo) -> None:
    """Days on which somebody signed in, or was seen last; of a session that goes on after the day only its beginning was known then."""
    until = evening(found.day, zone)
    query = select(UserSession.user_id, UserSession.created_at, UserSession.last_seen_at).where(UserSession.created_at < until, UserSession.created_at >= until - BACK)
    for user_id, begun, last in db.session.execute(query):
        if user_id in users:
            deeds = found.deeds[SignalKind.NO_SIGN_IN, users[user_id][0]]
            deeds.extend(at.astimezone(zone).date() for at in (begun, last) if at < until)


def _look_ups(found: Seen, users: dict[int, tuple[Key, datetime]], zone: ZoneInfo) -> None:
    """Look-ups of clients and leads, and rows of such lists taken out, week by week back from the day."""
    until = evening(found.day, zone)
    for key, since in users.values():
        found.known_weeks[key] = max(found.known_weeks.get(key, 0), (until - since).days // 7 - 1)
    begins = until - timedelta(weeks=WEEKS + 1)
    line = AuditEntry
    query = select(line.actor_id, line.action, line.at, line.subject_key, line.after).where(line.action.in_([*LOOKED, TAKEN]), line.at < until, line.at >= begins)
    for actor_id, action, at, subject, after in db.session.execute(query.where(line.actor_id.is_not(None))):
        if actor_id not in users or (action == TAKEN and not subject.startswith(OF_CLIENTS)):
            continue
        kind = SignalKind.EXPORTS if action == TAKEN else SignalKind.LOOK_UPS
        weeks = found.weeks.setdefault((kind, users[actor_id][0]), [0] * (WEEKS + 1))
        weeks[(until - at).days // 7] += int((after or {}).get("rows") or 0) if action == TAKEN else 1
