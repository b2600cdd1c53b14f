"""From guest to equity: how many guests of events left a number, opened an account, paid in for the first time and hold equity, and how much, as of
a day. Read in a few statements over all events; a person counts once, for the event through which he came first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, Subquery, and_, func, select, true

from models import db
from models.clients import AccountVersion
from models.club import Booking, BookingState, ClubEvent, Seat
from models.club_guests import ClubInvitation
from models.leads import Campaign, Claim, Lead
from models.settlement import Balance, SettlementDay
from portal.clients.balances import is_newest
from portal.clients.queries import newest_version
from portal.club.guests import code_of
from portal.leads.campaigns import OF_CLUB


@dataclass
class Row:
    """Of one event (None: of all together): guests' seats, guests with a page of their own, those who left a number, who opened an account, who
    paid in for the first time with how much (fen), and who holds equity with how much (fen)."""

    event: ClubEvent | None
    guests: int = 0
    pages: int = 0
    leads: int = 0
    opened: int = 0
    paid_in: int = 0
    first_deposits: int = 0
    holding: int = 0
    equity: int = 0


COUNTS = ("guests", "pages", "leads", "opened", "paid_in", "holding")
"""The steps of persons, in their order."""
MONEY = ("first_deposits", "equity")


@dataclass(frozen=True)
class Funnel:
    """The rows of events that had a guest, the newest first, and all together. `settled`: the day whose equity it is (None: none is settled by then)."""

    rows: Sequence[Row]
    whole: Row
    settled: date | None


def funnel(day: date, zone: ZoneInfo) -> Funnel:
    """The funnel as of the end of a day by the clocks of the firm, by what the books know now of that day."""
    end = datetime.combine(day + timedelta(days=1), time.min, zone)
    settled = db.session.execute(select(func.max(SettlementDay.trade_date)).where(SettlementDay.trade_date <= day)).scalar()
    rows: dict[int, Row] = {}
    _read(rows, "guests", _seats(end))
    _read(rows, "pages", _pages(end))
    first = _first_claims(end).subquery()
    events = _events_by_code(first)
    known: dict[int, ClubEvent] = {event.id: event for event in db.session.execute(select(ClubEvent).where(ClubEvent.id.in_({*rows, *events.values()}))).scalars()}
    for found in db.session.execute(_steps(first, day, settled)):
        row = rows.setdefault(events[found.code], Row(None)) if found.code in events else None
        if row is not None:
            for name in ("leads", "opened", "paid_in", "first_deposits", "holding", "equity"):
                setattr(row, name, int(getattr(found, name)))
    for number, row in rows.items():
        row.event = known[number]
    listed = sorted(rows.values(), key=lambda row: row.event.id if row.event is not None else 0, reverse=True)
    return Funnel(listed, together(listed), settled)


def together(rows: Iterable[Row]) -> Row:
    """All rows as one: persons count once, so they add up."""
    whole = Row(None)
    for row in rows:
        for name in (*COUNTS, *MONEY):
            setattr(whole, name, getattr(whole, name) + getattr(row, name))
    return whole


def _read(rows: dict[int, Row], name: str, query: Select[*tuple[Any, ...]]) -> None:
    for number, count in db.session.execute(query):
        setattr(rows.setdefault(number, Row(None)), name, int(count))


def _seats(end: datetime) -> Select[*tuple[Any, ...]]:
    """Seats of guests in bookings that are kept, booked by then."""
    query = select(Seat.event_id, func.count()).join(Booking, Booking.id == Seat.booking_id)
    return query.where(Seat.position > 0, Seat.freed_at.is_(None), Booking.state == BookingState.GRANTED, Booking.created_at < end).group_by(Seat.event_id)


def _pages(end: datetime) -> Select[*tuple[Any, ...]]:
    query = select(Seat.event_id, func.count()).join(ClubInvitation, ClubInvitation.seat_id == Seat.id)
    return query.where(ClubInvitation.created_at < end).group_by(Seat.event_id)


def _first_claims(end: datetime) -> Select[*tuple[Any, ...]]:
    """Of each lead that came through an event by then: through which first (first touch)."""
    place = func.row_number().over(partition_by=Claim.lead_id, order_by=(Claim.registered_at, Claim.id)).label("place")
    query = select(Claim.lead_id, Campaign.code, place).join(Campaign, Campaign.id == Claim.campaign_id)
    ranked = query.where(Campaign.code.startswith(OF_CLUB, autoescape=True), Claim.registered_at < end).subquery()
    return select(ranked.c.lead_id, ranked.c.code).where(ranked.c.place == 1)


def _events_by_code(first: Subquery) -> Mapping[str, int]:
    codes = set(db.session.execute(select(first.c.code).distinct()).scalars())
    return {code: number for code in codes if (number := _number(code)) is not None}


def _number(code: str) -> int | None:
    text = code.removeprefix(OF_CLUB)
    return int(text) if text.isascii() and text.isdigit() and code_of(int(text)) == code else None


def _steps(first: Subquery, day: date, settled: date | None) -> Select[*tuple[Any, ...]]:
    """By event: persons at each step from the number on, and the money of the last two."""
    accounts = select(first.c.code, first.c.lead_id, AccountVersion.account_id, AccountVersion.opened_on).select_from(first).join(Lead, Lead.id == first.c.lead_id)
    opened = and_(AccountVersion.account_id == Lead.account_id, newest_version(), AccountVersion.opened_on <= day)
    people = accounts.outerjoin(AccountVersion, opened).subquery()
    paid, now = _first_deposits(people, day).subquery(), _equity(people, settled).subquery()
    query = select(
        people.c.code,
        func.count().label("leads"),
        func.count(people.c.account_id).label("opened"),
        func.count(paid.c.account_id).label("paid_in"),
        func.coalesce(func.sum(paid.c.deposit), 0).label("first_deposits"),
        func.count(now.c.account_id).label("holding"),
        func.coalesce(func.sum(now.c.equity), 0).label("equity"),
    )
    query = query.outerjoin(paid, and_(paid.c.account_id == people.c.account_id, paid.c.place == 1)).outerjoin(now, now.c.account_id == people.c.account_id)
    return query.group_by(people.c.code)


def _first_deposits(people: Subquery, day: date) -> Select[*tuple[Any, ...]]:
    """The days on which these accounts were paid into, each with its place. The key of balances begins with the day: each is a look-up."""
    days = select(SettlementDay.trade_date).where(SettlementDay.trade_date <= day).distinct().subquery()
    owned = select(people.c.account_id, people.c.opened_on).where(people.c.account_id.is_not(None)).subquery()
    on = and_(Balance.trade_date == days.c.trade_date, Balance.account_id == owned.c.account_id)
    place = func.row_number().over(partition_by=owned.c.account_id, order_by=days.c.trade_date).label("place")
    query = select(owned.c.account_id, Balance.deposit, place).select_from(owned).join(days, true() & (days.c.trade_date >= owned.c.opened_on)).join(Balance, on)
    return query.where(Balance.deposit > 0, ~Balance.gone, is_newest())


def _equity(people: Subquery, settled: date | None) -> Select[*tuple[Any, ...]]:
    """What these accounts hold on the settled day, where it is more than nothing."""
    query = select(Balance.account_id, Balance.equity).where(Balance.trade_date == (settled or date.min), ~Balance.gone, is_newest(), Balance.equity > 0)
    return query.where(Balance.account_id.in_(select(people.c.account_id).where(people.c.account_id.is_not(None))))
