"""Service plans: proposed by grade, interest and goal; refused where they push too much; one a client; followed through and reviewed."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.care import CareTask
from models.clients import Account
from models.identity import Role
from models.service_plans import Goal, Interest, PlanState, ServicePlan, ServicePlanReview
from models.suitability import SuitabilityTest
from portal import clock
from portal.actors import TERMINAL
from portal.care import service_plans as verbs
from portal.care.plan_templates import proposed, risk_of, too_risky
from portal.care.response_times import Now
from portal.care.service_plans import Drawn
from portal.clients.queries import accounts
from portal.local_day import today
from portal.transaction import transaction
from tests import make
from tests.at_once import at_once
from tests.people import post, seat, someone
from tests.rooms.care.test_contacts_and_tasks import ids, rows
from tests.rooms.pages.firm import settle_in

WANTED = {"goal": "trade", "interest": "ferrous", "staff_no": "S001"}


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """S001 looks after 10001 (C4 by the masters); S002 is a colleague."""
    settle_in(app, tmp_path / "files")
    with app.app_context():
        make.accepted(make.write(tmp_path / "more", "staff", ["S001,Li,01,s1@example.com,19900000001,2024-01-01,", "S002,Wang,01,s2@example.com,19900000002,2024-01-01,"]))
        db.session.remove()
    return app


@pytest.fixture
def manager(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.STAFF, staff_no="S001", email="s1@firm.example"))


def day(app: Flask, ahead: int = 40) -> str:
    with app.app_context():
        return (today() + timedelta(days=ahead)).isoformat()


def form(app: Flask, **more: str) -> dict[str, str]:
    return {**WANTED, "step-1": "Talk", "days-1": "2", "step-2": "Send the report", "days-2": "5", "step-3": " ", "days-3": "", "review_on": day(app), **more}


def graded(app: Flask, grade: str, *, valid: int = 100, investor: str = "ordinary", unsuitable: str = "") -> None:
    """A test that the client took here."""
    with app.app_context():
        told: dict[str, Any] = {
            "client_no": "C10001",
            "criteria": [],
            "questions_version": 1,
            "questions_digest": "",
            "locale": "zh",
            "answers": "",
            "answers_digest": "",
            "score": 1,
        }
        told |= {"taken_where": "at_desk", "present": "", "evidence": "", "actor_label": "", "recorded_at": clock.now(), "public_id": f"t{grade}{valid}{investor}{unsuitable}"}
        with transaction():
            db.session.add(SuitabilityTest(grade=grade, investor=investor, unsuitable=unsuitable, taken_on=today(), valid_until=today() + timedelta(days=valid), **told))
        db.session.remove()


def test_what_is_proposed_fits_who_it_is_for() -> None:
    for interest in Interest:
        for goal in Goal:
            for grade in ("C1", "C2", "C3", "C4", "C5"):
                steps = proposed(interest, goal, grade)
                assert 4 <= len(steps) <= verbs.MOST_STEPS
                assert len({step.words for step in steps}) == len(steps)
                assert all(1 <= step.days <= verbs.MOST_DAYS for step in steps)
                assert any("what can be lost" in step.words for step in steps) == (grade in ("C1", "C2"))
    allowed = {grade: {interest.value for interest in Interest if not too_risky(grade, risk_of(interest, "R4"), professional=False)} for grade in ("C1", "C3", "C4", "C5")}
    every = {interest.value for interest in Interest}
    assert allowed == {"C1": {"education"}, "C3": {"education"}, "C4": every - {"options"}, "C5": every}


def test_a_plan_is_drawn_followed_through_and_reviewed(firm: Flask, manager: FlaskClient) -> None:
    page = manager.get("/care/clients/10001/plan?goal=trade&interest=ferrous").text
    assert "Send the weekly report on ferrous metals" in page
    drawn = post(manager, "/care/clients/10001/plan", "/me", **form(firm))
    assert drawn.status_code == 303, drawn.text
    address = drawn.headers["Location"]
    told = rows(firm, CareTask.kind, CareTask.note, CareTask.due_on)
    assert [(kind, note) for kind, note, _due in told] == [("plan_step", "Talk"), ("plan_step", "Send the report"), ("plan_review", "")]
    assert told[0][2] < told[1][2] < told[2][2]
    assert all(due.weekday() < 5 for _kind, _note, due in told)
    assert "Send the report" in manager.get("/care").text
    assert "0 of 2" in manager.get("/care/clients/10001").text
    assert post(manager, f"{address}/steps/1/done", "/me").status_code == 303
    assert post(manager, f"{address}/steps/1/done", "/me").status_code == 409
    assert post(manager, f"{address}/review", "/me", state="reached", words="reads them").status_code == 409, "a step is open"
    assert post(manager, f"{address}/steps/2/left", "/me", words=" ").status_code == 422
    assert post(manager, f"{address}/steps/2/left", "/me", words="reads them elsewhere").status_code == 303
    assert post(manager, f"{address}/steps/3/done", "/me").status_code == 422
    assert post(manager, f"{address}/review", "/me", state="active", words="goes well", review_on="2020-01-01").status_code == 422
    assert post(manager, f"{address}/review", "/me", state="active", words="goes well", review_on=day(firm, 80)).status_code == 303
    assert post(manager, f"{address}/review", "/me", state="reached", words="the client trades by himself").status_code == 303
    assert post(manager, f"{address}/review", "/me", state="reached", words="once more").status_code == 409
    assert rows(firm, ServicePlan.state) == [("reached",)]
    assert rows(firm, ServicePlanReview.state, ServicePlanReview.note) == [("active", "goes well"), ("reached", "the client trades by himself")]
    assert rows(firm, CareTask.kind, CareTask.state) == [("plan_step", "done"), ("plan_step", "cancelled"), ("plan_review", "done"), ("plan_review", "done")]
    assert "reads them elsewhere" in manager.get(address).text
    with firm.app_context():
        logged = str([row.after for row in db.session.execute(select(AuditEntry).where(AuditEntry.action.like("care.plan%"))).scalars()])
        assert "reached" in logged
        assert "trades by himself" not in logged
        db.session.remove()


def test_one_plan_a_client(firm: Flask, manager: FlaskClient) -> None:
    assert post(manager, "/care/clients/10001/plan", "/me", **form(firm)).status_code == 303
    assert post(manager, "/care/clients/10001/plan", "/me", **form(firm)).status_code == 409
    assert "runs already" in manager.get("/care/clients/10001/plan").text
    assert len(rows(firm, ServicePlan.id)) == 1


def _drawn_at_once(app: Flask) -> list[str]:
    with app.app_context():
        zone = ZoneInfo("Asia/Shanghai")
        now = Now(clock.now(), today(), date(2026, 3, 2), zone)

        def act() -> None:
            account, version = db.session.execute(accounts().where(Account.account_no == "10001")).one()
            drawn = Drawn(Interest.FERROUS, Goal.TRADE, "", [("Talk", 2)], now.today + timedelta(days=40))
            verbs.draw(account, version, drawn, ids()[1], TERMINAL, now, "CN")

        answers = at_once(app, act, act)
        db.session.remove()
    return sorted(answers)


def test_of_two_at_once_one_is_kept(firm: Flask) -> None:
    assert _drawn_at_once(firm) == ["Conflict", "done"]
    assert len(rows(firm, ServicePlan.id)) == 1
    assert [kind for (kind,) in rows(firm, CareTask.kind)] == ["plan_step", "plan_review"]


def test_control_the_database_keeps_one_where_nobody_looks(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "active_of", lambda client_no: None)
    assert _drawn_at_once(firm) == ["IntegrityError", "done"]
    assert len(rows(firm, ServicePlan.id)) == 1


@pytest.mark.parametrize(
    ("grade", "interest", "said"),
    [
        ({"grade": "C3"}, "ferrous", "第二十二条"),
        ({"grade": "C4"}, "options", "第二十二条"),
        ({"grade": "C5", "unsuitable": "age"}, "ferrous", "第二十二条"),
        ({"grade": "C5", "valid": -1}, "education", "ran out"),
        ({"grade": "C3", "investor": "professional"}, "ferrous", ""),
        ({"grade": "C1"}, "education", ""),
        ({"grade": "C5"}, "options", ""),
    ],
)
def test_what_is_riskier_than_the_grade_is_refused_with_the_rule(firm: Flask, manager: FlaskClient, grade: dict[str, Any], interest: str, said: str) -> None:
    graded(firm, **grade)
    looked = manager.get(f"/care/clients/10001/plan?goal=learn&interest={interest}")
    kept = post(manager, "/care/clients/10001/plan", "/me", **form(firm, interest=interest))
    assert (looked.status_code, kept.status_code) == (200, 422 if said else 303)
    assert said in looked.text
    assert ("does not fit" in looked.text, "Keep the plan" in looked.text) == (bool(said), not said)
    assert said in kept.text
    assert len(rows(firm, ServicePlan.id)) == len(rows(firm, CareTask.id)) // 3 == int(not said)


@pytest.mark.parametrize(
    "wrong",
    [
        {"step-1": "", "step-2": ""}, {"days-1": "x"}, {"days-1": "999"}, {"review_on": "2020-01-01"}, {"review_on": "2999-01-01"}, {"goal": "win"},
        {"interest": "tulips"}, {"staff_no": "S999"}, {"note": "x" * 401}, {"step-2": "x" * 401},
    ],
)  # fmt: skip
def test_what_cannot_be_is_not_kept(firm: Flask, manager: FlaskClient, wrong: dict[str, str]) -> None:
    assert post(manager, "/care/clients/10001/plan", "/me", **form(firm, **wrong)).status_code == 422
    assert rows(firm, ServicePlan.id) == []
    assert rows(firm, CareTask.id) == []


def test_a_plan_goes_with_the_client(firm: Flask, manager: FlaskClient) -> None:
    post(manager, "/care/clients/10001/plan", "/me", **form(firm))
    with firm.app_context():
        account, leaver = ids()
        heir = ids(staff="S002")[1]
        with transaction():
            verbs.hand_on(leaver, {account: heir})
        db.session.remove()
    assert rows(firm, ServicePlan.owner_id) == [(heir,)]


def test_whose_plans_are_seen_by_whom(firm: Flask, manager: FlaskClient) -> None:
    address = post(manager, "/care/clients/10001/plan", "/me", **form(firm)).headers["Location"]
    far = seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="02"))
    auditor = seat(firm, someone(firm, Role.AUDITOR))
    assert [who.get(address).status_code for who in (manager, far, auditor)] == [200, 404, 200]
    assert ["10001" in who.get("/care/service-plans?format=csv").text for who in (manager, far, auditor)] == [True, False, True]
    assert post(auditor, f"{address}/steps/1/done", "/me").status_code == 403
    assert seat(firm, someone(firm, Role.CLIENT, client_no="C10001")).get(address).status_code == 403
    with firm.app_context():
        with transaction():
            db.session.execute(ServicePlan.__table__.update().values(review_on=date(2020, 1, 2)))
        db.session.remove()
    assert "10001" in manager.get("/care/service-plans?review=overdue").text
    assert PlanState.ACTIVE.value == rows(firm, ServicePlan.state)[0][0]
