"""Traces of signing in are deleted when their time is over, and not a day earlier; guessable passwords are refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from models import db
from models.audit import AuditEntry
from models.identity import OneTimeLink, Role, SignInAttempt, User, UserSession
from portal import clock
from portal.actors import TERMINAL
from portal.identity import passwords, sessions
from portal.identity.retention import SESSIONS, TRIES, forget_old
from portal.jobs import tidy
from portal.jobs.worker import Worker
from portal.transaction import transaction
from tests.people import someone

DAY = timedelta(days=1)


def test_what_is_old_goes_and_what_is_younger_stays(app: Flask) -> None:
    key = someone(app, Role.STAFF)
    moment = clock.now()
    with app.app_context():
        with transaction():
            for age in (TRIES - DAY, TRIES + DAY):
                db.session.add(SignInAttempt(at=moment - age, account_digest="x", address="127.0.0.1", outcome="failed"))
            user = db.session.get(User, key)
            assert user is not None
            for begun, ended in ((SESSIONS + 2 * DAY, SESSIONS + DAY), (SESSIONS + 2 * DAY, SESSIONS - DAY), (SESSIONS + DAY, None), (timedelta(0), None)):
                row, _ = sessions.begin(user=user, moment=moment - begun, user_agent="", address="", whole=True)
                row.ended_at = None if ended is None else moment - ended
            db.session.add(OneTimeLink(purpose="reset", token_digest="old", user_id=key, created_at=moment - SESSIONS - DAY, expires_at=moment - SESSIONS - DAY))
            db.session.add(OneTimeLink(purpose="reset", token_digest="new", user_id=key, created_at=moment, expires_at=moment + DAY))
        with transaction():
            assert forget_old(TERMINAL, moment) == {"tries": 1, "sessions": 2, "links": 1}
            assert forget_old(TERMINAL, moment) == {"tries": 0, "sessions": 0, "links": 0}
        counts = [db.session.execute(select(func.count()).select_from(table)).scalar_one() for table in (SignInAttempt, UserSession, OneTimeLink)]
        assert counts == [1, 2, 1]
        assert db.session.execute(select(func.count()).where(AuditEntry.action == "identity.traces.deleted")).scalar_one() == 1


def test_a_worker_asks_for_it_once_a_day(app: Flask) -> None:
    worker = Worker(app)
    worker.drain()
    assert worker._keep_current()
    with app.app_context():
        assert not tidy.is_due(clock.now())
        assert tidy.is_due(clock.now() + 2 * DAY)
    assert worker.drain() >= 1


@pytest.mark.parametrize(
    "password", ["password1234", "Password2024!", "qwertyuiop1!", "zhang123456", "woaini1314520", "correcthorse", "abcd1234abcd", "trustno1234", "P@ssw0rd2026"]
)
def test_passwords_that_are_tried_first_are_refused(password: str) -> None:
    with pytest.raises(passwords.WeakPassword, match="tried first"):
        passwords.check_strength(password, email="li@firm.example", name="Li Lei")


@pytest.mark.parametrize("password", ["four unrelated plain words", "竹影 扫阶 尘不动 月穿", "x9#Lw2!qPz", "q" * 3 + "kettle violin harbour 17" * 6])
def test_good_ones_are_taken(password: str) -> None:
    passwords.check_strength(password, email="li@firm.example", name="Li Lei")
