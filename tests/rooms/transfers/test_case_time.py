"""A case whose time to appeal is over is closed by itself: on the trading calendar, once, whatever breaks in between; both sides are told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.identity import Role
from models.jobs import Job, JobState
from models.notices import Notice
from models.transfers import CaseEntry, CaseState, ClaimCase
from portal.actors import TERMINAL, Actor
from portal.jobs import case_time
from portal.jobs.handlers import Cancelled, Work
from portal.jobs.worker import Worker
from portal.leads.people import person
from portal.refusals import Refusal
from portal.settlement import calendar
from portal.transaction import transaction
from portal.transfers import cases
from portal.transfers.case_queries import appeal_over
from portal.transfers.case_states import Side
from tests.rooms.transfers.test_cases import DAY, NOON, decided, firm, opened, registered, step, who

__all__ = ["firm"]
LAST = date(2026, 10, 8)
"""The tenth trading day after the decision of 2026-09-16: neither the Mid-Autumn Festival nor the National Day week counts."""
DECIDED = datetime(2026, 9, 16, 4, tzinfo=UTC)
THE_DAY_AFTER = datetime(2026, 10, 8, 16, tzinfo=UTC)
"""The first minute of 9 October in Shanghai."""


def three(firm: Flask) -> tuple[list[str], Actor, Actor]:
    """Three cases between B001 and B002, decided on 2026-09-16 for who held the claim."""
    with transaction():
        calendar.sow(TERMINAL, NOON)
    one, two, desk = who(firm, Role.BROKER, broker_no="B001"), who(firm, Role.BROKER, broker_no="B002"), who(firm, Role.COMPLIANCE)
    found = []
    for number in range(3):
        somebody = person(name=f"王{number}", phone=f"1381234500{number}")
        registered(somebody, one, DECIDED - 2 * DAY)
        public_id = opened(somebody, two, DECIDED - DAY)
        assert decided(public_id, desk, Side.HELD, DECIDED).appeal_until == LAST
        found.append(public_id)
    return found, one, two


def states() -> list[str]:
    return list(db.session.execute(select(ClaimCase.state).order_by(ClaimCase.id)).scalars())


def work(cancel: bool = False) -> Work:
    made = Work(0, "x", case_time.CLOSE, {}, TERMINAL, 1)
    if cancel:
        made.cancel.set()
    return made


def test_the_last_day_of_an_appeal_is_still_one(firm: Flask) -> None:
    three(firm)
    with time_machine.travel(THE_DAY_AFTER - timedelta(minutes=1), tick=False):
        assert not case_time.is_due(THE_DAY_AFTER - timedelta(minutes=1))
        assert case_time.close_job(work()) == {"closed": 0}
    assert states() == [CaseState.DECIDED] * 3
    with time_machine.travel(THE_DAY_AFTER, tick=False):
        assert case_time.is_due(THE_DAY_AFTER)
        assert case_time.close_job(work()) == {"closed": 3}
        assert case_time.close_job(work()) == {"closed": 0}, "once more is the same as once"
        assert not case_time.is_due(THE_DAY_AFTER)
    assert states() == [CaseState.CLOSED] * 3
    assert db.session.execute(select(CaseEntry.at).where(CaseEntry.action == "close")).scalars().all() == [THE_DAY_AFTER] * 3
    logged = db.session.execute(select(AuditEntry.after).where(AuditEntry.action == "case.close")).scalars().all()
    assert len(logged) == 3
    assert all(str(LAST) in str(one) for one in logged)


def test_both_sides_are_told_and_nobody_of_the_other(firm: Flask) -> None:
    _cases, one, two = three(firm)
    with time_machine.travel(THE_DAY_AFTER, tick=False):
        case_time.close_job(work())
    told = db.session.execute(select(Notice.user_id, Notice.kind, Notice.values).where(Notice.kind == "case.moved")).all()
    assert sorted(row[0] for row in told) == sorted([one.user_id, two.user_id] * 3)
    assert all("closed" in str(row[2]) and "B00" not in str(row[2]) for row in told)


def test_what_broke_off_goes_on_where_it_stood(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second case breaks the job off; the first stays closed, and the next attempt closes the rest."""
    ids, _one, _two = three(firm)
    real, broken = cases.step, []

    def breaks(public_id: str, *given: object, **more: object) -> ClaimCase:
        if public_id == ids[1] and not broken:
            broken.append(public_id)
            raise RuntimeError("the power failed")
        return real(public_id, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(case_time.cases, "step", breaks)
    with time_machine.travel(THE_DAY_AFTER, tick=False):
        with pytest.raises(RuntimeError):
            case_time.close_job(work())
        assert states() == [CaseState.CLOSED, CaseState.DECIDED, CaseState.DECIDED]
        assert case_time.close_job(work()) == {"closed": 2}
    assert states() == [CaseState.CLOSED] * 3


def test_a_job_that_is_stopped_closes_nothing_more(firm: Flask) -> None:
    three(firm)
    with time_machine.travel(THE_DAY_AFTER, tick=False), pytest.raises(Cancelled):
        case_time.close_job(work(cancel=True))
    assert states() == [CaseState.DECIDED] * 3


def test_an_appeal_in_time_keeps_its_case_open(firm: Flask) -> None:
    ids, _one, two = three(firm)
    step(ids[0], "appeal", two, cases.Said("he met me first"), DECIDED + DAY)
    assert appeal_over(date(2026, 10, 9)) == ids[1:]


def test_only_who_may_decide_closes(firm: Flask) -> None:
    """The job acts with the rights of who asked for it."""
    ids, _one, two = three(firm)
    with pytest.raises(Refusal):
        step(ids[0], "close", two, moment=THE_DAY_AFTER)


def test_the_worker_asks_for_it_once_a_day(firm: Flask) -> None:
    three(firm)
    db.session.remove()
    with time_machine.travel(THE_DAY_AFTER, tick=False):
        for _look in range(2):
            Worker(firm)._housekeeping()
        with firm.app_context():
            asked = db.session.execute(select(Job.state).where(Job.kind == case_time.CLOSE)).scalars().all()
            db.session.remove()
        assert asked == [JobState.WAITING]
        Worker(firm).drain()
    assert states() == [CaseState.CLOSED] * 3
