"""A prospect's membership without a sign-in: a link that opens once, a free tier with his consent, his card, and the way out."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from models import db
from models.audit import AuditEntry
from models.club_membership import ApplicationState, ClubApplication, ClubMember
from models.club_prospects import ClubProspectLink
from models.identity import Role
from models.leads import Lead
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import applications, members, prospects
from portal.club.membership import tier_on
from portal.club.prospects import EDITION, HOLDS, LASTS, DeadLink
from portal.keys import secret
from portal.leads import introducers
from portal.local_day import today
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.transaction import transaction
from tests import make
from tests.at_once import at_once
from tests.people import post, seat, someone
from tests.rooms.club.membership_scene import add_tiers
from tests.rooms.leads.stories import lead_of

PAGE = "/club/prospect"
AGREED = {"tier": "friend", "agree": "yes", "edition": EDITION, "words": "想学习套保"}


@pytest.fixture
def lead(app: Flask, tmp_path: Path) -> str:
    """A lead of a firm with tiers, by his public id."""
    make.settled(app, tmp_path / "files")
    with app.app_context():
        add_tiers()
        public_id = db.session.get_one(Lead, lead_of(introducers.broker("B001"))).public_id
        db.session.remove()
    return str(public_id)


def link(app: Flask, lead: str) -> str:
    """A new link of his."""
    with app.app_context():
        with transaction():
            token = prospects.issue(lead, secret=secret(), actor=TERMINAL, moment=clock.now())[0]
        db.session.remove()
    return token


def opened(app: Flask, lead: str) -> FlaskClient:
    """A browser that opened a link."""
    browser, at = app.test_client(), f"{PAGE}/open/{link(app, lead)}"
    assert post(browser, at, at).headers["Location"] == PAGE
    return browser


def member(app: Flask) -> tuple[str, str]:
    """His tier today and how his application is."""
    with app.app_context():
        row = db.session.execute(select(ClubMember)).scalar_one()
        found = tier_on(members.spans(row.id), today())
        state = db.session.execute(select(ClubApplication.state).order_by(ClubApplication.id.desc())).scalars().first() or ""
        db.session.remove()
    return "friend" if found is not None else "", state


def test_he_opens_asks_is_taken_in_holds_his_card_and_leaves_again(app: Flask, lead: str) -> None:
    browser = opened(app, lead)
    assert post(browser, f"{PAGE}/apply", PAGE, **AGREED | {"agree": ""}).status_code == 422
    assert post(browser, f"{PAGE}/apply", PAGE, **AGREED | {"edition": "older"}).status_code == 422
    assert post(browser, f"{PAGE}/apply", PAGE, **AGREED | {"tier": "gold"}).status_code == 422
    assert post(browser, f"{PAGE}/apply", PAGE, **AGREED | {"tier": "none"}).status_code == 422
    assert post(browser, f"{PAGE}/apply", PAGE, **AGREED).status_code == 303
    assert post(browser, f"{PAGE}/apply", PAGE, **AGREED).status_code == 409
    assert member(app) == ("", ApplicationState.OPEN)
    with app.app_context(), transaction():
        number = db.session.execute(select(ClubApplication.public_id)).scalar_one()
        applications.decide(number, True, "", today(), actor=TERMINAL, moment=clock.now())
        consent = db.session.execute(select(ClubProspectLink.consent_edition)).scalar_one()
        said = db.session.execute(select(AuditEntry.action, AuditEntry.actor_label).where(AuditEntry.action == "club.prospect_consented")).one()
    assert (consent, said.actor_label.startswith("prospect ")) == (EDITION, True)
    page = browser.get(PAGE).text
    assert ('class="club-code"' in page, "Research reports" in page, member(app)[0]) == (True, True, "friend")
    assert post(browser, f"{PAGE}/give-up", PAGE).status_code == 303
    assert member(app)[0] == ""
    assert post(browser, f"{PAGE}/give-up", PAGE).status_code == 409


def test_an_application_that_waits_is_taken_back_with_leaving(app: Flask, lead: str) -> None:
    browser = opened(app, lead)
    post(browser, f"{PAGE}/apply", PAGE, **AGREED)
    assert post(browser, f"{PAGE}/give-up", PAGE).status_code == 303
    assert member(app) == ("", ApplicationState.REFUSED)
    assert post(browser, f"{PAGE}/apply", PAGE, **AGREED).status_code == 303


def test_a_link_opens_once_looking_does_not_use_it_up_and_a_new_one_ends_it(app: Flask, lead: str) -> None:
    at = f"{PAGE}/open/{link(app, lead)}"
    for _ in range(2):
        assert app.test_client().get(at).status_code == 200
    first, second = app.test_client(), app.test_client()
    assert post(first, at, at).status_code == 303
    assert second.get(at).status_code == 404
    assert (first.get(PAGE).status_code, second.get(PAGE).status_code) == (200, 410)
    waits = f"{PAGE}/open/{link(app, lead)}"
    assert first.get(PAGE).status_code == 410, "a new link ends what the old one opened"
    link(app, lead)
    assert app.test_client().get(waits).status_code == 404
    for forged in ("x", waits.rsplit("/", 1)[-1][:-2] + "aa", "a" * 300):
        assert app.test_client().get(f"{PAGE}/open/{forged}").status_code == 404


def test_two_browsers_at_once_open_it_once(app: Flask, lead: str) -> None:
    token = link(app, lead)
    with app.app_context():
        assert sorted(at_once(app, *[lambda: prospects.open_link(token, secret=secret(), moment=clock.now())] * 3)) == ["DeadLink"] * 2 + ["done"]


def test_both_times_run_out(app: Flask, lead: str) -> None:
    at = f"{PAGE}/open/{link(app, lead)}"
    with time_machine.travel(clock.now() + LASTS + timedelta(minutes=1)):
        assert app.test_client().get(at).status_code == 404
    browser = opened(app, lead)
    with time_machine.travel(clock.now() + HOLDS + timedelta(minutes=1)):
        assert browser.get(PAGE).status_code == 410
    assert post(browser, f"{PAGE}/leave", PAGE).status_code == 200
    assert browser.get(PAGE).status_code == 410


@pytest.mark.parametrize("change", [{"suppressed": True}, {"erased_at": "now"}, {"account_id": 1}])
def test_who_may_not_be_approached_or_is_a_client_has_no_page_any_more(app: Flask, lead: str, change: dict[str, object]) -> None:
    browser, waits = opened(app, lead), ""
    with app.app_context(), transaction():
        values = {name: clock.now() if value == "now" else value for name, value in change.items()}
        db.session.execute(update(Lead).where(Lead.public_id == lead).values(**values))
    assert browser.get(PAGE).status_code == 410
    with app.app_context(), pytest.raises(Refusal):
        waits = prospects.issue(lead, secret=secret(), actor=TERMINAL, moment=clock.now())[0]
    assert waits == ""


def test_the_desk_makes_it_and_sees_it_once(app: Flask, lead: str) -> None:
    desk = seat(app, someone(app, Role.ADMIN))
    made = post(desk, f"{PAGE}/link", f"{PAGE}/link", lead=f"lead:{lead}").text
    found = re.search(r'id="own-link">[^<]*(/club/prospect/open/[^<]+)<', made)
    assert found is not None
    assert app.test_client().get(found[1]).status_code == 200
    assert post(desk, f"{PAGE}/link", f"{PAGE}/link", lead="nobody").status_code == 422
    assert seat(app, someone(app, Role.FINANCE)).get(f"{PAGE}/link").status_code == 403
    with app.app_context(), pytest.raises(NotAllowed):
        prospects.issue(lead, secret=secret(), actor=Actor(None, "x", (Role.FINANCE,)), moment=clock.now())


def test_his_grant_opens_nothing_else(app: Flask, lead: str) -> None:
    """It is no sign-in: pages of clients and of the desk ask for one."""
    browser = opened(app, lead)
    for path in ("/club/points", "/club/members", "/my-suitability"):
        assert browser.get(path).status_code in {302, 303, 401}
    with app.app_context(), pytest.raises(DeadLink):
        prospects.member_of("", clock.now())
    with app.app_context(), pytest.raises((Conflict, DeadLink)):
        prospects.give_up("made up", today(), moment=clock.now())
