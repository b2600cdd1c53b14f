"""The caller is known before the first word: by any spelling of his number, with all his accounts, to whoever may see them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from models import db
from models.audit import AuditEntry
from models.identity import Role
from portal import clock
from portal.actors import actor_of
from portal.api.openapi import DOCUMENT
from portal.identity import api_keys
from portal.identity.queries import user_by_id
from portal.transaction import transaction
from tests import make
from tests.people import post, seat, someone
from tests.rooms.introductions.test_api import breaches
from tests.rooms.pages.firm import DAY

ACCOUNTS = [
    "10001,C1,Chen Yi,person,990000197001010019,13800008001,c@example.com,01,2025-01-02,,C4,1970-01-01",
    "10002,C1,Chen Yi,person,990000197001010019,,c@example.com,01,2025-06-02,,C4,1970-01-01",
    "10003,C3,Sun Er,person,990000197001010027,13800008003,c@example.com,02,2025-01-02,,C4,1970-01-01",
]
SERVED = ["10001,S001,servicer,2025-01-02,", "10002,S001,servicer,2025-06-02,", "10003,S002,servicer,2025-01-02,"]


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """Chen Yi has two accounts, of which one has his number; S001 looks after both; S002 of another branch looks after Sun Er."""
    folder = make.firm(tmp_path / "firm", accounts=[])
    make.write(folder, "branches", ["01,Head office", "02,Second"])
    make.write(folder, "staff", ["S001,Li,01,s1@example.com,13900000001,2024-01-01,", "S002,Wang,02,s2@example.com,13900000002,2024-01-01,"])
    make.write(folder, "accounts", ACCOUNTS)
    make.write(folder, "servicing", SERVED)
    make.write(folder, "attributions", ["10001,B001,100,confirmed,2025-01-02,,2025-01-02"])
    make.day(folder, DAY, {"10001": ("100000.00", "0.00"), "10002": ("50000.00", "0.00"), "10003": ("70000.00", "0.00")})
    with app.app_context():
        make.accepted(folder)
        db.session.remove()
    return app


@pytest.fixture
def manager(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.STAFF, staff_no="S001", email="s1@firm.example"))


@pytest.mark.parametrize("number", ["13800008001", "138 0000 8001", "+86 138-0000-8001", "8613800008001", "008613800008001"])
def test_every_spelling_finds_the_person_with_all_his_accounts(manager: FlaskClient, number: str) -> None:
    page = manager.get("/desk/caller", query_string={"number": number}).text
    assert [text in page for text in ("Chen Yi", "10001", "10002", "100,000.00", "50,000.00", "Li", "B001")] == [True] * 7


def test_a_colleagues_client_is_put_through_and_stays_unnamed(manager: FlaskClient) -> None:
    page = manager.get("/desk/caller?number=13800008003").text
    assert "Wang" in page
    assert "Sun Er" not in page
    assert "10003" not in page
    assert "70,000" not in page


def test_staff_brokers_and_strangers(manager: FlaskClient) -> None:
    assert "Wang" in manager.get("/desk/caller?number=13900000002").text
    assert "B001" in manager.get("/desk/caller?number=19910000010").text
    stranger = manager.get("/desk/caller?number=13711112222").text
    assert "Nobody whom the firm knows" in stranger
    assert "/leads/new?phone=13711112222" in stranger
    assert 'value="13711112222"' in manager.get("/leads/new?phone=13711112222").text


def test_contacts_tasks_and_who_looked(firm: Flask, manager: FlaskClient) -> None:
    post(manager, "/care/clients/10002/contacts", "/me", channel="call", outcome="reached", note="asks about copper", promise="send prices", promise_due="2099-01-05")
    page = manager.get("/desk/caller?number=13800008001").text
    assert "asks about copper" in page
    assert "send prices" in page
    with firm.app_context():
        looked = db.session.execute(select(AuditEntry).where(AuditEntry.action == "care.caller")).scalars().all()
        assert [(row.actor_label, row.after) for row in looked] == [("s1@firm.example", {"accounts": ["10001", "10002"], "unseen": 0})]
        assert "13800008001" not in str([(row.subject_key, row.after) for row in looked])
        db.session.remove()


def test_a_telephone_system_asks_with_a_key(firm: Flask) -> None:
    user = someone(firm, Role.STAFF, staff_no="S001", email="pbx@firm.example")
    with firm.app_context():
        with transaction():
            asker = user_by_id(user)
            assert asker is not None
            _row, key = api_keys.make(actor_of(asker), clock.now(), name="pbx", days=30)
        db.session.remove()
    program, head = firm.test_client(), {"Authorization": f"Bearer {key}"}
    told = program.get("/api/v1/caller?number=13800008001", headers=head)
    assert told.status_code == 200, told.text
    (one,) = told.json["callers"]
    assert [(account["account_no"], account["equity"]) for account in one["accounts"]] == [("10001", 10_000_000), ("10002", 5_000_000)]
    assert one["accounts"][0]["introduced_by"] == [{"number": "B001", "name": "Broker B001"}]
    unknown = program.get("/api/v1/caller?number=13711112222", headers=head)
    assert (unknown.json["known"], unknown.json["lead_form"]) == (False, "/leads/new?phone=13711112222")
    for answer in (told, unknown):
        assert breaches(DOCUMENT["components"]["schemas"]["Called"], answer.json) == []
    assert program.get("/api/v1/caller", headers=head).status_code == 400
    assert program.get("/api/v1/caller?number=13800008001").status_code == 401


def test_a_brokers_key_opens_nothing(firm: Flask) -> None:
    user = someone(firm, Role.BROKER, broker_no="B001")
    with firm.app_context():
        with transaction():
            asker = user_by_id(user)
            assert asker is not None
            _row, key = api_keys.make(actor_of(asker), clock.now(), name="crm", days=30)
        db.session.remove()
    assert firm.test_client().get("/api/v1/caller?number=13800008001", headers={"Authorization": f"Bearer {key}"}).status_code == 403


def questions(app: Flask, client: FlaskClient, address: str) -> int:
    """How many statements an address asks of the database."""
    asked: list[str] = []
    with app.app_context():
        engine = db.engine
    count = lambda _connection, _cursor, statement, *_more: asked.append(statement)  # noqa: E731
    event.listen(engine, "before_cursor_execute", count)
    try:
        assert client.get(address).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", count)
    return len(asked)


def test_the_questions_do_not_grow_with_accounts_and_contacts(firm: Flask, manager: FlaskClient, tmp_path: Path) -> None:
    questions(firm, manager, "/desk/caller?number=13800008001")
    before = questions(firm, manager, "/desk/caller?number=13800008001")
    more = [f"2{place:04},C1,Chen Yi,person,990000197001010019,13800008001,c@example.com,01,{date(2025, 1, 2)},,C4,1970-01-01" for place in range(30)]
    with firm.app_context():
        served = [*SERVED, *(f"2{place:04},S001,servicer,2025-01-02," for place in range(30))]
        make.accepted(make.write(tmp_path / "more", "accounts", [*ACCOUNTS, *more]), make.write(tmp_path / "more", "servicing", served))
        db.session.remove()
    for _ in range(4):
        post(manager, "/care/clients/20001/contacts", "/me", channel="call", outcome="reached", note="x", promise="y z", promise_due="2099-01-05")
    questions(firm, manager, "/desk/caller?number=13800008001")
    assert "20029" in manager.get("/desk/caller?number=13800008001").text
    assert questions(firm, manager, "/desk/caller?number=13800008001") == before
