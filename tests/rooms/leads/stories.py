"""Steps of stories about leads: somebody registers, answers the questions, opens an account, is called."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import db
from models.attribution import Attribution
from models.clients import Account
from models.leads import Lead, LeadDoor, LeadState
from models.partners import Branch
from portal.actors import TERMINAL, Actor
from portal.keys import keyring
from portal.leads import register
from portal.leads.conversion import Setting
from portal.leads.conversion_suitability import after_test
from portal.leads.introducers import Introducer
from portal.leads.people import person
from portal.suitability import sittings
from portal.suitability.questionnaires import asked_on
from portal.suitability.sittings import Subject, Taken
from portal.transaction import transaction
from portal.versions import current

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
TODAY = date(2026, 3, 2)
ZONE = ZoneInfo("Asia/Shanghai")
BOLD = {
    "age": "c",
    "capacity": "a",
    "record": "a",
    "source": "b",
    "income": "d",
    "assets": "d",
    "debts": "a",
    "knowledge": "d",
    "experience": "d",
    "horizon": "c",
    "aim": "d",
    "loss": "d",
}
"""Answers of somebody who bears the highest risk."""
CALM = BOLD | {"source": "d", "income": "b", "assets": "b", "knowledge": "b", "experience": "b", "aim": "b", "loss": "b", "horizon": "b"}
"""Answers of a cautious person: warned, but not closed."""
AVERSE = CALM | {"aim": "a", "loss": "a"}
"""Answers of somebody who wants no risk at all."""


def lead_of(
    by: Introducer, *, name: str = "王一", phone: str = "13812345678", id_no: str = "", moment: datetime = NOON, today: date = TODAY, state: LeadState | None = None
) -> int:
    """Register somebody; returns the lead's key."""
    with transaction():
        branch = db.session.execute(select(Branch.id)).scalars().first()
        assert branch is not None
        who = person(name=name, phone=phone, id_no=id_no)
        found = register.register(who, by, register.Source(LeadDoor.FORM, branch), actor=TERMINAL, moment=moment, today=today, keyring=keyring())
        assert found.lead is not None, found
        if state is not None:
            found.lead.state = state
        return found.lead.id


def setting(moment: datetime = NOON, today: date = TODAY, actor: Actor = TERMINAL, jurisdiction: str = "CN") -> Setting:
    """By whom and when, as a door says it."""
    return Setting(actor, moment, today, jurisdiction, ZONE, keyring())


def sit(lead_id: int, answers: dict[str, str] | None = None, *, today: date = TODAY, **more: Any) -> str:
    """A lead answers the questions; returns the test's address."""
    with transaction():
        lead = db.session.get_one(Lead, lead_id)
        values = {"where": "at_desk", "present": "nobody", "evidence": "rec 1", "locale": "zh", "proofs": {}} | more
        taken = Taken(answers or BOLD, asked_on(today).version, **values)
        test = sittings.take(Subject(lead.id, "", lead.number), taken, TERMINAL, NOON, today, "CN")
        after_test(lead, test, TERMINAL, NOON, today, "CN")
        return test.public_id


def lead(lead_id: int) -> Lead:
    """A lead as it is now."""
    return db.session.get_one(Lead, lead_id, populate_existing=True)


def rows(account_no: str) -> list[Attribution]:
    """The attribution rows of an account that count now."""
    account = db.session.execute(select(Account.id).where(Account.account_no == account_no)).scalar_one()
    return list(db.session.scalars(current(Attribution, None, Attribution.account_id == account).order_by(Attribution.id)))


def secret() -> str:
    """Words that stand nowhere else."""
    return f"canary-{secrets.token_hex(8)}"
