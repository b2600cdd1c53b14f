"""Two administrators change the same at once: one of them is told, and nothing is overwritten unseen."""

from __future__ import annotations

import random

from models import db
from models.identity import Role, User
from portal import clock
from portal.actors import TERMINAL
from portal.settlement import calendar
from portal.transaction import transaction
from tests.guard.crowd import at_once
from tests.guard.replays import people_with_sessions
from tests.guard.report import Report
from tests.guard.served import Browser, Served
from tests.people import hidden_in, someone


def overwrites(portal: Served, report: Report, count: int, seed: int) -> None:
    """`count` races of two forms that were opened at the same time: roles of a user, or a day of the calendar."""
    draw = random.Random(seed)
    desks = [portal.holding(token) for _, _, token in people_with_sessions(portal, 2, Role.ADMIN)]
    with portal.app.app_context():
        with transaction():
            calendar.sow(TERMINAL, clock.now())
        db.session.remove()
    both = 0
    for number in range(count):
        path, page, fields = _calendar(draw) if number % 2 else _roles(portal)
        seen = hidden_in(desks[0].get(page).text, "seen")

        def save(given: tuple[Browser, dict[str, str]], path: str = path, seen: str = seen) -> int:
            return given[0].post(path, seen=seen, **given[1]).status

        answers = sorted(at_once(save, zip(desks, fields, strict=True), 2))
        both += answers == [303, 303]
        if answers != [303, 409]:
            report.fault(f"race {number} ({path}): {answers}")
    report.tried, report.figures = count, {"silent overwrites": both}


def _roles(portal: Served) -> tuple[str, str, list[dict[str, str]]]:
    user_id = someone(portal.app, Role.BROKER, password=None, broker_no="B001")
    with portal.app.app_context():
        user = db.session.get(User, user_id)
        assert user is not None
        path = f"/admin/users/{user.public_id}"
        db.session.remove()
    return f"{path}/roles", path, [{"roles": "client", "client_no": "0001", "reason": "first"}, {"roles": "staff", "staff_no": "S001", "reason": "second"}]


def _calendar(draw: random.Random) -> tuple[str, str, list[dict[str, str]]]:
    day = f"2026-{draw.randrange(1, 13):02d}-{draw.randrange(1, 29):02d}"
    notes = [f"note {draw.randrange(10**9)}" for _ in range(2)]
    return "/calendar/2026/days", "/calendar/2026", [{"day": day, "trading": "no", "note": notes[0]}, {"day": day, "trading": "yes", "note": notes[1]}]
