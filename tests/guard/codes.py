"""Second factors seen by somebody else: a code, of the phone or of the paper, that is used several times at once and again."""

from __future__ import annotations

from collections import Counter

import pyotp

from models import db
from models.identity import Role, User
from portal import clock, keys
from portal.identity import factors, sessions
from portal.transaction import transaction
from tests.guard.crowd import at_once
from tests.guard.report import Report
from tests.guard.served import Served
from tests.people import someone

AT_ONCE, AGAIN = 3, 1


def codes(portal: Served, report: Report, count: int, seed: int) -> None:
    """`count` codes, each tried by three half signed-in browsers at once and by another one after: it counts once."""
    accepted: Counter[str] = Counter()
    for number in range(count):
        code, tokens = _half(portal, spare=bool(number % 2))
        first = at_once(lambda token, code=code: _give(portal, token, code), tokens[:AT_ONCE], AT_ONCE)
        later = [_give(portal, token, code) for token in tokens[AT_ONCE:]]
        kind = "spare code" if number % 2 else "code of the phone"
        accepted[kind] += sum(first) + sum(later)
        if sum(first) != 1 or sum(later):
            report.fault(f"{kind} {number}: accepted {sum(first)} times at once and {sum(later)} times after")
    report.tried, report.figures = count * (AT_ONCE + AGAIN), {"codes": count, "accepted": dict(accepted)}


def _half(portal: Served, *, spare: bool) -> tuple[str, list[str]]:
    """A code of a new user, and sessions of his that lack it."""
    user_id = someone(portal.app, Role.FINANCE)
    with portal.app.app_context():
        with transaction():
            user = db.session.get(User, user_id)
            assert user is not None
            secret, moment = factors.fresh_secret(), clock.now()
            spares = factors.enrol(user=user, secret=secret, step=0, ring=keys.keyring(), moment=moment)
            tokens = [sessions.begin(user=user, moment=moment, user_agent="", address="", whole=False)[1] for _ in range(AT_ONCE + AGAIN)]
        db.session.remove()
    return (spares[0] if spare else pyotp.TOTP(secret).at(moment)), tokens


def _give(portal: Served, token: str, code: str) -> bool:
    return portal.holding(token).post("/second-factor", code=code).status == 303
