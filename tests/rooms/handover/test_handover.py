"""The clients of one who leaves: proposed within room, decided by a person, nothing lost, the forecast beside the result."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from models import db
from models.care import CareTask
from models.care_steps import CareStep
from models.clients import Account, Servicing
from models.columns import OPEN_END
from models.handovers import ClientOutcome, HandoverClient
from models.identity import Role
from models.notices import Notice
from models.partners import Staff
from models.settlement import SettlementDay
from portal import clock
from portal.actors import Actor
from portal.audit.recordings import open_recording
from portal.handover import outcomes, people, verbs
from portal.local_day import ends
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.transaction import transaction
from portal.versions import Difference, current, write
from tests.people import someone
from tests.rooms.handover.firm import LEAVES_ON, opened, who

TODAY = date(2026, 3, 31)


def proposals(handover_id: int) -> dict[str, str | None]:
    query = select(Account.account_no, Staff.staff_no).join(HandoverClient, HandoverClient.account_id == Account.id).outerjoin(Staff, Staff.id == HandoverClient.proposed_id)
    return dict(db.session.execute(query.where(HandoverClient.handover_id == handover_id)).all())


def proposed(handover_id: int, actor: Actor) -> int:
    with transaction():
        return verbs.propose_again(handover_id, actor=actor, moment=clock.now(), today=TODAY)


def decided(handover_id: int, actor: Actor) -> int:
    digest = verbs.look(verbs.handover_for(actor, handover_id), actor, TODAY).digest
    with transaction():
        return verbs.decide(handover_id, digest, actor=actor, moment=clock.now(), today=TODAY)


def state_room(staff_no: str, capacity: int, actor: Actor) -> None:
    with transaction():
        people.state(staff_no, capacity, "zh", "CU", actor=actor, moment=clock.now())


def servicing() -> list[tuple[str, str, date, date]]:
    row = current(Servicing).subquery()
    query = select(Account.account_no, Staff.staff_no, row.c.valid_from, row.c.valid_to).join(Account, Account.id == row.c.account_id).join(Staff, Staff.id == row.c.staff_id)
    return sorted(tuple(one) for one in db.session.execute(query.where(Account.account_no.startswith("1"))).all())


def test_each_is_proposed_to_who_fits_and_nobody_to_who_left(admin: Actor) -> None:
    """Branch by branch; 10002 to S003, who spoke with him twice; 10006 to S002, who looks after him already. Never S001 nor S004."""
    handover = opened(admin)
    assert proposed(handover, admin) == 0
    assert proposals(handover) == {"10001": "S002", "10002": "S003", "10003": "S002", "10004": "S002", "10005": "S003", "10006": "S002"}
    assert [number for _, number in people.people(admin, TODAY)] == ["S002", "S003"]


def test_where_nobody_has_room_it_says_so_and_those_with_most_to_lose_come_first(admin: Actor) -> None:
    handover = opened(admin)
    state_room("S002", 3, admin)  # looks after 20001 and 10006 already: room for one
    state_room("S003", 2, admin)  # room for one
    assert proposed(handover, admin) == 4
    # 10004 has no score, so all of his 30,000.00 count; 10001 half of 60,000.00: of equal ones the lower account first
    assert {number for number, staff in proposals(handover).items() if staff} == {"10001", "10004"}


def test_a_decision_writes_what_was_looked_at_and_nothing_is_lost(firm: Flask, admin: Actor) -> None:
    """From the day on the successors look after them; the past stays; the open promise moves along; first calls stand on the second trading day."""
    someone(firm, Role.STAFF, staff_no="S002")
    handover = opened(admin)
    proposed(handover, admin)
    assert decided(handover, admin) == 6
    since, ended = date(2025, 1, 2), LEAVES_ON
    assert servicing() == sorted(
        [(number, "S001", since, ended) for number in ("10001", "10002", "10003", "10004", "10005", "10006")]
        + [(number, "S002", ended, OPEN_END) for number in ("10001", "10003", "10004")]
        + [(number, "S003", ended, OPEN_END) for number in ("10002", "10005")]
        + [("10006", "S002", date(2025, 6, 2), OPEN_END)]
    )
    owner, before = Staff.__table__.alias(), Staff.__table__.alias()
    query = select(CareTask.kind, owner.c.staff_no, before.c.staff_no, CareTask.due_on).join(owner, owner.c.id == CareTask.owner_id)
    tasks = db.session.execute(query.outerjoin(before, before.c.id == CareTask.moved_from_id).order_by(CareTask.kind, CareTask.account_id)).all()
    calls = [("handover.first_call", staff, None, date(2026, 4, 2)) for staff in ("S002", "S003", "S002", "S002", "S003", "S002")]
    assert [tuple(one) for one in tasks] == [*calls, ("promise", "S003", "S001", date(2026, 4, 10))]
    assert db.session.execute(select(CareStep.action)).scalars().all() == ["moved"], "the promise tells in its history that it changed hands"
    assert db.session.execute(select(Notice.values).where(Notice.kind == "handover.given")).scalars().all() == [{"count": 4, "due": "2026-04-02", "number": "H2026-00001"}]


def test_a_span_that_had_not_begun_is_taken_back(admin: Actor) -> None:
    """S001 was to look after 10001 anew from May on: handed over, she never does."""
    with transaction():
        recording = open_recording(admin, clock.now(), "test")
        keys = {model: dict(db.session.execute(select(number, model.id)).all()) for model, number in ((Account, Account.account_no), (Staff, Staff.staff_no))}
        later = {"account_id": keys[Account]["10001"], "staff_id": keys[Staff]["S001"], "role": "servicer", "valid_from": date(2026, 5, 4), "valid_to": OPEN_END}
        write(Difference(Servicing, new=[later]), recording.id)
    handover = opened(admin)
    proposed(handover, admin)
    decided(handover, admin)
    assert [one for one in servicing() if one[0] == "10001"] == [("10001", "S001", date(2025, 1, 2), LEAVES_ON), ("10001", "S002", LEAVES_ON, OPEN_END)]


def test_what_changed_since_the_look_is_not_decided(admin: Actor) -> None:
    """The control: with the digest of now it goes through."""
    handover = opened(admin)
    proposed(handover, admin)
    seen = verbs.look(verbs.handover_for(admin, handover), admin, TODAY).digest
    with transaction():
        verbs.choose(handover, "10001", "S003", actor=admin, moment=clock.now(), today=TODAY)
    with pytest.raises(Conflict, match="changed since you looked"), transaction():
        verbs.decide(handover, seen, actor=admin, moment=clock.now(), today=TODAY)
    assert decided(handover, admin) == 6


def test_nobody_gets_more_than_he_has_room_for(admin: Actor) -> None:
    handover = opened(admin)
    proposed(handover, admin)
    state_room("S002", 3, admin)
    with pytest.raises(Refusal) as refused:
        decided(handover, admin)
    assert (refused.value.values["number"], refused.value.values["room"], refused.value.values["count"]) == ("S002", 1, 4)
    assert servicing()[0] == ("10001", "S001", date(2025, 1, 2), OPEN_END), "nothing of it was written"


@pytest.mark.parametrize(("staff", "refusal"), [("S001", NotAllowed), ("S004", NotAllowed), ("S999", NotFound)])
def test_who_leaves_or_left_is_given_nobody(admin: Actor, staff: str, refusal: type[Refusal]) -> None:
    handover = opened(admin)
    with pytest.raises(refusal), transaction():
        verbs.choose(handover, "10001", staff, actor=admin, moment=clock.now(), today=TODAY)


def test_opening_twice_is_opening_once(admin: Actor) -> None:
    assert opened(admin) == opened(admin)
    assert len(proposals(opened(admin))) == 6


def test_a_branch_decides_over_its_own(firm: Flask, admin: Actor) -> None:
    """The manager of branch 02 sees 10005 and 10006, and decides over these alone."""
    manager = who(firm, Role.BRANCH_MANAGER, branch_no="02")
    handover = opened(admin)
    proposed(handover, manager)
    assert {number for number, staff in proposals(handover).items() if staff} == {"10005", "10006"}
    assert decided(handover, manager) == 2
    with pytest.raises(NotFound), transaction():
        verbs.choose(handover, "10001", "S003", actor=manager, moment=clock.now(), today=TODAY)


def test_the_outcome_stands_beside_the_forecast(firm: Flask, admin: Actor) -> None:
    """10001 left (60,000.00 gone), 10002 stayed, 10003 in part: of 40,000.00 he has 0.00 more or less than the 99,900.00 of his books."""
    successor = who(firm, Role.STAFF, staff_no="S002")
    handover = opened(admin)
    with pytest.raises(Conflict, match="not handed over yet"), transaction():
        outcomes.record(handover, "10001", ClientOutcome.KEPT, "", actor=admin, moment=clock.now())
    proposed(handover, admin)
    decided(handover, admin)
    with pytest.raises(Refusal, match="few words"), transaction():
        outcomes.record(handover, "10001", ClientOutcome.LEFT, " ", actor=successor, moment=clock.now())
    with pytest.raises(NotFound), transaction():
        outcomes.record(handover, "10002", ClientOutcome.KEPT, "", actor=successor, moment=clock.now())
    with transaction():
        outcomes.record(handover, "10001", ClientOutcome.LEFT, "went with S001", actor=successor, moment=clock.now())
        outcomes.record(handover, "10002", ClientOutcome.KEPT, "", actor=admin, moment=clock.now())
        outcomes.record(handover, "10003", ClientOutcome.PARTLY_KEPT, "moved a part", actor=successor, moment=clock.now())
    found = {one.name: one for one in outcomes.by_successor(admin)}
    assert [(one.clients, one.kept, one.partly, one.left, one.equity, one.forecast, one.lost, one.scored, one.save_rate) for one in (found["S002"], found["S003"])] == [
        (4, 0, 1, 1, 14_000_000, 5_000_000, 6_000_000, 2, 5_000),
        (2, 1, 0, 0, 7_000_000, 2_500_000, 0, 1, 10_000),
    ]
    assert [one.name for one in outcomes.by_successor(successor)] == ["S002"], "a colleague's rate is no business of his"
    assert outcomes.of_handover(handover, admin).known == 3
    with pytest.raises(Conflict, match="3 clients"), transaction():
        outcomes.close(handover, actor=admin, moment=clock.now())


def test_the_equity_beside_an_outcome_is_that_of_its_day(admin: Actor) -> None:
    """What is written down of a day before the last settled one knows nothing of later money."""
    handover = opened(admin)
    proposed(handover, admin)
    decided(handover, admin)
    settled = db.session.execute(select(func.min(SettlementDay.trade_date))).scalar_one()
    with transaction():
        before = outcomes.record(handover, "10001", ClientOutcome.KEPT, "", actor=admin, moment=ends(settled - timedelta(days=2)))
        on = outcomes.record(handover, "10002", ClientOutcome.KEPT, "", actor=admin, moment=ends(settled) - timedelta(hours=1))
    assert (before.outcome_equity, on.outcome_equity) == (0, outcomes.equity_now(on.account_id))
    assert on.outcome_equity


def test_a_closed_handover_stays_as_it_is(admin: Actor) -> None:
    handover = opened(admin)
    proposed(handover, admin)
    decided(handover, admin)
    with transaction():
        for number in proposals(handover):
            outcomes.record(handover, number, ClientOutcome.KEPT, "", actor=admin, moment=clock.now())
        outcomes.close(handover, actor=admin, moment=clock.now())
    assert db.session.execute(select(CareTask.outcome).where(CareTask.kind == "handover.first_call")).scalars().all() == ["kept"] * 6
    with pytest.raises(Conflict, match="closed"), transaction():
        outcomes.record(handover, "10001", ClientOutcome.LEFT, "after all", actor=admin, moment=clock.now())
