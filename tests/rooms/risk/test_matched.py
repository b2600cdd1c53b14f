"""Where nobody was held out: pairs made by what was known before, and what became of both, from a firm's own files; worked by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.club_invites import Arm, EventEffect, Invitee, InviteList
from models.consents import Consent
from models.identity import User
from models.jobs import Job
from portal import clock
from portal.actors import TERMINAL
from portal.club import events
from portal.club.events import When
from portal.jobs import club_effect
from portal.jobs.worker import Worker
from portal.risk import alike, effects, matched, matching, methods
from portal.risk.methods import Counts, Method
from portal.transaction import transaction
from tests import remembered
from tests.oracle import product
from tests.oracle.notation import Draft, trade
from tests.rooms.club.scene import draft as event_draft

DRAWN, HELD = date(2026, 3, 2), date(2026, 3, 16)
FRIDAYS = [date(2025, 12, 5) + timedelta(days=7 * week) for week in range(29)]
UNTIL = FRIDAYS[-1]
KEEN, IDLE = 18, 6
OTHERS = 30
"""Of the invited 18 traded every Friday and 6 every other one; of those who were not invited 30 each."""
INVITED = [f"1{place:04d}" for place in range(KEEN + IDLE)]
NOT_INVITED = [f"2{place:04d}" for place in range(2 * OTHERS)]
KEEN_ONES = {*INVITED[:KEEN], *NOT_INVITED[:OTHERS]}


def trades_on(number: str, week: int, day: date) -> bool:
    """Before: the keen every Friday, the others every other one. From the draw on times are half as good for everybody, and an invitation makes up for that."""
    even = week % 2 == 0
    if day <= DRAWN or number in INVITED:
        return number in KEEN_ONES or even
    return number in KEEN_ONES and even


def firm(app: Flask, folder: Path) -> None:
    book = Draft()
    for number in (*INVITED, *NOT_INVITED):
        book.account(number).update(client_no=f"C{number}")
    for week, day in enumerate(FRIDAYS):
        book.day(str(day), [trade(number, "SHFE.rb", 0, 0) for number in (*INVITED, *NOT_INVITED) if trades_on(number, week, day)], (*INVITED, *NOT_INVITED))
    product.people(app)
    product.import_folder(app, str(book.write(folder)))


def listed(*, percent: int = 0, held_out: int = 0) -> int:
    """An evening to which the invited stand on a list; the first of those who are not are held out of it. Returns its number."""
    begins = datetime(HELD.year, HELD.month, HELD.day, 11, tzinfo=UTC)
    with transaction():
        event = events.create(event_draft(when=(When(begins, begins + timedelta(hours=2)),), sales_end_at=begins), actor=TERMINAL, moment=clock.now(), key="evening")
        event.state = "published"
        made: dict[str, Any] = {"criteria": {}, "percent": percent, "why_none": "" if percent else "too small", "contractual": False, "seed": "", "drawn_label": ""}
        row = InviteList(public_id="list", event_id=event.id, drawn_on=DRAWN, drawn_at=clock.now(), **made)
        db.session.add(row)
        db.session.flush()
        for place, number in enumerate([*INVITED, *NOT_INVITED[:held_out]]):
            arm = Arm.INVITED if number in INVITED else Arm.HELD_OUT
            db.session.add(Invitee(list_id=row.id, event_id=event.id, client_no=f"C{number}", arm=arm, place=place, equity=0, tier="", risk_class=""))
        return event.id


@pytest.fixture
def evening(app: Flask, tmp_path: Path) -> int:
    remembered.begin(app, tmp_path / "files", firm)
    with app.app_context():
        number = listed()
        db.session.remove()
    return number


def silent(step: str, done: int, total: int) -> None:
    """Nobody listens."""


def told(number: int, until: date = UNTIL) -> dict[str, Any]:
    """What pairs tell of an evening."""
    return dict(matched.beside({}, [number], until, silent)[number]["matched"])


@pytest.mark.usefixtures("database")
def test_what_an_invitation_did_is_read_beside_those_who_were_alike(evening: int) -> None:
    """Every invited client traded on as often as before, every partner half a Friday less often: 50 points on each window. Before and after of the invited alone
    shows nothing, which is what the control is: the times hid it."""
    found = told(evening)
    assert (found["invited"], found["pool"], found["pairs"], found["facts_on"], found["alike"]) == (24, 60, 24, "2026-02-27", True)
    for window in ("30", "90"):
        row = found["windows"][window]["trading"]
        assert row["value"] == pytest.approx(500_000, abs=60_000), "an odd number of Fridays is not half"
        assert (row["tells"], row["enough"], row["chance"] < 0.01) == (True, True, True)
        assert abs(row["of_invited"]) < 60_000, "before and after of the invited alone shows nothing"
        assert (found["windows"][window]["net"]["value"], found["windows"][window]["active"]["tells"]) == (0, False)
    assert [row[2] for row in found["series"][:4]] == [True, True, True, False]
    assert found["before"]["trading"]["tells"] is False


@pytest.mark.usefixtures("database")
def test_the_unmatched_sides_were_apart_and_matching_makes_them_alike(evening: int) -> None:
    """18 of 24 invited and 30 of 60 others were keen: 0.75 beside 0.5."""
    found = {name: (before, after) for name, before, after in told(evening)["balance"]}
    assert found["trading"][0] > 400
    assert abs(found["trading"][1]) <= 1
    assert set(found) == {"size", "trading", "age"}, "nobody was scored by then, so there is no such fact"


@pytest.mark.usefixtures("database")
def test_what_is_recorded_after_the_invitation_changes_no_pair(app: Flask, tmp_path: Path) -> None:
    """The firm hands its days in up to the draw; pairs are made. Then come the days after it: the same pairs."""
    book = Draft()
    for number in (*INVITED, *NOT_INVITED):
        book.account(number).update(client_no=f"C{number}")
    product.people(app)

    def days(which: list[tuple[int, date]]) -> None:
        for week, day in which:
            book.day(str(day), [trade(number, "SHFE.rb", 0, 0) for number in (*INVITED, *NOT_INVITED) if trades_on(number, week, day)], (*INVITED, *NOT_INVITED))
        new = [str(day) for _week, day in which]
        product.import_folder(app, str(book.write(tmp_path / f"files{len(which)}", trades=new, balances=new)))

    weeks = list(enumerate(FRIDAYS))
    days([row for row in weeks if row[1] < DRAWN])
    number = listed()
    before = _pairs(number)
    days([row for row in weeks if row[1] >= DRAWN])
    assert _pairs(number) == before
    assert len(before) == 2 * len(INVITED)


def _pairs(number: int) -> list[str]:
    sides = alike.sides_of(number, by_list=True)
    assert sides is not None
    known = alike.as_known_before(sides, silent)
    found = known.clients_of(matching.paired(*known.facts_of(), *known.classes_of()))
    db.session.rollback()
    return found


@pytest.mark.usefixtures("database")
def test_control_facts_of_after_the_invitation_are_caught(evening: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: how often a client traded is read eight weeks later. By then the invited are keener, so that most find nobody like them, and the truth of 50 points is missed."""
    plain = alike._lived
    monkeypatch.setattr(alike, "_lived", lambda placed, size, on, known, progress: plain(placed, size, on + timedelta(days=110), 10**9, progress))
    found = told(evening)
    assert found["pairs"] < len(INVITED)
    assert not found["windows"]["30"]["trading"]["tells"]


@pytest.mark.usefixtures("database")
def test_who_asked_not_to_be_profiled_stands_on_neither_side(evening: int) -> None:
    with transaction():
        at, user = datetime(2026, 1, 5, tzinfo=UTC), db.session.execute(select(User.id).order_by(User.id)).scalars().first()
        for number in (INVITED[0], NOT_INVITED[0]):
            db.session.add(Consent(client_no=f"C{number}", purpose="profiling", given=False, text_version=1, text_digest="x", locale="zh_Hans_CN", at=at, user_id=user))
    found = told(evening)
    assert (found["invited"], found["pool"], found["left_out"]) == (23, 59, {"unprofiled": 1, "no_client": 0})


@pytest.mark.usefixtures("database")
def test_a_window_that_is_not_over_is_not_read(evening: int) -> None:
    found = told(evening, date(2026, 4, 14))
    assert (found["windows"], found["pairs"], found["alike"]) == ({}, 24, True)


@pytest.mark.parametrize(
    ("counts", "method"),
    [
        (Counts(invited=100, held=20, listed=100), Method.LOT),
        (Counts(invited=100, held=20, listed=100, plan="p"), Method.LOT),
        (Counts(invited=100, held=19, listed=100, plan="p"), Method.WAVES),
        (Counts(invited=100, held=19, listed=100), Method.PAIRS),
        (Counts(listed=20), Method.PAIRS),
        (Counts(listed=19, booked=50), Method.NONE),
        (Counts(booked=20), Method.PAIRS),
        (Counts(booked=19), Method.NONE),
        (Counts(), Method.NONE),
    ],
)
def test_the_surest_comparison_is_chosen(counts: Counts, method: Method) -> None:
    assert counts.method is method


@pytest.mark.usefixtures("database")
def test_too_few_held_out_makes_them_partners_like_others(app: Flask, tmp_path: Path) -> None:
    remembered.begin(app, tmp_path / "files", firm)
    number = listed(percent=15, held_out=5)
    counts = methods.of_events([number])[number]
    assert (counts, counts.method) == (Counts(invited=24, held=5, listed=24), Method.PAIRS)
    assert told(number)["pool"] == 60


def test_it_is_read_by_the_nightly_job_until_nothing_can_change(app: Flask, evening: int) -> None:
    with app.app_context():
        assert effects.due(date(2026, 4, 14)) == []
        assert effects.due(UNTIL) == [evening]
        with transaction():
            club_effect.ask(TERMINAL, clock.now())
        db.session.remove()
        Worker(app, poll=0.01).drain()
        job = db.session.execute(select(Job).where(Job.kind == club_effect.EFFECT)).scalar_one()
        assert (job.state, job.result) == ("done", {"events": 1})
        kept = db.session.execute(select(EventEffect)).scalar_one()
        assert (kept.result["windows"], kept.result["matched"]["pairs"], kept.result["final"]) == ({}, 24, False)
        assert effects.due(UNTIL) == [], "read as of this day already"
        assert effects.due(UNTIL + timedelta(days=1)) == [evening], "the time in which money may come back is not over"
        db.session.remove()
