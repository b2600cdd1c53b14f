"""Reading settled days back, as known at a recording: the newest version of each account-day counts."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date

import polars as pl
from sqlalchemy import ColumnElement, Subquery, func, select

from models import db
from models.settlement import Balance, DaySegment, SegmentKind, SettlementDay, Trade
from models.values.calendar import Month
from portal.bulk import IN_BYTES, read_frame
from portal.settlement.day import AMOUNTS

POSTED_BALANCES: dict[str, pl.DataType | type[pl.DataType]] = {"account_id": pl.Int64, **dict.fromkeys(AMOUNTS, pl.Int64), "gone": pl.Boolean, "line": pl.UInt32}
"""Columns of a posted version's balances."""
POSTED_TRADES: dict[str, pl.DataType | type[pl.DataType]] = {
    "account_id": pl.Int64,
    "exchange": pl.String,
    "product": pl.String,
    "lots": pl.Int64,
    "turnover": pl.Int64,
    "fee": pl.Int64,
    "exchange_fee": pl.Int64,
    "lines": pl.List(pl.UInt32),
}
"""Columns of a posted version's trades."""


def settled_days(first: date, last: date, known_recording_id: int | None = None) -> list[date]:
    """The settled days from `first` to `last`, both included, in order: trade dates with at least one balance row."""
    day, newest = SettlementDay, _newest(known_recording_id)
    query = select(day.trade_date).join(newest, (newest.c.trade_date == day.trade_date) & (newest.c.version == day.version))
    return list(db.session.execute(query.where(day.trade_date.between(first, last), day.accounts > 0).order_by(day.trade_date)).scalars())


def month_days(period: Month, known_recording_id: int | None = None) -> list[date]:
    """The settled days of a month, in order."""
    return settled_days(period.first, period.last, known_recording_id)


def previous_settled_day(day: date, known_recording_id: int | None = None) -> date | None:
    """The last settled day before a day."""
    return _beside(SettlementDay.trade_date < day, known_recording_id, last=True)


def next_settled_day(day: date, known_recording_id: int | None = None) -> date | None:
    """The first settled day after a day."""
    return _beside(SettlementDay.trade_date > day, known_recording_id, last=False)


def day_frames(trade_date: date, known_recording_id: int | None = None, *, lean: bool = False) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The balances and trades of a trade date: POSTED_BALANCES without `gone` and POSTED_TRADES, each with the `version`
    that its row was posted in; empty where nothing was posted. Rows come in the order of account_id.

    `lean` leaves out what pricing does not look at: of a balance all amounts but the equity, and the lines of the files.
    """
    balances = _overlaid(trade_date, known_recording_id, ["account_id", "equity", "gone"] if lean else None)
    columns = {name: kind for name, kind in POSTED_TRADES.items() if not lean or name != "lines"}
    trades = _segments(trade_date, SegmentKind.TRADES, known_recording_id, columns)
    held = balances.filter(~pl.col("gone")).drop("gone")
    if len({*balances["version"].unique(), *trades["version"].unique()}) <= 1:
        return held, trades  # a version is posted in order
    trades = trades.join(balances.select("account_id", "version"), on=["account_id", "version"], how="semi")
    return held.sort("account_id"), trades.sort("account_id", "exchange", "product")


def day_balances(trade_date: date, columns: Iterable[str], known_recording_id: int | None = None) -> pl.DataFrame:
    """Some columns of the balances of a trade date, of the accounts that have one."""
    names = ["account_id", *columns]
    return _overlaid(trade_date, known_recording_id, [*names, "gone"]).filter(~pl.col("gone")).select(names)


def account_rows(trade_date: date, accounts: list[int], known_recording_id: int | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What a few accounts have on a trade date: account_id and equity, and POSTED_TRADES without `lines`. Read by key, row by
    row, so it costs what it returns, not what the day holds."""
    version = select(func.max(SettlementDay.version)).where(SettlementDay.trade_date == trade_date)
    if known_recording_id is not None:
        version = version.where(SettlementDay.recording_id <= known_recording_id)
    newest = version.scalar_subquery()
    held = select(Balance.account_id, Balance.equity, Balance.gone, Balance.version)
    held = held.where(Balance.trade_date == trade_date, Balance.account_id.in_(accounts), Balance.version <= newest)
    balances = read_frame(held, {"account_id": pl.Int64, "equity": pl.Int64, "gone": pl.Boolean, "version": pl.Int32})
    balances = balances.filter(pl.col("version") == pl.col("version").max().over("account_id"))
    names = [name for name in POSTED_TRADES if name != "lines"]
    traded = select(*(getattr(Trade, name) for name in names), Trade.version)
    traded = traded.where(Trade.trade_date == trade_date, Trade.account_id.in_(accounts), Trade.version <= newest)
    trades = read_frame(traded, {**{name: POSTED_TRADES[name] for name in names}, "version": pl.Int32})
    trades = trades.join(balances.filter(~pl.col("gone")), on=["account_id", "version"], how="semi")
    return balances.filter(~pl.col("gone")).select("account_id", "equity").sort("account_id"), trades.drop("version").sort("account_id", "exchange", "product")


def changed_accounts(first: date, last: date, since: int, known_recording_id: int) -> dict[date, list[int]]:
    """The accounts that versions recorded after `since` changed, by the trade dates from `first` to `last`."""
    query = select(SettlementDay.trade_date, DaySegment.payload).join(DaySegment, DaySegment.day_id == SettlementDay.id)
    query = query.where(SettlementDay.trade_date.between(first, last), DaySegment.kind == SegmentKind.BALANCES.value)
    found: dict[date, set[int]] = {}
    for day, payload in db.session.execute(query.where(SettlementDay.recording_id > since, SettlementDay.recording_id <= known_recording_id), execution_options=IN_BYTES):
        found.setdefault(day, set()).update(pl.read_parquet(io.BytesIO(payload), columns=["account_id"])["account_id"].to_list())
    return {day: sorted(accounts) for day, accounts in found.items()}


def account_lines(trade_date: date, account_id: int, known_recording_id: int | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The balance (equity, line) and the trades (POSTED_TRADES) of one account on a trade date, with the lines of their files."""
    only = pl.col("account_id") == account_id
    columns = {name: POSTED_BALANCES[name] for name in ("account_id", "equity", "line", "gone")}
    balances = _segments(trade_date, SegmentKind.BALANCES, known_recording_id, columns, only)
    balances = balances.filter(pl.col("version") == pl.col("version").max())
    trades = _segments(trade_date, SegmentKind.TRADES, known_recording_id, POSTED_TRADES, only)
    balances = balances.filter(~pl.col("gone"))
    return balances, trades.join(balances.select("version"), on="version", how="semi")


def other_currency(trade_date: date, known_recording_id: int | None = None) -> list[dict[str, object]]:
    """The rows in another currency of the newest version that had any: account_no, currency, kind, line, content."""
    found = _payloads(trade_date, SegmentKind.OTHER_CURRENCY, known_recording_id)
    return pl.read_parquet(io.BytesIO(found[-1][1])).to_dicts() if found else []


def _overlaid(trade_date: date, known: int | None, columns: list[str] | None = None) -> pl.DataFrame:
    """Each account's newest balance row, `gone` ones included."""
    wanted = {name: POSTED_BALANCES[name] for name in columns or POSTED_BALANCES}
    frame = _segments(trade_date, SegmentKind.BALANCES, known, wanted)
    if frame["version"].n_unique() <= 1:
        return frame
    return frame.filter(pl.col("version") == pl.col("version").max().over("account_id"))


def _segments(trade_date: date, kind: SegmentKind, known: int | None, schema: dict[str, pl.DataType | type[pl.DataType]], only: pl.Expr | None = None) -> pl.DataFrame:
    """The rows of every known version of a day, those that `only` leaves; the condition is applied while reading."""
    frames = [pl.DataFrame(schema={**schema, "version": pl.Int32})]
    for version, payload in _payloads(trade_date, kind, known):
        source = io.BytesIO(payload)
        rows = pl.read_parquet(source, columns=list(schema)) if only is None else pl.scan_parquet(source).filter(only).select(list(schema)).collect()
        frames.append(rows.with_columns(pl.lit(version, pl.Int32).alias("version")))
    return frames[1] if len(frames) == 2 else pl.concat(frames)


def _payloads(trade_date: date, kind: SegmentKind, known: int | None) -> list[tuple[int, bytes]]:
    query = select(SettlementDay.version, DaySegment.payload).join(DaySegment, DaySegment.day_id == SettlementDay.id)
    query = query.where(SettlementDay.trade_date == trade_date, DaySegment.kind == kind.value).order_by(SettlementDay.version)
    if known is not None:
        query = query.where(SettlementDay.recording_id <= known)
    return [(row.version, row.payload) for row in db.session.execute(query, execution_options=IN_BYTES)]


def _newest(known: int | None) -> Subquery:
    query = select(SettlementDay.trade_date, func.max(SettlementDay.version).label("version"))
    if known is not None:
        query = query.where(SettlementDay.recording_id <= known)
    return query.group_by(SettlementDay.trade_date).subquery()


def _beside(side: ColumnElement[bool], known: int | None, *, last: bool) -> date | None:
    newest = _newest(known)
    query = select(func.max(SettlementDay.trade_date) if last else func.min(SettlementDay.trade_date))
    query = query.join(newest, (newest.c.trade_date == SettlementDay.trade_date) & (newest.c.version == SettlementDay.version))
    return db.session.execute(query.where(side, SettlementDay.accounts > 0)).scalar()
