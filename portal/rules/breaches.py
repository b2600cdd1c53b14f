"""All books held against the rules of a day: what does not comply, and since when. Found in a few queries, then judged row by row."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from sqlalchemy import select

from models import db
from models.attribution import Attribution, AttributionState
from portal.rules import book
from portal.rules.checks import CHECKS
from portal.rules.data import Rule
from portal.rules.facts import BrokerFacts, ClientFacts, Facts
from portal.rules.gather import broker_facts, client_facts, tied, ties_of
from portal.rules.month_end import month_ends, trading_days
from portal.rules.stopping import Clause, judged
from portal.sealing import Keyring
from portal.versions import current

CALL_CODE = "ib-return-visit"
CALL_DAYS = 5
"""Trading days for the confirmation call where no rule says another number."""


class Breach(NamedTuple):
    """A clause that the books do not comply with, and whom it is about."""

    clause: Clause
    broker: BrokerFacts | None
    client: ClientFacts | None

    @property
    def key(self) -> tuple[str, int | None, int | None]:
        """What tells one breach from another."""
        return self.clause.code, self.broker.broker_id if self.broker else None, self.client.account_id if self.client else None


def breaches(day: date, jurisdiction: str, keyring: Keyring | None = None) -> list[Breach]:
    """Everything in the books of a day that a rule in force then does not allow, as believed now."""
    rules = [rule for rule in book.in_force(jurisdiction, day, "books") if rule.check]
    about = {name: [rule for rule in rules if CHECKS[rule.check].about == name] for name in ("broker", "pair", "client")}
    working = int(next((rule.parameters["working_days"] for rule in rules if "working_days" in rule.parameters), 15))
    brokers = broker_facts(None, keyring, month_ends(day, working))
    clients = client_facts(None)
    spans = _spans(day)
    return [
        *_of_brokers(about["broker"], brokers, {broker_id for _, broker_id, _, _ in spans}, day),
        *_of_pairs(about["pair"], brokers, clients, spans, day),
        *_of_clients(about["client"], clients, day),
    ]


def _spans(day: date) -> list[tuple[int, int, str, date]]:
    """Account, broker, the state that counts on the day and the first day of every attribution that holds then."""
    row = current(Attribution).subquery()
    query = select(row.c.account_id, row.c.broker_id, row.c.state, row.c.valid_from, row.c.confirmed_on).where(row.c.valid_from <= day, row.c.valid_to > day)
    pending, confirmed = AttributionState.PENDING.value, AttributionState.CONFIRMED
    return [
        (account, broker, pending if state == confirmed and confirmed_on is not None and day < confirmed_on else state, start)
        for account, broker, state, start, confirmed_on in db.session.execute(query)
    ]


def _of_brokers(rules: list[Rule], brokers: dict[int, BrokerFacts], holding: set[int], day: date) -> Iterator[Breach]:
    """Brokers who hold an attribution on the day: what others are does no harm to the books."""
    for broker_id in sorted(holding):
        broker = brokers.get(broker_id)
        if broker is not None:
            yield from (Breach(clause, broker, None) for clause in judged(rules, Facts(broker), day))


def _of_pairs(rules: list[Rule], brokers: dict[int, BrokerFacts], clients: dict[int, ClientFacts], spans: list[tuple[int, int, str, date]], day: date) -> Iterator[Breach]:
    ties, due = ties_of(None), CallDue(book_days(rules))
    for account_id, broker_id, state, start in spans:
        broker, client = brokers.get(broker_id), clients.get(account_id)
        if broker is None or client is None:
            continue
        facts = Facts(broker, client, tied(ties, broker, client), state, start, due.after(start) if state == AttributionState.PENDING else None)
        for clause in judged(rules, facts, day):
            yield Breach(replace(clause, since=max(clause.since, start)), broker, client)


def _of_clients(rules: list[Rule], clients: dict[int, ClientFacts], day: date) -> Iterator[Breach]:
    if not rules:
        return
    for client in clients.values():
        if client.closed_on is None or client.closed_on > day:
            yield from (Breach(clause, None, client) for clause in judged(rules, Facts(client=client), day))


def book_days(rules: list[Rule]) -> int:
    """Within how many trading days a confirmation call is due."""
    return int(next((rule.parameters["trading_days"] for rule in rules if rule.code == CALL_CODE and "trading_days" in rule.parameters), CALL_DAYS))


class CallDue:
    """The day until which the confirmation call of an attribution is due, on the trading calendar; None where it does not reach."""

    def __init__(self, days: int) -> None:
        self.days = days
        self.calendar = trading_days()

    def after(self, start: date) -> date | None:
        """The due day of an attribution that begins on a day."""
        place = bisect_right(self.calendar, start) + self.days - 1
        return self.calendar[place] if place < len(self.calendar) else None
