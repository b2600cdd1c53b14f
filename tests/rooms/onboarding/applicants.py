"""Applicants for tests: a person with an ID number that holds, and everything that is to be shown for him."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Flask
from stdnum.cn import ric

from models import db
from models.identity import Role, User
from models.onboarding import Application, Item
from portal import clock
from portal.actors import Actor, actor_of
from portal.keys import keyring
from portal.leads.people import person
from portal.onboarding import items, verbs
from portal.onboarding.texts import QUESTIONS, STATEMENTS
from portal.transaction import transaction
from tests.people import someone

HOURS = 8


def who(app: Flask, role: Role, **numbers: str) -> Actor:
    """Somebody in a role, as he acts."""
    user_id = someone(app, role, **numbers)
    with app.app_context():
        actor = actor_of(db.session.get_one(User, user_id))
        db.session.remove()
    return actor


def id_no(born: date, place: int = 1) -> str:
    """An ID number that holds."""
    first = f"110101{born:%Y%m%d}{place:03d}"
    return first + str(ric.calc_check_digit(first + "0"))


def applied(actor: Actor, broker_no: str = "B100", born: date = date(1990, 5, 1), *, phone: str = "13812345678", kind: str = "person", moment: datetime | None = None) -> str:
    """Take somebody in; the application's address."""
    number = id_no(born) if kind == "person" else "91110000600037341L"
    with transaction():
        row = verbs.open_application(
            person(name="赵六", phone=phone, id_no=number, email="zhao@firm.example", kind=kind),
            broker_no,
            "01",
            "S001",
            actor=actor,
            moment=moment or clock.now(),
            keyring=keyring(),
        )
        public_id: str = row.public_id
    return public_id


def everything(first: date, end: date) -> dict[Item, dict[str, Any]]:
    """What is to be shown, with an agreement over a span."""
    return {
        Item.DOCUMENTS: {},
        Item.LICENCE: items.licence("F100", date(2025, 1, 1), date(2099, 1, 1)),
        Item.TRAINING: items.training(HOURS),
        Item.DECLARATION: items.declaration([statement.key for statement in STATEMENTS]),
        Item.TEST: items.test([question.right for question in QUESTIONS]),
        Item.AGREEMENT: items.agreement("HALF", first, end),
    }


def show_all(public_id: str, actor: Actor, today: date, *, but: Item | None = None, end: date = date(2099, 1, 1), **instead: dict[str, Any]) -> None:
    """Show everything, or everything but one; details may be named by their item."""
    for item, details in everything(today, end).items():
        if item is not but:
            with transaction():
                verbs.show(public_id, item, "folder 7", today, instead.get(item.value, details), actor=actor, moment=clock.now(), today=today)


def row_of(actor: Actor, public_id: str) -> Application:
    """The application as it stands."""
    return verbs.application_for(actor, public_id)
