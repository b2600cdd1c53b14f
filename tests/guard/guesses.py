"""Guessing: thousands of passwords from forged addresses over several workers, and the owner still gets in at home."""

from __future__ import annotations

import random
import time
from collections import Counter

from sqlalchemy import select

from models import db
from models.identity import Role, SignInAttempt
from tests.guard.crowd import at_once
from tests.guard.report import Report
from tests.guard.served import Browser, Served
from tests.people import PASSWORD, email_of, someone

ACCOUNTS, ADDRESSES, MOST_HEARD = 8, 200, 10


def guesses(portal: Served, report: Report, count: int, seed: int) -> None:
    """`count` guesses over eight accounts (fewer where the guesses are few); at most ten are heard for each within a quarter of an hour."""
    draw = random.Random(seed)
    emails = [email_of(portal.app, someone(portal.app, Role.BROKER)) for _ in range(min(ACCOUNTS, count // 30 or 1))]
    homes = {email: _known(portal, email) for email in emails}
    stranger = portal.browser()
    stranger.post("/sign-in", email="nobody@firm.example", password="x")  # its form token and cookie serve all guesses
    started = time.monotonic()

    def guess(number: int) -> tuple[str, int]:
        forged = f"10.{draw.randrange(4)}.0.{draw.randrange(ADDRESSES // 4)}"
        browser = Browser(portal.port, dict(stranger.cookies), {"X-Forwarded-For": forged, "X-Real-IP": forged, "Forwarded": f"for={forged}"}, stranger.token)
        email = emails[number % len(emails)]
        return email, browser.post("/sign-in", email=email, password=f"guess {number}").status

    answers = at_once(guess, range(count))
    took = time.monotonic() - started
    heard = Counter(email for email, status in answers if status == 422)
    report.tried, report.figures = (
        count,
        {"most heard of one account": max(heard.values(), default=0), "answers": dict(Counter(status for _, status in answers)), "guesses a second": round(count / took)},
    )
    if took > 15 * 60:
        report.fault(f"the guesses took {took:.0f} s: more than one quarter of an hour")
    for email, times in heard.items():
        if times > MOST_HEARD:
            report.fault(f"{times} guesses were heard for {email}")
    _owners(portal, report, homes)


def _known(portal: Served, email: str) -> Browser:
    """A browser on which the owner has signed in before."""
    home = portal.browser()
    assert home.post("/sign-in", email=email, password=PASSWORD).status == 303
    home.token = ""
    assert home.post("/sign-out").status == 303
    home.token = ""
    return home


def _owners(portal: Served, report: Report, homes: dict[str, Browser]) -> None:
    inside = sum(home.post("/sign-in", email=email, password=PASSWORD).status == 303 for email, home in homes.items())
    report.figures["owners let in at home"] = f"{inside} of {len(homes)}"
    if inside < len(homes):
        report.fault("an owner was kept out of his known browser")
    with portal.app.app_context():
        seen = set(db.session.execute(select(SignInAttempt.address).distinct()).scalars())
        db.session.remove()
    if seen - {"127.0.0.1"}:
        report.fault(f"forged addresses were believed: {sorted(seen)[:3]}")
