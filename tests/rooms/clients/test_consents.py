"""Consents: one purpose at a time, to the text that was read, withdrawn at any time, and nothing of it ever edited."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.consents import Consent, ConsentPurpose
from models.identity import Role
from portal.actors import Actor
from portal.clients import consents
from portal.clients.consents import allows, decide, history, standings, text_of, texts
from portal.refusals import Conflict, NotAllowed, NotFound
from portal.transaction import transaction
from tests.people import post, seat, someone

ON, MOMENT = date(2026, 11, 20), datetime(2026, 11, 20, 2, tzinfo=UTC)
PUBLISHED = {
    ("marketing", 1): "c4e5a07be71d9cfb",
    ("profiling", 1): "c52b945fe39a9098",
    ("introducer", 1): "95b6e19bf2935e29",
    ("club", 1): "02fe87c7d43228d1",
}
"""The texts that clients may have read already. A change of one is a new version, never another digest here."""


def client(user_id: int, client_no: str = "C1") -> Actor:
    return Actor(user_id=user_id, label="a client", roles=(Role.CLIENT,), client_no=client_no)


def decided(actor: Actor, purpose: str = "marketing", *, given: bool, version: int = 1) -> None:
    with transaction():
        decide(actor, MOMENT, purpose, given=given, version=version, locale="zh_Hans_CN", on=ON)


@pytest.fixture
def one(app: Flask, database: None) -> Actor:
    return client(someone(app, Role.CLIENT, client_no="C1"))


def test_nothing_is_allowed_until_it_was_given(one: Actor) -> None:
    assert {purpose: allows("C1", purpose, ON) for purpose in ConsentPurpose} == dict.fromkeys(ConsentPurpose, False)


def test_given_and_withdrawn_and_given_again(one: Actor) -> None:
    for given in (True, False, True):
        decided(one, given=given)
        assert allows("C1", ConsentPurpose.MARKETING, ON) is given
        assert not allows("C1", ConsentPurpose.PROFILING, ON)
        assert not allows("C2", ConsentPurpose.MARKETING, ON)
    assert [(row.purpose, row.given, row.text_version, row.text_digest, row.at, row.locale) for row in history("C1")] == [
        ("marketing", given, 1, text_of("marketing", ON).digest, MOMENT, "zh_Hans_CN") for given in (True, False, True)
    ]


def test_each_decision_stands_in_the_audit_log(one: Actor) -> None:
    decided(one, given=True)
    decided(one, given=False)
    entries = db.session.execute(select(AuditEntry).where(AuditEntry.subject_type == "client").order_by(AuditEntry.seq)).scalars().all()
    assert [(entry.action, entry.subject_key, entry.after["purpose"], entry.after["text_digest"]) for entry in entries] == [
        ("clients.consent.given", "C1", "marketing", text_of("marketing", ON).digest),
        ("clients.consent.withdrawn", "C1", "marketing", text_of("marketing", ON).digest),
    ]


@pytest.mark.parametrize("given", [True, False])
def test_what_stands_already_is_not_decided_twice(one: Actor, given: bool) -> None:
    if given:
        decided(one, given=True)
    with pytest.raises(Conflict):
        decided(one, given=given)


def test_a_text_that_changed_meanwhile_must_be_read_again(one: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    decided(one, given=True)
    newer = replace(text_of("marketing", ON), version=2, valid_from=ON, digest="e" * 64)
    monkeypatch.setattr(consents, "texts", lambda: (*texts(), newer))
    standing = standings("C1", ON)[0]
    assert (standing.given, standing.to_older_text) == (False, True)
    assert not allows("C1", ConsentPurpose.MARKETING, ON), "what was given to an older text does not allow the newer one"
    assert allows("C1", ConsentPurpose.MARKETING, date(2026, 11, 19)), "before the newer text begins, the older one counts"
    with pytest.raises(Conflict):
        decided(one, given=True, version=1)
    decided(one, given=True, version=2)
    assert allows("C1", ConsentPurpose.MARKETING, ON)


def test_who_is_no_client_has_nothing_to_decide(app: Flask, one: Actor) -> None:
    with pytest.raises(NotFound):
        decided(replace(one, client_no=None), given=True)
    with pytest.raises(NotAllowed):
        decided(replace(one, roles=(Role.ADMIN,)), given=True)
    with pytest.raises(NotFound):
        decided(one, "anything", given=True)
    assert history("C1") == []


def test_texts_that_were_published_never_change() -> None:
    assert {(text.purpose, text.version): text.digest[:16] for text in texts()} == PUBLISHED
    assert all(text.titles[language] and text.texts[language] for text in texts() for language in ("zh", "en"))


def test_a_client_decides_on_the_page(app: Flask) -> None:
    person = seat(app, someone(app, Role.CLIENT, client_no="C1"))
    fields = {"purpose": "club", "version": "1"}
    assert post(person, "/consents", "/consents", wish="give", **fields).status_code == 303
    assert "参加客户俱乐部" in person.get("/consents?lang=zh_Hans_CN").text
    assert post(person, "/consents", "/consents", wish="give", **fields).status_code == 409
    for wrong in ({"wish": ""}, {"wish": "give", "version": "x"}, {"wish": "give", "version": "9" * 40}, {"wish": "give", "purpose": "x\x00"}):
        assert post(person, "/consents", "/consents", **(fields | wrong)).status_code in {400, 404, 409, 422}
    assert post(person, "/consents", "/consents", wish="withdraw", **fields).status_code == 303
    with app.app_context():
        assert [row.given for row in db.session.execute(select(Consent).order_by(Consent.id)).scalars()] == [True, False]
        db.session.remove()
