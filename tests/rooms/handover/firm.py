"""A firm whose S001 leaves: six clients of two branches, two colleagues who may take them, one who left before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from models import db
from models.care import CareTask, Contact
from models.clients import Account
from models.departures import Departure
from models.identity import Role, User
from models.partners import Staff
from portal import clock
from portal.actors import Actor, actor_of
from portal.handover.verbs import Exposed, open_handover
from portal.transaction import transaction
from tests import remembered
from tests.oracle import product
from tests.oracle.notation import Draft, trade
from tests.people import someone

LEAVES_ON = date(2026, 4, 1)
ACCOUNTS = ("10001", "10002", "10003", "10004", "10005", "10006")
EQUITY = dict(zip(ACCOUNTS, (6_000_000, 5_000_000, 4_000_000, 3_000_000, 2_000_000, 1_000_000), strict=True))
"""Fen, as the departure was told."""


def settle_in(app: Flask, folder: Path) -> None:
    """Import the firm; its departure of S001 is announced and S004's is long effective."""
    remembered.begin(app, folder, _settle_in)


def _settle_in(app: Flask, folder: Path) -> None:
    draft = Draft()
    draft.add("branches", branch_no="02", name="营业部2")
    for number, branch, left in (("S002", "01", ""), ("S003", "02", ""), ("S004", "01", "2026-01-31")):
        draft.add("staff", staff_no=number, name=f"员工{number}", branch_no=branch, email=f"{number}@example.com", joined_on="2025-01-01", left_on=left)
    for place, number in enumerate(ACCOUNTS):
        draft.account(number).update(branch_no="01" if place < 4 else "02")
        draft.add("servicing", account_no=number, staff_no="S001", role="servicer", valid_from="2025-01-02")
    for number, staff in (("20001", "S002"), ("20002", "S003"), ("20003", "S004")):
        draft.account(number)
        draft.add("servicing", account_no=number, staff_no=staff, role="servicer", valid_from="2025-01-02")
    draft.add("servicing", account_no="10006", staff_no="S002", role="servicer", valid_from="2025-06-02")
    draft.day("2026-03-30", [trade("10001", "SHFE.cu", 10_000, 4_000)], ACCOUNTS)
    product.people(app)
    product.import_folder(app, str(draft.write(folder)))
    with app.app_context():
        with transaction():
            _departures()
        db.session.remove()


def _departures() -> None:
    staff, now = ids(Staff.staff_no, Staff.id), datetime(2026, 3, 20, 8, tzinfo=UTC)
    shared = {"announced_on": date(2026, 3, 20), "cause": "own wish", "destination": "", "evidence": "letter", "recorded_at": now}
    db.session.add(Departure(kind="staff_leaves", staff_id=staff["S001"], state="announced", effective_on=LEAVES_ON, **shared))
    db.session.add(Departure(kind="staff_leaves", staff_id=staff["S004"], state="effective", effective_on=date(2026, 2, 1), **shared))
    accounts = ids(Account.account_no, Account.id)
    spoke = {"channel": "call", "outcome": "reached", "recorded_at": now}
    db.session.add(Contact(account_id=accounts["10002"], staff_id=staff["S003"], at=now - timedelta(days=20), note="asked about margin", **spoke))
    db.session.add(Contact(account_id=accounts["10002"], staff_id=staff["S003"], at=now - timedelta(days=9), note="promised a call", **spoke))
    task = {"note": "send the margin table", "due_on": date(2026, 4, 10), "state": "open", "outcome": "", "outcome_note": "", "created_at": now}
    db.session.add(CareTask(business_key="promise:1", kind="promise", account_id=accounts["10002"], owner_id=staff["S001"], **task))


def ids(number: object, key: object) -> dict[str, int]:
    """The ids of things by their numbers."""
    return dict(db.session.execute(select(number, key)).all())


def who(app: Flask, *roles: Role, **numbers: str) -> Actor:
    """An actor, made as a user."""
    user_id = someone(app, *roles, **numbers)
    with app.app_context():
        actor = actor_of(db.session.get_one(User, user_id))
        db.session.remove()
    return actor


def opened(actor: Actor) -> int:
    """Open the handover of S001's departure; the first three clients have a chance of 50 % to go along, the others no score."""
    accounts, staff = ids(Account.account_no, Account.id), ids(Staff.staff_no, Staff.id)
    with transaction():
        departure = db.session.execute(select(Departure.id).where(Departure.staff_id == staff["S001"])).scalar_one()
        exposed = [Exposed(accounts[number], EQUITY[number], 500_000 if place < 3 else None) for place, number in enumerate(ACCOUNTS)]
        return open_handover(departure, exposed, LEAVES_ON, actor=actor, moment=clock.now()).id
