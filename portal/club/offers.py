"""Seats that are offered to those who wait. Whoever frees a seat calls `pass_on` in the same transaction; what the clock alone freed is passed
on by a job. Until then it is kept: nobody who did not wait can book what the next one is about to be offered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, case, insert, select, update

from models import db
from models.club import Booking, ClubEntry, ClubEvent, EventState, TicketKind
from models.club_waitlist import Parties, SeatLot, SeatRule, WaitPlace, WaitState
from portal.actors import Actor
from portal.audit import log
from portal.audit.log import Line
from portal.club import capacity, eligibility
from portal.club.queue import Plan, Waiting, Why, offer_end, plan
from portal.notices import verbs as notices

OFFER_MINUTES = 24 * 60
"""How long an offer holds its seats where the event says nothing else."""
STANDING = (WaitState.WAITING, WaitState.OFFERED)


@dataclass(frozen=True)
class Rule:
    """How an event gives its seats away. `drawing`: they are drawn by lot, and that has not happened yet."""

    parties: Parties
    offer_minutes: int
    drawing: bool


def rules_of(event_ids: Iterable[int]) -> dict[int, Rule]:
    """The rules of events, by event."""
    query = select(ClubEvent.id, SeatRule.parties, SeatRule.offer_minutes, SeatLot.id.label("lot"), SeatLot.drawn_at)
    query = query.outerjoin(SeatRule, SeatRule.event_id == ClubEvent.id).outerjoin(SeatLot, SeatLot.event_id == ClubEvent.id)
    rows = db.session.execute(query.where(ClubEvent.id.in_(list(event_ids))))
    return {row.id: Rule(Parties(row.parties or Parties.SKIP), row.offer_minutes or OFFER_MINUTES, row.lot is not None and row.drawn_at is None) for row in rows}


def order(moment: datetime | BindParameter[datetime]) -> tuple[Any, ...]:
    """W1: who is first at a moment. Whoever stands behind the others for events that he missed does so by the clock alone."""
    return case((WaitPlace.behind_until > moment, 1), else_=0), WaitPlace.priority.desc(), WaitPlace.lot, WaitPlace.joined_at, WaitPlace.id


def in_order(event_ids: Iterable[int], moment: datetime) -> Any:
    """Those who wait without an offer, each with the price of his kind of ticket, the first first."""
    query = select(WaitPlace, TicketKind.price).join(TicketKind, TicketKind.id == WaitPlace.ticket_kind_id)
    return query.where(WaitPlace.event_id.in_(list(event_ids)), WaitPlace.state == WaitState.WAITING).order_by(WaitPlace.event_id, *order(moment))


def rooms(events: Sequence[ClubEvent], moment: datetime) -> dict[int, tuple[int, dict[int, int]]]:
    """What nobody has, by event: seats in all, and of each kind of ticket with a room of its own. Who waits is not looked at."""
    ids = [event.id for event in events]
    taken, by_kind = capacity.taken(ids, moment), capacity.taken_by_kind(ids, moment)
    kinds: dict[int, dict[int, int]] = {number: {} for number in ids}
    for kind in db.session.execute(select(TicketKind).where(TicketKind.event_id.in_(ids), TicketKind.capacity.is_not(None))).scalars():
        kinds[kind.event_id][kind.id] = max(0, (kind.capacity or 0) - by_kind.get(kind.id, 0))
    return {event.id: (max(0, event.capacity - taken.get(event.id, 0)), kinds[event.id]) for event in events}


def plans(events: Sequence[ClubEvent], moment: datetime) -> dict[int, Plan]:
    """What is in store for everybody who waits, by event; in a few statements, however many events. Nothing is written."""
    ids = [event.id for event in events]
    rules, starts, left = rules_of(ids), capacity.first_starts(ids), rooms(events, moment)
    waiting: dict[int, list[tuple[WaitPlace, int]]] = {}
    for place, price in db.session.execute(in_order(ids, moment).execution_options(populate_existing=True)):
        waiting.setdefault(place.event_id, []).append((place, price))
    barred = eligibility.barred(events, starts, [place for rows in waiting.values() for place, _price in rows], moment)
    return {event.id: _plan(event, rules[event.id], starts.get(event.id), left[event.id], waiting.get(event.id, []), moment, barred) for event in events}


def _plan(
    event: ClubEvent, rule: Rule, starts_at: datetime | None, room: tuple[int, Mapping[int, int]], waiting: Sequence[tuple[WaitPlace, int]], moment: datetime, barred: set[int]
) -> Plan:
    if rule.drawing:
        return Plan((), {place.id: Why.FULL for place, _price in waiting}, 0)
    rows = [Waiting(place.id, place.ticket_kind_id, place.seats, ends(event, rule, starts_at, price, moment), place.id in barred) for place, price in waiting]
    return plan(*room, rows, rule.parties, event.capacity)


def ends(event: ClubEvent, rule: Rule, starts_at: datetime | None, price: int, moment: datetime) -> datetime | None:
    """Until when an offer made now would hold; None where none can be made any more (W3)."""
    if event.state != EventState.PUBLISHED or starts_at is None:
        return None
    return offer_end(moment, rule.offer_minutes, event.sales_end_at, starts_at, event.hold_minutes if price else 0)


def plan_of(event: ClubEvent, moment: datetime) -> Plan:
    """The same of one event."""
    return plans([event], moment)[event.id]


def pass_on(event: ClubEvent, *, actor: Actor, moment: datetime) -> int:
    """Offer what is free to who is next, inside the open transaction; the event must be held. Returns how many were offered a seat."""
    if db.session.execute(select(WaitPlace.id).where(WaitPlace.event_id == event.id, WaitPlace.state == WaitState.WAITING).limit(1)).first() is None:
        return 0
    return offer(event, plan_of(event, moment).offers, actor=actor, moment=moment)


def offer(event: ClubEvent, offers: Sequence[Waiting], *, actor: Actor, moment: datetime) -> int:
    """Write offers down and tell those whom they are for."""
    if not offers:
        return 0
    ids = [one.place_id for one in offers]
    rows = [{"id": one.place_id, "state": WaitState.OFFERED, "offered_at": moment, "offer_until": one.until, "ended_at": None, "ended_why": ""} for one in offers]
    db.session.execute(update(WaitPlace), rows)
    history(event.id, "seat_offered", actor, moment, [{"place": one.place_id, "seats": one.seats} for one in offers])
    users = db.session.execute(select(WaitPlace.user_id).where(WaitPlace.id.in_(ids))).scalars()
    notices.tell(users, "club.seat_offered", f"/events/{event.key}", {"title": event.title}, actor=actor, moment=moment)
    return len(ids)


def history(event_id: int, what: str, actor: Actor, moment: datetime, details: Sequence[Mapping[str, Any]]) -> None:
    """Lines of history about places, and their lines in the audit log; in bulk."""
    shared = {"event_id": event_id, "booking_id": None, "what": what, "at": moment, "actor_id": actor.user_id, "actor_label": actor.label}
    db.session.execute(insert(ClubEntry), [{**shared, "details": dict(one)} for one in details])
    log.write_many(actor, moment, [Line(f"club.{what}", "wait_place", str(one["place"]), after=dict(one)) for one in details])


def standing_place(event_id: int, person: str) -> WaitPlace | None:
    """The place of a person that stands, held until the open transaction ends; also where its offer is over and nobody has written that down."""
    query = select(WaitPlace).where(WaitPlace.event_id == event_id, WaitPlace.person == person, WaitPlace.state.in_(STANDING))
    return db.session.execute(query.with_for_update().execution_options(populate_existing=True)).scalar_one_or_none()


def holds(place: WaitPlace | None, moment: datetime) -> bool:
    """Whether a place has an offer that still holds its seats."""
    return place is not None and place.state == WaitState.OFFERED and place.offer_until is not None and place.offer_until > moment


def booked(place: WaitPlace | None, booking: Booking, moment: datetime) -> None:
    """Whoever has seats waits no longer; they are the offered ones where he was offered some."""
    if place is not None:
        place.state, place.ended_at, place.ended_why, place.booking_id = WaitState.CLAIMED, moment, "booked", booking.id
        db.session.flush()
