"""Paying, refunding and cancelling as they happen: people at the portal's own pages, a worker, a stand-in for Stripe that tells what it knows."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.club import Booking, ClubEvent, EventState, TicketKind
from models.club_money import Payment, PaymentState
from models.identity import Role, User
from portal import clock, create_app
from portal.actors import TERMINAL, Actor
from portal.club import booking, points
from portal.club.points import Earning, Holder
from portal.gateways.stripe import STANDIN_KEY, standin_secret
from portal.jobs.outbox import ask_where_due
from portal.jobs.worker import Worker
from portal.standin import post, rules
from portal.standin.store import Store
from portal.transaction import transaction
from tests.faults.club_steps import a_key_for_each_try, written_after_the_call
from tests.people import post as send
from tests.people import seat, someone
from tests.places import Place
from tests.rooms.club.scene import Shop, book, clients, event_of, shop_in

KEY = "night"
SECRET = standin_secret("any")
ROUNDS = (3, 35, 70)
"""Minutes after which a new worker looks around: jobs and refunds of the dead are stale, stuck payments are asked for, mails are taken up."""


@dataclass
class World:
    """The portal, Stripe's stand-in, and who sits where. `told`: whether Stripe's webhooks arrive; else nothing but asking helps."""

    app: Flask
    store: Store
    told: bool
    client: FlaskClient
    boss: FlaskClient

    def read(self, query: Any) -> Any:
        """One value of the books, in a context of its own."""
        with self.app.app_context():
            found = db.session.execute(query).scalars().first()
            db.session.remove()
        return found

    def deliver(self) -> None:
        """Stripe tells what is due, unless every webhook is lost."""
        if self.told:
            post.deliver(self.store, SECRET, self._hears)

    def _hears(self, body: bytes, header: str) -> int:
        return self.app.test_client().post("/club/stripe", data=body, headers={"Stripe-Signature": header}, content_type="application/json").status_code

    def work(self) -> None:
        """A worker does what waits, and sends the mails."""
        with self.app.app_context(), transaction():
            ask_where_due(clock.now())
        Worker(self.app, poll=0.01, patience=0.01).drain()


def world(app: Flask, place: Place, told: bool) -> World:
    """Sit down at the portal of a place."""
    who = json.loads((place.folder / "who.json").read_text())
    return World(app, Store(str(place.folder / "standin" / "standin.db")), told, seat(app, who["client"]), seat(app, who["boss"]))


def portal(place: Place, port: int, mail_port: int) -> Flask:
    """The portal of a place, which asks a stand-in at a port and hands its mails over at another."""
    settings = place.settings(smtp_url=f"smtp://127.0.0.1:{mail_port}", mail_from="club@firm.example")
    return create_app(dataclasses.replace(settings, stripe_key=STANDIN_KEY, stripe_webhook_secrets=SECRET, stripe_api_base=f"http://127.0.0.1:{port}"))


def make(place: Place, *, paid: bool) -> None:
    """An event with two clients; where asked, both have paid (one of them for a guest too), and one earned points by it."""
    with shop_in(place.settings()) as shop:
        boss = someone(shop.app, Role.ADMIN, email="boss@firm.example")
        someone(shop.app, Role.FINANCE, email="purse@firm.example")
        people = clients(shop.app, 2)
        with shop.app.app_context():
            for number, person in enumerate(people):
                db.session.get_one(User, person.user_id).email = f"client{number}@firm.example"
            db.session.commit()
            event_id = event_of(KEY, capacity=3, hold_minutes=120, policy=[{"hours": 1, "percent": 50}])
            with shop.desk():
                pass  # the stand-in's file is there from the beginning
            if paid:
                _buy(shop, event_id, people)
            db.session.remove()
        Worker(shop.app, poll=0.01).drain()
    (place.folder / "who.json").write_text(json.dumps({"client": people[0].user_id, "boss": boss}))


def _buy(shop: Shop, event_id: int, people: list[Actor]) -> None:
    for person, guests in zip(people, (("李四",), ()), strict=True):
        shop.pays(shop.pay_page(book(event_id, person, *guests), person))
    assert set(shop.deliver()) == {200}
    payment = db.session.execute(select(Payment.id).order_by(Payment.id)).scalars().first()
    moment = clock.now()
    holder = Holder(booking.person_of(people[0]), people[0].client_no or "", people[0].user_id)
    with transaction():
        points.earn([Earning(holder, "learnt", 20, "", moment, moment, moment + timedelta(days=300), "learnt", payment)], actor=TERMINAL, moment=moment)


def _mine(here: World) -> Booking | None:
    found: Booking | None = here.read(select(Booking).where(Booking.client_no == "C00000"))
    return found


def _page(here: World) -> str:
    """The session whose page the payer is sent to; empty where none is open."""
    return here.read(select(Payment.session_id).where(Payment.state == PaymentState.OPEN)) or ""


def pay(here: World) -> None:
    """Sign up, pay on Stripe's page, and come back (where webhooks arrive the payer closes his browser instead, and they do it)."""
    if _mine(here) is None:
        send(here.client, f"/events/{KEY}/book", kind=here.read(select(TicketKind.id)), name="王小明")
    one = _mine(here)
    assert one is not None
    if not _page(here):
        send(here.client, f"/club/bookings/{one.public_id}/pay")
    with here.store.change() as desk:
        rules.pay(desk, _page(here), "pays")
    if not here.told:
        here.client.get(f"/club/bookings/{one.public_id}/paid")
    here.deliver()
    here.work()


def paid(here: World) -> bool:
    """Whether the payer did his part: money is at Stripe, and nobody pays again."""
    with here.store.change() as desk:
        return bool(desk.all("payment_intent"))


def cancel(here: World) -> None:
    """The client gives both seats back: half of the money comes back to him."""
    one = _mine(here)
    assert one is not None
    answer = send(here.client, f"/club/bookings/{one.public_id}/cancel", back=str(one.amount // 2))
    assert answer.status_code == 303, answer.text
    here.work()
    here.deliver()
    here.work()


def cancelled(here: World) -> bool:
    """Whether the client was heard."""
    one = _mine(here)
    return one is not None and one.state == "cancelled"


def refund(here: World) -> None:
    """The firm calls the event off: all the money of both clients goes back, and what it earned is taken back."""
    answer = send(here.boss, f"/club/events/{KEY}/call-off", why="台风")
    assert answer.status_code == 303, answer.text
    here.work()
    here.deliver()
    here.work()


def called_off(here: World) -> bool:
    """Whether the firm was heard."""
    return bool(here.read(select(ClubEvent.state)) == EventState.CANCELLED)


@dataclass(frozen=True)
class Story:
    """An operation, whether it begins with seats that are paid, whether its person has been heard and comes no second time, and the fault that is
    planted in it as its control."""

    act: Callable[[World], None]
    heard: Callable[[World], bool]
    paid: bool
    fault: Callable[[], None] = a_key_for_each_try


STORIES = {
    "pay": Story(pay, paid, paid=False, fault=written_after_the_call),
    "refund": Story(refund, called_off, paid=True),
    "cancel": Story(cancel, cancelled, paid=True),
}


def recover(here: World, story: Story) -> None:
    """Whoever was not heard tries again; the rest is done by the portal itself: webhooks come again, new workers look around."""
    if not story.heard(here):
        story.act(here)
    for minutes in ROUNDS:
        with time_machine.travel(clock.now() + timedelta(minutes=minutes)):
            for _ in range(2):
                here.deliver()
                worker = Worker(here.app, poll=0.01, patience=0.01)
                worker._keep_current()
                worker.drain()


def folder_of(place: Place) -> str:
    """Where the stand-in of a place keeps its file."""
    return str(Path(place.folder) / "standin")
