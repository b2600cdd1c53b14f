"""Consents taken back by link or by number: at once and for good, in the same words for everybody, within limits."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from models import db
from models.identity import Role
from models.introductions import ConsentLink, LeadPurpose
from models.leads import Claim, Lead, LeadConsent, LeadEntry, LeadTask
from portal import clock
from portal.leads import lead_consents, withdrawal
from portal.leads.withdrawal import TO_DO
from portal.transaction import transaction
from tests import make
from tests.people import post, seat, someone, token_in
from tests.rooms.introductions.test_public_form import link, send

ALL = {purpose.value: "yes" for purpose in LeadPurpose}


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """Two brokers; both accounts have the phone number 19920000001."""
    with app.app_context():
        make.accepted(make.firm(tmp_path / "files"))
        db.session.remove()
    return app


@pytest.fixture
def code(firm: Flask) -> str:
    return link(firm)


def link_in(answer: TestResponse) -> str:
    """The link that a visitor is thanked with."""
    found = re.search(r'href="[^"]*(/r/consents/[^"]+)"', answer.text)
    assert found, answer.text
    return found[1]


def take_back(app: Flask, address: str, client: FlaskClient | None = None, **purposes: str) -> TestResponse:
    client = client or app.test_client()
    page = client.get(address)
    token = token_in(page.text) if page.status_code == 200 else token_in(client.get("/forgot").text)
    return client.post(address, data={"csrf_token": token, **purposes})


def one(app: Flask, model: type[Any]) -> Any:
    """The only row of a table, or None."""
    with app.app_context():
        found = db.session.execute(select(model)).scalars().all()
        db.session.expunge_all()
        db.session.remove()
    assert len(found) <= 1
    return found[0] if found else None


def consents(app: Flask) -> list[tuple[str, bool]]:
    with app.app_context():
        found = [tuple(row) for row in db.session.execute(select(LeadConsent.purpose, LeadConsent.given).order_by(LeadConsent.id))]
        db.session.remove()
    return found


def test_whoever_takes_the_contact_back_is_left_alone_at_once(firm: Flask, code: str) -> None:
    address = link_in(send(firm, code))
    page = firm.test_client().get(address)
    assert page.status_code == 200
    assert "王小明" not in page.text
    assert "13812345678" not in page.text
    assert one(firm, Lead).state == "registered", "opening the link does nothing"
    assert take_back(firm, address, contact="yes").status_code == 200
    lead, claim = one(firm, Lead), one(firm, Claim)
    assert (lead.state, lead.suppressed, lead.pool_since, lead.contact_due_on) == ("refused", True, None, None)
    assert (claim.state, claim.ended_why) == ("lapsed", "consent")
    assert consents(firm) == [("contact", True), ("introducer", True), ("contact", False)]
    other = link(firm, "B002")
    send(firm, other)
    assert one(firm, Lead).state == "refused", "nobody registers him again"


def test_a_link_works_once_and_a_dead_one_says_the_same_as_none(firm: Flask, code: str) -> None:
    address = link_in(send(firm, code))
    assert take_back(firm, address).status_code == 422, "nothing was ticked"
    assert take_back(firm, address, marketing="yes").status_code == 200
    again, never = take_back(firm, address, marketing="yes"), take_back(firm, "/r/consents/never", marketing="yes")
    assert (again.status_code, never.status_code) == (404, 404)
    plain = [re.sub(r'name="csrf[-_]token"[^>]*"|/r/consents/[^"]*', "", answer.text) for answer in (again, never)]
    assert plain[0] == plain[1]
    assert one(firm, Lead).suppressed is False


def test_known_people_are_thanked_with_a_link_that_only_asks(firm: Flask, code: str) -> None:
    """Anybody can type another's number into a form: that must not end the other's lead."""
    send(firm, code)
    stranger = send(firm, link(firm, "B002"))
    assert take_back(firm, link_in(stranger), **ALL).status_code == 200
    lead, task = one(firm, Lead), one(firm, LeadTask)
    assert (lead.state, lead.suppressed) == ("registered", False)
    assert (task.what, task.done_at) == (TO_DO, None)
    client = send(firm, code, phone="19920000001")
    said = [take_back(firm, link_in(client), **ALL).text, take_back(firm, link_in(send(firm, code, name="李四", phone="13900000001")), **ALL).text]
    assert len({re.sub(r'name="csrf[-_]token"[^>]*"|/r/[^"]*', "", text) for text in said}) == 1, "client or lead: the same words"


def test_without_a_link_the_number_asks_for_a_call_and_tells_nothing(firm: Flask, code: str) -> None:
    send(firm, code)
    visitor = firm.test_client()
    answers = [post(visitor, "/r/consents", "/r/consents", phone=phone) for phone in ("138 1234 5678", "13812345678", "13900000009")]
    assert {answer.status_code for answer in answers} == {200}
    assert len({re.sub(r'name="csrf[-_]token"[^>]*"', "", answer.text) for answer in answers}) == 1
    assert one(firm, LeadTask).what == TO_DO, "asked twice, one task"
    assert post(visitor, "/r/consents", "/r/consents", phone="12").status_code == 422
    assert post(visitor, "/r/consents", "/r/consents", phone="").status_code == 422
    for _ in range(4):
        last = post(visitor, "/r/consents", "/r/consents", phone="13900000009")
    assert last.status_code == 200
    assert post(visitor, "/r/consents", "/r/consents", phone="13900000009").status_code == 429
    assert post(visitor, "/sign-in", email="nobody@firm.example", password="x").status_code != 429, "signing in has a count of its own"


def test_who_takes_the_introducer_back_leaves_his_list(firm: Flask, code: str) -> None:
    broker = seat(firm, someone(firm, Role.BROKER, broker_no="B001"))
    address = link_in(send(firm, code))
    assert "王小明" in broker.get("/leads").text
    take_back(firm, address, introducer="yes")
    assert "王小明" not in broker.get("/leads").text
    assert broker.get(f"/leads/{one(firm, Lead).public_id}").status_code == 404
    assert "王小明" in seat(firm, someone(firm, Role.ADMIN)).get("/leads").text
    assert one(firm, Claim).state == "protected", "his claim stays"


def test_control_a_consent_given_again_brings_him_back(firm: Flask, code: str) -> None:
    broker = seat(firm, someone(firm, Role.BROKER, broker_no="B001"))
    take_back(firm, link_in(send(firm, code)), introducer="yes")
    send(firm, code)
    assert "王小明" in broker.get("/leads").text


def test_staff_hand_the_link_to_the_person(firm: Flask, code: str) -> None:
    send(firm, code)
    admin, lead = seat(firm, someone(firm, Role.ADMIN)), one(firm, Lead)
    page = post(admin, f"/leads/{lead.public_id}/consent-link", f"/leads/{lead.public_id}")
    assert page.status_code == 200
    found = re.search(r"(/r/consents/[\w.-]+)", page.text)
    assert found
    assert found[1] not in admin.get(f"/leads/{lead.public_id}").text, "shown once"
    assert take_back(firm, found[1], **ALL).status_code == 200
    assert one(firm, Lead).suppressed
    text = admin.get(f"/leads/{lead.public_id}").text
    assert "taken back" in text
    assert "Nobody approaches this person any more" in text


def test_of_many_at_once_one_takes_back(firm: Flask, code: str) -> None:
    send(firm, code)
    with firm.app_context():
        lead = db.session.execute(select(Lead)).scalar_one()
        with transaction():
            token = withdrawal.issue(lead.id, proven=True, secret=str(firm.secret_key), actor=withdrawal.NOBODY, moment=clock.now())
        db.session.remove()
    gate, codes = threading.Barrier(4), []

    def press() -> None:
        client = firm.test_client()
        form = token_in(client.get(f"/r/consents/{token}").text)
        gate.wait(timeout=60)
        codes.append(client.post(f"/r/consents/{token}", data={"csrf_token": form, "contact": "yes"}).status_code)

    threads = [threading.Thread(target=press) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join(timeout=60) for thread in threads]
    assert sorted(codes) == [200, 404, 404, 404]
    with firm.app_context():
        said = db.session.execute(select(LeadEntry.action).order_by(LeadEntry.id)).scalars().all()
        assert said.count("consent_withdrawn") == 1
        assert len(db.session.execute(select(ConsentLink)).scalars().all()) == 2
        assert lead_consents.who_allow(LeadPurpose.CONTACT, [1]) == set()
        db.session.remove()
