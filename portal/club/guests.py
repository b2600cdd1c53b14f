"""Guests and the page that each gets: his ticket, and whether he wants to be called.

Who leaves his number comes in through the leads room like anybody else: matched, claimed first by who introduced him first, with his own
consents. An event that only teaches asks nobody.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, update

from models import db
from models.club import Booking, ClubEvent, EventState, Seat
from models.club_guests import ClubInvitation
from models.leads import Campaign, Claim, IntroductionLink, Lead
from portal.actors import NOBODY, Actor
from portal.club import capacity
from portal.club.booking import held_booking
from portal.club.entries import note
from portal.leads import campaigns, links
from portal.refusals import Conflict, NotFound


@dataclass(frozen=True)
class GuestPage:
    """What a guest's page shows. `code` is the personal link through which he may leave his number; empty where nobody asks him."""

    invitation: ClubInvitation
    seat: Seat
    booking: Booking
    event: ClubEvent
    live: bool
    code: str


@dataclass(frozen=True)
class Came:
    """What an event brought: guests invited, those who left a number, and those of them who are clients now."""

    invited: int
    leads: int
    clients: int


def invite(public_id: str, position: int, *, actor: Actor, moment: datetime, today: date) -> ClubInvitation:
    """Make a guest's page, inside the open transaction; the same one when asked again. Raises NotFound, Conflict."""
    event, booking = held_booking(public_id, actor)
    seat = db.session.execute(select(Seat).where(Seat.booking_id == booking.id, Seat.position == position, Seat.freed_at.is_(None))).scalar_one_or_none()
    if seat is None:
        raise NotFound("there is no such seat")
    if position == 0:
        raise Conflict("your own seat needs no invitation")
    if not capacity.holds(booking, moment):
        raise Conflict("this booking is over already")
    held = of_seats([seat.id]).get(seat.id)
    if held is not None:
        return held
    made = ClubInvitation(token=secrets.token_urlsafe(18), seat_id=seat.id, link_id=_link(event, actor, moment, today), created_at=moment, created_by_id=actor.user_id)
    db.session.add(made)
    db.session.flush()
    note(event.id, booking, "guest_invited", actor, moment, position=position)
    return made


def _link(event: ClubEvent, actor: Actor, moment: datetime, today: date) -> int | None:
    """The personal link of who brings the guest, for this event; None where the event only teaches, or he may introduce nobody now."""
    if event.education_only:
        return None
    campaign = campaigns.of_event(code_of(event.id), event.title, event.branch_id, actor=actor, moment=moment, today=today)
    link = links.of_event(actor, campaign, moment, today)
    return None if link is None else link.id


def code_of(event_id: int) -> str:
    """Under which code an event stands among the efforts that bring leads."""
    return f"{campaigns.OF_CLUB}{event_id:05d}"


def page_of(token: str, moment: datetime, today: date) -> GuestPage:
    """A guest's page. Raises NotFound, the same for a page that never was and one whose seat went to somebody else."""
    query = select(ClubInvitation, Seat, Booking, ClubEvent, IntroductionLink.code).join(Seat, Seat.id == ClubInvitation.seat_id).join(Booking, Booking.id == Seat.booking_id)
    query = query.join(ClubEvent, ClubEvent.id == Seat.event_id).outerjoin(IntroductionLink, IntroductionLink.id == ClubInvitation.link_id)
    found = db.session.execute(query.where(ClubInvitation.token == token, Seat.freed_at.is_(None))).first()
    if found is None:
        raise NotFound("this page is not there any more: ask the person who brings you")
    invitation, seat, booking, event, code = found
    asks = code and invitation.declined_at is None and not event.education_only and links.works(code, today)
    return GuestPage(invitation, seat, booking, event, event.state != EventState.CANCELLED and capacity.holds(booking, moment), code if asks else "")


def decline(token: str, moment: datetime) -> None:
    """A guest does not want to be asked: his page never asks again. Raises NotFound."""
    found = db.session.execute(
        select(ClubInvitation).join(Seat, Seat.id == ClubInvitation.seat_id).where(ClubInvitation.token == token, Seat.freed_at.is_(None))
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("this page is not there any more: ask the person who brings you")
    said = update(ClubInvitation).where(ClubInvitation.id == found.id, ClubInvitation.declined_at.is_(None)).values(declined_at=moment)
    if db.session.execute(said).rowcount:  # type: ignore[attr-defined]
        booking = db.session.execute(select(Booking).join(Seat, Seat.booking_id == Booking.id).where(Seat.id == found.seat_id)).scalar_one()
        note(booking.event_id, booking, "guest_declined", NOBODY, moment)


def of_seats(seat_ids: list[int]) -> dict[int, ClubInvitation]:
    """The invitations of some seats."""
    return {row.seat_id: row for row in db.session.execute(select(ClubInvitation).where(ClubInvitation.seat_id.in_(seat_ids))).scalars()}


def came_of(event_id: int) -> Came:
    """What an event brought until now."""
    invited = select(func.count()).select_from(ClubInvitation).join(Seat, Seat.id == ClubInvitation.seat_id).where(Seat.event_id == event_id)
    claimed = select(Claim.lead_id).join(Campaign, Campaign.id == Claim.campaign_id).where(Campaign.code == code_of(event_id)).distinct()
    leads = select(func.count(), func.count(Lead.account_id)).where(Lead.id.in_(claimed))
    registered, clients = db.session.execute(leads).one()
    return Came(db.session.execute(invited).scalar_one(), registered, clients)
