"""The form behind a link: everybody is thanked in the same words, programs are kept out, consents are kept, limits hold."""

from __future__ import annotations

import re
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from models import db
from models.audit import AuditEntry
from models.identity import Role
from models.introductions import LeadPurpose, SentForm
from models.leads import Claim, IntroductionLink, Lead, LeadConsent, LeadEntry, LeadLookUp
from models.notices import Notice
from models.partners import BrokerStatus
from portal import clock, create_app
from portal.leads import lead_consents, sent_forms, stamps
from portal.settings import Settings
from portal.transaction import transaction
from tests import make
from tests.people import post, seat, someone, token_in
from tests.rooms.introductions.makers import link_of

FIELDS = {"name": "王小明", "phone": "138 1234 5678", "note": "想了解开户", "agree_contact": "yes", "agree_introducer": "yes"}


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """Two brokers; both accounts have the phone number 19920000001."""
    make.settled(app, tmp_path / "files")
    return app


@pytest.fixture
def code(firm: Flask) -> str:
    return link(firm)


def link(app: Flask, number: str = "B001", **more: Any) -> str:
    """A link of a broker."""
    with app.app_context():
        made = link_of(number, **more)
        db.session.remove()
    return made


def fields(app: Flask, code: str, seconds: int = 10, **changed: str) -> dict[str, str]:
    """What somebody sends who got the form so many seconds ago."""
    with app.app_context():
        stamp = stamps.make(app.config["SECRET_KEY"], code, clock.now() - timedelta(seconds=seconds))
        edition = lead_consents.edition(clock.now().date())
    return {**FIELDS, "stamp": stamp, "edition": edition, **changed}


def send(app: Flask, code: str, *, client: FlaskClient | None = None, address: str = "10.0.0.1", **changed: Any) -> TestResponse:
    """Fill the form in and send it, as a browser does."""
    client = client or app.test_client()
    token = token_in(client.get(f"/r/{code}").text)
    return client.post(f"/r/{code}", data={"csrf_token": token, **fields(app, code, **changed)}, environ_overrides={"REMOTE_ADDR": address})


def count(app: Flask, model: type[Any]) -> int:
    with app.app_context():
        found = db.session.execute(select(func.count()).select_from(model)).scalar_one()
        db.session.remove()
    return int(found)


def outcomes(app: Flask) -> list[str]:
    with app.app_context():
        found = list(db.session.execute(select(SentForm.outcome).order_by(SentForm.id)).scalars())
        db.session.remove()
    return found


def plain(answer: TestResponse) -> str:
    """A page without what differs by nature: form tokens and the address itself."""
    return re.sub(r'name="csrf[-_]token"[^>]*"|/r/[^"]*', "", answer.text)


def test_new_known_and_client_are_thanked_in_the_same_words(firm: Flask, code: str) -> None:
    other = link(firm, "B002")
    answers = [send(firm, code), send(firm, code), send(firm, other), send(firm, code, phone="19920000001")]
    assert {answer.status_code for answer in answers} == {200}
    assert len({plain(answer) for answer in answers}) == 1
    assert outcomes(firm) == ["registered", "known", "known", "known"]
    assert count(firm, Lead) == 1
    assert count(firm, LeadLookUp) == 0, "a visitor is no question of the link's owner"


def test_the_owner_is_told_and_the_claim_is_his_with_a_receipt(firm: Flask, code: str) -> None:
    owner = someone(firm, Role.BROKER, broker_no="B001")
    other = someone(firm, Role.BROKER, broker_no="B002")
    send(firm, code)
    with firm.app_context():
        claim = db.session.execute(select(Claim)).scalar_one()
        assert (claim.door, claim.link_id is not None, claim.kind) == ("link", True, "broker")
        assert claim.receipt["body"]["introducer"] == "broker:B001"
        assert [(row.user_id, row.kind) for row in db.session.execute(select(Notice)).scalars()] == [(owner, "lead.came")]
        written = str(db.session.execute(select(AuditEntry.after, AuditEntry.subject_key)).all()) + str(db.session.execute(select(Notice.values)).all())
        assert "王小明" not in written
        assert "12345678" not in written
        db.session.remove()
    assert other


def test_consents_are_kept_each_with_the_text_that_was_read(firm: Flask, code: str) -> None:
    send(firm, code)
    send(firm, code, agree_introducer="", agree_marketing="yes")
    texts = {text.purpose: text for text in lead_consents.texts()}
    with firm.app_context():
        rows = db.session.execute(select(LeadConsent).order_by(LeadConsent.id)).scalars().all()
        assert [(row.purpose, row.given, row.text_version) for row in rows] == [(name, True, 1) for name in ("contact", "introducer", "contact", "marketing")]
        assert all(row.text_digest == texts[row.purpose].digest for row in rows)
        assert lead_consents.who_allow(LeadPurpose.INTRODUCER, [rows[0].lead_id]) == {rows[0].lead_id}
        said = db.session.execute(select(LeadEntry.action, LeadEntry.text).order_by(LeadEntry.id)).all()
        assert [tuple(row) for row in said] == [("registered", ""), ("came_again", "想了解开户")]
        db.session.remove()


def test_without_the_first_consent_nobody_is_registered(firm: Flask, code: str) -> None:
    answer = send(firm, code, agree_contact="")
    assert answer.status_code == 422
    assert "agree_contact-error" in answer.text
    assert count(firm, Lead) == 0


@pytest.mark.parametrize(
    ("field", "value"), [("phone", "12345"), ("phone", ""), ("name", " "), ("name", "a\x00b"), ("note", "x" * 301), ("note", "a\x00b"), ("phone", "\x00"), ("name", "王" * 121)]
)
def test_what_does_not_hold_is_said_at_its_field_and_what_was_typed_stays(firm: Flask, code: str, field: str, value: str) -> None:
    answer = send(firm, code, **{field: value})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert count(firm, Lead) == 0


def test_a_field_that_people_do_not_see_traps_programs(firm: Flask, code: str) -> None:
    trapped, honest = send(firm, code, website="http://x.example"), send(firm, code)
    assert plain(trapped) == plain(honest)
    assert outcomes(firm) == ["trapped", "registered"]
    assert count(firm, Lead) == 1


def test_control_without_the_trap_a_program_gets_in(firm: Flask, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.pages.introduction_form.TRAP", "nothing")
    send(firm, code, website="http://x.example")
    assert count(firm, Lead) == 1


@pytest.mark.parametrize("seconds", [0, 2, 25 * 3600, -60])
def test_too_fast_or_too_late_is_asked_to_look_once_more(firm: Flask, code: str, seconds: int) -> None:
    answer = send(firm, code, seconds=seconds)
    assert answer.status_code == 422
    assert "138 1234 5678" in answer.text, "what was typed stays"
    assert count(firm, Lead) == 0


def test_a_stamp_of_another_link_or_of_ones_own_making_does_not_count(firm: Flask, code: str) -> None:
    stolen = fields(firm, link(firm, "B002"))["stamp"]
    for stamp in (stolen, "x", "", stolen[:-1], stamps.make("another secret", code, clock.now() - timedelta(seconds=10))):
        assert send(firm, code, stamp=stamp).status_code == 422
    assert count(firm, Lead) == 0


def test_a_stamp_counts_once_and_a_second_press_is_thanked_again(firm: Flask, code: str) -> None:
    client = firm.test_client()
    token = token_in(client.get(f"/r/{code}").text)
    data = {"csrf_token": token, **fields(firm, code)}
    first = client.post(f"/r/{code}", data=data)
    again = client.post(f"/r/{code}", data={**data, "phone": "139 1234 5678"})
    assert (first.status_code, again.status_code) == (200, 200)
    assert plain(first) == plain(again)
    assert outcomes(firm) == ["registered", "again"]
    assert count(firm, Lead) == 1


def test_control_a_stamp_that_is_not_used_up_counts_twice(firm: Flask, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_forms, "used", lambda stamp: False)
    monkeypatch.setattr(stamps, "digest", lambda stamp: None)
    stamp = fields(firm, code)["stamp"]
    send(firm, code, stamp=stamp)
    send(firm, code, stamp=stamp, phone="139 1234 5678")
    assert count(firm, Lead) == 2


def test_dead_links_are_all_answered_alike(firm: Flask) -> None:
    codes = {"forged": "ZZZZZZZZZZZZ", "no code": "x", "hostile": "'%22%3E%3Cb", "ended": link(firm, ended=True), "expired": link(firm), "left": link(firm, "B002")}
    with firm.app_context():
        with transaction():
            db.session.execute(update(IntroductionLink).where(IntroductionLink.code == codes["expired"]).values(expires_on=clock.now().date() - timedelta(days=2)))
            newest = db.session.execute(select(BrokerStatus).order_by(BrokerStatus.id.desc())).scalars().first()
            assert newest is not None
            row = {name: getattr(newest, name) for name in ("broker_id", "valid_from", "valid_to", "recording_id")}
            db.session.add(BrokerStatus(**row, status="ended", withdrawn=False))
        db.session.remove()
    pages = {name: firm.test_client().get(f"/r/{code}") for name, code in codes.items()}
    assert {page.status_code for page in pages.values()} == {404}
    assert len({plain(page) for page in pages.values()}) == 1
    client = firm.test_client()
    sent = post(client, f"/r/{codes['ended']}", **FIELDS)
    assert sent.status_code == 404
    assert count(firm, SentForm) == 0
    assert count(firm, Lead) == 0


def test_a_code_is_read_as_people_type_it(firm: Flask) -> None:
    with firm.app_context():
        code = link_of("B001")
        with transaction():
            db.session.execute(update(IntroductionLink).where(IntroductionLink.code == code).values(code="0123456789AB"))
        db.session.remove()
    assert firm.test_client().get("/r/oi23456789ab").status_code == 200


def test_visits_are_counted_once_a_browser(firm: Flask, code: str) -> None:
    one, two = firm.test_client(), firm.test_client()
    for client in (one, one, two, two):
        client.get(f"/r/{code}")
    one.head(f"/r/{code}")
    with firm.app_context():
        assert db.session.execute(select(IntroductionLink.visits)).scalar_one() == 2
        db.session.remove()


def test_a_form_without_its_token_is_not_heard(firm: Flask, code: str) -> None:
    assert firm.test_client().post(f"/r/{code}", data=fields(firm, code)).status_code == 400
    assert count(firm, SentForm) == 0


def test_an_address_is_heard_ten_times_in_a_quarter_of_an_hour_whatever_it_sends(firm: Flask, code: str) -> None:
    codes = [send(firm, code, phone=f"138{number:08d}" if number % 2 else "1").status_code for number in range(12)]
    assert Counter(codes) == {200: 5, 422: 5, 429: 2}
    refused = send(firm, code)
    assert int(refused.headers["Retry-After"]) > 800
    assert send(firm, code, address="10.0.0.2", phone="13912345678").status_code == 200, "another address is heard"


def flood(settings: Settings, app: Flask, code: str, tries: int, workers: int) -> Counter[int]:
    """Send forms at the same moment through several workers, each a portal of its own on the same database."""
    apps = [create_app(settings) for _ in range(workers)]
    found: Counter[int] = Counter()
    gate = threading.Barrier(tries, timeout=60)

    def one(number: int) -> None:
        worker = apps[number % workers]
        client = worker.test_client()
        token = token_in(client.get(f"/r/{code}").text)
        data = {"csrf_token": token, **fields(worker, code, phone=f"137{number:08d}")}
        gate.wait()
        found[client.post(f"/r/{code}", data=data).status_code] += 1

    threads = [threading.Thread(target=one, args=(number,)) for number in range(tries)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for worker in apps:
        with worker.app_context():
            db.session.remove()
            db.engine.dispose()
    return found


def test_the_limit_holds_over_four_workers_at_once(settings: Settings, firm: Flask, code: str) -> None:
    assert flood(settings, firm, code, 24, 4) == {200: 10, 429: 14}
    assert count(firm, Lead) == 10


def test_control_a_limit_in_each_workers_memory_lets_more_through(settings: Settings, firm: Flask, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_forms, "wait", lambda *given, **more: 0)
    assert flood(settings, firm, code, 24, 4)[200] > 10


def test_at_an_event_guests_share_one_address(firm: Flask, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with firm.app_context():
        moment = clock.now()
        with transaction():
            row = db.session.execute(select(IntroductionLink)).scalar_one()
            for _ in range(12):
                sent_forms.remember(row.id, "a", moment, "registered")  # type: ignore[arg-type]
            assert sent_forms.wait(row.id, "a", moment, one_place=False) > 0
            assert sent_forms.wait(row.id, "a", moment, one_place=True) == 0
        db.session.remove()


def test_a_broker_sees_what_came_of_his_link_and_ends_it(firm: Flask) -> None:
    client = seat(firm, someone(firm, Role.BROKER, broker_no="B001"))
    made = post(client, "/introduce", "/me")
    assert made.status_code == 303
    page = client.get("/introduce").text
    code = re.search(r"/introduce/([0-9A-Z]{12})\"", page)[1]  # type: ignore[index]
    assert f"http://127.0.0.1:5000/r/{code}" in page
    assert "<svg" in page
    send(firm, code)
    row = re.search(rf"{code}</a>.*?</tr>", client.get("/introduce").text, re.DOTALL)
    assert row
    assert re.findall(r'class="num">(\d+)<', row[0]) == ["1", "1"]
    card = client.get(f"/introduce/{code}/card.pdf")
    assert card.data.startswith(b"%PDF")
    assert client.get(f"/introduce/{code}/qr.svg").data.startswith(b"<?xml")
    assert seat(firm, someone(firm, Role.BROKER, broker_no="B002")).get(f"/introduce/{code}").status_code == 404
    assert post(client, f"/introduce/{code}/end", "/me").status_code == 303
    assert post(client, f"/introduce/{code}/end", "/me").status_code == 409
    assert firm.test_client().get(f"/r/{code}").status_code == 404
