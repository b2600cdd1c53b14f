"""A club for tests: an event, people who want seats, and a stand-in for Stripe that is served on a port of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from models import db
from models.club import Booking, BookingState, ClubEvent, TicketKind
from models.club_money import Payment
from models.identity import Role, User
from portal import clock, create_app
from portal.actors import TERMINAL, Actor, actor_of
from portal.club import booking, events
from portal.club.events import Draft, Kind, When
from portal.club.wishes import Guest, Wish
from portal.gateways.stripe import STANDIN_KEY, Stripe, standin_secret, till
from portal.jobs import club_paying
from portal.jobs.worker import Worker
from portal.settings import Settings
from portal.standin import made, post, rules
from portal.standin.store import Desk
from portal.transaction import transaction
from tests.people import seat, someone
from tests.serving import served

PRICE = 19_800


def draft(**more: Any) -> Draft:
    """An event in ten days at 19:00 in Shanghai; 198 yuan a seat."""
    start = (clock.now() + timedelta(days=10)).replace(hour=11, minute=0, second=0, microsecond=0)
    plain: dict[str, Any] = {
        "title": "套保之夜：铜与美元",
        "title_en": "Hedging night: copper and the dollar",
        "about": "一晚看懂套期保值。",
        "about_en": "Hedging explained in one evening.",
        "host": "研究所",
        "zone": "Asia/Shanghai",
        "capacity": 20,
        "party_most": 4,
        "hold_minutes": 30,
        "sales_end_at": start - timedelta(hours=1),
        "when": (When(start, start + timedelta(hours=2), "陆家嘴", "世纪大道 1 号"),),
        "kinds": (Kind("标准票", "Standard", PRICE),),
    }
    return Draft(**plain | more)


def event_of(key: str = "night", *, published: bool = True, **more: Any) -> int:
    """Write an event down, and open it. Returns its number."""
    with transaction():
        event = events.create(draft(**more), actor=TERMINAL, moment=clock.now(), key=key)
        if published:
            events.publish(event.id, actor=TERMINAL, moment=clock.now())
        number = event.id
    return number


def clients(app: Flask, count: int) -> list[Actor]:
    """So many clients who may book."""
    numbers = [someone(app, Role.CLIENT, client_no=f"C{place:05d}") for place in range(count)]
    with app.app_context():
        users = {user.id: actor_of(user) for user in db.session.execute(select(User).where(User.id.in_(numbers))).scalars()}
        db.session.remove()
    return [users[number] for number in numbers]


def wish(event_id: int, *guests: str, name: str = "王小明") -> Wish:
    """The event's first kind of ticket, with guests who agreed."""
    kind = db.session.execute(select(TicketKind.id).where(TicketKind.event_id == event_id).order_by(TicketKind.position)).scalars().first()
    assert kind is not None
    return Wish(kind, name, tuple(Guest(guest, True) for guest in guests))


def book(event_id: int, actor: Actor, *guests: str) -> str:
    """Take seats. Returns the booking's public id."""
    with transaction():
        return booking.book(event_id, wish(event_id, *guests), actor=actor, moment=clock.now()).public_id


def booking_of(public_id: str) -> Booking:
    """A booking as the database has it now."""
    db.session.rollback()
    return db.session.execute(select(Booking).where(Booking.public_id == public_id).execution_options(populate_existing=True)).scalar_one()


def seats_sold(event_id: int) -> int:
    """Seats of all active bookings, by what is written down."""
    db.session.rollback()
    rows = db.session.execute(select(Booking.seats).where(Booking.event_id == event_id, Booking.state.in_([BookingState.HELD, BookingState.GRANTED])))
    return sum(rows.scalars())


@dataclass
class Shop:
    """A portal whose card payments go to a stand-in of its own."""

    app: Flask
    standin: Flask
    secret: str

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """Hold the stand-in's file."""
        with self.standin.config["STORE"].change() as desk:
            yield desk

    @property
    def till(self) -> Stripe:
        """The gateway of the portal."""
        found = till()
        assert found is not None
        return found

    def turn(self, name: str, value: str) -> None:
        """Set a switch of the stand-in."""
        with self.desk() as desk:
            desk.turn(name, value)

    def pay_page(self, public_id: str, actor: Actor) -> str:
        """Begin to pay. Returns the number of the session whose page the payer is sent to."""
        terms = club_paying.Terms(self.till.env, self.till.livemode, "x", "https://portal.example/paid", "https://portal.example/back")
        return club_paying.pay(public_id, self.till, terms, actor).rsplit("/", 1)[-1]

    def pays(self, session_id: str, how: str = "pays") -> None:
        """The payer does something on the page."""
        with self.desk() as desk:
            rules.pay(desk, session_id, how)

    def deliver(self, times: int = 1) -> list[int]:
        """Deliver what is due to the portal's own endpoint. Returns the answers."""
        answers: list[int] = []

        def send(body: bytes, header: str) -> int:
            for _ in range(times):
                client = self.app.test_client()
                answers.append(client.post("/club/stripe", data=body, headers={"Stripe-Signature": header}, content_type="application/json").status_code)
            return answers[-1]

        post.deliver(self.standin.config["STORE"], self.secret, send)
        return answers

    def work(self) -> int:
        """Let the jobs run that wait."""
        db.session.remove()
        return Worker(self.app, poll=0.01).drain()

    def read(self, act: Callable[[], Any]) -> Any:
        """Do something in a context of its own: one that is held around requests would be theirs too."""
        with self.app.app_context():
            try:
                return act()
            finally:
                db.session.remove()

    def payment(self, public_id: str, number: int = 1) -> Payment:
        """A try to be paid as the database has it now."""
        db.session.rollback()
        query = select(Payment).join(Booking, Booking.id == Payment.booking_id).where(Booking.public_id == public_id, Payment.number == number)
        return db.session.execute(query.execution_options(populate_existing=True)).scalar_one()

    def back(self) -> int:
        """What the stand-in gave back in all (fen)."""
        with self.desk() as desk:
            return sum(row["amount"] for row in desk.all("refund") if row["status"] not in rules.GONE)


@contextmanager
def shop_in(settings: Settings) -> Iterator[Shop]:
    """Open a shop: a stand-in on a free port, and a portal that speaks to it."""
    secret = standin_secret("any")
    standin = made.make(str(Path(settings.instance) / "standin"), secret)
    with served(standin) as base:
        app = create_app(dataclasses.replace(settings, stripe_key=STANDIN_KEY, stripe_webhook_secrets=secret, stripe_api_base=base))
        try:
            yield Shop(app, standin, secret)
        finally:
            with app.app_context():
                db.session.remove()
                db.engine.dispose()


__all__ = ["PRICE", "ClubEvent", "Shop", "book", "booking_of", "clients", "draft", "event_of", "seat", "seats_sold", "shop_in", "wish"]
