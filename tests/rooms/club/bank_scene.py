"""A firm that takes bank transfers: an account, somebody who orders, two people in finance."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Flask
from sqlalchemy import select

from models import db
from models.audit import Approval
from models.club_bank import BankAccount, BankReturn, BankTransfer
from models.club_money import Payment
from models.identity import Role, User
from portal import clock, create_app
from portal.actors import Actor, actor_of
from portal.audit import approvals
from portal.club import bank_back, bank_in, bank_orders
from portal.club.bank_in import Incoming
from portal.local_day import today
from portal.settings import Settings
from portal.transaction import transaction
from tests.people import someone
from tests.rooms.club.scene import book, clients, event_of

NAME = "王小明"


@dataclass
class Bank:
    """A firm with an account; `first` records and prepares, `second` approves."""

    app: Flask
    first: Actor
    second: Actor

    def read(self, act: Callable[[], Any]) -> Any:
        """Do something in a context of its own, where none is held."""
        with self.app.app_context():
            try:
                return act()
            finally:
                db.session.remove()

    def order(self, *guests: str, key: str = "night", who: Actor | None = None, **event: Any) -> tuple[str, str, Actor]:
        """Somebody takes seats and chooses to transfer. Returns the booking, its reference, and who."""
        number = event_of(key, **event)
        actor = who or self.member()
        public_id = book(number, actor, *guests)
        return public_id, self.choose(public_id, actor), actor

    def member(self, place: int = 1) -> Actor:
        """A client whose name is NAME."""
        actor = clients(self.app, place)[-1]
        with transaction():
            db.session.get_one(User, actor.user_id).name = NAME
        return actor

    def choose(self, public_id: str, actor: Actor) -> str:
        """Choose to transfer. Returns the reference."""
        with transaction():
            return bank_orders.choose(public_id, actor=actor, moment=clock.now())[0].reference or ""

    def comes(self, amount: int, remark: str = "", *, payer: str = NAME, serial: str = "") -> str:
        """Finance writes a transfer down. Returns its public id."""
        line = Incoming(serial or secrets.token_hex(6), today(), amount, payer, remark)
        with transaction():
            return bank_in.record(line, today(), actor=self.first, moment=clock.now()).public_id

    def prepares(self, public_id: str, pay: bool = True, note: str = "") -> int:
        """The first person prepares. Returns the approval's number."""
        with transaction():
            return bank_in.prepare(public_id, pay, note, actor=self.first, moment=clock.now()).id

    def approves(self, number: int) -> None:
        """The second person approves what he was shown."""
        with transaction():
            self.approve(number)

    def approve(self, number: int) -> None:
        """The same inside an open transaction."""
        found = db.session.get_one(Approval, number)
        approvals.approve(number, self.second, clock.now(), digest=found.digest)

    def pays(self, amount: int, reference: str, **more: Any) -> str:
        """From the bank to the seat: recorded, prepared, approved."""
        public_id = self.comes(amount, reference, **more)
        self.approves(self.prepares(public_id))
        return public_id

    def sends_back(self, row: BankReturn, serial: str) -> int:
        """Finance transfers something back and prepares it. Returns the approval's number."""
        with transaction():
            return bank_back.prepare(row.public_id, serial, today(), today(), actor=self.first, moment=clock.now()).id


def transfer(public_id: str) -> BankTransfer:
    """A transfer as the database has it now."""
    db.session.rollback()
    return db.session.execute(select(BankTransfer).where(BankTransfer.public_id == public_id).execution_options(populate_existing=True)).scalar_one()


def returns() -> list[BankReturn]:
    """What goes back, the oldest first."""
    db.session.rollback()
    return list(db.session.execute(select(BankReturn).order_by(BankReturn.id).execution_options(populate_existing=True)).scalars())


def payment(reference: str) -> Payment:
    """A try by its reference."""
    db.session.rollback()
    return db.session.execute(select(Payment).where(Payment.reference == reference).execution_options(populate_existing=True)).scalar_one()


def add_account() -> None:
    """The account that transfers go to."""
    with transaction():
        names = {"company": "居缘期货有限公司", "bank": "中国工商银行上海市陆家嘴支行", "account_no": "1001 2345 0920 0123 456"}
        db.session.add(BankAccount(**names, since=clock.now(), prepared_label="one", approved_label="two"))


def day_of(text: str) -> date:
    """A day by its ISO text."""
    return date.fromisoformat(text)


@contextmanager
def bank_in_app(settings: Settings, *, held: bool = True) -> Iterator[Bank]:
    """A portal that takes transfers; its context is held for verbs, unless several people open pages: it would be theirs too."""
    app = create_app(settings)
    numbers = [someone(app, Role.FINANCE, email=f"{name}@firm.example") for name in ("first", "second")]
    with app.app_context():
        add_account()
        people = {user.id: actor_of(user) for user in db.session.execute(select(User).where(User.id.in_(numbers))).scalars()}
        db.session.remove()
    with app.app_context() if held else nullcontext():
        yield Bank(app, people[numbers[0]], people[numbers[1]])
        if held:
            db.session.remove()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
