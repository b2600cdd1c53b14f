"""Waiting for a seat: joining and leaving, where one stands, and what the clock has decided, written down."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, update

from models import db
from models.club import Booking, ClubEvent, EventState, TicketKind
from models.club_waitlist import SeatLot, WaitPlace, WaitState
from models.identity import User
from portal.actors import TERMINAL, Actor
from portal.club import capacity, eligibility, no_show_facts, offers
from portal.club.booking import first_start, person_of
from portal.club.mailbox import mailbox_digest
from portal.club.offers import STANDING
from portal.notices import verbs as notices
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal

LATE = 1_000_000_000
"""Where seats were drawn, who joins later stands behind everybody who was drawn."""
PART = 500


@dataclass(frozen=True)
class Standing:
    """A person's own place: where he stands (1 is next; 0 where seats are offered to him), and until when he stands behind the others for
    events that he missed (None: he does not)."""

    place: WaitPlace
    position: int
    offered: bool
    behind_until: datetime | None = None


def join(event_id: int, kind_id: int, seats: int, *, actor: Actor, moment: datetime) -> WaitPlace:
    """Take a place on the waitlist inside the open transaction; where seats are drawn by lot, enter the draw.

    Raises NotFound; Refusal where nobody can sign up any more, the party is too large, the event is for
    others or there are seats to be had; Conflict where this
    person has seats or a place already, or his place was taken away by the firm.
    """
    actor.need(Can.CLUB_SEAT)
    event = capacity.locked(event_id)
    lot = db.session.execute(select(SeatLot).where(SeatLot.event_id == event.id)).scalar_one_or_none()
    kind = _may_be_wanted(event, kind_id, seats, lot, moment)
    person = person_of(actor)
    eligibility.need(event, eligibility.Person(person, actor.user_id), first_start(event.id), moment, seats)
    mail = mailbox_digest(db.session.execute(select(User.email).where(User.id == actor.user_id)).scalar_one())
    _write_down_lapsed(event, moment)
    _need_no_place(event, person, mail, moment)
    if lot is None and offers.plan_of(event, moment).open_to_all(kind.id) >= seats:
        raise Refusal("there are seats: take them instead of waiting")
    place = WaitPlace(
        public_id=secrets.token_hex(10),
        event_id=event.id,
        ticket_kind_id=kind.id,
        person=person,
        mailbox=mail,
        user_id=actor.user_id,
        client_no=actor.client_no or "",
        seats=seats,
        state=WaitState.WAITING,
        priority=eligibility.wait_priority(event, person, first_start(event.id), moment) if lot is None else 0,
        lot=LATE if lot is not None and lot.drawn_at is not None else 0,
        behind_until=no_show_facts.behind([person]).get(person) if lot is None else None,
        joined_at=moment,
        ended_why="",
    )
    db.session.add(place)
    db.session.flush()
    offers.history(event.id, "wait_joined", actor, moment, [{"place": place.id, "seats": seats}])
    offers.pass_on(event, actor=actor, moment=moment)
    return place


def _may_be_wanted(event: ClubEvent, kind_id: int, seats: int, lot: SeatLot | None, moment: datetime) -> TicketKind:
    if event.state == EventState.DRAFT:
        raise NotFound("there is no such event")
    if event.state == EventState.CANCELLED:
        raise Refusal("this event does not take place")
    if event.sales_end_at <= moment:
        raise Refusal("the time for signing up is over")
    if lot is not None and lot.drawn_at is None and lot.entries_until <= moment:
        raise Refusal("entries to the draw are over; after it you can join the waitlist")
    if not 1 <= seats <= event.party_most:
        raise Refusal("at most %(most)s seats for one person", most=event.party_most)
    kind = db.session.execute(select(TicketKind).where(TicketKind.id == kind_id, TicketKind.event_id == event.id, TicketKind.on_sale)).scalar_one_or_none()
    if kind is None:
        raise Refusal("this kind of ticket is not on sale")
    return kind


def _need_no_place(event: ClubEvent, person: str, mail: str, moment: datetime) -> None:
    """One place for one person, under whichever of his sign-ins and spellings of his address."""
    if db.session.execute(select(Booking.id).where(Booking.event_id == event.id, Booking.person == person, capacity.holding(moment))).first():
        raise Conflict("you have seats at this event already: change those instead")
    same = or_(WaitPlace.person == person, WaitPlace.mailbox == mail)
    states = set(db.session.execute(select(WaitPlace.state).where(WaitPlace.event_id == event.id, same, WaitPlace.state.in_([*STANDING, WaitState.REVOKED]))).scalars())
    if WaitState.REVOKED in states:
        raise Conflict("the firm took your place off this list: ask your contact at the firm")
    if states:
        raise Conflict("you have a place on this list already, perhaps under another sign-in")


def leave(event_id: int, *, actor: Actor, moment: datetime) -> None:
    """Give a place up; seats that were offered go to who is next at once. Raises Conflict where there is none."""
    actor.need(Can.CLUB_SEAT)
    event = capacity.locked(event_id)
    place = offers.standing_place(event.id, person_of(actor))
    if place is None:
        raise Conflict("you have no place on this list")
    end(event, place, WaitState.LEFT, "left", actor, moment)


def end(event: ClubEvent, place: WaitPlace, state: WaitState, why: str, actor: Actor, moment: datetime) -> None:
    """A place stands no more; seats that were offered go to who is next."""
    place.state, place.ended_at, place.ended_why = state, moment, why[:400]
    db.session.flush()
    offers.history(event.id, f"wait_{state.value}", actor, moment, [{"place": place.id}])
    offers.pass_on(event, actor=actor, moment=moment)


def standing(event_id: int, actor: Actor, moment: datetime) -> Standing | None:
    """One's own place as it stands at a moment; None where there is none, or its offer is over."""
    if actor.user_id is None:
        return None
    query = select(WaitPlace).where(WaitPlace.event_id == event_id, WaitPlace.person == person_of(actor), WaitPlace.state.in_(STANDING))
    place = db.session.execute(query).scalar_one_or_none()
    if place is None or (place.state == WaitState.OFFERED and not offers.holds(place, moment)):
        return None
    behind = place.behind_until if place.behind_until is not None and place.behind_until > moment else None
    return Standing(place, 0, True) if place.state == WaitState.OFFERED else Standing(place, position(place, moment), False, behind)


def position(place: WaitPlace, moment: datetime) -> int:
    """Where a place that waits stands in its order at a moment: 1 is next."""
    number = func.row_number().over(order_by=offers.order(moment)).label("number")
    listed = select(WaitPlace.id, number).where(WaitPlace.event_id == place.event_id, WaitPlace.state == WaitState.WAITING).subquery()
    return int(db.session.execute(select(listed.c.number).where(listed.c.id == place.id)).scalar_one())


def _write_down_lapsed(event: ClubEvent, moment: datetime) -> int:
    """Write down which offers of an event are over; they hold nothing already. Returns how many."""
    over = (WaitPlace.event_id == event.id, WaitPlace.state == WaitState.OFFERED, WaitPlace.offer_until <= moment)
    users = list(db.session.execute(select(WaitPlace.user_id).where(*over)).scalars())
    if users:
        db.session.execute(update(WaitPlace).where(*over).values(state=WaitState.LAPSED, ended_at=moment, ended_why="offer"))
        notices.tell(users, "club.offer_over", f"/events/{event.key}", {"title": event.title}, actor=TERMINAL, moment=moment)
    return len(users)


def tidy(event_id: int, *, actor: Actor, moment: datetime) -> int:
    """Write down what the clock has decided about one event, and offer what is free to who is next. Returns how much there was to do."""
    event = capacity.locked(event_id)
    done = _write_down_lapsed(event, moment)
    if event.state == EventState.CANCELLED or event.sales_end_at <= moment:
        return done + _close(event, actor, moment)
    return done + offers.pass_on(event, actor=actor, moment=moment)


def _close(event: ClubEvent, actor: Actor, moment: datetime) -> int:
    over = (WaitPlace.event_id == event.id, WaitPlace.state == WaitState.WAITING)
    users = list(db.session.execute(select(WaitPlace.user_id).where(*over)).scalars())
    if users:
        db.session.execute(update(WaitPlace).where(*over).values(state=WaitState.CLOSED, ended_at=moment, ended_why="closed"))
        notices.tell(users, "club.wait_closed", f"/events/{event.key}", {"title": event.title}, actor=actor, moment=moment)
    return len(users)


def due(moment: datetime) -> list[int]:
    """Events where an offer is over, seats can be offered, or a list is to be closed: a few statements, whatever there is."""
    over = select(WaitPlace.event_id).where(WaitPlace.state == WaitState.OFFERED, WaitPlace.offer_until <= moment)
    waited = select(WaitPlace.event_id).where(WaitPlace.state == WaitState.WAITING)
    found = set(db.session.execute(over.distinct().limit(PART)).scalars())
    listed = list(db.session.execute(select(ClubEvent).where(ClubEvent.id.in_(waited)).order_by(ClubEvent.id).limit(PART)).scalars())
    shut = {event.id for event in listed if event.state == EventState.CANCELLED or event.sales_end_at <= moment}
    plans = offers.plans([event for event in listed if event.id not in shut], moment)
    return sorted(found | shut | {event_id for event_id, plan in plans.items() if plan.offers})
