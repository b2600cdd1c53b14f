"""The life of a lead: every step of the table and none other, each by who may, with what it needs; no update is lost."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from models import db
from models.audit import AuditEntry
from models.clients import Account
from models.identity import Role
from models.leads import Claim, ClaimState, Lead, LeadEntry, LeadState, LeadTask
from portal.actors import NOBODY, TERMINAL, Actor
from portal.leads import introducers, work
from portal.leads.deadlines import trading_day_after
from portal.leads.left_alone import leave_alone
from portal.leads.states import CONSENT, ENDED, FORGET, OPEN, RUN_OUT, STEPS, UNSUITABLE
from portal.leads.steps import Facts, take_step
from portal.leads.work import Contact, Outcome, Way
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.suitability import sittings
from portal.suitability.questionnaires import asked_on
from portal.suitability.sittings import Subject, Taken
from portal.transaction import transaction
from tests.rooms.leads.firm import NOON, TODAY, again, lead_of, settle_in, user
from tests.rooms.leads.stories import BOLD

NAMES = sorted({name for _state, name in STEPS})


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """The firm of tests/rooms/leads/firm.py."""
    settle_in(app, tmp_path / "files")
    return app


def take(lead: Lead, name: str, actor: Actor, words: str = "said so", facts: Facts | None = None, version: int | None = None) -> Lead:
    """One step, in a transaction of its own."""
    number, public_id = lead.version if version is None else version, lead.public_id
    with transaction():
        return take_step(public_id, name, number, actor=actor, moment=NOON, today=TODAY, words=words, facts=facts)


def answered(lead: Lead) -> None:
    """A test whose grade stands, and nothing that follows from it."""
    with transaction():
        taken = Taken(BOLD, asked_on(TODAY).version, "at_desk", "nobody", "rec 1", "zh", {})
        sittings.take(Subject(lead.id, "", lead.number), taken, TERMINAL, NOON, TODAY, "CN")


def put(lead: Lead, state: LeadState) -> None:
    """Put a lead into a state, past the table."""
    with transaction():
        db.session.execute(update(Lead).where(Lead.id == lead.id).values(state=state))


def whole_facts() -> Facts:
    """Everything that any step needs."""
    account = db.session.execute(select(Account.id)).scalars().first()
    other = lead_of(99, introducers.staff("S002"))
    with transaction():
        db.session.execute(update(Claim).where(Claim.lead_id == other.id).values(state=ClaimState.LAPSED))
    return Facts("CN", account, first_deposit=TODAY, other=other.public_id)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("state", list(LeadState))
def test_the_table_is_the_whole_life(firm: Flask, state: LeadState) -> None:
    """Every state with every step: those of the table lead where it says, all others are refused and change nothing."""
    admin = user(firm, Role.ADMIN, broker_no="B001")
    facts = whole_facts()
    for number, name in enumerate(NAMES):
        lead = lead_of(number)
        put(lead, state)
        lead = again(lead)
        if name == "pass_suitability":
            answered(lead)
        before = lead.version
        if (state, name) in STEPS and STEPS[state, name].right is None:
            with pytest.raises(NotAllowed):
                take(lead, name, admin, facts=facts)
            if name in (RUN_OUT, FORGET):  # the clock takes these: test_pool.py
                assert (again(lead).state, again(lead).version) == (state, before)
                continue
            with transaction():
                leave_alone(db.session.get_one(Lead, lead.id, with_for_update=True), name, NOBODY, NOON, TODAY)
            assert (again(lead).state, again(lead).suppressed, again(lead).version) == (STEPS[state, name].to, True, before + 1)
            continue
        if (state, name) not in STEPS:
            with pytest.raises(Conflict):
                take(lead, name, admin, facts=facts)
            assert (again(lead).state, again(lead).version) == (state, before)
            continue
        assert take(lead, name, admin, facts=facts).state == STEPS[state, name].to
        lead = again(lead)
        assert lead.version == before + 1
        last = db.session.execute(select(LeadEntry).where(LeadEntry.lead_id == lead.id).order_by(LeadEntry.id.desc()).limit(1)).scalar_one()
        assert (last.action, last.details) == (name, {"from": state.value, "to": lead.state})
        assert db.session.execute(select(AuditEntry.action).where(AuditEntry.action == f"lead.{name}", AuditEntry.subject_key == lead.number)).first()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("state", "name", "facts", "words", "missing"),
    [
        ("registered", "contact", Facts(), " ", "few words"),
        ("qualified", "pass_suitability", Facts(), "", "no suitability test"),
        ("suitability_passed", "open_account", Facts(), "", "account"),
        ("account_opened", "activate", Facts(), "", "deposit"),
        ("registered", "merge", Facts(), "", "name the lead"),
        ("registered", "refuse", Facts(), "", "few words"),
        ("contacted", "qualify", Facts(), "x" * 2001, "too long"),
    ],
)
def test_a_step_says_what_it_needs(firm: Flask, state: str, name: str, facts: Facts, words: str, missing: str) -> None:
    lead = lead_of(1)
    put(lead, LeadState(state))
    with pytest.raises(Refusal, match=missing):
        take(again(lead), name, user(firm, Role.ADMIN), words, facts)
    assert again(lead).state == state


@pytest.mark.usefixtures("database")
def test_who_may(firm: Flask) -> None:
    """The lead is of B001 and looked after by S001: others do not even find it; a broker works on nothing, and takes back his own."""
    lead = lead_of(1)
    assert lead.owner_staff_id == introducers.staff("S001").id
    for stranger in (user(firm, Role.STAFF, staff_no="S002"), user(firm, Role.BROKER, broker_no="B002"), user(firm, Role.BRANCH_MANAGER, branch_no="02")):
        with pytest.raises(NotFound):
            take(again(lead), "contact", stranger)
    for reader in (user(firm, Role.AUDITOR), user(firm, Role.BROKER, broker_no="B001"), user(firm, Role.COMPLIANCE)):
        with pytest.raises(NotAllowed):
            take(again(lead), "contact", reader)
    with pytest.raises(Refusal, match="whose claim"):
        take(again(lead), "withdraw", user(firm, Role.STAFF, staff_no="S001"))
    assert take(again(lead), "contact", user(firm, Role.STAFF, staff_no="S001")).state == "contacted"
    assert take(again(lead), "qualify", user(firm, Role.BRANCH_MANAGER, branch_no="01")).state == "qualified"
    assert take(again(lead), "withdraw", user(firm, Role.BROKER, broker_no="B001")).state == "withdrawn"


@pytest.mark.usefixtures("database")
def test_no_update_is_lost(firm: Flask) -> None:
    """Two looked at version 1; the second is told and nothing of his is written."""
    lead, admin = lead_of(1), user(firm, Role.ADMIN)
    seen = lead.version
    take(lead, "contact", admin, version=seen)
    with pytest.raises(Conflict, match="meanwhile"):
        take(again(lead), "qualify", admin, version=seen)
    assert again(lead).state == "contacted"


@pytest.mark.usefixtures("database")
def test_what_ends_takes_its_claim_and_its_tasks_along(firm: Flask) -> None:
    admin = user(firm, Role.ADMIN)
    for number, name in enumerate(("lapse", "refuse")):
        lead = lead_of(number)
        with transaction():
            work.add_task(lead.public_id, "Call again", TODAY, lead.version, actor=admin, moment=NOON, today=TODAY)
        lead = take(again(lead), name, admin)
        assert lead.state in ENDED
        assert lead.suppressed == (name == "refuse")
        assert db.session.execute(select(Claim.state, Claim.ended_why).where(Claim.lead_id == lead.id)).one() == ("lapsed", lead.state)
        assert db.session.execute(select(LeadTask.done_at).where(LeadTask.lead_id == lead.id)).scalar_one() == NOON


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("state", list(LeadState))
@pytest.mark.parametrize("step", [UNSUITABLE, CONSENT])
def test_who_is_left_alone_is_closed_by_the_table_and_by_nothing_else(firm: Flask, state: LeadState, step: str) -> None:
    """From an open state a step of the table closes the lead, with everything that hangs on it; in any other its state stays as it is."""
    lead, admin, anna = lead_of(1), user(firm, Role.ADMIN), user(firm, Role.STAFF, staff_no="S001")
    with transaction():
        work.add_task(lead.public_id, "Call again", TODAY, lead.version, actor=admin, moment=NOON, today=TODAY)
    put(lead, state)
    with transaction():
        leave_alone(db.session.get_one(Lead, lead.id, with_for_update=True), step, anna, NOON, TODAY)
    lead = again(lead)
    leads_on = (state, step) in STEPS
    assert leads_on == (state in OPEN)
    assert (lead.state, lead.suppressed) == ("refused" if leads_on else state, True)
    assert db.session.execute(select(LeadTask.done_at)).scalar_one() == NOON
    entry = db.session.execute(select(LeadEntry).where(LeadEntry.action == step)).scalar_one_or_none()
    assert (entry is not None) == leads_on
    if entry is not None:
        assert (entry.details, lead.state_reason) == ({"from": state.value, "to": "refused"}, step)
        assert db.session.execute(select(Claim.state, Claim.ended_why)).one() == ("lapsed", step)


@pytest.mark.usefixtures("database")
def test_who_may_not_take_a_test_closes_nobody_as_unsuitable(firm: Flask) -> None:
    lead, broker = lead_of(1), user(firm, Role.BROKER, broker_no="B001")
    with pytest.raises(NotAllowed), transaction():
        leave_alone(db.session.get_one(Lead, lead.id, with_for_update=True), UNSUITABLE, broker, NOON, TODAY)
    assert (again(lead).state, again(lead).suppressed) == ("registered", False)


@pytest.mark.usefixtures("database")
def test_a_merged_lead_gives_its_claim_to_the_other_unless_both_are_claimed(firm: Flask) -> None:
    admin = user(firm, Role.ADMIN)
    one, two = lead_of(1), lead_of(2, introducers.broker("B002"))
    with pytest.raises(Conflict, match="a case decides"):
        take(one, "merge", admin, facts=Facts(other=two.public_id))
    with transaction():
        db.session.execute(update(Claim).where(Claim.lead_id == two.id).values(state=ClaimState.LAPSED))
    take(again(one), "merge", admin, facts=Facts(other=two.public_id))
    moved = db.session.execute(select(Claim.state).where(Claim.lead_id == two.id).order_by(Claim.id)).scalars().all()
    assert sorted(moved) == ["lapsed", "protected"]
    assert again(one).merged_into_id == two.id


def contact(lead: Lead, outcome: Outcome, actor: Actor, day: int = 0, **more: Any) -> Lead:
    """Speak with a lead, `day` days after it came."""
    public_id, version = lead.public_id, lead.version
    with transaction():
        return work.record_contact(
            public_id, Contact(Way.CALL, outcome, "rang", **more), version, actor=actor, moment=NOON + timedelta(days=day), today=TODAY + timedelta(days=day)
        )


@pytest.mark.usefixtures("database")
def test_only_who_was_reached_is_contacted_and_keeps_the_claim_alive(firm: Flask) -> None:
    anna = user(firm, Role.STAFF, staff_no="S001")
    lead = contact(lead_of(1), Outcome.NO_ANSWER, anna, 5)
    claim = db.session.execute(select(Claim).where(Claim.lead_id == lead.id)).scalar_one()
    assert (lead.state, lead.contacted_at, claim.last_activity_on) == ("registered", None, TODAY)
    assert lead.last_activity_at == NOON + timedelta(days=5)
    lead = contact(again(lead), Outcome.REACHED, anna, 6, promise="Send the fees", promised_for=TODAY + timedelta(days=9))
    assert (lead.state, lead.contacted_at) == ("contacted", NOON + timedelta(days=6))
    db.session.refresh(claim)
    assert claim.last_activity_on == TODAY + timedelta(days=6)
    assert db.session.execute(select(LeadTask.what, LeadTask.due_on, LeadTask.owner_staff_id)).one() == ("Send the fees", TODAY + timedelta(days=9), lead.owner_staff_id)


@pytest.mark.usefixtures("database")
def test_a_claim_is_extended_once_with_a_recorded_contact_while_it_holds(firm: Flask) -> None:
    broker, public_id = user(firm, Role.BROKER, broker_no="B001"), lead_of(1).public_id

    def at(day: int, step: str) -> None:
        version = db.session.execute(select(Lead.version).where(Lead.public_id == public_id)).scalar_one()
        with transaction():
            when = {"actor": broker, "moment": NOON + timedelta(days=day), "today": TODAY + timedelta(days=day)}
            work.extend(public_id, version, **when) if step == "extend" else work.report(public_id, "met him", version, **when)  # type: ignore[arg-type]

    with pytest.raises(Refusal, match="recorded contact"):
        at(1, "extend")
    at(2, "report")
    at(3, "extend")
    claim = db.session.execute(select(Claim)).scalar_one()
    assert (claim.protected_until, claim.extended_on) == (date(2026, 6, 30), TODAY + timedelta(days=3))
    with pytest.raises(Conflict, match="once is the most"):
        at(4, "extend")
    with pytest.raises(Conflict, match="no claim"):
        at(40, "extend")  # nothing happened for 30 days: it protects nobody any more
    at(41, "report")
    db.session.refresh(claim)
    assert claim.last_activity_on == TODAY + timedelta(days=3), "a claim that has run out does not come back"


@pytest.mark.usefixtures("database")
def test_the_first_contact_is_due_by_the_trading_calendar(firm: Flask) -> None:
    """2026-09-30 is a Wednesday before the National Day week: the second trading day after it is 10-09."""
    assert lead_of(1, today=date(2026, 3, 2)).contact_due_on == date(2026, 3, 4)
    assert lead_of(2, today=date(2026, 9, 30)).contact_due_on == date(2026, 10, 9)
    assert trading_day_after(date(2026, 12, 30), 3, [date(2026, 12, 31)], date(2026, 12, 31)) == date(2027, 1, 4)
