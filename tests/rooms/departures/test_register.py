"""The register: what is recorded of who goes, step by step, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.departures import DepartureStep
from models.handovers import Handover
from models.identity import Role
from portal.actors import Actor
from portal.departures import register
from portal.permissions import Can
from portal.refusals import Conflict, NotAllowed, NotFound, Refusal
from portal.transaction import transaction
from tests.rooms.departures.scene import NOON, TODAY, TOLD_ON, departures, recorded, settle_in, who


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    settle_in(app, tmp_path / "files")
    with app.app_context():
        yield app
        db.session.remove()


@pytest.fixture
def admin(firm: Flask) -> Actor:
    return who(firm, Role.ADMIN)


def test_a_suspicion_is_announced_and_withdrawn_and_every_step_is_kept(admin: Actor) -> None:
    key = recorded(admin, announced=None, evidence="three clients asked for closing forms", destination="东方期货")
    with transaction():
        register.announce(key, TOLD_ON, date(2026, 5, 1), "letter of 20 March", actor=admin, moment=NOON, today=TODAY)
    with transaction():
        register.withdraw(key, "she stays after all", actor=admin, moment=NOON)
    steps = db.session.execute(select(DepartureStep.action, DepartureStep.note, DepartureStep.after).order_by(DepartureStep.id)).all()
    words = {"cause": "", "destination": "东方期货"}
    days = {"announced_on": "2026-03-20", "effective_on": "2026-05-01"}
    assert [tuple(step) for step in steps] == [
        ("recorded", "", {"state": "suspected", "announced_on": None, "effective_on": None, **words}),
        ("announce", "letter of 20 March", {"state": "announced", **days, **words}),
        ("withdraw", "she stays after all", {"state": "withdrawn", **days, **words}),
    ]
    lines = db.session.execute(select(AuditEntry.action).where(AuditEntry.action.startswith("departure.")).order_by(AuditEntry.seq)).scalars().all()
    assert lines == ["departure.recorded", "departure.announce", "departure.withdraw"]
    recorded(admin)  # withdrawn, so that another may be recorded
    assert departures() == [("staff_leaves", "withdrawn"), ("staff_leaves", "announced")]


@pytest.mark.parametrize(
    ("asked", "refusal", "said"),
    [
        ({"person": "S999"}, NotFound, "no staff member S999"),
        ({"person": "B999", "kind": "broker_ends"}, NotFound, "no broker B999"),
        ({"person": "B001"}, Refusal, "B001 is an introducing broker"),
        ({"person": "S001", "kind": "broker_moves"}, Refusal, "S001 is one of the staff"),
        ({"announced": None}, Refusal, "is a suspicion"),
        ({"announced": date(2026, 4, 2)}, Refusal, "still to come"),
        ({"effective": date(2026, 3, 19)}, Refusal, "nobody leaves before he says so"),
        ({"person": "S009"}, Conflict, "S009 has left the firm on 2026-01-31"),
        ({"cause": "x" * 201}, Refusal, "201 characters"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(admin: Actor, asked: dict[str, Any], refusal: type[Refusal], said: str) -> None:
    with pytest.raises(refusal, match=said):
        recorded(admin, **asked)
    assert departures() == []


def test_a_person_has_one_live_departure(admin: Actor) -> None:
    recorded(admin, "B001", "broker_lapses")
    with pytest.raises(Conflict, match=r"B001 has a departure already, L2026-00001"):
        recorded(admin, "B001", "broker_ends")
    recorded(admin, "B002", "broker_moves")
    assert departures() == [("broker_lapses", "announced"), ("broker_moves", "announced")]


def test_each_step_from_its_state_alone(admin: Actor) -> None:
    key = recorded(admin, "B001", "broker_ends")
    with pytest.raises(Conflict, match="is announced by now"), transaction():
        register.announce(key, TOLD_ON, None, actor=admin, moment=NOON, today=TODAY)
    with pytest.raises(Conflict, match="is announced by now"), transaction():
        register.settle(key, actor=admin, moment=NOON)
    with pytest.raises(Refusal, match="why it is withdrawn"), transaction():
        register.withdraw(key, " ", actor=admin, moment=NOON)


def test_it_is_settled_once_its_handover_is_closed(admin: Actor) -> None:
    key = recorded(admin, "B001", "broker_ends")
    with transaction():
        departure = register.departure_for(admin, key)
        departure.state, departure.effective_on = "effective", TODAY
        db.session.add(Handover(departure_id=key, state="open", counts_from=TODAY, opened_at=NOON))
    with pytest.raises(Conflict, match=r"its handover H2026-00001 is open"), transaction():
        register.settle(key, actor=admin, moment=NOON)
    with transaction():
        handover = db.session.execute(select(Handover)).scalar_one()
        handover.state, handover.closed_at = "closed", NOON
    with transaction():
        register.settle(key, actor=admin, moment=NOON)
    assert departures() == [("broker_ends", "settled")]


def test_a_branch_records_and_sees_its_own_alone(firm: Flask, admin: Actor) -> None:
    manager, other = (who(firm, Role.BRANCH_MANAGER, branch_no=branch) for branch in ("01", "02"))
    with pytest.raises(NotFound, match="no staff member S003"):
        recorded(manager, "S003")
    mine = recorded(manager, "S002")
    assert register.departure_for(manager, mine).state == "announced"
    with pytest.raises(NotFound):
        register.departure_for(other, mine)
    with pytest.raises(NotFound):
        register.withdraw(mine, "not mine", actor=other, moment=NOON)
    assert register.departure_for(who(firm, Role.AUDITOR), mine).id == mine


@pytest.mark.parametrize("role", [Role.STAFF, Role.BROKER, Role.CLIENT])
def test_whoever_may_be_meant_sees_nothing(firm: Flask, admin: Actor, role: Role) -> None:
    key = recorded(admin)
    person = who(firm, role, staff_no="S001", branch_no="01")
    assert not person.may(Can.DEPARTURE_RECORD)
    with pytest.raises(NotAllowed):
        register.departure_for(person, key)
