"""What moved in and out of every broker's and every staff member's hands between two trade dates, by one state of knowledge."""

from __future__ import annotations

from typing import Any

import polars as pl
from sqlalchemy import select

from models.clients import Servicing, ServicingRole
from models.partners import Staff, StaffVersion
from models.values.rates import SHARE_WHOLE
from portal.bulk import read_frame
from portal.commission.holdings import Holdings
from portal.versions import newest_frame, version_of

MOVES: dict[str, Any] = {
    "kind": pl.String,
    "number": pl.String,
    "name": pl.String,
    "account_no": pl.String,
    "client": pl.String,
    "before": pl.Int64,
    "after": pl.Int64,
    "way": pl.String,
    "equity": pl.Int64,
}
"""One person and account whose share differs: `kind` broker or staff, shares in parts per million (null: none), `way` in, out, more
or less. `equity` (fen) is the account's on the second day, or where it has none then, on the first."""


def moves(before: Holdings, after: Holdings, serving: pl.DataFrame) -> pl.DataFrame:
    """Every account that moved between the two days, in MOVES columns, by person. All three are told by one state of knowledge."""
    equity = after.accounts.select("account_id", "account_no", "client", "equity")
    earlier = before.accounts.select("account_id", "account_no", "client", "equity")
    told = pl.concat([equity.with_columns(order=1), earlier.with_columns(order=2)]).sort("account_id", pl.col("equity").is_null(), "order").unique("account_id", keep="first")
    parts = [_moved(_brokers(before), _brokers(after), "broker"), _moved(_served(serving, before), _served(serving, after), "staff")]
    table = pl.concat(parts).join(told, on="account_id")
    return table.select(pl.col(name).cast(kind) for name, kind in MOVES.items()).sort("kind", "number", "way", "account_no")


def summed(table: pl.DataFrame) -> pl.DataFrame:
    """kind, number, name, and accounts and equity (fen) that came in and went out; shares that only grew or shrank count in neither."""
    gained, lost = pl.col("way") == "in", pl.col("way") == "out"
    sums = table.group_by("kind", "number", "name").agg(
        came=gained.sum(), came_equity=pl.col("equity").filter(gained).sum(), went=lost.sum(), went_equity=pl.col("equity").filter(lost).sum()
    )
    return sums.sort("kind", "number")


def _moved(before: pl.DataFrame, after: pl.DataFrame, kind: str) -> pl.DataFrame:
    key = ["account_id", "number"]
    both = before.rename({"share": "before", "name": "old_name"}).join(after.rename({"share": "after"}), on=key, how="full", coalesce=True)
    grown = pl.when(pl.col("after") > pl.col("before")).then(pl.lit("more")).otherwise(pl.lit("less"))
    way = pl.when(pl.col("before").is_null()).then(pl.lit("in")).when(pl.col("after").is_null()).then(pl.lit("out")).otherwise(grown)
    changed = both.filter(pl.col("before").fill_null(-1) != pl.col("after").fill_null(-1))
    return changed.select(*key, "before", "after", name=pl.coalesce("name", "old_name"), kind=pl.lit(kind), way=way)


def _brokers(held: Holdings) -> pl.DataFrame:
    return held.rows.group_by("account_id", number="broker_no").agg(pl.col("share").sum(), name=pl.col("broker").first())


def serving(known: int) -> pl.DataFrame:
    """Every span in which somebody of the staff looks after an account, as known at a recording, with his number and name."""
    columns = {"account_id": pl.Int64, "staff_id": pl.Int64, "valid_from": pl.Date, "valid_to": pl.Date}
    spans = newest_frame(Servicing, columns, Servicing.role == ServicingRole.SERVICER.value, known=known)
    version, is_his = version_of(StaffVersion, Staff.id, known)
    names = select(Staff.id, Staff.staff_no, version.name).outerjoin(version, is_his)
    return spans.join(read_frame(names, {"staff_id": pl.Int64, "number": pl.String, "name": pl.String}), on="staff_id")


def _served(spans: pl.DataFrame, held: Holdings) -> pl.DataFrame:
    """Who looks after which account on the day; to look after is whole or not at all."""
    then = spans.filter(pl.col("valid_from") <= held.day, pl.col("valid_to") > held.day).join(held.accounts, on="account_id", how="semi")
    return then.select("account_id", "number", pl.lit(SHARE_WHOLE, pl.Int64).alias("share"), "name").unique(["account_id", "number"])
