"""A firm of two branches: S001 and S002 in the first, S003 in the second; S001 looks after four clients, one of them together with S002."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from models import db
from models.clients import Account, Servicing
from models.departures import Departure, DepartureKind
from models.identity import Role, User
from models.partners import Staff, StaffVersion
from portal.actors import Actor, actor_of
from portal.departures import register
from portal.departures.register import Told
from portal.transaction import transaction
from portal.versions import current
from tests import remembered
from tests.oracle import product
from tests.oracle.notation import Draft
from tests.people import someone

TODAY = date(2026, 4, 1)
NOON = datetime(2026, 4, 1, 4, tzinfo=UTC)
TOLD_ON = date(2026, 3, 20)


def settle_in(app: Flask, folder: Path) -> None:
    """Import the firm; nobody goes yet."""
    remembered.begin(app, folder, _settle_in)


def _settle_in(app: Flask, folder: Path) -> None:
    draft = Draft()
    draft.add("branches", branch_no="02", name="营业部2")
    for number, branch in (("S002", "01"), ("S003", "02")):
        draft.add("staff", staff_no=number, name=f"员工{number}", branch_no=branch, email=f"{number}@example.com", phone=f"1380000{number[1:]}1", joined_on="2025-01-01")
    draft.add("staff", staff_no="S009", name="员工S009", branch_no="01", joined_on="2020-01-01", left_on="2026-01-31")
    for number in ("10001", "10002", "10003", "10004"):
        draft.account(number)
    for number, staff, role, begins in (
        ("10001", "S001", "servicer", "2025-01-02"),
        ("10001", "S001", "originator", "2025-01-02"),
        ("10002", "S001", "servicer", "2025-01-02"),
        ("10002", "S002", "servicer", "2025-06-02"),
        ("10003", "S001", "servicer", "2026-06-01"),
        ("10004", "S002", "servicer", "2025-01-02"),
    ):
        draft.add("servicing", account_no=number, staff_no=staff, role=role, valid_from=begins)
    draft.broker("B001").update(branch_no="01", name="居间人B001", manager_staff_no="S001")
    draft.broker("B002").update(branch_no="02", name="居间人B002")
    draft.day("2026-03-30", [], ["10001"])
    product.people(app)
    product.import_folder(app, str(draft.write(folder)))


def who(app: Flask, *roles: Role, **numbers: str) -> Actor:
    """An actor, made as a user."""
    user_id = someone(app, *roles, **numbers)
    with app.app_context():
        actor = actor_of(db.session.get_one(User, user_id))
        db.session.remove()
    return actor


def recorded(actor: Actor, person: str = "S001", kind: str = "staff_leaves", announced: date | None = TOLD_ON, effective: date | None = None, **words: str) -> int:
    """Record a departure; announced unless a suspicion is asked for."""
    with transaction():
        told = Told(DepartureKind(kind), person, announced, effective, **words)
        return register.record(told, actor=actor, moment=NOON, today=TODAY).id


def departures() -> list[tuple[str, str]]:
    """Kind and state of every departure, in their order."""
    return [(row.kind, row.state) for row in db.session.execute(select(Departure).order_by(Departure.id)).scalars()]


def serving() -> list[tuple[str, str, str, str, str]]:
    """Who won and looks after whom, as it stands now."""
    row = current(Servicing).subquery()
    query = select(Account.account_no, Staff.staff_no, row.c.role, row.c.valid_from, row.c.valid_to)
    query = query.join(Account, Account.id == row.c.account_id).join(Staff, Staff.id == row.c.staff_id)
    return sorted((account, staff, str(role), str(begins), str(ends)) for account, staff, role, begins, ends in db.session.execute(query).all())


def staff(number: str) -> StaffVersion:
    """One of the staff as the firm knows him."""
    key = select(Staff.id).where(Staff.staff_no == number).scalar_subquery()
    return db.session.execute(current(StaffVersion, None, StaffVersion.staff_id == key)).scalar_one()
