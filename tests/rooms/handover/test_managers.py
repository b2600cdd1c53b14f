"""The brokers of one who leaves get new managers: proposed by points, changed and decided by a person exactly as looked at, in the books from the day
on from which the handover counts, and not before; and the picture of what was saved and lost."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from models import db
from models.clients import Account
from models.departures import Departure
from models.handovers import HandoverBroker, HandoverClient
from models.identity import Role
from models.jobs import Job, JobState
from models.notices import Notice
from models.partners import Broker, BrokerVersion, Staff
from portal import clock
from portal.actors import TERMINAL
from portal.handover import bridge
from portal.handover.broker_verbs import write_due
from portal.handover.managers import Managed, Manager, propose
from portal.handover.verbs import Exposed, open_handover
from portal.jobs import handover as job
from portal.transaction import transaction
from portal.versions import current
from tests import remembered
from tests.oracle import product
from tests.oracle.notation import Draft
from tests.people import hidden_in, post, seat, someone
from tests.rooms.handover.firm import ids, who

LEAVES_ON = date(2026, 4, 1)
BEFORE, AFTER = datetime(2026, 3, 31, 4, tzinfo=UTC), datetime(2026, 4, 1, 4, tzinfo=UTC)


def test_who_fits_and_of_equals_who_has_fewest() -> None:
    people = [Manager(1, 1, 1), Manager(2, 2, 0)]
    brokers = [Managed(11, 1, 2, 900, {2: 1}), Managed(12, 2, 1, 100), Managed(13, 3, 0, 50), Managed(14, 3, 0, 40)]
    found = propose(brokers, people)
    assert {key: (staff, [tuple(one) for one in why]) for key, (staff, why) in found.items()} == {
        11: (1, [("branch", 20), ("manages", 10)]),  # 30; the other: knows half of the clients (20) and manages few (5)
        12: (2, [("branch", 20), ("few", 5)]),
        13: (1, [("manages", 10)]),
        14: (1, [("manages", 10)]),
    }
    assert propose(list(reversed(brokers)), list(reversed(people))) == found
    assert propose(brokers, []) == {}
    equal = [Manager(1, 1, 0), Manager(2, 1, 0)]
    assert [staff for staff, _why in propose([Managed(key, 1, 0, 0) for key in range(4)], equal).values()] == [1, 2, 1, 2]


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    remembered.begin(app, tmp_path / "files", _settle_in)
    return app


def _settle_in(app: Flask, folder: Path) -> None:
    """S001 manages B001 of the first branch and B002 of the second, S002 manages B003; S001 leaves on 1 April and looks after 10001 alone."""
    draft = Draft()
    draft.add("branches", branch_no="02", name="营业部2")
    for number, branch in (("S002", "01"), ("S003", "02")):
        draft.add("staff", staff_no=number, name=f"员工{number}", branch_no=branch, email=f"{number}@example.com", joined_on="2025-01-01")
    for number, branch, manager in (("B001", "01", "S001"), ("B002", "02", "S001"), ("B003", "01", "S002")):
        draft.broker(number).update(branch_no=branch, manager_staff_no=manager)
    for number, broker in (("10001", "B001"), ("10002", "B001"), ("10003", "B002")):
        draft.account(number)
        draft.attribute(number, broker, "100")
    draft.add("servicing", account_no="10001", staff_no="S001", role="servicer", valid_from="2025-01-02")
    draft.add("servicing", account_no="10002", staff_no="S003", role="servicer", valid_from="2025-01-02")
    draft.day("2026-03-30", [], ["10001", "10002", "10003"])
    product.people(app)
    product.import_folder(app, str(draft.write(folder)))
    with app.app_context():
        with transaction():
            staff = db.session.execute(select(Staff.id).where(Staff.staff_no == "S001")).scalar_one()
            words = {"cause": "own wish", "destination": "", "evidence": "letter", "recorded_at": BEFORE}
            db.session.add(Departure(kind="staff_leaves", staff_id=staff, state="announced", announced_on=date(2026, 3, 20), effective_on=LEAVES_ON, **words))
        db.session.remove()


def opened(app: Flask, accounts: dict[str, int] | None = None) -> int:
    actor = who(app, Role.ADMIN)
    with app.app_context():
        numbers = ids(Account.account_no, Account.id)
        with transaction():
            departure = db.session.execute(select(Departure.id)).scalar_one()
            exposed = [Exposed(numbers[number], equity, None) for number, equity in (accounts or {}).items()]
            found = open_handover(departure, exposed, LEAVES_ON, actor=actor, moment=clock.now()).id
        db.session.remove()
    return found


def managers(app: Flask) -> dict[str, str]:
    """Who manages whom, by the books."""
    with app.app_context():
        version = current(BrokerVersion).subquery()
        query = select(Broker.broker_no, Staff.staff_no).join(version, version.c.broker_id == Broker.id).join(Staff, Staff.id == version.c.manager_staff_id)
        found = dict(db.session.execute(query.order_by(Broker.broker_no)).all())
        db.session.remove()
    return found


def proposals(app: Flask) -> dict[str, str | None]:
    with app.app_context():
        query = select(Broker.broker_no, Staff.staff_no).join(HandoverBroker, HandoverBroker.broker_id == Broker.id).outerjoin(Staff, Staff.id == HandoverBroker.proposed_id)
        found = dict(db.session.execute(query.order_by(Broker.broker_no)).all())
        db.session.remove()
    return found


def decide(client: FlaskClient, at: str) -> int:
    return post(client, f"{at}/decide", "/me", digest=hidden_in(client.get(f"{at}/decide").text, "digest")).status_code


WAS = {"B001": "S001", "B002": "S001", "B003": "S002"}


def test_decided_before_the_day_it_is_written_on_the_day(firm: Flask) -> None:
    with time_machine.travel(BEFORE, tick=False):
        someone(firm, Role.STAFF, staff_no="S002")
        at = f"/handovers/{opened(firm)}/brokers"
        admin = seat(firm, someone(firm, Role.ADMIN))
        assert proposals(firm) == {"B001": None, "B002": None}
        assert post(admin, f"{at}/propose", "/me").status_code == 303
        assert proposals(firm) == {"B001": "S002", "B002": "S003"}
        page = admin.get(at).text
        for words in ("same branch +20", "manages brokers +10", "proposed"):
            assert words in page, words
        digest = hidden_in(admin.get(f"{at}/decide").text, "digest")
        assert post(admin, f"{at}/choose", "/me", broker="B002", staff="S002").status_code == 303
        assert post(admin, f"{at}/decide", "/me", digest=digest).status_code == 409, "not what was looked at"
        assert post(admin, f"{at}/choose", "/me", broker="B002", staff="S001").status_code == 403, "she leaves"
        assert post(admin, f"{at}/choose", "/me", broker="B003", staff="S002").status_code == 404, "whom she does not manage"
        assert decide(admin, at) == 303
        assert managers(firm) == WAS, "she is here until the day"
        assert post(admin, f"{at}/choose", "/me", broker="B001", staff="S003").status_code == 409
        with firm.app_context():
            assert db.session.execute(select(Notice.kind)).scalars().all() == ["handover.brokers"]
            assert not job.is_due(clock.now())
            db.session.remove()
    with time_machine.travel(AFTER, tick=False), firm.app_context():
        assert job.is_due(clock.now())
        with transaction():
            asked = job.ask_to_write(TERMINAL, clock.now()).id
        assert not job.is_due(clock.now()), "it waits"
        with transaction():
            db.session.execute(update(Job).where(Job.id == asked).values(state=JobState.FAILED))
        assert (job.is_due(clock.now()), job.is_due(clock.now() + timedelta(days=1))) == (False, True), "what failed is tried again on the next day"
        with transaction():
            assert write_due(actor=TERMINAL, moment=clock.now(), today=LEAVES_ON) == 2
        with transaction():
            assert write_due(actor=TERMINAL, moment=clock.now(), today=LEAVES_ON) == 0
        assert not job.is_due(clock.now())
        version = db.session.execute(current(BrokerVersion).join(Broker, Broker.id == BrokerVersion.broker_id).where(Broker.broker_no == "B001")).scalar_one()
        first = db.session.execute(select(BrokerVersion).where(BrokerVersion.broker_id == version.broker_id).order_by(BrokerVersion.id)).scalars().first()
        assert (version.name, version.id_no_sealed, version.phone_sealed) == (first.name, first.id_no_sealed, first.phone_sealed), "nothing else of him changes"
        db.session.remove()
    assert managers(firm) == {"B001": "S002", "B002": "S002", "B003": "S002"}


def test_who_got_another_manager_meanwhile_keeps_him(firm: Flask) -> None:
    with time_machine.travel(AFTER, tick=False):
        at = f"/handovers/{opened(firm)}/brokers"
        admin = seat(firm, someone(firm, Role.ADMIN))
        post(admin, f"{at}/propose", "/me")
        with firm.app_context():
            with transaction():
                row = db.session.execute(select(HandoverBroker).join(Broker, Broker.id == HandoverBroker.broker_id).where(Broker.broker_no == "B002")).scalar_one()
                row.decided_id, row.decided_at = row.proposed_id, clock.now()
                departure = db.session.execute(select(Departure)).scalar_one()
                departure.staff_id = db.session.execute(select(Staff.id).where(Staff.staff_no == "S003")).scalar_one()
            db.session.remove()
        with firm.app_context():
            with transaction():
                assert write_due(actor=TERMINAL, moment=clock.now(), today=LEAVES_ON) == 0
            db.session.remove()
        assert managers(firm) == WAS


def test_it_closes_once_every_broker_has_a_manager(firm: Flask) -> None:
    with time_machine.travel(AFTER, tick=False):
        handover = opened(firm)
        at = f"/handovers/{handover}"
        admin = seat(firm, someone(firm, Role.ADMIN))
        assert admin.get(at).status_code == 200, "no client, but brokers"
        assert post(admin, f"{at}/close", "/me").status_code == 409
        post(admin, f"{at}/brokers/propose", "/me")
        assert decide(admin, f"{at}/brokers") == 303
        assert managers(firm) == {"B001": "S002", "B002": "S003", "B003": "S002"}
        assert post(admin, f"{at}/close", "/me").status_code == 303
        assert post(admin, f"{at}/brokers/propose", "/me").status_code == 409


def test_who_sees_and_decides_which(firm: Flask) -> None:
    """The manager of the second branch sees and decides B002 alone; who gets a broker sees him; a broker sees nothing."""
    with time_machine.travel(AFTER, tick=False):
        at = f"/handovers/{opened(firm)}/brokers"
        admin, second = seat(firm, someone(firm, Role.ADMIN)), seat(firm, someone(firm, Role.BRANCH_MANAGER, branch_no="02"))
        assert "B002" in second.get(at).text
        assert "B001" not in second.get(at).text
        assert post(second, f"{at}/propose", "/me").status_code == 303
        assert proposals(firm) == {"B001": None, "B002": "S003"}
        assert post(second, f"{at}/choose", "/me", broker="B001", staff="S003").status_code == 404
        assert decide(second, at) == 303
        given = seat(firm, someone(firm, Role.STAFF, staff_no="S003"))
        assert "B002" in given.get(at).text
        assert given.get(f"{at}?format=csv").text.lstrip("\ufeff").splitlines()[1].startswith("B002,居间人B002,1,")
        assert post(given, f"{at}/propose", "/me").status_code == 403
        assert seat(firm, someone(firm, Role.STAFF, staff_no="S002")).get(at).status_code == 404
        assert seat(firm, someone(firm, Role.BROKER, broker_no="B002")).get(at).status_code == 403
        assert "B001" in admin.get(at).text


def test_saved_and_lost_add_up_to_what_was_exposed(firm: Flask) -> None:
    """10001 kept (60.00), 10002 kept in part with 10.00 left of 50.00, 10003 not known yet (40.00); then 10003 has left."""
    with time_machine.travel(AFTER, tick=False):
        handover = opened(firm, {"10001": 6_000, "10002": 5_000, "10003": 4_000})
        admin_id = someone(firm, Role.ADMIN)
        admin = seat(firm, admin_id)
        with firm.app_context():
            with transaction():
                rows = {row.equity: row for row in db.session.execute(select(HandoverClient)).scalars()}
                staff = db.session.execute(select(Staff.id).where(Staff.staff_no == "S002")).scalar_one()
                for equity, outcome, left in ((6_000, "kept", 9_000), (5_000, "partly_kept", 1_000)):
                    row = rows[equity]
                    row.decided_id, row.decided_at, row.outcome, row.outcome_at, row.outcome_equity = staff, clock.now(), outcome, clock.now(), left
            db.session.remove()
        actor = who(firm, Role.ADMIN)
        with firm.app_context():
            found = bridge.of_handover(handover, actor)
            assert (found.exposed, found.kept, found.partly_here, found.partly_gone, found.left, found.open) == (15_000, 6_000, 1_000, 4_000, 0, 4_000)
            assert (found.saved, found.lost, found.saved_share) == (7_000, 4_000, 6_363)
            assert found.clients == {"kept": 1, "partly": 1, "left": 0, "open": 1}
            assert bridge.of_period(LEAVES_ON, LEAVES_ON, actor) == found
            assert bridge.of_period(date(2026, 4, 2), date(2026, 5, 1), actor).exposed == 0
            db.session.remove()
        assert "What was saved and what was lost" in admin.get(f"/handovers/{handover}").text
        assert "Saved of what is known: 63.6 %" in admin.get("/handovers/results?from=2026-04-01&to=2026-04-01").text
        lines = admin.get(f"/handovers/bridge?handover={handover}").text.lstrip("\ufeff").splitlines()
        assert lines[:7] == [
            "Step,Clients,Equity then", "Equity exposed,3,150.00", "Kept,1,60.00", "Kept in part: still here,1,10.00", "Kept in part: gone,,40.00", "Has left,0,0.00",
            "Outcome still open,1,40.00",
        ]  # fmt: skip
        for wrong in ("from=2026-05-01&to=2026-04-01", "from=soon"):
            assert admin.get(f"/handovers/results?{wrong}").status_code == 422
        assert admin.get("/handovers/bridge?handover=987654").status_code == 404
        assert seat(firm, someone(firm, Role.BROKER, broker_no="B001")).get("/handovers/bridge").status_code == 403
