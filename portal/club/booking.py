"""Getting seats, giving them back, naming guests. Whoever sells or frees a seat holds the event's row, and counts anew under it."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update

from models import db
from models.club import Booking, BookingState, ClubEvent, ClubSession, EventState, Seat, TicketKind
from models.club_guests import ClubInvitation
from models.club_waitlist import WaitPlace
from portal.actors import Actor
from portal.club import answers, capacity, eligibility, letters, offers, policy, pools, refunds, vouchers
from portal.club.capacity import Reserve
from portal.club.codes import new_code
from portal.club.entries import note
from portal.club.wishes import Wish, checked_name
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal

CONSENT_EDITION = "guest-2026-12"
"""The edition of the sentence that a guest's own consent is given to (templates/club/_parts.html shows it)."""


class Full(Conflict):
    """There are not enough seats left."""


def person_of(actor: Actor) -> str:
    """Who counts as one person: a client under all his sign-ins, else the sign-in."""
    return f"client:{actor.client_no}" if actor.client_no else f"user:{actor.user_id}"


def book(event_id: int, wish: Wish, *, actor: Actor, moment: datetime) -> Booking:
    """Take seats inside the open transaction: granted at once where they cost nothing, else held until they are paid or the time is over.

    Raises NotFound; Refusal where the event is not for sale, a name or a consent is missing, the party is too large, or the event
    is for others (eligibility.NotEligible); Full;
    Conflict where this person has seats there already.
    """
    actor.need(Can.CLUB_SEAT)
    event = capacity.locked(event_id)
    starts_at = first_start(event.id)
    kind = _for_sale(event, wish, moment)
    person = person_of(actor)
    eligibility.need(event, eligibility.Person(person, actor.user_id), starts_at, moment, wish.seats)
    said = answers.checked_wish(event.id, wish)
    _let_lapse(event.id, person, moment)
    if db.session.execute(select(Booking.id).where(Booking.event_id == event.id, Booking.person == person, Booking.state.in_([BookingState.HELD, BookingState.GRANTED]))).first():
        raise Conflict("you have seats at this event already: change those instead")
    place = offers.standing_place(event.id, person)
    voucher = vouchers.taken_up(wish.code, event, kind, moment) if wish.code.strip() else None
    reserve = pools.open_to(event.id, actor.client_no or "", voucher.pool_id if voucher else None, moment)
    _need_room(event, kind, wish.seats, moment, place, reserve)
    off = vouchers.off(voucher, kind.price)
    booking = _written(event, kind, wish, actor, moment, starts_at, kind.price - off)
    answers.write(booking, said, english=wish.english, moment=moment)
    offers.booked(place, booking, moment)
    vouchers.used(voucher, booking, off, moment)
    pools.used(reserve, booking, actor, moment)
    note(event.id, booking, "booked", actor, moment, seats=wish.seats, amount=booking.amount, kind=kind.id)
    if place is not None:
        offers.pass_on(event, actor=actor, moment=moment)  # he took fewer than he was offered, or others waited behind him
    if booking.state == BookingState.GRANTED:
        letters.confirmed(event, booking, actor=actor, moment=moment)
    return booking


def first_start(event_id: int) -> datetime:
    """When an event begins. Raises Refusal where no time is set yet."""
    found = db.session.execute(select(func.min(ClubSession.starts_at)).where(ClubSession.event_id == event_id)).scalar()
    if found is None:
        raise Refusal("this event has no time yet")
    return found


def _for_sale(event: ClubEvent, wish: Wish, moment: datetime) -> TicketKind:
    if event.state == EventState.DRAFT:
        raise NotFound("there is no such event")
    if event.state == EventState.CANCELLED:
        raise Refusal("this event does not take place")
    if event.sales_end_at <= moment:
        raise Refusal("the time for signing up is over")
    if wish.seats > event.party_most:
        raise Refusal("at most %(most)s seats for one person", most=event.party_most)
    if any(not guest.agreed for guest in wish.guests):
        raise Refusal("a guest’s name may be given only if he agrees: ask him, and tick it")
    for name in (wish.name, *(guest.name for guest in wish.guests)):
        checked_name(name)
    for guest in wish.guests:
        letters.checked_address(guest.email)
    kind = db.session.execute(select(TicketKind).where(TicketKind.id == wish.kind_id, TicketKind.event_id == event.id, TicketKind.on_sale)).scalar_one_or_none()
    if kind is None:
        raise Refusal("this kind of ticket is not on sale")
    return kind


def _need_room(event: ClubEvent, kind: TicketKind, seats: int, moment: datetime, place: WaitPlace | None, reserve: Reserve | None) -> None:
    """Raises Full, Refusal where the seats are still to be drawn. The event's row must be held: only then does the count stay true until
    the commit. What a person was offered or what is kept for him is his; what others are about to be offered is not free."""
    own = place.seats if place is not None and offers.holds(place, moment) else 0
    kept = reserve.left if reserve is not None else 0
    if max(own, kept) < seats and offers.rules_of([event.id])[event.id].drawing:
        raise Refusal("the seats of this event are drawn by lot: enter the draw")
    plan = offers.plan_of(event, moment)
    free = plan.free + own + kept
    if kind.id in plan.kinds:
        free = min(free, plan.kinds[kind.id] + (own if place is not None and place.ticket_kind_id == kind.id else 0))
    if free < seats:
        if free == 0:
            raise Full("this event is full")
        raise Full("only %(free)s seats are left", free=free)


def _let_lapse(event_id: int, person: str, moment: datetime) -> None:
    """Write down that a person's own hold has run out, so that it does not stand in the way of a new booking."""
    over = update(Booking).where(Booking.event_id == event_id, Booking.person == person, Booking.state == BookingState.HELD, Booking.hold_until <= moment)
    db.session.execute(over.values(state=BookingState.LAPSED, ended_at=moment, ended_why="hold"))


def _written(event: ClubEvent, kind: TicketKind, wish: Wish, actor: Actor, moment: datetime, starts_at: datetime, price: int) -> Booking:
    amount = price * wish.seats
    booking = Booking(
        public_id=secrets.token_urlsafe(12),
        event_id=event.id,
        ticket_kind_id=kind.id,
        person=person_of(actor),
        user_id=actor.user_id,
        client_no=actor.client_no or "",
        state=BookingState.HELD if amount else BookingState.GRANTED,
        seats=wish.seats,
        price=price,
        amount=amount,
        policy=event.policy,
        starts_at=starts_at,
        hold_until=moment + timedelta(minutes=event.hold_minutes) if amount else None,
        created_at=moment,
        granted_at=None if amount else moment,
        ended_why="",
    )
    db.session.add(booking)
    db.session.flush()
    names = [(wish.name, "", "", None), *((guest.name, letters.checked_address(guest.email), CONSENT_EDITION, moment) for guest in wish.guests)]
    seats = [
        {
            "booking_id": booking.id,
            "event_id": event.id,
            "position": place,
            "name": checked_name(name),
            "email": email,
            "code": new_code(),
            "consent_edition": edition,
            "consented_at": at,
        }
        for place, (name, email, edition, at) in enumerate(names)
    ]
    db.session.execute(insert(Seat), seats)
    return booking


def held_booking(public_id: str, actor: Actor | None) -> tuple[ClubEvent, Booking]:
    """A booking and its event, both held until the open transaction ends; with an actor only his own. Raises NotFound."""
    query = select(Booking.id).where(Booking.public_id == public_id)
    if actor is not None:
        query = query.where(Booking.user_id == actor.user_id)
    found = db.session.execute(query).first()
    if found is None:
        raise NotFound("there is no such booking")
    return held_booking_of(found.id)


def held_booking_of(booking_id: int) -> tuple[ClubEvent, Booking]:
    """The same by the booking's own number, whoever's it is."""
    event = capacity.locked(db.session.execute(select(Booking.event_id).where(Booking.id == booking_id)).scalar_one())
    booking = db.session.execute(select(Booking).where(Booking.id == booking_id).with_for_update().execution_options(populate_existing=True)).scalar_one()
    return event, booking


def comes_back(event: ClubEvent, booking: Booking, amount: int, moment: datetime) -> int:
    """How much of an amount (fen) comes back to who gives seats back at a moment, by the policy of the moment of sale. All of it
    where we called the event off or moved it."""
    if event.state == EventState.CANCELLED or first_start(event.id) != booking.starts_at:
        return amount
    return policy.part(amount, policy.percent_back(booking.policy, booking.starts_at, event.zone, moment))


def cancel(public_id: str, *, actor: Actor, moment: datetime, expected: int | None = None) -> tuple[Booking, int]:
    """Give all seats of a booking back inside the open transaction. Returns it and what is refunded (fen).

    `expected`: what the person was shown. Raises NotFound; Conflict where the booking is over already, the event has begun, or less
    would come back by now.
    """
    event, booking = held_booking(public_id, actor)
    if not capacity.holds(booking, moment):
        raise Conflict("this booking is over already")
    if booking.state == BookingState.GRANTED and first_start(event.id) <= moment and event.state != EventState.CANCELLED:
        raise Conflict("the event has begun: nothing can be given back any more")
    back = 0
    payment = refunds.kept_payment(booking.id)
    if payment is not None and booking.state == BookingState.GRANTED:
        left = refunds.refundable(payment)
        back = min(comes_back(event, booking, left, moment), left)
        if expected is not None and back < expected:
            raise Conflict("less would come back by now: look again before you cancel")
        if back:
            refunds.ask(payment, back, "cancelled", f"booking:{booking.id}:cancelled", actor=actor, moment=moment)
    had_seats = booking.state == BookingState.GRANTED
    end(booking, "cancelled", moment)
    note(event.id, booking, "cancelled", actor, moment, refund=back)
    offers.pass_on(event, actor=actor, moment=moment)
    if had_seats:
        letters.given_back(event, booking, actor=actor, moment=moment)
    return booking, back


def end(booking: Booking, why: str, moment: datetime) -> None:
    """A booking is over: its seats are free from now on."""
    booking.state, booking.ended_at, booking.ended_why = BookingState.CANCELLED, moment, why
    db.session.flush()


def rename(public_id: str, position: int, name: str, agreed: bool, *, actor: Actor, moment: datetime, email: str = "") -> None:
    """Another person comes on a seat: that takes no new seat, so it works on a full event too. Raises NotFound, Conflict, Refusal."""
    event, booking = held_booking(public_id, actor)
    seat = _open_seat(event, booking, position, moment)
    if position and not agreed:
        raise Refusal("a guest’s name may be given only if he agrees: ask him, and tick it")
    before, name = seat.email, checked_name(name)
    seat.name, seat.badge = name, seat.badge if name == seat.name else ""  # what one agreed to is not printed for the next
    if position:
        seat.email = letters.checked_address(email)
        seat.consent_edition, seat.consented_at = CONSENT_EDITION, moment
        # The page of the guest before opens no more, and what he said does not count for the next.
        db.session.execute(delete(ClubInvitation).where(ClubInvitation.seat_id == seat.id))
        answers.drop(seat.id)
    note(event.id, booking, "renamed", actor, moment, position=position)
    if booking.state == BookingState.GRANTED and seat.email != before:
        letters.to_guest(event, booking, seat, before, "club.given_back", moment=moment, gone=True)
        letters.to_guest(event, booking, seat, seat.email, "club.seat_granted", moment=moment)


def drop_guest(public_id: str, position: int, *, actor: Actor, moment: datetime) -> int:
    """Give one guest's seat back; it is free at once. Returns what is refunded (fen). Raises NotFound, Conflict."""
    event, booking = held_booking(public_id, actor)
    seat = _open_seat(event, booking, position, moment)
    if position == 0:
        raise Conflict("your own seat is given back by cancelling the booking")
    if booking.state == BookingState.HELD and refunds.on_its_way(booking.id):
        raise Conflict("your payment is being worked on: give the seat back as soon as it is confirmed")
    seat.freed_at = moment
    booking.seats -= 1
    back = 0
    payment = refunds.kept_payment(booking.id)
    if payment is not None and booking.price:
        back = min(comes_back(event, booking, booking.price, moment), refunds.refundable(payment))
        if back:
            refunds.ask(payment, back, "seat_returned", f"seat:{seat.id}:returned", actor=actor, moment=moment)
    if booking.state == BookingState.HELD:
        booking.amount = booking.price * booking.seats
    note(event.id, booking, "guest_dropped", actor, moment, position=position, refund=back)
    offers.pass_on(event, actor=actor, moment=moment)
    if booking.state == BookingState.GRANTED:
        letters.to_guest(event, booking, seat, seat.email, "club.given_back", moment=moment, gone=True)
    return back


def _open_seat(event: ClubEvent, booking: Booking, position: int, moment: datetime) -> Seat:
    if not capacity.holds(booking, moment):
        raise Conflict("this booking is over already")
    if first_start(event.id) <= moment:
        raise Conflict("the event has begun: nothing can be changed any more")
    seat = db.session.execute(select(Seat).where(Seat.booking_id == booking.id, Seat.position == position, Seat.freed_at.is_(None))).scalar_one_or_none()
    if seat is None:
        raise NotFound("there is no such seat")
    return seat


def let_lapse(moment: datetime, most: int) -> int:
    """Write down which holds have run out. They count for nothing already: this only tidies. Returns how many."""
    over = select(Booking.id).where(Booking.state == BookingState.HELD, Booking.hold_until <= moment).order_by(Booking.id).limit(most)
    done = update(Booking).where(Booking.id.in_(over), Booking.state == BookingState.HELD).values(state=BookingState.LAPSED, ended_at=moment, ended_why="hold")
    return int(db.session.execute(done).rowcount)  # type: ignore[attr-defined]
