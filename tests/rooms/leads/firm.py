"""A firm of two branches, four of the staff and two brokers, and what its people do with leads."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from models import db
from models.identity import Role
from models.leads import Lead, LeadDoor
from models.partners import Branch
from portal.actors import TERMINAL, Actor
from portal.keys import keyring
from portal.leads import introducers
from portal.leads.introducers import Introducer
from portal.leads.people import Person, person
from portal.leads.register import Registered, Source, register
from portal.settlement import calendar
from portal.transaction import transaction
from tests import make, remembered
from tests.people import someone

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
TODAY = date(2026, 3, 2)
MORNING = datetime(2026, 3, 1, 16, tzinfo=UTC)
"""When TODAY began in Shanghai."""


def settle_in(app: Flask, folder: Path) -> None:
    """S001 and S002 work in branch 01 (S001 looks after both brokers), S003 has left it, S004 works in branch 02."""
    remembered.begin(app, folder, _settle_in)


def _settle_in(app: Flask, folder: Path) -> None:
    firm = make.firm(folder)
    make.write(firm, "branches", ["01,Head office", "02,North"])
    make.write(
        firm,
        "staff",
        [
            "S001,Anna,01,s1@example.com,19900000001,2024-01-01,",
            "S002,Bert,01,s2@example.com,19900000002,2024-01-01,",
            "S003,Carl,01,s3@example.com,19900000003,2024-01-01,2026-02-01",
            "S004,Dora,02,s4@example.com,19900000004,2024-01-01,",
        ],
    )
    with app.app_context():
        make.accepted(firm)
        with transaction():
            calendar.sow(TERMINAL, NOON)
        db.session.remove()


def user(app: Flask, role: Role, **numbers: Any) -> Actor:
    """Somebody who signs in, as an actor."""
    key = someone(app, role, **numbers)
    return Actor(key, f"{role.value} {' '.join(numbers.values())}", (role,), **numbers)


def named(number: int) -> Person:
    """One of many people."""
    return person(name=f"王{number}", phone=f"1381234{number:04d}")


def registered(who: Person, by: Introducer, moment: datetime = NOON, today: date = TODAY, *, actor: Actor = TERMINAL, branch_no: str = "01") -> Registered:
    """Register somebody, in a transaction of its own."""
    with transaction():
        branch = db.session.execute(select(Branch.id).where(Branch.branch_no == branch_no)).scalar_one()
        return register(who, by, Source(LeadDoor.FORM, branch), actor=actor, moment=moment, today=today, keyring=keyring())


def lead_of(number: int, by: Introducer | None = None, moment: datetime = NOON, today: date = TODAY, **more: str) -> Lead:
    """A new lead."""
    found = registered(named(number), by or introducers.broker("B001"), moment, today, **more).lead  # type: ignore[arg-type]
    assert found is not None
    return found


def again(lead: Lead) -> Lead:
    """The lead as it stands now."""
    return db.session.get_one(Lead, lead.id, populate_existing=True)
