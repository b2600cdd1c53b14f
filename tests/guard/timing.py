"""Who has a sign-in: wrong passwords, and asking for a new one, for known and unknown addresses in turn, and how long each took.

Judged are the medians of the answers' processor time; the medians on the wall, which is what a stranger sees, are judged too.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from typing import Any

from models.identity import Role, UserState
from portal.identity import passwords
from tests.guard.report import Report
from tests.guard.served import Browser, Served
from tests.people import PASSWORD, change, email_of, someone

CLOSE = 0.05
"""By how much the medians may differ."""
TRIES = 4
"""So many tries of one account, which are all heard."""
DOORS: dict[str, tuple[int, dict[str, str]]] = {"/sign-in": (422, {"password": "a wrong password"}), "/forgot": (200, {})}
"""Each page with the answer that everybody gets, and what is sent beside the address."""
Times = dict[str, list[float]]


def timing(portal: Served, report: Report, count: int, seed: int) -> None:
    """At each door `count` rounds, in a random order within each, from an address of its own each; passwords are hashed at full cost.

    The portal stands behind one proxy here, so that each try may come from another address and none is refused unheard.
    """
    draw = random.Random(seed)
    known = {kind: _people(portal, -(-count // TRIES), state) for kind, state in (("known", UserState.ACTIVE), ("invited", UserState.INVITED))}
    stranger = portal.browser()
    stranger.post("/sign-in", email="nobody@firm.example", password="x")
    for path, (status, fields) in DOORS.items():
        took: Times = {kind: [] for kind in ("unknown", *known)}
        waited: Times = {kind: [] for kind in took}
        for kind, email in _rounds(draw, count, known):
            browser = Browser(portal.port, dict(stranger.cookies), {"X-Forwarded-For": f"10.{draw.randrange(256)}.{draw.randrange(256)}.{draw.randrange(256)}"}, stranger.token)
            started = time.perf_counter()
            answer = browser.post(path, email=email, **fields)
            waited[kind].append(1000 * (time.perf_counter() - started))
            took[kind].append(int(answer.headers["X-Processor-Nanoseconds"]) / 1_000_000)
            if answer.status != status:
                report.fault(f"{path} {kind}: answered {answer.status}")
        report.tried += len(took) * count
        report.figures[path] = {"processor ms": _judged(report, f"{path} processor", took), "wall ms": _judged(report, f"{path} wall", waited)}


def _people(portal: Served, count: int, state: UserState) -> list[str]:
    """Addresses of so many people with a sign-in; who is only invited has no password yet."""
    hashed = passwords.hashed(PASSWORD, "strong") if state == UserState.ACTIVE else None
    people = [someone(portal.app, Role.BROKER, password=None) for _ in range(count)]
    for user_id in people:
        change(portal.app, user_id, password_hash=hashed, state=state)
    return [email_of(portal.app, user_id) for user_id in people]


def _rounds(draw: random.Random, count: int, known: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Kind and address of each try."""
    for number in range(count):
        one = [("unknown", f"{draw.randrange(16**10):010x}@firm.example"), *((kind, emails[number // TRIES]) for kind, emails in known.items())]
        draw.shuffle(one)
        yield from one


def _judged(report: Report, what: str, times: Times) -> dict[str, Any]:
    """The medians of each kind, and by how much the farthest lies from that of strangers."""
    medians = {kind: statistics.median(values) for kind, values in times.items()}
    apart = max(abs(median / medians["unknown"] - 1) for median in medians.values())
    if apart >= CLOSE:
        report.fault(f"{what}: the medians differ by {apart:.1%}")
    return {kind: round(median, 2) for kind, median in medians.items()} | {"apart": f"{apart:.2%}"}
