"""Links that people need go out by mail: to the address that the person himself gave, sealed until then, the same for everybody."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.identity import Role
from models.introductions import ConsentLink
from models.leads import Lead
from models.outbox import OutboxMessage
from portal import clock
from portal.actors import TERMINAL
from portal.documents.letters import as_mail
from portal.keys import keyring
from portal.leads import erasure
from portal.notices import sending
from portal.transaction import transaction
from tests import make
from tests.people import post, seat, someone
from tests.rooms.introductions.test_public_form import link, plain, send
from tests.rooms.introductions.test_taking_back import ALL, link_in, one, take_back

HERS = "zhang@example.com"


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


@pytest.fixture
def admin(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.ADMIN))


def mails(app: Flask) -> list[Any]:
    """What would go out now, the oldest first."""
    with app.app_context():
        found = [sending.look(number, keyring(), clock.now())[1] for number in db.session.execute(select(OutboxMessage.id).order_by(OutboxMessage.id)).scalars()]
        db.session.remove()
    return found


def path_in(taken: Any) -> str:
    found = re.search(r"(/r/consents/[\w.-]+)", taken.link)
    assert found, taken.link
    return found[1]


def test_who_gives_his_address_at_the_form_gets_the_link_that_he_is_shown(firm: Flask, code: str) -> None:
    shown = link_in(send(firm, code, email=HERS))
    (mail,) = mails(firm)
    assert (mail.to, path_in(mail)) == (HERS, shown)
    with firm.app_context():
        row = db.session.execute(select(OutboxMessage)).scalar_one()
        assert (row.link, row.user_id) == ("", None)
        assert shown.rsplit("/", 1)[1] not in repr((row.business_key, row.values, row.about, row.secret_sealed)), "only its receiver reads it"
        db.session.remove()
    assert take_back(firm, path_in(mail), **ALL).status_code == 200
    assert one(firm, Lead).suppressed


def test_nothing_is_mailed_to_who_gives_none_and_nonsense_is_said_at_its_field(firm: Flask, code: str) -> None:
    assert send(firm, code).status_code == 200
    answer = send(firm, code, phone="13900000002", email="no address")
    assert answer.status_code == 422
    assert 'id="email-error"' in answer.text
    assert mails(firm) == []


def test_a_stranger_and_somebody_known_are_mailed_and_thanked_alike(firm: Flask, code: str) -> None:
    """Whether the firm knows a number is told neither by the page nor by the mail; what comes by the link of somebody known is asked of him first."""
    texts = [plain(send(firm, code, phone=phone, email=f"who{place}@example.com")) for place, phone in enumerate(("13900000003", "19920000001", "13900000003"))]
    assert len(set(texts)) == 1
    sent = mails(firm)
    assert [mail.to for mail in sent] == ["who0@example.com", "who1@example.com", "who2@example.com"]
    assert len({(mail.kind, repr(mail.values), mail.locale) for mail in sent}) == 1
    with firm.app_context():
        assert [row.proven for row in db.session.execute(select(ConsentLink).order_by(ConsentLink.id)).scalars()] == [True, False, False]
        db.session.remove()


def test_nobody_fills_a_strangers_box(firm: Flask, code: str) -> None:
    for place in range(3):
        assert send(firm, code, phone=f"1390000001{place}", email=HERS).status_code == 200
    assert [mail.to for mail in mails(firm)] == [HERS]


def test_a_program_mails_nobody(firm: Flask, code: str) -> None:
    told = [plain(send(firm, code, phone=phone, email=HERS, website=trap)) for phone, trap in (("13900000007", "http://spam"), ("13900000008", ""))]
    assert len(set(told)) == 1, "it is thanked like a person"
    assert len(mails(firm)) == 1


def test_the_firm_mails_it_again_only_to_an_address_that_the_person_gave(firm: Flask, code: str, admin: FlaskClient) -> None:
    send(firm, code, email=HERS)
    at = f"/leads/{one(firm, Lead).public_id}"
    assert HERS in admin.get(at).text
    assert post(admin, f"{at}/consent-link/mail", at, locale="en").status_code == 422, "he must say that the person gave it"
    assert len(mails(firm)) == 1
    for _again in range(2):
        assert post(admin, f"{at}/consent-link/mail", at, given="yes", locale="en", email="other@example.com", address="other@example.com").status_code == 303
    sent = mails(firm)
    assert [mail.to for mail in sent] == [HERS] * 3, "no address is taken from the form"
    assert len({path_in(mail) for mail in sent}) == 3
    with firm.app_context():
        logged = db.session.execute(select(AuditEntry.after).where(AuditEntry.action == "lead.consent_link_mailed")).scalars().all()
        assert [entry["address_given_by_person"] for entry in logged] == [True, True]
        assert HERS not in repr(logged), "the log outlives erasure"
        letter = as_mail(sent[-1])
        db.session.remove()
    assert "Your link for taking back what you allowed us." in letter.text
    assert "/r/consents/" in letter.text
    assert "Link for taking consents back mailed" in admin.get(at).text
    assert take_back(firm, path_in(sent[-1]), **ALL).status_code == 200


def test_a_person_without_an_address_is_handed_his_link(firm: Flask, code: str, admin: FlaskClient) -> None:
    send(firm, code)
    at = f"/leads/{one(firm, Lead).public_id}"
    assert "consent-link/mail" not in admin.get(at).text
    assert post(admin, f"{at}/consent-link/mail", at, given="yes").status_code == 422
    assert mails(firm) == []


def test_what_was_mailed_goes_with_the_lead(firm: Flask, code: str) -> None:
    send(firm, code, email=HERS)
    send(firm, code, phone="13900000009", email="stays@example.com")
    with firm.app_context():
        key = db.session.execute(select(Lead.id).where(Lead.email == HERS)).scalar_one()
        with transaction():
            assert erasure.erase([key], TERMINAL, clock.now()) == 1
        assert db.session.execute(select(OutboxMessage.address)).scalars().all() == ["stays@example.com"]
        db.session.remove()
