"""What the desk may do about those who wait: take a place away, offer seats by hand, move somebody forward, say how offers go."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert, or_, select, update

from models import db
from models.club import Booking, ClubEvent, TicketKind
from models.club_waitlist import Parties, SeatRule, WaitPlace, WaitState
from portal.actors import Actor
from portal.club import capacity, no_show_facts, offers, waitlist
from portal.club.entries import note
from portal.club.offers import STANDING
from portal.club.queue import Waiting
from portal.notices import verbs as notices
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal

MOST_PRIORITY = 9
LONGEST_OFFER = 14 * 24 * 60
OVER = (WaitState.CLAIMED, WaitState.LEFT, WaitState.CLOSED)
"""Places to which nothing is offered any more: he has seats, does not want any, or the list is closed."""


def held_place(public_id: str) -> tuple[ClubEvent, WaitPlace]:
    """A place and its event, both held until the open transaction ends. Raises NotFound."""
    found = db.session.execute(select(WaitPlace.id, WaitPlace.event_id).where(WaitPlace.public_id == public_id)).first()
    if found is None:
        raise NotFound("there is no such place on a waitlist")
    event = capacity.locked(found.event_id)
    place = db.session.execute(select(WaitPlace).where(WaitPlace.id == found.id).with_for_update().execution_options(populate_existing=True)).scalar_one()
    return event, place


def revoke(public_id: str, why: str, *, actor: Actor, moment: datetime) -> None:
    """Take a place (and an offer with it) away. Nothing but a person of the firm offers it a seat again (W7). Raises NotAllowed, NotFound, Refusal
    without a reason, Conflict where it does not stand."""
    actor.need(Can.CLUB_EDIT)
    event, place = held_place(public_id)
    why = why.strip().replace("\0", "")
    if not 2 <= len(why) <= 400:
        raise Refusal("say in a few words why")
    if place.state not in STANDING:
        raise Conflict("this place does not stand any more")
    notices.tell([place.user_id], "club.wait_revoked", f"/events/{event.key}", {"title": event.title, "why": why}, actor=actor, moment=moment)
    waitlist.end(event, place, WaitState.REVOKED, why, actor, moment)


def free_for_hand(event: ClubEvent, moment: datetime) -> int:
    """Seats that the desk can offer by hand: those that nobody has, also where others wait for them."""
    return capacity.room_of(event, moment).free


def offer_by_hand(public_id: str, *, actor: Actor, moment: datetime) -> WaitPlace:
    """Offer somebody seats out of his turn, also where his place was revoked or has run out. Raises NotAllowed, NotFound; Conflict where he has seats or an
    offer, or too few are free; Refusal where no offer can be made any more."""
    actor.need(Can.CLUB_EDIT)
    event, place = held_place(public_id)
    if offers.holds(place, moment) or place.state in OVER:
        raise Conflict("this person has an offer or seats already, or does not want any more")
    other = select(WaitPlace.id).where(WaitPlace.event_id == event.id, WaitPlace.id != place.id, WaitPlace.state.in_(STANDING))
    if db.session.execute(other.where(or_(WaitPlace.person == place.person, WaitPlace.mailbox == place.mailbox))).first():
        raise Conflict("this person has joined again: offer to that place")
    if db.session.execute(select(Booking.id).where(Booking.event_id == event.id, Booking.person == place.person, capacity.holding(moment))).first():
        raise Conflict("this person has an offer or seats already, or does not want any more")
    if offers.rules_of([event.id])[event.id].drawing:
        raise Conflict("the seats of this event are drawn by lot: the draw comes first")
    until = until_by_hand(event, place, moment)
    if until is None:
        raise Refusal("no offer can be made any more: there would be no time to take it up and pay")
    if free_for_hand(event, moment) < place.seats:
        raise Conflict("only %(free)s seats are free", free=free_for_hand(event, moment))
    offers.offer(event, [Waiting(place.id, place.ticket_kind_id, place.seats, until)], actor=actor, moment=moment)
    db.session.refresh(place)
    return place


def until_by_hand(event: ClubEvent, place: WaitPlace, moment: datetime) -> datetime | None:
    """Until when an offer made now would hold."""
    price = db.session.execute(select(TicketKind.price).where(TicketKind.id == place.ticket_kind_id)).scalar_one()
    return offers.ends(event, offers.rules_of([event.id])[event.id], capacity.first_starts([event.id]).get(event.id), price, moment)


def set_priority(public_id: str, priority: int, *, actor: Actor, moment: datetime) -> None:
    """Move somebody who waits forward (9 is first) or back (0). What is set by hand counts also for who stood behind the others. Raises NotAllowed, NotFound, Refusal, Conflict."""
    actor.need(Can.CLUB_EDIT)
    event, place = held_place(public_id)
    if not 0 <= priority <= MOST_PRIORITY:
        raise Refusal("a priority is 0 to %(most)s", most=MOST_PRIORITY)
    if place.state != WaitState.WAITING:
        raise Conflict("this place does not stand any more")
    before, place.priority = place.priority, priority
    place.behind_until = None if priority else no_show_facts.behind([place.person]).get(place.person)
    db.session.flush()
    offers.history(event.id, "wait_priority", actor, moment, [{"place": place.id, "before": before, "after": priority}])
    offers.pass_on(event, actor=actor, moment=moment)


def set_rule(event_id: int, parties: str, offer_minutes: int, *, actor: Actor, moment: datetime) -> None:
    """Say what happens to a party that does not fit, and how long offers hold. Offers that were made keep their end. Raises NotAllowed, NotFound, Refusal."""
    actor.need(Can.CLUB_EDIT)
    event = capacity.locked(event_id)
    if parties not in set(Parties) or not 1 <= offer_minutes <= LONGEST_OFFER:
        raise Refusal("an offer holds for 1 minute to 14 days, and a party that does not fit is passed over or waited for")
    values: dict[str, Any] = {"parties": parties, "offer_minutes": offer_minutes}
    if not db.session.execute(update(SeatRule).where(SeatRule.event_id == event.id).values(**values)).rowcount:  # type: ignore[attr-defined]
        db.session.execute(insert(SeatRule).values(event_id=event.id, **values))
    note(event.id, None, "seat_rule", actor, moment, **values)
    offers.pass_on(event, actor=actor, moment=moment)
