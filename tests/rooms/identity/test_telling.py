"""A person finds in his inbox what was done to his sign-in, and what strangers tried on it."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from models import db
from models.identity import LinkPurpose, Role, User
from models.notices import Notice
from portal import clock
from portal.actors import TERMINAL
from portal.identity import factors, passwords, telling, throttle, verbs
from portal.transaction import transaction
from tests.people import email_of, post, seat, sign_in, someone
from tests.rooms.identity.test_second_factor import enrol, half

OTHER = "five other plain words here"


def told(app: Flask, user_id: int) -> list[str]:
    """The kinds of notices of a person, oldest first."""
    with app.app_context():
        found = list(db.session.execute(select(Notice.kind).where(Notice.user_id == user_id).order_by(Notice.id)).scalars())
        db.session.remove()
    return found


def test_strangers_tries_are_told_once_to_whoever_signs_in(app: Flask) -> None:
    user_id, other_id = someone(app, Role.BROKER), someone(app, Role.BROKER)
    email, stranger, home = email_of(app, user_id), app.test_client(), app.test_client()
    sign_in(home, email)
    for _ in range(throttle.PER_ACCOUNT + 2):
        sign_in(stranger, email, "wrong")
    for _ in range(throttle.PER_ACCOUNT - 1):
        sign_in(stranger, email_of(app, other_id), "wrong")
    assert told(app, user_id) == [], "nothing is written while a stranger could time it"
    sign_in(home, email)
    sign_in(app.test_client(), email_of(app, other_id))
    assert (told(app, user_id), told(app, other_id)) == ([telling.TRIES], []), "control: few tries are not worth a word"
    assert f"tried {throttle.PER_ACCOUNT + 2} wrong passwords" in home.get("/notices").text
    sign_in(home, email)
    assert told(app, user_id) == [telling.TRIES]


def test_a_changed_password_or_second_factor_is_told(app: Flask) -> None:
    user_id = someone(app, Role.FINANCE)
    client = half(app, user_id)
    enrol(client)
    assert post(client, "/me/password", "/me", old="four unrelated plain words", password=OTHER, again=OTHER).status_code == 303
    assert post(client, "/me/spare-codes", "/me").status_code == 200
    with app.app_context():
        with transaction():
            user, moment = db.session.get(User, user_id), clock.now() + timedelta(seconds=1)
            assert user is not None
            token = verbs.issue_link(user=user, purpose=LinkPurpose.RESET, secret="s", actor=TERMINAL, moment=moment)
            verbs.choose_password(token=token, purpose=LinkPurpose.RESET, secret="s", password_hash=passwords.hashed(OTHER, "quick"), moment=moment)
            verbs.remove_second_factor(user=user, reason="lost", actor=TERMINAL, moment=moment)
            assert not factors.enrolled(user)
        db.session.remove()
    assert told(app, user_id) == [telling.FACTOR, telling.PASSWORD, telling.SPARE_CODES, telling.PASSWORD, telling.FACTOR_REMOVED]
    assert "took your second factor away" in seat(app, user_id).get("/notices").text


def test_a_first_password_is_no_news(app: Flask) -> None:
    user_id = someone(app, Role.BROKER, password=None)
    with app.app_context():
        with transaction():
            user = db.session.get(User, user_id)
            assert user is not None
            token = verbs.issue_link(user=user, purpose=LinkPurpose.INVITE, secret="s", actor=TERMINAL, moment=clock.now())
            verbs.choose_password(token=token, purpose=LinkPurpose.INVITE, secret="s", password_hash=passwords.hashed(OTHER, "quick"), moment=clock.now())
        db.session.remove()
    assert told(app, user_id) == []
