"""Tiers by equity: the month's last settled day decides, two month ends lose, nothing moves within a month."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from models import db
from models.audit import AuditEntry
from models.club_membership import Cause, ClubMember, ClubMembership, ClubTier, TierKind, TierRun
from models.identity import Role
from models.notices import Notice
from portal import clock
from portal.actors import TERMINAL
from portal.club import applications, equity_tiers, members, persons
from portal.club.membership import tier_on
from portal.jobs.worker import Worker
from portal.refusals import Conflict, Refusal
from portal.transaction import transaction
from tests.at_once import at_once
from tests.oracle import product
from tests.oracle.notation import Draft
from tests.people import someone
from tests.rooms.club.membership_scene import add_tiers

MONTH_ENDS = ("2026-01-30", "2026-02-27", "2026-03-31", "2026-04-30")
EQUITIES = {
    "10001": (30_000_000, 60_000_000, 45_000_000, 45_000_000),  # reached, then between the thresholds: kept
    "10002": (60_000_000, 39_000_000, 38_000_000, 55_000_000),  # lost at the second month end in a row
    "10003": (250_000_000, 100_000_000, 100_000_000, 30_000_000),  # the higher one lost, the lower one is left
    "10004": (10_000_000, 10_000_000, 10_000_000, 10_000_000),  # never
}
"""Equity of each account at the month ends (fen). 10005 belongs to the client of 10004, and lifts him in April."""


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """A firm with four settled month ends, and a day of May."""
    draft = Draft()
    for account in EQUITIES:
        draft.account(account)
    draft.account("10005").update(client_no="C10004")
    last = dict.fromkeys([*EQUITIES, "10005"], 10_000_000)
    for place, day in enumerate((*MONTH_ENDS, "2026-05-06")):
        wanted = {account: row[min(place, 3)] for account, row in EQUITIES.items()} | {"10005": 45_000_000 if place == 3 else 1_000_000}
        flows = {account: {"deposit": max(0, amount - last[account]), "withdrawal": max(0, last[account] - amount)} for account, amount in wanted.items()}
        draft.day(day, [], wanted, flows)
        last = wanted
    product.people(app)
    product.import_folder(app, str(draft.write(tmp_path / "files")))
    with app.app_context():
        add_tiers()
        db.session.remove()
    return app


def applied(on: str) -> dict[str, int]:
    """Let the tiers follow the equity from a day on."""
    with transaction():
        return equity_tiers.apply(equity_tiers.moves(date.fromisoformat(on)), actor=TERMINAL, moment=clock.now())


def held(on: str) -> dict[str, str]:
    """Who has which tier on a day, by client."""
    db.session.rollback()
    names = {tier.id: tier.key for tier in db.session.execute(select(ClubTier)).scalars()}
    people = {member.id: member.client_no for member in db.session.execute(select(ClubMember)).scalars()}
    found = {people[number]: tier_on(spans, date.fromisoformat(on)) for number, spans in members.spans_of(people).items()}
    return {client: names[span.tier_id] for client, span in sorted(found.items()) if span is not None}


def test_m7_reached_at_once_lost_after_two_month_ends_and_never_within_a_month(firm: Flask) -> None:
    """M7: the snapshot is the last settled day of the month, over all accounts of a client; four months of one story."""
    reader = someone(firm, Role.CLIENT, client_no="C10002")
    with firm.app_context():
        assert applied("2026-02-01") == {"reached": 2, "lost": 0, "changed": 0}
        assert held("2026-02-01") == {"C10002": "equity-silver", "C10003": "equity-gold"}
        assert applied("2026-03-02") == {"reached": 1, "lost": 0, "changed": 0}
        assert held("2026-03-02") == {"C10001": "equity-silver", "C10002": "equity-silver", "C10003": "equity-gold"}, "below once is not lost"
        with pytest.raises(Conflict, match="within a month"):
            applied("2026-03-20")
        assert applied("2026-04-01") == {"reached": 0, "lost": 1, "changed": 1}
        assert held("2026-04-01") == {"C10001": "equity-silver", "C10003": "equity-silver"}
        assert held("2026-03-31") == {"C10001": "equity-silver", "C10002": "equity-silver", "C10003": "equity-gold"}, "what was, stays so"
        assert applied("2026-05-01") == {"reached": 2, "lost": 0, "changed": 0}
        assert held("2026-05-01")["C10004"] == "equity-silver", "two accounts of 100,000 and 450,000 yuan"
        with pytest.raises(Conflict, match="later month"):
            applied("2026-04-01")
        told = db.session.execute(select(Notice.kind).where(Notice.user_id == reader).order_by(Notice.id)).scalars().all()
        assert told == ["club.tier_reached", "club.tier_lost", "club.tier_reached"]
        assert db.session.execute(select(func.count()).where(AuditEntry.action == "club.tier_by_equity")).scalar_one() == 7
        with pytest.raises(Refusal, match="no settled day"):
            applied("2026-07-01")
        db.session.remove()


def test_m7_an_override_by_hand_wins_until_its_end_whatever_the_equity_does(firm: Flask) -> None:
    """M7: reason and end date; beneath it the equity goes on being followed, and counts again after the end."""
    with firm.app_context():
        with transaction():
            days = (date(2026, 1, 15), date(2026, 4, 15))
            applications.grant(persons.client("C10002"), "equity-gold", days, "came with his family's book", actor=TERMINAL, moment=clock.now())
        for on in ("2026-02-01", "2026-03-02", "2026-04-01", "2026-05-01"):
            applied(on)
        assert [held(on).get("C10002") for on in ("2026-02-01", "2026-04-01", "2026-04-14", "2026-04-15", "2026-05-01")] == [
            "equity-gold", "equity-gold", "equity-gold", None, "equity-silver",
        ]  # fmt: skip
        spans = db.session.execute(
            select(ClubMembership.cause, ClubMembership.ended_why).join(ClubMember).where(ClubMember.client_no == "C10002").order_by(ClubMembership.id)
        ).all()
        assert spans == [(Cause.GRANTED, ""), (Cause.EQUITY, "equity"), (Cause.EQUITY, "")]
        db.session.remove()


def test_m7_two_who_apply_the_same_month_move_nobody_twice(firm: Flask) -> None:
    """M7: the month's own row decides who applies it."""
    with firm.app_context():
        acts = [lambda: equity_tiers.apply(equity_tiers.moves(date(2026, 2, 1)), actor=TERMINAL, moment=clock.now()) for _ in range(4)]
        assert sorted(at_once(firm, *acts)) == ["Conflict", "Conflict", "Conflict", "done"]
        assert db.session.execute(select(func.count()).select_from(ClubMembership)).scalar_one() == 2
        db.session.remove()


def test_m7_the_command_shows_who_moves_before_it_lets_them(firm: Flask) -> None:
    """M7: `flask club tiers --on DAY` prints and changes nothing; --apply does; once more is refused."""
    run = firm.test_cli_runner().invoke
    shown = run(args=["club", "tiers", "--on", "2026-02-01"])
    rows = list(csv.DictReader(io.StringIO(shown.stdout)))
    assert [(row["client_no"], row["new"], row["equity_now"], row["equity_before"]) for row in rows] == [
        ("C10002", "权益银卡 Equity Silver", "600000.00", ""), ("C10003", "权益金卡 Equity Gold", "2500000.00", ""),
    ]  # fmt: skip
    with firm.app_context():
        assert db.session.execute(select(TierRun)).first() is None
        db.session.remove()
    assert "2 reached" in run(args=["club", "tiers", "--on", "2026-02-01", "--apply"]).stderr
    again = run(args=["club", "tiers", "--on", "2026-02-01", "--apply"])
    assert again.exit_code == 1
    assert "within a month" in again.stderr


def test_m7_the_job_follows_once_the_month_is_settled_to_its_end(firm: Flask) -> None:
    """M7: on a day of May, with a settled day of May there, April is applied by itself, once."""
    with firm.app_context(), time_machine.travel("2026-05-07T04:00:00Z", tick=False):
        assert equity_tiers.is_due(date(2026, 5, 7))
        assert not equity_tiers.is_due(date(2026, 6, 1)), "no day of June is settled"
        db.session.remove()
        worker = Worker(firm, poll=0.01)
        worker.looked = 0
        worker._housekeeping()
        db.session.remove()
        worker.drain()
        assert held("2026-05-07") == {"C10002": "equity-silver", "C10004": "equity-silver"}
        assert not equity_tiers.is_due(date(2026, 5, 7))
        db.session.remove()


def test_m7_the_rule_at_its_thresholds() -> None:
    """M7: exactly at a threshold counts; between the two only who had it; no month end before loses nobody; a closed tier takes nobody new."""
    tiers = [
        ClubTier(id=1, kind=TierKind.EQUITY, rank=1, threshold_up=100, threshold_down=80, is_open=True),
        ClubTier(id=2, kind=TierKind.EQUITY, rank=2, threshold_up=200, threshold_down=150, is_open=False),
    ]
    cases = [(100, 0, None, 1), (99, 0, None, None), (80, 0, 1, 1), (79, 80, 1, 1), (79, 79, 1, None), (79, None, 1, 1), (250, 250, None, 1), (150, 0, 2, 2), (90, 149, 2, 1), (10, 10, 2, None)]  # fmt: skip
    frame = pl.DataFrame(cases, schema={"equity_now": pl.Int64, "equity_before": pl.Int64, "rank": pl.Int64, "expected": pl.Int64}, orient="row")
    found = equity_tiers.decided(frame, tiers)
    assert found["new_tier_id"].to_list() == found["expected"].to_list()
