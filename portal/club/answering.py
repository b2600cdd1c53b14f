"""Answering an event's questions later, or otherwise: by who booked, or by a guest on his own page, until the moment that the event says. Verbs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from models import db
from models.club import Booking, ClubEvent, Seat
from models.club_guests import ClubInvitation
from portal.actors import NOBODY, Actor
from portal.club import answers, capacity, questions
from portal.club.booking import held_booking, held_booking_of
from portal.club.entries import note
from portal.permissions import Can
from portal.refusals import Conflict, NotFound


def by_booker(public_id: str, position: int, typed: Mapping[int, str], *, english: bool, actor: Actor, moment: datetime) -> None:
    """Who booked answers for himself or, but for what is private, for a guest. Raises NotAllowed, NotFound; Conflict where it is too late; Refusal."""
    actor.need(Can.CLUB_SEAT)
    event, booking = held_booking(public_id, actor)
    seat = db.session.execute(select(Seat).where(Seat.booking_id == booking.id, Seat.position == position, Seat.freed_at.is_(None))).scalar_one_or_none()
    if seat is None:
        raise NotFound("there is no such seat")
    _answer(event, booking, seat, typed, english=english, by_guest=False, actor=actor, moment=moment)


def by_guest(token: str, typed: Mapping[int, str], *, english: bool, moment: datetime) -> None:
    """A guest answers on his own page. Raises NotFound; Conflict where it is too late; Refusal."""
    query = select(Seat.id, Seat.booking_id).join(ClubInvitation, ClubInvitation.seat_id == Seat.id).where(ClubInvitation.token == token, Seat.freed_at.is_(None))
    found = db.session.execute(query).first()
    if found is None:
        raise NotFound("this page is not there any more: ask the person who brings you")
    event, booking = held_booking_of(found.booking_id)
    _answer(event, booking, db.session.get_one(Seat, found.id), typed, english=english, by_guest=True, actor=NOBODY, moment=moment)


def _answer(event: ClubEvent, booking: Booking, seat: Seat, typed: Mapping[int, str], *, english: bool, by_guest: bool, actor: Actor, moment: datetime) -> None:
    until = questions.open_until(event.id)
    if not capacity.holds(booking, moment):
        raise Conflict("this booking is over already")
    if until is not None and until <= moment:
        raise Conflict("the time for changing answers is over: ask the firm")
    asked = answers.asked_of(questions.of_event(event.id), seat.position, by_guest=by_guest)
    said = answers.checked(asked, typed, english=english)
    answers.keep(event.id, seat.id, asked, said, english=english, by_guest=by_guest, moment=moment)
    note(event.id, booking, "answered", actor, moment, position=seat.position)
