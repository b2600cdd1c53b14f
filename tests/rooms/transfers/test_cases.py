"""Two claims on one person: contested with evidence, decided by a day, appealed once, and commission waits meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select

from models import db
from models.attribution import Attribution
from models.audit import AuditEntry
from models.commission import RunStatement
from models.identity import Role, User
from models.leads import Claim, Lead, LeadDoor, LeadLookUp
from models.notices import Notice
from models.partners import Branch, Broker
from models.transfers import CaseState, ClaimCase, SightEnd
from models.values.calendar import Month
from portal.actors import TERMINAL, Actor, actor_of
from portal.attribution.queries import account_id_of, spans
from portal.audit import approvals
from portal.audit.recordings import open_recording
from portal.commission import runs
from portal.commission.month import quiet
from portal.jobs.case import SUSPENSE, after_rows, suspense_job
from portal.jobs.handlers import Work
from portal.jobs.refresh import refresh
from portal.keys import keyring
from portal.leads import register
from portal.leads.conversion_facts import live_claims
from portal.leads.introducers import introducer_of
from portal.leads.people import Person, person
from portal.leads.policy import visible_to as sees_lead
from portal.leads.protection import last_day
from portal.leads.register import Answer, Source
from portal.leads.steps import live_claim
from portal.leads.terms import terms
from portal.leads.tidy import tidy
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.transaction import transaction
from portal.transfers import cases, holding
from portal.transfers.case_entries import Evidence
from portal.transfers.case_queries import case_for, entries
from portal.transfers.case_states import Side
from portal.transfers.cases import Said
from portal.transfers.contest import Contested, contest
from portal.versions import assert_rows, columns_of, current
from tests.people import someone
from tests.rooms.pages.firm import settle_into_april

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
WANG = {"name": "王一", "phone": "138 1234 5678"}
MET = Evidence("contact", "met him at the steel fair", "diary of 1 March")
DAY = timedelta(days=1)


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    """March is closed and paid B001 for 10001 and B002 for 10002; on 1 April both traded, and April is open."""
    settle_into_april(app, tmp_path / "files", traded=True)
    with app.app_context():
        yield app


def who(app: Flask, role: Role, **numbers: Any) -> Actor:
    user_id = someone(app, role, **numbers)
    with app.app_context():
        actor = actor_of(db.session.get_one(User, user_id))
        db.session.remove()
    return actor


def registered(who: Person, by: Actor, moment: datetime = NOON) -> Answer:
    with transaction():
        branch = db.session.execute(select(Branch.id)).scalars().first()
        assert branch is not None
        source = Source(LeadDoor.FORM, branch)
        return register.register(who, introducer_of(by), source, actor=by, moment=moment, today=moment.astimezone(ZONE).date(), keyring=keyring()).answer


def contested(who: Person, by: Actor, moment: datetime = NOON + DAY, shown: Evidence = MET) -> Contested:
    with transaction():
        found = contest(who, introducer_of(by), shown, actor=by, moment=moment, today=moment.astimezone(ZONE).date(), keyring=keyring(), jurisdiction="CN")
        if found.case is not None and found.case.suspended:
            after_rows(found.case, by, moment)
    return found


def opened(who: Person, by: Actor, moment: datetime = NOON + DAY) -> str:
    found = contested(who, by, moment)
    assert found.case is not None
    return found.case.public_id


def step(public_id: str, name: str, by: Actor, said: Said | None = None, moment: datetime = NOON + 2 * DAY) -> ClaimCase:
    with transaction():
        return cases.step(public_id, name, said or Said(), actor=by, moment=moment, zone=ZONE)


def states() -> dict[str, str]:
    rows = db.session.execute(select(Broker.broker_no, Claim.state).join(Broker, Broker.id == Claim.broker_id).order_by(Claim.id))
    return {row[0]: row[1] for row in rows}


def decided(public_id: str, desk: Actor, verdict: Side, moment: datetime = NOON + 2 * DAY) -> ClaimCase:
    return step(public_id, "decide", desk, Said("the first contact counts", verdict=verdict), moment)


def test_who_was_told_protected_contests_and_both_claims_are_disputed(firm: Flask) -> None:
    one, two, desk = who(firm, Role.BROKER, broker_no="B001"), who(firm, Role.BROKER, broker_no="B002"), who(firm, Role.COMPLIANCE)
    wang = person(**WANG)
    assert registered(wang, one) is Answer.NEW
    public_id = opened(wang, two)
    case = case_for(two, public_id)
    assert (case.state, case.due_on, states()) == (CaseState.OPEN, date(2026, 3, 17), {"B001": "disputed", "B002": "disputed"})
    assert registered(wang, two, NOON + DAY) is Answer.PROTECTED
    told: dict[int | None, str] = dict(db.session.execute(select(Notice.user_id, Notice.kind).where(Notice.kind.like("case.%"))).all())
    assert (told[one.user_id], told[desk.user_id], told.get(two.user_id)) == ("case.contested", "case.waits", None)
    assert {row.actor_label for row in db.session.execute(select(Notice).where(Notice.kind.like("case.%"))).scalars()} == {""}, "a notice names nobody"


def test_neither_side_sees_the_others_name_or_evidence_and_the_lead_stays_hidden(firm: Flask) -> None:
    one, two, three = (who(firm, Role.BROKER, broker_no=number) for number in ("B001", "B002", "B001"))
    desk, wang = who(firm, Role.COMPLIANCE), person(**WANG)
    registered(wang, one)
    public_id = opened(wang, two)
    step(public_id, "show", one, Said(evidence=Evidence("document", "his application", "form 7")))
    case = case_for(desk, public_id)
    assert [entry.reference for entry in entries(case, Side.HELD)] == ["form 7"]
    assert [entry.reference for entry in entries(case, Side.CONTESTING)] == ["", "diary of 1 March"]
    assert len(entries(case, None)) == 3
    assert [db.session.execute(select(func.count()).select_from(Lead).where(sees_lead(actor))).scalar_one() for actor in (one, two, three)] == [1, 0, 1]
    stranger = who(firm, Role.BROKER, broker_no="")
    with pytest.raises(NotFound):
        case_for(stranger, public_id)


def test_what_is_no_conflict_is_said_and_counted(firm: Flask) -> None:
    one, two, wang = who(firm, Role.BROKER, broker_no="B001"), who(firm, Role.BROKER, broker_no="B002"), person(**WANG)
    assert contested(wang, two) == Contested(Answer.NEW)
    registered(wang, one)
    assert contested(wang, one) == Contested(Answer.YOURS)
    opened(wang, two)
    third = who(firm, Role.STAFF, staff_no="S001")
    assert contested(wang, third) == Contested(Answer.PROTECTED, busy=True)
    assert db.session.execute(select(func.count()).select_from(LeadLookUp)).scalar_one() == 5
    with pytest.raises(Refusal, match="where the evidence"):
        contested(wang, third, shown=Evidence("contact", "met him", " "))
    with pytest.raises(Refusal, match="no kind"):
        contested(wang, third, shown=Evidence("named_contesting", "he said so", "tape 1"))


def test_the_decision_ends_one_claim_and_somebody_else_judges_the_appeal(firm: Flask) -> None:
    one, two = who(firm, Role.BROKER, broker_no="B001"), who(firm, Role.BROKER, broker_no="B002")
    desk, other, wang = who(firm, Role.COMPLIANCE), who(firm, Role.ADMIN), person(**WANG)
    registered(wang, one)
    public_id = opened(wang, two)
    with pytest.raises(NotAllowed):
        decided(public_id, one, Side.HELD)
    with pytest.raises(Refusal, match="whose claim"):
        step(public_id, "decide", desk, Said("because"))
    case = decided(public_id, desk, Side.HELD)
    assert (states(), case.appeal_until) == ({"B001": "decided", "B002": "lapsed"}, date(2026, 3, 18))
    assert case.proposal["side"] == "held"
    with pytest.raises(NotAllowed):
        step(public_id, "appeal", one, Said("I won, and yet"))
    with pytest.raises(Conflict, match="may still be appealed"):
        step(public_id, "close", desk)
    step(public_id, "appeal", two, Said("he met me first"))
    with pytest.raises(NotAllowed):
        step(public_id, "judge", desk, Said("I stay by it", verdict=Side.HELD))
    case = step(public_id, "judge", other, Said("the diary is older", verdict=Side.CONTESTING))
    assert (case.state, states()) == (CaseState.CLOSED, {"B001": "lapsed", "B002": "decided"})
    assert [db.session.execute(select(func.count()).select_from(Lead).where(sees_lead(actor))).scalar_one() for actor in (one, two)] == [0, 1]
    assert registered(wang, one, NOON + 3 * DAY) is Answer.PROTECTED, "what was decided protects the winner"
    logged = db.session.execute(select(AuditEntry.action).where(AuditEntry.action.like("case.%")).order_by(AuditEntry.seq)).scalars().all()
    assert logged == ["case.opened", "case.decide", "case.appeal", "case.judge"]


def test_a_claim_that_a_case_decided_counts_until_its_clock_runs_out(firm: Flask) -> None:
    one, two, desk = who(firm, Role.BROKER, broker_no="B001"), who(firm, Role.BROKER, broker_no="B002"), who(firm, Role.COMPLIANCE)
    registered(person(**WANG), one)
    decided(opened(person(**WANG), two), desk, Side.HELD)
    today = (NOON + 2 * DAY).date()
    with transaction():
        lead = db.session.execute(select(Lead)).scalars().one()
        won = live_claim(lead.id, today)
        assert won is not None
        assert (won.state, won.broker_id) == ("decided", db.session.execute(select(Broker.id).where(Broker.broker_no == "B001")).scalar_one())
        assert live_claims([lead.id]) == {lead.id: won}, "who won is attributed when the account opens"
        over = last_day(won.protected_until, won.last_activity_on, terms()) + timedelta(days=1)
        assert live_claim(lead.id, over) is None
        tidy(over, TERMINAL, NOON + (over - NOON.date()), since=over - timedelta(days=1))
    assert states() == {"B001": "lapsed", "B002": "lapsed"}


def test_an_appeal_comes_in_time_or_not_at_all(firm: Flask) -> None:
    one, two, desk, wang = who(firm, Role.BROKER, broker_no="B001"), who(firm, Role.BROKER, broker_no="B002"), who(firm, Role.COMPLIANCE), person(**WANG)
    registered(wang, one)
    public_id = opened(wang, two)
    decided(public_id, desk, Side.HELD)
    with pytest.raises(Conflict, match="time to appeal is over"):
        step(public_id, "appeal", two, Said("too late"), datetime(2026, 3, 19, 4, tzinfo=UTC))
    assert step(public_id, "close", desk, moment=datetime(2026, 3, 19, 4, tzinfo=UTC)).state == CaseState.CLOSED
    with pytest.raises(Conflict):
        step(public_id, "appeal", two, Said("again"))


def test_a_withdrawn_contest_leaves_everything_as_it_was(firm: Flask) -> None:
    one, two, wang = who(firm, Role.BROKER, broker_no="B001"), who(firm, Role.BROKER, broker_no="B002"), person(**WANG)
    registered(wang, one)
    public_id = opened(wang, two)
    with pytest.raises(NotAllowed):
        step(public_id, "withdraw", one)
    step(public_id, "withdraw", two)
    assert states() == {"B001": "protected", "B002": "lapsed"}
    assert opened(wang, two, NOON + 3 * DAY)


def test_who_is_a_party_does_not_decide_whatever_his_role(firm: Flask) -> None:
    one, two, wang = who(firm, Role.BROKER, broker_no="B001"), who(firm, Role.COMPLIANCE, staff_no="S001"), person(**WANG)
    registered(wang, one)
    public_id = opened(wang, two)
    with pytest.raises(NotAllowed):
        decided(public_id, two, Side.CONTESTING)


def told(account: str, known: int | None = None) -> list[tuple[str, str, str, str, str]]:
    return [
        (span.broker_no, str(span.valid_from), str(span.valid_to), span.state, str(span.confirmed_on or ""))
        for span in sorted(spans(account_id_of(account), known), key=lambda span: (span.valid_from, span.broker_no))
    ]


def april() -> dict[str, int]:
    """What each broker earns in April as the newest preview has it, in fen."""
    refresh(quiet)
    run = runs.newest_run(Month.parse("2026-04"))
    assert run is not None
    rows = db.session.execute(select(Broker.broker_no, RunStatement.earned).join(Broker, Broker.id == RunStatement.broker_id).where(RunStatement.run_id == run.id))
    return {broker_no: earned for broker_no, earned in rows if earned}


def rehearsed(public_id: str, desk: Actor) -> ClaimCase:
    suspense_job(Work(0, "x", SUSPENSE, {"case": case_for(desk, public_id).id}, desk, 1))
    return case_for(desk, public_id)


OPENED = datetime(2026, 4, 1, 1, tzinfo=UTC)


def client() -> Person:
    """The client of account 10001, by his phone as the file has it."""
    return person(name="客户10001", phone="19910001001")


@pytest.mark.parametrize("verdict", [Side.HELD, Side.CONTESTING, Side.FIRM])
def test_the_commission_of_a_disputed_account_waits_and_is_released_by_two_people(firm: Flask, verdict: Side) -> None:
    two, desk, second = who(firm, Role.BROKER, broker_no="B002"), who(firm, Role.COMPLIANCE), who(firm, Role.FINANCE)
    before, was = told("10001"), april()
    assert was == {"B001": 3000, "B002": 3000}
    public_id = opened(client(), two, OPENED)
    assert [row[:4] for row in told("10001")] == [("B001", before[0][1], "2026-04-01", "confirmed"), ("B001", "2026-04-01", "9999-12-31", "suspended")]
    assert april() == {"B002": 3000}
    case = rehearsed(public_id, desk)
    assert case.suspended["money"]["brokers"] == [{"broker_no": "B001", "amount": 3000}], "the amount in suspense"
    decided(public_id, desk, verdict, OPENED + DAY)
    late = OPENED + 30 * DAY
    with pytest.raises(Conflict, match="may still be appealed"), transaction():
        holding.ask_for_release(public_id, desk, OPENED + DAY, date(2026, 4, 2), "CN")
    if verdict is not Side.HELD:
        with pytest.raises(Conflict, match="preview it again"), transaction():
            holding.ask_for_release(public_id, desk, late, date(2026, 5, 1), "CN")
    rehearsed(public_id, desk)
    with transaction():
        approval = holding.ask_for_release(public_id, desk, late, date(2026, 5, 1), "CN")
        key, digest = approval.id, approval.digest
    with pytest.raises(NotAllowed), transaction():
        approvals.approve(key, desk, late, digest=digest)
    with transaction():
        approvals.approve(key, second, late, digest=digest)
    wins = {Side.HELD: {"B001": 3000, "B002": 3000}, Side.CONTESTING: {"B002": 6000}, Side.FIRM: {"B002": 3000}}
    assert april() == wins[verdict]
    if verdict is Side.HELD:
        assert told("10001") == before, "confirmed again as it was, and paid back"
    assert len(db.session.execute(select(SightEnd)).all()) == (0 if verdict is Side.HELD else 1)
    with pytest.raises(Conflict), transaction():
        holding.ask_for_release(public_id, desk, late, date(2026, 5, 1), "CN")


def test_rows_that_changed_meanwhile_are_set_right_by_a_transfer(firm: Flask) -> None:
    two, desk = who(firm, Role.BROKER, broker_no="B002"), who(firm, Role.COMPLIANCE)
    public_id = opened(client(), two, OPENED)
    step(public_id, "withdraw", two, moment=OPENED)
    with transaction():
        row = db.session.execute(current(Attribution, None, Attribution.account_id == account_id_of("10001")).where(Attribution.state == "suspended")).scalar_one()
        changed = {name: getattr(row, name) for name in columns_of(Attribution)} | {"share": 500_000}
        assert_rows(Attribution, [changed], open_recording(desk, OPENED, "test").id, ruled=True)
    with pytest.raises(Conflict, match="set them right by a transfer"):
        rehearsed(public_id, desk)
