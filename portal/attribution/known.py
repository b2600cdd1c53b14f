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
from portal.bulk import read_frame
from portal.versions import current

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


def known_rows(known: int, first: date, last: date, accounts: list[int] | None = None) -> pl.DataFrame:
    """ROWS known at a recording that hold on some day from `first` to `last`, both included; of some accounts only if named."""
    row = current(Attribution, known, None if accounts is None else Attribution.account_id.in_(accounts)).subquery()
    columns = [row.c.id if name == "row_id" else row.c[name] for name in ROWS]
    return read_frame(select(*columns).where(row.c.valid_from <= last, row.c.valid_to > first), ROWS)


def state_on(day: pl.Expr) -> pl.Expr:
    """The state that counts on a day: a confirmed row is pending before its confirmed_on (commission rules §1)."""
    early = (pl.col("state") == AttributionState.CONFIRMED.value) & (pl.col("confirmed_on") > day).fill_null(False)
    return pl.when(early).then(pl.lit(AttributionState.PENDING.value)).otherwise(pl.col("state"))


def rows_on(day: date, known: int) -> pl.DataFrame:
    """The rows that hold on a day, as known at a recording: ROWS with the state that counts that day, RANKS beside them."""
    rows = known_rows(known, day, day).with_columns(state=state_on(pl.lit(day)))
    return rows.join(ranks(), on="broker_id").sort("account_id", "b", "valid_from")


def ranks() -> pl.DataFrame:
    """Every broker's number and its rank byte by byte, by which the split settles its ties (commission rules §2)."""
    frame = read_frame(select(Broker.id, Broker.broker_no), {"broker_id": pl.Int64, "broker_no": pl.String})
    ordered = sorted(frame.iter_rows(), key=lambda row: row[1].encode())
    return pl.DataFrame([(*row, b) for b, row in enumerate(ordered)], schema=RANKS, orient="row")


def asserted_between(since: int, known: int) -> pl.DataFrame:
    """account_id and recording_id of every assertion recorded after `since`, up to `known`."""
    query = select(Attribution.account_id, Attribution.recording_id).where(Attribution.recording_id > since, Attribution.recording_id <= known)
    return read_frame(query, {"account_id": pl.Int64, "recording_id": pl.Int64})


def recordings(numbers: list[int]) -> dict[int, Recording]:
    """Recordings by number."""
    return {row.id: row for row in db.session.scalars(select(Recording).where(Recording.id.in_(numbers)))}
