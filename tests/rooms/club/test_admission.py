"""Whom an event is for: the rule as a table, and that it holds when booking, when joining the waitlist and when a seat is offered from it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from models import db
from models.audit import AuditEntry
from models.clients import RiskGrade
from models.club import Admitted, Booking, ClubEvent
from models.club_membership import Cause, ClubTier, TierKind
from models.club_waitlist import WaitPlace, WaitState
from models.identity import Role, User
from models.notices import Notice
from models.outbox import OutboxMessage
from models.suitability import InvestorKind, SuitabilityTest, TakenWhere
from portal import clock
from portal.actors import Actor, actor_of
from portal.club import admission, booking, offers, waitlist
from portal.club.admission import Facts, Step, Terms, decide
from portal.club.admission import Test as Sitting
from portal.club.eligibility import NotEligible
from portal.club.events import Kind
from portal.club.membership import Span
from portal.club.queue import Why
from portal.identity.queries import user_by_id
from portal.local_day import today
from portal.refusals import Refusal
from portal.transaction import transaction
from tests import make
from tests.people import post, seat, someone
from tests.rooms.club.scene import book, clients, event_of, seats_sold, wish

DAY, NOW = date(2026, 12, 10), date(2026, 12, 1)
SILVER = ClubTier(id=1, key="silver", kind=TierKind.PAID, rank=20)
MEMBER = (Span(1, 1, 20, Cause.PAID, date(2026, 1, 1), date(2027, 1, 1), date(2027, 1, 1)),)
A = Admitted
FREE = (Kind("免费", "Free", 0),)
TABLE = [
    ("a client, where nothing is said", {A.CLIENT}, (), None, Terms(), 1, "", Step.NONE),
    ("a broker, where nothing is said", {A.BROKER}, (), None, Terms(), 1, admission.CLIENTS, Step.EVENTS),
    ("staff who are clients too", {A.STAFF, A.CLIENT}, (), None, Terms(), 1, "", Step.NONE),
    ("a broker at an evening for brokers", {A.BROKER}, (), None, Terms(frozenset({A.BROKER})), 1, "", Step.NONE),
    ("a client at an evening for brokers", {A.CLIENT}, (), None, Terms(frozenset({A.BROKER})), 1, admission.TRADE, Step.EVENTS),
    ("a client at an evening for prospects", {A.CLIENT}, (), None, Terms(frozenset({A.PROSPECT})), 1, admission.OTHERS, Step.EVENTS),
    ("a client who is no member", {A.CLIENT}, (), None, Terms(frozenset({A.MEMBER})), 1, admission.JOIN, Step.MEMBERSHIP),
    ("a prospect who is a member", {A.PROSPECT}, MEMBER, None, Terms(frozenset({A.MEMBER})), 1, "", Step.NONE),
    ("no tier", {A.CLIENT}, (), None, Terms(tiers=(SILVER,), grade="C3"), 1, admission.OPEN[TierKind.PAID], Step.MEMBERSHIP),
    ("the tier and no test", {A.CLIENT}, MEMBER, None, Terms(tiers=(SILVER,), grade="C3"), 1, admission.UNTESTED, Step.TEST),
    ("a prospect without a test", {A.PROSPECT}, (), None, Terms(grade="C3"), 1, admission.UNTESTED_PROSPECT, Step.TEST),
    ("staff at an evening for members and staff", {A.STAFF}, (), None, Terms(frozenset({A.MEMBER, A.STAFF}), (SILVER,), "C3"), 1, "", Step.NONE),
    ("a grade that is enough", {A.CLIENT}, (), Sitting("C3", DAY), Terms(grade="C3"), 1, "", Step.NONE),
    ("a grade above", {A.CLIENT}, (), Sitting("C5", DAY), Terms(grade="C3"), 1, "", Step.NONE),
    ("a grade below", {A.CLIENT}, (), Sitting("C2", DAY), Terms(grade="C3"), 1, admission.TOO_LOW, Step.EVENTS),
    ("a test that ends the day before", {A.CLIENT}, (), Sitting("C5", DAY - timedelta(days=1)), Terms(grade="C3"), 1, admission.TEST_ENDS, Step.TEST),
    ("an answer that forbids futures", {A.CLIENT}, (), Sitting("C4", DAY, True), Terms(grade="C3"), 1, admission.UNSUITED, Step.EVENTS),
    ("a guest where a grade is asked", {A.CLIENT}, (), Sitting("C4", DAY), Terms(grade="C3"), 2, admission.ALONE, Step.NONE),
    ("a guest where none is asked", {A.CLIENT}, (), None, Terms(), 2, "", Step.NONE),
]


@pytest.mark.parametrize(("kinds", "spans", "test", "terms", "seats", "message", "step"), [row[1:] for row in TABLE], ids=[str(row[0]) for row in TABLE])
def test_each_no_says_why_and_what_is_next(kinds: set[Admitted], spans: tuple[Span, ...], test: Sitting | None, terms: Terms, seats: int, message: str, step: Step) -> None:
    """The rule, line by line."""
    found = decide(terms, Facts(frozenset(kinds), spans, test), DAY, NOW, seats)
    assert (found.may, found.message, found.step) == (not message, message, step)


def has_grade(client: Actor, grade: RiskGrade, until: date) -> None:
    """A client took the test; it is valid until a day."""
    fixed = {"investor": InvestorKind.ORDINARY, "criteria": {}, "questions_version": 1, "questions_digest": "", "locale": "zh", "answers": "", "answers_digest": ""}
    said = {"score": 50, "unsuitable": "", "taken_where": TakenWhere.AT_DESK, "present": "", "evidence": "", "recorded_at": clock.now(), "actor_label": "test"}
    with transaction():
        number = db.session.execute(select(db.func.count(SuitabilityTest.id))).scalar_one() + 1
        db.session.add(SuitabilityTest(public_id=f"t{number}", client_no=client.client_no, grade=grade, taken_on=until - timedelta(days=365), valid_until=until, **fixed, **said))


@pytest.mark.usefixtures("database")
def test_a_grade_is_asked_when_booking_when_waiting_and_when_a_seat_is_offered(app: Flask) -> None:
    """Booked with a grade; refused without; a newer, lower test of who waits lets the offer go to the next."""
    fits, none, falls, after = clients(app, 4)
    day = today()
    for one in (fits, falls, after):
        has_grade(one, RiskGrade.C4, day + timedelta(days=300))
    night = event_of(capacity=1, kinds=FREE, grade_least="C3")
    with pytest.raises(NotEligible, match="answer the questions under My suitability"):
        book(night, none)
    with pytest.raises(NotEligible, match="without guests"):
        book(night, fits, "陈先生")
    held = book(night, fits)
    with pytest.raises(NotEligible, match="answer the questions under My suitability"), transaction():
        waitlist.join(night, wish(night).kind_id, 1, actor=none, moment=clock.now())
    for one in (falls, after):
        with transaction():
            waitlist.join(night, wish(night).kind_id, 1, actor=one, moment=clock.now())
    has_grade(falls, RiskGrade.C2, day + timedelta(days=365))
    assert sorted(offers.plan_of(db.session.get_one(ClubEvent, night), clock.now()).why.values()) == sorted([Why.BARRED, Why.FULL])
    with transaction():
        booking.cancel(held, actor=fits, moment=clock.now())
    states = {row.client_no: row.state for row in db.session.execute(select(WaitPlace.client_no, WaitPlace.state))}
    assert states == {falls.client_no: WaitState.WAITING, after.client_no: WaitState.OFFERED}


@pytest.mark.usefixtures("database")
def test_who_was_not_asked_here_has_the_grade_of_the_masters_until_he_is(app: Flask, tmp_path: Path) -> None:
    """The firm's file says C4; a newer, lower test of the portal's own counts instead."""
    make.accepted(make.firm(tmp_path / "firm"))
    client = actor_of(user_by_id(someone(app, Role.CLIENT, client_no="C10001")))
    db.session.rollback()
    four, five = event_of("four", kinds=FREE, grade_least="C4"), event_of("five", kinds=FREE, grade_least="C5")
    book(four, client)
    with pytest.raises(NotEligible, match="C5"):
        book(five, client)
    has_grade(client, RiskGrade.C2, today() + timedelta(days=365))
    again = event_of("again", kinds=FREE, grade_least="C4")
    with pytest.raises(NotEligible, match="C4"):
        book(again, client)


@pytest.mark.usefixtures("database")
def test_an_evening_for_brokers_is_booked_by_brokers_alone(app: Flask) -> None:
    """A broker takes a seat, a client does not; a kind of person or a grade that there is not is refused."""
    [client] = clients(app, 1)
    broker = actor_of(user_by_id(someone(app, Role.BROKER, broker_no="B1")))
    db.session.rollback()
    trade = event_of("trade", kinds=FREE, admitted=("broker",))
    book(trade, broker)
    with pytest.raises(NotEligible, match="introducing brokers"):
        book(trade, client)
    with pytest.raises(NotEligible, match="for clients"):
        book(event_of("clients", kinds=FREE), broker)
    for wrong in ({"admitted": ("minister",)}, {"grade_least": "C9"}):
        with pytest.raises(Refusal, match="from C2 to C5"):
            event_of("wrong", **wrong)


def test_the_page_of_an_event_says_for_whom_it_is_and_what_is_next(app: Flask) -> None:
    """Whom it is for stands on the public page; who may not come reads the reason and finds the way to the test."""
    number = someone(app, Role.CLIENT, client_no="C1")
    with app.app_context():
        event_of(kinds=FREE, grade_least="C3", admitted=("client",))
        db.session.remove()
    public = app.test_client().get("/events/night").text
    assert ("C3 or more" in public, "Clients" in public) == (True, True)
    browser = seat(app, number)
    page = browser.get("/events/night").text
    assert "answer the questions under My suitability" in page
    assert 'href="/my-suitability"' in page
    with app.app_context(), transaction():
        db.session.execute(update(ClubEvent).values(grade_least=""))
    assert "Take the seats" in browser.get("/events/night").text


def test_the_desk_asks_why_not_and_nothing_is_kept(app: Flask) -> None:
    """What booking itself would say to one client; no seat, no word to him, only a line in the log."""
    for number in ("C1", "C2"):
        someone(app, Role.CLIENT, client_no=number)
    with app.app_context():
        night = event_of(kinds=FREE, grade_least="C3")
        has_grade(actor_of(db.session.execute(select(User).where(User.client_no == "C1")).scalar_one()), RiskGrade.C4, today() + timedelta(days=300))
        db.session.remove()
    admin = seat(app, someone(app, Role.ADMIN))
    page = "/club/events/night/why"
    assert post(admin, page, page, number="nobody").status_code == 422
    assert "would get a seat" in post(admin, page, page, number="C1").text
    assert "answer the questions under My suitability" in post(admin, page, page, number="C2").text
    assert seat(app, someone(app, Role.STAFF)).get(page).status_code == 403
    with app.app_context():
        assert seats_sold(night) == 0
        assert [db.session.execute(select(func.count()).select_from(table)).scalar_one() for table in (Booking, Notice, OutboxMessage)] == [0, 0, 0]
        assert db.session.execute(select(func.count()).where(AuditEntry.action == "club.why_asked")).scalar_one() == 2
        db.session.remove()
