"""From application to broker at a browser, the lapses beside it, and who may open what."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from models import db
from models.audit import Approval
from models.identity import Role, User
from models.onboarding import Application, ApplicationState, Item
from portal.onboarding.texts import QUESTIONS, STATEMENTS
from tests.people import post, seat, someone
from tests.rooms.onboarding.applicants import id_no
from tests.rooms.pages.firm import settle_in

TODAY = str(datetime.now(UTC).date())
APPLICANT = {
    "broker_no": "B100",
    "name": "赵六",
    "kind": "person",
    "id_no": id_no(date(1990, 5, 1)),
    "phone": "13812345678",
    "email": "zhao@firm.example",
    "branch_no": "01",
    "manager_no": "S001",
}
SHOWN = {
    Item.DOCUMENTS: {},
    Item.LICENCE: {"licence_no": "F100", "first": "2025-01-01", "last": "2098-12-31"},
    Item.TRAINING: {"hours": "12"},
    Item.DECLARATION: {statement.key: "y" for statement in STATEMENTS},
    Item.TEST: {question.key: str(question.right) for question in QUESTIONS},
    Item.AGREEMENT: {"plan_code": "HALF", "first": TODAY, "last": "2098-12-31"},
}


def test_a_branch_takes_somebody_in_and_compliance_makes_him_a_broker(app: Flask, tmp_path: Path) -> None:
    settle_in(app, tmp_path / "files")
    branch = seat(app, someone(app, Role.BRANCH_MANAGER, branch_no="01"))
    second, admin = seat(app, someone(app, Role.COMPLIANCE)), seat(app, someone(app, Role.ADMIN))
    refused = post(branch, "/onboarding", "/onboarding/new", **APPLICANT | {"id_no": "110101199005010011"})
    assert refused.status_code == 422
    assert "check digit" in refused.text
    assert "110101199005010011" in refused.text, "what was typed stays"
    at = post(branch, "/onboarding", "/onboarding/new", **APPLICANT).headers["Location"]
    for item, fields in SHOWN.items():
        form = f"{at}/items/{item.value}"
        assert post(branch, form, form, shown_on=TODAY, evidence="folder 7", **fields).status_code == 303, item
    page = branch.get(at)
    assert APPLICANT["id_no"] not in page.text
    assert APPLICANT["phone"] not in page.text
    assert post(branch, f"{at}/check", at).status_code == 303
    paper = branch.get(f"{at}/agreement.pdf")
    assert (paper.status_code, paper.data[:5]) == (200, b"%PDF-")
    text = branch.get(at).text
    digest = text.split('name="digest" value="')[1].split('"')[0]
    assert post(branch, f"{at}/ask", at, digest=digest).status_code == 303
    with app.app_context():
        approval = db.session.execute(select(Approval).where(Approval.kind == "onboarding.application")).scalar_one()
        number, seen = approval.id, approval.digest
        db.session.remove()
    decided = post(second, f"/approvals/{number}/approve", f"/approvals/{number}", digest=seen)
    assert decided.status_code in (302, 303), decided.text[:400]
    assert post(admin, f"{at}/invite", at).status_code == 303
    with app.app_context():
        row = db.session.execute(select(Application)).scalar_one()
        assert row.state == ApplicationState.ACTIVE
        user = db.session.execute(select(User).where(User.email == "zhao@firm.example")).scalar_one()
        assert (user.broker_no, [role.role for role in user.roles]) == ("B100", ["broker"])
        db.session.remove()
    assert post(admin, f"{at}/invite", at).status_code == 409, "a second invitation is answered"


def test_what_is_no_date_number_or_answer_is_said_and_never_a_fault(app: Flask, tmp_path: Path) -> None:
    settle_in(app, tmp_path / "files")
    admin = seat(app, someone(app, Role.ADMIN))
    at = post(admin, "/onboarding", "/onboarding/new", **APPLICANT).headers["Location"]
    bad = {
        Item.LICENCE: {"licence_no": "\x00", "first": "2026-02-30", "last": "9999-12-31"},
        Item.TRAINING: {"hours": "-1"},
        Item.TEST: {QUESTIONS[0].key: "7"},
        Item.AGREEMENT: {"plan_code": "NONE", "first": "2026-03-02", "last": "2026-03-01"},
        Item.DOCUMENTS: {"evidence": "x" * 300},
    }
    for item, fields in bad.items():
        form = f"{at}/items/{item.value}"
        assert post(admin, form, form, **{"shown_on": TODAY, "evidence": "folder 7"} | fields).status_code == 422, item
    backwards = {"plan_code": "HALF", "first": "2026-03-02", "last": "2026-03-01", "shown_on": TODAY, "evidence": "folder 7"}
    assert post(admin, f"{at}/items/agreement", f"{at}/items/agreement", **backwards).status_code == 422
    assert admin.get(f"{at}/items/nothing").status_code == 404
