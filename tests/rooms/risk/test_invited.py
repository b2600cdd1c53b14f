"""What became of the invited and the held-out, from a firm's own files: worked by hand on a few clients."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.club_invites import Arm, EventEffect, Invitee, InviteList
from models.jobs import Job
from portal import clock
from portal.actors import TERMINAL
from portal.club import events
from portal.club.events import When
from portal.jobs import club_effect
from portal.jobs.worker import Worker
from portal.risk import effects, invited
from portal.transaction import transaction
from tests import remembered
from tests.oracle import product
from tests.oracle.notation import Draft, trade
from tests.rooms.club.scene import draft as event_draft

DRAWN, HELD = date(2026, 3, 2), date(2026, 3, 16)
"""The draw, and the evening; 30 days after it are 15 April, 90 days are 14 June."""
UNTIL = date(2026, 10, 30)
FRIDAYS = [date(2025, 12, 5) + timedelta(days=7 * week) for week in range(48)]
SIDES = {"STAYS": Arm.INVITED, "TWO": Arm.INVITED, "LEFT": Arm.HELD_OUT, "LOST": Arm.HELD_OUT, "OWED": Arm.OWED}
ACCOUNTS = {"10001": "STAYS", "10002": "TWO", "10003": "TWO", "10004": "LEFT", "10005": "LOST", "10006": "OWED"}


def firm(app: Flask, folder: Path) -> None:
    """A settled day every Friday; everybody has 100,000.00 yuan at first.

    STAYS pays 5,000.00 in on 13 March and trades on three Fridays of the first window, and once on the day of the draw's week before it.
    TWO takes 90,000.00 out of one of his accounts on 27 March and pays it into the other: nothing left him.
    LEFT takes 95,000.00 out on 10 April: largely left. LOST loses 95,000.00 to the market on 3 April and stays.
    """
    book = Draft()
    for number, owner in ACCOUNTS.items():
        book.account(number).update(client_no=owner)
    flows: dict[str, dict[str, dict[str, int]]] = {
        "2026-03-13": {"10001": {"deposit": 500_000}},
        "2026-03-27": {"10002": {"withdrawal": 9_000_000}, "10003": {"deposit": 9_000_000}},
        "2026-04-03": {"10005": {"realized_pnl": -9_500_000}},
        "2026-04-10": {"10004": {"withdrawal": 9_500_000}},
    }
    traded = {"2026-02-27", "2026-03-06", "2026-03-20", "2026-04-10", "2026-05-01"}
    for day in map(str, FRIDAYS):
        rows = [trade("10001", "SHFE.rb", 0, 0)] if day in traded else []
        book.day(day, [*rows, trade("10005", "SHFE.rb", 0, 0)], ACCOUNTS, flows.get(day))
    product.people(app)
    product.import_folder(app, str(book.write(folder)))


def listed(held: date = HELD, *, percent: int = 15) -> int:
    """An evening and its list with both sides as SIDES has them. Returns its number."""
    begins = datetime(held.year, held.month, held.day, 11, tzinfo=UTC)
    with transaction():
        said = event_draft(when=(When(begins, begins + timedelta(hours=2), "", ""),), sales_end_at=begins)
        event = events.create(said, actor=TERMINAL, moment=clock.now(), key="evening")
        event.state = "published"
        row = InviteList(
            public_id="list",
            event_id=event.id,
            criteria={},
            percent=percent,
            why_none="" if percent else "small",
            contractual=False,
            seed="",
            drawn_on=DRAWN,
            drawn_at=clock.now(),
            drawn_label="",
        )
        db.session.add(row)
        db.session.flush()
        for place, (number, arm) in enumerate(SIDES.items()):
            db.session.add(Invitee(list_id=row.id, event_id=event.id, client_no=number, arm=arm, place=place, equity=0, tier="gold" if number == "TWO" else "", risk_class=""))
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


def table(event_id: int, until: date, window: int = 30) -> dict[str, tuple[bool, int, int]]:
    """By client whether he is active, his net deposits (fen) and his days with trades."""
    [one] = invited.groups([event_id])
    invited.effects([event_id], until, silent)
    known = invited.last_recording_id()
    for day, versions in invited.days.versions(DRAWN - invited.WARM, until).items():
        one.add(day, *invited.days.rows_of(invited.days.known_of(versions, known)))
    rows, _open = one.measured(until)[window]
    return {row["client_no"]: (row["active"], row["net"], row["trading"]) for row in rows.iter_rows(named=True)}


@pytest.mark.usefixtures("database")
def test_each_client_is_measured_by_hand(evening: int) -> None:
    """Days with trades of STAYS: 6 March, 20 March and 10 April; 27 February was before the draw, 1 May after the window. LOST traded every Friday:
    6, 13, 20, 27 March, 3 and 10 April. Whoever is invited by right stands on no side."""
    assert table(evening, UNTIL) == {"STAYS": (True, 500_000, 3), "TWO": (True, 0, 0), "LEFT": (False, -9_500_000, 0), "LOST": (True, 0, 6)}
    assert table(evening, UNTIL, 90)["STAYS"] == (True, 500_000, 4)


@pytest.mark.usefixtures("database")
def test_both_sides_are_compared(evening: int) -> None:
    found = invited.effects([evening], UNTIL, silent)[evening]
    one = found["windows"]["30"]
    assert (one["active"]["of_invited"], one["active"]["of_held"], one["active"]["value"]) == (1_000_000, 500_000, 500_000)
    assert (one["net"]["of_invited"], one["net"]["of_held"], one["net"]["value"]) == (250_000, -4_750_000, 5_000_000)
    assert (one["trading"]["of_invited"], one["trading"]["of_held"]) == (1_500, 3_000)
    assert one["gained"]["value"] == 10_000_000, "two invited clients, 50,000.00 yuan more each"
    assert not one["active"]["tells"], "two beside two are too few"
    assert [(by, key) for by, key, _row in one["groups"]] == [("tier", ""), ("tier", "gold")]
    assert (found["final"], found["ends"]) == (True, "2026-03-16")


@pytest.mark.usefixtures("database")
def test_money_that_may_come_back_counts_as_gone_for_now(evening: int) -> None:
    """On 1 May the 60 days of 10 April are not over. A window that is not over is not read at all."""
    found = invited.effects([evening], date(2026, 5, 1), silent)[evening]
    assert list(found["windows"]) == ["30"]
    assert (found["windows"]["30"]["open"], found["windows"]["30"]["active"]["of_held"], found["final"]) == (1, 500_000, False)
    assert invited.effects([evening], date(2026, 4, 14), silent)[evening]["windows"] == {}


@pytest.mark.usefixtures("database")
def test_a_list_that_held_nobody_out_is_not_compared(app: Flask, tmp_path: Path) -> None:
    assert invited.effects([listed(percent=0)], UNTIL, silent) == {}


def test_every_settled_day_it_is_read_anew_until_nothing_can_change(app: Flask, evening: int) -> None:
    with app.app_context():
        assert effects.due(date(2026, 4, 14)) == []
        assert effects.due(UNTIL) == [evening]
        assert club_effect.is_due(clock.now())
        with transaction():
            club_effect.ask(TERMINAL, clock.now())
        assert not club_effect.is_due(clock.now()), "somebody asked already"
        db.session.remove()
        Worker(app, poll=0.01).drain()
        job = db.session.execute(select(Job).where(Job.kind == club_effect.EFFECT)).scalar_one()
        assert (job.state, job.result) == ("done", {"events": 1})
        kept = db.session.execute(select(EventEffect)).scalar_one()
        assert (kept.event_id, str(kept.until_day), sorted(kept.result["windows"])) == (evening, str(FRIDAYS[-1]), ["30", "90"])
        assert effects.due(UNTIL) == [], "every window is closed for good"
        db.session.remove()
