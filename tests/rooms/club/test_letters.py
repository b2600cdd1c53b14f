"""What who has seats is sent: each thing once, with the event for his calendar, his guests too, and never the same twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
import time_machine
from flask import Flask
from icalendar import Calendar
from sqlalchemy import func, select, update

from models import db
from models.club import Booking, ClubEvent, Seat
from models.identity import User
from models.jobs import Job
from models.notices import Notice
from models.outbox import OutboxMessage
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import booking, calling_off, evenings, events
from portal.club.events import Kind, When
from portal.club.wishes import Guest, Wish
from portal.documents.letters import as_mail
from portal.jobs import club_evenings
from portal.jobs.worker import Worker
from portal.keys import keyring
from portal.notices import sending
from portal.notices.carriers import Mail
from portal.refusals import Refusal
from portal.settings import Settings
from portal.transaction import transaction
from tests.at_once import at_once
from tests.rooms.club.scene import booking_of, clients, draft, event_of, shop_in, wish

FREE = (Kind("免费席", "Free seat", 0),)
GUEST = "guest@example.com"


def with_guest(event_id: int, actor: Actor) -> str:
    """Take two seats, the second for a guest who gave an address."""
    plain = wish(event_id)
    with transaction():
        made = booking.book(event_id, Wish(plain.kind_id, plain.name, (Guest("李四", True, GUEST),)), actor=actor, moment=clock.now())
        return made.public_id


def mails() -> list[tuple[str, str, Mail]]:
    """Every message as it would go out: its kind, whom it goes to, the mail."""
    db.session.rollback()
    numbers = db.session.execute(select(OutboxMessage.id).order_by(OutboxMessage.id)).scalars().all()
    found = [sending.look(number, keyring(), clock.now()) for number in numbers]
    return [(message.kind, taken.to, as_mail(taken)) for message, taken in found]


def calendar_of(mail: Mail) -> tuple[str, Any]:
    """The method and the first entry of a mail's calendar file."""
    file = Calendar.from_ical(mail.files[0].text)
    [entry, *_] = list(file.walk("VEVENT"))
    assert mail.files[0].parameters["method"] == str(file["METHOD"])
    return str(file["METHOD"]), entry


@pytest.mark.usefixtures("database")
def test_n1_a_confirmed_seat_comes_with_the_event_for_ones_calendar_to_the_guest_too(app: Flask) -> None:
    """N1: booker and guest each get one mail, in the booker's language, with a time zone that is spelled out."""
    event_id = event_of(kinds=FREE)
    [one] = clients(app, 1)
    with transaction():
        db.session.execute(update(User).values(locale="en"))
    with_guest(event_id, one)
    found = mails()
    assert [kind for kind, _to, _mail in found] == ["club.seat_granted"] * 2
    assert {to for _kind, to, _mail in found} == {one.label, GUEST}
    for _kind, _to, mail in found:
        assert mail.subject == "Your seat at Hedging night: copper and the dollar is confirmed."
        method, entry = calendar_of(mail)
        assert (method, int(entry["SEQUENCE"])) == ("PUBLISH", 0)
        assert "BEGIN:VTIMEZONE" in mail.files[0].text
        assert entry["DTSTART"].dt.astimezone(UTC) == booking_of_first().starts_at


def booking_of_first() -> Booking:
    return db.session.execute(select(Booking).order_by(Booking.id)).scalars().one()


@pytest.mark.usefixtures("database")
def test_n1_every_move_is_told_once_with_a_growing_sequence_and_the_end_takes_it_out_of_the_calendar(app: Flask) -> None:
    """N1: moved twice, then called off: the same UID, a SEQUENCE that grows, CANCEL at the end; booker and guest; a seat without an address gets no mail."""
    event_id = event_of(kinds=FREE)
    one, other = clients(app, 2)
    with_guest(event_id, one)
    with transaction():
        booking.book(event_id, wish(event_id, "王五"), actor=other, moment=clock.now())
    uids, sequences = set(), []
    for days in (1, 2):
        plain = draft()
        start = plain.when[0].starts_at + timedelta(days=days)
        event = db.session.get_one(ClubEvent, event_id)
        kinds = tuple(Kind(row.name, row.name_en, row.price, id=row.id) for row in events.kinds_of(event_id))
        with transaction():
            events.change(event_id, draft(when=(When(start, start + timedelta(hours=2), "x"),), kinds=kinds), event.version, actor=TERMINAL, moment=clock.now())
        moved = [(to, mail) for kind, to, mail in mails() if kind == "club.event_moved"][-3:]
        assert {to for to, _mail in moved} == {one.label, other.label, GUEST}
        method, entry = calendar_of(moved[0][1])
        uids.add(str(entry["UID"]))
        sequences.append(int(entry["SEQUENCE"]))
        assert method == "PUBLISH"
    with transaction():
        events.call_off(event_id, "storm", actor=TERMINAL, moment=clock.now())
    for _ in range(2):
        with transaction():
            calling_off.end_part(event_id, actor=TERMINAL, moment=clock.now())
    off = [(to, mail) for kind, to, mail in mails() if kind == "club.event_cancelled"]
    assert sorted(to for to, _mail in off) == sorted([one.label, other.label, GUEST])
    method, entry = calendar_of(off[0][1])
    assert (method, str(entry["STATUS"]), int(entry["SEQUENCE"])) == ("CANCEL", "CANCELLED", 3)
    assert (sequences, uids) == ([1, 2], {str(entry["UID"])})


@pytest.mark.usefixtures("database")
def test_n1_a_seat_given_back_leaves_the_calendars_of_booker_and_guest(app: Flask) -> None:
    """N1: cancelled by oneself, a guest taken off, another guest named: who does not come any more gets a CANCEL, who comes now gets the event."""
    event_id = event_of(kinds=FREE)
    one, other = clients(app, 2)
    public_id = with_guest(event_id, one)
    with transaction():
        booking.rename(public_id, 1, "赵六", True, email="next@example.com", actor=one, moment=clock.now())
    told = {(kind, to): calendar_of(mail)[0] for kind, to, mail in mails()}
    assert told["club.given_back", GUEST] == "CANCEL"
    assert told["club.seat_granted", "next@example.com"] == "PUBLISH"
    with transaction():
        booking.cancel(public_id, actor=one, moment=clock.now())
    told = {(kind, to): calendar_of(mail)[0] for kind, to, mail in mails()}
    assert told["club.given_back", one.label] == told["club.given_back", "next@example.com"] == "CANCEL"
    second = with_guest(event_id, one)
    with transaction():
        booking.drop_guest(second, 1, actor=one, moment=clock.now())
    assert len([1 for kind, to, _mail in mails() if (kind, to) == ("club.seat_granted", one.label)]) == 2, "who books anew is told anew"
    assert [to for kind, to, _mail in mails() if kind == "club.given_back"].count(GUEST) == 2
    assert other.label not in {to for _kind, to, _mail in mails()}


def day_before(event_id: int, hours: int = 20) -> datetime:
    return events.sessions_of(event_id)[0].starts_at - timedelta(hours=hours)


@pytest.mark.usefixtures("database")
def test_n2_the_reminder_comes_once_however_often_the_job_runs(app: Flask) -> None:
    """N2: the day before, once to booker and guest, by notice and mail; who booked since then has just been told; a moved evening is near anew."""
    event_id = event_of(kinds=FREE, sales_end_at=clock.now() + timedelta(days=30))
    one, late = clients(app, 2)
    with_guest(event_id, one)
    with time_machine.travel(day_before(event_id), tick=False):
        with transaction():
            booking.book(event_id, wish(event_id), actor=late, moment=clock.now())
        assert club_evenings.is_due(clock.now())
        assert [club_evenings.look()["reminded"] for _ in range(3)] == [1, 0, 0]
        assert not club_evenings.is_due(clock.now())
        db.session.rollback()
    assert [to for kind, to, _mail in mails() if kind == "club.reminder"] == [one.label, GUEST]
    assert db.session.execute(select(func.count()).where(Notice.kind == "club.reminder")).scalar_one() == 1


@pytest.mark.usefixtures("database")
def test_n2_two_jobs_at_once_remind_once(app: Flask) -> None:
    """N2: whoever holds the event marks the bookings; the other finds them marked."""
    event_id = event_of(kinds=FREE)
    for one in clients(app, 4):
        with_guest(event_id, one)
    moment = day_before(event_id)
    counts: list[int] = []
    act = lambda: counts.append(evenings.remind(event_id, actor=TERMINAL, moment=moment))  # noqa: E731
    at_once_counts(app, act, 4)
    assert sorted(counts) == [0, 0, 0, 4]
    assert len([1 for kind, _to, _mail in mails() if kind == "club.reminder"]) == 4 + 4


def at_once_counts(app: Flask, act: Any, times: int) -> None:
    assert set(at_once(app, *[act] * times)) == {"done"}


def test_p5_p10_money_without_a_seat_is_mailed_once_and_a_lost_job_is_asked_for_again(settings: Settings) -> None:
    """P5 P10: the webhook comes ten times: one mail; the job that sends it is lost: the same webhook asks for it anew."""
    with shop_in(settings) as shop, shop.app.app_context():
        event_id = event_of()
        [one] = clients(shop.app, 1)
        public_id = shop_booking(event_id, one)
        session_id = shop.pay_page(public_id, one)
        with transaction():
            booking.cancel(public_id, actor=one, moment=clock.now())
        shop.pays(session_id)
        shop.deliver(times=10)
        sent_for = [kind for kind in db.session.execute(select(OutboxMessage.kind)).scalars() if kind == "club.no_seat"]
        assert sent_for == ["club.no_seat"]
        with transaction():
            db.session.execute(update(Job).values(state="cancelled"))
        with shop.desk() as desk:
            body = json.dumps(next(event for event in desk.all("event") if event["type"] == "checkout.session.completed"))
        header = stripe.WebhookSignature.generate_signature_header(body, shop.secret)
        assert shop.app.test_client().post("/club/stripe", data=body, headers={"Stripe-Signature": header}).status_code == 200
        Worker(shop.app, poll=0.01).drain()
        db.session.rollback()
        state = db.session.execute(select(OutboxMessage.state).where(OutboxMessage.kind == "club.no_seat")).scalar_one()
        assert state == "kept", "no server is set up"
        db.session.remove()


def shop_booking(event_id: int, actor: Actor) -> str:
    with transaction():
        return booking.book(event_id, wish(event_id), actor=actor, moment=clock.now()).public_id


@pytest.mark.usefixtures("database")
def test_v1_a_guests_address_is_checked_and_goes_with_his_seat(app: Flask) -> None:
    """V1: what is no address is refused; a new guest without one leaves none behind."""
    event_id = event_of(kinds=FREE)
    [one] = clients(app, 1)
    public_id = with_guest(event_id, one)
    with transaction():
        booking.rename(public_id, 1, "赵六", True, actor=one, moment=clock.now())
    seat = db.session.execute(select(Seat).where(Seat.booking_id == booking_of(public_id).id, Seat.position == 1)).scalar_one()
    assert seat.email == ""
    with pytest.raises(Refusal, match="no mail address"), transaction():
        booking.rename(public_id, 1, "赵六", True, email="x@y\r\nBcc: z@example.com", actor=one, moment=clock.now())
