"""A firm of which something speaks: B001's licence ends and his clients withdraw, S001 speaks with nobody any more, S003 takes lists out.
B002 (61 days), B003 (ended), S002 (never had the habit) and S009 (left) are the ones of whom nothing speaks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import select

from models import db
from models.care import Contact
from models.clients import Account
from models.departure_signals import SignalRun
from models.identity import Role, User
from models.partners import Staff
from portal.actors import TERMINAL, actor_of
from portal.audit import log
from portal.departures import signals
from portal.departures.exposure import Person, persons
from portal.transaction import transaction
from tests import remembered
from tests.oracle import product
from tests.oracle.notation import Draft
from tests.people import someone

DAY = date(2026, 3, 31)
ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 31, 4, tzinfo=UTC)
CLIENTS = tuple(str(10_001 + number) for number in range(6))


def settle_in(app: Flask, folder: Path) -> None:
    """Import the firm, let its people work, and bind S003's sign-in."""
    remembered.begin(app, folder, _settle_in)


def _settle_in(app: Flask, folder: Path) -> None:
    draft = Draft()
    for number in ("S002", "S003"):
        draft.add("staff", staff_no=number, name=f"员工{number}", branch_no="01", email=f"{number}@example.com", joined_on="2025-01-01")
    draft.add("staff", staff_no="S009", name="员工S009", branch_no="01", joined_on="2020-01-01", left_on="2026-01-31")
    for place in range(1, 4):
        number = f"B{place:03d}"
        draft.broker(number, plain=False)
        draft.add("broker_statuses", broker_no=number, status="ended" if place == 3 else "active", valid_from="2025-01-01")
        draft.add("licences", broker_no=number, licence_no=f"F{number}", valid_from="2025-01-01", valid_to="2026-05-31" if place == 2 else "2026-05-30")
    for number in CLIENTS:
        draft.account(number)
        draft.attribute(number, "B001", "100")
    draft.day("2026-02-10", [], CLIENTS)
    draft.day("2026-03-31", [], CLIENTS, {number: {"withdrawal": 5_000_000} for number in CLIENTS[:3]})
    product.people(app)
    product.import_folder(app, str(draft.write(folder)))
    someone(app, Role.STAFF, staff_no="S003", branch_no="01", email="s003@firm.example")
    with app.app_context():
        with transaction():
            _work()
        db.session.remove()


def _work() -> None:
    staff = dict(db.session.execute(select(Staff.staff_no, Staff.id)).all())
    account = db.session.execute(select(Account.id).where(Account.account_no == CLIENTS[0])).scalar_one()
    spoken = [("S001", 40 + 5 * number) for number in range(10)] + [("S002", 50), ("S002", 55), ("S009", 60)]
    for number, ago in spoken:
        said = {"channel": "call", "outcome": "reached", "note": "", "recorded_at": NOON}
        db.session.add(Contact(account_id=account, staff_id=staff[number], at=NOON - timedelta(days=ago), **said))
    user = db.session.execute(select(User).where(User.staff_no == "S003")).scalar_one()
    user.created_at = NOON - timedelta(days=300)
    for name, rows in (("clients.index", 250), ("calendar.days", 900)):
        log.write(actor_of(user), NOON - timedelta(days=2), "list.exported", "list", name, after={"rows": rows})


def quietly(step: str, done: int = 0, total: int = 0) -> None:
    """Nobody asks how far it is."""


def kept(day: date = DAY) -> int:
    """The signals of a day, kept as every night. Returns the run."""
    persons_, found = signals.raised(day, ZONE, quietly)
    with transaction():
        run: SignalRun = signals.keep(day, persons_, found, actor=TERMINAL, moment=NOON)
        return run.id


def person(text: str) -> Person:
    """Somebody, as he is named in an address."""
    return persons([text])[0]
