"""A second reading of the books: every assertion row by row, in plain Python, without the product's queries or its split."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

from sqlalchemy import select

from models import db
from models.attribution import Attribution
from models.clients import Account
from models.partners import Broker
from models.settlement import Balance, SettlementDay


class Owner(NamedTuple):
    """Who owns how much of an account on a day, in which state, and the fen of equity that are his."""

    account_no: str
    broker_no: str
    share: int
    state: str
    part: int | None


class Books:
    """Every row of the tables, read once."""

    def __init__(self) -> None:
        self.attributions: list[Any] = list(db.session.scalars(select(Attribution).order_by(Attribution.id)))
        self.balances: list[Any] = list(db.session.scalars(select(Balance)))
        self.days: list[Any] = list(db.session.scalars(select(SettlementDay)))
        self.accounts = {row.id: row.account_no for row in db.session.scalars(select(Account))}
        self.brokers = {row.id: row.broker_no for row in db.session.scalars(select(Broker))}

    def equity(self, account: int, day: date, known: int) -> int | None:
        """The account's equity on a day by the newest version known then."""
        versions = {row.version for row in self.days if row.trade_date == day and row.recording_id <= known}
        found = [row for row in self.balances if row.trade_date == day and row.account_id == account and row.version in versions]
        newest = max(found, key=lambda row: row.version, default=None)
        return None if newest is None or newest.gone else newest.equity

    def claims(self, account: int, day: date, known: int) -> list[tuple[str, int, str]]:
        """(broker, share, state) of the rows that hold on the day, as known then, by broker number."""
        newest: dict[tuple[int, date], Any] = {}
        for row in self.attributions:
            if row.account_id == account and row.recording_id <= known:
                newest[row.broker_id, row.valid_from] = row
        found = []
        for row in newest.values():
            if not row.withdrawn and row.valid_from <= day < row.valid_to:
                waits = row.state == "confirmed" and row.confirmed_on is not None and row.confirmed_on > day
                found.append((self.brokers[row.broker_id], row.share, "pending" if waits else row.state))
        return sorted(found, key=lambda claim: claim[0].encode())

    def owners(self, day: date, known: int) -> set[Owner]:
        """All owners of all accounts on a day as known then."""
        table = set()
        for account, number in self.accounts.items():
            claims, equity = self.claims(account, day, known), self.equity(account, day, known)
            parts = [None] * len(claims) if equity is None else split(equity, [share for _, share, _ in claims])
            table |= {Owner(number, broker, share, state, part) for (broker, share, state), part in zip(claims, parts, strict=True)}
        return table

    def text(self, account: int, day: date, known: int) -> str:
        """The owners as a comparison of two states of knowledge writes them."""
        return ";".join(f"{broker} {share} {state}" for broker, share, state in self.claims(account, day, known))


def split(amount: int, shares: list[int]) -> list[int]:
    """The rules' split (§2) with exact fractions: everyone's floor, then the fen left over to the largest fractions; the house last."""
    exact = [Fraction(abs(amount) * share, 1_000_000) for share in [*shares, 1_000_000 - sum(shares)]]
    parts = [floor(one) for one in exact]
    order = sorted(range(len(exact)), key=lambda place: (-(exact[place] - parts[place]), place))
    for place in order[: abs(amount) - sum(parts)]:
        parts[place] += 1
    return [part if amount >= 0 else -part for part in parts[:-1]]
