"""Settled days as they were known on a day: the days' own files, and of later corrections those recorded by then."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from sqlalchemy import select

from models import db
from models.settlement import DaySegment, SegmentKind, SettlementDay
from portal.bulk import IN_BYTES

BALANCES = ("account_id", "equity", "deposit", "withdrawal", "realized_pnl", "mtm_pnl", "premium", "fee", "margin", "gone")
TRADES = ("account_id", "lots", "fee", "exchange_fee")


@dataclass(frozen=True)
class Version:
    """A version of a settled day and the step of knowledge that posted it."""

    day_id: int
    trade_date: date
    version: int
    recording_id: int


def versions(first: date, last: date) -> dict[date, list[Version]]:
    """Every version of the settled days from `first` to `last`, by day in order; one question for all."""
    day = SettlementDay
    query = select(day.id, day.trade_date, day.version, day.recording_id).where(day.trade_date.between(first, last)).order_by(day.trade_date, day.version)
    found: dict[date, list[Version]] = {}
    for row in db.session.execute(query):
        found.setdefault(row.trade_date, []).append(Version(row.id, row.trade_date, row.version, row.recording_id))
    return found


def known_of(versions: Iterable[Version], known: int) -> tuple[Version, ...]:
    """What of a day counts at a recording: its own file, which says no more than that day's settlement, and the corrections recorded by then."""
    return tuple(one for one in versions if one.version == 1 or one.recording_id <= known)


def rows_of(these: tuple[Version, ...]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The balances (BALANCES without `gone`, `pnl` in place of its parts) and trades (sums by account) of versions of one day."""
    balances, trades = _read(these, SegmentKind.BALANCES, BALANCES), _read(these, SegmentKind.TRADES, TRADES)
    if len(these) > 1:
        balances = balances.filter(pl.col("version") == pl.col("version").max().over("account_id"))
        trades = trades.join(balances.select("account_id", "version"), on=["account_id", "version"], how="semi")
    pnl = (pl.col("realized_pnl") + pl.col("mtm_pnl") + pl.col("premium") - pl.col("fee")).alias("pnl")
    held = balances.filter(~pl.col("gone")).select("account_id", "equity", "deposit", "withdrawal", "margin", pnl)
    return held, trades.group_by("account_id").agg(pl.col("lots", "fee", "exchange_fee").sum())


def _read(these: tuple[Version, ...], kind: SegmentKind, columns: tuple[str, ...]) -> pl.DataFrame:
    by_id = {one.day_id: one.version for one in these}
    query = select(DaySegment.day_id, DaySegment.payload).where(DaySegment.day_id.in_(list(by_id)), DaySegment.kind == kind.value).order_by(DaySegment.day_id)
    schema: dict[str, Any] = {name: pl.Boolean if name == "gone" else pl.Int64 for name in columns}
    frames = [pl.DataFrame(schema={**schema, "version": pl.Int32})]
    for day_id, payload in db.session.execute(query, execution_options=IN_BYTES):
        frames.append(pl.read_parquet(io.BytesIO(payload), columns=list(columns)).with_columns(pl.lit(by_id[day_id], pl.Int32).alias("version")))
    return pl.concat(frames)
