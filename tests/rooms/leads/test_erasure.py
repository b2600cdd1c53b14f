"""A lead that never opened an account is erased when its time is over: from every row, and from the file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from models import db
from models.audit import AuditEntry
from models.confirmations import Conversion
from models.leads import Claim, Lead, LeadEntry, LeadState, LeadTask
from models.suitability import SuitabilityTest
from portal import clock
from portal.actors import TERMINAL
from portal.audit.recordings import hold_clock
from portal.audit.verify import verify
from portal.jobs import retention
from portal.jobs.handlers import Work
from portal.leads import erasure, introducers, tidy
from portal.leads.confirmation_queries import conversions
from portal.leads.conversion import convert
from portal.leads.register import note
from portal.leads.states import ENDED
from portal.leads.terms import Terms
from portal.rules.gather import client_facts
from portal.rules.stopping import file_kept
from portal.transaction import on_postgresql, transaction
from tests import make
from tests.places import SERVER
from tests.rooms.leads.stories import BOLD, NOON, TODAY, ZONE, lead, lead_of, secret, setting, sit
from tests.rooms.leads.test_conversion import bring, newcomer

LATER = date(2027, 3, 3)
"""The first day on which twelve months have passed since 2026-03-02."""


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """A firm of two brokers."""
    make.settled(app, tmp_path / "files", "B001", "B002", "B003")
    return app


def told_much(phone: str, words: str, by: str = "B001") -> int:
    """A lead about whom much was written down."""
    key = lead_of(introducers.broker(by), name=words, phone=phone, state=LeadState.QUALIFIED)
    sit(key, BOLD, present=words)
    with transaction():
        one = lead(key)
        one.note, one.email = words, f"{words}@example.com"
        note(one, "contact", TERMINAL, NOON, words=words)
        db.session.add(LeadTask(lead_id=key, what=words, due_on=TODAY, created_at=NOON, outcome=words))
        claim = db.session.execute(select(Claim).where(Claim.lead_id == key)).scalar_one()
        claim.receipt = {"phone_tail": phone[-4:], "name": words, "signature": "abc"}
    return key


def work() -> Work:
    return Work(0, "test", retention.RETENTION, {}, TERMINAL, 1)


def run_on(monkeypatch: pytest.MonkeyPatch, day: date) -> Any:
    monkeypatch.setattr(clock, "now", lambda: datetime(day.year, day.month, day.day, 4, tzinfo=UTC))
    return retention.retention_job(work())


@pytest.mark.usefixtures("database")
def test_nothing_of_the_person_is_left_in_rows_or_file(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [secret() for _ in range(40)]
    leads = [told_much(f"1381234{place:04d}", canary, ("B001", "B002", "B003")[place % 3]) for place, canary in enumerate(words)]
    sealed = [lead(key).phone_sealed for key in leads] + [lead(key).phone_index for key in leads]
    plain = [*words, *(f"1381234{place:04d}" for place in range(40))]
    if not on_postgresql():
        assert all(canary in on_disk(firm) for canary in words), "control: the file shows what it holds"
    before = db.session.execute(select(func.count()).select_from(Lead)).scalar_one()
    db.session.rollback()
    assert run_on(monkeypatch, LATER)["erased"] == 40
    assert run_on(monkeypatch, LATER)["erased"] == 0
    db.session.rollback()
    for canary in [*plain, *sealed]:
        assert canary not in everything(), canary
    if not on_postgresql():
        db.session.remove()
        held = on_disk(firm)
        assert [canary for canary in [*plain, *sealed] if canary in held] == []
    assert db.session.execute(select(func.count()).select_from(Lead)).scalar_one() == before  # counts stay
    assert (lead(leads[0]).state, lead(leads[0]).erased_at is not None, lead(leads[0]).risk_grade) == ("lapsed", True, "C5")
    assert list(db.session.execute(select(Claim.receipt).where(Claim.lead_id == leads[0])).scalar_one()) == ["digest"]
    assert verify().holds
    assert db.session.execute(select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "lead.erased")).scalar_one() == 40


def on_disk(app: Flask) -> str:
    """The bytes of the database's files, as text."""
    folder = Path(app.config["PORTAL"].instance)
    return "".join(path.read_bytes().decode("utf-8", "ignore") for path in sorted(folder.glob("portal.db*")))


def everything() -> str:
    """Every row in which something about a lead can stand."""
    return " ".join(repr(tuple(row)) for table in (Lead, LeadEntry, LeadTask, Claim, SuitabilityTest, AuditEntry) for row in db.session.execute(select(table.__table__)))


@pytest.mark.usefixtures("database")
def test_its_time_is_over_the_day_after_twelve_months(firm: Flask) -> None:
    key = lead_of(introducers.broker("B001"))
    terms = Terms()
    assert erasure.due(terms, LATER - timedelta(days=1), ZONE) == []
    assert erasure.due(terms, LATER, ZONE) == [key]
    assert erasure.due(Terms(retention_months=13), LATER, ZONE) == []


@pytest.mark.usefixtures("database")
def test_an_account_that_was_named_and_never_came_keeps_a_lead_for_as_long_again(firm: Flask) -> None:
    key = lead_of(introducers.broker("B001"), state=LeadState.QUALIFIED)
    sit(key)
    with transaction():
        hold_clock()
        convert(db.session.get_one(Lead, key, with_for_update=True), "88881", replace(setting(), moment=NOON + timedelta(days=40)))
    assert erasure.due(Terms(), LATER + timedelta(days=39), ZONE) == []
    assert erasure.due(Terms(), LATER + timedelta(days=40), ZONE) == [key]
    with transaction():
        assert erasure.erase([key], TERMINAL, NOON + timedelta(days=500)) == 1
    held = db.session.execute(select(Conversion.account_no, Conversion.state).where(Conversion.lead_id == key)).one()
    assert tuple(held) == ("", "awaited")
    assert lead(key).name == ""


@pytest.mark.usefixtures("database")
def test_the_days_alone_bring_a_lead_whose_account_never_comes_to_its_end(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daily jobs as they run, for more than a year: claims lapse, the lead goes to the pool, its end comes, and not a day before."""
    waiting, other = (lead_of(introducers.broker("B001"), phone=phone, state=LeadState.QUALIFIED) for phone in ("13812340001", "13812340002"))
    sit(waiting)
    named = NOON + timedelta(days=20)
    with transaction():
        hold_clock()
        convert(db.session.get_one(Lead, waiting, with_for_update=True), "88881", replace(setting(), moment=named))
    erased: dict[int, date] = {}
    for ahead in (1, 15, 31, 60, 91, 200, 364, 365, 366, 384, 385, 386, 400):
        day = TODAY + timedelta(days=ahead)
        with transaction():
            tidy.tidy(day, TERMINAL, datetime(day.year, day.month, day.day, 4, tzinfo=UTC), since=day - timedelta(days=1))
        run_on(monkeypatch, day)
        db.session.rollback()
        for key in (waiting, other):
            if lead(key).erased_at is not None:
                erased.setdefault(key, day)
    assert erased == {other: LATER, waiting: LATER + timedelta(days=20)}
    assert lead(waiting).state in ENDED
    assert list(db.session.execute(conversions(TERMINAL))) == [], "nobody awaits it any more"


@pytest.mark.usefixtures("database")
def test_a_client_is_never_erased_by_this_clock(firm: Flask, tmp_path: Path) -> None:
    key = lead_of(introducers.broker("B001"))
    bring(tmp_path, newcomer())
    bring(tmp_path / "closed", newcomer(closed="2026-03-31"))
    account = lead(key).account_id
    assert account is not None
    assert erasure.due(Terms(), date(2040, 1, 1), ZONE) == []
    with transaction():
        assert erasure.erase([key], TERMINAL, NOON) == 0
    client = client_facts([account])[account]
    assert [clause.code for clause in file_kept(client, date(2046, 3, 30), "CN")] == ["keep-20y"]
    assert file_kept(client, date(2046, 3, 31), "CN") == []


if not SERVER:  # a database server keeps no file that could be read here

    @pytest.mark.usefixtures("database")
    def test_control_without_folding_the_log_in_the_words_stay_in_the_file(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        """The planted fault: the rows are blank, the write-ahead log still has what they were."""
        canary = secret()
        told_much("13812345678", canary)
        monkeypatch.setattr(retention, "scrub", lambda: None)
        assert run_on(monkeypatch, LATER)["erased"] == 1
        db.session.rollback()
        assert canary not in everything()
        assert canary in on_disk(firm)
