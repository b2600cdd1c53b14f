"""Into the sign-in of somebody with rights over money or people no administrator gets alone."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from models import db
from models.audit import Approval, ApprovalState
from models.identity import Role, User
from portal import clock
from portal.identity import second_person
from tests.people import change, post, seat, someone

LINK = re.compile(r"http://127\.0\.0\.1:5000/reset/[\w.-]+")


def approval(app: Flask) -> tuple[int, str, str]:
    """The newest approval: number, digest, state."""
    with app.app_context():
        row = db.session.execute(select(Approval).order_by(Approval.id.desc()).limit(1)).scalar_one()
        return row.id, row.digest, row.state


def enrolled(app: Flask, *roles: Role) -> tuple[int, str]:
    """Somebody with a second factor, and the page about him."""
    user_id = someone(app, *roles)
    change(app, user_id, totp_secret="sealed", totp_confirmed_at=clock.now())
    with app.app_context():
        user = db.session.get(User, user_id)
        assert user is not None
        return user_id, f"/admin/users/{user.public_id}"


def has_factor(app: Flask, user_id: int) -> bool:
    with app.app_context():
        user = db.session.get(User, user_id)
        assert user is not None
        return user.totp_confirmed_at is not None


@pytest.mark.parametrize(("role", "alone"), [(Role.FINANCE, False), (Role.COMPLIANCE, False), (Role.ADMIN, False), (Role.STAFF, True), (Role.AUDITOR, True), (Role.BROKER, True)])
def test_who_needs_a_second_administrator(app: Flask, role: Role, alone: bool) -> None:
    first = seat(app, someone(app, Role.ADMIN))
    someone(app, Role.ADMIN)
    user_id, path = enrolled(app, role)
    assert post(first, f"{path}/second-factor/remove", path, reason="lost on the way").status_code == 303
    assert has_factor(app, user_id) is not alone


def test_the_removal_happens_when_the_second_one_approves(app: Flask) -> None:
    first_id, second_id = someone(app, Role.ADMIN), someone(app, Role.ADMIN)
    first, second = seat(app, first_id), seat(app, second_id)
    user_id, path = enrolled(app, Role.FINANCE)
    post(first, f"{path}/second-factor/remove", path, reason="lost on the way")
    assert post(first, f"{path}/second-factor/remove", path, reason="again").status_code == 409, "it waits once"
    number, digest, _ = approval(app)
    assert post(first, f"/approvals/{number}/approve", digest=digest).status_code == 403, "nobody approves his own"
    assert has_factor(app, user_id)
    assert "1 unread notice" in second.get("/notices").text
    assert post(second, f"/approvals/{number}/approve", digest=digest).status_code == 303
    assert not has_factor(app, user_id)
    assert "is approved by" in first.get("/notices").text


def test_the_person_concerned_cannot_be_the_second_one(app: Flask) -> None:
    first = seat(app, someone(app, Role.ADMIN))
    someone(app, Role.ADMIN)
    user_id, path = enrolled(app, Role.ADMIN)
    post(first, f"{path}/second-factor/remove", path, reason="lost on the way")
    number, digest, _ = approval(app)
    assert post(seat(app, user_id), f"/approvals/{number}/approve", digest=digest).status_code == 422
    assert (has_factor(app, user_id), approval(app)[2]) == (True, ApprovalState.WAITING)


def test_without_another_administrator_it_says_so(app: Flask) -> None:
    first = seat(app, someone(app, Role.ADMIN))
    user_id, path = enrolled(app, Role.FINANCE)
    answer = post(first, f"{path}/second-factor/remove", path, reason="lost on the way")
    assert (answer.status_code, "terminal" in answer.text, has_factor(app, user_id)) == (422, True, True)


def test_a_password_link_is_made_once_by_whoever_asked_within_a_day(app: Flask) -> None:
    first, second, third = (seat(app, someone(app, Role.ADMIN)) for _ in range(3))
    _, path = enrolled(app, Role.FINANCE)
    assert not LINK.search(post(first, f"{path}/link", path, reason="forgot it").text)
    number, digest, _ = approval(app)
    assert not LINK.search(post(first, f"{path}/link", path, reason="now?").text), "waiting is no permit"
    post(second, f"/approvals/{number}/approve", digest=digest)
    assert not LINK.search(post(third, f"{path}/link", path, reason="me?").text), "the permit is whoever's asked"
    assert LINK.search(post(first, f"{path}/link", path).text)
    assert not LINK.search(post(first, f"{path}/link", path, reason="again").text), "one approval, one link"


def test_a_permit_lapses(app: Flask) -> None:
    first_id, second_id = someone(app, Role.ADMIN), someone(app, Role.ADMIN)
    _, path = enrolled(app, Role.FINANCE)
    post(seat(app, first_id), f"{path}/link", path, reason="forgot it")
    number, digest, _ = approval(app)
    post(seat(app, second_id), f"/approvals/{number}/approve", digest=digest)
    with time_machine.travel(clock.now() + second_person.PERMIT_LASTS + timedelta(minutes=1)):
        assert not LINK.search(post(seat(app, first_id), f"{path}/link", path, reason="late").text)


def test_control_without_the_rule_one_administrator_gets_in(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_person, "POWERS", frozenset())
    first = seat(app, someone(app, Role.ADMIN))
    someone(app, Role.ADMIN)
    user_id, path = enrolled(app, Role.FINANCE)
    post(first, f"{path}/second-factor/remove", path, reason="lost on the way")
    assert not has_factor(app, user_id)
    assert LINK.search(post(first, f"{path}/link", path).text)
