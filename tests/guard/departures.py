"""Leaving: somebody is disabled or loses a right while his requests run; the very next one is refused, and his links are dead."""

from __future__ import annotations

import threading
import time

from models import db
from models.identity import LinkPurpose, Role, User
from portal import clock
from portal.actors import TERMINAL
from portal.identity import verbs
from portal.transaction import transaction
from tests.guard.crowd import at_once
from tests.guard.replays import people_with_sessions
from tests.guard.report import Report
from tests.guard.served import Served

PAGE = "/commission/months"
"""Only for those who see months: a client never does."""


def departures(portal: Served, report: Report, count: int, seed: int) -> None:
    """`count` races of a departure against requests that run; a request that began after it must be refused."""
    races = people_with_sessions(portal, count, Role.FINANCE)
    found = at_once(lambda race: _race(portal, *race), list(enumerate(races)), 4)
    report.tried = count
    report.figures = {"requests": sum(requests for requests, _, _ in found), "answered before": sum(before for _, before, _ in found)}
    for _, _, faults in found:
        for words in faults:
            report.fault(words)


def _race(portal: Served, number: int, person: tuple[int, int, str]) -> tuple[int, int, list[str]]:
    user_id, _, token = person
    link = _link(portal, user_id)
    seen: list[tuple[float, int]] = []
    over = threading.Event()

    def keep_asking() -> None:
        while not over.is_set():
            began = time.monotonic()
            seen.append((began, portal.holding(token).get(PAGE).status))

    asking = threading.Thread(target=keep_asking)
    asking.start()
    while not seen:
        time.sleep(0.001)
    _leave(portal, user_id, disabled=number % 2 == 0)
    gone = time.monotonic()
    after = [portal.holding(token).get(PAGE).status, portal.browser().get(link).status]
    over.set()
    asking.join()
    late = [status for began, status in seen if began > gone and status == 200]
    faults = [f"race {number}: a request after the departure was answered"] * bool(late or after[0] == 200) + [f"race {number}: the link still worked"] * (after[1] != 404)
    return len(seen) + 2, sum(status == 200 for _, status in seen), faults


def _link(portal: Served, user_id: int) -> str:
    with portal.app.app_context():
        with transaction():
            user = db.session.get(User, user_id)
            assert user is not None
            made = verbs.issue_link(user=user, purpose=LinkPurpose.RESET, secret=str(portal.app.secret_key), actor=TERMINAL, moment=clock.now())
        db.session.remove()
    return f"/reset/{made}"


def _leave(portal: Served, user_id: int, *, disabled: bool) -> None:
    with portal.app.app_context():
        with transaction():
            user = db.session.get(User, user_id)
            assert user is not None
            if disabled:
                verbs.disable(user=user, reason="left", actor=TERMINAL, moment=clock.now())
            else:
                verbs.change_roles(user=user, roles=[Role.CLIENT], numbers={}, reason="moved", actor=TERMINAL, moment=clock.now())
        db.session.remove()
