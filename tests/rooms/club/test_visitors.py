"""Seats without an account: a link to a mail address that opens once, then the same seats, money and ways out as a client's, and nothing else."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from models import db
from models.audit import AuditEntry
from models.club import Booking, BookingState, ClubEvent, Seat
from models.club_questions import ClubSaid
from models.club_visitors import ClubVisitor, ClubVisitorLink
from models.identity import LinkPurpose, Role, User, UserState
from models.leads import Campaign, Claim, Lead, LeadConsent
from models.outbox import OutboxMessage
from portal import clock
from portal.actors import TERMINAL, Actor, actor_of
from portal.club import booking, capacity, questions, visitors, visitors_gone
from portal.club.events import Kind
from portal.club.guests import came_of
from portal.club.questions import Asking
from portal.club.visitors import Asked, Keys, Links
from portal.identity import forgotten, verbs
from portal.identity.throttle import PER_ACCOUNT, PER_ADDRESS
from portal.keys import keyring, secret
from portal.leads.people import person
from portal.local_day import today
from portal.refusals import Refusal
from portal.transaction import on_postgresql, transaction
from tests import make
from tests.at_once import at_once
from tests.people import hidden_in, post, someone
from tests.rooms.club.scene import event_of, seats_sold, wish

AT = "/events/night/visit"
FORM = {"name": "王小明", "phone": "13800008000", "email": "wang@example.com", "agree_visit": "yes"}


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """A firm with a branch, and an evening of one free kind of ticket."""
    make.settled(app, tmp_path / "files")
    with app.app_context():
        event_of(kinds=(Kind("免费票", "Free", 0),), capacity=5)
        db.session.remove()
    return app


def sent(browser: FlaskClient, at: str = AT, **fields: str) -> int:
    """Fill in the form as a person would, some seconds after it was opened. Returns the status."""
    page = browser.get(at).text
    with time_machine.travel(clock.now() + timedelta(seconds=5)):
        return post(browser, at, at, **{"stamp": hidden_in(page, "stamp"), "edition": hidden_in(page, "edition"), **FORM, **fields}).status_code


def mails(app: Flask) -> list[tuple[str, str, str]]:
    """Mails to people without a sign-in, the oldest first: kind, address, and the path of the link in them."""
    with app.app_context():
        rows = db.session.execute(
            select(OutboxMessage).where(OutboxMessage.secret_sealed.is_not(None), OutboxMessage.kind.startswith("club.visitor")).order_by(OutboxMessage.id)
        ).scalars()
        found = [(row.kind, row.address, keyring().open(row.secret_sealed or "", f"outbox_message.secret_sealed:{row.business_key}")) for row in rows]
        db.session.remove()
    return [(kind, address, re.sub(r"^https?://[^/]+", "", link)) for kind, address, link in found]


def visiting(app: Flask, **fields: str) -> FlaskClient:
    """A browser whose owner sent the form and opened his link."""
    browser = app.test_client()
    assert sent(browser, **fields) == 200
    link = mails(app)[-1][2]
    assert post(browser, link, link).headers["Location"].endswith("/events/night#sign-up")
    return browser


def visitor_actor(email: str) -> Actor:
    """A visitor by his address, made without the form."""
    keys, moment = Keys(secret(), keyring()), clock.now()
    tokens: list[str] = []
    with transaction():
        event = db.session.execute(select(ClubEvent).order_by(ClubEvent.id).limit(1)).scalar_one()
        asked = Asked(person(name="来宾", phone="13800008000", email=email), frozenset(), "zh_Hans_CN")
        visitors.ask(event, asked, Links(lambda token: tokens.append(token) or token, "", ""), keys=keys, moment=moment)
    with transaction():
        user_id = visitors.use(tokens[0], keys=keys, moment=moment, today=today())[0].user_id
    found = actor_of(db.session.get_one(User, user_id))
    db.session.rollback()
    return found


def test_he_confirms_takes_a_seat_shows_his_ticket_and_cancels(firm: Flask) -> None:
    browser = visiting(firm)
    page = browser.get("/events/night").text
    assert ('name="kind"' in page, "王小明" in page) == (True, True)
    kind = re.search(r'name="kind" value="(\d+)"', page)
    assert kind is not None
    where = post(browser, "/events/night/book", "/events/night", kind=kind[1], name="王小明").headers["Location"]
    ticket = browser.get(where).text
    assert ("club-qr" in ticket, "rail-inside" in ticket) == (True, False), "a ticket, and no menu of a sign-in"
    assert browser.get(f"{where}/calendar.ics").status_code == 200
    assert firm.test_client().get(where).status_code in {302, 303}, "another browser must have a link sent first"
    assert post(browser, f"{where}/cancel", f"{where}/cancel", back="0").status_code == 303
    with firm.app_context():
        assert db.session.execute(select(Booking.state)).scalar_one() == BookingState.CANCELLED


def test_he_answers_the_questions_of_the_event_like_a_client_and_they_go_with_his_name(firm: Flask) -> None:
    """V2: a year after his last evening his answers are empty, and it stays known that he answered."""
    with firm.app_context():
        number = db.session.execute(select(ClubEvent.id)).scalar_one()
        with transaction():
            asked = questions.add(number, Asking("words", "车牌号", required=True), actor=TERMINAL, moment=clock.now()).id
    browser = visiting(firm)
    page = browser.get("/events/night").text
    kind = re.search(r'name="kind" value="(\d+)"', page)
    assert kind is not None
    assert f'name="q{asked}_0"' in page
    form = {"kind": kind[1], "name": "王小明"}
    assert post(browser, "/events/night/book", "/events/night", **form).status_code == 422
    where = post(browser, "/events/night/book", "/events/night", **form, **{f"q{asked}_0": "沪A 1"}).headers["Location"]
    assert "沪A 1" in browser.get(f"{where}/seats/0").text
    with firm.app_context():
        assert db.session.execute(select(ClubSaid.said)).scalar_one() == "沪A 1"
        with transaction():
            assert visitors_gone.forget(TERMINAL, clock.now() + timedelta(days=800)) == 1
        assert db.session.execute(select(ClubSaid.said)).scalar_one() == ""


def test_before_the_link_is_opened_nothing_is_held_and_nobody_is_registered(firm: Flask) -> None:
    assert sent(firm.test_client(), agree_contact="yes") == 200
    with firm.app_context():
        counts = [db.session.execute(select(func.count()).select_from(table)).scalar_one() for table in (ClubVisitor, Booking, Lead)]
        kept = db.session.execute(select(ClubVisitorLink)).scalar_one()
        assert (counts, "13800008000" in (kept.asked_sealed or ""), "wang" in (kept.asked_sealed or "")) == ([0, 0, 0], False, False)


def test_he_becomes_a_lead_with_the_event_as_source_and_his_own_consents(firm: Flask) -> None:
    visiting(firm, agree_contact="yes")
    with firm.app_context():
        visitor, lead = db.session.execute(select(ClubVisitor)).scalar_one(), db.session.execute(select(Lead)).scalar_one()
        source = db.session.execute(select(Campaign.code).join(Claim, Claim.campaign_id == Campaign.id).where(Claim.lead_id == lead.id)).scalar_one()
        said = db.session.execute(select(LeadConsent.purpose, LeadConsent.text_version).where(LeadConsent.lead_id == lead.id)).all()
        text = visitors.text_on(today())
        event_id = db.session.execute(select(ClubEvent.id)).scalar_one()
        assert (visitor.lead_id, source, [tuple(row) for row in said]) == (lead.id, f"CLUB-{event_id:05d}", [("contact", 1)])
        assert (visitor.consent_version, visitor.consent_digest, came_of(event_id).leads) == (text.version, text.digest, 1)
        assert db.session.execute(select(AuditEntry.action).where(AuditEntry.action == "club.visitor_confirmed")).scalar_one()


def test_who_allows_the_visit_alone_is_called_by_nobody(firm: Flask) -> None:
    visiting(firm)
    with firm.app_context():
        assert db.session.execute(select(func.count()).select_from(Lead)).scalar_one() == 0
        assert db.session.execute(select(ClubVisitor.lead_id)).scalar_one() is None


def test_without_the_consent_or_with_another_text_no_mail_goes_out(firm: Flask) -> None:
    browser = firm.test_client()
    assert [sent(browser, agree_visit=""), sent(browser, edition="visit-0"), sent(browser, email="nobody"), sent(browser, phone="12"), sent(browser, stamp="x")] == [422] * 5
    assert sent(browser, website="spam") == 200, "a program reads what a person reads"
    assert mails(firm) == []


def test_nothing_tells_whether_an_address_is_known(firm: Flask) -> None:
    someone(firm, Role.CLIENT, email="client@example.com", client_no="C1")
    visiting(firm)
    pages = set()
    for address in ("client@example.com", "wang@example.com", "new@example.com"):
        browser = firm.test_client()
        page = browser.get(AT).text
        with time_machine.travel(clock.now() + timedelta(seconds=5)):
            answer = post(browser, AT, AT, stamp=hidden_in(page, "stamp"), edition=hidden_in(page, "edition"), **FORM | {"email": address})
        for said in (answer, post(browser, "/events/visit", "/events/visit", email=address)):
            pages.add((said.status_code, said.text.partition("<main")[2].partition("</main>")[0]))
    assert len(pages) == 1
    kinds = [(kind, address) for kind, address, _link in mails(firm)][1:]
    assert kinds == [
        ("club.visitor_known", "client@example.com"), ("club.visitor_known_here", "client@example.com"),
        ("club.visitor_link", "wang@example.com"), ("club.visitor_again", "wang@example.com"),
        ("club.visitor_link", "new@example.com"), ("club.visitor_unknown", "new@example.com"),
    ]  # fmt: skip


def test_a_link_opens_once_looking_uses_nothing_up_and_forged_or_old_ones_open_nothing(firm: Flask) -> None:
    sent(firm.test_client())
    link = mails(firm)[-1][2]
    for _ in range(2):
        assert firm.test_client().get(link).status_code == 200
    first, second = firm.test_client(), firm.test_client()
    page = second.get(link).text
    assert post(first, link, link).status_code == 303
    replayed = second.post(link, data={"csrf_token": hidden_in(page, "csrf_token")})
    assert (replayed.status_code, second.get("/club/bookings").status_code) == (404, 302)
    for forged in ("/events/visit/x", link[:-2] + "aa", "/events/visit/" + "a" * 300):
        assert firm.test_client().get(forged).status_code == 404
    sent(firm.test_client(), email="late@example.com")
    late = mails(firm)[-1][2]
    with time_machine.travel(clock.now() + visitors.LASTS + timedelta(minutes=1)):
        assert firm.test_client().get(late).status_code == 404


def test_two_browsers_at_once_open_it_once(firm: Flask) -> None:
    sent(firm.test_client())
    token = mails(firm)[-1][2].rsplit("/", 1)[-1]
    with firm.app_context():
        keys = Keys(secret(), keyring())
        assert sorted(at_once(firm, *[lambda: visitors.use(token, keys=keys, moment=clock.now(), today=today())] * 3)) == ["DeadLink"] * 2 + ["done"]


def test_spellings_of_one_mailbox_are_one_visitor_with_one_booking(firm: Flask) -> None:
    for spelling in ("wang@example.com", "Wang+club@example.com"):
        visiting(firm, email=spelling)
    with firm.app_context():
        assert db.session.execute(select(func.count()).select_from(ClubVisitor)).scalar_one() == 1


def test_so_many_mails_to_one_address_and_from_one_place_and_no_more(firm: Flask) -> None:
    browser = firm.test_client()
    assert [sent(browser) for _ in range(PER_ACCOUNT + 1)] == [200] * PER_ACCOUNT + [429]
    assert (len(mails(firm)), sent(browser, email="other@example.com")) == (PER_ACCOUNT, 200)
    for place in range(PER_ADDRESS - PER_ACCOUNT - 1):
        assert post(browser, "/events/visit", "/events/visit", email=f"n{place}@example.com").status_code == 200
    assert post(browser, "/events/visit", "/events/visit", email="last@example.com").status_code == 429
    elsewhere = firm.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "127.0.0.9"
    assert sent(elsewhere, email="far@example.com") == 200


@pytest.mark.parametrize("terms", [{"admitted": ["client"]}, {"tiers": ["silver"]}, {"grade_least": "C3"}, {"sales_end_at": "past"}])
def test_an_event_for_others_offers_no_way_without_an_account(firm: Flask, terms: dict[str, object]) -> None:
    with firm.app_context(), transaction():
        past = clock.now() - timedelta(minutes=1)
        db.session.execute(update(ClubEvent).values(**{name: past if value == "past" else value for name, value in terms.items()}))
    browser = firm.test_client()
    assert (AT in browser.get("/events/night").text, 'name="stamp"' in browser.get(AT).text) == (False, False)
    with firm.app_context(), pytest.raises(Refusal):
        visitor_actor("wang@example.com")


def test_a_visitor_opens_no_page_of_a_sign_in_and_gets_no_password(firm: Flask) -> None:
    browser = visiting(firm)
    for path in ("/", "/me", "/notices", "/club/membership/card", "/club/members", "/clients", "/introduce", "/admin/users"):
        assert browser.get(path).status_code in {302, 303, 403, 404}, path
    with firm.app_context():
        forgotten.ask("wang@example.com", clock.now())
        user = db.session.execute(select(User).where(User.email == "wang@example.com")).scalar_one()
        assert (user.password_hash, user.visitor, user.roles) == (None, True, [])
    assert post(firm.test_client(), "/sign-in", "/sign-in", email="wang@example.com", password="").status_code == 422


def test_who_gets_a_sign_in_keeps_his_seats_and_his_browser_is_out(firm: Flask) -> None:
    browser = visiting(firm)
    with firm.app_context(), transaction():
        user = verbs.add_user(email="wang@example.com", name="王小明", roles=[Role.CLIENT], client_no="C1", actor=TERMINAL, moment=clock.now())
        verbs.issue_link(user=user, purpose=LinkPurpose.INVITE, secret=secret(), actor=TERMINAL, moment=clock.now())
        assert (user.visitor, user.state, [row.role for row in user.roles]) == (False, UserState.INVITED, [Role.CLIENT])
    assert browser.get("/club/bookings").status_code == 302
    assert (sent(firm.test_client()), mails(firm)[-1][0]) == (200, "club.visitor_known")


def test_a_year_after_his_last_evening_he_is_forgotten_and_what_was_counted_stays(firm: Flask) -> None:
    """V2: name, address and number go; the seat stays; who asked meanwhile begins anew."""
    visiting(firm)
    with firm.app_context():
        event_id = db.session.execute(select(ClubEvent.id)).scalar_one()
        one = actor_of(db.session.execute(select(User).where(User.visitor)).scalar_one())
        with transaction():
            booking.book(event_id, wish(event_id), actor=one, moment=clock.now())
        for days, gone in ((300, 0), (366 + 9, 0), (366 + 12, 1), (366 + 13, 0)):
            with transaction():
                assert visitors_gone.forget(TERMINAL, clock.now() + timedelta(days=days)) == gone
        visitor, user = db.session.execute(select(ClubVisitor)).scalar_one(), db.session.execute(select(User).where(User.id == one.user_id)).scalar_one()
        seat_name = db.session.execute(select(Seat.name)).scalar_one()
        assert (visitor.phone_sealed, user.name, seat_name, user.state) == (None, "–", "", UserState.DISABLED)
        assert ("wang" in user.email, seats_sold(event_id)) == (False, 1)
        assert db.session.execute(select(func.count()).select_from(ClubVisitorLink)).scalar_one() == 0
        db.session.remove()
    visiting(firm)


@pytest.mark.usefixtures("database")
def test_visitors_and_the_last_seat(app: Flask) -> None:
    """C2: of many visitors one gets the last seat, the others are told that it is full."""
    assert last_seat(app) == {"done": 1, "Full": 5}


@pytest.mark.usefixtures("database")
def test_control_without_the_lock_visitors_get_more_seats_than_there_are(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    if on_postgresql():
        monkeypatch.setattr(capacity, "locked", lambda number: db.session.get_one(ClubEvent, number))
    else:
        monkeypatch.setattr(capacity, "taken", lambda numbers, moment: dict.fromkeys(numbers, 0))
    assert last_seat(app, sold=None)["done"] > 1


def last_seat(app: Flask, sold: int | None = 1) -> Counter[str]:
    """Six visitors want one seat at the same moment."""
    event_id = event_of(capacity=1)
    people = [visitor_actor(f"v{place}@example.com") for place in range(6)]
    wanted = wish(event_id)
    found = Counter(at_once(app, *[lambda one=one: booking.book(event_id, wanted, actor=one, moment=clock.now()) for one in people]))
    assert sold is None or seats_sold(event_id) == sold
    return found
