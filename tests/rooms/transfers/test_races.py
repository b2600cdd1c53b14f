"""Two at the same moment: one case about one person, a release beside a close, and a second person who gets what he was shown."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import false, func, select

from models import db
from models.audit import Approval, ApprovalState
from models.commission import MonthClose
from models.identity import Role
from models.transfers import CaseState, ClaimCase, Transfer, TransferState
from models.values.calendar import Month
from portal import clock
from portal.actors import Actor
from portal.audit import approvals
from portal.audit.recordings import last_recording_id
from portal.commission import runs
from portal.commission.close import prepare_close
from portal.commission.month import quiet
from portal.jobs.refresh import refresh
from portal.keys import keyring
from portal.leads.introducers import introducer_of
from portal.leads.people import person
from portal.transaction import lock_months, transaction
from portal.transfers import cases, holding, verbs
from portal.transfers import contest as contests
from portal.transfers.case_states import Side
from portal.transfers.contest import Contested, contest
from tests.at_once import at_once
from tests.rooms.transfers.test_cases import DAY, MET, NOON, OPENED, WANG, ZONE, client, decided, firm, opened, registered, rehearsed, told, who
from tests.rooms.transfers.test_transfers import LATER, previewed

__all__ = ["firm"]
LATE = OPENED + 30 * DAY
APRIL = Month.parse("2026-04")


def two_contests(firm: Flask) -> tuple[list[str], list[Contested]]:
    """A broker and a staff member contest B001's claim on one person: how it ended for each, and what each was told."""
    one, two, three = who(firm, Role.BROKER, broker_no="B001"), who(firm, Role.BROKER, broker_no="B002"), who(firm, Role.STAFF, staff_no="S001")
    registered(person(**WANG), one)
    told_them: list[Contested] = []

    def act(by: Actor) -> None:
        moment = NOON + DAY
        more: dict[str, Any] = {"today": moment.astimezone(ZONE).date(), "keyring": keyring(), "jurisdiction": "CN"}
        found = contest(person(**WANG), introducer_of(by), MET, actor=by, moment=moment, **more)
        told_them.append(Contested(found.answer, busy=found.busy))

    return at_once(firm, lambda: act(two), lambda: act(three)), told_them


def test_two_contests_of_one_person_are_one_case(firm: Flask) -> None:
    answers, told_them = two_contests(firm)
    assert answers == ["done", "done"]
    assert sorted(one.busy for one in told_them) == [False, True]
    assert db.session.execute(select(func.count()).select_from(ClaimCase)).scalar_one() == 1


def test_control_without_looking_for_a_live_case_the_database_says_no(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contests, "LIVE", false())
    answers, _told = two_contests(firm)
    assert sorted(answers) == ["IntegrityError", "done"]


def waiting_release(firm: Flask) -> tuple[int, str]:
    """A release to B002 that waits for its second person, with April previewed after it."""
    two, desk = who(firm, Role.BROKER, broker_no="B002"), who(firm, Role.COMPLIANCE)
    public_id = opened(client(), two, OPENED)
    decided(public_id, desk, Side.CONTESTING, OPENED + DAY)
    refresh(quiet)
    rehearsed(public_id, desk)
    with transaction():
        approval = holding.ask_for_release(public_id, desk, LATE, LATE.astimezone(ZONE).date(), "CN")
        return approval.id, approval.digest


def waiting_close(firm: Flask) -> tuple[int, str]:
    """The close of April, prepared."""
    finance = who(firm, Role.FINANCE)
    run = runs.newest_run(APRIL)
    assert run is not None
    with transaction():
        lock_months()
        approval = prepare_close(run, finance, LATE, accept_missing=True)
        return approval.id, approval.digest


def test_of_a_release_and_a_close_at_once_the_later_is_told_to_look_again(firm: Flask) -> None:
    release, close = waiting_release(firm), waiting_close(firm)
    second = who(firm, Role.ADMIN)
    acts = [lambda given=given: approvals.approve(given[0], second, LATE, digest=given[1]) for given in (release, close)]
    answers = at_once(firm, *acts)
    assert sorted(answers) == ["Conflict", "done"]
    closed = db.session.get(MonthClose, "2026-04") is not None
    owner = told("10001")[-1][0]
    assert (closed, owner) == ((False, "B002") if answers[0] == "done" else (True, "B001"))
    states = dict(db.session.execute(select(Approval.id, Approval.state).where(Approval.id.in_([release[0], close[0]]))).all())
    assert sorted(states.values()) == [ApprovalState.APPROVED, ApprovalState.WAITING]


def test_control_a_release_that_does_not_look_at_what_was_recorded_since_is_seen(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    release, close = waiting_release(firm), waiting_close(firm)
    second, known = who(firm, Role.ADMIN), last_recording_id()
    with transaction():
        approvals.approve(close[0], second, LATE, digest=close[1])
    monkeypatch.setattr(holding, "last_recording_id", lambda: known)
    with transaction():
        approvals.approve(release[0], second, LATE, digest=release[1])
    assert (db.session.get(MonthClose, "2026-04") is not None, told("10001")[-1][0]) == (True, "B002")


def other_rows(row: Transfer) -> dict[str, Any]:
    """Rows that nobody looked at."""
    return {**row.rows, "servicing": [{"account": "10001", "was": "", "will_be": "S001"}]}


@pytest.mark.parametrize("_round", range(3))
def test_who_asks_while_the_preview_changes_asks_for_what_he_saw_or_is_told(firm: Flask, _round: int) -> None:
    preparer = who(firm, Role.ADMIN)
    row = previewed(LATER, preparer)
    key, public_id, digest, money, changed, known = row.id, row.public_id, verbs.rows_digest(row), row.money, other_rows(row), last_recording_id()
    answers = at_once(firm, lambda: verbs.ask(public_id, digest, preparer, clock.now()), lambda: verbs.keep_preview(key, money, changed, known))
    row = db.session.get_one(Transfer, key, populate_existing=True)
    assert answers[1] == "done"
    if answers[0] == "done":
        assert (row.state, verbs.rows_digest(row)) == (TransferState.WAITING, digest)
        assert db.session.get_one(Approval, row.approval_id).payload["digest"] == digest
    else:
        assert (answers[0], row.state, row.approval_id, row.rows) == ("Conflict", TransferState.PREVIEWED, None, changed)


def test_what_is_approved_while_a_preview_ends_is_what_was_shown(firm: Flask) -> None:
    preparer, second = who(firm, Role.ADMIN), who(firm, Role.COMPLIANCE)
    row = previewed(LATER, preparer)
    key, public_id, digest, money, changed, known = row.id, row.public_id, verbs.rows_digest(row), row.money, other_rows(row), last_recording_id()
    with transaction():
        approval = verbs.ask(public_id, digest, preparer, clock.now())
        number, shown = approval.id, approval.digest
    answers = at_once(firm, lambda: approvals.approve(number, second, clock.now(), digest=shown), lambda: verbs.keep_preview(key, money, changed, known))
    row = db.session.get_one(Transfer, key, populate_existing=True)
    assert (answers, row.state, verbs.rows_digest(row)) == (["done", "done"], TransferState.DONE, digest)


def test_control_a_preview_that_overwrites_what_waits_is_refused_to_the_second_person(firm: Flask) -> None:
    """The planted fault: the rows change though they wait. What is done is compared with what was shown."""
    preparer, second = who(firm, Role.ADMIN), who(firm, Role.COMPLIANCE)
    row = previewed(LATER, preparer)
    key, public_id, digest, changed = row.id, row.public_id, verbs.rows_digest(row), other_rows(row)
    with transaction():
        approval = verbs.ask(public_id, digest, preparer, clock.now())
        number, shown = approval.id, approval.digest
    with transaction():
        db.session.get_one(Transfer, key).rows = changed
    assert at_once(firm, lambda: approvals.approve(number, second, clock.now(), digest=shown)) == ["Conflict"]


def test_of_two_who_close_a_case_at_once_one_does(firm: Flask) -> None:
    one, two, desk = who(firm, Role.BROKER, broker_no="B001"), who(firm, Role.BROKER, broker_no="B002"), who(firm, Role.COMPLIANCE)
    registered(person(**WANG), one)
    public_id = opened(person(**WANG), two)
    decided(public_id, desk, Side.HELD)

    def close() -> None:
        cases.step(public_id, "close", cases.Said(), actor=desk, moment=LATE, zone=ZONE)

    assert sorted(at_once(firm, close, close)) == ["Conflict", "done"]
    assert db.session.execute(select(ClaimCase.state)).scalar_one() == CaseState.CLOSED
