"""What goes out to who has seats: to the booker as notice and mail, to guests who gave an address as mail alone; with the event for their calendars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import ColumnElement, select

from models import db
from models.club import Booking, ClubEvent, Seat
from models.identity import User
from portal.actors import Actor
from portal.notices import outbox
from portal.notices import verbs as notices
from portal.notices.kinds import KINDS
from portal.notices.outbox import Guest, Letter
from portal.refusals import Refusal
from portal.webhooks.recording import Happened, record


def to_booked(
    event: ClubEvent, which: ColumnElement[bool], kind: str, key: str, *, actor: Actor, moment: datetime, gone: bool = False, until: datetime | None = None, guests: bool = True
) -> int:
    """Tell the bookers of an event's bookings, and their guests, inside the open transaction. `key`: what it tells of, so that
    nobody is written to twice; `gone`: the entry leaves their calendars. Returns how many bookers."""
    letter = Letter(key, {"calendar": event.id, "gone": gone}, until)
    rows = db.session.execute(select(Booking.user_id, Booking.public_id).where(Booking.event_id == event.id, which)).all()
    told = [(row.user_id, f"/club/bookings/{row.public_id}", {"title": event.title}) for row in rows]
    notices.tell_each(told, kind, actor=actor, moment=moment, letter=letter)
    if guests and rows:
        found = select(Seat.email, Booking.public_id, User.locale).join(Booking, Booking.id == Seat.booking_id).join(User, User.id == Booking.user_id)
        seats = db.session.execute(found.where(Booking.event_id == event.id, which, Seat.freed_at.is_(None), Seat.email != "")).all()
        outbox.write_to_guests(_guests(event, seats), KINDS[kind], letter, moment)
    return len(rows)


def to_guest(event: ClubEvent, booking: Booking, seat: Seat, address: str, kind: str, *, moment: datetime, gone: bool = False) -> None:
    """Tell one guest, where he gave an address."""
    if address:
        locale = db.session.execute(select(User.locale).where(User.id == booking.user_id)).scalar_one()
        letter = Letter(f"seat:{seat.id}:{moment.isoformat()}", {"calendar": event.id, "gone": gone})
        outbox.write_to_guests([Guest(address, locale, f"/events/{event.key}", {"title": event.title}, booking.public_id)], KINDS[kind], letter, moment)


def _guests(event: ClubEvent, seats: Sequence[Any]) -> list[Guest]:
    return [Guest(row.email, row.locale, f"/events/{event.key}", {"title": event.title}, row.public_id) for row in seats]


def confirmed(event: ClubEvent, booking: Booking, *, actor: Actor, moment: datetime) -> None:
    """A booking has its seats."""
    to_booked(event, Booking.id == booking.id, "club.seat_granted", f"booking:{booking.id}:granted", actor=actor, moment=moment)
    record("booking.granted", [sign_up(event, booking)], moment)


def given_back(event: ClubEvent, booking: Booking, *, actor: Actor, moment: datetime) -> None:
    """A booking that had its seats gave all of them back."""
    to_booked(event, Booking.id == booking.id, "club.given_back", f"booking:{booking.id}:given_back", actor=actor, moment=moment, gone=True)
    record("booking.cancelled", [sign_up(event, booking)], moment)


def sign_up(event: ClubEvent, booking: Any) -> Happened:
    """A booking (or a row with its number and seats) as other systems are told of it."""
    return Happened(booking.public_id, f"/club/desk/events/{event.key}", {"event": event.key, "seats": booking.seats})


def to_visitors(event: ClubEvent, which: ColumnElement[bool], kind: str, key: str, *, actor: Actor, moment: datetime) -> None:
    """Ask the bookers who came something, with the page where they answer; no calendar and no guests."""
    rows = db.session.execute(select(Booking.user_id, Booking.public_id).where(Booking.event_id == event.id, which)).all()
    told = [(row.user_id, f"/club/bookings/{row.public_id}/feedback", {"title": event.title}) for row in rows]
    notices.tell_each(told, kind, actor=actor, moment=moment, letter=Letter(key))


def checked_address(text: str) -> str:
    """An address as it is kept, or nothing. Raises Refusal where it is none."""
    text = text.strip()
    if not text:
        return ""
    try:
        return str(validate_email(text, check_deliverability=False).normalized)
    except EmailNotValidError as error:
        raise Refusal("“%(given)s” is no mail address", given=text[:80]) from error
