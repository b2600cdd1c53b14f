"""The bill (账单) of an account: a day's funds as settled, a month as the sum of its days, and the trades by product.

`check_month` says whether the days add up; it never mends them. Amounts in fen. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from models import db
from models.settlement import Balance, SettlementDay, Trade
from models.values.calendar import Month

FLOWS = ("deposit", "withdrawal", "other_in", "other_out", "realized_pnl", "mtm_pnl", "premium", "fee")
"""What a month adds up of its days."""
SIGNS = {"deposit": 1, "withdrawal": -1, "other_in": 1, "other_out": -1, "realized_pnl": 1, "mtm_pnl": 1, "premium": 1, "fee": -1}
"""How a flow moves the balance."""


@dataclass(frozen=True)
class DayFunds:
    """An account's funds on a settled day, in fen. `version` is that of the day's posting which counts; 1 is the first."""

    trade_date: date
    version: int
    previous_balance: int
    deposit: int
    withdrawal: int
    other_in: int
    other_out: int
    realized_pnl: int
    mtm_pnl: int
    premium: int
    fee: int
    balance: int
    equity: int
    margin: int
    available: int

    @property
    def profit(self) -> int:
        """Realized and mark-to-market profit or loss, before fees."""
        return self.realized_pnl + self.mtm_pnl

    @property
    def beside(self) -> int:
        """What the equity holds beside the cash balance, such as pledged goods (质押)."""
        return self.equity - self.balance


@dataclass(frozen=True)
class Traded:
    """An account's trades of a day in one product. `turnover` and `fee` in fen."""

    trade_date: date
    exchange: str
    product: str
    lots: int
    turnover: int
    fee: int


@dataclass(frozen=True)
class MonthBill:
    """A month of an account: its days in order, the sums of their flows, and what does not add up, in words' keys."""

    month: Month
    days: tuple[DayFunds, ...]
    sums: dict[str, int]
    gaps: tuple[tuple[date, int], ...]
    """Days whose previous balance is not the balance of the day before, and by how much."""
    difference: int
    """Opening balance and the flows, minus the closing balance: 0 where everything adds up."""

    @property
    def adds_up(self) -> bool:
        """Whether the month is the sum of its days without a gap."""
        return not self.gaps and self.difference == 0


def funds(account_id: int, first: date, last: date) -> list[DayFunds]:
    """The account's settled days from `first` to `last`, in order; of each day the version that counts."""
    settled = settled_days(first, last)
    if not settled:
        return []
    newer = aliased(Balance)
    newest = select(func.max(newer.version)).where(newer.trade_date == Balance.trade_date, newer.account_id == Balance.account_id).scalar_subquery()
    names = DayFunds.__dataclass_fields__
    # The key begins with the day, so the days are named: each is one look-up instead of a walk through all balances.
    query = select(*(getattr(Balance, name) for name in names)).where(Balance.trade_date.in_(settled), Balance.account_id == account_id, Balance.version == newest, ~Balance.gone)
    return [DayFunds(*row) for row in db.session.execute(query.order_by(Balance.trade_date))]


def funds_of_all(account_ids: Sequence[int], day: date) -> dict[int, DayFunds]:
    """The funds of several accounts on one day, by account id."""
    newer = aliased(Balance)
    newest = select(func.max(newer.version)).where(newer.trade_date == Balance.trade_date, newer.account_id == Balance.account_id).scalar_subquery()
    query = select(Balance.account_id, *(getattr(Balance, name) for name in DayFunds.__dataclass_fields__))
    query = query.where(Balance.trade_date == day, Balance.account_id.in_(account_ids), Balance.version == newest, ~Balance.gone)
    return {row[0]: DayFunds(*row[1:]) for row in db.session.execute(query)}


def settled_days(first: date, last: date) -> list[date]:
    """The days that were posted, in order."""
    query = select(SettlementDay.trade_date).distinct().where(SettlementDay.trade_date.between(first, last))
    return list(db.session.execute(query.order_by(SettlementDay.trade_date)).scalars())


def trades(account_id: int, days: Iterable[DayFunds]) -> list[Traded]:
    """The trades that belong to these days as posted: by day, exchange and product."""
    versions = {day.trade_date: day.version for day in days}
    query = select(Trade.trade_date, Trade.version, Trade.exchange, Trade.product, Trade.lots, Trade.turnover, Trade.fee)
    rows = db.session.execute(query.where(Trade.trade_date.in_(list(versions)), Trade.account_id == account_id)).all()
    kept = [Traded(row.trade_date, row.exchange, row.product, row.lots, row.turnover, row.fee) for row in rows if row.version == versions[row.trade_date]]
    return sorted(kept, key=lambda row: (row.trade_date, row.exchange, row.product))


def month_bill(month: Month, days: Sequence[DayFunds]) -> MonthBill | None:
    """The bill of a month from its days in order; None where it has none. Pure."""
    if not days:
        return None
    sums: dict[str, int] = {name: sum(getattr(day, name) for day in days) for name in FLOWS}
    gaps = tuple((after.trade_date, after.previous_balance - before.balance) for before, after in pairwise(days) if after.previous_balance != before.balance)
    difference = days[0].previous_balance + sum(SIGNS[name] * sums[name] for name in FLOWS) - days[-1].balance
    return MonthBill(month, tuple(days), sums, gaps, difference)


def day_adds_up(day: DayFunds) -> bool:
    """Whether the day's own balance follows from the day before and its flows."""
    moved: int = sum(SIGNS[name] * getattr(day, name) for name in FLOWS)
    return day.previous_balance + moved == day.balance


def product_sums(rows: Iterable[Traded]) -> list[Traded]:
    """Trades added up by product over their days; the day is the last one."""
    found: dict[tuple[str, str], Traded] = {}
    for row in rows:
        held = found.get((row.exchange, row.product))
        lots, turnover, fee = (held.lots, held.turnover, held.fee) if held else (0, 0, 0)
        found[row.exchange, row.product] = Traded(row.trade_date, row.exchange, row.product, lots + row.lots, turnover + row.turnover, fee + row.fee)
    return sorted(found.values(), key=lambda row: (row.exchange, row.product))


def canonical_bill(account_no: str, days: Sequence[DayFunds], traded: Sequence[Traded]) -> dict[str, Any]:
    """What a bill's digest covers."""
    return {
        "schema": "juyuan.bill/1",
        "account": account_no,
        "days": [[str(getattr(day, name)) if name == "trade_date" else getattr(day, name) for name in DayFunds.__dataclass_fields__] for day in days],
        "trades": [[str(row.trade_date), row.exchange, row.product, row.lots, row.turnover, row.fee] for row in traded],
    }
