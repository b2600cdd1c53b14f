"""An event once more: a copy, or a series of them every week or month, each at the same hours by the clocks of its place."""

from __future__ import annotations

import calendar
import enum
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from models.club import ClubEvent, ClubSession, TicketKind
from portal.actors import Actor
from portal.club import events
from portal.club.events import Draft, Kind, When
from portal.permissions import Can
from portal.refusals import Refusal

MOST = 12


class Every(enum.StrEnum):
    """How far the events of a series are from each other."""

    WEEK = "week"
    MONTH = "month"


def days(first: date, every: Every, count: int) -> list[date]:
    """The days of a series. A day that a month does not have is its last one; the next month has it again.

    >>> [str(day) for day in days(date(2027, 1, 31), Every.MONTH, 3)]
    ['2027-01-31', '2027-02-28', '2027-03-31']
    """
    if every is Every.WEEK:
        return [first + timedelta(weeks=number) for number in range(count)]
    return [_month_later(first, number) for number in range(count)]


def _month_later(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))


def draft_of(event: ClubEvent, sessions: Sequence[ClubSession], kinds: Sequence[TicketKind]) -> Draft:
    """An event as a draft of another one: what is said of it, without its bookings."""
    names = ("title", "title_en", "about", "about_en", "host", "zone", "capacity", "party_most", "hold_minutes", "sales_end_at", "policy", "education_only", "grade_least")
    when = tuple(When(row.starts_at, row.ends_at, row.venue, row.address, row.online_url) for row in sessions)
    return Draft(
        **{name: getattr(event, name) for name in names},
        tiers=tuple(event.tiers),
        admitted=tuple(event.admitted),
        when=when,
        kinds=tuple(Kind(kind.name, kind.name_en, kind.price, kind.capacity) for kind in kinds if kind.on_sale),
    )


def moved(draft: Draft, first: date) -> Draft:
    """A draft on another first day: everything so many days later, at the same hours by the clocks of its place."""
    zone = ZoneInfo(draft.zone)
    by = first - draft.when[0].starts_at.astimezone(zone).date()

    def later(moment: datetime) -> datetime:
        wall = moment.astimezone(zone).replace(tzinfo=None) + by
        return wall.replace(tzinfo=zone).astimezone(UTC)

    when = tuple(replace(one, starts_at=later(one.starts_at), ends_at=later(one.ends_at)) for one in draft.when)
    return replace(draft, when=when, sales_end_at=later(draft.sales_end_at))


def series(draft: Draft, first: date, every: Every, count: int, moment: datetime) -> list[Draft]:
    """The drafts of a series, the first on `first`. Raises Refusal where they are too many or the first is over."""
    if not 1 <= count <= MOST:
        raise Refusal("a series has 1 to %(most)s events", most=MOST)
    made = [moved(draft, day) for day in days(first, every, count)]
    if made[0].sales_end_at <= moment:
        raise Refusal("the first one begins in the future")
    return made


def create(drafts: Sequence[Draft], *, actor: Actor, moment: datetime) -> list[str]:
    """Write a series down as drafts, each under an address of its own. Returns these. Raises NotAllowed, Refusal."""
    actor.need(Can.CLUB_EDIT)
    return [events.create(one, actor=actor, moment=moment).key for one in drafts]
