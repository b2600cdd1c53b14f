"""By which comparison an evening is read: the surest one that there is. A random hold-out before an order drawn by lot (waves), that before pairs who were alike
before, that before nothing. Light enough for a page: it computes no statistics."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select

from models import db
from models.club import Booking, BookingState
from models.club_invites import Arm, Invitee, InviteList
from models.club_waves import ClubWave, ClubWavePlan
from portal.risk.comparing import FEWEST


class Method(enum.StrEnum):
    """How what an evening did is read."""

    LOT = "lot"
    WAVES = "waves"
    PAIRS = "pairs"
    NONE = "none"


@dataclass(frozen=True)
class Counts:
    """What there is of an event: clients invited and held out by lists that held some out; all who were invited by lists; the plan in waves in which it is an
    evening (its address); clients who signed up."""

    invited: int = 0
    held: int = 0
    listed: int = 0
    plan: str = ""
    booked: int = 0

    @property
    def method(self) -> Method:
        """The surest comparison that these allow."""
        if min(self.invited, self.held) >= FEWEST:
            return Method.LOT
        if self.plan:
            return Method.WAVES
        return Method.PAIRS if self.treated >= FEWEST else Method.NONE

    @property
    def by_list(self) -> bool:
        """Whether those who are compared were invited by lists; else they signed up by themselves."""
        return self.listed > 0

    @property
    def treated(self) -> int:
        """How many clients would be compared with others who were alike."""
        return self.listed or self.booked


def of_events(event_ids: Iterable[int]) -> dict[int, Counts]:
    """What there is of events; in three questions."""
    ids = list(event_ids)
    drawn = InviteList.percent > 0
    columns = [
        func.count().filter(drawn, Invitee.arm == Arm.INVITED).label("invited"),
        func.count().filter(drawn, Invitee.arm == Arm.HELD_OUT).label("held"),
        func.count().filter(Invitee.arm != Arm.HELD_OUT).label("listed"),
    ]
    lists = select(Invitee.event_id, *columns).join(InviteList, InviteList.id == Invitee.list_id).where(Invitee.event_id.in_(ids)).group_by(Invitee.event_id)
    plans = select(ClubWave.event_id, func.max(ClubWavePlan.public_id)).join(ClubWavePlan, ClubWavePlan.id == ClubWave.plan_id).where(ClubWave.event_id.in_(ids))
    granted = (Booking.event_id.in_(ids), Booking.state == BookingState.GRANTED, Booking.client_no != "")
    booked = select(Booking.event_id, func.count(Booking.client_no.distinct())).where(*granted).group_by(Booking.event_id)
    by_list = {row.event_id: row for row in db.session.execute(lists)}
    by_plan: dict[int, str] = {row[0]: row[1] for row in db.session.execute(plans.group_by(ClubWave.event_id))}
    by_seat: dict[int, int] = {row[0]: row[1] for row in db.session.execute(booked)}
    found = {}
    for number in ids:
        row = by_list.get(number)
        invited, held, listed = (row.invited, row.held, row.listed) if row else (0, 0, 0)
        found[number] = Counts(invited, held, listed, by_plan.get(number, ""), by_seat.get(number, 0))
    return found
