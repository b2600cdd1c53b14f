"""Response times are set from a day on, with what becomes late shown first; questions that wait are dated anew, and contacts promised are due by them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.care import CareTask
from models.care_steps import CareSetting
from models.identity import Role
from models.questions import ClientQuestion, QuestionEntry
from tests.people import post, seat, someone
from tests.rooms.care.test_contacts_and_tasks import rows
from tests.rooms.pages.firm import settle_in

MONDAY = datetime(2026, 3, 9, 2, tzinfo=UTC)
"""10:00 in Shanghai on a trading day."""
ASK = {"account": "10001", "subject": "market", "words": "铁矿石怎么看"}
HOURS = {"count": "1", "unit": "hours", "key_count": "1", "key_unit": "hours"}


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    settle_in(app, tmp_path / "files")
    return app


def seats(app: Flask) -> tuple[FlaskClient, FlaskClient, FlaskClient]:
    """The client, who looks after him, and an admin."""
    numbers = ((Role.CLIENT, {"client_no": "C10001"}), (Role.STAFF, {"staff_no": "S001"}), (Role.ADMIN, {}))
    client, manager, admin = (seat(app, someone(app, role, **bound)) for role, bound in numbers)
    return client, manager, admin


def due(app: Flask) -> list[str]:
    return [f"{at.astimezone(UTC):%d %H:%M}" for (at,) in rows(app, ClientQuestion.due_at)]


def test_what_becomes_late_is_shown_and_then_dated_anew(firm: Flask) -> None:
    with time_machine.travel(MONDAY, tick=False):
        client, _manager, admin = seats(firm)
        post(client, "/questions", "/me", **ASK)
        assert due(firm) == ["10 07:00"], "one trading day"
        today = MONDAY.date().isoformat()
    with time_machine.travel(MONDAY + timedelta(hours=5), tick=False):  # 15:00: the hour of a session is long over
        client, _manager, admin = seats(firm)
        post(client, "/questions", "/me", **ASK)
        looked = admin.get("/care/response/market", query_string={**HOURS, "counts_from": today}).text
        assert "2 that wait get another time" in looked
        assert "1 becomes late at once" in looked
        assert "Q2026-00001" in looked
        assert rows(firm, CareSetting.name) == []
        assert post(admin, "/care/response/market", "/me", **HOURS, counts_from=today, seen="0").status_code == 409, "not what was shown"
        assert post(admin, "/care/response/market", "/me", **HOURS, counts_from=today, seen="1").status_code == 303
        assert due(firm) == ["09 03:00", "10 02:00"]
        assert rows(firm, QuestionEntry.action) == [("asked",), ("asked",), ("dated",), ("dated",)]
        assert "1 trading hour" in admin.get("/care/response").text
        assert "overdue" in admin.get("/").text
    with firm.app_context():
        line = db.session.execute(select(AuditEntry).where(AuditEntry.action == "care.response_set")).scalar_one()
        assert (line.after["late"], line.after["dated_anew"], line.after["count"]) == (1, 2, 1)
        db.session.remove()


def test_from_a_later_day_on_only_what_is_asked_then(firm: Flask) -> None:
    with time_machine.travel(MONDAY, tick=False):
        client, _manager, admin = seats(firm)
        post(client, "/questions", "/me", **ASK)
        told = {**HOURS, "counts_from": "2026-03-10"}
        assert "Nothing that waits changes" in admin.get("/care/response/market", query_string=told).text
        assert post(admin, "/care/response/market", "/me", **told, seen="0").status_code == 303
        post(client, "/questions", "/me", **ASK)
        assert due(firm) == ["10 07:00", "10 07:00"]
    with time_machine.travel(MONDAY + timedelta(days=1), tick=False):
        client, _manager, _admin = seats(firm)
        post(client, "/questions", "/me", **ASK)
        assert due(firm)[2] == "10 03:00"


def test_key_clients_are_answered_sooner(firm: Flask) -> None:
    with time_machine.travel(MONDAY, tick=False):
        client, _manager, admin = seats(firm)
        day = MONDAY.date().isoformat()
        assert post(admin, "/care/plays/key-clients", "/me", equity="1.00", share="0", counts_from=day).status_code == 303
        post(client, "/questions", "/me", **ASK)
        post(client, "/questions", "/me", **{**ASK, "subject": "margin"})
        assert due(firm) == ["10 02:00", "09 03:00"], "four trading hours and one: the lunch break and the evening do not count"


def test_a_promise_without_a_day_is_due_by_the_response_time(firm: Flask) -> None:
    call = {"channel": "call", "outcome": "reached", "promise": "send the report"}
    with time_machine.travel(MONDAY, tick=False):
        _client, manager, admin = seats(firm)
        assert post(manager, "/care/clients/10001/contacts", "/me", **call).status_code == 303
        told = {"count": "3", "unit": "days", "key_count": "1", "key_unit": "days", "counts_from": MONDAY.date().isoformat()}
        assert post(admin, "/care/response/contact", "/me", **told, seen="0").status_code == 303
        assert post(manager, "/care/clients/10001/contacts", "/me", **call).status_code == 303
        assert [f"{day}" for (day,) in rows(firm, CareTask.due_on)] == ["2026-03-10", "2026-03-12"]


def test_a_first_reaction_is_late_by_the_time_that_counts(firm: Flask) -> None:
    call = {"channel": "call", "outcome": "reached", "promise": "send the report", "promise_due": "2026-03-20"}
    with time_machine.travel(MONDAY, tick=False):
        _client, manager, _admin = seats(firm)
        post(manager, "/care/clients/10001/contacts", "/me", **call, at="2026-03-09T09:00")
    with time_machine.travel(MONDAY + timedelta(days=1), tick=False):
        _client, manager, admin = seats(firm)
        assert "Within its time" in manager.get("/care").text
        told = {**HOURS, "counts_from": "2026-03-10"}
        looked = admin.get("/care/response/contact", query_string=told).text
        assert "1 becomes late at once" in looked
        assert "Promise" in looked
        assert post(admin, "/care/response/contact", "/me", **told, seen="1").status_code == 303
        assert "Nobody reacted in time" in manager.get("/care").text


@pytest.mark.parametrize("wrong", [{"count": "0"}, {"count": "x"}, {"count": "41"}, {"unit": "weeks"}, {"key_count": ""}, {"counts_from": "2020-01-01"}, {"counts_from": "soon"}])
def test_what_is_no_response_time_is_refused(firm: Flask, wrong: dict[str, str]) -> None:
    with time_machine.travel(MONDAY, tick=False):
        _client, _manager, admin = seats(firm)
        told = {**HOURS, "counts_from": MONDAY.date().isoformat(), "seen": "0", **wrong}
        assert post(admin, "/care/response/market", "/me", **told).status_code == 422
        assert rows(firm, CareSetting.name) == []


def test_only_an_admin_sets_them(firm: Flask) -> None:
    for role, numbers in ((Role.STAFF, {"staff_no": "S001"}), (Role.BRANCH_MANAGER, {"branch_no": "01"}), (Role.COMPLIANCE, {}), (Role.CLIENT, {"client_no": "C10001"})):
        who = seat(firm, someone(firm, role, **numbers))
        assert who.get("/care/response").status_code == 403
        assert post(who, "/care/response/market", "/me", **HOURS).status_code == 403
