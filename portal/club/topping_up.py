"""Inviting further where seats stay free: the next of the recorded random order, out of the reserve. Who is held out stays held out, so the comparison stands: by
intention to treat everybody whom the lot put on the invited side counts as invited, whether or not his turn came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from models import db
from models.club import ClubEvent, EventState
from models.club_invites import Arm, Invitee, InviteList, InviteSending, InviteTopUp
from portal.actors import Actor
from portal.club import capacity, invites, offers
from portal.club.entries import note
from portal.permissions import Can
from portal.refusals import Conflict, Refusal


@dataclass(frozen=True)
class Reserve:
    """How a list stands: how many of its invited were not written to yet, seats that are free for all, and what was topped up before."""

    waiting: int
    free: int
    before: Sequence[InviteTopUp]

    @property
    def most(self) -> int:
        """So many can be invited further now."""
        return min(self.waiting, self.free)


def look(found: InviteList, event: ClubEvent, moment: datetime) -> Reserve | None:
    """How a list stands; None where it was not sent yet. Seats that are offered to who waits are not free."""
    sending = invites.sending_of(found.id)
    if sending is None:
        return None
    before = _before(found.id)
    upto = _upto(sending, before)
    waiting = 0 if upto is None else db.session.execute(select(func.count()).where(*_next(found.id, upto))).scalar_one()
    opens = event.state == EventState.PUBLISHED and event.sales_end_at > moment
    return Reserve(waiting, offers.plan_of(event, moment).free if opens else 0, before)


def top_up(public_id: str, count: int, *, actor: Actor, moment: datetime) -> InviteTopUp:
    """Write to the next so many of the drawn order. Raises NotAllowed, NotFound; Conflict where the list was not sent yet, nobody waits in reserve, or fewer seats are
    free; Refusal where nobody can sign up. Verb."""
    actor.need(Can.CLUB_EDIT)
    found = invites.list_of(public_id)
    event = capacity.locked(found.event_id)
    if event.state != EventState.PUBLISHED or event.sales_end_at <= moment:
        raise Refusal("nobody can sign up for this event now: open it for booking first")
    reserve, sending = look(found, event, moment), invites.sending_of(found.id)
    if reserve is None or sending is None:
        raise Conflict("this list was not sent yet: send it first")
    if not reserve.waiting:
        raise Conflict("nobody of this list waits in reserve")
    if not 1 <= count <= reserve.most:
        raise Conflict(
            "between 1 and %(most)s can be invited further: %(free)s seats are free, and %(waiting)s wait in reserve", most=reserve.most, free=reserve.free, waiting=reserve.waiting
        )
    after = _upto(sending, reserve.before) or 0
    places = list(db.session.execute(select(Invitee.place).where(*_next(found.id, after)).order_by(Invitee.place).limit(count)).scalars())
    side = select(Invitee.client_no).where(*_next(found.id, after), Invitee.place <= places[-1])
    told, unreached = invites.write_to(event, side, f"invites:{found.id}:{places[-1]}", actor, moment)
    row = InviteTopUp(list_id=found.id, upto_place=places[-1], free=reserve.free, at=moment, told=told, unreached=unreached, actor_label=actor.label)
    db.session.add(row)
    db.session.flush()
    note(event.id, None, "invites_topped_up", actor, moment, list=found.public_id, count=count, free=reserve.free, told=told, unreached=unreached)
    return row


def _before(list_id: int) -> Sequence[InviteTopUp]:
    return db.session.execute(select(InviteTopUp).where(InviteTopUp.list_id == list_id).order_by(InviteTopUp.id)).scalars().all()


def _upto(sending: InviteSending, before: Sequence[InviteTopUp]) -> int | None:
    """The last place that was written to; None where everybody was."""
    return sending.upto_place if sending.upto_place is None or not before else before[-1].upto_place


def _next(list_id: int, after: int) -> tuple[ColumnElement[bool], ...]:
    """The conditions, on Invitee, that somebody waits in reserve."""
    return (Invitee.list_id == list_id, Invitee.arm == Arm.INVITED, Invitee.place > after)
