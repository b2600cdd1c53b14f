"""A book changes hands: previewed in money, approved by a second person, paid as shown, and the past stays as it was known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.audit import Approval, ApprovalState
from models.commission import RunStatement
from models.departures import Departure
from models.identity import Role, User
from models.partners import Broker, Staff
from models.transfers import SightEnd, Transfer, TransferKind, TransferReason, TransferState
from portal import clock
from portal.actors import Actor, actor_of
from portal.attribution.queries import account_id_of, spans
from portal.audit import approvals
from portal.audit.recordings import last_recording_id, open_recording
from portal.clients.queries import accounts, visible_to
from portal.commission import runs
from portal.commission.month import quiet
from portal.jobs.handlers import Work
from portal.jobs.refresh import refresh
from portal.jobs.transfer import PREVIEW, preview_job
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.transaction import transaction
from portal.transfers import verbs
from portal.transfers.asked import Asked
from portal.transfers.proposal import proposal
from tests import make
from tests.people import seat, someone
from tests.rooms.pages.firm import settle_into_april

BOOK = Asked(TransferKind.BOOK, "B001", "B002", date(2026, 3, 1), TransferReason.BROKER_LEFT, "letter 12", confirmed_on=date(2026, 3, 1), servicer="S001")
LATER = Asked(TransferKind.ACCOUNTS, "B001", "B002", date(2026, 4, 2), TransferReason.CLIENT_ASKED, "form 3", accounts=("10001",))


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    """March is closed and paid B001 for 10001 and B002 for 10002; April is open, with one settled day and a preview."""
    settle_into_april(app, tmp_path / "files")
    with app.app_context():
        yield app


def who(app: Flask, role: Role, **numbers: str) -> Actor:
    user_id = someone(app, role, **numbers)
    with app.app_context():
        actor = actor_of(db.session.get_one(User, user_id))
        db.session.remove()
    return actor


def previewed(asked: Asked, actor: Actor) -> Transfer:
    """Drafted and rehearsed, as the job does it."""
    with transaction():
        row = verbs.draft(asked, actor, clock.now(), "CN")
        key, public_id = row.id, row.public_id
    preview_job(Work(0, "x", PREVIEW, {"transfer": key}, actor, 1))
    return verbs.transfer_for(actor, public_id)


def asked_for(row: Transfer, actor: Actor) -> Approval:
    with transaction():
        return verbs.ask(row.public_id, verbs.rows_digest(row), actor, clock.now())


def approve(approval_id: int, digest: str, actor: Actor) -> None:
    with transaction():
        approvals.approve(approval_id, actor, clock.now(), digest=digest)


def net(period: str) -> dict[str, int]:
    """Each broker's net in the newest books of a month."""
    run = runs.newest_run(next(month for month in [runs.Month.parse(period)]))
    assert run is not None
    query = select(Broker.broker_no, RunStatement.net).join(Broker, Broker.id == RunStatement.broker_id).where(RunStatement.run_id == run.id)
    return dict(db.session.execute(query).all())


def told(account_no: str, known: int | None = None) -> list[tuple[str, str, str, str]]:
    return [(row.broker_no, str(row.valid_from), str(row.valid_to), row.state) for row in spans(account_id_of(account_no), known)]


def test_a_book_moves_as_previewed_and_the_past_stays_as_it_was_known(firm: Flask) -> None:
    preparer, second = who(firm, Role.ADMIN), who(firm, Role.COMPLIANCE)
    before, was = last_recording_id(), net("2026-04")
    row = previewed(BOOK, preparer)
    assert row.state == TransferState.PREVIEWED
    assert told("10001") == [("B001", "2025-01-02", "9999-12-31", "confirmed")], "a preview writes nothing"
    assert {one["broker_no"]: one["amount"] for one in row.money["brokers"]} == {"B001": -3000, "B002": 3000}
    (april,) = row.money["months"]
    shown = {one["broker_no"]: one["net"] for one in april["rows"]}
    approval = asked_for(row, preparer)
    approve(approval.id, approval.digest, second)
    assert told("10001") == [("B001", "2025-01-02", "2026-03-01", "confirmed"), ("B002", "2026-03-01", "9999-12-31", "confirmed")]
    assert told("10001", before) == [("B001", "2025-01-02", "9999-12-31", "confirmed")]
    refresh(quiet)
    now = net("2026-04")
    assert {broker: [was.get(broker, 0), now.get(broker, 0)] for broker in ("B001", "B002")} == {"B001": shown["B001"], "B002": shown["B002"]}


def test_the_old_owners_sight_ends_at_that_minute_and_the_new_ones_begins_with_his_day(firm: Flask) -> None:
    preparer, second = who(firm, Role.ADMIN), who(firm, Role.COMPLIANCE)
    old, new, day = who(firm, Role.BROKER, broker_no="B001"), who(firm, Role.BROKER, broker_no="B002"), date(2026, 4, 1)

    def sees(actor: Actor) -> set[str]:
        return {account.account_no for account, _ in db.session.execute(accounts().where(visible_to(actor, day)))}

    assert (sees(old), sees(new)) == ({"10001"}, {"10002"})
    row = previewed(LATER, preparer)  # from the day after the last settled one
    approval = asked_for(row, preparer)
    assert sees(old) == {"10001"}
    approve(approval.id, approval.digest, second)
    assert sees(old) == set(), "his rows still hold on the last settled day, and yet he sees nothing more"
    assert len(db.session.execute(select(SightEnd)).all()) == 1


def test_no_page_of_the_old_owner_names_who_was_handed_over(firm: Flask) -> None:
    preparer, second = who(firm, Role.ADMIN), who(firm, Role.COMPLIANCE)
    old = seat(firm, someone(firm, Role.BROKER, broker_no="B001"))

    def told_by(page: str) -> bool:
        answer = old.get(page)
        assert answer.status_code == 200
        return ("/clients/10001" if page == "/" else "10001") in answer.text

    pages = ("/clients", "/clients?format=csv", "/")
    assert [told_by(page) for page in pages] == [True, True, True]
    approval = asked_for(previewed(LATER, preparer), preparer)
    assert [told_by(page) for page in pages] == [True, True, True], "asked is not handed over"
    approve(approval.id, approval.digest, second)
    db.session.remove()
    assert [told_by(page) for page in pages] == [False, False, False]


def test_nobody_is_given_clients_from_the_day_on_which_he_leaves(firm: Flask) -> None:
    with transaction():
        words = {"cause": "", "destination": "", "evidence": ""}
        staff_id = db.session.execute(select(Staff.id).where(Staff.staff_no == "S001")).scalar_one()
        db.session.add(Departure(kind="staff_leaves", staff_id=staff_id, state="effective", effective_on=date(2026, 3, 2), recorded_at=clock.now(), **words))
    assert proposal(BOOK).asked.servicer == "S001"
    with pytest.raises(Refusal, match=r"S001 has left the firm by 2026-04-02"):
        proposal(replace(LATER, servicer="S001"))


def test_what_was_recorded_since_asks_for_another_preview(firm: Flask) -> None:
    preparer, second = who(firm, Role.ADMIN), who(firm, Role.COMPLIANCE)
    approval = asked_for(previewed(BOOK, preparer), preparer)
    with transaction():
        open_recording(preparer, clock.now(), "test")
    with pytest.raises(Conflict, match="recorded since"):
        approve(approval.id, approval.digest, second)
    assert told("10001")[0][2] == "9999-12-31"
    assert db.session.get_one(Approval, approval.id).state == ApprovalState.WAITING


def test_who_prepared_it_does_not_approve_it_and_a_refusal_ends_it(firm: Flask) -> None:
    preparer, second = who(firm, Role.ADMIN), who(firm, Role.FINANCE)
    row = previewed(BOOK, preparer)
    approval = asked_for(row, preparer)
    with pytest.raises(NotAllowed):
        approve(approval.id, approval.digest, preparer)
    with transaction():
        approvals.refuse(approval.id, second, clock.now(), digest=approval.digest, note="ask the clients first")
    assert verbs.transfer_for(preparer, row.public_id).state == TransferState.REFUSED
    with pytest.raises(Conflict):
        asked_for(verbs.transfer_for(preparer, row.public_id), preparer)


def test_a_branch_moves_its_own_accounts_alone(firm: Flask) -> None:
    manager = who(firm, Role.BRANCH_MANAGER, branch_no="02")
    with pytest.raises(NotAllowed, match="another branch"):
        previewed(BOOK, manager)
    assert previewed(Asked(TransferKind.BOOK, "B002", "B001", date(2026, 4, 2), TransferReason.AGREEMENT, "letter 1"), manager).state == TransferState.PREVIEWED


def test_a_rule_stops_the_new_owner_by_its_clause(firm: Flask, tmp_path: Path) -> None:
    make.accepted(make.write(tmp_path / "tied", "relatives", ["B002,990000197001010001,spouse,2025-01-01,"]).parent)
    with pytest.raises(Refusal, match="ib-relatives"):
        previewed(BOOK, who(firm, Role.ADMIN))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"to_broker": "B001"}, "somebody else"),
        ({"to_broker": "B999"}, "no broker"),
        ({"evidence": " "}, "evidence"),
        ({"kind": TransferKind.ACCOUNTS}, "at least one account"),
        ({"kind": TransferKind.ACCOUNTS, "accounts": ("99999",)}, "no account"),
        ({"kind": TransferKind.ACCOUNTS, "accounts": ("10002",)}, "holds nothing"),
        ({"servicer": "S999"}, "no staff member"),
        ({"from_broker": ""}, "no book"),
    ],
)
def test_what_cannot_be_is_said(firm: Flask, changed: dict[str, Any], said: str) -> None:
    actor = who(firm, Role.ADMIN)
    values = {name: getattr(BOOK, name) for name in BOOK.__dataclass_fields__} | changed
    with pytest.raises(Refusal, match=said):
        previewed(Asked(**values), actor)
