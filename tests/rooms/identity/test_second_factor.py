"""The second factor: nothing opens without it where a role needs it, and no code counts twice."""

from __future__ import annotations

import dataclasses
import html
import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from models import db
from models.identity import LinkPurpose, Role, User
from portal import clock, create_app
from portal.actors import TERMINAL
from portal.identity import verbs
from portal.identity.factors import REQUIRED
from portal.settings import Settings
from portal.transaction import transaction
from tests.people import change, email_of, form_token, post, sign_in, someone, token_in

NOON = datetime(2026, 11, 20, 4, 0, 10, tzinfo=UTC)


def enrol(client: FlaskClient) -> tuple[str, list[str]]:
    """Set the factor up as a person would: read the key, type the first code, keep the spare codes."""
    page = client.get("/second-factor").text
    found = re.search(r'class="secret-key">([^<]+)<', page)
    pending = re.search(r'name="pending"[^>]*value="([^"]+)"', page)
    assert found
    assert pending
    secret = found[1].replace(" ", "").strip()
    code = pyotp.TOTP(secret).at(clock.now())
    answer = client.post("/second-factor", data={"csrf_token": token_in(page), "pending": html.unescape(pending[1]), "code": code})
    assert answer.status_code == 200
    return secret, re.findall(r"<code>([a-z2-7-]{19})</code>", answer.text)


def half(app: Flask, user_id: int) -> FlaskClient:
    """A browser after the password."""
    client = app.test_client()
    assert sign_in(client, email_of(app, user_id)).headers["Location"].startswith("/second-factor")
    return client


def give(client: FlaskClient, code: str) -> int:
    return client.post("/second-factor", data={"csrf_token": form_token(client), "code": code}).status_code


@pytest.mark.parametrize("role", sorted(REQUIRED))
def test_roles_that_touch_others_money_open_nothing_with_a_password_alone(app: Flask, role: Role) -> None:
    client = half(app, someone(app, role))
    assert client.get("/me").headers["Location"] == "/second-factor?next=/me"
    enrol(client)
    assert client.get("/me").status_code == 200


def test_brokers_and_clients_need_none_but_may_have_one(app: Flask) -> None:
    user_id = someone(app, Role.BROKER)
    client = app.test_client()
    sign_in(client, email_of(app, user_id))
    assert client.get("/me").status_code == 200
    page = client.get("/me/second-factor").text
    assert "<svg" in page
    assert "style=" not in page[page.index("<svg") : page.index("</svg>")]


def test_a_code_counts_once(app: Flask) -> None:
    user_id = someone(app, Role.ADMIN)
    with time_machine.travel(NOON, tick=False) as time:
        secret, spare = enrol(half(app, user_id))
        assert len(set(spare)) == 10
        code = pyotp.TOTP(secret).at(NOON)
        assert give(half(app, user_id), code) == 422  # the code of setting it up was its first use
        time.shift(timedelta(seconds=30))
        code = pyotp.TOTP(secret).at(clock.now())
        first, second = half(app, user_id), half(app, user_id)
        assert give(first, code) == 303
        assert give(second, code) == 422
        assert give(second, pyotp.TOTP(secret).at(NOON)) == 422  # nor an older one
        assert first.get("/me").status_code == 200
        assert second.get("/me").status_code == 302


def test_a_spare_code_counts_once(app: Flask) -> None:
    user_id = someone(app, Role.FINANCE)
    _, spare = enrol(half(app, user_id))
    assert give(half(app, user_id), spare[3].upper().replace("-", " ")) == 303
    assert give(half(app, user_id), spare[3]) == 422
    with app.app_context():
        stored = db.session.execute(db.text("SELECT code_digest FROM recovery_code")).scalars().all()
        assert not set(spare) & set(stored)


def test_codes_are_not_guessed(app: Flask) -> None:
    user_id = someone(app, Role.ADMIN)
    _, spare = enrol(half(app, user_id))
    answers = [give(half(app, user_id), "000000") for _ in range(5)]
    assert answers == [422] * 5
    assert give(half(app, user_id), spare[0]) == 429


def test_the_token_changes_when_the_factor_was_right_and_the_half_one_is_dead(app: Flask) -> None:
    user_id = someone(app, Role.ADMIN)
    _, spare = enrol(half(app, user_id))
    client = half(app, user_id)
    name = app.config["SIGN_IN_COOKIE"]
    before = client.get_cookie(name)
    assert before is not None
    give(client, spare[0])
    thief = app.test_client()
    thief.set_cookie(name, before.value)
    assert thief.get("/me").headers["Location"].startswith("/sign-in")
    assert client.get("/me").status_code == 200


def test_between_password_and_code_lie_ten_minutes_at_most(app: Flask) -> None:
    with time_machine.travel(NOON, tick=False) as time:
        client = half(app, someone(app, Role.ADMIN))
        time.shift(timedelta(minutes=11))
        assert client.get("/second-factor").headers["Location"].startswith("/sign-in")


def test_a_reset_password_does_not_skip_it(app: Flask) -> None:
    user_id = someone(app, Role.ADMIN)
    enrol(half(app, user_id))
    with app.app_context():
        with transaction():
            user = db.session.get(User, user_id)
            assert user is not None
            token = verbs.issue_link(user=user, purpose=LinkPurpose.RESET, secret=str(app.secret_key), actor=TERMINAL, moment=clock.now())
        db.session.remove()
    client = app.test_client()
    page = client.get(f"/reset/{token}")
    client.post(f"/reset/{token}", data={"csrf_token": token_in(page.text), "password": "a wholly new set of words", "again": "a wholly new set of words"})
    assert client.get("/me").status_code == 302
    assert sign_in(client, email_of(app, user_id), "a wholly new set of words").headers["Location"].startswith("/second-factor")


def test_a_picture_of_another_session_sets_nothing_up(app: Flask) -> None:
    one, two = half(app, someone(app, Role.ADMIN)), half(app, someone(app, Role.ADMIN))
    page = one.get("/second-factor").text
    pending = re.search(r'name="pending"[^>]*value="([^"]+)"', page)
    assert pending
    secret = re.search(r'class="secret-key">([^<]+)<', page)
    assert secret
    code = pyotp.TOTP(secret[1].replace(" ", "").strip()).at(clock.now())
    assert two.post("/second-factor", data={"csrf_token": form_token(two), "pending": html.unescape(pending[1]), "code": code}).status_code == 422


def test_only_a_demonstration_firms_printed_sign_ins_pass_without(app: Flask, settings: Settings) -> None:
    user_id = someone(app, Role.ADMIN, demo=True)
    half(app, user_id)  # not a demonstration firm: the mark alone opens nothing
    show = create_app(dataclasses.replace(settings, demo=True))
    client = show.test_client()
    sign_in(client, email_of(show, user_id))
    assert client.get("/me").status_code == 200
    change(show, user_id, demo=False)
    assert client.get("/me").headers["Location"].startswith("/second-factor")
    with show.app_context():
        db.session.remove()
        db.engine.dispose()


def test_moving_to_another_phone_ends_the_other_sessions(app: Flask) -> None:
    user_id = someone(app, Role.BROKER)
    here, there = app.test_client(), app.test_client()
    for client in (here, there):
        sign_in(client, email_of(app, user_id))
    page = here.get("/me/second-factor").text
    secret = re.search(r'class="secret-key">([^<]+)<', page)
    pending = re.search(r'name="pending"[^>]*value="([^"]+)"', page)
    assert secret
    assert pending
    code = pyotp.TOTP(secret[1].replace(" ", "").strip()).at(clock.now())
    assert here.post("/me/second-factor", data={"csrf_token": token_in(page), "pending": html.unescape(pending[1]), "code": code}).status_code == 200
    assert here.get("/me").status_code == 200
    assert there.get("/me").status_code == 302
    assert post(here, "/me/spare-codes", "/me").status_code == 200
