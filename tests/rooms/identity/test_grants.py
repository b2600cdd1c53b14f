"""No administrator makes himself a second pair of eyes: rights over money or people are given by two."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.audit import Approval, ApprovalState
from models.identity import LinkPurpose, Role, User, UserState
from portal import clock
from portal.actors import TERMINAL
from portal.identity import grants, queries, second_person, verbs
from portal.transaction import transaction
from tests.people import change, hidden_in, post, seat, someone

LINK = re.compile(r"http://127\.0\.0\.1:5000/(?:invite|reset)/[\w.-]+")


def approval(app: Flask) -> tuple[int, str, str]:
    """The newest approval: number, digest, state."""
    with app.app_context():
        row = db.session.execute(select(Approval).order_by(Approval.id.desc()).limit(1)).scalar_one()
        return row.id, row.digest, row.state


def decide(app: Flask, client: FlaskClient) -> int:
    number, digest, _ = approval(app)
    return post(client, f"/approvals/{number}/approve", digest=digest).status_code


def found(app: Flask, email: str) -> User | None:
    with app.app_context():
        return queries.user_by_email(email)


def page_of(app: Flask, user_id: int) -> str:
    with app.app_context():
        user = db.session.get(User, user_id)
        assert user is not None
        return f"/admin/users/{user.public_id}"


def invite(admin: FlaskClient, *roles: str, email: str = "new@firm.example") -> str:
    answer = post(admin, "/admin/users/new", "/admin/users/new", email=email, name="New", roles=list(roles))
    return f"{answer.status_code} {answer.text}"


def give(admin: FlaskClient, path: str, *roles: str, **more: str) -> int:
    return post(admin, f"{path}/roles", path, **{"seen": hidden_in(admin.get(path).text, "seen"), "reason": "a new task"} | more, roles=list(roles)).status_code


@pytest.mark.parametrize(
    ("role", "alone"), [("finance", False), ("compliance", False), ("admin", False), ("staff", True), ("branch_manager", True), ("auditor", True), ("client", True)]
)
def test_who_is_invited_by_two(app: Flask, role: str, alone: bool) -> None:
    admin = seat(app, someone(app, Role.ADMIN))
    second = seat(app, someone(app, Role.COMPLIANCE))
    said = invite(admin, role)
    assert bool(LINK.search(said)) is alone
    assert (found(app, "new@firm.example") is not None) is alone
    if not alone:
        assert invite(admin, role).startswith("409"), "it waits once"
        assert decide(app, admin) == 403, "nobody approves his own"
        assert decide(app, second) == 303
        user = found(app, "new@firm.example")
        assert user is not None
        assert (user.state, user.password_hash) == (UserState.INVITED, None)
        assert LINK.search(post(admin, f"/admin/users/{user.public_id}/link", f"/admin/users/{user.public_id}").text)


@pytest.mark.parametrize(
    ("held", "wanted", "alone"), [("broker", "finance", False), ("finance", "admin", False), ("admin", "finance", True), ("finance", "client", True), ("client", "staff", True)]
)
def test_who_is_given_more_by_two(app: Flask, held: str, wanted: str, alone: bool) -> None:
    admin, second = seat(app, someone(app, Role.ADMIN)), seat(app, someone(app, Role.FINANCE))
    user_id = someone(app, Role(held))
    client = seat(app, user_id)
    assert give(admin, page_of(app, user_id), wanted) == 303
    with app.app_context():
        assert [row.role for row in db.session.get(User, user_id).roles] == [wanted if alone else held]  # type: ignore[union-attr]
    assert client.get("/me").status_code == (302 if alone else 200)
    if not alone:
        assert decide(app, second) == 303
        with app.app_context():
            assert [row.role for row in db.session.get(User, user_id).roles] == [wanted]  # type: ignore[union-attr]
        assert client.get("/me").status_code == 302, "his sessions end with it"


def test_the_person_concerned_cannot_approve_his_own_rise(app: Flask) -> None:
    admin, someone_else = seat(app, someone(app, Role.ADMIN)), someone(app, Role.COMPLIANCE)
    user_id = someone(app, Role.FINANCE)
    assert give(admin, page_of(app, user_id), "finance", "admin") == 303
    assert decide(app, seat(app, user_id)) == 422
    assert approval(app)[2] == ApprovalState.WAITING
    assert decide(app, seat(app, someone_else)) == 303


def test_what_changed_while_it_waited_is_not_overwritten(app: Flask) -> None:
    first, second = seat(app, someone(app, Role.ADMIN)), seat(app, someone(app, Role.ADMIN))
    user_id = someone(app, Role.BROKER, broker_no="B001")
    path = page_of(app, user_id)
    assert give(first, path, "finance") == 303
    assert give(second, path, "client", client_no="0007") == 303
    assert decide(app, second) == 409
    assert approval(app)[2] == ApprovalState.WAITING


def test_who_asked_and_was_disabled_gives_nothing(app: Flask) -> None:
    first_id, second = someone(app, Role.ADMIN), seat(app, someone(app, Role.ADMIN))
    invite(seat(app, first_id), "finance")
    change(app, first_id, state=UserState.DISABLED)
    assert decide(app, second) == 409
    assert found(app, "new@firm.example") is None


def test_without_anybody_to_approve_it_says_so(app: Flask) -> None:
    said = invite(seat(app, someone(app, Role.ADMIN)), "finance")
    assert said.startswith("422")
    assert "flask users add" in said


def test_two_who_change_roles_at_once_do_not_overwrite_each_other(app: Flask) -> None:
    first, second = seat(app, someone(app, Role.ADMIN)), seat(app, someone(app, Role.ADMIN))
    path = page_of(app, someone(app, Role.BROKER, broker_no="B001"))
    seen = hidden_in(second.get(path).text, "seen")
    assert give(first, path, "client", client_no="0007") == 303
    late = post(second, f"{path}/roles", path, seen=seen, roles=["staff"], staff_no="S001", reason="at the same time")
    assert late.status_code == 409
    assert "client · 0007" in late.text, "what it is now"
    assert 'value="S001"' in late.text, "and what was typed"
    assert post(second, f"{path}/roles", path, seen=hidden_in(late.text, "seen"), roles=["staff"], staff_no="S001", reason="knowing it").status_code == 303
    assert post(second, f"{path}/roles", path, roles=["client"], reason="without having looked").status_code == 409


def test_a_link_handed_out_before_a_rise_is_dead(app: Flask) -> None:
    user_id = someone(app, Role.BROKER)
    with app.app_context():
        with transaction():
            user = db.session.get(User, user_id)
            assert user is not None
            token = verbs.issue_link(user=user, purpose=LinkPurpose.RESET, secret=str(app.secret_key), actor=TERMINAL, moment=clock.now())
        db.session.remove()
    admin, second = seat(app, someone(app, Role.ADMIN)), seat(app, someone(app, Role.ADMIN))
    assert app.test_client().get(f"/reset/{token}").status_code == 200
    give(admin, page_of(app, user_id), "finance")
    decide(app, second)
    assert app.test_client().get(f"/reset/{token}").status_code == 404


def test_control_without_the_rule_one_administrator_is_two(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grants, "POWERS", frozenset())
    assert second_person.POWERS, "only this rule is taken away"
    assert LINK.search(invite(seat(app, someone(app, Role.ADMIN)), "admin"))
