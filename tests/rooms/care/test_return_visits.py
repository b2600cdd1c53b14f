"""Return visits: every new client of a broker who waits for the confirmation call gets somebody who may make it, by the day that the rule names."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.attribution import Attribution
from models.care import CareTask
from models.care_steps import CareStep
from models.identity import Role
from models.partners import Staff
from portal import clock
from portal.actors import TERMINAL
from portal.care import return_visits as verbs
from portal.care.plays import BY_NAME
from portal.jobs.care import call_due_by, is_due
from portal.leads.confirmation_script import spoken_on
from portal.local_day import today
from portal.transaction import transaction
from tests import make
from tests.people import post, seat, someone
from tests.rooms.care.test_contacts_and_tasks import rows
from tests.rooms.care.test_plays import facts
from tests.rooms.leads.test_confirmation import YES

SINCE = date(2026, 3, 2)


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """B001 is managed by S001, B002 by nobody who serves. 10001 and 10002 wait for a call about B001: S001 and S002 look after the first, S001 alone
    after the second; 10003 waits about B002, served by S001; 10004 is confirmed; 10005 waits and nobody looks after it."""
    folder = tmp_path / "files"
    numbers = ("10001", "10002", "10003", "10004", "10005")
    with app.app_context():
        make.firm(folder, numbers)
        make.write(folder, "staff", [f"{no},Staff {no},01,,,2020-01-01," for no in ("S001", "S002", "S003")])
        brokers = [f"B00{place},Broker {place},person,99000019800100{place}X,1991000{place}000,b@example.com,01,{manager}" for place, manager in ((1, "S001"), (2, "S003"))]
        make.write(folder, "brokers", brokers)
        waits = {"10001": "B001", "10002": "B001", "10003": "B002", "10005": "B001"}
        spans = [f"{no},{broker},100,pending,{SINCE},," for no, broker in waits.items()]
        make.write(folder, "attributions", [*spans, "10004,B001,100,confirmed,2025-01-02,,2025-01-02"])
        served = (("10001", "S001"), ("10001", "S002"), ("10002", "S001"), ("10003", "S001"), ("10004", "S001"))
        make.write(folder, "servicing", [f"{no},{who},servicer,2025-01-02," for no, who in served])
        make.accepted(folder)
        db.session.remove()
    return app


def run(app: Flask) -> dict[str, int]:
    with app.app_context():
        with transaction():
            told = verbs.run(today(), call_due_by(), TERMINAL, clock.now())
        db.session.remove()
    return told


def given(app: Flask) -> list[tuple[str, str, str]]:
    """Account, who calls, state."""
    with app.app_context():
        names = dict(db.session.execute(select(Staff.id, Staff.staff_no)).all())
        found = [(row[0].account_no, names[row[6].owner_id], row[6].state) for row in db.session.execute(verbs.listed(TERMINAL, today())) if row[6]]
        db.session.remove()
    return sorted(found)


def test_everybody_gets_somebody_who_may_call_once(firm: Flask) -> None:
    with firm.app_context():
        assert is_due(clock.now())
        db.session.remove()
    assert run(firm) == {"return_visits": 2, "return_visits_uncovered": 2, "return_visits_finished": 0}
    assert given(firm) == [("10001", "S002", "open"), ("10003", "S001", "open")], "never who manages the broker"
    assert run(firm) == {"return_visits": 0, "return_visits_uncovered": 2, "return_visits_finished": 0}
    with firm.app_context():
        due = call_due_by()(SINCE)
        db.session.remove()
    assert due == date(2026, 3, 9), "five trading days"
    assert rows(firm, CareTask.kind, CareTask.due_on) == [("return_visit", due)] * 2


def test_the_branch_names_somebody_but_not_the_manager(firm: Flask) -> None:
    branch = seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="01"))
    assert "10005" in branch.get("/care/return-visits?given=nobody").text
    assert post(branch, "/care/return-visits/10005", "/me", staff_no="S001").status_code == 422
    assert post(branch, "/care/return-visits/10005", "/me", staff_no="S003").status_code == 303
    assert post(branch, "/care/return-visits/10005", "/me", staff_no="S003").status_code == 409
    assert post(branch, "/care/return-visits/10005", "/me", staff_no="S002").status_code == 303
    assert post(branch, "/care/return-visits/10004", "/me", staff_no="S002").status_code == 404
    assert given(firm) == [("10005", "S002", "open")]
    assert rows(firm, CareStep.action) == [("moved",)]
    listed = branch.get("/care/return-visits?format=csv").text
    assert [number in listed for number in ("10001", "10002", "10003", "10004", "10005")] == [True, True, True, False, True]
    assert post(branch, "/care/return-visits", "/me").status_code == 403
    assert post(seat(firm, someone(firm, Role.ADMIN)), "/care/return-visits", "/me").status_code == 303


def test_the_confirmation_call_finishes_the_visit(firm: Flask) -> None:
    run(firm)
    with firm.app_context():
        row = db.session.execute(select(Attribution.id).join(CareTask, CareTask.account_id == Attribution.account_id).order_by(CareTask.id)).scalars().first()
        script = spoken_on(today())
        yes = {f"q-{key}": answer for key, answer in YES.items()}
        version = str(script.version)
        db.session.remove()
    caller = seat(firm, someone(firm, Role.STAFF, staff_no="S002", branch_no="01"))
    told = {**yes, "version": version, "evidence": "rec-1", "note": ""}
    assert post(caller, f"/confirmations/{row}", "/me", **told, outcome="not_reached").status_code == 303
    assert [state for (state,) in rows(firm, CareTask.state)] == ["open", "open"]
    done = post(caller, f"/confirmations/{row}", "/me", **told, outcome="confirmed")
    assert done.status_code == 303, done.text[-3000:]
    assert [state for (state,) in rows(firm, CareTask.state)] == ["done", "open"]
    assert "10001" not in caller.get("/care/return-visits?format=csv").text
    assert run(firm)["return_visits"] == 0


def test_what_a_file_confirms_is_finished_in_the_night(firm: Flask, tmp_path: Path) -> None:
    run(firm)
    with firm.app_context():
        make.accepted(make.edit(tmp_path / "files" / "attributions.csv", f"10003,B002,100,pending,{SINCE},,", f"10003,B002,100,confirmed,{SINCE},,2026-03-05"))
        db.session.remove()
    assert run(firm)["return_visits_finished"] == 1
    assert [number for number, _who, _state in given(firm)] == ["10001"]


def test_nobody_is_visited_twice() -> None:
    day = date(2026, 3, 10)
    opened = {"opened_on": day - timedelta(days=3)}
    assert BY_NAME["new_client"].tasks(facts(**opened), day, day).height == 1
    assert BY_NAME["new_client"].tasks(facts(**opened, awaits_call=True), day, day).height == 0
    assert isinstance(facts(**opened), pl.DataFrame)
