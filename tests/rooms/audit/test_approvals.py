"""A second person approves exactly what was shown, once, and only then it happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from models import db
from models.audit import Approval, ApprovalState, AuditEntry
from models.identity import Role, User, UserState
from portal.actors import TERMINAL, Actor
from portal.audit import approvals, log
from portal.audit.approvals import APPROVABLE, approve, approve_at_once, digest_of, prepare, refuse, register, withdraw
from portal.permissions import Can
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.transaction import transaction
from tests.rooms.audit.people import NOON, person

KIND = "test.close"


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    """A kind of approval whose effect leaves a line in the log."""

    def effect(approval: Approval, actor: Actor, moment: datetime) -> None:
        if approval.payload == {"month": "refused"}:
            raise Refusal("this month cannot be closed")
        log.write(actor, moment, "test.closed", "month", approval.subject)

    register(KIND, Can.MONTH_APPROVE, effect)
    yield
    del APPROVABLE[KIND]


def prepared(by: Actor, **more: Any) -> Approval:
    with transaction():
        return prepare(by, NOON, **{"kind": KIND, "subject": "2026-10", "payload": {"month": "2026-10"}, "preview": {"total": 123}, **more})


def effects() -> int:
    return db.session.execute(select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "test.closed")).scalar_one()


def test_a_second_person_with_the_right_approves_and_it_happens(database: None) -> None:
    finance, compliance = person("finance", Role.FINANCE), person("compliance", Role.COMPLIANCE)
    approval = prepared(finance)
    assert (approval.state, effects()) == (ApprovalState.WAITING, 0)
    with transaction():
        approve(approval.id, compliance, NOON, digest=approval.digest, note="checked")
    assert approval.state == ApprovalState.APPROVED
    assert (approval.decided_by_id, approval.decided_at, approval.decision_note) == (compliance.user_id, NOON, "checked")
    assert effects() == 1
    lines = db.session.execute(select(AuditEntry.action).order_by(AuditEntry.seq)).scalars().all()
    assert lines == ["approval.prepared", "approval.approved", "test.closed"]


def test_the_preparer_is_refused(database: None) -> None:
    finance = person("finance", Role.FINANCE)
    approval = prepared(finance)
    for decide in (approve, refuse):
        with pytest.raises(NotAllowed, match="second person"), transaction():
            decide(approval.id, finance, NOON, digest=approval.digest, note="myself")
    assert effects() == 0


def test_the_database_too_refuses_one_person_in_both_places(database: None) -> None:
    finance = person("finance", Role.FINANCE)
    approval = prepared(finance)
    with pytest.raises(Exception, match="four_eyes"), transaction():
        db.session.execute(text("UPDATE approval SET state = 'approved', decided_by_id = prepared_by_id WHERE id = :id"), {"id": approval.id})
    with pytest.raises(Exception, match="approved_by_someone"), transaction():
        db.session.execute(text("UPDATE approval SET state = 'approved' WHERE id = :id"), {"id": approval.id})


def test_a_person_without_the_right_is_refused(database: None) -> None:
    approval = prepared(person("finance", Role.FINANCE))
    for role in (Role.AUDITOR, Role.STAFF, Role.BROKER, Role.CLIENT, Role.BRANCH_MANAGER):
        with pytest.raises(NotAllowed, match=r"commission\.month\.approve"), transaction():
            approve(approval.id, person(role.value, role), NOON, digest=approval.digest)
    assert effects() == 0


def test_rights_are_those_of_this_moment_not_of_the_sign_in(database: None) -> None:
    approval = prepared(person("finance", Role.FINANCE))
    compliance = person("compliance", Role.COMPLIANCE)
    with transaction():
        user = db.session.get_one(User, compliance.user_id)
        user.roles = []
    assert compliance.may(Can.MONTH_APPROVE), "the actor still carries the old right"
    with pytest.raises(NotAllowed, match="does not hold"), transaction():
        approve(approval.id, compliance, NOON, digest=approval.digest)


def test_a_disabled_person_is_refused_and_one_just_invited_is_not(database: None) -> None:
    approval = prepared(person("finance", Role.FINANCE))
    with pytest.raises(NotAllowed, match="disabled"), transaction():
        approve(approval.id, person("gone", Role.COMPLIANCE, state=UserState.DISABLED), NOON, digest=approval.digest)
    with transaction():
        assert approve(approval.id, person("new", Role.COMPLIANCE, state=UserState.INVITED), NOON, digest=approval.digest).state == "approved"


def test_the_terminal_may_prepare_but_never_approve(database: None) -> None:
    approval = prepared(TERMINAL)
    assert approval.prepared_by_id is None
    with pytest.raises(NotAllowed, match="named second person"), transaction():
        approve(approval.id, TERMINAL, NOON, digest=approval.digest)
    with transaction():
        approve(approval.id, person("finance", Role.FINANCE), NOON, digest=approval.digest)
    assert effects() == 1


def test_another_digest_is_refused(database: None) -> None:
    approval, compliance = prepared(person("finance", Role.FINANCE)), person("compliance", Role.COMPLIANCE)
    for digest in ("", "0" * 64, approval.digest[:-1], approval.digest.upper() + "x", "数"):
        with pytest.raises(Conflict, match="not what was shown"), transaction():
            approve(approval.id, compliance, NOON, digest=digest)
    assert effects() == 0


def test_what_was_changed_after_it_was_prepared_cannot_be_approved(database: None) -> None:
    approval, compliance = prepared(person("finance", Role.FINANCE)), person("compliance", Role.COMPLIANCE)
    digest = approval.digest
    with transaction():
        db.session.execute(text("UPDATE approval SET payload = :changed"), {"changed": '{"month":"2026-09"}'})
    with pytest.raises(Conflict, match="not what was shown"), transaction():
        approve(approval.id, compliance, NOON, digest=digest)
    assert effects() == 0


def test_the_digest_covers_every_part_of_what_was_shown() -> None:
    base = ("kind", "subject", {"a": 1}, {"b": 2})
    others = [("kinds", *base[1:]), (base[0], "subjects", *base[2:]), (*base[:2], {"a": 2}, base[3]), (*base[:3], {"b": 3})]
    assert len({digest_of(*base), *(digest_of(*other) for other in others)}) == 5
    assert digest_of("kind", "subject", {"x": 1, "a": 2}, None) == digest_of("kind", "subject", {"a": 2, "x": 1}, None)


def test_a_thing_is_decided_once(database: None) -> None:
    compliance = person("compliance", Role.COMPLIANCE)
    finance = person("finance", Role.FINANCE)
    decisions: list[Callable[[Approval], object]] = [
        lambda it: approve(it.id, compliance, NOON, digest=it.digest),
        lambda it: refuse(it.id, compliance, NOON, digest=it.digest, note="wrong"),
        lambda it: withdraw(it.id, finance, NOON),
    ]
    for first in decisions:
        approval = prepared(finance)
        with transaction():
            first(approval)
        for second in decisions:
            with pytest.raises(Conflict, match="decided already"), transaction():
                second(approval)
    assert effects() == 1


def test_an_effect_that_refuses_leaves_the_thing_waiting(database: None) -> None:
    approval, compliance = prepared(person("finance", Role.FINANCE), payload={"month": "refused"}), person("compliance", Role.COMPLIANCE)
    with pytest.raises(Refusal, match="cannot be closed"), transaction():
        approve(approval.id, compliance, NOON, digest=approval.digest)
    assert db.session.get_one(Approval, approval.id).state == ApprovalState.WAITING
    assert db.session.execute(select(func.count()).select_from(AuditEntry)).scalar_one() == 1, "only the preparation is on record"


def test_a_refusal_needs_a_reason(database: None) -> None:
    approval, compliance = prepared(person("finance", Role.FINANCE)), person("compliance", Role.COMPLIANCE)
    with pytest.raises(Refusal, match="reason"), transaction():
        refuse(approval.id, compliance, NOON, digest=approval.digest, note="  ")
    with transaction():
        refuse(approval.id, compliance, NOON, digest=approval.digest, note="the total is wrong")
    assert (approval.state, effects()) == (ApprovalState.REFUSED, 0)


def test_only_the_preparer_or_the_terminal_withdraws(database: None) -> None:
    finance = person("finance", Role.FINANCE)
    approval = prepared(finance)
    with pytest.raises(NotAllowed, match="finance@firm"), transaction():
        withdraw(approval.id, person("compliance", Role.COMPLIANCE), NOON)
    with transaction():
        withdraw(approval.id, finance, NOON, note="a typing error")
    other = prepared(finance)
    with transaction():
        withdraw(other.id, TERMINAL, NOON)
    assert {approval.state, other.state} == {ApprovalState.WITHDRAWN}


def test_unknown_approvals_and_kinds_are_refused(database: None) -> None:
    finance = person("finance", Role.FINANCE)
    with pytest.raises(NotFound), transaction():
        approve(10**6, finance, NOON, digest="")
    with pytest.raises(Refusal, match="nothing of the kind"), transaction():
        prepare(finance, NOON, kind="nobody.knows", subject="", payload={}, preview={})
    with pytest.raises(ValueError, match="registered already"):
        register(KIND, Can.AUDIT_READ, lambda approval, actor, moment: None)


def test_the_second_person_may_be_named_at_once(database: None) -> None:
    compliance = person("compliance", Role.COMPLIANCE)
    what: dict[str, Any] = {"kind": KIND, "subject": "2026-10", "payload": {}, "preview": {}}
    with transaction():
        approval = approve_at_once(TERMINAL, compliance, NOON, **what)
    assert (approval.state, approval.prepared_label, effects()) == (ApprovalState.APPROVED, "terminal", 1)
    with pytest.raises(NotAllowed, match="second person"), transaction():
        approve_at_once(compliance, compliance, NOON, **what)
    assert db.session.execute(select(func.count()).select_from(Approval)).scalar_one() == 1, "nothing is left behind"


APPROVERS = 6


def _race(app: Flask, one: Callable[[Actor], None], people: list[Actor]) -> list[str]:
    """Let everybody approve at the same time; each says how it ended."""
    outcomes: list[str] = []

    def run(actor: Actor) -> None:
        with app.app_context():
            try:
                one(actor)
                outcomes.append("approved")
            except Refusal as refusal:
                outcomes.append(type(refusal).__name__)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(actor,)) for actor in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.fixture
def slow() -> Iterator[None]:
    """A kind whose effect takes its time."""

    def effect(approval: Approval, actor: Actor, moment: datetime) -> None:
        time.sleep(0.1)  # long enough for everybody else to arrive
        log.write(actor, moment, "test.closed", "month", approval.subject)

    register("test.slow", Can.MONTH_APPROVE, effect)
    yield
    del APPROVABLE["test.slow"]


def test_of_two_who_approve_at_once_one_succeeds(app: Flask, slow: None) -> None:
    with app.app_context():
        people = [person(f"p{n}", Role.COMPLIANCE) for n in range(APPROVERS)]
        rounds = [prepared(TERMINAL, kind="test.slow") for _ in range(3)]
        wanted = [(approval.id, approval.digest) for approval in rounds]
    for approval_id, digest in wanted:
        barrier = threading.Barrier(APPROVERS)

        def one(actor: Actor, barrier: threading.Barrier = barrier, approval_id: int = approval_id, digest: str = digest) -> None:
            barrier.wait()
            with transaction():
                approve(approval_id, actor, NOON, digest=digest)

        outcomes = _race(app, one, people)
        assert sorted(outcomes) == ["Conflict"] * (APPROVERS - 1) + ["approved"]
    with app.app_context():
        assert effects() == len(wanted)


def test_control_without_the_lock_both_approve(app: Flask, slow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.app_context():
        people = [person(f"p{n}", Role.COMPLIANCE) for n in range(2)]
        approval = prepared(TERMINAL, kind="test.slow")
        approval_id, digest = approval.id, approval.digest
    barrier = threading.Barrier(2, timeout=60)

    def careless(approval_id: int) -> Approval:
        """Looks first and locks afterwards."""
        with db.engine.connect() as elsewhere:
            state = elsewhere.execute(select(Approval.state).where(Approval.id == approval_id)).scalar_one()
        assert state == ApprovalState.WAITING
        barrier.wait()
        db.session.connection(execution_options={"begin_immediate": True})
        return db.session.execute(approvals.locked(approval_id)).scalar_one()

    monkeypatch.setattr(approvals, "_waiting", careless)
    monkeypatch.setattr(approvals, "hold_clock", lambda: None)  # it would let one in after the other

    def one(actor: Actor) -> None:
        approve(approval_id, actor, NOON, digest=digest)
        db.session.commit()

    assert _race(app, one, people) == ["approved", "approved"]
    with app.app_context():
        assert effects() == 2, "the race test would see the fault"
