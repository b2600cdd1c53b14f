"""Many want the few seats of an event at the same moment: so many get one as there are, everybody else is told that it is full.

.venv/bin/python -m tests.guard seats [--count 300] [--database postgresql://user@host/] [--workers 4] [--fault]
"""

from __future__ import annotations

import secrets
from collections import Counter

from models import db
from models.identity import Role
from portal.club.events import Kind
from tests.guard.crowd import at_once
from tests.guard.replays import people_with_sessions
from tests.guard.report import Report
from tests.guard.served import Browser, Served
from tests.people import hidden_in
from tests.rooms.club.scene import event_of, seats_sold

ONE_SEAT_FOR = 15
"""Persons for each seat."""


def seats(portal: Served, report: Report, count: int, seed: int) -> None:
    """`count` people sign up at once for a fifteenth of so many seats, each from a browser of his own."""
    room, key = max(1, count // ONE_SEAT_FOR), f"race-{secrets.token_hex(4)}"
    desks = [portal.holding(token) for _, _, token in people_with_sessions(portal, count, Role.CLIENT)]
    with portal.app.app_context():
        number = event_of(key, capacity=room, kinds=(Kind("免费", "Free", 0),))
        db.session.remove()
    kind = hidden_in(desks[0].get(f"/events/{key}").text.replace('name="kind" value', 'name="kind" x="" value'), "kind")
    at_once(lambda desk: desk.get("/forgot").status, desks, 32)

    def sign_up(desk: Browser) -> str:
        answer = desk.post(f"/events/{key}/book", kind=kind, name="Somebody")
        return "a seat" if answer.status == 303 else "full" if answer.status == 409 and "full" in answer.text else f"{answer.status}"

    answers = Counter(at_once(sign_up, desks, 64))
    with portal.app.app_context():
        sold = seats_sold(number)
        db.session.remove()
    report.tried, report.figures = count, {"seats": room, "sold": sold, **answers}
    if sold != room or answers != {"a seat": room, "full": count - room}:
        report.fault(f"{room} seats, {sold} sold, {dict(answers)}")
