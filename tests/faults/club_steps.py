"""The steps of the club's money, at each of which a process can be killed: before and after every commit, every call to Stripe, and every
mail that is handed over."""

from __future__ import annotations

import os
import secrets
import signal
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from sqlalchemy import event, inspect

from models import db
from models.club_money import Payment
from portal import clock
from portal.actors import Actor
from portal.club import payments
from portal.club.facts_dues import DuesTill as Till
from portal.club.payments import Terms
from portal.gateways.mail import SmtpPost
from portal.gateways.stripe import Stripe
from portal.jobs import club_paying
from portal.transaction import transaction

CALLS: tuple[tuple[type, str], ...] = (*((Stripe, name) for name in ("open_session", "session", "expire_session", "refund", "refunds_of", "payments_since")), (SmtpPost, "send"))


class Steps:
    """Counts the steps of this process, writes them down, and dies at one of them. What a helper thread commits (a sign of life) is no step."""

    def __init__(self, said: Path, die_at: int) -> None:
        self.said, self.die_at, self.seen = said, die_at, 0
        said.unlink(missing_ok=True)
        event.listen(db.session, "before_commit", lambda session: self.at("before a commit"))
        event.listen(db.session, "after_commit", lambda session: self.at("after a commit"))
        for whose, name in CALLS:
            setattr(whose, name, self._around("a mail" if whose is SmtpPost else name, getattr(whose, name)))

    def at(self, name: str) -> None:
        """Here is a step."""
        if threading.current_thread() is not threading.main_thread():
            return
        self.seen += 1
        with self.said.open("a") as said:
            said.write(name + "\n")
        if self.seen == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def _around(self, name: str, really: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(really)
        def asked(*given: Any) -> Any:
            self.at(f"before {name}")
            found = really(*given)
            self.at(f"after {name}")
            return found

        return asked


def a_key_for_each_try() -> None:
    """The planted fault: the key under which Stripe is asked is made up anew for each try, so that a repetition is a second order."""
    for name in ("open_session", "refund"):
        setattr(Stripe, name, _with_any_key(getattr(Stripe, name)))


def written_after_the_call() -> None:
    """The planted fault of paying: Stripe is asked before the try is written down, so that whoever dies in between forgets a page that is open."""
    club_paying.pay = _asked_first


def _asked_first(public_id: str, till: Till, terms: Terms, actor: Actor) -> str:
    payment, _old = payments.begin(public_id, terms, actor=actor, moment=clock.now())
    row = {column.key: getattr(payment, column.key) for column in inspect(Payment).column_attrs if column.key != "id"}
    db.session.rollback()
    if row["url"]:
        return str(row["url"])
    facts = till.open_session(row["params"], row["idempotency_key"])
    with transaction():
        made = Payment(**row)
        db.session.add(made)
        db.session.flush()
        payments.opened(made.id, facts)
    return facts.url


def _with_any_key(really: Callable[..., Any]) -> Callable[..., Any]:
    return lambda till, params, key: really(till, params, f"{key}:{secrets.token_hex(4)}")
