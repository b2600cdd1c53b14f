"""Settled days: the files received, the balances and trades posted from them, the trading calendar, exchange fees."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.assertions import Dated, span_check
from models.base import Base
from models.columns import JsonText, amount, choice, day, identifier, moment, one_of, payload, text


class ImportState(enum.StrEnum):
    """What an import is doing."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class ImportRun(Base):
    """One import: what was handed in, how far it is, what came of it."""

    __tablename__ = "import_run"
    __table_args__ = (one_of("state", ImportState),)

    id: Mapped[int] = identifier()
    started_at: Mapped[datetime] = moment()
    finished_at: Mapped[datetime | None] = moment(null=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_label: Mapped[str] = text(200)
    state: Mapped[str] = choice(ImportState)
    dry_run: Mapped[bool] = mapped_column(default=False)
    step: Mapped[str] = text(200)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    refusals: Mapped[int] = mapped_column(default=0)
    warnings: Mapped[int] = mapped_column(default=0)
    summary: Mapped[Any] = mapped_column(JsonText, nullable=True)


class ImportFinding(Base):
    """A refusal or warning of an import: file, line, field, what was found, what was expected."""

    __tablename__ = "import_finding"

    id: Mapped[int] = identifier()
    import_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"), index=True)
    severity: Mapped[str] = text(16)
    code: Mapped[str] = text(60)
    file: Mapped[str] = text(400)
    step: Mapped[str | None] = text(200, null=True, index=True)
    """The day or the kind of file that it was found in; empty where it belongs to neither."""
    line: Mapped[int | None] = mapped_column(BigInteger)
    field: Mapped[str] = text(120)
    found: Mapped[str] = text()
    expected: Mapped[str] = text()


class SettlementFile(Base):
    """A file whose content was posted: the digest of its bytes is kept, so the same bytes count once."""

    __tablename__ = "settlement_file"

    id: Mapped[int] = identifier()
    digest: Mapped[str] = text(64, unique=True)
    name: Mapped[str] = text(400)
    size: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = text(40)
    trade_date: Mapped[date | None] = day(null=True, index=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id"), index=True)


class SettlementDay(Base):
    """A version of a settled day. Version 1 holds every account; a later one only the accounts that changed."""

    __tablename__ = "settlement_day"
    __table_args__ = (UniqueConstraint("trade_date", "version"),)

    id: Mapped[int] = identifier()
    trade_date: Mapped[date] = day()
    version: Mapped[int] = mapped_column()
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id"), index=True)
    accounts: Mapped[int] = mapped_column(BigInteger)
    trades: Mapped[int] = mapped_column(BigInteger)
    equity: Mapped[int] = amount()
    fee: Mapped[int] = amount()
    retained_fee: Mapped[int] = amount()
    deposit: Mapped[int] = amount()
    withdrawal: Mapped[int] = amount()


class SettlementDayFile(Base):
    """Which file a version of a settled day came from."""

    __tablename__ = "settlement_day_file"

    day_id: Mapped[int] = mapped_column(ForeignKey("settlement_day.id"), primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("settlement_file.id"), primary_key=True)


class SegmentKind(enum.StrEnum):
    """What a column segment of a day holds."""

    BALANCES = "balances"
    TRADES = "trades"
    OTHER_CURRENCY = "other_currency"


class DaySegment(Base):
    """The rows of a version of a settled day in columns (Parquet), for work over whole days; written with the rows, in one transaction."""

    __tablename__ = "day_segment"
    __table_args__ = (UniqueConstraint("day_id", "kind"), one_of("kind", SegmentKind))

    id: Mapped[int] = identifier()
    day_id: Mapped[int] = mapped_column(ForeignKey("settlement_day.id"))
    kind: Mapped[str] = choice(SegmentKind)
    rows: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = text(64)
    payload: Mapped[bytes] = payload()


class Balance(Base):
    """An account's balance of a trade date. The row with the greatest version counts; `gone` says the account has none that day."""

    __tablename__ = "balance"
    __table_args__ = ({"sqlite_with_rowid": False},)

    trade_date: Mapped[date] = mapped_column(day().column.type, primary_key=True)
    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    gone: Mapped[bool] = mapped_column()
    previous_balance: Mapped[int] = amount()
    deposit: Mapped[int] = amount()
    withdrawal: Mapped[int] = amount()
    other_in: Mapped[int] = amount()
    other_out: Mapped[int] = amount()
    realized_pnl: Mapped[int] = amount()
    mtm_pnl: Mapped[int] = amount()
    premium: Mapped[int] = amount()
    fee: Mapped[int] = amount()
    balance: Mapped[int] = amount()
    equity: Mapped[int] = amount()
    margin: Mapped[int] = amount()
    available: Mapped[int] = amount()


class Trade(Base):
    """An account's trades of a trade date in one product; belongs to the balance row of the same version."""

    __tablename__ = "trade"
    __table_args__ = ({"sqlite_with_rowid": False},)

    trade_date: Mapped[date] = mapped_column(day().column.type, primary_key=True)
    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    exchange: Mapped[str] = mapped_column(text(16).column.type, primary_key=True)
    product: Mapped[str] = mapped_column(text(32).column.type, primary_key=True)
    lots: Mapped[int] = mapped_column(BigInteger)
    turnover: Mapped[int] = amount()
    fee: Mapped[int] = amount()
    exchange_fee: Mapped[int] = amount()


class CalendarYear(Base):
    """A year that the trading calendar knows; days of another year are refused, never guessed."""

    __tablename__ = "calendar_year"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str] = text(200)


class CalendarDay(Base):
    """A calendar day of a known year and whether the exchanges settle on it."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(day().column.type, primary_key=True)
    trading: Mapped[bool] = mapped_column()
    note: Mapped[str] = text(200)


class ExchangeFee(Dated, Base):
    """What an exchange charges for a product (or one instrument, which wins), over a span.

    Rates by money are hundred-millionths of the turnover, rates by lot hundred-millionths of a yuan; both parts are added.
    """

    __tablename__ = "exchange_fee"
    __table_args__ = (Index("ix_exchange_fee_key", "exchange", "product", "valid_from", "id"), span_check(), CheckConstraint("open_by_money >= 0", name="positive"))
    KEY: ClassVar = ("exchange", "product", "valid_from")

    exchange: Mapped[str] = text(16)
    product: Mapped[str] = text(32)
    open_by_money: Mapped[int] = mapped_column(BigInteger)
    open_by_lot: Mapped[int] = mapped_column(BigInteger)
    close_by_money: Mapped[int] = mapped_column(BigInteger)
    close_by_lot: Mapped[int] = mapped_column(BigInteger)
    close_today_by_money: Mapped[int] = mapped_column(BigInteger)
    close_today_by_lot: Mapped[int] = mapped_column(BigInteger)
