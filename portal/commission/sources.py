"""Where the facts of an account's day came from: file and line, attribution row, plan version; as known at a recording."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

import polars as pl
from sqlalchemy import select

from models import db
from models.attribution import Attribution
from models.audit import Recording
from models.commission import Plan, PlanVersion
from models.settlement import SettlementDay, SettlementDayFile, SettlementFile
from portal.settlement.facts import account_lines


@dataclass(frozen=True)
class TradeSource:
    """A trade row with the file and lines that it came from; amounts in fen."""

    exchange: str
    product: str
    lots: int
    turnover: int
    fee: int
    exchange_fee: int
    file: str
    lines: list[int]


@dataclass(frozen=True)
class AccountDay:
    """An account's balance and trades of a day with their sources."""

    equity: int
    balance_line: int
    files: list[str]
    rows: pl.DataFrame

    @cached_property
    def balance_file(self) -> str:
        """The file that the balance came from."""
        return self._named("balances", "cusfund")

    @cached_property
    def trade_file(self) -> str:
        """The file that the trades came from."""
        return self._named("trades", "trddata")

    def _named(self, *kinds: str) -> str:
        return ", ".join(name for name in self.files if any(kind in name for kind in kinds)) or ", ".join(self.files)

    def trade(self, exchange: str, product: str) -> TradeSource | None:
        """The trades in one product, compared without case."""
        same = (pl.col("exchange").str.to_uppercase() == exchange.upper()) & (pl.col("product").str.to_uppercase() == product.upper())
        rows = self.rows.filter(same)
        if rows.is_empty():
            return None
        row = rows.row(0, named=True)
        return TradeSource(row["exchange"], row["product"], row["lots"], row["turnover"], row["fee"], row["exchange_fee"], self.trade_file, list(row["lines"]))


def account_day(account_id: int, day: date, known: int) -> AccountDay:
    """An account's day as known at a recording."""
    balance, trades = account_lines(day, account_id, known)
    names = (
        select(SettlementFile.name)
        .join(SettlementDayFile, SettlementDayFile.file_id == SettlementFile.id)
        .join(SettlementDay, SettlementDay.id == SettlementDayFile.day_id)
        .where(SettlementDay.trade_date == day, SettlementDay.recording_id <= known)
        .order_by(SettlementDay.version, SettlementFile.id)
    )
    files = list(dict.fromkeys(db.session.execute(names).scalars()))
    equity, line = (balance["equity"].item(), balance["line"].item()) if balance.height else (0, 0)
    return AccountDay(equity, line, files, trades)


@dataclass(frozen=True)
class AttributionSource:
    """An attribution row as recorded."""

    state: str
    valid_from: date
    valid_to: date
    confirmed_on: date | None
    recorded_at: datetime


def attribution_row(row_id: int) -> AttributionSource:
    """An attribution row and when the firm recorded it."""
    query = select(Attribution.state, Attribution.valid_from, Attribution.valid_to, Attribution.confirmed_on, Recording.recorded_at)
    return AttributionSource(*db.session.execute(query.join(Recording, Recording.id == Attribution.recording_id).where(Attribution.id == row_id)).one())


def plan_version(row_id: int) -> PlanVersion:
    """A plan version as recorded."""
    return db.session.execute(select(PlanVersion).where(PlanVersion.id == row_id)).scalar_one()


def plan_code(plan_id: int) -> str:
    """The code of a plan."""
    return db.session.execute(select(Plan.plan_code).where(Plan.id == plan_id)).scalar_one()
