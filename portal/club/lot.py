"""Seats that are drawn by lot. The seed is fixed before anybody enters and its SHA-256 shown; the draw is arithmetic that anybody can repeat
from what is shown after it: entries by their numbers, shuffled with the seed, seats given in that order."""

from __future__ import annotations

import hashlib
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from models import db
from models.club import Booking, BookingState, ClubEvent, EventState
from models.club_waitlist import Parties, SeatLot, WaitPlace, WaitState
from portal.actors import Actor
from portal.club import capacity, offers
from portal.club.entries import note
from portal.club.queue import Waiting, Why, plan
from portal.permissions import Can
from portal.refusals import Conflict, Refusal

EVER = datetime(9999, 12, 31, tzinfo=UTC)
AFTERWARDS = timedelta(hours=2)
"""Between the end of entries and the end of signing up at least: winners need time to take their seats up."""


@dataclass(frozen=True)
class Entry:
    """One entry to a draw: its number, as everybody may see it, its seats and its kind of ticket."""

    number: str
    seats: int
    kind_id: int


def shuffled(seed: str, numbers: Sequence[str]) -> list[str]:
    """The numbers of the entries in the order in which they are drawn: sorted, then shuffled with the seed (Python's `random`, as text).

    >>> shuffled("a", ["3", "1", "2"]) == shuffled("a", ["2", "3", "1"])
    True
    """
    order = sorted(numbers)
    random.Random(seed).shuffle(order)  # noqa: S311 - the seed is the secret; the shuffle is meant to be repeated
    return order


def digest_of(seed: str) -> str:
    """What is shown of a seed before the draw (SHA-256, hexadecimal)."""
    return hashlib.sha256(seed.encode()).hexdigest()


def decide(seed: str, entries: Sequence[Entry], room: tuple[int, Mapping[int, int]], parties: Parties, most: int) -> tuple[list[Entry], set[str]]:
    """The entries in drawn order, and the numbers of those that win: each in turn whose seats are still there. `room`: free seats of the
    event, and of kinds of tickets with a room of their own."""
    known = {entry.number: entry for entry in entries}
    order = [known[number] for number in shuffled(seed, list(known))]
    rows = [Waiting(place, entry.kind_id, entry.seats, EVER) for place, entry in enumerate(order)]
    why = plan(*room, rows, parties, most).why
    return order, {entry.number for place, entry in enumerate(order) if why[place] is Why.NEXT}


def set_up(event_id: int, entries_until: datetime, *, actor: Actor, moment: datetime) -> SeatLot:
    """Let an event give its seats by lot; the seed is fixed now. Raises NotAllowed, NotFound; Conflict where somebody has or awaits a seat, or it is by
    lot already; Refusal where the time does not fit."""
    actor.need(Can.CLUB_EDIT)
    event = capacity.locked(event_id)
    if not moment < entries_until <= event.sales_end_at - AFTERWARDS:
        raise Refusal("entries end in the future, and two hours at least before signing up ends")
    if db.session.execute(select(SeatLot.id).where(SeatLot.event_id == event.id)).first():
        raise Conflict("the seats of this event are drawn by lot already")
    booked = select(Booking.id).where(Booking.event_id == event.id, Booking.state.in_([BookingState.HELD, BookingState.GRANTED]))
    waiting = select(WaitPlace.id).where(WaitPlace.event_id == event.id, WaitPlace.state.in_(offers.STANDING))
    if db.session.execute(booked).first() or db.session.execute(waiting).first():
        raise Conflict("somebody has a seat or waits for one: it is too late for a draw")
    seed = secrets.token_hex(32)
    lot = SeatLot(event_id=event.id, entries_until=entries_until, seed=seed, digest=digest_of(seed), created_at=moment)
    db.session.add(lot)
    db.session.flush()
    note(event.id, None, "lot_set_up", actor, moment, digest=lot.digest, entries_until=entries_until.isoformat())
    return lot


def of_event(event_id: int) -> SeatLot | None:
    """The draw of an event, before or after it happened."""
    return db.session.execute(select(SeatLot).where(SeatLot.event_id == event_id)).scalar_one_or_none()


def due(moment: datetime) -> list[int]:
    """Events whose draw is to happen: entries are over."""
    query = select(SeatLot.event_id).join(ClubEvent, ClubEvent.id == SeatLot.event_id)
    return list(
        db.session.execute(query.where(SeatLot.drawn_at.is_(None), SeatLot.entries_until <= moment, ClubEvent.state == EventState.PUBLISHED).order_by(SeatLot.id)).scalars()
    )


def draw(event_id: int, *, actor: Actor, moment: datetime) -> bool:
    """Draw, once: winners are offered their seats, the rest waits in drawn order. Returns whether it happened now."""
    event = capacity.locked(event_id)
    lot = db.session.execute(select(SeatLot).where(SeatLot.event_id == event.id).with_for_update().execution_options(populate_existing=True)).scalar_one()
    if lot.drawn_at is not None or lot.entries_until > moment or event.state != EventState.PUBLISHED:
        return False
    rows = {row.public_id: row for row in db.session.execute(select(WaitPlace).where(WaitPlace.event_id == event.id, WaitPlace.state == WaitState.WAITING)).scalars()}
    entries = [Entry(row.public_id, row.seats, row.ticket_kind_id) for row in rows.values()]
    lot.drawn_at, lot.result = moment, {}  # from here on the room is counted as that of any other event
    db.session.flush()
    room, parties = offers.rooms([event], moment)[event.id], offers.rules_of([event.id])[event.id].parties
    order, winners = decide(lot.seed, entries, room, parties, event.capacity)
    lot.result = _result(order, winners, room, parties, event.capacity)
    if order:
        places = [{"id": rows[entry.number].id, "lot": place, "priority": 0} for place, entry in enumerate(order, 1)]
        db.session.execute(update(WaitPlace), places)
    note(event.id, None, "lot_drawn", actor, moment, digest=lot.digest, seed=lot.seed, entries=len(order), winners=len(winners))
    offers.pass_on(event, actor=actor, moment=moment)
    return True


def _result(order: Sequence[Entry], winners: set[str], room: tuple[int, Mapping[int, int]], parties: Parties, most: int) -> dict[str, Any]:
    """All that is needed to repeat the draw, beside the seed."""
    rows = [{"place": place, "number": entry.number, "seats": entry.seats, "kind": entry.kind_id, "won": entry.number in winners} for place, entry in enumerate(order, 1)]
    return {"free": room[0], "kinds": {str(kind): seats for kind, seats in room[1].items()}, "parties": parties.value, "most": most, "entries": rows}
