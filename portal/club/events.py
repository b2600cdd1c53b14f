"""Preparing events: what is written down, opened for booking, moved, called off."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from models import db
from models.clients import RiskGrade
from models.club import Admitted, Booking, BookingState, ClubEvent, ClubSession, EventState, TicketKind
from portal.actors import Actor
from portal.club import capacity, letters, offers, policy, rota, tiers
from portal.club.entries import note
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal

MOST_SEATS, MOST_PARTY, MOST_HOLD = 5_000, 20, 24 * 60
KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
GRADES = ("", *(grade.value for grade in RiskGrade if grade != RiskGrade.C1))
"""What an event may ask for: every grade is C1 at least, which is as if none were asked for."""
DEFAULT_POLICY = ({"hours": 72, "percent": 100}, {"hours": 24, "percent": 50})


@dataclass(frozen=True)
class When:
    """A session of an event: its times (UTC) and its place."""

    starts_at: datetime
    ends_at: datetime
    venue: str = ""
    address: str = ""
    online_url: str = ""


@dataclass(frozen=True)
class Kind:
    """A kind of ticket. `id` where it is there already; `price` in fen."""

    name: str
    name_en: str
    price: int
    capacity: int | None = None
    id: int | None = None
    on_sale: bool = True


@dataclass(frozen=True)
class Draft:
    """Everything that is said of an event. `when` and `kinds` in their order."""

    title: str
    title_en: str
    about: str
    about_en: str
    host: str
    zone: str
    capacity: int
    party_most: int
    hold_minutes: int
    sales_end_at: datetime
    when: tuple[When, ...]
    kinds: tuple[Kind, ...]
    policy: Sequence[Any] = DEFAULT_POLICY
    education_only: bool = False
    tiers: tuple[str, ...] = ()
    admitted: tuple[str, ...] = ()
    grade_least: str = ""


def create(draft: Draft, *, actor: Actor, moment: datetime, key: str = "") -> ClubEvent:
    """Write an event down as a draft. Raises NotAllowed, Refusal."""
    actor.need(Can.CLUB_EDIT)
    _check(draft)
    key = key or f"e{secrets.token_hex(4)}"
    if not KEY.fullmatch(key) or len(key) > 60:
        raise Refusal("an address is small letters, digits and single hyphens")
    if db.session.execute(select(ClubEvent.id).where(ClubEvent.key == key)).first():
        raise Conflict("there is an event under this address already")
    event = ClubEvent(key=key, state=EventState.DRAFT, created_at=moment, created_by_id=actor.user_id, cancelled_why="", **_columns(draft))
    db.session.add(event)
    db.session.flush()
    _write_sessions(event, draft)
    _write_kinds(event, draft)
    note(event.id, None, "event_created", actor, moment)
    return event


def change(event_id: int, draft: Draft, version: int, *, actor: Actor, moment: datetime) -> ClubEvent:
    """Say something else of an event; who has seats is told where time or place are new. A lower capacity takes nobody's seat.

    Raises NotAllowed, Refusal; Conflict where somebody changed it meanwhile or it was called off.
    """
    actor.need(Can.CLUB_EDIT)
    _check(draft)
    event = capacity.locked(event_id)
    if event.version != version:
        raise Conflict("this event was changed by somebody meanwhile: look again, nothing of yours was written")
    if event.state == EventState.CANCELLED:
        raise Conflict("this event was called off")
    before = _when(event.id)
    for name, value in _columns(draft).items():
        setattr(event, name, value)
    event.version += 1
    _write_sessions(event, draft)
    _write_kinds(event, draft)
    moved = before != _when(event.id)
    if moved:
        event.sequence += 1
        rota.moved(event, sessions_of(event.id)[0].starts_at - before[0][0], actor=actor, moment=moment)
    note(event.id, None, "event_changed", actor, moment, moved=moved, capacity=event.capacity)
    if moved and event.state == EventState.PUBLISHED:
        _tell_moved(event, actor, moment)
    offers.pass_on(event, actor=actor, moment=moment)
    return event


def publish(event_id: int, *, actor: Actor, moment: datetime) -> ClubEvent:
    """Open an event for booking. Raises NotAllowed, Conflict where it is no draft, Refusal where its time is over."""
    actor.need(Can.CLUB_EDIT)
    event = capacity.locked(event_id)
    if event.state != EventState.DRAFT:
        raise Conflict("this event is open already, or was called off")
    if event.sales_end_at <= moment:
        raise Refusal("the time for signing up is over: set a later one first")
    event.state = EventState.PUBLISHED
    event.version += 1
    note(event.id, None, "event_published", actor, moment)
    return event


def call_off(event_id: int, why: str, *, actor: Actor, moment: datetime) -> ClubEvent:
    """An event does not take place. From now on money that comes goes back; seats are ended and refunded by a job.

    Raises NotAllowed, Conflict where it was called off already, Refusal without a reason."""
    actor.need(Can.CLUB_EDIT)
    event = capacity.locked(event_id)
    if event.state == EventState.CANCELLED:
        raise Conflict("this event was called off already")
    why = why.strip().replace("\0", "")
    if not 2 <= len(why) <= 400:
        raise Refusal("say in a few words why")
    event.state, event.cancelled_at, event.cancelled_why = EventState.CANCELLED, moment, why
    event.sequence += 1
    event.version += 1
    note(event.id, None, "event_called_off", actor, moment)
    return event


def event_for(actor: Actor, key: str) -> ClubEvent:
    """An event by its address, as far as a person may know it: a draft only for who prepares events. Raises NotFound."""
    found = db.session.execute(select(ClubEvent).where(ClubEvent.key == key)).scalar_one_or_none()
    if found is None or (found.state == EventState.DRAFT and not (actor.may(Can.CLUB_EDIT) or actor.may(Can.CLUB_SEE))):
        raise NotFound("there is no such event")
    return found


def sessions_of(event_id: int) -> list[ClubSession]:
    """The sessions of an event in their order."""
    return list(db.session.execute(select(ClubSession).where(ClubSession.event_id == event_id).order_by(ClubSession.starts_at, ClubSession.id)).scalars())


def places_of(event_ids: Collection[int]) -> dict[int, str]:
    """Where events take place, by event: the venue and address of the first session, or its online address."""
    rows = db.session.execute(select(ClubSession).where(ClubSession.event_id.in_(event_ids)).order_by(ClubSession.starts_at.desc(), ClubSession.id.desc())).scalars()
    return {row.event_id: ", ".join(part for part in (row.venue, row.address) if part) or row.online_url for row in rows}


def kinds_of(event_id: int) -> list[TicketKind]:
    """The kinds of tickets of an event in their order."""
    return list(db.session.execute(select(TicketKind).where(TicketKind.event_id == event_id).order_by(TicketKind.position, TicketKind.id)).scalars())


def _check(draft: Draft) -> None:
    if not draft.title.strip() or len(draft.title) > 120 or len(draft.title_en) > 120:
        raise Refusal("an event has a title of at most 120 characters")
    if not 0 <= draft.capacity <= MOST_SEATS:
        raise Refusal("an event has from 0 to %(most)s seats", most=MOST_SEATS)
    if not (1 <= draft.party_most <= MOST_PARTY and 1 <= draft.hold_minutes <= MOST_HOLD):
        raise Refusal("a party is 1 to %(party)s persons, and seats are held for 1 to %(minutes)s minutes", party=MOST_PARTY, minutes=MOST_HOLD)
    if not draft.when or any(one.ends_at <= one.starts_at for one in draft.when):
        raise Refusal("an event has a time, and ends after it begins")
    if not draft.kinds or any(kind.price < 0 or not kind.name.strip() for kind in draft.kinds):
        raise Refusal("an event has a kind of ticket with a name and a price")
    if any(one.online_url and not one.online_url.startswith("https://") for one in draft.when):
        raise Refusal("an online address begins with https://")
    if not set(draft.admitted) <= set(Admitted) or draft.grade_least not in GRADES:
        raise Refusal("an event is for clients, prospects, members, brokers or staff, and asks for a grade from C2 to C5 or for none")
    policy.checked(draft.policy, draft.zone)


def _columns(draft: Draft) -> dict[str, Any]:
    names = ("title", "title_en", "about", "about_en", "host", "zone", "capacity", "party_most", "hold_minutes", "sales_end_at", "education_only", "grade_least")
    return {name: getattr(draft, name) for name in names} | {
        "policy": policy.checked(draft.policy, draft.zone),
        "tiers": tiers.known_keys(draft.tiers),
        "admitted": [one.value for one in Admitted if one in draft.admitted],
    }


def _write_sessions(event: ClubEvent, draft: Draft) -> None:
    db.session.execute(delete(ClubSession).where(ClubSession.event_id == event.id))
    for one in draft.when:
        db.session.add(ClubSession(event_id=event.id, starts_at=one.starts_at, ends_at=one.ends_at, venue=one.venue, address=one.address, online_url=one.online_url))
    db.session.flush()


def _write_kinds(event: ClubEvent, draft: Draft) -> None:
    """What has bookings stays, under its number; a new price counts for new bookings alone."""
    old = {kind.id: kind for kind in kinds_of(event.id)}
    for place, kind in enumerate(draft.kinds):
        row = old.pop(kind.id, None) if kind.id else None
        if row is None:
            row = TicketKind(event_id=event.id)
            db.session.add(row)
        row.position, row.name, row.name_en, row.price, row.capacity, row.on_sale = place, kind.name, kind.name_en, kind.price, kind.capacity, kind.on_sale
    for row in old.values():
        row.on_sale = False
    db.session.flush()


def _when(event_id: int) -> list[tuple[datetime, datetime, str, str]]:
    return [(one.starts_at, one.ends_at, one.venue, one.address) for one in sessions_of(event_id)]


def _tell_moved(event: ClubEvent, actor: Actor, moment: datetime) -> None:
    """Each with the address of his own booking, and the guests who gave theirs."""
    letters.to_booked(event, Booking.state == BookingState.GRANTED, "club.event_moved", f"event:{event.id}:{event.sequence}", actor=actor, moment=moment)
