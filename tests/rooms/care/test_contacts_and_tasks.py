"""Contacts are recorded and corrected by later ones; promises are tasks; a task is finished, moved or cancelled once, by who may."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.care import CareTask, Contact, TaskState
from models.care_steps import CareStep
from models.clients import Account
from models.departures import Departure, DepartureKind, DepartureState
from models.identity import Role
from models.partners import Staff
from portal import clock
from portal.actors import TERMINAL
from portal.care.tasks import Wanted, set_task
from portal.local_day import today
from portal.refusals import Refusal
from portal.transaction import transaction
from tests import make
from tests.people import post, seat, someone
from tests.rooms.pages.firm import settle_in

CALL = {"channel": "call", "outcome": "reached", "note": "asks about steel"}


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """S001 looks after 10001; S002 is a colleague of the same branch; 10002 stands in another branch and nobody looks after it."""
    settle_in(app, tmp_path / "files")
    with app.app_context():
        make.accepted(make.write(tmp_path / "more", "staff", ["S001,Li,01,s1@example.com,19900000001,2024-01-01,", "S002,Wang,01,s2@example.com,19900000002,2024-01-01,"]))
        db.session.remove()
    return app


@pytest.fixture
def manager(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.STAFF, staff_no="S001", email="s1@firm.example"))


def rows(app: Flask, *columns: Any) -> list[tuple[Any, ...]]:
    with app.app_context():
        found = [tuple(row) for row in db.session.execute(select(*columns).order_by(columns[0].class_.id))]
        db.session.remove()
    return found


def ids(number: str = "10001", staff: str = "S001") -> tuple[int, int]:
    account = db.session.execute(select(Account.id).where(Account.account_no == number)).scalar_one()
    return account, db.session.execute(select(Staff.id).where(Staff.staff_no == staff)).scalar_one()


def a_task(app: Flask, key: str = "one", staff: str = "S001", due: date | None = None) -> int:
    with app.app_context():
        with transaction():
            account, owner = ids(staff=staff)
            made = set_task(Wanted(key, "other", account, owner, due or today()), TERMINAL, clock.now(), today()).id
        db.session.remove()
    return made


def test_a_call_with_a_promise_is_a_contact_and_a_task(firm: Flask, manager: FlaskClient) -> None:
    due = (clock.now() + timedelta(days=20)).date()
    answer = post(manager, "/care/clients/10001/contacts", "/me", **CALL, promise="send the steel report", promise_due=due.isoformat())
    assert answer.status_code == 303, answer.text
    assert rows(firm, Contact.channel, Contact.outcome, Contact.note) == [("call", "reached", "asks about steel")]
    ((kind, note, due_on, state),) = rows(firm, CareTask.kind, CareTask.note, CareTask.due_on, CareTask.state)
    assert (kind, note, state) == ("promise", "send the steel report", "open")
    assert due <= due_on < due + timedelta(days=12), "a promise is due on a trading day"
    assert due_on.weekday() < 5, "a promise is due on a trading day"
    page = manager.get("/care/clients/10001").text
    assert "asks about steel" in page
    assert "send the steel report" in page
    assert "send the steel report" in manager.get("/care").text
    assert "asks about steel" in manager.get("/care/contacts?format=csv").text
    with firm.app_context():
        logged = [str(row.after) for row in db.session.execute(select(AuditEntry).where(AuditEntry.action.like("care.%"))).scalars()]
        assert logged, "the log outlives erasure: words stay in the contact"
        assert "steel" not in str(logged), "the log outlives erasure: words stay in the contact"
        db.session.remove()


def test_a_contact_is_corrected_once_and_stays(firm: Flask, manager: FlaskClient) -> None:
    post(manager, "/care/clients/10001/contacts", "/me", **CALL)
    (first,) = rows(firm, Contact.id)[0]
    assert post(manager, f"/care/contacts/{first}/correct", "/me", channel="visit", outcome="declined", note="it was a visit").status_code == 303
    assert post(manager, f"/care/contacts/{first}/correct", "/me", **CALL).status_code == 409
    assert rows(firm, Contact.channel, Contact.replaces_id) == [("call", None), ("visit", first)]
    listed = manager.get("/care/contacts?format=csv").text
    assert "it was a visit" in listed
    assert "asks about steel" not in listed


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"at": "2999-01-01T10:00"}, "after it took place"),
        ({"at": "yesterday"}, "no time such as"),
        ({"channel": "pigeon"}, "how the client was contacted"),
        ({"promise": "report", "promise_due": "2020-01-01"}, "gone by"),
        ({"staff_no": "S999"}, "no staff member S999"),
    ],
)
def test_what_cannot_be_is_not_recorded(firm: Flask, manager: FlaskClient, given: dict[str, str], said: str) -> None:
    answer = post(manager, "/care/clients/10001/contacts", "/me", **{**CALL, **given})
    assert (answer.status_code, said in answer.text) == (422, True), answer.text[-2000:]
    assert rows(firm, Contact.id) == []
    assert rows(firm, CareTask.id) == []


def test_a_task_goes_to_a_colleague_and_is_finished_once(firm: Flask, manager: FlaskClient) -> None:
    task = a_task(firm)
    assert a_task(firm) == task, "the same key sets nothing again"
    assert post(manager, f"/care/tasks/{task}/owner", "/me", version="1", value="S002").status_code == 303
    assert post(manager, f"/care/tasks/{task}/finish", "/me", outcome="kept", note="stays with us").status_code == 303
    assert post(manager, f"/care/tasks/{task}/finish", "/me", outcome="left").status_code == 409
    assert post(manager, f"/care/tasks/{task}/cancel", "/me", reason="not needed").status_code == 409
    assert rows(firm, CareTask.state, CareTask.outcome, CareTask.outcome_note) == [("done", "kept", "stays with us")]
    assert rows(firm, CareStep.action, CareStep.note) == [("moved", ""), ("finished", "stays with us")]
    page = manager.get(f"/care/tasks/{task}").text
    assert "Given to somebody else" in page
    assert "Client stays" in page


def test_a_task_is_cancelled_with_a_reason(firm: Flask, manager: FlaskClient) -> None:
    task = a_task(firm)
    assert post(manager, f"/care/tasks/{task}/cancel", "/me", reason=" ").status_code == 422
    assert post(manager, f"/care/tasks/{task}/cancel", "/me", reason="the client closed the account").status_code == 303
    assert rows(firm, CareTask.state, CareTask.outcome_note) == [("cancelled", "the client closed the account")]


def test_nobody_who_left_gets_a_task(firm: Flask, manager: FlaskClient) -> None:
    task = a_task(firm)
    with firm.app_context():
        with transaction():
            told = {"announced_on": None, "cause": "", "destination": "", "evidence": "", "recorded_at": clock.now()}
            gone = Departure(kind=DepartureKind.STAFF_LEAVES, staff_id=ids(staff="S002")[1], state=DepartureState.EFFECTIVE, effective_on=today(), **told)
            db.session.add(gone)
        db.session.remove()
    with pytest.raises(Refusal, match="has left"):
        a_task(firm, "two", staff="S002")
    assert post(manager, f"/care/tasks/{task}/owner", "/me", version="1", value="S002").status_code == 422
    assert "Wang" not in manager.get(f"/care/tasks/{task}").text
    assert rows(firm, CareTask.state) == [(TaskState.OPEN,)]


def test_whose_care_is_seen_by_whom(firm: Flask, manager: FlaskClient) -> None:
    post(manager, "/care/clients/10001/contacts", "/me", **CALL)
    a_task(firm)
    branch = seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="01"))
    other = seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="02"))
    idle = seat(firm, someone(firm, Role.STAFF, staff_no="S002"))
    seen = {
        name: ["10001" in client.get(page).text for page in ("/care", "/care/contacts", "/care/book")]
        for name, client in (("own", manager), ("branch", branch), ("other", other), ("idle", idle))
    }
    assert seen == {"own": [True] * 3, "branch": [True] * 3, "other": [False] * 3, "idle": [False] * 3}
    for role, numbers in ((Role.BROKER, {"broker_no": "B001"}), (Role.CLIENT, {"client_no": "C10001"}), (Role.FINANCE, {})):
        assert seat(firm, someone(firm, role, **numbers)).get("/care").status_code == 403
    auditor = seat(firm, someone(firm, Role.AUDITOR))
    assert auditor.get("/care/clients/10002").status_code == 200
    assert post(auditor, "/care/clients/10001/contacts", "/me", **CALL).status_code == 403


def test_the_book_says_who_is_uncovered(firm: Flask) -> None:
    admin = seat(firm, someone(firm, Role.ADMIN))
    assert "10002" in admin.get("/care/book?covered=none&format=csv").text
    assert "10001" not in admin.get("/care/book?covered=none&format=csv").text
    assert "Nobody looks after this client" in admin.get("/care/clients/10002").text


def test_the_first_reaction_is_measured_on_the_trading_calendar(firm: Flask, manager: FlaskClient) -> None:
    a_task(firm)
    assert "Within its time" in manager.get("/care").text
    with firm.app_context():
        with transaction():
            db.session.execute(CareTask.__table__.update().values(created_at=clock.now() - timedelta(days=20)))
        db.session.remove()
    assert "Nobody reacted in time" in manager.get("/care").text
    post(manager, "/care/clients/10001/contacts", "/me", **CALL)
    assert "Reacted late" in manager.get("/care").text
    load = manager.get("/care/load?format=csv").text
    assert "S001" in load
