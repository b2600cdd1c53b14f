"""Name badges for the door: who is expected, and what each agreed to have printed beside the name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from models import db
from models.club import Booking, ClubEvent, Seat, TicketKind
from portal.actors import Actor
from portal.audit import log
from portal.club import queries
from portal.club.booking import held_booking
from portal.club.entries import note
from portal.fields import one_line
from portal.permissions import Can
from portal.refusals import NotFound, Refusal

LONGEST = 40


class Badge(NamedTuple):
    """A seat with its kind of ticket, as a badge shows them."""

    seat: Seat
    kind: TicketKind


def say(public_id: str, position: int, words: str, *, actor: Actor, moment: datetime) -> Seat:
    """Keep what stands under a name on the badge (a firm or a role), nothing to have none. Raises NotAllowed, NotFound, Refusal."""
    actor.need(Can.CLUB_SEAT)
    event, booking = held_booking(public_id, actor)
    seat = db.session.execute(select(Seat).where(Seat.booking_id == booking.id, Seat.position == position, Seat.freed_at.is_(None))).scalar_one_or_none()
    if seat is None:
        raise NotFound("there is no such seat")
    words = one_line(words)
    if len(words) > LONGEST:
        raise Refusal("what stands on a badge has at most %(most)s characters", most=LONGEST)
    seat.badge = words
    db.session.flush()
    note(event.id, booking, "badge_said", actor, moment, position=position)
    return seat


def of_event(event: ClubEvent, *, actor: Actor, moment: datetime) -> Sequence[Badge]:
    """Everybody who is expected; that the names were taken out is logged. Raises NotAllowed."""
    actor.need(Can.CLUB_SEE)
    query = select(Seat, TicketKind).join(Booking, Booking.id == Seat.booking_id).join(TicketKind, TicketKind.id == Booking.ticket_kind_id)
    found = [Badge(*row) for row in db.session.execute(query.where(Seat.event_id == event.id, queries.attending()).order_by(Seat.id))]
    log.write(actor, moment, "club.badges_printed", "club_event", str(event.id), after={"badges": len(found)})
    return found
