"""The whole firm's attribution rows as known at a recording, in columns: set-based, one query whatever the size of the firm."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from sqlalchemy import select

from models import db
from models.attribution import Attribution, AttributionState
from models.audit import Recording
from models.partners import Broker
from portal.bulk import among, read_frame
from portal.versions import newest_frame

ROWS: dict[str, Any] = {
    "row_id": pl.Int64,
    "account_id": pl.Int64,
    "broker_id": pl.Int64,
    "share": pl.Int64,
    "state": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "confirmed_on": pl.Date,
    "recording_id": pl.Int64,
}
"""Columns of a row as recorded; `share` is parts per million."""
RANKS: dict[str, Any] = {"broker_id": pl.Int64, "broker_no": pl.String, "b": pl.Int32}


def known_rows(known: int, accounts: list[int] | None = None) -> pl.DataFrame:
    """All ROWS known at a recording; of some accounts only if named."""
    columns = {"id" if name == "row_id" else name: kind for name, kind in ROWS.items()}
    few = () if accounts is None else (among(Attribution.account_id, accounts),)
    return newest_frame(Attribution, columns, *few, known=known).rename({"id": "row_id"})


def holding(rows: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """Those of the rows that hold on some day from `first` to `last`, both included."""
    return rows.filter(pl.col("valid_from") <= last, pl.col("valid_to") > first)


def state_on(day: pl.Expr) -> pl.Expr:
    """The state that counts on a day: a confirmed row is pending before its confirmed_on (commission rules §1)."""
    early = (pl.col("state") == AttributionState.CONFIRMED.value) & (pl.col("confirmed_on") > day).fill_null(False)
    return pl.when(early).then(pl.lit(AttributionState.PENDING.value)).otherwise(pl.col("state"))


def rows_on(day: date, rows: pl.DataFrame, ranked: pl.DataFrame) -> pl.DataFrame:
    """The rows that hold on a day: ROWS with the state that counts that day, and what `ranked` (RANKS or more) says of each broker."""
    return holding(rows, day, day).with_columns(state=state_on(pl.lit(day))).join(ranked, on="broker_id").sort("account_id", "b", "valid_from")


def ranks() -> pl.DataFrame:
    """Every broker's number and its rank, in RANKS columns."""
    return ranked(read_frame(select(Broker.id, Broker.broker_no), {"broker_id": pl.Int64, "broker_no": pl.String}))


def ranked(brokers: pl.DataFrame) -> pl.DataFrame:
    """Brokers with `b`: the rank of their broker_no byte by byte, by which the split settles its ties (commission rules §2)."""
    order = {number: place for place, number in enumerate(sorted(brokers["broker_no"], key=str.encode))}
    return brokers.with_columns(b=pl.col("broker_no").replace_strict(order, return_dtype=pl.Int32)).sort("b")


def asserted_between(since: int, known: int) -> pl.DataFrame:
    """account_id and recording_id of every assertion recorded after `since`, up to `known`."""
    query = select(Attribution.account_id, Attribution.recording_id).where(Attribution.recording_id > since, Attribution.recording_id <= known)
    return read_frame(query, {"account_id": pl.Int64, "recording_id": pl.Int64})


def recordings(numbers: list[int]) -> dict[int, Recording]:
    """Recordings by number."""
    return {row.id: row for row in db.session.scalars(select(Recording).where(Recording.id.in_(numbers)))}
