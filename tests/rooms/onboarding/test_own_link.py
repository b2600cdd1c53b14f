"""An applicant does his part by a link of his own: it opens once, in one browser, and reaches nothing but his application."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.identity import Role
from models.onboarding import Application, ApplicationItem, ApplicationLink, ApplicationState
from models.outbox import OutboxMessage
from portal import clock
from portal.keys import keyring
from portal.notices import sending
from portal.onboarding.applicant import HOLDS, MAILED
from portal.onboarding.texts import QUESTIONS, STATEMENTS
from portal.transaction import transaction
from tests.people import post, seat, someone
from tests.rooms.onboarding.test_pages import APPLICANT
from tests.rooms.pages.firm import settle_in

RIGHT = {question.key: str(question.right) for question in QUESTIONS}


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    settle_in(app, tmp_path / "files")
    return app


@pytest.fixture
def branch(firm: Flask) -> FlaskClient:
    return seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="01"))


def taken_in(branch: FlaskClient) -> str:
    return post(branch, "/onboarding", "/onboarding/new", **APPLICANT).headers["Location"]


def link_of(branch: FlaskClient, at: str) -> str:
    page = post(branch, f"{at}/own-link", at)
    assert page.status_code == 200
    found = re.search(r"(/onboarding/mine/open/[\w.-]+)", page.text)
    assert found
    return found[1]


def opened(app: Flask, address: str) -> FlaskClient:
    visitor = app.test_client()
    assert visitor.get(address).status_code == 200
    assert post(visitor, address, address).status_code == 303
    return visitor


def items(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        found = [tuple(row) for row in db.session.execute(select(ApplicationItem.item, ApplicationItem.actor_label).order_by(ApplicationItem.id))]
        db.session.remove()
    return found


def test_he_shows_his_part_and_the_firm_sees_it(firm: Flask, branch: FlaskClient) -> None:
    at = taken_in(branch)
    visitor = opened(firm, link_of(branch, at))
    page = visitor.get("/onboarding/mine")
    assert page.status_code == 200
    assert "赵六" in page.text
    assert APPLICANT["id_no"] not in page.text
    assert post(visitor, "/onboarding/mine", "/onboarding/mine?item=documents", item="documents", evidence="身份证 …; 合格证 77").status_code == 303
    assert post(visitor, "/onboarding/mine", "/onboarding/mine?item=declaration", item="declaration", **{statement.key: "y" for statement in STATEMENTS}).status_code == 303
    assert post(visitor, "/onboarding/mine", "/onboarding/mine?item=test", item="test", **RIGHT).status_code == 303
    assert [item for item, _who in items(firm)] == ["documents", "declaration", "test"]
    assert {who for _item, who in items(firm)} == {"applicant A2026-00001"} or len({who for _item, who in items(firm)}) == 1
    assert "合格证 77" in branch.get(at).text
    for foreign in ("licence", "agreement", "training", "x", ""):
        assert post(visitor, "/onboarding/mine", "/onboarding/mine", item=foreign, evidence="mine").status_code == 422
    assert len(items(firm)) == 3, "what the firm shows is not his to show"
    for page_of_firm in (at, "/onboarding", "/clients"):
        assert visitor.get(page_of_firm).status_code in (302, 401)


def test_a_link_opens_once_and_a_new_one_ends_it(firm: Flask, branch: FlaskClient) -> None:
    at = taken_in(branch)
    first = link_of(branch, at)
    assert firm.test_client().get(first).status_code == 200
    assert firm.test_client().get(first).status_code == 200, "looking at it uses nothing up"
    visitor = opened(firm, first)
    assert firm.test_client().get(first).status_code == 404
    assert post(firm.test_client(), first, "/forgot").status_code == 404
    assert firm.test_client().get("/onboarding/mine").status_code == 410, "another browser has no grant"
    link_of(branch, at)
    assert visitor.get("/onboarding/mine").status_code == 410, "the new link ended the old grant"


def test_a_grant_ends_by_leaving_and_by_time(firm: Flask, branch: FlaskClient) -> None:
    at = taken_in(branch)
    visitor = opened(firm, link_of(branch, at))
    assert post(visitor, "/onboarding/mine/leave", "/onboarding/mine").status_code == 200
    assert visitor.get("/onboarding/mine").status_code == 410
    late = opened(firm, link_of(branch, at))
    with firm.app_context():
        with transaction():
            link = db.session.execute(select(ApplicationLink).order_by(ApplicationLink.id.desc())).scalars().first()
            link.expires_at = clock.now() - HOLDS + timedelta(hours=1)
        db.session.remove()
    assert late.get("/onboarding/mine").status_code == 410


def test_the_test_is_answered_three_times_at_most(firm: Flask, branch: FlaskClient) -> None:
    visitor = opened(firm, link_of(branch, taken_in(branch)))
    wrong = {question.key: str((question.right + 1) % len(question.answers)) for question in QUESTIONS}
    codes = [post(visitor, "/onboarding/mine", "/onboarding/mine?item=test", item="test", **answers).status_code for answers in (wrong, wrong, RIGHT, RIGHT)]
    assert codes == [303, 303, 303, 409]
    assert len(items(firm)) == 3


def test_once_it_is_checked_he_sees_and_changes_nothing(firm: Flask, branch: FlaskClient) -> None:
    at = taken_in(branch)
    visitor = opened(firm, link_of(branch, at))
    with firm.app_context():
        with transaction():
            db.session.execute(select(Application)).scalar_one().state = ApplicationState.CHECKED
        db.session.remove()
    assert "you can change nothing now" in visitor.get("/onboarding/mine?item=documents").text
    assert post(visitor, "/onboarding/mine", "/onboarding/mine", item="documents", evidence="papers").status_code == 409
    assert items(firm) == []
    assert post(branch, f"{at}/own-link", "/onboarding").status_code == 409


def mailed(app: Flask) -> list[tuple[str, str]]:
    """To whom which link would go out, the oldest first."""
    with app.app_context():
        ids = db.session.execute(select(OutboxMessage.id).where(OutboxMessage.kind == MAILED).order_by(OutboxMessage.id)).scalars().all()
        found = [(taken.to, taken.link) for number in ids for taken in [sending.look(number, keyring(), clock.now())[1]]]
        db.session.remove()
    return found


def test_it_is_mailed_to_the_address_that_he_gave_and_to_no_other(firm: Flask, branch: FlaskClient) -> None:
    at = taken_in(branch)
    assert post(branch, f"{at}/own-link/mail", at, locale="en").status_code == 422, "the branch must say that he gave it"
    assert mailed(firm) == []
    for _again in range(2):
        assert post(branch, f"{at}/own-link/mail", at, given="yes", locale="en", email="other@example.com").status_code == 303
    (to, first), (again, second) = mailed(firm)
    assert to == again == APPLICANT["email"]
    assert first != second
    paths = [found[0] for link in (first, second) if (found := re.search(r"/onboarding/mine/open/[\w.-]+", link))]
    assert firm.test_client().get(paths[0]).status_code == 404, "sent again, the one before has ended"
    assert opened(firm, paths[1]).get("/onboarding/mine").status_code == 200
    assert "Last mailed" in branch.get(at).text
    with firm.app_context():
        logged = db.session.execute(select(AuditEntry.after).where(AuditEntry.action == "application.link_mailed")).scalars().all()
        db.session.remove()
    assert logged == [{"address_given_by_applicant": True, "locale": "en"}] * 2


def test_without_an_address_it_is_handed_over(firm: Flask, branch: FlaskClient) -> None:
    at = post(branch, "/onboarding", "/onboarding/new", **{**APPLICANT, "email": ""}).headers["Location"]
    assert "own-link/mail" not in branch.get(at).text
    assert post(branch, f"{at}/own-link/mail", at, given="yes").status_code == 422
    assert mailed(firm) == []
