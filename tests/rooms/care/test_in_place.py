"""Who does a task and by when, and who answers a question, changed where they stand: by who may, from what stands there, once, and written down."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from models import db
from models.audit import AuditEntry
from models.care import CareTask
from models.care_steps import CareStep
from models.identity import Role
from models.partners import Staff
from models.questions import ClientQuestion, QuestionEntry
from models.settlement import CalendarDay
from portal import clock
from portal.actors import TERMINAL
from portal.care.due import on_or_after
from portal.care.tasks import Wanted, set_task
from portal.local_day import today
from portal.settlement import calendar
from portal.transaction import transaction
from tests import make
from tests.people import form_token, post, seat, someone
from tests.rooms.care.test_contacts_and_tasks import a_task, ids, rows
from tests.rooms.pages.firm import settle_in

CHANGED = "was changed by somebody meanwhile"


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """S001 looks after 10001, S002 is a colleague; the trading calendar is known."""
    settle_in(app, tmp_path / "files")
    with app.app_context():
        make.accepted(make.write(tmp_path / "more", "staff", ["S001,Li,01,s1@example.com,19900000001,2024-01-01,", "S002,Wang,01,s2@example.com,19900000002,2024-01-01,"]))
        if db.session.execute(select(func.count()).select_from(CalendarDay)).scalar_one() == 0:
            with transaction():
                calendar.sow(TERMINAL, clock.now())
        db.session.remove()
    return app


@pytest.fixture
def manager(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.STAFF, staff_no="S001", email="s1@firm.example"))


def today_of(app: Flask) -> date:
    with app.app_context():
        return today()


def owner(app: Flask, model: type) -> str:
    with app.app_context():
        found = db.session.execute(select(Staff.staff_no).join(model, model.owner_id == Staff.id)).scalar_one()
        db.session.remove()
    return found


def beside(text: str, place: str) -> str:
    """What stands beside the field of a place."""
    return text.partition(f'id="{place}-value-error"')[2].partition("</div>")[0]


def a_question(app: Flask, manager: FlaskClient) -> int:
    assert post(manager, "/care/clients/10001/question", "/me", subject="delivery", words="交割仓库在哪里").status_code == 303
    return int(rows(app, ClientQuestion.id)[0][0])


def test_a_task_is_given_where_the_name_stands(firm: Flask, manager: FlaskClient) -> None:
    task = a_task(firm)
    shown, form = manager.get(f"/care/tasks/{task}").text, manager.get(f"/care/tasks/{task}/owner").text
    assert ('id="task-owner-value"' in shown, f'href="/care/tasks/{task}/owner"' in shown, 'id="task-owner-value"' in form) == (False, True, True)
    given = post(manager, f"/care/tasks/{task}/owner", "/me", version="1", value="S002")
    assert (given.status_code, given.headers["Location"], owner(firm, CareTask)) == (303, f"/care/tasks/{task}", "S002"), "he looks after the client, so he still sees it"
    assert rows(firm, CareStep.action, CareStep.note) == [("moved", "")]


def test_a_task_is_due_on_another_day_and_both_days_stand_in_the_log(firm: Flask, manager: FlaskClient) -> None:
    task, wanted = a_task(firm), today_of(firm) + timedelta(days=20)
    with firm.app_context():
        (before,), due = rows(firm, CareTask.due_on)[0], on_or_after(wanted)
    form = manager.get(f"/care/tasks/{task}/due").text
    assert f'value="{before}" min="{today_of(firm)}"' in form
    moved = post(manager, f"/care/tasks/{task}/due", "/me", version="1", value=wanted.isoformat())
    assert (moved.status_code, moved.headers["Location"], rows(firm, CareTask.due_on)) == (303, f"/care/tasks/{task}", [(due,)])
    page = manager.get(f"/care/tasks/{task}").text
    assert (f"Due on {due} now." in page, f"Day changed · {due}" in page) == (True, True)
    fields = dict(re.findall(r'name="(value|version)" value="([^"]*)"', page.partition('id="flashes"')[2].partition("</form>")[0]))
    assert fields == {"value": str(before), "version": "2"}, "it can be set back"
    with firm.app_context():
        line = db.session.execute(select(AuditEntry).where(AuditEntry.action == "care.task_dated")).scalar_one()
        assert (line.subject_key, line.before, line.after["due_on"]) == (str(task), {"due_on": str(before)}, str(due))
        db.session.remove()
    assert (post(manager, f"/care/tasks/{task}/due", "/me", **fields).status_code, rows(firm, CareTask.due_on)) == (303, [(before,)])


@pytest.mark.parametrize(
    ("version", "value", "status", "said"),
    [
        ("1", "", 422, "is no date such as"),
        ("1", "morgen", 422, "is no date such as"),
        ("1", "2020-01-02", 422, "due from today on, within a year"),
        ("1", "2099-01-02", 422, "due from today on, within a year"),
        ("1", "same", 422, "already"),
        ("0", "later", 409, CHANGED),
        ("2", "later", 409, CHANGED),
    ],
)
def test_a_day_that_cannot_be_stands_in_the_field_with_what_speaks_against_it(firm: Flask, manager: FlaskClient, version: str, value: str, status: int, said: str) -> None:
    task = a_task(firm)
    ((due,),) = rows(firm, CareTask.due_on)
    text = {"same": str(due), "later": str(today_of(firm) + timedelta(days=20))}.get(value, value)
    refused = post(manager, f"/care/tasks/{task}/due", "/me", version=version, value=text)
    assert (refused.status_code, said in beside(refused.text, "task-due"), rows(firm, CareTask.due_on)) == (status, True, [(due,)])
    assert f'name="value" type="date" value="{text}"' in refused.text, "what was typed is kept"
    assert 'aria-describedby="task-due-value-error task-due-value-hint"' in refused.text
    assert rows(firm, CareStep.id) == []


def test_of_two_at_once_the_second_is_told_and_sees_what_is_there(firm: Flask, manager: FlaskClient) -> None:
    task = a_task(firm)
    assert post(manager, f"/care/tasks/{task}/owner", "/me", version="1", value="S002").status_code == 303
    late = post(manager, f"/care/tasks/{task}/due", "/me", version="1", value=str(today_of(firm) + timedelta(days=20)))
    assert (late.status_code, CHANGED in beside(late.text, "task-due")) == (409, True)
    assert ("Wang" in late.text, 'name="version" value="2"' in late.text) == (True, True)
    assert post(manager, f"/care/tasks/{task}/finish", "/me", outcome="done").status_code == 303
    closed = post(manager, f"/care/tasks/{task}/due", "/me", version="3", value=str(today_of(firm) + timedelta(days=20)))
    assert (closed.status_code, manager.get(f"/care/tasks/{task}/due").status_code) == (409, 409)
    assert "finished already" in closed.text


@pytest.mark.parametrize(("kind", "given", "dated"), [("promise", True, True), ("handover.first_call", True, False), ("plan_review", True, False), ("return_visit", False, False)])
def test_what_a_rule_sets_is_not_changed_here(firm: Flask, manager: FlaskClient, kind: str, given: bool, dated: bool) -> None:
    with firm.app_context():
        with transaction():
            account, mine = ids()
            task = set_task(Wanted(kind, kind, account, mine, today()), TERMINAL, clock.now(), today()).id
        db.session.remove()
    page = manager.get(f"/care/tasks/{task}").text
    assert (f"/care/tasks/{task}/owner" in page, f"/care/tasks/{task}/due" in page) == (given, dated)
    assert ("/care/return-visits/10001" in page) == (not given)
    answers = (
        post(manager, f"/care/tasks/{task}/due", "/me", version="1", value=str(today_of(firm) + timedelta(days=20))),
        post(manager, f"/care/tasks/{task}/owner", "/me", version="2" if dated else "1", value="S002"),
    )
    assert [answer.status_code for answer in answers] == [303 if dated else 422, 303 if given else 422]
    assert owner(firm, CareTask) == ("S002" if given else "S001")


def test_who_loses_sight_of_what_he_gives_away_is_led_to_his_list(firm: Flask) -> None:
    wang = seat(firm, someone(firm, Role.STAFF, staff_no="S002", email="s2@firm.example"))
    task = a_task(firm, staff="S002")
    assert wang.get(f"/care/tasks/{task}").status_code == 200, "it is his, although he does not look after the client"
    given = post(wang, f"/care/tasks/{task}/owner", "/me", version="1", value="S001")
    assert (given.status_code, given.headers["Location"], wang.get(f"/care/tasks/{task}").status_code) == (303, "/care", 404)
    again = a_task(firm, "two", staff="S002")
    data = {"csrf_token": form_token(wang, "/me"), "version": "1", "value": "S001"}
    scripted = wang.post(f"/care/tasks/{again}/owner", data=data, headers={"HX-Request": "true"})
    assert (scripted.status_code, scripted.headers["HX-Redirect"]) == (204, "/care")


def test_a_question_is_given_where_the_name_stands(firm: Flask, manager: FlaskClient) -> None:
    question = a_question(firm, manager)
    assert f'href="/care/questions/{question}/owner"' in manager.get(f"/care/questions/{question}").text
    for version, value, status, said in (
        ("1", "", 422, "there is no staff member"),
        ("1", "S999", 422, "there is no staff member S999"),
        ("1", "S001", 422, "this question is his already"),
        ("2", "S002", 409, CHANGED),
    ):
        refused = post(manager, f"/care/questions/{question}/owner", "/me", version=version, value=value)
        assert (refused.status_code, said in beside(refused.text, "question-owner"), owner(firm, ClientQuestion)) == (status, True, "S001"), value
    assert post(manager, f"/care/questions/{question}/owner", "/me", version="1", value="S002").status_code == 303
    assert (owner(firm, ClientQuestion), rows(firm, QuestionEntry.action)) == ("S002", [("asked",), ("moved",)])
    assert post(manager, f"/care/questions/{question}/answer", "/me", words="在上海").status_code == 422
    assert post(manager, f"/care/questions/{question}/answer", "/me", words="仓库在上海").status_code == 303
    assert manager.get(f"/care/questions/{question}/owner").status_code == 409


def test_who_may_not_is_refused_and_sees_no_button(firm: Flask, manager: FlaskClient) -> None:
    """The bait: a real task and a real question, with the version that stands and a value that would be taken of somebody else."""
    task, question, later = a_task(firm), a_question(firm, manager), str(today_of(firm) + timedelta(days=20))
    tries = ((f"/care/tasks/{task}/owner", "S002"), (f"/care/tasks/{task}/due", later), (f"/care/questions/{question}/owner", "S002"))
    auditor = seat(firm, someone(firm, Role.AUDITOR))
    foreign = seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="02"))
    for client, status in ((auditor, 403), (seat(firm, someone(firm, Role.FINANCE)), 403), (foreign, 404)):
        for address, value in tries:
            assert (client.get(address).status_code, post(client, address, "/me", version="1", value=value).status_code) == (status, status), address
    for address, _value in tries:
        missing = "/".join(part if not part.isdigit() else "987654321" for part in address.split("/"))
        assert foreign.get(missing).status_code == foreign.get(address).status_code == 404
        page = auditor.get(address.rpartition("/")[0])
        assert (page.status_code, address in page.text) == (200, False)
    assert (owner(firm, CareTask), owner(firm, ClientQuestion), rows(firm, CareStep.id)) == ("S001", "S001", [])
    taken = [post(manager, address, "/me", version=version, value=value).status_code for (address, value), version in zip(tries, ("1", "2", "1"), strict=True)]
    assert taken == [303, 303, 303], "the bait was real"


def test_two_give_the_same_day_twice(firm: Flask, manager: FlaskClient) -> None:
    task, day = a_task(firm), today_of(firm) + timedelta(days=30)
    first = post(manager, f"/care/tasks/{task}/due", "/me", version="1", value=day.isoformat())
    second = post(manager, f"/care/tasks/{task}/due", "/me", version="1", value=day.isoformat())
    assert (first.status_code, second.status_code, len(rows(firm, CareStep.id))) == (303, 409, 1)
