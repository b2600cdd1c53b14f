"""How often somebody may try: counted in the database, so that it holds with several workers and after a restart.

A try is written down before the password is looked at and counts as failed until it is known to have succeeded; tries
at the same moment thus cannot slip past the limit together. A browser on which the owner has signed in before has a
count of its own, so that a stranger who keeps guessing does not keep the owner out.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
from datetime import datetime, timedelta

from sqlalchemy import func, select, text, update

from models import db
from models.identity import SignInAttempt
from portal.refusals import Refusal
from portal.transaction import on_postgresql

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 5
PER_ADDRESS = 50


class Outcome(enum.StrEnum):
    """What became of a try."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    THROTTLED = "throttled"
    ASKED = "asked_for_reset"


COUNTED = (Outcome.STARTED, Outcome.FAILED, Outcome.ASKED)


class TooMany(Refusal):
    """The limit is reached; `seconds` says when the next try is heard."""

    status = 429


def account_key(secret: str, what: str, who: str) -> str:
    """Under what the tries on something of somebody are counted: a keyed digest, so that the table names no one."""
    return hmac.new(secret.encode(), f"{what}:{who}".encode(), hashlib.sha256).hexdigest()


def start(*, key: str, address: str, moment: datetime, outcome: Outcome = Outcome.STARTED, known: bool = False) -> tuple[int, TooMany | None]:
    """Write a try down and say whether it is over the limit. Returns its number and the refusal to raise after the commit.

    `known`: the browser is one of the owner's own. The address's count does not stop it, or whoever guesses from the same
    office (or the same proxy) would keep everybody out; its own few tries a quarter of an hour do.
    """
    if on_postgresql():
        for lock in sorted({key} if known else {key, address}):
            db.session.execute(text("SELECT pg_advisory_xact_lock(727002, hashtext(:lock))"), {"lock": lock})
    wait = max(_wait(SignInAttempt.account_digest == key, PER_ACCOUNT, moment), 0 if known else _wait(SignInAttempt.address == address, PER_ADDRESS, moment))
    row = SignInAttempt(at=moment, account_digest=key, address=address, outcome=Outcome.THROTTLED if wait else outcome)
    db.session.add(row)
    db.session.flush()
    return row.id, TooMany("Too many tries. Try again in %(minutes)s minutes.", minutes=-(-wait // 60), seconds=wait) if wait else None


def finish(attempt_id: int, outcome: Outcome) -> None:
    """Write down what became of a try."""
    db.session.execute(update(SignInAttempt).where(SignInAttempt.id == attempt_id).values(outcome=outcome))


def _wait(these: object, limit: int, moment: datetime) -> int:
    """Seconds until fewer than `limit` counted tries lie within the window; 0 where it is so now."""
    counted = (these, SignInAttempt.outcome.in_(COUNTED), SignInAttempt.at > moment - WINDOW)
    if (db.session.execute(select(func.count()).where(*counted)).scalar_one()) < limit:  # type: ignore[arg-type]
        return 0
    newest = select(SignInAttempt.at).where(*counted).order_by(SignInAttempt.at.desc()).limit(1).offset(limit - 1)  # type: ignore[arg-type]
    return max(1, int((db.session.execute(newest).scalar_one() + WINDOW - moment).total_seconds()) + 1)
