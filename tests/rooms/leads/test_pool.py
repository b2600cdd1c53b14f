"""The pool and its limits, who is given leads, and what the days decide by themselves."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from models import db
from models.identity import Role
from models.leads import Claim, Lead, LeadEntry, LeadState
from models.notices import Notice
from portal import clock, local_day
from portal.actors import TERMINAL, Actor
from portal.jobs import leads as job
from portal.jobs.worker import Worker
from portal.leads import introducers, owners, pool
from portal.leads.erasure import CLIENTS, erase
from portal.leads.states import FORGET, RUN_OUT, STEPS
from portal.leads.terms import Terms, set_terms
from portal.leads.tidy import tidy
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.transaction import transaction
from tests.rooms.leads.firm import MORNING, NOON, TODAY, again, lead_of, settle_in, user


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """The firm of tests/rooms/leads/firm.py."""
    settle_in(app, tmp_path / "files")
    return app


def tidied(days: int) -> dict[str, int]:
    """The tidying of a later day."""
    with transaction():
        return tidy(TODAY + timedelta(days=days), TERMINAL, NOON + timedelta(days=days), since=TODAY + timedelta(days=days - 1))


def picked(lead: Lead, actor: Actor, days: int = 0, version: int | None = None) -> Lead:
    """Pick a lead, some days later."""
    later, public_id, seen = timedelta(days=days), lead.public_id, lead.version if version is None else version
    with transaction():
        return pool.pick(public_id, seen, actor=actor, moment=NOON + later, today=TODAY + later, since=MORNING + later)


def given(lead: Lead, staff_no: str, actor: Actor, days: int = 0) -> Lead:
    """Assign a lead."""
    later, public_id, seen = timedelta(days=days), lead.public_id, lead.version
    with transaction():
        return pool.assign(public_id, staff_no, seen, actor=actor, moment=NOON + later, today=TODAY + later)


def pooled(numbers: range) -> list[Lead]:
    """Leads that lie in the pool of branch 01 since fifteen days after TODAY."""
    leads = [lead_of(number, introducers.broker("B001" if number % 2 else "B002")) for number in numbers]
    tidied(15)
    return [again(lead) for lead in leads]


def terms(**values: int) -> None:
    """Other terms from now on."""
    with transaction():
        set_terms(values, TERMINAL, NOON)


@pytest.mark.usefixtures("database")
def test_nobody_worked_on_it_so_it_lies_in_the_pool_and_its_owner_is_told(firm: Flask) -> None:
    anna, lead = user(firm, Role.STAFF, staff_no="S001", branch_no="01"), lead_of(1)
    assert tidied(14)["pooled"] == 0
    assert tidied(15)["pooled"] == 1
    assert tidied(15)["pooled"] == 0, "once more is the same as once"
    lead = again(lead)
    assert (lead.owner_staff_id, lead.pool_since) == (None, NOON + timedelta(days=15))
    assert db.session.execute(select(LeadEntry.details).where(LeadEntry.action == "pooled")).scalar_one() == {"why": "idle", "staff": "S001"}
    assert db.session.execute(select(Notice.kind).where(Notice.user_id == anna.user_id).order_by(Notice.id.desc()).limit(1)).scalar() == "lead.pooled"


@pytest.mark.usefixtures("database")
def test_so_many_a_day_and_not_what_was_ones_own(firm: Flask) -> None:
    leads = pooled(range(8))
    anna, bert = (user(firm, Role.STAFF, staff_no=no, branch_no="01") for no in ("S001", "S002"))
    with pytest.raises(Conflict, match="others come first"):
        picked(leads[0], anna, 16)
    for lead in leads[:5]:
        assert picked(lead, bert, 16).owner_staff_id == introducers.staff("S002").id
    with pytest.raises(Conflict, match="picked 5 leads today"):
        picked(leads[5], bert, 16)
    assert picked(leads[5], bert, 17).pool_since is None
    assert pool.cooling("S001", NOON + timedelta(days=44), Terms()) == {lead.id: NOON + timedelta(days=45) for lead in leads[6:]}
    assert pool.cooling("S001", NOON + timedelta(days=45), Terms()) == pool.cooling("S002", NOON + timedelta(days=17), Terms()) == {}
    assert picked(leads[6], anna, 45).pool_since is None, "thirty days later it may be hers again"
    with pytest.raises(NotFound):
        picked(leads[7], user(firm, Role.STAFF, staff_no="S004", branch_no="02"), 17)
    with pytest.raises(NotAllowed, match="no staff number"):
        picked(leads[7], user(firm, Role.ADMIN), 17)
    with pytest.raises(NotAllowed, match="has left"):
        picked(leads[7], user(firm, Role.STAFF, staff_no="S003", branch_no="01"), 17)


@pytest.mark.usefixtures("database")
def test_nobody_is_given_more_than_he_can_look_after(firm: Flask) -> None:
    terms(leads_per_staff=2)
    leads = [lead_of(number) for number in range(4)]
    anna, boss = introducers.staff("S001"), user(firm, Role.BRANCH_MANAGER, branch_no="01")
    assert [again(lead).owner_staff_id for lead in leads] == [anna.id, anna.id, None, None], "the third waits to be assigned"
    with pytest.raises(Conflict, match="which is the most"):
        given(again(leads[2]), "S001", boss)
    assert given(again(leads[2]), "S002", boss).owner_staff_id == introducers.staff("S002").id
    terms(leads_per_staff=1)
    tidied(15)
    bert = user(firm, Role.STAFF, staff_no="S002", branch_no="01")
    picked(again(leads[0]), bert, 16)
    with pytest.raises(Conflict, match="which is the most"):
        picked(again(leads[1]), bert, 16)


@pytest.mark.usefixtures("database")
def test_nothing_is_given_to_people_who_left_and_what_they_had_goes_to_the_pool(firm: Flask) -> None:
    boss, lead = user(firm, Role.BRANCH_MANAGER, branch_no="01"), lead_of(1)
    with pytest.raises(Refusal, match="has left"):
        given(lead, "S003", boss)
    with pytest.raises(NotFound):
        given(again(lead), "S004", boss)
    assert [one.staff_no for one in owners.colleagues(boss, TODAY)] == ["S001", "S002"]
    with transaction():
        db.session.execute(update(Lead).where(Lead.id == lead.id).values(owner_staff_id=introducers.staff("S003").id))
    assert tidied(1)["left"] == 1
    assert again(lead).pool_since is not None


@pytest.mark.usefixtures("database")
def test_a_claim_that_has_run_out_is_lapsed_with_its_lead_unless_somebody_works_on_it(firm: Flask) -> None:
    idle, busy = lead_of(1), lead_of(2)
    with transaction():
        db.session.execute(update(Lead).where(Lead.id == busy.id).values(last_activity_at=NOON + timedelta(days=30)))
    assert tidied(30)["lapsed"] == 0, "the thirtieth day still protects"
    assert tidied(31)["lapsed"] == 2
    assert [again(lead).state for lead in (idle, busy)] == ["lapsed", "registered"]
    assert db.session.execute(select(Claim.state, Claim.ended_why)).all() == [("lapsed", "time")] * 2
    assert tidied(31)["lapsed"] == 0


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("state", list(LeadState))
def test_the_clock_moves_a_lead_by_the_table_and_by_nothing_else(firm: Flask, state: LeadState) -> None:
    lead, other = lead_of(1), lead_of(2)
    with transaction():
        db.session.execute(update(Lead).values(state=state))
    tidied(31)
    assert again(lead).state == (STEPS[state, RUN_OUT].to if (state, RUN_OUT) in STEPS else state)
    with transaction():
        db.session.execute(update(Lead).where(Lead.id == other.id).values(state=state))
        gone = erase([other.id], TERMINAL, NOON)
    assert gone == (state not in CLIENTS)
    assert again(other).state == (STEPS[state, FORGET].to if (state, FORGET) in STEPS else state)


@pytest.mark.usefixtures("database")
def test_the_end_of_a_claim_is_announced_a_week_before_and_once(firm: Flask) -> None:
    broker = user(firm, Role.BROKER, broker_no="B001")
    lead_of(1)
    assert [tidied(days)["told"] for days in (22, 23, 24)] == [0, 1, 0]
    told = db.session.execute(select(Notice.user_id, Notice.kind)).all()
    assert (broker.user_id, "lead.ends_soon") in [tuple(row) for row in told]


def race(firm: Flask) -> tuple[Counter[str], Lead]:
    """Eight of the staff pick one lead at the same moment; their answers and the lead afterwards."""
    with firm.app_context():
        lead = pooled(range(1))[0]
        people = [user(firm, Role.STAFF, staff_no="S002", branch_no="01") for _ in range(8)]
        db.session.remove()
    answers: list[str] = []
    gate = threading.Barrier(8, timeout=60)

    def one(actor: Actor) -> None:
        with firm.app_context():
            gate.wait()
            try:
                picked(lead, actor, 16)
                answers.append("mine")
            except Conflict:
                answers.append("somebody was quicker")
            db.session.remove()

    threads = [threading.Thread(target=one, args=(actor,)) for actor in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with firm.app_context():
        entries = db.session.execute(select(LeadEntry.id).where(LeadEntry.action == "picked")).all()
        answers.append(f"{len(entries)} picks written")
        return Counter(answers), again(lead)


def test_of_many_who_pick_one_lead_at_once_one_gets_it(firm: Flask) -> None:
    answers, _lead = race(firm)
    assert answers == {"mine": 1, "somebody was quicker": 7, "1 picks written": 1}


def test_control_without_looking_again_under_the_lock_many_get_it(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: each believes what he saw before. The test above would notice."""
    monkeypatch.setattr(pool, "is_still_there", lambda *_: True)
    answers, _lead = race(firm)
    assert answers["mine"] > 1


def test_the_worker_tidies_once_a_day(firm: Flask) -> None:
    """Nothing is asked for in a firm without leads, and nothing twice on one day; the result names the day."""
    with firm.app_context():
        assert not job.is_due(NOON)
        lead_of(1, moment=clock.now() - timedelta(days=15), today=local_day.today() - timedelta(days=15))
        assert job.is_due(clock.now())
        with transaction():
            job.ask_to_tidy(TERMINAL, clock.now())
        assert not job.is_due(clock.now())
        db.session.remove()
    assert Worker(firm).drain() == 1
    with firm.app_context():
        assert job.last_day() == local_day.today()
        assert db.session.execute(select(Lead.pool_since)).scalar_one() is not None
        assert job.is_due(clock.now() + timedelta(days=1))
