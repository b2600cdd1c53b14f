"""What the club brought and cost over a span of days, tier by tier: dues, tickets, what went back, the cost of events, benefits used, points that
may still be spent. Read in a few statements; who had which tier on which day comes from dated spans alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from models import db
from models.club import Booking, BookingState, CheckIn, ClubEvent, ClubSession, EventState, Seat
from models.club_membership import BenefitUse, ClubDues, ClubMember, TierPrice
from models.club_money import Payment, Refund, RefundState
from models.club_points import PointEntry
from models.values.money import split
from portal.club import costs, door, members
from portal.club.membership import Span, tier_on
from portal.club.payments import MONEY_IN


@dataclass
class Line:
    """Of one tier (None: of whoever had none): members on the last day; dues, tickets, refunds, disputed money and cost of events (fen); benefits
    used (times); points that may still be spent after the last day."""

    tier_id: int | None
    members: int = 0
    dues: int = 0
    tickets: int = 0
    refunds: int = 0
    disputed: int = 0
    cost: int = 0
    uses: int = 0
    points: int = 0

    @property
    def result(self) -> int:
        """What is left (fen): dues and tickets, less what went back, what is disputed, and what events cost."""
        return self.dues + self.tickets - self.refunds - self.disputed - self.cost


AMOUNTS = ("members", "dues", "tickets", "refunds", "disputed", "cost", "uses", "points")


@dataclass
class Sums:
    """Amounts by tier, as they are added up."""

    zone: ZoneInfo
    spans: dict[str, list[Span]] = field(default_factory=dict)
    lines: dict[int | None, Line] = field(default_factory=dict)

    def tier(self, person: str, at: datetime | date) -> int | None:
        """The tier that a person had on a day."""
        day = at.astimezone(self.zone).date() if isinstance(at, datetime) else at
        found = tier_on(self.spans.get(person, ()), day)
        return found.tier_id if found is not None else None

    def add(self, tier_id: int | None, name: str, amount: int) -> None:
        """Add an amount to the line of a tier."""
        line = self.lines.setdefault(tier_id, Line(tier_id))
        setattr(line, name, getattr(line, name) + amount)


def lines(first: date, last: date, zone: ZoneInfo) -> list[Line]:
    """What each tier brought and cost from a day to a day, both included, by the clocks of the firm; only tiers of which there is anything to say."""
    begin, end = (datetime.combine(day, time.min, zone) for day in (first, last + timedelta(days=1)))
    money, back, disputed = _paid(begin, end), _refunded(begin, end), _disputed(begin, end)
    heads, spent = _heads(begin, end)
    points = {row[0]: int(row[1]) for row in db.session.execute(select(PointEntry.person, func.sum(PointEntry.points)).where(PointEntry.at < end).group_by(PointEntry.person))}
    used = db.session.execute(
        select(ClubMember.person, BenefitUse.at).join(ClubMember, ClubMember.id == BenefitUse.member_id).where(_between(BenefitUse.at, begin, end), BenefitUse.undone_at.is_(None))
    ).all()
    persons = {row.person for row in (*money, *back, *disputed) if row.person} | {person for _event, person in heads} | set(points) | {row.person for row in used}
    sums = Sums(zone, _spans(persons))
    for name, rows in (("", money), ("refunds", back), ("disputed", disputed)):
        for row in rows:
            sums.add(row.tier_id or sums.tier(row.person, row.at), name or ("dues" if row.tier_id else "tickets"), int(row.amount))
    for person, at in used:
        sums.add(sums.tier(person, at), "uses", 1)
    for person, left in points.items():
        sums.add(sums.tier(person, last), "points", left)
    _share_cost(sums, heads, spent)
    for tier_id, count in _members(last):
        sums.add(tier_id, "members", count)
    return [line for line in sums.lines.values() if any(getattr(line, name) for name in AMOUNTS)]


def total(rows: Iterable[Line]) -> Line:
    """All tiers together."""
    found = Line(None)
    for row in rows:
        for name in AMOUNTS:
            setattr(found, name, getattr(found, name) + getattr(row, name))
    return found


def _between(column: Any, begin: datetime, end: datetime) -> Any:
    return (column >= begin) & (column < end)


def _of_payments(at: Any, amount: Any, *conditions: Any) -> Sequence[Any]:
    """Amounts of payments: of dues by the tier that they are for, of tickets by who booked."""
    query = select(at.label("at"), amount.label("amount"), Booking.person, TierPrice.tier_id).select_from(Payment).outerjoin(Booking, Booking.id == Payment.booking_id)
    query = query.outerjoin(ClubDues, ClubDues.id == Payment.dues_id).outerjoin(TierPrice, TierPrice.id == ClubDues.tier_price_id)
    if amount.class_ is Refund:
        query = query.join(Refund, Refund.payment_id == Payment.id)
    return db.session.execute(query.where(*conditions)).all()


def _paid(begin: datetime, end: datetime) -> Sequence[Any]:
    return _of_payments(Payment.paid_at, Payment.amount, Payment.state.in_(MONEY_IN), _between(Payment.paid_at, begin, end))


def _refunded(begin: datetime, end: datetime) -> Sequence[Any]:
    return _of_payments(Refund.settled_at, Refund.amount, Refund.state == RefundState.SUCCEEDED, _between(Refund.settled_at, begin, end))


def _disputed(begin: datetime, end: datetime) -> Sequence[Any]:
    return _of_payments(Payment.disputed_at, Payment.amount, _between(Payment.disputed_at, begin, end))


def _heads(begin: datetime, end: datetime) -> tuple[Counter[tuple[int, str]], dict[int, tuple[datetime, int]]]:
    """Of events that began in the span: their start and cost, and for how many seats each person stands there: those that were let in; where nobody
    was, those that were granted."""
    starts = select(ClubSession.event_id, func.min(ClubSession.starts_at).label("starts_at")).group_by(ClubSession.event_id).subquery()
    cost = costs.totals().subquery()
    query = select(cost.c.event_id, starts.c.starts_at, cost.c.cost).join(starts, starts.c.event_id == cost.c.event_id).join(ClubEvent, ClubEvent.id == cost.c.event_id)
    rows = db.session.execute(query.where(ClubEvent.state != EventState.DRAFT, _between(starts.c.starts_at, begin, end)))
    spent = {row.event_id: (row.starts_at, int(row.cost)) for row in rows}
    came = select(CheckIn.seat_id, CheckIn.event_id).where(CheckIn.id.in_(door.let_in().with_only_columns(CheckIn.id))).distinct().subquery()
    seats = select(Booking.event_id, Booking.person, func.count().label("seats"), func.count(came.c.seat_id).label("came")).join(Seat, Seat.booking_id == Booking.id)
    seats = seats.outerjoin(came, came.c.seat_id == Seat.id).where(Booking.event_id.in_(spent), Booking.state == BookingState.GRANTED, Seat.freed_at.is_(None))
    found = db.session.execute(seats.group_by(Booking.event_id, Booking.person)).all()
    stood = {row.event_id for row in found if row.came}
    return Counter({(row.event_id, row.person): int(row.came if row.event_id in stood else row.seats) for row in found}), spent


def _share_cost(sums: Sums, heads: Counter[tuple[int, str]], spent: dict[int, tuple[datetime, int]]) -> None:
    """The cost of an event is shared by heads, without a fen lost; of one to which nobody came or booked, it stands with no tier."""
    by_event: dict[int, Counter[int | None]] = {event_id: Counter() for event_id in spent}
    for (event_id, person), count in heads.items():
        by_event[event_id][sums.tier(person, spent[event_id][0])] += count
    for event_id, (_starts_at, cost) in spent.items():
        shares = sorted(((tier_id, count) for tier_id, count in by_event[event_id].items() if count), key=lambda one: (-one[1], one[0] or 0)) or [(None, 1)]
        parts = split(cost, [count for _tier, count in shares], sum(count for _tier, count in shares))
        for (tier_id, _count), part in zip(shares, parts, strict=False):
            sums.add(tier_id, "cost", part)


def _members(day: date) -> list[tuple[int, int]]:
    standing = members.standing_on(day).subquery()
    return [(row[0], int(row[1])) for row in db.session.execute(select(standing.c.tier_id, func.count()).group_by(standing.c.tier_id))]


def _spans(persons: set[str]) -> dict[str, list[Span]]:
    known = members.of_persons(persons)
    spans = members.spans_of({member.id for member in known.values()})
    return {person: spans[member.id] for person, member in known.items()}
