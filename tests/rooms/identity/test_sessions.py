"""A session is dead at the very next request: after signing out, a new password, losing the sign-in or a role, or time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.identity import LinkPurpose, Role, User, UserSession
from portal import clock
from portal.actors import TERMINAL
from portal.identity import passwords, verbs
from portal.transaction import transaction
from tests.people import PASSWORD, form_token, post, seat, someone

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
STRONG = "another four unrelated words"


def do(app: Flask, user_id: int, verb: Callable[[User], object]) -> None:
    with app.app_context():
        with transaction():
            user = db.session.get(User, user_id)
            assert user is not None
            verb(user)
        db.session.remove()


def copied(app: Flask, client: FlaskClient) -> FlaskClient:
    """A thief's browser with the same cookie."""
    thief = app.test_client()
    cookie = client.get_cookie(app.config["SIGN_IN_COOKIE"])
    assert cookie is not None
    thief.set_cookie(app.config["SIGN_IN_COOKIE"], cookie.value)
    return thief


def opens(client: FlaskClient) -> bool:
    return client.get("/me").status_code == 200


def _reset(user: User, app: Flask) -> None:
    token = verbs.issue_link(user=user, purpose=LinkPurpose.RESET, secret=str(app.secret_key), actor=TERMINAL, moment=clock.now())
    hashed = passwords.hashed(STRONG, "quick")
    verbs.choose_password(token=token, purpose=LinkPurpose.RESET, secret=str(app.secret_key), password_hash=hashed, moment=clock.now())


ENDINGS: dict[str, Callable[[User, Flask], object]] = {
    "disabled": lambda user, app: verbs.disable(user=user, reason="left the firm", actor=TERMINAL, moment=clock.now()),
    "role changed": lambda user, app: verbs.change_roles(user=user, roles=[Role.CLIENT], numbers={}, reason="moved", actor=TERMINAL, moment=clock.now()),
    "ended by an administrator": lambda user, app: verbs.end_sessions(user=user, actor=TERMINAL, moment=clock.now()),
    "password reset": _reset,
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_copied_cookie_is_dead_at_the_very_next_request(app: Flask, ending: str) -> None:
    user_id = someone(app, Role.BROKER, broker_no="0001")
    client = seat(app, user_id)
    thief = copied(app, client)
    assert opens(thief)
    do(app, user_id, lambda user: ENDINGS[ending](user, app))
    assert not opens(thief)
    assert not opens(client)


def test_signing_out_ends_it_on_the_server(app: Flask) -> None:
    client = seat(app, someone(app, Role.BROKER))
    thief = copied(app, client)
    post(client, "/sign-out")
    assert not opens(thief)


def test_a_new_password_keeps_this_device_and_ends_the_others(app: Flask) -> None:
    user_id = someone(app, Role.BROKER)
    here, there = seat(app, user_id), seat(app, user_id)
    assert post(here, "/me/password", "/me", old="wrong", password=STRONG, again=STRONG).status_code == 422
    assert post(here, "/me/password", "/me", old=PASSWORD, password=STRONG, again=STRONG).status_code == 303
    assert opens(here)
    assert not opens(there)


def test_sessions_are_listed_and_ended_one_by_one_or_all_others(app: Flask) -> None:
    user_id = someone(app, Role.BROKER)
    here, second, third = (seat(app, user_id) for _ in range(3))
    with app.app_context():
        newest = db.session.execute(select(UserSession.id).where(UserSession.user_id == user_id).order_by(UserSession.id)).scalars().all()
    assert post(here, f"/me/sessions/{newest[1]}/end", "/me").status_code == 303
    assert (opens(here), opens(second), opens(third)) == (True, False, True)
    post(here, "/me/sessions/end-others", "/me")
    assert (opens(here), opens(third)) == (True, False)


def test_it_ends_by_itself(app: Flask) -> None:
    with time_machine.travel(NOON, tick=False) as time:
        client = seat(app, someone(app, Role.BROKER))
        for _ in range(7):
            time.shift(timedelta(minutes=100))
            assert opens(client)
        time.shift(timedelta(minutes=25))
        assert not opens(client)  # twelve hours in all, though it was used all the time
        client = seat(app, someone(app, Role.BROKER))
        time.shift(timedelta(minutes=121))
        assert not opens(client)  # two idle hours


def test_neither_a_guessed_nor_a_stored_value_opens_anything(app: Flask) -> None:
    seat(app, someone(app, Role.BROKER))
    with app.app_context():
        stored = db.session.execute(select(UserSession.token_digest)).scalar_one()
    for value in (stored, "", "x" * 3_900, "0"):
        client = app.test_client()
        client.set_cookie(app.config["SIGN_IN_COOKIE"], value)
        assert not opens(client)


def test_flask_logins_own_ways_in_are_closed(app: Flask) -> None:
    user_id = someone(app, Role.BROKER)
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = str(user_id)
        session["_fresh"] = True
    assert not opens(client)


def test_the_password_is_asked_for_again_before_a_sensitive_step(app: Flask) -> None:
    client = seat(app, someone(app, Role.ADMIN), fresh_at=clock.now() - timedelta(minutes=31))
    assert client.get("/admin/users/new").headers["Location"] == "/confirm-password?next=/admin/users/new"
    assert post(client, "/confirm-password", password="wrong").status_code == 422
    assert post(client, "/confirm-password", password=PASSWORD, next="/admin/users/new").headers["Location"] == "/admin/users/new"
    page = client.get("/admin/users/new?lang=en")
    assert page.status_code == 200
    assert "Sensitive steps are open until" in page.text
    with app.app_context():
        lines = db.session.execute(select(AuditEntry.after).where(AuditEntry.action == "identity.password.confirmed")).scalars().all()
    assert len(lines) == 1, "the one that was right, with its end"
    assert timedelta(minutes=29) < datetime.fromisoformat(lines[0]["until"]) - clock.now() <= timedelta(minutes=30)


def test_a_password_given_again_changes_the_token(app: Flask) -> None:
    client = seat(app, someone(app, Role.ADMIN))
    for path, page, fields in (("/confirm-password", "/me", {"password": PASSWORD}), ("/me/password", "/me", {"old": PASSWORD, "password": STRONG, "again": STRONG})):
        thief = copied(app, client)
        assert post(client, path, page, **fields).status_code == 303
        assert opens(client)
        assert not opens(thief), path


def test_changes_leave_a_line_in_the_audit_log_and_say_no_secret(app: Flask) -> None:
    user_id = someone(app, Role.BROKER)
    client = seat(app, user_id)
    post(client, "/me", "/me", name="A new name", locale="en", theme="dark")
    post(client, "/me/password", "/me", old=PASSWORD, password=STRONG, again=STRONG)
    post(client, "/sign-out")
    with app.app_context():
        lines = db.session.execute(select(AuditEntry).order_by(AuditEntry.seq)).scalars().all()
        said = {line.action for line in lines}
        everything = " ".join(f"{line.before}{line.after}{line.reason}" for line in lines)
    assert {"identity.user.added", "identity.settings.changed", "identity.password.changed", "identity.session.ended"} <= said
    assert STRONG not in everything
    assert "A new name" not in everything
    assert all(line.request_id for line in lines if line.action == "identity.settings.changed")


def test_form_token_of_one_session_is_foreign_to_another(app: Flask) -> None:
    one, two = seat(app, someone(app, Role.BROKER)), seat(app, someone(app, Role.BROKER))
    form_token(two)
    assert two.post("/me/sessions/end-others", data={"csrf_token": form_token(one)}).status_code == 400
