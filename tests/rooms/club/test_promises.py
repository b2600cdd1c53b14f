"""Promises of the club that no other test states whole: every event of Stripe's that it names is handled (S3), keys and cards are nowhere (S14), and who comes is the
firm's to know (V1)."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from models import Base, db
from models.club import Booking, Seat
from models.club_money import StripeEvent
from models.identity import Role
from portal import clock
from portal.club import booking, guests
from portal.club.booking import CONSENT_EDITION
from portal.club.events import Kind
from portal.club.wishes import Guest, Wish
from portal.gateways.stripe import STANDIN_KEY
from portal.local_day import today
from portal.settings import Settings
from portal.transaction import transaction
from tests.people import seat, someone
from tests.rooms.club.scene import Shop, book, clients, event_of, shop_in, wish

NAMED = (
    *(f"checkout.session.{what}" for what in ("completed", "async_payment_succeeded", "async_payment_failed", "expired")),
    *("charge.refunded", "refund.created", "refund.updated", "refund.failed"),
    *(f"charge.dispute.{what}" for what in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")),
    *(f"customer.subscription.{what}" for what in ("created", "updated", "deleted")),
    *(f"invoice.{what}" for what in ("paid", "payment_failed", "payment_action_required")),
)
"""The events that club.md names, but for Connect's, which pays nobody here (docs/readings.md, S12)."""


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """A portal with a stand-in of its own; the context is there for verbs."""
    with shop_in(settings) as open_shop, open_shop.app.app_context():
        yield open_shop
        db.session.remove()


def test_s3_every_event_that_is_named_is_looked_at_and_one_that_is_not_is_left(shop: Shop) -> None:
    """S3: of things that are not ours each is answered with what came of it; only a kind that nobody named is ignored."""
    with shop.desk() as desk:
        for place, kind in enumerate((*NAMED, "product.created")):
            desk.tell(kind, {"id": f"xx_{place}", "object": kind.partition(".")[0], "livemode": False})
    assert set(shop.deliver()) == {200}
    outcomes = {row.type: row.outcome for row in db.session.execute(select(StripeEvent.type, StripeEvent.outcome))}
    assert {kind for kind, outcome in outcomes.items() if outcome == "ignored"} == {"product.created"}
    assert set(outcomes) == {*NAMED, "product.created"}


def test_s14_no_key_and_no_card_stands_in_the_books_on_a_page_or_in_the_log(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """S14: after a payment from the booking to the webhook, with everything written to the log; the control finds what must be there."""
    caplog.set_level(logging.DEBUG)
    [one] = clients(shop.app, 1)
    public_id = book(event_of(), one)
    session_id = shop.pay_page(public_id, one)
    shop.pays(session_id)
    assert set(shop.deliver()) == {200}
    page = seat(shop.app, one.user_id or 0).get(f"/club/bookings/{public_id}").text
    written = " ".join(str(tuple(row)) for table in Base.metadata.sorted_tables for row in db.session.execute(select(table)))
    assert (session_id in written, public_id in page) == (True, True)
    everything = written + page + caplog.text
    assert [word for word in (STANDIN_KEY, shop.secret, "4242") if word in everything] == []
    assert not any(field in page for field in ("cc-number", "cardnumber", "cvc"))


def test_v1_who_comes_is_read_by_the_firm_alone(app: Flask) -> None:
    """V1: another client, a broker, a visitor and another's guest read no name or address of who comes; the broker is not let to the list; each guest's consent is kept
    with the edition of the words that were shown."""
    host, other = clients(app, 2)
    with app.app_context():
        number = event_of("night", kinds=(Kind("免费票", "Free", 0),))
        with transaction():
            wanted = Wish(wish(number).kind_id, "王主人", (Guest("李来宾", True, "li@example.com"),))
            made = booking.book(number, wanted, actor=host, moment=clock.now()).public_id
            token = guests.invite(made, 1, actor=host, moment=clock.now(), today=today()).token
        theirs = book(number, other)
        [own, guest] = db.session.execute(select(Seat).join(Booking, Booking.id == Seat.booking_id).where(Booking.public_id == made).order_by(Seat.position)).scalars()
        assert [(row.consent_edition, row.consented_at is not None) for row in (own, guest)] == [("", False), (CONSENT_EDITION, True)]
        db.session.remove()
    somebody, broker = seat(app, other.user_id or 0), seat(app, someone(app, Role.BROKER, broker_no="B001"))
    for reader, addresses in (
        (app.test_client(), ("/events", "/events/night", "/events/night/calendar.ics", "/events/night/visit")),
        (somebody, ("/events/night", f"/club/bookings/{theirs}", f"/club/bookings/{theirs}/seats/0", "/club/bookings", "/notices")),
        (broker, ("/events/night", "/events", "/notices")),
        (app.test_client(), (f"/events/guest/{token}",)),
    ):
        for address in addresses:
            page = reader.get(address)
            assert page.status_code == 200, address
            assert "王主人" not in page.text, address
            assert "li@example.com" not in page.text, address
            assert ("李来宾" in page.text) == ("/guest/" in address), address
    for address in ("/club/events/night", "/club/events/night/answers", "/club/door/night", "/club/events/night/badges.pdf"):
        assert broker.get(address).status_code == 403, address
        assert somebody.get(address).status_code == 403, address
    assert somebody.get(f"/club/bookings/{made}").status_code == 404
    firm = seat(app, someone(app, Role.ADMIN)).get("/club/events/night").text
    assert ("王主人" in firm, "李来宾" in firm) == (True, True), "the control: the firm's own list"
