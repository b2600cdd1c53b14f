"""A shadow run: what months would have come to with another plan in place of what was. Reads only; posts nothing.

Both sides are priced by the one engine with today's knowledge. Compared is what the months earn after cap and guarantee:
reserve, carry-over, adjustments and withholding move pay between months or to the tax office and are not computed anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from sqlalchemy import select

from models import db
from models.clients import Account
from models.commission import MonthClose
from models.values.calendar import Month
from portal.commission.instead import WhatIf
from portal.commission.load import load_month
from portal.commission.month import Progress, attribute_month, guaranteed_brokers, price_month, tiers_of
from portal.commission.statement import level_amount
from portal.commission.vocabulary import Kind

CLIENTS = 10
"""Accounts kept behind each broker, those with the largest differences."""
LEVEL = "cap_or_guarantee"


@dataclass
class Pay:
    """A broker's month on one side, in fen: by kind of line (and cap or guarantee), by account, and the retained fee of his part."""

    kinds: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    accounts: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    retained: int = 0
    on_plan: bool = False

    @property
    def total(self) -> int:
        """What the month earns after cap and guarantee."""
        return sum(self.kinds.values())


def month_pay(month: Month, known: int, what_if: WhatIf | None, plan_id: int, progress: Progress) -> dict[str, Pay]:
    """What every broker's month comes to, by broker number."""
    facts = load_month(month, known, what_if=what_if)
    attributed = attribute_month(facts, progress)
    found: dict[int, Pay] = defaultdict(Pay)
    names = {kind.value: kind.name for kind in Kind}
    for lines in price_month(attributed, tiers_of(attributed), progress):
        sums = lines.group_by("b", "kind", "account").agg(pl.col("amount").sum()).sort("b", "kind", "account")
        for b, kind, account, amount in sums.iter_rows():
            found[b].kinds[names[kind]] += amount
            if account is not None:
                found[b].accounts[account] += amount
    for b, retained in attributed.trades.group_by("b").agg(pl.col("part").sum()).iter_rows():
        found[b].retained = retained
    for b in facts.standing.filter(pl.col("plan") == plan_id)["b"].unique():
        found[b].on_plan = True
    guaranteed, at_end = guaranteed_brokers(facts), dict(facts.month_end.select("b", "version").iter_rows())
    for b in facts.brokers["b"]:
        level = level_amount(found[b].total if b in found else 0, facts.terms.get(at_end[b]), b in guaranteed)
        if level:
            found[b].kinds[LEVEL] += level
    numbers = dict(facts.brokers.select("b", "broker_no").iter_rows())
    return {numbers[b]: pay for b, pay in found.items()}


def shadow(months: Sequence[Month], known: int, what_if: WhatIf, progress: Progress) -> dict[str, Any]:
    """Every month on both sides, as plain JSON in fen: the months' sums, every broker concerned, the accounts behind him."""
    closed = set(db.session.execute(select(MonthClose.period)).scalars())
    sides: list[dict[str, Pay]] = [defaultdict(Pay), defaultdict(Pay)]
    by_month: dict[str, list[list[Any]]] = defaultdict(list)
    for place, month in enumerate(months):
        sums = []
        for side, laid in enumerate((None, what_if)):
            progress(str(month), 2 * place + side, 2 * len(months))
            pays = month_pay(month, known, laid, what_if.plan_id, _as_steps(progress, str(month), 2 * place + side, 2 * len(months)))
            sums.append(pays)
            _add(sides[side], pays)
        for number in sorted({*sums[0], *sums[1]}):
            by_month[number].append([str(month), sums[0].get(number, Pay()).total, sums[1].get(number, Pay()).total])
    accounts = _account_numbers(sides)
    numbers = sorted(number for number in {*sides[0], *sides[1]} if _concerned(sides, number))
    brokers = [_broker_row(number, sides[0].get(number, Pay()), sides[1].get(number, Pay()), by_month[number], accounts) for number in numbers]
    rows = [{"period": str(month), "closed": str(month) in closed, **_total(brokers, str(month))} for month in months]
    return {"months": rows, "brokers": brokers}


def _as_steps(progress: Progress, month: str, done: int, total: int) -> Progress:
    """The engine's own steps told as one side of one month, so that somebody who asks to stop is heard in between."""
    return lambda _step, _done, _total: progress(month, done, total)


def _add(side: dict[str, Pay], pays: dict[str, Pay]) -> None:
    for number, pay in pays.items():
        mine = side[number]
        for kind, amount in pay.kinds.items():
            mine.kinds[kind] += amount
        for account, amount in pay.accounts.items():
            mine.accounts[account] += amount
        mine.retained += pay.retained
        mine.on_plan |= pay.on_plan


def _total(brokers: list[dict[str, Any]], period: str) -> dict[str, int]:
    """What a month comes to on both sides for all brokers concerned."""
    found = [row for broker in brokers for row in broker["months"] if row[0] == period]
    return {"before": sum(row[1] for row in found), "after": sum(row[2] for row in found)}


def _concerned(sides: Sequence[dict[str, Pay]], number: str) -> bool:
    before, after = sides[0].get(number, Pay()), sides[1].get(number, Pay())
    return after.on_plan or before.on_plan or before.total != after.total


def _account_numbers(sides: Sequence[dict[str, Pay]]) -> dict[int, str]:
    ids = {account for side in sides for pay in side.values() for account in pay.accounts}
    query = select(Account.id, Account.account_no)
    return {key: number for key, number in db.session.execute(query) if key in ids}


def _broker_row(number: str, before: Pay, after: Pay, months: list[list[Any]], names: dict[int, str]) -> dict[str, Any]:
    ids = sorted({*before.accounts, *after.accounts}, key=lambda one: (-abs(after.accounts.get(one, 0) - before.accounts.get(one, 0)), names[one]))
    kinds = sorted({*before.kinds, *after.kinds})
    return {
        "broker_no": number,
        "before": before.total,
        "after": after.total,
        "retained": after.retained,
        "months": months,
        "kinds": {kind: [before.kinds.get(kind, 0), after.kinds.get(kind, 0)] for kind in kinds},
        "accounts": [[names[one], before.accounts.get(one, 0), after.accounts.get(one, 0)] for one in ids[:CLIENTS]],
        "others": max(0, len(ids) - CLIENTS),
    }
