"""Many leads given at once: within capacity, never to people who left, all or none, with a line in the log for each."""

from __future__ import annotations

import re
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, select

from models import db
from models.audit import AuditEntry
from models.departures import Departure
from models.identity import Role
from models.leads import Lead, LeadEntry, LeadTask
from models.notices import Notice
from models.partners import Staff
from portal.actors import Actor
from portal.audit.verify import verify
from portal.leads import introducers, pool, work
from portal.leads.assigning import Given, assign_many, planned
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.transaction import transaction
from tests.people import post, seat, someone
from tests.rooms.leads.firm import NOON, TODAY, again, lead_of, settle_in, user
from tests.rooms.leads.test_pool import terms


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """The firm of tests/rooms/leads/firm.py."""
    settle_in(app, tmp_path / "files")
    return app


def owners() -> list[str]:
    """Who looks after the leads, in their order."""
    found = db.session.execute(select(Staff.staff_no).select_from(Lead).outerjoin(Staff, Staff.id == Lead.owner_staff_id).order_by(Lead.id)).scalars()
    return [number or "" for number in found]


def give(given: list[Given], actor: Actor) -> int:
    with transaction():
        return assign_many(given, actor=actor, moment=NOON, today=TODAY)


@pytest.mark.usefixtures("database")
def test_in_turn_within_capacity_and_never_to_who_left(firm: Flask) -> None:
    boss = user(firm, Role.BRANCH_MANAGER, branch_no="01")
    leads = [lead_of(number) for number in range(5)]  # S001 looks after all of them
    keys = [lead.public_id for lead in leads]
    terms(leads_per_staff=3)
    plan = planned(boss, keys, ["S002", "S003", "S004"], TODAY)
    assert [(one.public_id, one.staff_no) for one in plan.given] == [(key, "S002") for key in keys[:3]]
    assert [(lead.public_id, why) for lead, why in plan.staying] == [(key, "full") for key in keys[3:]]
    assert [(number, type(refusal)) for number, refusal in plan.refused] == [("S003", Refusal), ("S004", NotFound)]
    assert [(one.staff_no, one.holds, one.gets, one.most) for one in plan.places] == [("S002", 0, 3, 3)]
    assert owners() == ["S001"] * 5, "a look writes nothing"
    assert give(plan.given, boss) == 3
    assert owners() == ["S002", "S002", "S002", "S001", "S001"]
    for wrong, refusal in ((["S003"], Refusal), (["S004"], NotFound)):
        with pytest.raises(refusal):
            give([Given(keys[4], again(leads[4]).version, wrong[0])], boss)
    with pytest.raises(Conflict, match="there is no room for"):
        give([Given(keys[4], again(leads[4]).version, "S002")], boss)
    assert owners() == ["S002", "S002", "S002", "S001", "S001"]


@pytest.mark.usefixtures("database")
def test_who_is_announced_to_leave_gets_none_from_that_day(firm: Flask) -> None:
    """Also where the master file still shows him; a day earlier he gets some."""
    boss = user(firm, Role.BRANCH_MANAGER, branch_no="01")
    leads = [lead_of(0)]
    with transaction():
        staff_id = db.session.execute(select(Staff.id).where(Staff.staff_no == "S002")).scalar_one()
        words = {"cause": "", "destination": "", "evidence": ""}
        db.session.add(Departure(kind="staff_leaves", staff_id=staff_id, state="announced", announced_on=TODAY, effective_on=TODAY, recorded_at=NOON, **words))
    keys = [lead.public_id for lead in leads]
    assert [number for number, _why in planned(boss, keys, ["S002"], TODAY).refused] == ["S002"]
    assert [one.staff_no for one in planned(boss, keys, ["S002"], TODAY - timedelta(days=1)).given] == ["S002"]


@pytest.mark.usefixtures("database")
def test_it_is_written_down_as_one_by_one_and_undone_by_the_ordinary_verb(firm: Flask) -> None:
    boss, bert = user(firm, Role.BRANCH_MANAGER, branch_no="01"), user(firm, Role.STAFF, staff_no="S002", branch_no="01")
    leads = [lead_of(number) for number in range(2)]
    with transaction():
        work.add_task(leads[0].public_id, "call", TODAY, leads[0].version, actor=boss, moment=NOON, today=TODAY)
    plan = planned(boss, [lead.public_id for lead in leads], ["S002"], TODAY)
    give(plan.given, boss)
    said = db.session.execute(select(LeadEntry.action, LeadEntry.details).where(LeadEntry.action == "assigned").order_by(LeadEntry.id)).all()
    assert [tuple(row) for row in said] == [("assigned", {"staff": "S002", "before": "S001"})] * 2
    lines = db.session.execute(select(AuditEntry.subject_key, AuditEntry.before, AuditEntry.after).where(AuditEntry.action == "lead.assigned").order_by(AuditEntry.seq)).all()
    assert [tuple(row) for row in lines] == [(lead.number, {"staff": "S001"}, {"staff": "S002", "together": 2}) for lead in leads]
    assert verify().holds
    assert db.session.execute(select(Notice.kind, Notice.values).where(Notice.user_id == bert.user_id)).all()[-1][1]["count"] == 2
    assert db.session.execute(select(LeadTask.owner_staff_id)).scalar_one() == again(leads[0]).owner_staff_id
    one = again(leads[0])
    with transaction():
        pool.assign(one.public_id, "S001", one.version, actor=boss, moment=NOON, today=TODAY)
    assert owners() == ["S001", "S002"]


@pytest.mark.usefixtures("database")
def test_all_or_none_where_one_was_changed_and_only_ones_own(firm: Flask) -> None:
    boss, other = user(firm, Role.BRANCH_MANAGER, branch_no="01"), user(firm, Role.BRANCH_MANAGER, branch_no="02")
    leads = [lead_of(number) for number in range(3)]
    plan = planned(boss, [lead.public_id for lead in leads], ["S002"], TODAY)
    with transaction():
        work.add_note(leads[2].public_id, "seen meanwhile", leads[2].version, actor=boss, moment=NOON)
    with pytest.raises(Conflict, match="changed by somebody"):
        give(plan.given, boss)
    assert owners() == ["S001"] * 3
    assert planned(other, [lead.public_id for lead in leads], ["S004"], TODAY).given == []
    with pytest.raises(NotFound):
        give([Given(leads[0].public_id, leads[0].version, "S004")], other)
    with pytest.raises(NotAllowed):
        planned(user(firm, Role.STAFF, staff_no="S001"), [leads[0].public_id], ["S002"], TODAY)
    for nothing in ([], [plan.given[0], plan.given[0]]):
        with pytest.raises(Refusal):
            give(nothing, boss)


@pytest.mark.usefixtures("database")
def test_as_many_queries_for_thirty_as_for_three(firm: Flask) -> None:
    boss = user(firm, Role.BRANCH_MANAGER, branch_no="01")
    counts: list[int] = []
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda _c, _r, statement, *_: statements.append(statement))
    terms(look_ups_an_hour=500)
    for numbers in (range(3), range(3, 33)):
        plan = planned(boss, [lead_of(number).public_id for number in numbers], ["S002"], TODAY)
        db.session.rollback()
        statements.clear()
        give(plan.given, boss)
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_two_who_give_the_last_places_do_not_both_get_them(firm: Flask) -> None:
    boss = user(firm, Role.BRANCH_MANAGER, branch_no="01")
    with firm.app_context():
        keys = [(lead.public_id, lead.version) for lead in [lead_of(number, introducers.broker("B001")) for number in range(8)]]
        terms(leads_per_staff=5)
        db.session.remove()
    gate, said = threading.Barrier(2), Counter[str]()

    def try_it(part: list[tuple[str, int]]) -> None:
        with firm.app_context():
            gate.wait(timeout=60)
            try:
                give([Given(key, version, "S002") for key, version in part], boss)
                said["given"] += 1
            except Conflict:
                said["refused"] += 1
            db.session.remove()

    threads = [threading.Thread(target=try_it, args=(part,)) for part in (keys[:4], keys[4:])]
    [thread.start() for thread in threads]
    [thread.join(timeout=60) for thread in threads]
    assert said == {"given": 1, "refused": 1}
    with firm.app_context():
        assert Counter(owners()) == {"S001": 4, "S002": 4}
        db.session.remove()


def test_at_a_browser_looked_at_then_done(firm: Flask) -> None:
    boss = seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="01"))
    with firm.app_context():
        keys = [lead_of(number).public_id for number in range(3)]
        db.session.remove()
    page = boss.get("/leads/assign").text
    assert all(key in page for key in keys)
    assert "S003" not in page, "who left is not offered"
    assert post(boss, "/leads/assign", "/leads/assign", staff="S002").status_code == 422
    nobody = post(boss, "/leads/assign?state=registered", "/leads/assign", lead=keys[:1])
    assert nobody.status_code == 422
    assert f'value="{keys[0]}" checked' in nobody.text, "what was ticked stays"
    assert f'value="{keys[1]}" checked' not in nobody.text
    looked = post(boss, "/leads/assign", "/leads/assign", lead=keys[:2], staff=["S002", "S003"])
    assert looked.status_code == 200
    assert "has left the firm" in looked.text
    given = re.search(r'name="given" value="([^"]*)"', looked.text)
    assert given
    assert len(given[1].split()) == 2
    whole = post(boss, "/leads/assign", "/leads/assign", which="all", query="state=registered", staff="S002")
    assert "Give 3 leads" in whole.text
    assert post(boss, "/leads/assign/do", "/leads/assign", given=given[1]).status_code == 303
    assert post(boss, "/leads/assign/do", "/leads/assign", given=given[1]).status_code == 409, "a second press changes nothing"
    assert post(boss, "/leads/assign/do", "/leads/assign", given="x:y").status_code == 422
    with firm.app_context():
        assert owners() == ["S002", "S002", "S001"]
        db.session.remove()
