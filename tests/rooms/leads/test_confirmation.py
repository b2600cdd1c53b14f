"""The confirmation call: who may make it, what it takes to confirm, and that commission follows by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.confirmations import ConfirmationCall
from models.identity import Role
from models.notices import Notice
from models.partners import Broker
from models.values.calendar import Month
from portal.actors import TERMINAL, Actor
from portal.commission import runs
from portal.commission.month import quiet
from portal.commission.queries import broker_lines
from portal.jobs.refresh import refresh
from portal.keys import keyring
from portal.leads import confirmation, introducers
from portal.leads.confirmation import Call
from portal.leads.confirmation_queries import overdue_from
from portal.leads.confirmation_script import spoken_on
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.rules.breaches import CallDue
from portal.settlement import calendar
from portal.transaction import transaction
from tests import make
from tests.people import someone
from tests.rooms.leads.stories import NOON, TODAY, lead_of, rows
from tests.rooms.leads.test_conversion import bring, newcomer

YES = {"identity": "matches", "how": "named", "staff": "broker", "paid": "knows", "own": "self", "promise": "no"}
GOOD = Call("confirmed", YES, "rec-0001", "", spoken_on(TODAY).version, "zh")
MANAGER = Actor(None, "manager", (Role.BRANCH_MANAGER, Role.COMPLIANCE), staff_no="S001")
THEMSELVES = Actor(None, "broker", (Role.COMPLIANCE,), broker_no="B001")
DESK = Actor(None, "desk", (Role.COMPLIANCE,))


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """A firm whose account 10003 was opened on 2026-03-02 by a lead of B001."""
    make.settled(app, tmp_path / "files")
    with app.app_context():
        lead_of(introducers.broker("B001"))
        bring(tmp_path, newcomer())
        db.session.remove()
    return app


def call(given: Call = GOOD, actor: Actor = DESK, today: date = TODAY, moment: datetime = NOON) -> None:
    with transaction():
        confirmation.record(rows("10003")[-1].id, given, actor, moment, today, "CN", keyring())


def state() -> tuple[str, date | None]:
    row = rows("10003")[-1]
    return row.state, row.confirmed_on


@pytest.mark.usefixtures("database")
def test_the_call_confirms_from_its_day_on(firm: Flask) -> None:
    told = someone(firm, Role.BROKER, broker_no="B001")
    db.session.rollback()
    call(today=date(2026, 3, 4))
    assert state() == ("confirmed", date(2026, 3, 4))
    assert len(rows("10003")) == 1  # the pending row is superseded, not edited
    kept = db.session.execute(select(ConfirmationCall)).scalar_one()
    assert (kept.outcome, kept.evidence, kept.answers) == ("confirmed", "rec-0001", YES)
    assert db.session.execute(select(Notice.kind).where(Notice.user_id == told)).scalars().all() == ["confirmation.done"]
    with pytest.raises(Conflict):
        call()


@pytest.mark.usefixtures("database")
def test_neither_the_introducer_nor_his_manager_calls(firm: Flask) -> None:
    for actor in (MANAGER, THEMSELVES):
        with pytest.raises(Refusal, match="neither"):
            call(actor=actor)
    with pytest.raises(NotAllowed):
        call(actor=Actor(None, "finance", (Role.FINANCE,)))
    assert state() == ("pending", None)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "wrong",
    [
        {"paid": "objects"},
        {"paid": "unsure"},
        {"identity": "differs"},
        {"how": "nobody"},
        {"staff": "staff"},
        {"own": "another"},
        {"promise": "yes"},
        {"paid": ""},
        {"paid": "perhaps"},
    ],
)
def test_who_does_not_know_of_the_pay_or_was_misled_confirms_nothing(firm: Flask, wrong: dict[str, str]) -> None:
    with pytest.raises(Refusal, match="question"):
        call(replace(GOOD, answers=YES | wrong))
    assert state() == ("pending", None)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("changes", [{"evidence": " "}, {"version": 99}, {"outcome": "perhaps"}, {"outcome": "refused"}])
def test_a_call_without_recording_script_or_words_is_refused(firm: Flask, changes: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        call(replace(GOOD, **changes))


@pytest.mark.usefixtures("database")
def test_who_was_not_reached_is_called_again_and_who_refuses_suspends(firm: Flask) -> None:
    call(replace(GOOD, outcome="not_reached", answers={}, evidence=""))
    assert state() == ("pending", None)
    call(replace(GOOD, outcome="refused", answers=YES | {"how": "nobody"}, note="says nobody introduced him"))
    assert state() == ("suspended", None)
    assert len(confirmation.calls_of(rows("10003")[-1])) == 2


@pytest.mark.usefixtures("database")
def test_pending_pays_nothing_with_its_reason_and_confirmed_days_pay(firm: Flask, tmp_path: Path) -> None:
    days = tmp_path / "days"
    balances = {"10001": ("0.00", "0.00"), "10002": ("0.00", "0.00")}
    for on, before in (("2026-03-03", "0.00"), ("2026-03-04", "1900.00")):
        make.day(days, on, {**balances, "10003": (before, "2000.00")}, [("10003", "SHFE", "rb", "1", "100000.00", "100.00", "40.00")])
    make.accepted(days)
    call(today=date(2026, 3, 4))
    refresh(quiet)
    found = {day: explained(day) for day in (date(2026, 3, 3), date(2026, 3, 4))}
    assert found == {date(2026, 3, 3): ("attribution_pending", 0), date(2026, 3, 4): ("", 3000)}


def explained(day: date) -> tuple[str, int]:
    run = runs.newest_run(Month(2026, 3))
    assert run is not None
    broker = db.session.execute(select(Broker).where(Broker.broker_no == "B001")).scalar_one()
    lines = broker_lines(run, broker).filter(pl.col("account_no") == "10003", pl.col("trade_date") == str(day))
    (line,) = lines.select("reason", "amount_fen").rows()
    return line[0] or "", int(line[1])


@pytest.mark.usefixtures("database")
def test_the_call_is_due_on_the_fifth_trading_day_and_late_the_day_after(firm: Flask, tmp_path: Path) -> None:
    with transaction():
        calendar.sow(TERMINAL, NOON)
    due = CallDue(5)
    assert due.after(date(2026, 3, 2)) == date(2026, 3, 9)  # a weekend in between
    for today, late in ((date(2026, 3, 9), False), (date(2026, 3, 10), True)):
        bound = overdue_from(due, today)
        assert bound is not None
        assert (date(2026, 3, 2) < bound) is late
